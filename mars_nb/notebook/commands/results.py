"""Commands about what sessions hold: results, free, log."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from mars_nb.notebook import holders
from mars_nb.notebook.commands.parser import MAGIC, Argument, Command, nearest, quoted, wrong_line
from mars_nb.notebook.commands.sessions import OPTIONAL_SESSION, SESSION_OPTION, chosen
from mars_nb.notebook.output import say, show

if TYPE_CHECKING:
    from mars_nb.session import Session


def _results(arguments: Namespace, shell: Any) -> None:
    from mars_nb.session.pages import result_table

    session = chosen(arguments.NAME)
    results = session.results
    if results:
        show(result_table(results, holders.names_by_key(shell.user_ns)))
    else:
        say(f"session {session.name!r} holds no results")


def _free(arguments: Namespace, shell: Any) -> None:
    from mars_nb.text import size

    if arguments.all == bool(arguments.VARIABLE):
        raise wrong_line("free takes either variables or --all; %mars_session results lists them")
    session = chosen(arguments.session)
    names = arguments.VARIABLE
    if arguments.all:
        objects: list[Any] = [*session.results, *session.intermediates]
        keys = {result.key for result in objects}
    else:
        objects = [thing for name in names for thing in _held(name, session, shell.user_ns)]
        keys = {key for thing in objects if (key := holders.key_of(thing)) is not None}
    freed = session.free(*objects)
    holders.forget_outputs(shell, keys)
    what = "all results" if arguments.all else ", ".join(f"`{name}`" for name in names)
    again = "they" if arguments.all else " and ".join(names)
    say(f"freed {size(freed)} of {what} in session {session.name!r}; {again} can be executed again")


def _held(name: str, session: Session, namespace: dict[str, Any]) -> list[Any]:
    """Give the objects under a user's name, all with results in the session."""
    objects = _objects(name, namespace)
    if _holds(session, objects):
        return objects
    from mars_nb.session import registry

    others = [s.name for s in registry.sessions() if _holds(s, objects)]
    if others:
        line = f"%{MAGIC} free {quoted(name)} --session {quoted(others[0])}"
        raise wrong_line(f"`{name}` is not in session {session.name!r}, but in {others[0]!r}: {line}")
    raise wrong_line(f"`{name}` has no result in session {session.name!r}; it is lazy as it is")


def _holds(session: Session, objects: Sequence[Any]) -> bool:
    held = {result.key for result in [*session.results, *session.intermediates]}
    return any(holders.key_of(thing) in held for thing in objects)


def _objects(name: str, namespace: dict[str, Any]) -> list[Any]:
    """Give the lazy object under a user's name, or those in the list or dict under it."""
    found = holders.lookup(name, namespace)
    if found:
        return found
    if name in namespace:
        raise wrong_line(f"`{name}` is no lazy object, but of type {type(namespace[name]).__name__}")
    raise wrong_line(f"there is no variable {name!r}; {nearest(name, holders.lazy_names(namespace))}")


def _log(arguments: Namespace, shell: Any) -> None:
    session = chosen(arguments.session)
    objects = [] if arguments.VARIABLE is None else _objects(arguments.VARIABLE, shell.user_ns)
    texts = dict.fromkeys(session.fetch_log(thing) for thing in objects) if objects else [session.last_log]
    text = "".join(texts)  # what was executed together has one text
    if text:
        say(text.removesuffix("\n"))
    else:
        what = "the last execution" if arguments.VARIABLE is None else f"`{arguments.VARIABLE}`"
        say(f"{what} printed nothing in session {session.name!r}")


COMMANDS = {
    "results": Command(_results, "list what a session (the default) holds, with your names for it", [OPTIONAL_SESSION]),
    "free": Command(
        _free,
        "free results; the variables stay, as lazy objects",
        [
            Argument("VARIABLE", {"nargs": "*"}, completes="variable"),
            Argument("--all", {"action": "store_true"}),
            SESSION_OPTION,
        ],
    ),
    "log": Command(
        _log,
        "show what functions printed while an object (or what was last) was executed",
        [Argument("VARIABLE", {"nargs": "?"}, completes="variable"), SESSION_OPTION],
    ),
}
