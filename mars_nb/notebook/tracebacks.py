"""How errors look in IPython: what happened, on the user's own lines, what was computed, what to type.

Errors of ours take at most 20 lines, those of the user's code at most 30. The frames of libraries, ours among them,
are left out. ``%tb``, the option ``traceback`` and IPython's ``%xmode`` show them.
"""

from __future__ import annotations

import re
import sys
import traceback
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from mars_nb.config import options
from mars_nb.errors import IsolationError, MarsError
from mars_nb.notebook import frames
from mars_nb.notebook.frames import BOLD, GREEN, RED, Paint, Stop
from mars_nb.session import failures
from mars_nb.session.failures import Failure

MAX_LINES = 20
MAX_LINES_OF_USERS = 30
_FRAMES = 3
_CAUSES = 3
_MESSAGE_LINES = 8
_GROUPED = 4


def show(error: BaseException) -> list[str]:
    """Draw an error as IPython is to show it.

    Shortly right after the cell that raised it, unless the user wants all: by the option, by a mode of tracebacks
    other than IPython's usual one, or by ``%tb``. Whatever goes wrong here, all is shown.

    Parameters
    ----------
    error
        Raised, with its traceback.
    """
    shell = _shell()
    mode = str(getattr(getattr(shell, "InteractiveTB", None), "mode", "Context"))
    # While a cell's error is shown, Python still handles it; at a later %tb it does not.
    if options.traceback == "short" and mode == "Context" and (shell is None or sys.exc_info()[1] is error):
        try:
            return render(error)
        except Exception:  # a broken drawing must not hide the error
            pass
    if shell is None:
        return "".join(traceback.format_exception(error)).splitlines()
    ipython = shell.InteractiveTB
    offset = ipython.tb_offset
    return list(ipython.structured_traceback(type(error), error, error.__traceback__, tb_offset=offset))


def render(error: BaseException) -> list[str]:
    """Draw an error shortly.

    Parameters
    ----------
    error
        Raised, with its traceback.

    Returns
    -------
    list of str
        Lines, coloured if the shell's are.
    """
    paint = _plain if _shell_is_plain() else _coloured
    parts = _parts(error, paint)
    lines = [frames.shortened(line, 500) for part in parts for line in part.splitlines() or [""]]
    most = MAX_LINES if isinstance(error, MarsError) and failures.failure_of(error) is None else MAX_LINES_OF_USERS
    return lines if len(lines) <= most else [*lines[: most - 1], "..."]


def _plain(text: str, *_: str) -> str:
    return text


def _coloured(text: str, *codes: str) -> str:
    return f"\x1b[{';'.join(codes)}m{text}\x1b[0m"


def _shell() -> Any:
    ipython = sys.modules.get("IPython")
    return None if ipython is None else ipython.get_ipython()


def _shell_is_plain() -> bool:
    shell = _shell()
    return shell is None or str(getattr(shell, "colors", "nocolor")).lower() == "nocolor"


# --- the parts of a drawing -----------------------------------------------------------------------------------------


def _parts(error: BaseException, paint: Paint) -> Iterator[str]:
    failure = failures.failure_of(error)
    inside = None if failure is None else failure.traceback
    stops = frames.user_stops(error.__traceback__, inside)
    yield from _titled(error, paint)
    yield from _own_notes(error, failure)
    if failure is None:
        yield from _stops(stops, paint)
    else:
        yield from _failed_at(failure, paint)
    yield from _causes(error, failure, paint)
    if failure is not None:
        yield ""
        yield from _story(failure, paint)
    facts = [*_facts(error)]
    if facts:
        yield ""
        yield from (f"{paint(name.ljust(8), BOLD)} {text}" for name, text in facts)
    hints = _hints(error, failure)
    if hints:
        scope = {**stops[-1].frame.f_globals, **stops[-1].frame.f_locals} if stops else {}
        yield ""
        yield paint("What to type:", BOLD)
        yield from (f"    {paint(hint, GREEN)}" for hint in adapt(hints, scope))


def _titled(error: BaseException, paint: Paint, before: str = "") -> Iterator[str]:
    """Name the error, and say what it says."""
    message = failures.text_of(error).splitlines()
    colon = ": " if message else ""
    yield f"{before}{paint(_title(error), RED, BOLD)}{colon}{message[0] if message else ''}"
    yield from message[1:_MESSAGE_LINES]
    if len(message) > _MESSAGE_LINES:
        yield f"... {len(message) - _MESSAGE_LINES} more lines"


def _title(error: BaseException) -> str:
    """Name the error, and one of ours also as Python knows it: ``IsolationError (ValueError)``."""
    name = type(error).__name__
    if not isinstance(error, MarsError):
        return name
    base = next(kind.__name__ for kind in type(error).__mro__ if kind.__module__ == "builtins")
    return f"{name} ({base})" if base != "Exception" else name


def _own_notes(error: BaseException, failure: Failure | None) -> Iterator[str]:
    """Give what was noted at the error, but what is drawn in another way."""
    if isinstance(error, IsolationError):
        return  # its notes are drawn as facts
    drawn = {f"  try: {hint}" for hint in error.hints} if isinstance(error, MarsError) else set()
    if failure is not None:
        drawn.add(failure.story)
    notes = vars(error).get("__notes__", ())
    yield from (str(note) for note in (notes if isinstance(notes, Sequence) else ()) if note not in drawn)


