"""Does what panels ask for.

Concurrency
-----------
Requests come on the thread that handles the panel's messages, in parallel with the user's code. What is quick and what
must not wait is done there: another session is the default, a task is cancelled. The rest, which may wait for a disk or
a cluster, is done by threads of their own, in order for each session.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote

from mars_nb.errors import MarsError, UnknownSession
from mars_nb.graph.showing import label as cut
from mars_nb.graph.showing import problem
from mars_nb.notebook.sidebar import known
from mars_nb.notebook.sidebar.lanes import Lanes
from mars_nb.notebook.sidebar.messages import Error, Reply
from mars_nb.notebook.sidebar.preview import preview

if TYPE_CHECKING:
    from mars_nb.notebook.sidebar.messages import Action, CancelTask, NewSession, Request
    from mars_nb.session import Session

#: Characters of an error.
_MOST = 1000

Answer = Callable[[Reply], object]


class Desk:
    """Does what panels ask for, and answers."""

    def __init__(self) -> None:
        self._lanes = Lanes()

    def take(self, request: Request, answer: Answer) -> None:
        """Do what is asked for, now or later. Quick; does not raise.

        Parameters
        ----------
        request
            But for a snapshot, which is not asked for here.
        answer
            Sends the reply, on any thread.
        """
        action = request["action"]
        job = partial(_carry_out, request["request"], action, answer)
        if action["do"] in ("default", "cancel"):
            job()
        else:
            self._lanes.put(str(action.get("session", "")), job)

    def close(self) -> None:
        """Forget what was not begun."""
        self._lanes.clear()


def _carry_out(number: int, action: Action, answer: Answer) -> None:
    reply: Reply = {"type": "reply", "request": number}
    try:
        reply["value"] = dict(_do(action))
    except Exception as error:
        reply["error"] = explained(error, str(action.get("token", "")))
    answer(reply)


def explained(error: Exception, secret: str = "") -> Error:
    """Tell what went wrong, without a secret."""
    hints: tuple[str, ...] = ()
    if isinstance(error, MarsError):
        text, hints = error.message, error.hints
    else:
        text = str(error) if isinstance(error, ValueError) else problem(error)  # the former are about what was typed
    clean = [text, *hints]
    for form in filter(None, (secret, quote(secret, safe=""))):
        clean = [one.replace(form, "...") for one in clean]
    return {"text": cut(clean[0], _MOST), "hints": clean[1:]}


def _do(action: Action) -> Mapping[str, Any]:
    match action["do"]:
        case "new":
            return {"session": known.identity(_new(action))}
        case "default":
            _find(action).as_default()
        case "cancel":
            _cancel(action)
        case "close":
            _find(action).close()
        case "rename":
            _find(action).rename(action["name"])
        case "free":
            session = _find(action)
            return {"nbytes": session.free(*(result for result in session.results if result.key == action["key"]))}
        case "preview":
            return cast(Mapping[str, Any], preview(_find(action), action["key"]))
    return {}


def _find(action: Mapping[str, Any]) -> Session:
    session = known.find(action["session"])
    if session is None:
        raise UnknownSession("the session is not open any more", hints=["mars_nb.sessions  # the open ones"])
    return session


def _cancel(action: CancelTask) -> None:
    for task in _find(action).running:
        if task.number == action["task"]:
            task.cancel()


def _new(action: NewSession) -> Session:
    from mars_nb.session import registry
    from mars_nb.session.api import open_session

    if action["name"] in registry:
        raise ValueError(f"there is an open session {action['name']!r} already")
    address = action.get("address") or None
    token = action.get("token")
    if address is not None and token:
        if address.startswith(("tcp:", "tls:")):
            raise ValueError("a token is for the address of a gateway, http://... or https://...")
        address += ("&" if "?" in address else "?") + "token=" + quote(token, safe="")
    session, _ = open_session(  # what it says besides can be seen in the panel
        address,
        default=action["default"],
        name=action["name"] or None,
        n_threads=action.get("threads"),
        memory_limit=action.get("memory_limit") or None,
    )
    return session
