"""The commands of ``%mars_session``: a name, its arguments and what it does.

To add one, write the function and put it into `COMMANDS`. Completion can read names and arguments from there.
"""

from __future__ import annotations

import difflib
import shlex
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

from IPython.core.error import UsageError

from mars_nb.notebook.output import say, show

if TYPE_CHECKING:
    from mars_nb.session import Session

MAGIC = "mars_session"


@dataclass(frozen=True)
class Argument:
    """An argument of a command.

    Attributes
    ----------
    flag
        ``NAME``, or ``--option``.
    how
        More for `argparse.ArgumentParser.add_argument`.
    """

    flag: str
    how: dict[str, Any]


@dataclass(frozen=True)
class Command:
    """A command: what it does with its parsed arguments."""

    run: Callable[[Namespace], None]
    arguments: Sequence[Argument] = ()


class _Parser(ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{self.prog}: {message}; %{MAGIC}? shows examples")


def run(line: str) -> None:
    """Do what a line after ``%mars_session`` says.

    Raises
    ------
    UsageError
        If it says nothing that can be done; IPython shows it in one line.
    """
    name, *words = split(line) or ["list"]
    command = COMMANDS.get(name)
    if command is None:
        raise UsageError(_unknown_command(name))
    parser = _Parser(prog=f"%{MAGIC} {name}", add_help=False, allow_abbrev=False)
    for argument in command.arguments:
        parser.add_argument(argument.flag, **argument.how)
    command.run(parser.parse_args(words))


def split(line: str) -> list[str]:
    """Cut a line into words, as a shell does: a name with blanks stands in quotes."""
    try:
        return shlex.split(line)
    except ValueError as error:
        raise UsageError(f"%{MAGIC}: {error}") from None


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
        raise UsageError(f"%{MAGIC}: {error}") from None


def _unknown_command(name: str) -> str:
    from mars_nb.session import registry

    if name in registry:
        return f"%{MAGIC}: {name!r} is a session, not a command; did you mean: %{MAGIC} use {shlex.quote(name)}"
    return f"%{MAGIC}: there is no command {name!r}; {_nearest(name, COMMANDS)}"


def _nearest(name: str, names: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, names, n=1)
    return f"did you mean {near[0]!r}?" if near else f"there are {', '.join(names)}"


def _list(_: Namespace) -> None:
    from mars_nb.notebook.tables import listing
    from mars_nb.session import registry

    show(listing(registry.sessions()))


def _new(arguments: Namespace) -> None:
    from mars_nb.notebook.tables import count
    from mars_nb.session import registry
    from mars_nb.session.api import new_session

    name = arguments.NAME
    existing = registry.get(name)
    if existing is not None and arguments.threads in (None, existing.n_threads):
        session, what = existing, "was open already"
        if arguments.default:
            session.as_default()
    else:
        try:
            session, what = new_session(name=name, n_threads=arguments.threads, default=arguments.default), "is open"
        except ValueError as error:
            raise UsageError(f"%{MAGIC} new: {error}") from None
    say(f"session {name!r} {what}, {count(session.n_threads, 'thread')}; {_default()}")


def _use(arguments: Namespace) -> None:
    find(arguments.NAME).as_default()
    say(_default())


def _close(arguments: Namespace) -> None:
    find(arguments.NAME).close()
    say(f"session {arguments.NAME!r} is closed, its results are freed; {_default()}")


def _info(arguments: Namespace) -> None:
    from mars_nb.notebook.tables import NONE_OPEN, Page, describe
    from mars_nb.session import registry

    session = registry.default if arguments.NAME is None else find(arguments.NAME)
    if session is not None:
        show(describe(session))
    elif registry:
        raise UsageError(f"%{MAGIC} info: there is no default session; open are: {', '.join(map(repr, registry))}")
    else:
        show(Page([NONE_OPEN]))


def _default() -> str:
    from mars_nb.session import registry

    default = registry.default
    return "there is no default session" if default is None else f"the default session is {default.name!r}"


_SESSION = Argument("NAME", {})
COMMANDS = {
    "list": Command(_list),
    "new": Command(
        _new,
        [
            Argument("NAME", {}),
            Argument("--threads", {"type": int, "metavar": "N"}),
            Argument("--no-default", {"dest": "default", "action": "store_false"}),
        ],
    ),
    "use": Command(_use, [_SESSION]),
    "close": Command(_close, [_SESSION]),
    "info": Command(_info, [Argument("NAME", {"nargs": "?"})]),
}
