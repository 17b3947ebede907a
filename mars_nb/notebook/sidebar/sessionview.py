"""What was last seen of one session, and what of it has to be looked at again."""

from __future__ import annotations

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
    computing
        Keys of what its tasks compute, with the numbers of the tasks.
    busy
        Whether a task was not over.
    results, tasks
        Entries by key, those of the newest last.
    is_stale
        Whether its results have to be looked at again.
    """

    def __init__(self, session: sessions.Session) -> None:
        self.keys: frozenset[str] = frozenset()
        self.computing: Sequence[tuple[str, int]] = ()
        self.busy = True  # as far as is known
        self.results: dict[str, Result] = {}  # replaced, never changed
        self.tasks: dict[str, Task] = {}  # likewise
        self.is_stale = True
        self._session = session
        self._spilled = 0
        self._told: tuple[tuple[str | int, ...], Session] | None = None  # under which name and limits, and what

    @property
    def operations(self) -> int:
        """How many operations its tasks have."""
        return sum(len(task["operations"]) for task in self.tasks.values())

    def look(self, cells: CellIds) -> None:
        """Look at the session and its tasks, which is quick.

        Parameters
        ----------
        cells
            Finds cells by places.
        """
        session = self._session
        self._told = None
        running = session.running
        self.busy = bool(running)
        self.computing = [(node.key, task.number) for task in running for node in task.nodes]
        self.tasks = self._look_at_tasks(session.tasks, cells)
        before, self._spilled = self._spilled, session.spilled
        self.is_stale = self.is_stale or self._spilled != before

    def _look_at_tasks(self, infos: Sequence[sessions.TaskInfo], cells: CellIds) -> dict[str, Task]:
        over = [info for info in infos if info.state != "running"]
        running = [info for info in infos if info.state == "running"]
        found = {}
        for info in (*over, *running[:MOST_RUNNING]):
            before = self.tasks.get(str(info.number))
            if before is None or before["state"] in ("waiting", "running"):
                now = entries.task(info, cells)
                before = now if before is None or not entries.same_but_for_time(before, now) else before
            found[str(info.number)] = before
        return found

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

    def entry(self, most_results: int, most_tasks: int, most_operations: int) -> Session:
        """Give what a panel is told, the very same object if nothing changed."""
        under = self._session.name, most_results, most_tasks, most_operations
        if self._told is None or self._told[0] != under:
            tasks = _without_operations(_last(self.tasks, most_tasks), most_operations)
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
