"""Which view of a running task fits: by the argument or option, then the environment variable, then where we are."""

from __future__ import annotations

import functools
import importlib.util
import os
import sys
import warnings
from dataclasses import dataclass
from typing import Any, Literal, cast

from mars_nb.config import VIEWS
from mars_nb.notebook.views import HtmlView, PlainView, TextView, View, WidgetView

Kind = Literal["widget", "html", "text", "plain"]
#: One of the kinds, or ``off``.
VARIABLE = "MARS_NB_PROGRESS"
#: Seconds before a task that nobody waits for at a screen is worth lines in a log.
LOGGED_AFTER = 10.0


@dataclass(frozen=True, slots=True)
class Place:
    """Where this process shows what it shows.

    Attributes
    ----------
    kernel
        Whether it is a Jupyter kernel.
    cell
        The id of the cell that runs, where the front end tells it: JupyterLab and Notebook do.
    widgets
        Whether ipywidgets are there.
    tty
        Whether standard error is a terminal.
    """

    kernel: bool = False
    cell: str | None = None
    widgets: bool = False
    tty: bool = False


def choose(wish: bool | str) -> View | None:
    """Make the view that fits here, None if nothing is to be shown.

    Parameters
    ----------
    wish
        True, "auto", or one of the kinds.
    """
    place, variable = _place(), _variable()
    match decide(wish, variable, place):
        case "html":
            return HtmlView(place.cell)
        case "widget":
            return WidgetView(place.cell)
        case "text":
            return TextView(sys.stderr)
        case "plain":
            return PlainView(LOGGED_AFTER if (wish, variable) == ("auto", None) else 0.0)
        case None:
            return None


def decide(wish: bool | str, variable: str | None, place: Place) -> Kind | None:
    """Decide how to show.

    In a notebook whose cells are known it is HTML, which is there again when the page is reloaded in mid-run, and which
    a saved notebook shows whatever became of the kernel; widgets do neither. Elsewhere in kernels it is a widget: not
    all front ends know updates of displays.
    """
    if wish is False or (wish == "auto" and variable == "off"):
        return None
    wanted = wish if wish in VIEWS else variable if variable in VIEWS else None
    if wanted is None and place.kernel:
        wanted = "html" if place.cell else "widget"
    if wanted in ("html", "widget") and place.kernel:
        return cast(Kind, wanted if place.widgets else "html")
    return "text" if wanted != "plain" and (place.tty or place.kernel) else "plain"


def _variable() -> str | None:
    value = os.environ.get(VARIABLE, "").strip().lower()
    if value in (*VIEWS, "off"):
        return value
    if value:
        _warn(value)
    return None


@functools.cache  # once for each value
def _warn(value: str) -> None:
    warnings.warn(
        f"{VARIABLE}={value} is none of {', '.join(VIEWS)} and off, and counts as not set", RuntimeWarning, stacklevel=2
    )


def _place() -> Place:
    tty = sys.stderr is not None and sys.stderr.isatty()
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    if getattr(shell, "kernel", None) is None:
        return Place(tty=tty)
    return Place(True, _cell(shell), _has_widgets(), tty)


def _cell(shell: Any) -> str | None:
    message: Any = getattr(shell, "get_parent", dict)()  # kernels of others may not have it
    found = message.get("metadata", {}).get("cellId")
    return found if isinstance(found, str) else None


@functools.cache
def _has_widgets() -> bool:
    return importlib.util.find_spec("ipywidgets") is not None
