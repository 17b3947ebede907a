"""A run and a worker, as the scheduler has them; `mars_nb.scheduler.pool` says which lock guards what."""

from __future__ import annotations

import contextvars
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from mars_nb.scheduler import inside
from mars_nb.scheduler.state import Counts, Key, RunState

if TYPE_CHECKING:
    from mars_nb.scheduler.pool import Scheduler


class FailedTask(NamedTuple):
    """A task that raised.

    Attributes
    ----------
    key
        Its key.
    arguments
        What it was given, as the keeper holds it.
    """

    key: Key
    arguments: list[Any]


OnDone = Callable[[dict[Key, Any] | None, BaseException | None, FailedTask | None], None]


@dataclass(slots=True)
class Trail:
    """What ran where and when in a run; keeps neither chunk tasks nor values.

    Attributes
    ----------
    counted
        See `RunState`.
    items
        Four for each task that is over, in the order of their ends: its number, that of the worker, when it began and
        when it ended, in seconds of ``time.perf_counter``. Flat, because that is the cheapest.
    running
        Three for each task that runs, or ran when the run ended: as in `items`, but for the last.
    until
        When this was looked at, or the run ended. What comes in later is of no interest.
    """

    counted: Sequence[Counts]
    items: list[Any] = field(default_factory=list)
    running: list[tuple[int, int, float]] = field(default_factory=list)
    until: float | None = None


class Run:
    """One graph in a scheduler. Made by `Scheduler.submit`.

    Attributes
    ----------
    trail
        What ran where and when; see `Scheduler.read`.
    """

    def __init__(self, scheduler: Scheduler, state: RunState, on_done: OnDone) -> None:
        self._scheduler = scheduler
        self._state = state
        self._on_done = on_done
        self._context = contextvars.copy_context()
        self._reported = False
        self.trail = Trail(state.counted)

    def start(self) -> None:
        """Let the tasks start, unless the run was cancelled; see `Scheduler.submit`."""
        self._scheduler._start(self)

    def cancel(self) -> bool:
        """Let no further task start, and report the run as cancelled: ``on_done(None, None, None)``.

        Returns
        -------
        bool
            False if the run was over already.
        """
        with self._scheduler._lock:
            if self._reported:
                return False
            self._reported = True
            dropped = self._state.stop()
            self._scheduler._abandon(self)
        del dropped  # values die without the lock held
        self._on_done(None, None, None)
        return True

    @property
    def operations(self) -> Mapping[Any, Counts]:
        """The operations, or what they are counted under, with their counts, which go on to change."""
        return self._state.counts

    def counts(self) -> dict[Any, Counts]:
        """Tell how far each operation is, or what it is counted under."""
        state = self._state
        with self._scheduler._lock:
            found = {counts: replace(counts) for counts in state.counts.values()}
            now = time.perf_counter()
            for worker in self._scheduler._workers:
                if worker.inside is self:
                    counts = found[state.counted[worker.task]]
                    counts.under_way += now - worker.began
                    counts.part += worker.done(now)
        return {name: found[counts] for name, counts in state.counts.items()}


class Worker(threading.Thread):
    """A thread of a scheduler, and the `inside.Place` of its tasks.

    All but `turn` and `told` is guarded by the scheduler's lock; `abandoned` changes once, so it is also read without.

    Parameters
    ----------
    scheduler
        Whose it is.
    number
        Counts all there ever were.
    place
        From 1 to the number of threads: unlike that of any other that is not abandoned.
    """

    def __init__(self, scheduler: Scheduler, number: int, place: int) -> None:
        super().__init__(name=f"{scheduler.name}-{number}", daemon=True)
        self.scheduler = scheduler
        self.place = place
        self.inside: Run | None = None  # a task of which it runs: its number, and when it began
        self.task = 0
        self.began = 0.0
        self.told = 0.0, 0.0  # what part of the task is done, as far as it told, and when that was
        self.abandoned = False
        self.call = threading.Condition(scheduler._lock)  # waits for it when there is nothing to do
        self.resting = False
        self.turn = 0  # of the gauge's, which it followed

    def run(self) -> None:
        """Work until there is nothing to do."""
        with inside.at(self):
            self.scheduler._work(self)

    def reached(self, part: float) -> None:
        """Take note of what part of the task is done; see `mars_nb.scheduler.inside.Place`."""
        if self.abandoned:
            raise inside.Unwanted("the run is over")
        self.told = part, time.perf_counter()

    def done(self, now: float) -> float:
        """Tell what part of the task is done.

        How long it takes to do what it tells nothing of nobody knows, so that grows more and more slowly.
        """
        part, at = self.told
        return 1.0 - (1.0 - part) * (at - self.began) / (now - self.began) if part else 0.0
