"""What ran where and when in a task: a picture of bounded size, however many chunk tasks there are.

`Picture` is pure: chunk tasks go in as they end, spans come out. What is shorter than the resolution cannot be seen, so
within it chunk tasks of one operation on one worker are put together, and spans are moved by up to that much for it.
They never overlap on a worker, and no chunk task is left out.

Concurrency
-----------
`Timeline` is the shell around it, and its methods may be called from any thread. Its lock is held while it asks for
what is new, which takes the lock of whoever runs the chunk tasks; that one never asks a timeline.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from mars_nb.text import count, duration

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


class Position(NamedTuple):
    """How much of a timeline somebody has; see `Timeline.since`."""

    edition: int = 0
    number: int = 0


#: Before all.
START = Position()


class Part(NamedTuple):
    """The end of a timeline.

    Attributes
    ----------
    first
        Number of the first of `spans`, from 0: they stand in place of all spans that there were from there on.
    spans
        Those of a worker in the order of time.
    operations, workers
        Keys and names, all so far, in the order of appearance.
    position
        To ask for what comes after.
    """

    first: int
    spans: Sequence[Span]
    operations: Sequence[str]
    workers: Sequence[str]
    position: Position


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
    busy, tasks
        Seconds of each worker, and chunk tasks, that went in.
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
        self.busy: list[float] = []
        self.tasks = 0
        self.end = 0.0
        self.edition = next(_EDITIONS)
        self._limit = limit
        self._resolution = RESOLUTION
        self._open: list[
            list[_Open]
        ] = []  # of each worker: spans that may grow, within the resolution but for the last

    def add(self, ran: Ran) -> None:
        """Add a chunk task that ended. Those of a worker come in the order of time."""
        worker, operation = self._places(ran)
        self.busy[worker] += ran.seconds
        self.tasks += ran.tasks
        self.end = max(self.end, ran.start + ran.seconds)
        self._resolution = max(self._resolution, self.end * _PART)
        self._put(self._open[worker], Span(operation, worker, *ran[2:]))
        if len(self.settled) > self._limit:
            self._coarsen()

    def _put(self, group: list[_Open], span: Span) -> None:
        """Put a span to those of its worker that may grow, which are settled if it does not fit in there."""
        end = span.start + span.seconds
        last = group[-1] if group else None
        if last is None:
            group.append(_Open(span, span.start))
        elif last.operation == span.operation and span.start - last.end <= self._resolution:
            last.end = max(last.end, end)
            last.tasks += span.tasks
        elif end - group[0].start <= self._resolution:
            place = next((i for i, one in enumerate(group) if one.operation == span.operation), None)
            if place is None:
                group.append(_Open(span, max(span.start, last.end)))
                return
            group[place].end += span.seconds
            group[place].tasks += span.tasks
            for later in group[place + 1 :]:
                later.start += span.seconds
                later.end += span.seconds
        else:
            self.settled += map(_Open.settle, group)
            group[:] = [_Open(span, max(span.start, last.end))]

    def _coarsen(self) -> None:
        while True:
            before = self.settled
            self.settled, self._resolution = [], 2 * self._resolution
            groups: list[list[_Open]] = [[] for _ in self.workers]
            for span in before:
                self._put(groups[span.worker], span)
            self.settled += (one.settle() for group in groups for one in group)
            if len(self.settled) <= self._limit // 2:
                break
            if self._resolution > self.end:  # there are so many workers and operations
                self._limit = 2 * len(self.settled)
                break
        self.edition = next(_EDITIONS)

    def spans(self, first: int = 0, running: Iterable[Ran] = ()) -> list[Span]:
        """Give all from a number on: those that are settled, then those that may grow, with what runs among them."""
        found = self.settled[first:]
        last: dict[int, int] = {}  # by worker
        for worker, group in enumerate(self._open):
            found += map(_Open.settle, group)
            last[worker] = len(found) - 1
        for ran in running:
            worker, operation = self._places(ran)
            span = Span(operation, worker, *ran[2:])
            place = last.get(worker, -1)
            before = found[place] if place >= 0 else span
            gap = span.start - before.start - before.seconds
            if before is not span and before.operation == operation and gap <= self._resolution:
                seconds = max(before.seconds, span.start + span.seconds - before.start)
                found[place] = before._replace(seconds=seconds, tasks=before.tasks + span.tasks)
            else:
                found.append(span)
        return found

    def _places(self, ran: Ran) -> tuple[int, int]:
        worker = self.workers.setdefault(ran.worker, len(self.workers))
        if worker == len(self._open):
            self._open.append([])
            self.busy.append(0.0)
        return worker, self.operations.setdefault(ran.operation, len(self.operations))


class _Open:
    """A span that may grow."""

    __slots__ = ("end", "operation", "start", "tasks", "worker")

    def __init__(self, span: Span, start: float) -> None:
        self.operation, self.worker = span.operation, span.worker
        self.start = start
        self.end = start + span.seconds
        self.tasks = span.tasks

    def settle(self) -> Span:
        return Span(self.operation, self.worker, self.start, self.end - self.start, self.tasks)


Drain = Callable[[], tuple[Iterable[Ran], Iterable[Ran]]]


def _nothing() -> tuple[Iterable[Ran], Iterable[Ran]]:
    return (), ()


class Timeline:
    """What ran where and when in a task: see `Session.timeline`.

    Times are in seconds since the task was started. What runs is there, too, up to now. What takes less than a
    thousandth of the time so far is put together, so that there are a few thousand spans at the most.

    Parameters
    ----------
    labels
        Names of the operations by their keys.
    drain
        Gives what ended since it was last called, and what runs; their times count from the work's beginning. Called
        with the lock held.

    Examples
    --------
    >>> import mars_nb, mars_nb.tensor as mt
    >>> with mars_nb.new_session(default=False, n_threads=1) as session:
    ...     task = session.execute(mt.ones(100, chunk_size=10) + 1, wait=False)
    ...     _ = task.result()
    ...     session.timeline(task.number).workers
    ['thread 1']
    """

    def __init__(self, labels: Mapping[str, str], drain: Drain = _nothing) -> None:
        self._labels = labels
        self._drain = drain
        self._lock = threading.Lock()
        self._picture = Picture()
        self._began = 0.0

    # --- called by the task and by what does its work -------------------------------------------------

    def begin(self, at: float) -> None:
        """Take note of when the work began, in seconds since the task was started. Before anything is told."""
        self._began = at

    def add(self, ran: Iterable[Ran]) -> None:
        """Add what ended; those of a worker come in the order of time."""
        with self._lock:
            self._add(ran)

    def _add(self, ran: Iterable[Ran]) -> None:
        for one in ran:
            self._picture.add(one._replace(start=max(0.0, self._began + one.start)))

    # --- for everybody -------------------------------------------------------------------------------

    def since(self, position: Position = START) -> Part:
        """Give what is new, for somebody who has all up to a position.

        Examples
        --------
        >>> timeline = Timeline({"a": "TensorAdd"})
        >>> timeline.add([Ran("a", "thread 1", 0.0, 1.0), Ran("a", "thread 2", 0.0, 1.0)])
        >>> part = timeline.since()
        >>> part.first, len(part.spans)
        (0, 2)
        >>> timeline.add([Ran("b", "thread 1", 1.0, 2.0)])
        >>> part = timeline.since(part.position)
        >>> part.first, len(part.spans)  # that of the other worker may have grown
        (0, 3)
        >>> timeline.since(part.position).first
        1
        """
        with self._lock:
            ended, running = self._drain()
            self._add(ended)
            picture = self._picture
            first = position.number if position.edition == picture.edition else 0
            now = [one._replace(start=max(0.0, self._began + one.start)) for one in running]
            spans = picture.spans(first, now)
            after = Position(picture.edition, len(picture.settled))
            return Part(first, spans, list(picture.operations), list(picture.workers), after)

    @property
    def spans(self) -> Sequence[Span]:
        """All of them, those of a worker in the order of time."""
        return self.since().spans

    @property
    def operations(self) -> Sequence[str]:
        """Keys of the operations, in the order of appearance."""
        return self.since().operations

    @property
    def workers(self) -> Sequence[str]:
        """Names of the threads, or of the cluster's workers, in the order of appearance."""
        return self.since().workers

    def __repr__(self) -> str:
        part = self.since()
        tasks = [0] * len(part.operations)
        busy = [0.0] * len(part.workers)
        for span in part.spans:
            tasks[span.operation] += span.tasks
            busy[span.worker] += span.seconds
        end = max((span.start + span.seconds for span in part.spans), default=0.0)
        lines = [f"<Timeline of {count(sum(tasks), 'chunk task')} in {duration(end)}>"]
        lines += [
            f"  {self._labels.get(key, key)}: {count(number, 'chunk task')}"
            for key, number in zip(part.operations, tasks, strict=True)
        ]
        lines += [f"  {name}: busy for {duration(seconds)}" for name, seconds in zip(part.workers, busy, strict=True)]
        return "\n".join(lines)
