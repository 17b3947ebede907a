"""What was last seen of one session, and what of it has to be looked at again."""

from __future__ import annotations

import weakref
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

from mars_nb.notebook.sidebar import entries
from mars_nb.notebook.sidebar.cellids import CellIds
from mars_nb.notebook.sidebar.messages import Result, Session, Task

if TYPE_CHECKING:
    from mars_nb import session as sessions

#: The user's names by the keys of what they name.
Names = Mapping[str, list[str]]
#: How many results are looked at, and how many tasks that are not over; of those that are the session remembers some.
MOST_RESULTS, MOST_RUNNING = 1000, 100
_Entry = TypeVar("_Entry")


class SessionView:
    """What was last seen of a session; see `Collector`.

    Parameters
    ----------
    session
        Which one.

    Attributes
    ----------
    keys
        Of all that it holds.
    results, over
        Entries by key, those of the newest last: of what it holds, and of tasks that are over.
    operations
        How many the tasks have that are over.
    is_stale
        Whether its results have to be looked at again.
    """

    def __init__(self, session: sessions.Session) -> None:
        self.keys: frozenset[str] = frozenset()
        self._running: Sequence[weakref.ref[sessions.Task]] = ()  # their results are not kept for us
        self.results: dict[str, Result] = {}  # replaced, never changed
        self.over: dict[str, Task] = {}  # likewise
        self.operations = 0
        self.is_stale = True
        self._session = session
        self._tasks: dict[str, Task] = {}  # those that are not over
        self._memory: tuple[int, int] | None = None  # None: it was not looked at
        self._told: tuple[tuple[str | int, ...], Session] | None = None  # under which name and limits, and what

    @property
    def busy(self) -> bool:
        """Whether a task was not over, as far as is known."""
        return bool(self._running) or self._memory is None

    @property
    def may_have_moved(self) -> bool:
        """Whether something may have gone to disk or come from there, without a task: a fetch brings it."""
        return bool(self._session.spilled) or (self._session.memory, 0) != self._memory

    @property
    def running(self) -> list[sessions.Task]:
        """The tasks that were not over."""
        return [task for ref in self._running if (task := ref()) is not None]

    def look(self, cells: CellIds) -> None:
        """Look at the session and its tasks, which is quick.

        Parameters
        ----------
        cells
            Finds cells by places.
        """
        session = self._session
        self._told = None
        self._running = list(map(weakref.ref, session.running))
        self._look_at_tasks(session.tasks, cells)
        before, self._memory = self._memory, (session.memory, session.spilled)
        self.is_stale = self.is_stale or before is None or self._memory[1] != before[1]

    def _look_at_tasks(self, infos: Sequence[sessions.TaskInfo], cells: CellIds) -> None:
        over: dict[str, Task] = {}
        tasks: dict[str, Task] = {}
        for info in infos:
            number = str(info.number)
            if info.state != "running":
                over[number] = self.over.get(number) or entries.task(info, cells)
            elif len(tasks) < MOST_RUNNING:
                before, now = self._tasks.get(number), entries.task(info, cells)
                tasks[number] = before if before is not None and entries.same_but_for_time(before, now) else now
        if over.keys() != self.over.keys():
            self.over = over
            self.operations = sum(len(task["operations"]) for task in over.values())
        self._tasks = tasks

    def look_at_results(self, names: Names, cells: CellIds) -> None:
        """Look at what the session holds, which takes a time if that is much.

        Parameters
        ----------
        names
            The user's.
        cells
            Finds cells by places.
        """
        self._told = None
        self.is_stale = False
        listed = self._session.results
        self.keys = frozenset(result.key for result in listed)
        found = {}
        for result in listed[-MOST_RESULTS:]:
            before = self.results.get(result.key)
            now = entries.result(result, names.get(result.key, ()), cells)
            found[result.key] = now if before is None or before != now else before
        self.results = found

    def entry(self, most_results: int, most_over: int, most_operations: int) -> Session:
        """Give what a panel is told, the very same object if nothing changed.

        Parameters
        ----------
        most_results, most_over, most_operations
            How many of the last `results` and `over` are told, and how many operations of the latter.
        """
        under = self._session.name, most_results, most_over, most_operations
        if self._told is None or self._told[0] != under:
            tasks = {**_without_operations(_last(self.over, most_over), most_operations), **self._tasks}
            results = _last(self.results, most_results)
            self._told = under, entries.session(self._session, results, len(self.keys), tasks)
        return self._told[1]


def _last(those: dict[str, _Entry], most: int) -> dict[str, _Entry]:
    return those if len(those) <= most else dict(islice(those.items(), len(those) - most, None))


def _without_operations(tasks: dict[str, Task], most: int) -> dict[str, Task]:
    """Leave out operations of the tasks that are over the longest, if there are too many in all."""
    surplus = sum(len(task["operations"]) for task in tasks.values()) - most
    found = {}
    for number, task in tasks.items():
        found[number] = task
        if surplus > 0:
            surplus -= len(task["operations"])
            found[number] = task.copy()
            found[number]["operations"] = {}
    return found
