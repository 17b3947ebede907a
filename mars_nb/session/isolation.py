"""The error for a result that is not in the session that was asked."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any

from mars_nb.errors import IsolationError
from mars_nb.graph.callsite import user_frame
from mars_nb.graph.tileable import Tileable
from mars_nb.session.dask_collections import given


def isolation_error(tileable: Tileable, session: str, holders: Sequence[str], is_default: bool) -> IsolationError:
    """Say what is missing, who has it, and what to type.

    Parameters
    ----------
    tileable
        What was asked for.
    session
        Name of the session that was asked.
    holders
        Names of the sessions that hold the result.
    is_default
        Whether the session that was asked is the default one.
    """
    recorded = tileable._recorded()
    message = f"Cannot fetch unexecuted tileable: {recorded}"
    if holders:
        message += f". It was executed in session {', '.join(map(repr, holders))}, not in {session!r}"
    here = "" if is_default else f"session=mars_nb.get_session({session!r})"
    variable = _variable(tileable)
    called = variable or "it"
    hints = [_call(tileable, called, "fetch", f"session=mars_nb.get_session({name!r})") for name in holders]
    hints.append(f"{_call(tileable, called, 'execute', here)}  # compute it in session {session!r}")
    return IsolationError(message, tileable=recorded, session=session, holders=holders, variable=variable, hints=hints)


def _variable(tileable: Tileable) -> str | None:
    """Find the user's name for an object, in the frame that asked for it."""
    frame = user_frame(sys._getframe(1))
    scope: Mapping[str, Any] = {} if frame is None else {**frame.f_globals, **frame.f_locals}
    wanted = given(tileable)
    names = (name for name, value in scope.items() if value is wanted and not name.startswith("_"))
    return next(names, None)


def _call(tileable: Tileable, called: str, verb: str, argument: str) -> str:
    """Write a call down; Dask collections have no ``execute`` and ``fetch`` of ours."""
    if given(tileable) is tileable:
        return f"{called}.{verb}({argument})"
    return f"mars_nb.{verb}({', '.join(filter(None, (called, argument)))})"
