"""Threads that carry runs out.

Concurrency
-----------
- `Scheduler.submit`, `Run.cancel` and `Scheduler.close` may be called from any thread.
- One lock (``Scheduler._lock``, with a condition for idle workers) guards the runs' states, the list of runs and the
  list of workers. It is never held over a task's function, over a run's ``on_done`` or over anything else that is not
  ours.
- A worker takes a task, lets the lock go, runs the task, takes the lock and puts the value in. It wakes others only
  when more than one task became ready, and goes on with the next task itself.
- A cancelled run is over at once for its caller. Workers that are inside its tasks cannot be stopped; they are
  replaced by fresh ones, drop their value when they come back, and end.
- A run that a task submits is carried out by the task's own thread.
- Workers are daemon threads, started when there is work for them, and end when they were idle for a while or
  the scheduler was closed.
"""

from __future__ import annotations

import contextvars
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any, Protocol

from mars_nb.scheduler.state import Counts, Graph, Key, RunState

#: Seconds after which an idle worker ends.
IDLE_SECONDS = 5.0


class Keeper(Protocol):
    """Keeps the values of tasks, in memory or elsewhere. Called without a lock held; may take its time."""

    @property
    def limit(self) -> int:
        """Bytes beyond which memory is short."""

    def hold(self, value: Any) -> Any:
        """Give what stands for a value from now on."""

    def get(self, held: Any) -> Any:
        """Give the value that something stands for."""


OnDone = Callable[[dict[Key, Any] | None, BaseException | None, Key | None], None]


class Run:
    """One graph in a scheduler. Made by `Scheduler.submit`."""

    def __init__(self, scheduler: Scheduler, state: RunState, on_done: OnDone) -> None:
        self._scheduler = scheduler
        self._state = state
        self._on_done = on_done
        self._context = contextvars.copy_context()
        self._reported = False

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

    def counts(self) -> dict[Any, Counts]:
        """Tell how far each operation is."""
        with self._scheduler._lock:
            return {name: Counts(c.total, c.done, c.running) for name, c in self._state.counts.items()}


class _Worker(threading.Thread):
    def __init__(self, scheduler: Scheduler, number: int) -> None:
        super().__init__(name=f"{scheduler.name}-{number}", daemon=True)
        self.scheduler = scheduler
        self.inside: Run | None = None  # a task of which it runs
        self.abandoned = False

    def run(self) -> None:
        self.scheduler._work(self)


