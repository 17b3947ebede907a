"""A picture of what ran where and when, of bounded size however many chunk tasks there are. Pure.

Chunk tasks go in as they end, spans come out. What is shorter than the resolution cannot be seen, so within it chunk
tasks of one operation on one worker are put together, and spans are moved by up to that much for it. They never overlap
on a worker, and no chunk task is left out.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import NamedTuple

#: Seconds that can be told apart at best, and as a part of the time since the start.
RESOLUTION = 0.001
_PART = 0.001
#: How many spans there are at the most, unless there are more workers times operations.
LIMIT = 20_000

_EDITIONS = itertools.count(1)


class Ran(NamedTuple):
    """A chunk task, or some of an operation on a worker, one after the other.

    Attributes
    ----------
    operation
        Key of its node.
    worker
        Name of the thread, or of the cluster's worker.
    start, seconds
        When it began, counted from the start, and how long it took.
    tasks
        How many chunk tasks.
    """

    operation: str
    worker: str
    start: float
    seconds: float
    tasks: int = 1


class Span(NamedTuple):
    """Chunk tasks of an operation on a worker.

    Attributes
    ----------
    operation, worker
        Places in the lists of the timeline.
    start, seconds, tasks
        See `Ran`.
    """

    operation: int
    worker: int
    start: float
    seconds: float
    tasks: int

    @property
    def end(self) -> float:
        """When it ended."""
        return self.start + self.seconds


class Picture:
    """Puts chunk tasks together to spans.

    Parameters
    ----------
    limit
        How many spans there are at the most, unless there are more workers times operations.

    Attributes
    ----------
    operations, workers
        Keys and names in the order of appearance.
    settled
        Spans that do not change any more, but for a new `edition`.
    end
        When the last one ended.

    Examples
    --------
    >>> picture = Picture()
    >>> for operation, start in ("sum", 0.0), ("sum", 1.0), ("mean", 2.0):
    ...     picture.add(Ran(operation, "thread 1", start, 1.0))
    >>> for span in picture.spans():
    ...     print(span)
    Span(operation=0, worker=0, start=0.0, seconds=2.0, tasks=2)
    Span(operation=1, worker=0, start=2.0, seconds=1.0, tasks=1)
    """

    def __init__(self, limit: int = LIMIT) -> None:
        self.operations: dict[str, int] = {}
        self.workers: dict[str, int] = {}
        self.settled: list[Span] = []
        self.end = 0.0
        self.edition = next(_EDITIONS)
        self._limit = limit
        self._resolution = RESOLUTION
        self._groups: list[_Group] = []  # by worker

    def add(self, ran: Ran, moved: float = 0.0) -> None:
        """Add a chunk task that ended, so many seconds later. Those of a worker come in the order of time."""
        operation, worker, start, seconds, tasks = ran
        start = max(0.0, start + moved)
        if start + seconds > self.end:
            self.end = start + seconds
            self._resolution = max(self._resolution, self.end * _PART)
        self._put(self._groups, Span(*self.places(operation, worker), start, seconds, tasks))
        if len(self.settled) > self._limit:
            self._coarsen()

    def places(self, operation: str, worker: str) -> tuple[int, int]:
        """Give the numbers of an operation and a worker."""
        workers, operations = self.workers, self.operations
        return operations.setdefault(operation, len(operations)), workers.setdefault(worker, len(workers))

    def _put(self, groups: list[_Group], span: Span) -> None:
        operation, worker, start, seconds, tasks = span
        while worker >= len(groups):
            groups.append(_Group(len(groups)))
        group = groups[worker]
        if not group.add(operation, start, start + seconds, tasks, self._resolution):
            self.settled += group.begin(operation, start, start + seconds, tasks, self._resolution)

    def _coarsen(self) -> None:
        """Halve the number of spans at least, or let there be more."""
        while len(self.settled) > self._limit // 2:
            before, self.settled = self.settled, []
            self._resolution *= 2
            groups: list[_Group] = []
            for span in before:
                self._put(groups, span)
            self.settled += (span for group in groups for span in group.spans())
            if self._resolution > self.end:  # there are so many workers and operations
                self._limit = max(self._limit, 2 * len(self.settled))
                break
        self.edition = next(_EDITIONS)

    def ran(self) -> list[Ran]:
        """Give all spans with names in place of numbers."""
        operations, workers = list(self.operations), list(self.workers)
        return [Ran(operations[span.operation], workers[span.worker], *span[2:]) for span in self.spans()]

    def spans(self, first: int = 0, running: Iterable[Ran] = (), moved: float = 0.0) -> list[Span]:
        """Give all from a number on: those that are settled, then those that may grow, with what runs among them."""
        found = self.settled[first:]
        last: dict[int, Span] = {}
        for group in self._groups:
            found += (spans := group.spans())
            last.update((span.worker, span) for span in spans[-1:])
        for ran in running:
            span = Span(*self.places(ran.operation, ran.worker), max(0.0, ran.start + moved), ran.seconds, ran.tasks)
            before = last.get(span.worker)
            if (
                before is not None
                and before.operation == span.operation
                and span.start - before.end <= self._resolution
            ):
                seconds = max(before.seconds, span.end - before.start)
                found[found.index(before)] = before._replace(seconds=seconds, tasks=before.tasks + span.tasks)
            else:
                found.append(span)
        return found


class _Group:
    """What may grow of a worker: a span of one operation, or some within the resolution, one a operation."""

    __slots__ = ("end", "parts", "start", "worker")

    def __init__(self, worker: int) -> None:
        self.worker = worker
        self.start = self.end = 0.0
        self.parts: dict[int, tuple[float, int]] = {}  # seconds and chunk tasks by operation

    def add(self, operation: int, start: float, end: float, tasks: int, resolution: float) -> bool:
        """Take chunk tasks in, and tell whether they belong here."""
        parts = self.parts
        seconds, so_far = parts.get(operation, (0.0, 0))
        if so_far and len(parts) == 1 and start - self.end <= resolution:
            self.end = max(self.end, end)
            parts[operation] = self.end - self.start, so_far + tasks
        elif parts and end - self.start <= resolution:
            self.end = max(self.end, end)
            parts[operation] = seconds + end - start, so_far + tasks
        else:
            return False
        return True

    def begin(self, operation: int, start: float, end: float, tasks: int, resolution: float) -> list[Span]:
        """Begin anew with chunk tasks, and give the spans so far, but for the last if it goes on."""
        spans = self.spans()
        goes_on = bool(spans) and spans[-1].operation == operation and start - self.end <= resolution
        if goes_on:
            last = spans.pop()
            self.start = last.start
            tasks += last.tasks
        else:
            self.start = max(start, self.end)
            end = self.start + end - start
        self.end = max(self.end, end)
        self.parts = {operation: (self.end - self.start, tasks)}
        return spans

    def spans(self) -> list[Span]:
        """Give the spans, one after the other."""
        found, at = [], self.start
        for operation, (seconds, tasks) in self.parts.items():
            found.append(Span(operation, self.worker, at, seconds, tasks))
            at += seconds
        return found
