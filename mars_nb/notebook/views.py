"""Views of a running task, and which of them fits.

A view is drawn and finished under the lock of its `mars_nb.notebook.progress.Follower`: never by two threads at once,
but by different ones. `TextView` has a lock besides: all text views of a process share one line of the terminal.
"""

from __future__ import annotations

import functools
import importlib.util
import os
import shutil
import sys
import threading
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol

from mars_nb.notebook import drawing
from mars_nb.notebook.output import show

if TYPE_CHECKING:
    from mars_nb.session import Snapshot

Kind = Literal["widget", "text", "plain"]
#: ``widget``, ``text`` or ``off``; anything else counts as not set.
VARIABLE = "MARS_NB_PROGRESS"


class View(Protocol):
    """Shows one task."""

    def draw(self, snapshot: Snapshot) -> None:
        """Show how a running task stands."""

    def finish(self, snapshot: Snapshot) -> None:
        """Show how the task ended. Called once, maybe without any `draw` before."""


def choose(wish: bool | str) -> View | None:
    """Make the view that fits here, None if nothing is to be shown.

    Parameters
    ----------
    wish
        True, or "auto".
    """
    kernel = _in_kernel()
    tty = sys.stderr is not None and sys.stderr.isatty()
    kind = decide(wish, os.environ.get(VARIABLE), kernel=kernel, widgets=kernel and _has_widgets(), tty=tty)
    if kind is None:
        return None
    return WidgetView() if kind == "widget" else TextView(sys.stderr) if kind == "text" else PlainView()


def decide(wish: bool | str, variable: str | None, *, kernel: bool, widgets: bool, tty: bool) -> Kind | None:
    """Decide how to show: by the argument, then by the environment variable, then by where we are."""
    if wish is not True and variable == "off":
        return None
    if variable == "text":
        return "text" if kernel or tty else "plain"
    if kernel and widgets:
        return "widget"
    if tty:
        return "text"
    return "plain" if wish is True else None


def _in_kernel() -> bool:
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    return getattr(shell, "kernel", None) is not None


@functools.cache
def _has_widgets() -> bool:
    return importlib.util.find_spec("ipywidgets") is not None


class WidgetView:
    """A bar of ipywidgets in the cell, replaced at the end by HTML that needs no kernel. Pushes only: no buttons."""

    def __init__(self) -> None:
        self._handle: Any = None
        self._widgets: tuple[Any, ...] = ()

    def draw(self, snapshot: Snapshot) -> None:
        """Show how the task stands."""
        if self._handle is None:
            self._open(snapshot)
        else:
            _, bar, label = self._widgets
            bar.value = snapshot.fraction
            label.value = drawing.label_html(snapshot)

    def _open(self, snapshot: Snapshot) -> None:
        import ipywidgets

        bar = ipywidgets.FloatProgress(snapshot.fraction, min=0.0, max=1.0)
        label = ipywidgets.HTML(drawing.label_html(snapshot))
        box = ipywidgets.HBox([bar, label])
        self._widgets = (box, bar, label)
        # The static forms go along for front ends without widgets.
        shown = {**box._repr_mimebundle_(), **drawing.bundle(snapshot)}
        self._handle = show(shown, raw=True, display_id=True)

    def finish(self, snapshot: Snapshot) -> None:
        """Replace the bar by the end result, and let go of the widgets."""
        if self._handle is None:
            show(drawing.bundle(snapshot), raw=True)
            return
        self._handle.update(drawing.bundle(snapshot), raw=True)
        for widget in self._widgets:
            for part in (getattr(widget, "style", None), widget.layout, widget):
                if part is not None:
                    part.close()
        self._widgets = ()


class TextView:
    """A line of text that is drawn over itself.

    Several tasks at once share the line: the first has it, the others leave their end result above.
    """

    _lock = threading.RLock()
    _on_line: ClassVar[TextView | None] = None
    _shown: ClassVar[int] = 0  # length of what stands on the line

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def draw(self, snapshot: Snapshot) -> None:
        """Show how the task stands, if the line is free."""
        with self._lock:
            if TextView._on_line is None:
                TextView._on_line = self
            if TextView._on_line is self:
                self._write(snapshot, "")

    def finish(self, snapshot: Snapshot) -> None:
        """Leave a last line."""
        with self._lock:
            if TextView._on_line is self:
                TextView._on_line = None
            self._write(snapshot, "\n")

    def _write(self, snapshot: Snapshot, end: str) -> None:
        text = drawing.line(snapshot, shutil.get_terminal_size().columns)
        padded = text.ljust(TextView._shown)
        TextView._shown = 0 if end else len(text)
        try:
            self._stream.write(f"\r{padded}{end}")
            self._stream.flush()
        except (OSError, ValueError):  # closed: the line is nobody's any more
            TextView._on_line = None
            raise


class PlainView:
    """One line when the task is over."""

    def draw(self, snapshot: Snapshot) -> None:
        """Show nothing yet."""

    def finish(self, snapshot: Snapshot) -> None:
        """Write the line."""
        print(drawing.line(snapshot), file=sys.stderr)  # noqa: T201
