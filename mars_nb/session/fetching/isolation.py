"""The error for a result that is not in the session that was asked."""

from __future__ import annotations

import ast
import linecache
import sys
from collections.abc import Mapping
from types import FrameType
from typing import Any

from mars_nb.errors import IsolationError
from mars_nb.graph.callsite import user_frame
from mars_nb.graph.tileable import Tileable
from mars_nb.session.for_dask.collections import given


def isolation_error(
    tileable: Tileable, session: str, holders: Mapping[str, float | None], is_default: bool
) -> IsolationError:
    """Say what is missing, who has it since when, and what to type.

    Parameters
    ----------
    tileable
        What was asked for.
    session
        Name of the session that was asked.
    holders
        Names of the sessions that hold the result, with the time of its execution in seconds since the epoch.
    is_default
        Whether the session that was asked is the default one.
    """
    recorded = tileable._recorded()
    message = f"Cannot fetch unexecuted tileable: {recorded}"
    if holders:
        message += f". It was executed in session {', '.join(map(repr, holders))}, not in {session!r}"
    here = "" if is_default else f"session=mars_nb.get_session({session!r})"
    frame = user_frame(sys._getframe())
    variable = name_of(tileable, frame)
    called, note = variable or _expression(frame), f"compute it in session {session!r}"
    if called is None:  # no way is known to write the object down
        site = tileable._node.site
        called, note = "x", f"{note}; x is the object" + ("" if site is None else f" of {site.place}")
    hints = [call_of(tileable, called, "fetch", f"session=mars_nb.get_session({name!r})") for name in holders]
    hints.append(f"{call_of(tileable, called, 'execute', here)}  # {note}")
    return IsolationError(message, tileable=recorded, session=session, holders=holders, variable=variable, hints=hints)


def name_of(tileable: Tileable, frame: FrameType | None) -> str | None:
    """Find the user's name for an object, in the frame that asked for it; ``Out[5]`` for what a cell showed."""
    scope: Mapping[str, Any] = {} if frame is None else {**frame.f_globals, **frame.f_locals}
    wanted = given(tileable)
    for name, value in scope.items():
        if value is wanted and not name.startswith("_"):
            return name
    shown = scope.get("Out")
    numbers = shown.items() if isinstance(shown, dict) else ()
    return next((f"Out[{number}]" for number, value in numbers if value is wanted), None)


def _expression(frame: FrameType | None) -> str | None:
    """Find how the running line writes what it fetches: ``self.df`` in ``self.df.fetch()``.

    Returns
    -------
    str or None
        None where the line's text is not known, or is no call of that kind.
    """
    if frame is None:
        return None
    positions = list(frame.f_code.co_positions())
    first, last, start, stop = positions[frame.f_lasti // 2]
    if first is None or last is None or start is None or stop is None:
        return None
    source = [linecache.getline(frame.f_code.co_filename, n).encode() for n in range(first, last + 1)]
    source[-1] = source[-1][:stop]  # first, because it may be the same line; positions count bytes
    source[0] = source[0][start:]
    try:
        call = ast.parse(b"(" + b"".join(source) + b")", mode="eval").body
    except SyntaxError:
        return None
    match call:
        case ast.Call(func=ast.Attribute(value=wanted, attr="fetch"), args=[]):
            pass
        case ast.Call(func=ast.Attribute(attr="fetch") | ast.Name(id="fetch"), args=[wanted]):
            pass
        case _:
            return None
    text = ast.unparse(wanted)
    return text if isinstance(wanted, ast.Name | ast.Attribute | ast.Subscript | ast.Call) else f"({text})"


def call_of(tileable: Tileable, called: str, verb: str, argument: str) -> str:
    """Write a call down; Dask collections have no ``execute`` and ``fetch`` of ours."""
    if given(tileable) is tileable:
        return f"{called}.{verb}({argument})"
    return f"mars_nb.{verb}({', '.join(filter(None, (called, argument)))})"
