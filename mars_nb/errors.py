"""Every exception and warning that mars_nb raises by itself.

::

    MarsError(Exception)
    ├── SessionError
    │   ├── SessionClosed(RuntimeError)       the session was closed already
    │   ├── UnknownSession(KeyError)          no session has that name
    │   ├── NoSession(ValueError)             nothing was executed yet, so there is nothing to fetch from
    │   ├── ClusterUnavailable(ConnectionError)   a cluster cannot be reached, or would not understand us
    │   ├── ClusterLost(ConnectionError)      a cluster cannot be reached any more, or lost what it computed
    │   ├── UnknownResult(KeyError)           no result of a session has that name
    │   └── NotMoved(RuntimeError)            a session cannot be moved to a cluster; it is as it was
    ├── IsolationError(ValueError)            the result asked for is not in the session that was asked
    ├── TaskCancelled(CancelledError)         the task was cancelled before its result was there
    ├── FetchTooLarge(MemoryError)            a fetch would bring more into memory than it may
    ├── SpillError(OSError)                   memory is full, and the disk takes no more
    ├── SnapshotError(OSError)                results cannot be saved, or a snapshot is damaged
    ├── UserExit(RuntimeError)                a user's function called ``sys.exit()`` or raised an interrupt
    └── WholeError(RuntimeError)              in place of a WholeWarning, if the user wants it so

    MarsWarning(UserWarning)
    ├── WholeWarning                          many chunks are gathered into one for an operation
    └── SessionWarning                        something about sessions that a user should know

The built-in bases are those that Mars raised, so that code written against Mars keeps working. An error
of the user's own code keeps its own type and is only annotated (PEP 678).
"""

from __future__ import annotations

import contextlib
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError
from datetime import datetime

#: Draws an exception for IPython; put in place by :mod:`mars_nb._wiring`.
render: Callable[[BaseException], list[str]] | None = None


def draw(error: BaseException) -> list[str]:
    """Draw an exception for IPython. Neither raises nor returns None, as IPython demands."""
    try:
        if render is not None:
            return render(error)
    except Exception:  # a broken renderer must not hide the error itself
        pass
    return "".join(traceback.format_exception(error)).splitlines()


class ShortDrawing:
    """Draws an exception that is not ours, as its attribute ``_render_traceback_``."""

    def __init__(self, error: BaseException) -> None:
        self._error = error

    def __call__(self) -> list[str]:
        """Draw it; see `draw`."""
        return draw(self._error)


def draw_shortly(error: BaseException) -> None:
    """Let IPython show an exception of the user's code without the frames of libraries.

    Neither its type nor what it holds changes. A class that draws its exceptions itself goes on to do so.
    """
    with contextlib.suppress(Exception):  # whatever its class does: the error itself must come through
        if not hasattr(type(error), "_render_traceback_"):
            vars(error)["_render_traceback_"] = ShortDrawing(error)  # past a __setattr__ that refuses


@contextlib.contextmanager
def drawn_shortly() -> Iterator[None]:
    """Let exceptions that leave the block be drawn by `draw_shortly`."""
    try:
        yield
    except BaseException as error:
        draw_shortly(error)
        raise


class MarsError(Exception):
    """Base of all errors of mars_nb.

    Parameters
    ----------
    message
        What happened, in one line.
    hints
        What to type next: each a line of code, with a comment where that helps.

    Attributes
    ----------
    message : str
    hints : tuple of str
        Also added as PEP 678 notes, so that plain Python shows them.
    """

    def __init__(self, message: str, *, hints: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.hints = tuple(hints)
        for hint in self.hints:
            self.add_note(f"  try: {hint}")

    def __str__(self) -> str:
        return self.message

    def _render_traceback_(self) -> list[str]:
        """Draw the error for IPython; see `draw`."""
        return draw(self)


class SessionError(MarsError):
    """Base of errors about sessions themselves."""


class SessionClosed(SessionError, RuntimeError):
    """The session was closed already."""


class UnknownSession(SessionError, KeyError):
    """There is no open session of that name."""


class NoSession(SessionError, ValueError):
    """There is no session to fetch from, because nothing was executed yet."""


class ClusterUnavailable(SessionError, ConnectionError):
    """A cluster cannot be reached, or has versions that would not understand this process."""


class ClusterLost(SessionError, ConnectionError):
    """A cluster cannot be reached any more, or lost what it computed."""


class UnknownResult(SessionError, KeyError):
    """No result of a session has that name."""


class NotMoved(SessionError, RuntimeError):
    """A session cannot be moved to a cluster; it is as it was."""


class IsolationError(MarsError, ValueError):
    """The result asked for is not in the session that was asked.

    Parameters
    ----------
    message
        Starts with Mars's own words, ``Cannot fetch unexecuted tileable: ...``.
    tileable
        Text of the object asked for, such as ``DataFrame(op=DataFrameDataSource)``.
    session
        Name of the session that was asked.
    holders
        Names of the open sessions that hold the result, with the time of its execution in seconds since the epoch,
        None where that is not known.
    variable
        The user's name for the object, None where it is not known.
    hints
        Lines of code that help.
    """

    def __init__(
        self,
        message: str,
        *,
        tileable: str,
        session: str,
        holders: Mapping[str, float | None] | None = None,
        variable: str | None = None,
        hints: Sequence[str] = (),
    ) -> None:
        super().__init__(message, hints=hints)
        self.tileable = tileable
        self.session = session
        self.holders = tuple(holders or ())
        self.since = {name: clock_time(when) for name, when in (holders or {}).items() if when is not None}
        self.variable = variable
        for name, when in self.since.items():
            self.add_note(f"  executed in session {name!r} at {when}")


def clock_time(seconds: float) -> str:
    """Say when something was, in local time: ``14:03:15``, with the date unless it was today."""
    when = datetime.fromtimestamp(seconds)
    return when.strftime("%H:%M:%S" if when.date() == datetime.now().date() else "%Y-%m-%d %H:%M:%S")


class TaskCancelled(MarsError, CancelledError):
    """The task was cancelled before its result was there."""


class FetchTooLarge(MarsError, MemoryError):
    """A fetch would bring more into memory than it may.

    Parameters
    ----------
    message
        What would be brought, and how much may be.
    nbytes
        Bytes of it.
    hints
        Lines of code that help.
    """

    def __init__(self, message: str, *, nbytes: int, hints: Sequence[str] = ()) -> None:
        super().__init__(message, hints=hints)
        self.nbytes = nbytes


class SpillError(MarsError, OSError):
    """Memory is full, and what does not fit cannot be put on disk. Nothing that is kept is lost."""


class SnapshotError(MarsError, OSError):
    """Results cannot be saved, or what was saved is not there or damaged. Nothing is saved or restored by halves."""


class UserExit(MarsError, RuntimeError):
    """A user's function called ``sys.exit()`` or raised an interrupt inside a chunk task."""


class WholeError(MarsError, RuntimeError):
    """Many chunks would be gathered into one, and ``options.on_gather`` is ``"error"``. Nothing was computed."""


class MarsWarning(UserWarning):
    """Base of all warnings of mars_nb."""


class WholeWarning(MarsWarning):
    """Many chunks are gathered into one, because the operation has no partitioned form."""


class SessionWarning(MarsWarning):
    """Something about sessions that a user should know."""
