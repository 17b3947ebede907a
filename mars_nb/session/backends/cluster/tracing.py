"""What ran on which worker and when, noted down on Dask's scheduler.

Times are those of the workers, which Dask moves to the scheduler's clock; they are told in seconds since the scheduler
first heard of the run. What runs is known from the workers' heartbeats, twice a second or less. Used on the scheduler's
event loop only.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from mars_nb.session.backends.cluster.shipping import MARK

#: A run: its session, and its number there.
RunKey = tuple[str, int]
#: How much is told in a message.
MOST = 500


class Lane(NamedTuple):
    """Something that does one chunk task at a time: a worker, or a thread of it."""

    worker: str
    number: int

    def label(self, threads: int) -> str:
        """Name it, for a worker of so many threads."""
        return self.worker if threads == 1 else f"{self.worker}, thread {self.number}"


def parsed(key: Any) -> tuple[RunKey, int] | None:
    """Tell the run of one of Dask's keys, or groups, and the group's number; None if it is not ours.

    Examples
    --------
    >>> parsed(("TensorAdd-mars_nb.abc.3.0", 7)), parsed("TensorAdd-mars_nb.abc.3.0"), parsed("x-1")
    ((('abc', 3), 0), (('abc', 3), 0), None)
    """
    name = key[0] if isinstance(key, tuple) else key
    _, ours, rest = str(name).rpartition(f"-{MARK}.")
    if not ours:
        return None
    session, run, group = rest.split(".")
    return (session, int(run)), int(group)


class Tracer:
    """Notes down what ran, for all runs.

    Parameters
    ----------
    clock
        Gives seconds since the epoch.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._began: dict[RunKey, float] = {}
        self._ended: dict[RunKey, list[tuple[int, str, float, float]]] = {}
        self._threads: dict[str, dict[int, int]] = {}  # numbers by identity, by worker
        self._free: dict[Lane, float] = {}  # since when
        self._running: dict[RunKey, list[tuple[int, str, float]]] = {}
        self._starts: dict[Any, tuple[Lane, float]] = {}  # of what runs, by key

    def heard(self, key: Any) -> None:
        """Take note of something about a task of Dask's: its run may be new."""
        found = parsed(key)
        if found is not None:
            self._began.setdefault(found[0], self._clock())

    def ended(self, key: Any, worker: Any, thread: int | None, startstops: Iterable[Any]) -> None:
        """Take note of the end of a task on a worker, as Dask describes both."""
        found = parsed(key)
        times = [(one["start"], one["stop"]) for one in startstops if one["action"] == "compute"]
        if found is None or worker is None or not times:
            return
        run, group = found
        start, stop = times[-1]
        numbers = self._threads.setdefault(worker.address, {})
        lane = Lane(str(worker.name), numbers.setdefault(thread or 0, len(numbers) + 1))
        self._free[lane] = stop
        rows = self._ended.setdefault(run, [])
        rows.append((group, lane.label(worker.nthreads), start - self._began[run], stop - start))

    def look(self, workers: Iterable[Any], alive: set[RunKey]) -> list[tuple[RunKey, dict[str, Any]]]:
        """Give messages for the sessions, and forget runs and workers that are gone.

        Parameters
        ----------
        workers
            All there are, as Dask describes them.
        alive
            Runs of which there are tasks.
        """
        workers, now = list(workers), self._clock()
        running = self._look_at_what_runs(workers)
        messages = []
        for run in self._ended.keys() | running.keys() | self._running.keys():
            rows, at = self._ended.get(run, []), running.get(run, [])
            if rows or at != self._running.get(run, []):
                head = {"running": at, "now": now - self._began.get(run, now)}
                parts = [rows[first : first + MOST] for first in range(0, len(rows), MOST)] or [[]]
                messages += [(run, {"ran": part, **head}) for part in parts]
        self._ended.clear()
        self._running = running
        self._forget(workers, alive)
        return messages

    def _forget(self, workers: list[Any], alive: set[RunKey]) -> None:
        self._began = {run: began for run, began in self._began.items() if run in alive}
        self._threads = {one.address: self._threads.get(one.address, {}) for one in workers}
        names = {str(one.name) for one in workers}
        self._free = {lane: since for lane, since in self._free.items() if lane.worker in names}

    def _look_at_what_runs(self, workers: list[Any]) -> dict[RunKey, list[tuple[int, str, float]]]:
        """List what runs by run. What began is known but roughly, so the first guess stays."""
        found: dict[RunKey, list[tuple[int, str, float]]] = {}
        before, self._starts = self._starts, {}
        for worker in workers:
            ours = [(task.key, seconds) for task, seconds in worker.executing.items() if task.state == "processing"]
            self._starts.update({key: before[key] for key, _ in ours if key in before})
            taken = {self._starts[key][0] for key, _ in ours if key in before}
            for key, seconds in ours:
                place = parsed(key)
                if place is None or place[0] not in self._began:
                    continue
                run, group = place
                if key not in self._starts:
                    start = worker.last_seen - seconds
                    self._starts[key] = self._lane(worker, start, taken), start
                lane, start = self._starts[key]
                taken.add(lane)
                found.setdefault(run, []).append((group, lane.label(worker.nthreads), start - self._began[run]))
        return found

    def _lane(self, worker: Any, start: float, taken: set[Lane]) -> Lane:
        """Guess the thread of what runs, which heartbeats do not tell: one that is free, and has been the shortest."""
        lanes = [Lane(str(worker.name), number + 1) for number in range(worker.nthreads)]
        left = [lane for lane in lanes if lane not in taken] or lanes
        free = [lane for lane in left if self._free.get(lane, 0.0) <= start] or left
        return max(free, key=lambda lane: self._free.get(lane, 0.0))
