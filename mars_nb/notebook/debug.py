"""``%mars_debug``: a debugger in the frames of the chunk task that failed last, which is not run again."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Any

from IPython.core.display_trap import DisplayTrap
from IPython.core.error import StdinNotImplementedError, UsageError

from mars_nb.graph.callsite import CallSite
from mars_nb.notebook.frames import user_stops
from mars_nb.notebook.output import say
from mars_nb.session import failures
from mars_nb.session.failures import Failure

#: The name that the failed task's inputs have in the debugger.
NAME = "inputs"


def debug(shell: Any) -> None:
    """Debug the last failure.

    Parameters
    ----------
    shell : InteractiveShell
        The running IPython.

    Raises
    ------
    UsageError
        If there is nothing to debug, or nobody who could type.
    """
    failure = failures.last()
    if failure is None:
        raise UsageError("%mars_debug: nothing to debug, no chunk task failed so far")
    if failure.traceback is None:
        raise UsageError(
            f"%mars_debug: session {failure.session!r} was closed, and what failed in it is gone; "
            "execute it in an open session"
        )
    say(f"{failure}\n`{NAME}` has these values, `q` leaves")
    debugger = shell.debugger_cls()
    debugger.reset()
    trap = DisplayTrap(hook=sys.__displayhook__)  # type: ignore[no-untyped-call]  # what is looked at here is no cell's output
    try:
        with trap:
            debugger.interaction(None, place(failure, shell.user_ns))
    except StdinNotImplementedError:
        raise UsageError("%mars_debug: nothing can be typed here; look at mars_nb.last_error.inputs") from None


def place(failure: Failure, namespace: dict[str, Any]) -> TracebackType:
    """Give the frames to stand in: the user's own ones inside the task, below the line that was recorded.

    The inputs have a name in the innermost one, unless the user has a variable of that name there.

    Parameters
    ----------
    failure
        Of an open session.
    namespace
        The user's global names, for the recorded line.
    """
    found = None
    stops = user_stops(failure.traceback)
    for stop in reversed(stops):
        found = TracebackType(found, stop.frame, stop.part.tb_lasti, stop.site.lineno)
    if stops:
        names = stops[-1].frame.f_locals
        if names is not stops[-1].frame.f_globals:
            names.setdefault(NAME, failure.inputs)
    outer = _recorded(failure.site or CallSite("<mars_nb>", 1), namespace, {NAME: failure.inputs})
    return TracebackType(found, outer.tb_frame, outer.tb_lasti, outer.tb_lineno)


def _recorded(site: CallSite, namespace: dict[str, Any], names: dict[str, Any]) -> TracebackType:
    """Make a frame that stands on a line of the user's, with names of its own."""
    stand = compile("\n" * (site.lineno - 1) + "raise LookupError", site.filename, "exec")
    try:
        exec(stand, namespace, names)
    except LookupError as error:
        found = error.__traceback__
    assert found is not None
    assert found.tb_next is not None
    return found.tb_next