def _stops(stops: Sequence[Stop], paint: Paint, most: int = _FRAMES) -> Iterator[str]:
    for stop in frames.few(list(stops), most):
        yield ""
        yield from frames.lines(stop.site, stop.place, paint)


def _failed_at(failure: Failure, paint: Paint) -> Iterator[str]:
    """Show the user's frames inside the chunk task, or where the operation was recorded if there are none."""
    stops = frames.user_stops(failure.traceback)
    if stops:
        yield from _stops(stops, paint)
    elif failure.site is not None:
        yield ""
        yield from frames.lines(failure.site, failure.site.place, paint)


def _causes(error: BaseException, failure: Failure | None, paint: Paint) -> Iterator[str]:
    """Name the errors that led to this one, or that it is made of, and where they were raised."""
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions[:_GROUPED]:
            yield from _inner("with", inner, (), paint)
        if len(error.exceptions) > _GROUPED:
            yield f"... and {len(error.exceptions) - _GROUPED} more"
    shown = [] if failure is None else [stop.part for stop in frames.user_stops(failure.traceback)]
    outer = error
    for _ in range(_CAUSES):
        explicit = outer.__cause__ is not None
        inner = outer.__cause__ if explicit else None if outer.__suppress_context__ else outer.__context__
        if inner is None:
            return
        # What libraries tried before they gave up is of no use to the user.
        own = isinstance(error, MarsError) or frames.user_stops(inner.__traceback__)
        if (explicit or own) and failures.text_of(inner) != failures.text_of(outer):
            yield from _inner("caused by" if explicit else "while handling", inner, shown, paint)
        outer = inner


def _inner(verb: str, error: BaseException, shown: Collection[Any], paint: Paint) -> Iterator[str]:
    yield ""
    yield from _titled(error, paint, f"{verb} ")
    for stop in frames.user_stops(error.__traceback__)[-1:]:
        if stop.part not in shown:
            yield from frames.lines(stop.site, stop.place, paint)


def _story(failure: Failure, paint: Paint) -> Iterator[str]:
    """Say what was computed when it failed, where that was recorded, and who asked for it."""
    yield paint(failure.story, BOLD)
    asked = "" if failure.executed in (None, failure.site) else f", executed {failures.located(failure.executed)}"
    yield f"in session {failure.session!r}, task {failure.task}{asked}"


def _facts(error: BaseException) -> Iterator[tuple[str, str]]:
    if isinstance(error, IsolationError):
        yield "object", f"{error.variable} = {error.tileable}" if error.variable else error.tileable
        yield "asked", f"session {error.session!r}"
        holders = ", ".join(
            f"{name!r} since {error.since[name]}" if name in error.since else repr(name) for name in error.holders
        )
        yield "held by", f"session {holders}" if holders else "no open session: it was not executed yet"


def _hints(error: BaseException, failure: Failure | None) -> list[str]:
    hints = list(error.hints) if isinstance(error, MarsError) else []
    if failure is not None and failure is failures.last() and failure.traceback is not None:
        given = repr(failure.inputs).splitlines()[1:] if len(failure.inputs) else []
        if given:
            more = f" and {len(given) - 1} more" if len(given) > 1 else ""
            hints.append(f"mars_nb.last_error.inputs[0]  # {given[0].partition('] ')[2]}{more}")
        shell = _shell()
        if shell is not None and shell.find_line_magic("mars_debug") is not None:
            hints.append("%mars_debug  # look around where it failed")
    if not isinstance(error, MarsError) and not isinstance(error, KeyboardInterrupt) and _shell() is not None:
        hints.append("%tb  # all frames")
    return hints


def adapt(hints: Sequence[str], scope: Mapping[str, Any]) -> list[str]:
    """Write hints so that they work as they stand in the user's namespace.

    Parameters
    ----------
    hints
        Lines of code, which name `mars_nb` and sessions in full.
    scope
        The user's names: one for a session or for `mars_nb` is used where there is one.
    """
    package = sys.modules["mars_nb"]
    names = {name: value for name, value in scope.items() if not name.startswith("_")}
    aliases = sorted(name for name, value in names.items() if value is package)
    alias = "mars_nb" if not aliases or "mars_nb" in aliases else aliases[0]
    sessions = {_session_name(value): name for name, value in names.items() if _session_name(value) is not None}

    def variable(found: re.Match[str]) -> str:
        return sessions.get(found["name"], found[0])

    lines = [re.sub(r"mars_nb\.get_session\('(?P<name>[^']*)'\)", variable, hint) for hint in hints]
    lines = [re.sub(r"\bmars_nb\.", f"{alias}.", line) for line in lines]
    needed = not aliases and any("mars_nb." in line for line in lines)
    return ["import mars_nb", *lines] if needed else lines


def _session_name(value: Any) -> str | None:
    kind = getattr(sys.modules.get("mars_nb.session.session"), "Session", ())
    return value.name if isinstance(value, kind) and not value.closed else None
