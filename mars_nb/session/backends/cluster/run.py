"""One execution on a cluster.

Concurrency
-----------
`ClusterRun.start` and `cancel` may be called from any thread. `hear` is called on the event loop of Dask's client, in
the order of events, and Dask tells on a thread of its own that a task is over. One lock guards the tables; it is not
held over a call of anybody else's. The end is told on a thread of its own: Dask has one to tell everybody, and whoever
is told may wait for another run.
"""

from __future__ import annotations

import contextvars
import pickle
import sys
import threading
from collections.abc import Callable, Collection, Hashable, Sequence
from concurrent.futures import CancelledError
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from distributed import Future

from mars_nb.errors import ClusterLost
from mars_nb.graph.node import Node
from mars_nb.scheduler import Graph, Key
from mars_nb.session.backends.base import Memory, Progress
from mars_nb.session.backends.cluster.describing import Description, describe
from mars_nb.session.backends.cluster.shipping import Held, shipment
from mars_nb.session.backends.cluster.told import ToldTimeline
from mars_nb.session.backends.cluster.worker import Shipped

if TYPE_CHECKING:
    from mars_nb.session.backends.cluster.backend import ClusterBackend


@dataclass(frozen=True, slots=True)
class Chunk:
    """A value on the cluster, which stays there as long as this does.

    Attributes
    ----------
    future
        Dask's.
    description
        What is known of it.
    """

    future: Future[Any]
    description: Description

    @property
    def is_there(self) -> bool:
        """Whether the cluster has it, or computes it again by itself."""
        return self.future.status not in ("cancelled", "error")


class Failed(NamedTuple):
    """What went wrong in a run.

    Attributes
    ----------
    error
        With the worker's traceback.
    key
        Of the chunk task that raised, None if it was something else.
    lost
        Whether the cluster lost something, so that another attempt may help.
    """

    error: BaseException
    key: Key | None = None
    lost: bool = False


OnDone = Callable[[dict[Key, Chunk] | None, Failed | None], None]


