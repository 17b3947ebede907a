"""What ran where and when in a task.

Concurrency
-----------
The methods of `Timeline` may be called from any thread. Its lock is held while it asks for what is new, which takes the
lock of whoever runs the chunk tasks; that one never asks a timeline.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import NamedTuple, Protocol

from mars_nb.session.picture import LIMIT, Picture, Ran, Span
from mars_nb.text import count, duration


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
