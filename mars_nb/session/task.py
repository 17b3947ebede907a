"""Tasks: one call of ``execute`` each, as a future."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import threading
import time
import traceback
from collections.abc import Callable, Generator
from concurrent.futures import Future
from functools import cached_property
from types import TracebackType
from typing import Any

from mars_nb.errors import TaskCancelled
from mars_nb.graph.callsite import CallSite
from mars_nb.graph.node import Node
from mars_nb.session import estimate, pages
from mars_nb.session.backends.base import Memory, Progress, Work
from mars_nb.session.estimate import Meter
from mars_nb.session.events import OperationCounts, Sample
from mars_nb.session.latch import Latch
from mars_nb.session.snapshot import Snapshot, TaskInfo
from mars_nb.session.timeline import Timeline
from mars_nb.text import counted

_NUMBERS = itertools.count(1)
# Seconds after which who waits looks again: a coroutine whether there was an interrupt.
_LOOK_S = 0.05
#: What is shown of a task at the most that is not over: not all of its work is counted.
_NEARLY = 0.99


class Task(Future[Any]):
    """An execution: a future of the executed tileables, awaitable, with progress.

    Works in scripts, in threads and in notebooks: its answers do not depend on an event loop. Callbacks are called on
    the thread that finished or cancelled the task.

    Parameters
    ----------
    value
        What the future gives when all went well.
    nodes
        What is computed.
    session_name
        Of the session.
    site
        Where ``execute`` was called.
    clock
        Gives seconds.
    started_at
        When it began, in seconds since the epoch, if somebody else did; now if not given.
    """

    def __init__(
        self,
        value: Any,
        nodes: tuple[Node, ...],
        session_name: str,
        site: CallSite | None = None,
        clock: Callable[[], float] = time.monotonic,
        started_at: float | None = None,
    ) -> None:
        super().__init__()
        self._latch = latch = Latch()
        self.add_done_callback(lambda _: latch.open())
        self.number = next(_NUMBERS)
        self.session_name = session_name
        self.site = site
        self.nodes = nodes
        self._value: Any = value
        self._clock = clock
        now = time.time()
        self.started_at = now if started_at is None else started_at
        self._started = clock() - (now - self.started_at)
        self._ended: float | None = None
        self._work: Work | None = None
        self._traceback: TracebackType | None = None
        self._over = threading.Lock()  # taken once, by whoever ends or cancels the task, and never let go
        self._last: tuple[tuple[Progress, ...], Memory] = (), Memory()
        self._n_threads = 0
        self._meter = Meter()
        self._moving = threading.Lock()  # guards it
        self._before_end: list[Callable[[Snapshot], object]] = []
        #: Whether it waits for other tasks before anything of it runs.
        self.waiting = False
        #: What ran where and when; None before anything could.
        self.timeline: Timeline | None = None

    # --- called by the session and its backend -------------------------------------------------------

    def begin(self, work: Work) -> None:
        """Take note of what does the work, before it starts."""
        self._work = work
        self._n_threads = work.n_threads
        self.timeline = work.timeline
        if self.timeline is not None:
            self.timeline.begin(self._clock() - self._started)
        if self.done():  # cancelled, or its session was closed, before there was anything to cancel
            work.cancel()

    def end(self, error: BaseException | None = None) -> None:
        """Take note that the work is over, and let everybody know. Harmless when it was over before."""
        if not self._over.acquire(blocking=False):
            return
        value, self._value = self._value, None  # the future holds it from now on
        self._freeze("done" if error is None else "failed")
        if error is None:
            self.set_result(value)
        else:
            self._traceback = error.__traceback__
            self.set_exception(error)

    def _freeze(self, state: str) -> None:
        self._last = self._status()
        if self.timeline is not None:
            self.timeline.end(cancelled=state == "cancelled")
        self._ended = self._clock()
        self._work = None
        calls, self._before_end = self._before_end, []
        if calls:
            snapshot = self._snapshot(state)
            for call in calls:
                call(snapshot)

    def before_end(self, call: Callable[[Snapshot], object]) -> bool:
        """Call ``call(snapshot)`` when the task is over, before anybody who waits for it goes on.

        On the thread that ends the task. It must not raise.

        Returns
        -------
        bool
            False if the task is over or about to be: then it may not be called.
        """
        self._before_end.append(call)
        if not self._over.locked():
            return True
        with contextlib.suppress(ValueError):  # what calls it has it already
            self._before_end.remove(call)
        return False

    # --- for everybody -------------------------------------------------------------------------------

    @property
    def state(self) -> str:
        """``running``, ``done``, ``failed`` or ``cancelled``."""
        if not self.done():
            return "running"
        if self.cancelled():
            return "cancelled"
        return "done" if super().exception() is None else "failed"

    def running(self) -> bool:
        """Tell whether the task is not over yet."""
        return not self.done()

    def cancel(self) -> bool:
        """Let nothing more of the task start; what runs already is not waited for.

        Returns
        -------
        bool
            False if the task was over already.
        """
        if not self._over.acquire(blocking=False):
            return False
        work = self._work
        self._freeze("cancelled")
        self._value = None
        super().cancel()
        self.set_running_or_notify_cancel()  # so that concurrent.futures.wait hears of it
        work = self._work or work  # it may have begun at this very moment
        if work is not None:
            work.cancel()
        return True

    def result(self, timeout: float | None = None) -> Any:
        """Wait, and give the executed object or list of objects.

        Parameters
        ----------
        timeout
            Seconds to wait at the most.

        Raises
        ------
        TimeoutError
            If the task was not over in time; it goes on.
        TaskCancelled
            If it was cancelled.
        Exception
            What the user's own functions raised.
        """
        __tracebackhide__ = True
        deadline = None if timeout is None else self._clock() + timeout
        while not self.done():  # looked at again and again: who else waits for a future may hurt its callbacks
            left = _LOOK_S if deadline is None else deadline - self._clock()
            if left <= 0:
                raise TimeoutError(f"task {self.number} is still running after {timeout} s")
            self._latch.wait(min(left, _LOOK_S))
        if self.cancelled():
            raise TaskCancelled(f"task {self.number} in session {self.session_name!r} was cancelled")
        error = super().exception()
        if error is not None:
            # From here, not from the future's own frames, and each time with the frames of the first time only.
            raise error.with_traceback(self._traceback)
        return super().result()

    def progress(self) -> float:
        """Tell how much is done, from 0 to 1."""
        return self.snapshot().fraction

    def snapshot(self) -> Snapshot:
        """Tell how the task stands."""
        return self._snapshot(self.state)

    def info(self) -> TaskInfo:
        """Tell what is to be remembered of the task."""
        snapshot = self.snapshot()
        error = None if snapshot.state != "failed" else super().exception()
        return TaskInfo(
            number=self.number,
            label=self._label,
            names=self._names,
            place="" if self.site is None else self.site.place,
            state=snapshot.state,
            elapsed=snapshot.elapsed,
            done=snapshot.done,
            total=snapshot.total,
            started_at=self.started_at,
            peak=snapshot.memory.peak,
            error="" if error is None else traceback.format_exception_only(error)[0].strip(),
            running=snapshot.busy,
            fraction=snapshot.fraction,
            remaining=snapshot.remaining,
            waiting=self.waiting and snapshot.state == "running",
            site=self.site,
            operations=tuple(map(_counted, snapshot.operations)),
        )

    @cached_property
    def _label(self) -> str:
        return counted(node.label for node in self.nodes)

    @cached_property
    def _names(self) -> str:
        return counted(node.short_name for node in self.nodes)

    def sample(self) -> Sample:
        """Tell how the task stands, for the session's events."""
        state = self.state  # first: counts that are read after the end are the last ones
        operations, memory = self._status()
        counts = {progress.node.key: _counted(progress) for progress in operations}
        return Sample(self.number, state, counts, memory.held, memory.spilled)

    def _snapshot(self, state: str) -> Snapshot:
        ended = self._ended
        elapsed = (self._clock() if ended is None else ended) - self._started
        operations, memory = self._status()
        fraction = 1.0 if state == "done" else min(_NEARLY, estimate.share(operations))
        with self._moving:
            fraction = self._meter.move(fraction)
        return Snapshot(state, elapsed, operations, fraction, memory, self._n_threads, self.number, self.session_name)

    def _status(self) -> tuple[tuple[Progress, ...], Memory]:
        work = self._work
        return self._last if work is None else (work.progress(), work.memory())

    def __await__(self) -> Generator[Any, None, Any]:
        return self._awaited().__await__()

    async def _awaited(self) -> Any:
        __tracebackhide__ = True
        future = asyncio.wrap_future(self)
        try:
            # A kernel's event loop sees an interrupt when it wakes up next, so it must wake up (ipykernel's issue 881).
            while not future.done():
                await asyncio.wait([future], timeout=_LOOK_S)
        except asyncio.CancelledError:
            future.cancel()
            raise
        return future.result()

    def __repr__(self) -> str:
        info = self.info()
        return (
            f"<Task {info.number} ({info.label}) in session {self.session_name!r}: "
            f"{info.state}, {self.progress():.0%}, {info.elapsed:.1f} s>"
        )

    def _repr_html_(self) -> str:
        return pages.as_html(self, lambda: pages.task_page(self.info(), self.progress(), self.session_name))


def _counted(progress: Progress) -> OperationCounts:
    """Tell what is to be remembered of an operation: not its node, which keeps the user's data."""
    node = progress.node
    counts = progress.done, progress.running, progress.total
    return OperationCounts(node.label, *counts, node.key, node.site, node.short_name, round(progress.part, 2))
