"""How an error of ours looks in IPython: what happened, on whose line, what to type; at most 20 lines."""

from __future__ import annotations

import linecache
import re
import sys
from collections.abc import Iterator, Mapping
from types import FrameType, TracebackType
from typing import Any

from mars_nb.errors import IsolationError, MarsError
from mars_nb.graph.callsite import CallSite, user_frame

MAX_LINES = 20
_FRAMES = 3
_CAUSES = 3
# What IPython makes of a cell that begins with %%: it would repeat the whole cell in one line.
_CELL_MAGIC = "get_ipython().run_cell_magic("
_RED, _GREEN, _CYAN, _BOLD = "31", "32", "36", "1"


def render(error: MarsError) -> list[str]:
    """Draw an error.

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
    lines = [line for part in _parts(error, paint) for line in part.splitlines() or [""]]
    return lines if len(lines) <= MAX_LINES else [*lines[: MAX_LINES - 1], "..."]


def _plain(text: str, *_: str) -> str:
    return text


def _coloured(text: str, *codes: str) -> str:
    return f"\x1b[{';'.join(codes)}m{text}\x1b[0m"


def _shell_is_plain() -> bool:
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    return shell is None or str(getattr(shell, "colors", "nocolor")).lower() == "nocolor"


def _parts(error: MarsError, paint: Any) -> Iterator[str]:
    frames = list(_user_frames(error.__traceback__))
    frames = [frame for frame in frames if not frame[0].source.startswith(_CELL_MAGIC)] or frames
    yield f"{paint(_title(error), _RED, _BOLD)}: {error.message}"
    yield from _causes(error)
    sites = [site for site, _ in frames]
    if error.__cause__ is not None:
        sites += [site for site, _ in _user_frames(error.__cause__.__traceback__)]
    for site in sites if len(sites) <= _FRAMES else [sites[0], *sites[1 - _FRAMES :]]:
        yield ""
        yield from _lines(site, paint)
    facts = [*_facts(error)]
    if facts:
        yield ""
        yield from (f"{paint(name.ljust(8), _BOLD)} {text}" for name, text in facts)
    if error.hints:
        yield ""
        yield paint("What to type:", _BOLD)
        scope = {**frames[-1][1].f_globals, **frames[-1][1].f_locals} if frames else {}
        yield from (f"    {paint(hint, _GREEN)}" for hint in adapt(error.hints, scope))


def _title(error: MarsError) -> str:
    """Name the error, and what Python knows it as: ``IsolationError (ValueError)``."""
    known = (kind.__name__ for kind in type(error).__mro__ if kind.__module__ == "builtins")
    base = next(known)
    return type(error).__name__ + (f" ({base})" if base != "Exception" else "")


def _causes(error: BaseException) -> Iterator[str]:
    """Name the errors that led to this one, and what was noted at it."""
    hints = {f"  try: {hint}" for hint in getattr(error, "hints", ())}
    yield from (note for note in getattr(error, "__notes__", ()) if note not in hints)
    inner: BaseException | None = error
    for _ in range(_CAUSES):
        assert inner is not None
        verb = "caused by" if inner.__cause__ is not None else "while handling"
        inner = inner.__cause__ or (None if inner.__suppress_context__ else inner.__context__)
        if inner is None:
            return
        yield f"{verb} {type(inner).__name__}: {inner}"


def _user_frames(traceback: TracebackType | None) -> Iterator[tuple[CallSite, FrameType]]:
    """List the user's own frames, outermost first."""
    while traceback is not None:
        frame = traceback.tb_frame
        if user_frame(frame) is frame and not _is_stdlib(frame):
            yield CallSite(frame.f_code.co_filename, traceback.tb_lineno), frame
        traceback = traceback.tb_next


def _is_stdlib(frame: FrameType) -> bool:
    return str(frame.f_globals.get("__name__")).partition(".")[0] in sys.stdlib_module_names


def _lines(site: CallSite, paint: Any) -> Iterator[str]:
    """Show a line of the user's below the one before it."""
    yield paint(site.place, _CYAN)
    before = linecache.getline(site.filename, site.lineno - 1).rstrip()
    if before.strip():
        yield f"{site.lineno - 1:>7} {before}"
    line = linecache.getline(site.filename, site.lineno).rstrip()
    if line:
        yield f"{paint('--->', _GREEN, _BOLD)}{site.lineno:>3} {paint(line, _BOLD)}"


def _facts(error: MarsError) -> Iterator[tuple[str, str]]:
    if isinstance(error, IsolationError):
        yield "object", f"{error.variable} = {error.tileable}" if error.variable else error.tileable
        yield "asked", f"session {error.session!r}"
        holders = ", ".join(map(repr, error.holders))
        yield "held by", f"session {holders}" if holders else "no open session: it was not executed yet"


def adapt(hints: tuple[str, ...], scope: Mapping[str, Any]) -> list[str]:
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
    module = sys.modules.get("mars_nb.session.session")
    return value.name if module is not None and isinstance(value, module.Session) and not value.closed else None
