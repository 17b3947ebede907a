"""``%%mars_session NAME``: a whole cell with a session as the default, maybe in the background.

The cell stays a cell of IPython's own: only its first line is replaced, by a call that enters the session. So its
last value becomes ``Out[n]``, ``await`` works where it does elsewhere, and errors have the lines that the user sees.
What was entered is left when IPython says that the cell is over.

Concurrency
-----------
Cells may run at once, in a kernel's subshells, each on a thread of its own. So what was entered is kept for each
thread.
"""

from __future__ import annotations

import re
import threading
from contextlib import ExitStack, contextmanager
from contextvars import copy_context
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mars_nb.notebook.commands.parser import MAGIC, Argument, Command, split, wrong_line
from mars_nb.notebook.commands.sessions import OPTIONAL_SESSION, chosen
from mars_nb.notebook.output import say

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import Future

    from mars_nb.session import Session

#: What the magic is called with, in place of the cell, by the first line of a cell.
AT_TOP = "\n"
_FIRST_LINE = re.compile(rf"%%{MAGIC}(?![\w?])(?P<line>.*)")


def enter_first_line(lines: list[str]) -> list[str]:
    """Replace the first line of a cell that begins with the magic: an input transformer of IPython's."""
    found = _FIRST_LINE.match(lines[0]) if lines else None
    if found is None or found["line"].rstrip().endswith("?"):
        return lines
    return [f"get_ipython().run_cell_magic({MAGIC!r}, {found['line'].strip()!r}, {AT_TOP!r})\n", *lines[1:]]


@dataclass
class _Cell:
    """A cell that runs: its text, and what to do when it is over."""

    raw: str
    at_end: ExitStack = field(default_factory=ExitStack)


class Cells(threading.local):
    """The cells that run, innermost last."""

    def __init__(self) -> None:
        self._running: list[_Cell] = []

    def begin(self, info: Any) -> None:
        """Take note of a cell: for IPython's event ``pre_run_cell``."""
        self._running.append(_Cell(info.raw_cell))

    def end(self, result: Any) -> None:
        """Leave what the cell entered: for IPython's event ``post_run_cell``."""
        # Of an interrupted cell there is no result, or one of another's making. Blank cells end without having begun.
        info = getattr(result, "info", None)
        raw = info.raw_cell if info is not None else self._running[-1].raw if self._running else None
        at = next((i for i in reversed(range(len(self._running))) if self._running[i].raw == raw), None)
        while at is not None and len(self._running) > at:
            self._running.pop().at_end.close()

    def leave_all(self) -> None:
        """Leave what cells of this thread entered, before their end."""
        while self._running:
            self._running.pop().at_end.close()

    def enter(self, line: str) -> None:
        """Use a session until the end of the cell that runs.

        Parameters
        ----------
        line
            What follows ``%%mars_session``.
        """
        arguments = CELL.parse(f"%%{MAGIC}", split(line))
        if arguments.NAME is None and not arguments.background:
            raise wrong_line(f"%%{MAGIC} takes the name of a session; this one is written: {CELL.usage('%%' + MAGIC)}")
        session = chosen(arguments.NAME)
        if not self._running:
            raise wrong_line(f"%%{MAGIC} works in cells only; use: with mars_nb.get_session(...).as_default()")
        at_end = self._running[-1].at_end
        if arguments.background:
            at_end.enter_context(_background())
        at_end.enter_context(_as_default(session))


CELL = Command(
    lambda arguments, shell: None,
    "run this cell with a session as the default; with --background its executes do not wait",
    [OPTIONAL_SESSION, Argument("--background", {"action": "store_true"})],
)


@contextmanager
def _as_default(session: Session) -> Iterator[None]:
    from mars_nb.session import registry

    previous = registry.default
    session.as_default()
    try:
        yield
    finally:
        still_open = previous is not None and not previous.closed
        registry.set_default(previous if still_open else None)
        if session.closed:
            default = "none" if previous is None or not still_open else repr(previous.name)
            say(f"note: session {session.name!r} was closed in this cell; the default session now: {default}")


@contextmanager
def _background() -> Iterator[None]:
    from mars_nb.session.background import background

    with background() as tasks:
        yield
    running: dict[str, list[str]] = {}
    for task in tasks:
        if not task.done():
            running.setdefault(task.session_name, []).append(str(task.number))
        task.add_done_callback(_tell_failure())
    for name, numbers in running.items():
        which = f"task {numbers[0]} runs" if len(numbers) == 1 else f"tasks {', '.join(numbers)} run"
        say(f"{which} in the background in session {name!r} (%{MAGIC} tasks, cancel)")


def _tell_failure() -> Callable[[Future[Any]], None]:
    """Make a callback that says, in the cell that is current now, that a task failed: nobody may ask for its result."""
    from mars_nb.session import Task

    context = copy_context()

    def tell(task: Future[Any]) -> None:
        assert isinstance(task, Task)
        info = task.info()
        if info.state == "failed":
            what = f"task {info.number} ({info.label}) in session {task.session_name!r}"
            context.copy().run(say, f"{what} failed: {info.error}; mars_nb.last_error tells where")

    return tell
