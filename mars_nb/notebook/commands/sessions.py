"""Commands about sessions themselves: list, new, use, connect, move, info, rename, close."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING, Any

from mars_nb.notebook.commands.parser import Argument, Command, wrong_line
from mars_nb.notebook.output import say, show

if TYPE_CHECKING:
    from mars_nb.session import Session

SESSION = Argument("NAME", completes="session")
#: For commands that work in the default session if none is named.
OPTIONAL_SESSION = Argument("NAME", {"nargs": "?"}, completes="session")
SESSION_OPTION = Argument("--session", {"metavar": "NAME"}, completes="session")
NO_DEFAULT = Argument("--no-default", {"dest": "default", "action": "store_false"})


def find(name: str) -> Session:
    """Give the open session of a name.

    Raises
    ------
    UsageError
        If there is none; it suggests the nearest name.
    """
    from mars_nb.errors import UnknownSession
    from mars_nb.session import registry

    try:
        return registry[name]
    except UnknownSession as error:
        raise wrong_line(str(error)) from None


def chosen(name: str | None) -> Session:
    """Give the session of a name, the default one if there is no name.

    Raises
    ------
    UsageError
        If there is none.
    """
    from mars_nb.session import registry
    from mars_nb.session.pages import NONE_OPEN

    if name is not None:
        return find(name)
    if registry.default is not None:
        return registry.default
    if registry:
        raise wrong_line(f"there is no default session; open are: {', '.join(map(repr, registry))}")
    raise wrong_line(NONE_OPEN)


def default_is() -> str:
    """Say which session is the default."""
    from mars_nb.session import registry

    default = registry.default
    return "there is no default session" if default is None else f"the default session is {default.name!r}"


def _list(_: Namespace, shell: Any) -> None:
    from mars_nb.session import registry
    from mars_nb.session.pages import listing

    show(listing(registry.sessions()))


def _new(arguments: Namespace, shell: Any) -> None:
    from mars_nb.session import registry
    from mars_nb.session.api import new_session
    from mars_nb.text import count

    existing = None if arguments.NAME is None else registry.get(arguments.NAME)
    if existing is not None and arguments.threads in (None, existing.n_threads):
        session, what = existing, "was open already"
        if arguments.default:
            session.as_default()
    else:
        session, what = (
            new_session(
                name=arguments.NAME,
                n_threads=arguments.threads,
                memory_limit=arguments.memory_limit,
                default=arguments.default,
            ),
            "is open",
        )
    say(f"session {session.name!r} {what}, {count(session.n_threads, 'thread')}; {default_is()}")


def _use(arguments: Namespace, shell: Any) -> None:
    find(arguments.NAME).as_default()
    say(default_is())


def _connect(arguments: Namespace, shell: Any) -> None:
    from mars_nb.session.api import new_session
    from mars_nb.text import without_secrets

    session = new_session(arguments.URL, name=arguments.name, default=arguments.default)
    say(f"session {session.name!r} is connected to {without_secrets(arguments.URL)}; {default_is()}")


def _move(arguments: Namespace, shell: Any) -> None:
    session = chosen(arguments.session)
    results = "recompute" if arguments.recompute else "auto"
    found: Any = session.move_to(arguments.URL, results, dry_run=arguments.dry_run)
    if arguments.dry_run:
        show(found)
    else:
        say(f"session {found.name!r} is on {found.address} now; {default_is()}")


def _info(arguments: Namespace, shell: Any) -> None:
    from mars_nb.notebook.holders import names_by_key
    from mars_nb.session.pages import describe

    show(describe(chosen(arguments.NAME), names_by_key(shell.user_ns)))


def _rename(arguments: Namespace, shell: Any) -> None:
    session = chosen(arguments.OLD)
    old = session.name
    session.rename(arguments.NEW)
    say(f"session {old!r} is named {session.name!r} now")


def _close(arguments: Namespace, shell: Any) -> None:
    from mars_nb.session import registry

    if arguments.all == (arguments.NAME is not None):
        raise wrong_line(f"close takes either a name or --all; open are: {', '.join(map(repr, registry)) or 'none'}")
    closed = registry.sessions() if arguments.all else [find(arguments.NAME)]
    for session in closed:
        session.close()
    names = ", ".join(repr(session.name) for session in closed)
    if not closed:
        say("no session is open")
    elif len(closed) == 1:
        say(f"session {names} is closed, its results are freed; {default_is()}")
    else:
        say(f"sessions {names} are closed, their results are freed; {default_is()}")


COMMANDS = {
    "list": Command(_list, "list the open sessions; * marks the default"),
    "new": Command(
        _new,
        "open a session and make it the default",
        [
            Argument("NAME", {"nargs": "?"}),
            Argument("--threads", {"type": int, "metavar": "N"}),
            Argument("--memory-limit", {"metavar": "4GiB"}),
            NO_DEFAULT,
        ],
    ),
    "use": Command(_use, "make an open session the default", [SESSION]),
    "connect": Command(
        _connect,
        "open a session on a cluster and make it the default",
        [Argument("URL"), Argument("--name", {"metavar": "NAME"}), NO_DEFAULT],
    ),
    "move": Command(
        _move,
        "take a session (the default) along to a cluster: its results are uploaded, or computed there again",
        [
            Argument("URL"),
            SESSION_OPTION,
            Argument("--recompute", {"action": "store_true"}),
            Argument("--dry-run", {"action": "store_true"}),
        ],
    ),
    "info": Command(_info, "tell what a session (the default) is, holds and does", [OPTIONAL_SESSION]),
    "rename": Command(
        _rename,
        "give a session (the default) another name",
        [Argument("OLD", {"nargs": "?"}, completes="session"), Argument("NEW")],
    ),
    "close": Command(
        _close,
        "end a session and free its results",
        [OPTIONAL_SESSION, Argument("--all", {"action": "store_true"})],
    ),
}
