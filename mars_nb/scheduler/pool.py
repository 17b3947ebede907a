"""Threads that carry runs out.

Concurrency
-----------
- `Scheduler.submit`, `Run.cancel` and `Scheduler.close` may be called from any thread.
- One lock (``Scheduler._lock``, with a condition for each idle worker) guards the runs' states, the list of runs and
  the list of workers. It is never held over a task's function, over a run's ``on_done`` or over anything else that is
  not ours.
- A worker is busy from when it is called until it rests, and the `Gauge` is told of changes of that, not of each task.
  Who begins a task beside which nothing runs and nothing could is one alone, whoever else is still on the way from
  being called or to rest: a product that takes all cores finds them from its beginning. Of who goes to rest beside a
  task the gauge is told a little later: the end of a task is better left alone, as threads that help spin for a while.
- A worker takes a task, lets the lock go, runs the task, takes the lock and puts the value in. It wakes others only
  when more than one task became ready, and goes on with the next task itself.
- A cancelled run is over at once for its caller. Workers that are inside its tasks cannot be stopped; they are
  replaced by fresh ones, drop their value when they come back, and end.
- A run that a task submits is carried out by the task's own thread.
- Workers are daemon threads, started when there is work for them, and end when they were idle for a while or
  the scheduler was closed.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Hashable, Iterable
from dataclasses import replace
from time import monotonic, perf_counter
from typing import Any

from mars_nb.scheduler import inside
from mars_nb.scheduler.hooks import Gauge, Keeper
from mars_nb.scheduler.run import FailedTask, OnDone, Run, Trail, Worker
from mars_nb.scheduler.state import Graph, Key, RunState

#: Seconds after which an idle worker ends.
IDLE_SECONDS = 5.0
#: About as long do threads of OpenBLAS spin after they were needed, which takes a core from others.
SPIN_SECONDS = 0.03
_NOTHING = 0.0, 0.0


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
    gauge
        Is told how many workers are busy.

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

    def __init__(
        self, n_threads: int, name: str = "mars_nb", keeper: Keeper | None = None, gauge: Gauge | None = None
    ) -> None:
        self.n_threads = n_threads
        self.name = name
        self._keeper = keeper
        self._gauge = gauge
        self._lock = threading.Lock()
        self._runs: list[Run] = []
        self._workers: set[Worker] = set()
        self._started = 0
        self._told = 0  # busy workers, as the gauge knows it
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
            the task that raised; or with three times None if the run was cancelled.

        Raises
        ------
        RuntimeError
            If the scheduler was closed.
        """
        run = self.prepare(graph, outputs, on_done)
        run.start()
        return run

    def prepare(
        self,
        graph: Graph,
        outputs: Iterable[Key],
        on_done: OnDone,
        counted_as: Callable[[Hashable], Hashable] | None = None,
    ) -> Run:
        """Make a run that `Run.start` starts, for callers that must know it before an interrupt can come."""
        return Run(self, RunState(graph, outputs, counted_as), on_done)

    def _start(self, run: Run) -> None:
        ready = run._state.ready
        if self._gauge is not None and min(ready, self.n_threads) > 1:
            self._gauge.prepare()
        with self._lock:
            if self._closed:
                raise RuntimeError("the scheduler was closed")
            if run._reported:
                return
            thread = threading.current_thread()
            if isinstance(thread, Worker):
                self._run_here(run, thread.place)
                return
            if not run._state.over:
                self._runs.append(run)
                self._call_workers(ready)
                return
            run._reported = True
        run._on_done({}, None, None)

    def close(self) -> None:
        """Cancel all runs and end the workers. Does not wait for tasks that are inside a long call."""
        with self._lock:
            self._closed = True
            runs = list(self._runs)
            for worker in self._workers:
                worker.call.notify()
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
        deadline = monotonic() + timeout
        with self._lock:
            workers = list(self._workers)
        for worker in workers:
            if worker is not threading.current_thread():
                worker.join(max(0.0, deadline - monotonic()))
        return not any(worker.is_alive() for worker in workers)

    def read(self, trail: Trail) -> Trail:
        """Take out of a run's trail what is there, with what runs now in it."""
        with self._lock:
            items, trail.items = trail.items, []
            if trail.until is None:
                return Trail(trail.counted, items, self._inside(trail), perf_counter())
            return replace(trail, items=items)

    # --- with the lock held --------------------------------------------------------------------------

    def _call_workers(self, tasks: int) -> None:
        """Call workers that rest, and start some. An interrupt may end this at any point without any harm done."""
        called = active = 0
        for worker in self._workers:
            if worker.resting and called < tasks:
                worker.call.notify()
                worker.resting = False  # after: who wakes up without a call just ends
                called += 1
            active += not worker.abandoned
        for _ in range(min(tasks - called, self.n_threads - active)):
            self._started += 1
            called += 1
            taken = {worker.place for worker in self._workers if not worker.abandoned}
            worker = Worker(self, self._started, next(place for place in itertools.count(1) if place not in taken))
            worker.start()
            self._workers.add(worker)  # after: only who lives is counted
        if called:
            self._tell()

    def _tell(self) -> float:
        """Tell the gauge how many workers are busy: counted anew, so that nothing adds up to a wrong number."""
        if self._gauge is None:
            return 0.0
        self._told = sum(not (worker.resting or worker.abandoned) for worker in self._workers)
        return self._gauge.busy(self, self._told)

    def _tell_of_task(self, gauge: Gauge) -> None:
        """Tell the gauge if a task that a worker begins runs alone, or no longer does."""
        busy = inside = 0
        for worker in self._workers:
            if not (worker.resting or worker.abandoned):
                busy += 1
                inside += worker.inside is not None
        alone = busy == 1 or (inside == 1 and not any(run._state.ready for run in self._runs))
        if alone != (self._told == 1):
            self._told = 1 if alone else busy
            gauge.busy(self, self._told)

    def _abandon(self, run: Run) -> None:
        if run in self._runs:
            self._runs.remove(run)
        run.trail.running, run.trail.until = self._inside(run.trail), perf_counter()
        for worker in self._workers:
            if worker.inside is run:
                worker.abandoned = True
        self._call_workers(sum(other._state.ready for other in self._runs))
        self._tell()

    def _inside(self, trail: Trail) -> list[tuple[int, int, float]]:
        """List what runs of a run, as in `Trail.running`."""
        inside = [worker for worker in self._workers if worker.inside is not None and worker.inside.trail is trail]
        return [(worker.task, worker.place, worker.began) for worker in inside]

    def _crowded(self) -> bool:
        """Tell whether the values in use are more than what memory is for."""
        return self._keeper is not None and sum(run._state.live for run in self._runs) > self._keeper.limit

    def _next(self, crowded: bool) -> Run | None:
        """Give a run that has a task to take; the runs take turns."""
        runs = self._runs
        for run in runs:
            if run._state.can_take(crowded):
                if len(runs) > 1:
                    runs.remove(run)
                    runs.append(run)
                return run
        self._held_back = crowded
        return None

    def _rest(self, worker: Worker) -> bool:
        """Wait to be called; False after a while, or if the scheduler was closed."""
        if self._closed:
            return False
        worker.resting = True
        again = SPIN_SECONDS if any(other.inside and not other.abandoned for other in self._workers) else self._tell()
        if again:
            worker.call.wait(again)
            if worker.resting:
                self._tell()
        if worker.resting and not self._closed:
            worker.call.wait(IDLE_SECONDS)
        called = not worker.resting  # also if the call came when the time was over: none may get lost
        worker.resting = False
        return called

    # --- on a worker ---------------------------------------------------------------------------------

    def _work(self, worker: Worker) -> None:
        with self._lock:
            self._workers.add(worker)
            while not worker.abandoned:
                crowded = self._crowded()
                run = self._next(crowded)
                if run is not None:
                    if self._held_back and any(other.resting for other in self._workers):
                        self._call_workers(1)
                    self._perform(worker, run, crowded, worker.place)
                    del run  # holds values
                elif not self._rest(worker):
                    break
            self._workers.discard(worker)
            self._tell()

    def _run_here(self, run: Run, place: int) -> None:
        """Run all tasks on this thread: a task that waited for its own thread's turn might wait for ever."""
        if run._state.over:
            self._report(run, None, 0)
        with inside.at(inside.Nested(lambda: run._reported, inside.current())):
            while not run._state.over:
                self._perform(None, run, False, place)

    def _perform(self, worker: Worker | None, run: Run, crowded: bool, place: int) -> None:
        """Run a task; the lock is let go for it. Without a worker it is one that a task of another run asked for."""
        __tracebackhide__ = True
        state, lock, keeper, gauge = run._state, self._lock, self._keeper, self._gauge
        number = state.take(crowded)
        function, arguments = state.tasks[number].function, state.arguments(number)
        began = perf_counter()
        if worker is not None:
            worker.inside, worker.task, worker.began, worker.told = run, number, began, _NOTHING
            if gauge is not None and (self._told == 1 or not state.ready):
                self._tell_of_task(gauge)
        error: BaseException | None = None
        value = None
        lock.release()
        try:
            if gauge is not None and worker is not None and worker.turn != gauge.turn:
                worker.turn = gauge.follow()
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
        ended = perf_counter()
        run.trail.items += (number, place, began, ended)
        if worker is not None:
            worker.inside = None
        dropped: list[Any] | None = None if keeper is None else []
        if error is None:
            ready = state.finish(number, value, dropped, ended - began)
            del value
            if ready > 1:
                self._call_workers(ready - 1)
        else:
            state.fail(number)
        if not run._reported and (error is not None or not state.unfinished):
            self._report(run, error, number)
        if dropped:
            self._drop(dropped)
        del error, run, state  # whoever keeps the error's traceback keeps this frame

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
        failed = None if error is None else FailedTask(run._state.keys[number], run._state.arguments(number))
        dropped = run._state.stop()
        self._abandon(run)
        self._lock.release()
        try:
            dropped.clear()
            run._on_done(values, error, failed)
        except BaseException as raised:  # is told, and the worker goes on for the other runs
            told = type(raised), raised, raised.__traceback__, threading.current_thread()
            threading.excepthook(threading.ExceptHookArgs(told))
        finally:
            self._lock.acquire()
