"""Completion of ``%mars_session``: commands, options, names of sessions, variables and tasks.

`complete` is pure: what is written so far, and where candidates come from, give the completions. `matcher` ties it to
IPython's completer. It runs while somebody types, so it computes nothing, imports nothing large and never raises.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from mars_nb.notebook.cells import CELL
from mars_nb.notebook.commands import COMMANDS
from mars_nb.notebook.commands.parser import MAGIC, Argument, Command, quoted

IDENTIFIER = "mars_nb.mars_session"
_LINE = re.compile(rf"^\s*(?:\w+\s*=\s*)?(?P<percent>%{{0,2}}){MAGIC}\s(?P<rest>.*)$")
_WORD = re.compile(r"""(?:[^\s"']|"[^"]*"?|'[^']*'?)+""")

Candidates = Callable[[str], Iterable[str]]


class Found(NamedTuple):
    """A completion: its text, and what it is."""

    text: str
    kind: str


def complete(
    rest: str, commands: Mapping[str, Command], candidates: Candidates, cell: Command | None = None
) -> tuple[str, list[Found]]:
    """Complete what follows the name of the magic.

    Parameters
    ----------
    rest
        The line up to the cursor, without the magic and the blank behind it.
    commands
        By name.
    candidates
        Gives the words for an `Argument.completes`, the best first.
    cell
        In place of commands: the first line of a cell is its arguments.

    Returns
    -------
    tuple
        The piece of the line that is replaced, and the completions.

    Examples
    --------
    >>> from mars_nb.notebook.commands import COMMANDS
    >>> complete("use my", COMMANDS, lambda kind: ["etl", "my tests"])
    ('my', [Found(text="'my tests'", kind='session')])
    """
    words, fragment = _cut(rest)
    if cell is not None:
        return fragment, _complete_argument(cell, words, fragment, candidates)
    if not words:
        return fragment, [Found(name, "command") for name in commands if name.startswith(fragment)]
    command = commands.get(words[0])
    return fragment, [] if command is None else _complete_argument(command, words[1:], fragment, candidates)


def _cut(rest: str) -> tuple[list[str], str]:
    """Cut a line into whole words and the piece before the cursor."""
    found = list(_WORD.finditer(rest))
    fragment = found.pop()[0] if found and found[-1].end() == len(rest) else ""
    return [word[0] for word in found], fragment


def _complete_argument(command: Command, words: Sequence[str], fragment: str, candidates: Candidates) -> list[Found]:
    options = {argument.flag: argument for argument in command.arguments if argument.is_option}
    before = options.get(words[-1]) if words else None
    if before is not None and before.takes_value:
        return _matching(before.completes, fragment, candidates)
    left = [Found(flag, "option") for flag in options if flag not in words and flag.startswith(fragment)]
    if fragment.startswith("-"):
        return left
    place = _place(command, words, options)
    values = [] if place is None else _matching(place.completes, fragment, candidates)
    return [value for value in values if value.text not in words] or left


def _place(command: Command, words: Sequence[str], options: Mapping[str, Argument]) -> Argument | None:
    """Give the argument that the next word is, if no option."""
    after_option = [False, *(word in options and options[word].takes_value for word in words)]
    told = sum(not word.startswith("-") and not value for word, value in zip(words, after_option, strict=False))
    places = [argument for argument in command.arguments if not argument.is_option]
    if told < len(places):
        return places[told]
    return places[-1] if places and places[-1].how.get("nargs") in ("*", "+") else None


def _matching(kind: str, fragment: str, candidates: Candidates) -> list[Found]:
    quote = fragment[:1] if fragment[:1] in ("'", '"') else ""
    begin = fragment.removeprefix(quote)
    names = [name for name in candidates(kind) if name.startswith(begin)] if kind else []
    return [Found(f"{quote}{name}{quote}" if quote and quote not in name else quoted(name), kind) for name in names]


# --- in IPython ------------------------------------------------------------------------------------------------------


def _registry() -> Any:
    """Give the registry of sessions, None until it is loaded: there is no session then."""
    return getattr(sys.modules.get("mars_nb.session.registry"), "registry", None)


def _session_names(shell: Any) -> list[str]:
    return list(_registry() or ())


def _task_numbers(shell: Any) -> list[str]:
    registry = _registry()
    return [str(task.number) for session in registry.sessions() for task in session.running] if registry else []


def _variable_names(shell: Any) -> list[str]:
    """List the names of lazy objects: first those with results in the default session, then those in others."""
    registry = _registry()
    if registry is None:
        return []
    from mars_nb.notebook.holders import key_of, lazy_names

    sessions = sorted(registry.sessions(), key=lambda session: not session.is_default)
    held = [{result.key for result in session.results} for session in sessions]

    def rank(named: tuple[str, Any]) -> int:
        key = key_of(named[1])
        return next((place for place, keys in enumerate(held) if key in keys), len(held))

    # Quotes would have to be quoted; commands understand names without them.
    return [re.sub("[\"']", "", name) for name, _ in sorted(lazy_names(shell.user_ns).items(), key=rank)]


#: Where candidates for an `Argument.completes` come from.
SOURCES: dict[str, Callable[[Any], list[str]]] = {
    "command": lambda shell: list(COMMANDS),
    "session": _session_names,
    "task": _task_numbers,
    "variable": _variable_names,
}


def matcher(shell: Any) -> Any:
    """Make a matcher (of version 2 of its API) for the completer of an IPython."""
    from IPython.core.completer import SimpleCompletion, context_matcher

    def match(context: Any) -> Any:
        fragment, found = "", list[Found]()
        try:
            line = _LINE.match(context.text_until_cursor)
            in_cell = line is not None and line["percent"] == "%%"
            if line is not None and not (in_cell and context.cursor_line > 0):
                cell = CELL if in_cell else None
                fragment, found = complete(line["rest"], COMMANDS, lambda kind: SOURCES[kind](shell), cell)
        except Exception:  # nothing to complete is better than an error while somebody types
            fragment, found = "", []
        return {
            "completions": [SimpleCompletion(text, type=kind) for text, kind in found],
            "matched_fragment": fragment,
            "suppress": bool(found),
            "ordered": True,
        }

    return context_matcher(identifier=IDENTIFIER, priority=100)(match)
