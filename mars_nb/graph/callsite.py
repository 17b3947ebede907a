"""Where an operation was recorded: the user's file or cell, and the line."""

from __future__ import annotations

import linecache
import os
import sys
import warnings
from types import FrameType
from typing import NamedTuple

# Frames of these are never the user's: numpy and pandas may call us back (``np.sin(tensor)``).
_NOT_THE_USERS = frozenset({"mars_nb", "numpy", "pandas", "dask", "IPython"})


class CallSite(NamedTuple):
    """A line of the user's code.

    Attributes
    ----------
    filename
        A file's path, or the name that IPython gave to the cell's code.
    lineno
        Counted from 1.
    """

    filename: str
    lineno: int

    @property
    def place(self) -> str:
        """The place in a user's words: ``In[3], line 2`` or ``script.py, line 7``."""
        return f"{_cell_name(self.filename) or os.path.basename(self.filename)}, line {self.lineno}"

    @property
    def source(self) -> str:
        """The text of the line, or an empty string where it is not known."""
        return linecache.getline(self.filename, self.lineno).strip()


def _cell_name(filename: str) -> str | None:
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    if shell is None:
        return None
    named = shell.compile.format_code_name(filename)
    return str(named[1]) if named and named[0] == "Cell" else None


def user_frame(frame: FrameType | None) -> FrameType | None:
    """Go out from `frame` to the innermost one that is neither ours nor numpy's, pandas's or IPython's."""
    while frame is not None:
        module = frame.f_globals.get("__name__") or ""
        if module.partition(".")[0] not in _NOT_THE_USERS:
            return frame
        frame = frame.f_back
    return None


def capture() -> CallSite | None:
    """Tell the line of the user's code that is running."""
    frame = user_frame(sys._getframe(1))
    return None if frame is None else CallSite(frame.f_code.co_filename, frame.f_lineno)


# What was warned of once; see `warn_once`.
_warned: set[tuple[type[Warning], CallSite, str]] = set()


def warn_once(category: type[Warning], message: str, site: CallSite, name: str) -> None:
    """Warn of something at a line, once for each line and `name` unless the user's filters want each warning.

    Python itself forgets what it has shown whenever somebody, such as numpy or pandas, changes filters for a moment.
    """
    filters = (action for action, _, known, _, _ in warnings.filters if issubclass(category, known))
    if next(filters, "default") in ("default", "module", "once"):
        if (category, site, name) in _warned:
            return
        _warned.add((category, site, name))
    warnings.warn_explicit(message, category, *site)


def warn_user(category: type[Warning], message: str) -> None:
    """Warn of something at the line of the user's code that is running."""
    site = capture()
    if site is None:
        warnings.warn(message, category, stacklevel=3)
    else:
        warnings.warn_explicit(message, category, site.filename, site.lineno)
