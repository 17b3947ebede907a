"""The local backend: this process's threads and memory."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from contextvars import copy_context
from functools import cache, partial
from typing import Any

import numpy as np
import pandas as pd

from mars_nb.config import options
from mars_nb.errors import SpillError, UserExit
from mars_nb.graph import constants
from mars_nb.graph.claims import held_by_user
from mars_nb.graph.meta import PandasMeta, TensorMeta
from mars_nb.graph.node import Node, Source
from mars_nb.planner import Plan, engines, plan
from mars_nb.planner.estimate import nbytes_of_value
from mars_nb.planner.inputs import sources
from mars_nb.planner.layout import ChunkKey, Layout, Rows, Single, described, stored
from mars_nb.planner.plan import Intermediate
from mars_nb.scheduler import FailedTask, Graph, Key, OnDone, Run, Scheduler
from mars_nb.session import failures
from mars_nb.session.backends import blas
from mars_nb.session.backends.base import Memory, OnTheWay, Progress, Work
from mars_nb.session.backends.grouping import Group, Grouping
from mars_nb.session.backends.intermediates import Intermediates
from mars_nb.session.backends.memory import MemoryKeeper, bytes_of, description_of, limit_of, new_buffer, spilled_bytes
from mars_nb.session.backends.trails import timeline_of
from mars_nb.session.failures import Given
from mars_nb.storage import SMALL, DiskError, ResultStore

_SAMPLE_ROWS = 5
# Chunks of stored values, by the names of these.
_Chunks = dict[str, Mapping[ChunkKey, Any]]


class LocalBackend:
    """Runs chunk tasks on threads of this process and keeps results in its memory; see `Backend`.

    Parameters
    ----------
    n_threads
        How many chunk tasks run at a time; ``options.n_threads``, or one a core that this process may use, if not
        given.
    name
        Begins the threads' names.
    memory_limit
        Bytes or a text such as ``"4GiB"``, for results and intermediate values together; what goes beyond it is on
        disk. ``options.memory_limit``, or 60 % of the memory there is, if not given.
    """

    address = None

    def __init__(
        self, n_threads: int | None = None, name: str = "mars_nb", memory_limit: int | str | None = None
    ) -> None:
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
        self.memory_limit = limit_of(memory_limit)
        self._buffer = new_buffer(self.memory_limit)
        self._keeper = MemoryKeeper(self._buffer)
        self._scheduler = Scheduler(n_threads or options.n_threads or cores or 1, name, self._keeper, blas.gauge)
        self._store: ResultStore[Layout] = ResultStore(bytes_of)
        self._intermediates = Intermediates(description_of, bytes_of)
        self._buffer.relieve = self._intermediates.relieve

    @property
    def n_threads(self) -> int:
        """How many chunk tasks run at a time."""
        return self._scheduler.n_threads

    @property
    def nbytes(self) -> int:
        """Bytes of all results."""
        return self._store.nbytes

    @property
    def memory(self) -> int:
        """Bytes of results and intermediate values that are in memory."""
        return self._buffer.memory

    @property
    def spilled(self) -> int:
        """Bytes of results and intermediate values that are on disk."""
        return self._buffer.disk

    def submit(
        self,
        nodes: Sequence[Node],
        done: Callable[[BaseException | None], None],
        begun: Callable[[Work], object],
        may_be_columnar: bool = True,
    ) -> None:
        """Start to compute and keep the values of `nodes`; see `Backend.submit`.

        What the columnar engine turns out not to be able to compute is begun again without it.
        """
        again = partial(copy_context().run, self.submit, nodes, done, begun, may_be_columnar=False)
        used: _Chunks = {}  # stays as it is until the run is over, whatever is released
        planned = self._planned(nodes, used, may_be_columnar)
        taking = self._intermediates.taking(planned, used)
        there = self._constants(planned, used)

        def on_done(values: dict[Key, Any] | None, error: BaseException | None, failed: FailedTask | None) -> None:
            taking.end()
            if values is None and error is None:
                return  # cancelled: the caller knows
            if error is None:
                try:
                    self._keep(planned, there or values or {})
                except Exception as raised:
                    error = raised
            elif may_be_columnar and engines.is_refusal(error):
                _begin_elsewhere(again, done)
                return
            elif failed is not None:
                error = self._explained(error, planned.graph, failed)
                used.clear()  # the error's frames refer to it
            done(error)

        if there:
            self._start({}, (), on_done, begun)
        else:
            self._start(taking.graph, planned.outputs, on_done, begun)

    def _constants(self, planned: Plan, used: _Chunks) -> dict[Key, Any]:
        """Give all that is wanted if it was computed when it was recorded: no thread needs to be woken up for it."""
        if any(lowered.how != "constant" for lowered in planned.lowered.values()):
            return {}
        values = {key: used[node.key][key] for node, layout in planned.layouts.items() for key in layout.keys}
        # To ask pandas for exact bytes takes longer than all else.
        return {k: v if constants.nbytes_of(v) < SMALL else self._keeper.hold(v) for k, v in values.items()}

    def plan(self, nodes: Sequence[Node]) -> Plan:
        """Tell what `submit` would run."""
        return self._planned(nodes, {})

    def _planned(self, nodes: Sequence[Node], used: _Chunks, may_be_columnar: bool = True) -> Plan:
        """Plan the computation of `nodes`; the chunks that it needs of what is there are put into `used`."""
        version = cache(sources.version)
        known: dict[str, int] = {}  # bytes of constants

        def held(name: str) -> Layout | None:
            result = self._store.get(name)
            if result is None:
                return None
            used.setdefault(name, result.chunks)
            return result.description

        def kept(name: str) -> Intermediate | None:
            found = self._intermediates.find(name, version)
            if found is None:
                return None
            used.setdefault(name, found.chunks)
            return found.what

        def constant(node: Node) -> Single | None:
            found = node.constant
            if found is None or options.engine == "columnar" or not found.is_current:
                return None
            used[node.key], known[node.key] = {(node.key, 0): found.value}, found.nbytes
            return Single((node.key, 0), described(found.value)[1])

        def load(key: ChunkKey) -> Any:
            return used[key[0]][key]  # type: ignore[index]  # keys of `stored`

        def nbytes_of(name: str) -> int:
            return known[name] if name in known else sum(map(bytes_of, used.get(name, {}).values()))

        columnar = None
        if may_be_columnar:
            memory = engines.Memory(self.memory_limit, self.memory_limit - self.memory)
            columnar = partial(engines.find, nbytes_of=nbytes_of, memory=memory, near=True)
        if options.keep_intermediates:
            return plan(nodes, held, load, kept, constant, self._is_wished, version, columnar)
        return plan(nodes, held, load, constant=constant, columnar=columnar)

    def _is_wished(self, node: Node) -> bool:
        """Tell whether the user has a variable for a node that is computed on the way, and it may fit into memory."""
        return held_by_user(node.key) is not None and (nbytes_of_value(node) or 0) <= self._buffer.limit

    def _start(self, graph: Graph, outputs: Collection[Key], on_done: OnDone, begun: Callable[[Work], object]) -> None:
        run = self._scheduler.prepare(graph, outputs, on_done, Grouping().of)
        begun(LocalWork(run, self))
        run.start()

    def _status(self, peak: int) -> Memory:
        return Memory(self.memory, self.spilled, self.memory_limit, peak)

    def run(
        self,
        graph: Graph,
        outputs: Collection[Key],
        done: Callable[[dict[Key, Any], BaseException | None], None],
        begun: Callable[[Work], object],
    ) -> None:
        """Start to run chunk tasks whose values are handed over instead of kept; see `Backend.run`."""

        def on_done(values: dict[Key, Any] | None, error: BaseException | None, failed: FailedTask | None) -> None:
            if values is not None:
                done({key: self._keeper.get(value) for key, value in values.items()}, None)
            elif error is not None:
                if failed is not None:
                    failures.attach(error, failures.failure(error, graph, failed.key, self._given(graph, failed)))
                done({}, error)

        self._start(graph, outputs, on_done, begun)

    def _explained(self, raised: BaseException, graph: Graph, failed: FailedTask) -> BaseException:
        """Say which operation raised, and where it was recorded."""
        error = _ours(raised)
        failure = failures.failure(raised, graph, failed.key, self._given(graph, failed))
        failures.add_note(error, failure.story)
        failures.attach(error, failure)
        return error

    def _given(self, graph: Graph, failed: FailedTask) -> list[Given]:
        """Tell what a failed task was given, without bringing it into memory."""
        found = []
        for key, held in zip(graph[failed.key].inputs, failed.arguments, strict=True):
            kind, shape = description_of(held)
            of = " of " + " x ".join(map(str, shape)) if shape else ""
            node = graph[key].operation
            name = node.short_name if isinstance(node, Node) else "result"  # one that was held is of no operation
            found.append(Given(name, f"{kind.__name__}{of}", partial(self._keeper.get, held)))
        return found

    def _keep(self, planned: Plan, values: dict[Key, Any]) -> None:
        for node, layout in planned.layouts.items():
            kept, chunks = stored(layout, node.key, values, description_of)
            self._store.put(node.key, kept, chunks)
            self._intermediates.release(node.key)
            if not isinstance(node.op, Source):  # of data that was given all is known; it may be on disk yet
                self._observe(node, kept, list(chunks.values()))

    def _observe(self, node: Node, layout: Layout, chunks: list[Any]) -> None:
        """Put what was seen of a value in place of what was guessed, unless it is of another kind."""
        filled = (i for i, n in enumerate(layout.lengths or ()) if n) if isinstance(layout, Rows) else iter(())
        first = self._keeper.get(chunks[next(filled, 0)])
        match node.meta:
            case PandasMeta(sample=sample):
                if type(first) is type(sample) or (isinstance(first, pd.Index) and isinstance(sample, pd.Index)):
                    node.meta = PandasMeta(first[:_SAMPLE_ROWS].copy(), layout.shape[0])
            case TensorMeta() if isinstance(first, np.ndarray | np.generic):
                node.meta = TensorMeta(first.shape if isinstance(layout, Single) else layout.shape, first.dtype)

    def layout(self, name: str) -> Layout | None:
        """Tell how a result is cut, None if it is not there."""
        return self._store.description(name)

    def nbytes_of(self, name: str) -> int:
        """Tell the bytes of a result, 0 if it is not there."""
        return self._store.nbytes_of(name)

    def spilled_of(self, name: str) -> int:
        """Tell how many bytes of a result are on disk only."""
        result = self._store.get(name)
        return 0 if result is None else sum(spilled_bytes(chunk) for chunk in result.chunks.values())

    def intermediates(self) -> list[OnTheWay]:
        """List what is kept though it is no result."""
        return [OnTheWay(kept.node, kept.what.layout, kept.nbytes, kept.at) for kept in self._intermediates.all()]

    def read(self, name: str, keys: Sequence[ChunkKey], into: Sequence[Any] = ()) -> list[Any]:
        """Bring chunks of a result."""
        return [self._keeper.get(chunk) for chunk in self._store.read(name, keys)]

    def release(self, name: str) -> None:
        """Let a result, or an intermediate, go."""
        self._store.release(name)
        self._intermediates.release(name)

    def close(self) -> None:
        """Cancel everything and let all results go; see `Backend.close`."""
        self._scheduler.close()
        self._intermediates.close()
        self._store.clear()
        self._buffer.close()


class LocalWork:
    """An execution on threads of this process; see `Work`."""

    def __init__(self, run: Run, backend: LocalBackend) -> None:
        self._run = run
        self._backend = backend
        self._peak = backend._buffer.watch()
        self.timeline = timeline_of(run, backend._scheduler)

    @property
    def n_threads(self) -> int:
        """How many chunk tasks can run at a time."""
        return self._backend.n_threads

    def memory(self) -> Memory:
        """Tell what is in memory and what was at most."""
        return self._backend._status(self._peak.nbytes)

    def cancel(self) -> bool:
        """Let nothing more start."""
        return self._run.cancel()

    def progress(self) -> tuple[Progress, ...]:
        """Tell how far each operation is."""
        counts = self._run.counts()
        found = (
            Progress(group.node, c.done, c.running, c.total, c.seconds, c.under_way, group.number, c.part)
            for group, c in counts.items()
            if isinstance(group, Group)
        )
        return tuple(sorted(found, key=lambda progress: progress.node.key))


def _begin_elsewhere(begin: Callable[[], None], done: Callable[[BaseException | None], None]) -> None:
    """Begin an execution again on a thread of its own: what is submitted on a worker would be run by that one alone."""

    def work() -> None:
        try:
            begin()
        except Exception as error:  # nobody else would hear of it
            done(error)

    threading.Thread(target=work, name="mars_nb-again", daemon=True).start()


def _ours(error: BaseException) -> BaseException:
    """Turn what would end the user's program, and what is no error of the task's, into an error of ours."""
    if isinstance(error, DiskError):
        made: BaseException = SpillError(
            f"memory is full, and the rest cannot be put on disk: {error}",
            hints=[
                "mars_nb.options.spill_directory = '...'  # a place with room, for new sessions",
                "mars_nb.new_session(memory_limit='8GiB')  # or more memory",
                "del ...  # results that are not needed any more",
            ],
        )
    elif isinstance(error, Exception):
        return error
    else:
        made = UserExit(f"a function of yours raised {error!r} inside a chunk task; the session goes on")
    made.__cause__ = error
    return made
