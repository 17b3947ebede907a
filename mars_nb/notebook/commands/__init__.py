"""The commands of ``%mars_session``: a name, its arguments and what it does.

To add one, write the function and put it into a table of `Command`; help and completion are made from these.
"""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from mars_nb.notebook.commands import results, saving, sessions, tasks
from mars_nb.notebook.commands.parser import MAGIC, Argument, Command, nearest, quoted, split, wrong_line
from mars_nb.notebook.output import say


def run(line: str, shell: Any) -> None:
    """Do what a line after ``%mars_session`` says.

    Parameters
    ----------
    line
        Empty for ``list``.
    shell : InteractiveShell
        The running IPython.

    Raises
    ------
    UsageError
        If it says nothing that can be done; IPython shows it in one line.
    """
    from mars_nb.errors import MarsError

    name, *words = split(line) or ["list"]
    command = COMMANDS.get(name)
    if command is None:
        raise wrong_line(_unknown(name))
    arguments = command.parse(name, words)
    try:
        command.run(arguments, shell)
    except (MarsError, ValueError) as error:  # what the sessions themselves refuse
        hints = getattr(error, "hints", ())
        raise wrong_line(f"{name}: {error}" + (f"; try: {hints[0]}" if hints else "")) from None


def _unknown(name: str) -> str:
    from mars_nb.session import registry

    if name in registry:
        return f"{name!r} is a session, not a command; did you mean: %{MAGIC} use {quoted(name)}"
    if "://" in name:  # not repeated: it may hold a token
        return f"this is a URL, not a command; did you mean: %{MAGIC} connect URL"
    return f"there is no command {name!r}; {nearest(name, COMMANDS)}"


def help_text(indent: str = "") -> str:
    """List all commands with what they do."""
    return "\n".join(_help_lines(name, indent) for name in COMMANDS)


def _help_lines(name: str, indent: str = "") -> str:
    command = COMMANDS[name]
    return f"{indent}%{MAGIC} {command.usage(name)}\n{indent}    {command.doc}"


def _help(arguments: Namespace, shell: Any) -> None:
    name = arguments.COMMAND
    if name is None:
        say(help_text())
    elif name in COMMANDS:
        say(_help_lines(name))
    else:
        raise wrong_line(_unknown(name))


COMMANDS: dict[str, Command] = {
    **sessions.COMMANDS,
    **results.COMMANDS,
    **tasks.COMMANDS,
    **saving.COMMANDS,
    "help": Command(_help, "show the commands", [Argument("COMMAND", {"nargs": "?"}, completes="command")]),
}