class Scheduler:
    """Runs graphs of chunk tasks on threads.

    Parameters
    ----------
    n_threads
        How many tasks run at a time.
    name
        Begins the threads' names.
    keeper
        Keeps the tasks' values; they are kept as they are if not given.

    Examples
    --------
    >>> import threading
    >>> from mars_nb.scheduler import ChunkTask, Scheduler
    >>> scheduler, done, got = Scheduler(2), threading.Event(), []
    >>> run = scheduler.submit({"x": ChunkTask(lambda: 1)}, ["x"], lambda *result: (got.append(result), done.set()))
    >>> done.wait(5), got
    (True, [({'x': 1}, None, None)])
    >>> scheduler.close()
    """

    def __init__(self, n_threads: int, name: str = "mars_nb", keeper: Keeper | None = None) -> None:
        self.n_threads = n_threads
        self.name = name
        self._keeper = keeper
        self._lock = threading.Lock()
        self._work_or_end = threading.Condition(self._lock)
        self._runs: list[Run] = []
        self._workers: set[_Worker] = set()
        self._started = 0
        self._idle = 0
        self._held_back = False  # a worker rests though there are sources to begin
        self._closed = False

    def submit(self, graph: Graph, outputs: Iterable[Key], on_done: OnDone) -> Run:
        """Start a run.

        Parameters
        ----------
        graph, outputs
            See `RunState`. Context variables of the caller are seen by the tasks.
        on_done
            Called once, on any thread and without a lock held: with the outputs' values; or with None, the error and
            the key of the task that raised; or with three times None if the run was cancelled.

        Raises
        ------
        RuntimeError
            If the scheduler was closed.
        """
        run = Run(self, RunState(graph, outputs), on_done)
        with self._lock:
            if self._closed:
                raise RuntimeError("the scheduler was closed")
            if isinstance(threading.current_thread(), _Worker):
                self._run_here(run)
                return run
            if not run._state.over:
                self._runs.append(run)
                self._call_workers(run._state.ready)
                return run
            run._reported = True
        on_done({}, None, None)
        return run

    def close(self) -> None:
        """Cancel all runs and end the workers. Does not wait for tasks that are inside a long call."""
        with self._lock:
            self._closed = True
            runs = list(self._runs)
            self._work_or_end.notify_all()
        for run in runs:
            run.cancel()

    def join(self, timeout: float = 5.0) -> bool:
        """Wait until the workers of a closed scheduler have ended.

        Parameters
        ----------
        timeout
            Seconds to wait at the most.

        Returns
        -------
        bool
            Whether all have ended.
        """
        deadline = time.monotonic() + timeout
        with self._lock:
            workers = list(self._workers)
        for worker in workers:
            if worker is not threading.current_thread():
                worker.join(max(0.0, deadline - time.monotonic()))
        return not any(worker.is_alive() for worker in workers)

    # --- with the lock held --------------------------------------------------------------------------

    def _call_workers(self, tasks: int) -> None:
        wake = min(tasks, self._idle)
        if wake:
            self._work_or_end.notify(wake)
        active = sum(not worker.abandoned for worker in self._workers)
        for _ in range(min(tasks - wake, self.n_threads - active)):
            self._started += 1
            worker = _Worker(self, self._started)
            self._workers.add(worker)
            worker.start()

    def _abandon(self, run: Run) -> None:
        if run in self._runs:
            self._runs.remove(run)
        for worker in self._workers:
            if worker.inside is run:
                worker.abandoned = True
        self._call_workers(sum(other._state.ready for other in self._runs))

    def _crowded(self) -> bool:
        """Tell whether the values in use are more than what memory is for."""
        return self._keeper is not None and sum(run._state.live for run in self._runs) > self._keeper.limit

    def _next(self, crowded: bool) -> Run | None:
        """Give a run that has a task to take; the runs take turns."""
        runs = self._runs
        for position, run in enumerate(runs):
            if run._state.can_take(crowded):
                if len(runs) > 1:
                    runs.append(runs.pop(position))
                return run
        self._held_back = crowded
        return None

    def _rest(self) -> bool:
        """Wait for work; False after a while without any."""
        self._idle += 1
        try:
            return self._work_or_end.wait(IDLE_SECONDS)
        finally:
            self._idle -= 1

    # --- on a worker ---------------------------------------------------------------------------------

    def _work(self, worker: _Worker) -> None:
        with self._lock:
            while not worker.abandoned:
                crowded = self._crowded()
                run = self._next(crowded)
                if run is not None:
                    if self._held_back and self._idle:
                        self._work_or_end.notify()
                    self._perform(worker, run, crowded)
                    del run  # holds values
                elif self._closed or not self._rest():
                    break
            self._workers.discard(worker)

    def _run_here(self, run: Run) -> None:
        """Run all tasks on this thread: a task that waited for its own thread's turn might wait for ever."""
        if run._state.over:
            self._report(run, None, 0)
        while not run._state.over:
            self._perform(None, run, crowded=False)

    def _perform(self, worker: _Worker | None, run: Run, crowded: bool) -> None:
        """Run a task; the lock is let go for it. Without a worker it is one that a task of another run asked for."""
        __tracebackhide__ = True
        state, lock, keeper = run._state, self._lock, self._keeper
        number = state.take(crowded)
        function, arguments = state.tasks[number].function, state.arguments(number)
        if worker is not None:
            worker.inside = run
        error: BaseException | None = None
        value = None
        lock.release()
        try:
            # A context can be entered by one thread at a time, hence the copy.
            context = run._context.copy()
            if keeper is None:
                value = context.run(function, *arguments)
            else:
                arguments = [keeper.get(argument) for argument in arguments]
                value = keeper.hold(context.run(function, *arguments))
        except BaseException as raised:  # whatever user code raises is the run's result, never the worker's end
            error = raised
        finally:
            del arguments
            lock.acquire()
        if worker is not None:
            worker.inside = None
        dropped: list[Any] | None = None if keeper is None else []
        if error is None:
            ready = state.finish(number, value, dropped)
            del value
            if ready > 1:
                self._call_workers(ready - 1)
        else:
            state.fail(number)
        if not run._reported and (error is not None or not state.unfinished):
            self._report(run, error, number)
        if dropped:
            self._drop(dropped)

    def _drop(self, values: list[Any]) -> None:
        """Let values die; the lock is let go for it, because a value may have a file to remove."""
        self._lock.release()
        try:
            values.clear()
        finally:
            self._lock.acquire()

    def _report(self, run: Run, error: BaseException | None, number: int) -> None:
        """Tell that a run is over; the lock is let go for it."""
        run._reported = True
        values = run._state.results() if error is None else None
        key = None if error is None else run._state.keys[number]
        dropped = run._state.stop()
        self._abandon(run)
        self._lock.release()
        try:
            dropped.clear()
            run._on_done(values, error, key)
        finally:
            self._lock.acquire()
