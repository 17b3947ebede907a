"""What a command of ``%mars_session`` is, and how a line becomes a call of it. Knows no session."""

from __future__ import annotations

import difflib
import re
import shlex
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NoReturn

from IPython.core.error import UsageError

MAGIC = "mars_session"
#: How many names an error lists.
_LISTED = 20


@dataclass(frozen=True)
class Argument:
    """An argument of a command.

    Attributes
    ----------
    flag
        ``NAME``, or ``--option``.
    how
        More for `argparse.ArgumentParser.add_argument`.
    completes
        What completes it: a key of `mars_nb.notebook.completion.SOURCES`; empty for what nothing completes.
    """

    flag: str
    how: Mapping[str, Any] = field(default_factory=dict)
    completes: str = ""

    @property
    def is_option(self) -> bool:
        """Whether it is named by a flag, not told by its place."""
        return self.flag.startswith("-")

    @property
    def takes_value(self) -> bool:
        """Whether a word follows the flag."""
        return not str(self.how.get("action", "")).startswith("store_")

    @property
    def usage(self) -> str:
        """How it is written, such as ``[--threads N]``."""
        if self.is_option:
            value = f" {self.how.get('metavar', 'VALUE')}" if self.takes_value else ""
            return f"[{self.flag}{value}]"
        return {"?": f"[{self.flag}]", "+": f"{self.flag} ...", "*": f"[{self.flag} ...]"}.get(
            str(self.how.get("nargs", "")), self.flag
        )


@dataclass(frozen=True)
class Command:
    """A command.

    Attributes
    ----------
    run
        Does it: called with the parsed arguments and the IPython shell.
    doc
        What it does, in a few words.
    arguments
        What it takes.
    """

    run: Callable[[Namespace, Any], None]
    doc: str
    arguments: Sequence[Argument] = ()

    def usage(self, name: str) -> str:
        """How it is written under a name, such as ``new NAME [--threads N]``."""
        return " ".join([name, *(argument.usage for argument in self.arguments)])

    def parse(self, name: str, words: Sequence[str]) -> Namespace:
        """Read the words that follow the command's name.

        Raises
        ------
        UsageError
            If they are not as they should be.
        """
        parser = _Parser(prog=name, add_help=False, allow_abbrev=False, usage="")
        for argument in self.arguments:
            parser.add_argument(argument.flag, **argument.how)
        found, rest = parser.parse_known_args(words)
        if rest:
            options = [argument.flag for argument in self.arguments if argument.is_option]
            wrong = rest[0].partition("=")[0]
            hint = f"; {nearest(wrong, options)}" if wrong.startswith("-") and options else ""
            raise wrong_line(f"{name} does not take {wrong!r}{hint}; it is written: {self.usage(name)}")
        return found


class _Parser(ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise wrong_line(f"{self.prog}: {message}; %{MAGIC} help {self.prog}")


def wrong_line(message: str) -> UsageError:
    """Make the error for a line that says nothing that can be done; IPython shows it in one line."""
    return UsageError(f"%{MAGIC}: {' '.join(message.split())}")


def split(line: str) -> list[str]:
    """Cut a line into words, as a shell does: a name with blanks stands in quotes."""
    try:
        return shlex.split(line)
    except ValueError as error:
        raise wrong_line(str(error)) from None


def quoted(word: str) -> str:
    """Write a word so that `split` gives it back."""
    return word if re.fullmatch(r"""[^\s'"\\]+""", word) else shlex.quote(word)


def nearest(name: str, names: Iterable[str]) -> str:
    """Suggest the most similar name, or say which there are."""
    known = list(names)
    near = difflib.get_close_matches(name, known, n=1)
    if near:
        return f"did you mean {near[0]!r}?"
    return f"there are {', '.join(known[:_LISTED]) or 'none'}" + ", ..." * (len(known) > _LISTED)
