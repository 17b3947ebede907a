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
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import NamedTuple, Protocol

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

    @property
    def end(self) -> float:
        """When it ended."""
        return self.start + self.seconds


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


class Source(Protocol):
    """Notes down what runs. Times count from the beginning of the work. Called with the timeline's lock held."""

    @property
    def unread(self) -> int:
        """Number of chunk tasks that ended since it was last read."""

    def read(self) -> tuple[Iterable[Ran], Iterable[Ran]]:
        """Give what ended since it was last called, and what runs."""


class Timeline:
    """What ran where and when in a task: see `Session.timeline`.

    Times are in seconds since the task was started. What runs is there, too, up to now. What takes less than a
    thousandth of the time so far is put together, so that there are a few thousand spans at the most.

    Parameters
    ----------
    labels
        Names of the operations by their keys.
    source
        Is asked for what is new, if nobody tells it by `add`.
    limit
        See `Picture`.
    clock
        Gives seconds.

    Examples
    --------
    >>> import mars_nb, mars_nb.tensor as mt
    >>> with mars_nb.new_session(default=False, n_threads=1) as session:
    ...     task = session.execute(mt.ones(100, chunk_size=10) + 1, wait=False)
    ...     _ = task.result()
    ...     session.timeline(task.number).workers
    ['thread 1']
    """

    def __init__(
        self,
        labels: Mapping[str, str],
        source: Source | None = None,
        limit: int = LIMIT,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._labels = labels
        self._source = source
        self._limit = limit
        self._clock = clock
        self._lock = threading.Lock()
        self._picture = Picture(limit)
        self._started = clock()
        self._began = 0.0  # after the start
        self._ended: float | None = None  # after the start
        self._is_timed = False
        self._running: list[Ran] = []

    # --- called by the task and by what does its work -------------------------------------------------

    def begin(self, at: float) -> None:
        """Take note that the work begins, so many seconds after the task was started. Before anything is told."""
        self._started = self._clock() - at
        self._began = at

    def add(self, ended: Collection[Ran], running: Iterable[Ran] = (), now: float | None = None) -> None:
        """Add what ended elsewhere, those of a worker in the order of time; and what runs, in place of what did.

        Parameters
        ----------
        ended, running
            Their times count from when the work began there; of what runs only the start is of interest.
        now
            What the time is there.
        """
        with self._lock:
            if now is not None:
                began = self._elapsed - now  # and a bit less, because telling takes time
                self._began = min(self._began, began) if self._is_timed else max(0.0, began)
                self._is_timed = True
            self._add(ended)
            over = {(one.operation, one.worker) for one in ended}
            running = running if self._ended is None else [one for one in self._running if one[:2] not in over]
            self._running = list(running)

    def _add(self, ended: Iterable[Ran]) -> None:
        for ran in ended:
            self._picture.add(ran, self._began)

    def replace(self, ended: Collection[Ran], running: Iterable[Ran] = (), now: float | None = None) -> None:
        """Take these in place of all that was added; see `add`."""
        with self._lock:
            self._picture = Picture(self._limit)
            self._is_timed = False
        self.add(ended, running, now)

    def told(self) -> tuple[list[Ran], list[Ran], float]:
        """Give what `replace` takes, for somebody who was told nothing of what was added."""
        with self._lock:
            began = self._began
            ended = [ran._replace(start=ran.start - began) for ran in self._picture.ran()]
            return ended, list(self._running), self._elapsed - began

    def end(self, *, cancelled: bool) -> None:
        """Take note that the task is over; what runs is of interest only if that was cancelled."""
        with self._lock:
            self._ended = self._elapsed
            self._running = self._running if cancelled else []

    @property
    def _elapsed(self) -> float:
        return self._clock() - self._started

    @property
    def unread(self) -> int:
        """Number of chunk tasks that were noted down and are not in the picture yet."""
        return 0 if self._source is None else self._source.unread

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
            picture = self._picture
            if self._source is not None:
                ended, running = self._source.read()
                self._add(ended)
            else:
                until = (self._elapsed if self._ended is None else self._ended) - self._began
                running = [one._replace(seconds=max(0.0, until - one.start)) for one in self._running]
            first = position.number if position.edition == picture.edition else 0
            spans = picture.spans(first, running, self._began)
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