class ClusterRun:
    """An execution on a cluster; see `mars_nb.session.backends.base.Work`.

    Parameters
    ----------
    backend
        Whose it is.
    number
        Unlike that of any other run of the backend.
    graph, outputs
        See `mars_nb.scheduler.RunState`.
    on_done
        Is called once, with the outputs or with what went wrong; not if the run is cancelled.
    """

    def __init__(
        self, backend: ClusterBackend, number: int, graph: Graph, outputs: Collection[Key], on_done: OnDone
    ) -> None:
        self.number = number
        self._backend = backend
        self._outputs = list(dict.fromkeys(outputs))
        self._on_done = on_done
        self._context = contextvars.copy_context()
        self._lock = threading.Lock()
        self._over = False
        self._chains: list[Sequence[Key]] = []  # by number
        self._operations: list[Hashable] = []  # that of each one's last task
        self._parts: dict[int, float] = {}  # that are done, of those that told
        wanted = set(self._outputs)

        def wrap(packed: tuple[bytes, ...], chain: Sequence[Key]) -> Shipped:
            self._chains.append(chain)
            self._operations.append(graph[chain[-1]].operation)
            return Shipped(packed, backend.name, number, len(self._chains) - 1, chain[-1] in wanted)

        self._shipment = shipment(graph, self._outputs, f"{backend.name}.{number}", wrap)
        self._counts: dict[str, tuple[int, int, float] | None] = {}
        held = ((key, graph[key].function) for key in self._outputs)
        self._described = {key: place.description for key, place in held if isinstance(place, Held)}
        self._failed: Key | None = None
        self.timeline = ToldTimeline([operations[-1] for operations, _ in self._shipment.groups.values()])
        self._futures: dict[Key, Future[Any]] = {}
        self._left = len(self._outputs)

    # --- any thread ----------------------------------------------------------------------------------

    def start(self) -> None:
        """Let the tasks start, unless the run was cancelled."""
        if self._is_over():
            return
        self._backend.runs[self.number] = self
        self._backend.timelines[self.number] = self.timeline
        keys = self._shipment.keys
        futures = self._backend.client.get(self._shipment.graph, [keys[key] for key in self._outputs], sync=False)
        with self._lock:
            self._futures = dict(zip(self._outputs, futures, strict=True))
        if self._is_over():  # cancelled meanwhile
            self._let_go()
        for future in futures:
            future.add_done_callback(self._ended)

    def cancel(self) -> bool:
        """Let nothing more start, and end what runs on workers as far as it is Python code."""
        if not self._end():
            return False
        self._let_go()
        self._backend.stop(self.number)
        return True

    def progress(self) -> tuple[Progress, ...]:
        """Tell how far each operation is."""
        found: dict[Node, list[float]] = {}
        told: dict[Hashable, float] = {}
        for number, done_of_it in list(self._parts.items()):
            name = self._operations[number]
            told[name] = told.get(name, 0.0) + done_of_it
        idle = self.n_threads
        for group, (operations, total) in self._shipment.groups.items():
            # Dask forgets a group of which all is done.
            done, sent, seconds = self._counts.get(group, (0, 0, 0.0)) or (total, 0, 0.0)
            running = min(sent, idle)  # the others wait on the workers
            idle -= running
            for operation in operations:
                if not isinstance(operation, Node):  # what only hands values on
                    continue
                sums = found.setdefault(operation, [0, 0, 0, 0.0])
                # A chain runs on one thread: it counts for its last operation.
                part = (done, running if operation is operations[-1] else 0, total, seconds / len(operations))
                sums[:] = [old + new for old, new in zip(sums, part, strict=True)]
        listed = (
            Progress(node, int(done), int(running), int(total), seconds, part=min(told.get(node, 0.0), running))
            for node, (done, running, total, seconds) in found.items()
        )
        return tuple(sorted(listed, key=lambda progress: progress.node.key))

    def memory(self) -> Memory:
        """Tell what the workers hold."""
        backend = self._backend
        return Memory(backend.memory, backend.spilled, backend.memory_limit, 0)

    @property
    def n_threads(self) -> int:
        """How many tasks run at a time."""
        return self._backend.n_threads

    # --- on the client's event loop ------------------------------------------------------------------

    def hear(self, message: dict[str, Any]) -> None:
        """Take an event of this run."""
        match message:
            case {"counts": counts}:
                self._counts.update(counts)
            case {"part": part, "task": number}:
                self._parts[number] = part
            case {"printed": (stream, text)}:
                self._context.run(lambda: getattr(sys, stream).write(text))
            case {"output": described, "task": number}:
                self._described[self._chains[number][-1]] = pickle.loads(described)
            case {"failed": position, "task": number}:
                self._failed = self._chains[number][position]

    def fail(self, error: BaseException) -> None:
        """End the run, because nothing will come of it."""
        if self._end():
            self._tell(Failed(error))

    # --- on Dask's thread ----------------------------------------------------------------------------

    def _ended(self, future: Future[Any]) -> None:
        with self._lock:
            self._left -= 1
            goes_on = self._over or (self._left > 0 and future.status == "finished")
        if not goes_on and self._end():
            self._tell(future)

    def _tell(self, end: Future[Any] | Failed) -> None:
        # In the context that began it, so that another attempt prints where the first did.
        report = partial(self._context.copy().run, self._report, end)
        threading.Thread(target=report, name="mars_nb-cluster", daemon=True).start()

    # --- on a thread of its own ----------------------------------------------------------------------

    def _report(self, end: Future[Any] | Failed) -> None:
        try:
            failed = end if isinstance(end, Failed) else self._failure(end)
            chunks = None if failed else {key: self._chunk(key, future) for key, future in self._futures.items()}
        except CancelledError:
            chunks, failed = None, self._loss()
        except Exception as error:
            chunks, failed = None, Failed(error)
        if failed is None:
            self._counts.update(dict.fromkeys(self._shipment.groups))  # None: all is done
        self._let_go(cancel=failed is not None)
        self._on_done(chunks, failed)

    def _failure(self, future: Future[Any]) -> Failed | None:
        if future.status == "finished":
            return None
        if future.status == "error":
            error = future.exception()
            return Failed(error.with_traceback(future.traceback()), self._failed)
        return self._loss()

    def _loss(self) -> Failed:
        return Failed(ClusterLost(f"the cluster at {self._backend.address} lost what it computed"), lost=True)

    def _chunk(self, key: Key, future: Future[Any]) -> Chunk:
        described = self._described.get(key)
        if described is None:  # an event that was missed
            described = self._backend.client.submit(describe, future, pure=False).result()
        return Chunk(future, described)

    # --- anywhere ------------------------------------------------------------------------------------

    def _is_over(self) -> bool:
        with self._lock:
            return self._over

    def _end(self) -> bool:
        """Tell whether the run was not over yet; it is now."""
        with self._lock:
            was_over, self._over = self._over, True
        return not was_over

    def _let_go(self, *, cancel: bool = True) -> None:
        with self._lock:
            futures, self._futures = list(self._futures.values()), {}
        self._backend.runs.pop(self.number, None)
        if cancel and futures:
            self._backend.cancel(futures)
