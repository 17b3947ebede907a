"""The events of a session: one stream, which everything that shows a session can follow.

`RunModel` is pure: states of tasks go in, events come out; the clock is injected. `EventStream` is the shell around
it.

Concurrency
-----------
`EventStream.subscribe`, `watch` and `over` may come from any thread. One lock guards the model and the subscribers;
it is let go before a subscriber is called. Events reach a subscriber in order, one at a time, on the stream's own
thread: it looks at the running tasks ten times a second, and lives while somebody listens and something runs. So a
stream that nobody follows costs nothing, and one that is followed costs the same however many chunk tasks there are.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from mars_nb.graph.callsite import CallSite

#: Seconds between two looks at the running tasks.
PERIOD = 0.1

Kind = Literal["submitted", "progress", "done", "failed", "cancelled"]


@dataclass(frozen=True, slots=True)
class OperationCounts:
    """How far one recorded operation of a task is.

    Attributes
    ----------
    label
        The operation's name, such as ``DataFrameSum``.
    done, running, total
        Numbers of chunk tasks.
    key
        Of its node.
    site
        Where it was recorded.
    name
        As the user wrote it, such as ``sum`` or the name of a function.
    part
        What parts of the running chunk tasks are done, together, in hundredths, as far as they told.
    """

    label: str
    done: int
    running: int
    total: int
    key: str = ""
    site: CallSite | None = None
    name: str = ""
    part: float = 0.0


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a task.

    Attributes
    ----------
    number
        Counts the events of the session from 1, without a gap.
    kind
        ``submitted``, ``progress``, ``done``, ``failed`` or ``cancelled``.
    task
        Number of the task.
    elapsed
        Seconds since the task was submitted.
    operations
        The operations whose counts changed since the task's last event.
    memory, spilled
        Bytes of the session in memory and on disk.
    """

    number: int
    kind: Kind
    task: int
    elapsed: float
    operations: tuple[OperationCounts, ...]
    memory: int
    spilled: int


@dataclass(frozen=True, slots=True)
class Sample:
    """How a task and its session stand at a moment.

    Attributes
    ----------
    task
        Number of the task.
    state
        ``running``, ``done``, ``failed`` or ``cancelled``.
    operations
        All of its operations, by a name that stays the same.
    memory, spilled
        Bytes of the session.
    """

    task: int
    state: str
    operations: Mapping[str, OperationCounts]
    memory: int = 0
    spilled: int = 0


class RunModel:
    """Turns samples into events.

    Parameters
    ----------
    clock
        Gives seconds.

    Examples
    --------
    >>> model = RunModel(lambda: 0.0)
    >>> [event.kind for event in model.take(Sample(7, "running", {}))]
    ['submitted']
    >>> model.take(Sample(7, "running", {}))
    []
    >>> [(event.number, event.kind) for event in model.take(Sample(7, "done", {}))]
    [(2, 'done')]
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._numbers = itertools.count(1)
        self._started: dict[int, float] = {}
        self._last: dict[int, Mapping[str, OperationCounts]] = {}

    def take(self, sample: Sample) -> list[Event]:
        """Give the events that a sample tells of; none if nothing changed."""
        events = []
        if sample.task not in self._started:
            self._started[sample.task] = self._clock()
            events.append(self._event("submitted", sample, {}))
        last = self._last.get(sample.task, {})
        changed = {name: counts for name, counts in sample.operations.items() if last.get(name) != counts}
        self._last[sample.task] = dict(sample.operations)
        match sample.state:
            case "running":
                if changed:
                    events.append(self._event("progress", sample, changed))
            case "done" | "failed" | "cancelled" as kind:
                events.append(self._event(kind, sample, changed))
                del self._started[sample.task], self._last[sample.task]
        return events

    def _event(self, kind: Kind, sample: Sample, changed: Mapping[str, OperationCounts]) -> Event:
        elapsed = self._clock() - self._started[sample.task]
        operations = tuple(changed.values())
        return Event(next(self._numbers), kind, sample.task, elapsed, operations, sample.memory, sample.spilled)


Subscriber = Callable[[Event], object]


class EventStream:
    """The events of a session.

    Parameters
    ----------
    name
        Of the stream's thread.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._model = RunModel()
        self._subscribers: dict[int, Subscriber] = {}
        self._tokens = itertools.count()
        self._watched: dict[int, Callable[[], Sample]] = {}
        self._thread: threading.Thread | None = None

    def subscribe(self, subscriber: Subscriber) -> Callable[[], None]:
        """Let `subscriber` be called with each event from now on; what it raises ends its subscription.

        Returns
        -------
        callable
            Ends the subscription.

        Examples
        --------
        >>> import mars_nb, mars_nb.tensor as mt
        >>> with mars_nb.new_session(default=False) as session:
        ...     unsubscribe = session.events.subscribe(print)
        ...     unsubscribe()
        """
        with self._lock:
            token = next(self._tokens)
            self._subscribers[token] = subscriber
            self._ensure_thread()

        def unsubscribe() -> None:
            with self._lock:
                self._subscribers.pop(token, None)
            self._wake.set()

        return unsubscribe

    def watch(self, task: int, sample: Callable[[], Sample]) -> None:
        """Follow a task until it is over: `sample` tells how it stands, on any thread."""
        with self._lock:
            self._watched[task] = sample
            self._ensure_thread()
        self._wake.set()

    def over(self, task: int) -> None:
        """Take note that a task is over: the stream looks at it now, not at the next turn."""
        with self._lock:
            if self._thread is None:
                self._watched.pop(task, None)
        self._wake.set()

    # --- with the lock held --------------------------------------------------------------------------

    def _ensure_thread(self) -> None:
        if self._thread is None and self._subscribers and self._watched:
            self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
            self._thread.start()

    # --- on the stream's thread ----------------------------------------------------------------------

    def _run(self) -> None:
        while True:
            self._wake.clear()
            with self._lock:
                watched = list(self._watched.values())
                if not watched or not self._subscribers:
                    self._thread = None
                    return
            for sample in [look() for look in watched]:
                with self._lock:
                    events = self._model.take(sample)
                    subscribers = list(self._subscribers.items())
                    if sample.state != "running":
                        self._watched.pop(sample.task, None)
                for event in events:
                    self._tell(event, subscribers)
            del watched
            self._wake.wait(PERIOD)

    def _tell(self, event: Event, subscribers: Iterable[tuple[int, Subscriber]]) -> None:
        for token, subscriber in subscribers:
            try:
                subscriber(event)
            except Exception:  # a broken view must not end the others'
                with self._lock:
                    self._subscribers.pop(token, None)
