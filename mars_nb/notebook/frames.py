"""The user's own frames in a traceback, and their lines of code."""

from __future__ import annotations

import linecache
import os
import sysconfig
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType, TracebackType

from mars_nb.graph.callsite import CallSite, user_frame

#: Paints a text with the codes of colours: a plain shell gives it back as it is.
Paint = Callable[..., str]

RED, GREEN, CYAN, BOLD = "31", "32", "36", "1"
# What IPython makes of a cell that begins with %%: it would repeat the whole cell in one line.
_CELL_MAGIC = "get_ipython().run_cell_magic("
_LINE_LENGTH = 160
_LIBRARIES = tuple(
    {os.path.join(path, "") for name, path in sysconfig.get_paths().items() if name in {"stdlib", "platstdlib"}}
)
_INSTALLED = {"site-packages", "dist-packages"}


@dataclass(frozen=True, slots=True)
class Stop:
    """A frame of the user's in a traceback.

    Attributes
    ----------
    part
        The part of the traceback.
    site
        The line.
    """

    part: TracebackType
    site: CallSite

    @property
    def frame(self) -> FrameType:
        """The frame."""
        return self.part.tb_frame

    @property
    def place(self) -> str:
        """The place in a user's words: ``In[3], line 2, in <lambda>``."""
        name = self.frame.f_code.co_name
        return self.site.place + ("" if name == "<module>" else f", in {name}")


def user_stops(traceback: TracebackType | None, until: TracebackType | None = None) -> list[Stop]:
    """List the user's own frames, outermost first.

    Parameters
    ----------
    traceback
        Where to begin.
    until
        Where to end: the first part that is not looked at.
    """
    found = []
    while traceback is not None and traceback is not until:
        if not is_library(traceback.tb_frame):
            found.append(Stop(traceback, CallSite(traceback.tb_frame.f_code.co_filename, traceback.tb_lineno)))
        traceback = traceback.tb_next
    return [stop for stop in found if not stop.site.source.startswith(_CELL_MAGIC)] or found


def is_library(frame: FrameType) -> bool:
    """Tell frames of ours, of Python itself and of what is installed."""
    filename = frame.f_code.co_filename
    return (
        user_frame(frame) is not frame
        or filename.startswith(("<frozen ", "<__array_function__ "))
        or filename.startswith(_LIBRARIES)
        or not _INSTALLED.isdisjoint(Path(filename).parts)
    )


def few(stops: list[Stop], most: int) -> list[Stop]:
    """Leave out frames in the middle: the first one and the last ones stay."""
    return stops if len(stops) <= most else [stops[0], *stops[1 - most :]]


def lines(site: CallSite, place: str, paint: Paint) -> Iterator[str]:
    """Show a line of the user's below the one before it."""
    yield paint(place, CYAN)
    before = _line(site, -1)
    if before.strip():
        yield f"{site.lineno - 1:>7} {before}"
    line = _line(site)
    if line:
        yield f"{paint('--->', GREEN, BOLD)}{site.lineno:>3} {paint(line, BOLD)}"


def _line(site: CallSite, offset: int = 0) -> str:
    return shortened(linecache.getline(site.filename, site.lineno + offset).rstrip())


def shortened(line: str, most: int = _LINE_LENGTH) -> str:
    """Cut a line that is too long."""
    return line if len(line) <= most else f"{line[:most]}..."
