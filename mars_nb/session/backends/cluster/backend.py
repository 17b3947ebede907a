"""The cluster backend: this process records and plans, a Dask cluster computes and keeps."""

from __future__ import annotations

import itertools
import pickle
import secrets
import weakref
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import CancelledError
from contextlib import suppress
from contextvars import copy_context
from functools import partial
from typing import Any

import cloudpickle
import numpy as np
from distributed import Client, Future

from mars_nb.errors import ClusterLost
from mars_nb.graph.meta import PandasMeta, TensorMeta
from mars_nb.graph.node import Node
from mars_nb.planner import Plan, engines, plan
from mars_nb.planner.layout import ChunkKey, Layout, Single, stored
from mars_nb.planner.plan import Columnar
from mars_nb.scheduler import ChunkTask, Graph, Key
from mars_nb.session import failures
from mars_nb.session.backends.base import OnTheWay, Work
from mars_nb.session.backends.cluster import worker
from mars_nb.session.backends.cluster.connecting import grace_s
from mars_nb.session.backends.cluster.describing import Description
from mars_nb.session.backends.cluster.run import Chunk, ClusterRun, Failed, OnDone
from mars_nb.session.backends.cluster.shipping import Held
from mars_nb.session.backends.cluster.stopping import stop
from mars_nb.session.backends.cluster.told import ToldTimeline
from mars_nb.session.backends.cluster.uploads import Uploads
from mars_nb.session.latch import Latch
from mars_nb.storage import ResultStore, Stored


def _load(key: ChunkKey) -> None:
    """Stand where a chunk task would bring a chunk of a result."""


#: How often a computation is begun whose data the cluster loses.
ATTEMPTS = 3
#: Up to so many workers a query on one of them is taken to be faster than pandas on all.
FEW_WORKERS = 4
#: Bytes of input up to which it is on any number of workers.
SMALL_INPUT = 2**28
# Part of a worker's memory that a query may take beside what the worker holds.
_OWN_PART = 0.6


class Totals:
    """What the workers are and hold, together. One for each client, because Dask has one listener for a topic.

    Parameters
    ----------
    client
        Connected to the cluster.

    Attributes
    ----------
    now
        Threads and bytes; see `worker.totals`.
    on_change
        Are called without arguments, on the client's event loop.
    """

    def __init__(self, client: Client) -> None:
        client.register_plugin(worker.Watcher())
        self._client = client
        self._connection = client.scheduler_comm
        self.on_change: dict[object, Callable[[], object]] = {}
        self.now: Mapping[str, int] = worker.totals(client.scheduler_info()["workers"].values())
        client.subscribe_topic(worker.CLUSTER, self._hear)

    @property
    def is_lost(self) -> bool:
        """Whether the connection broke. Dask's client makes another one, but the scheduler has let all of this go."""
        return self._client.status != "running" or self._client.scheduler_comm is not self._connection

    def _hear(self, event: tuple[float, dict[str, int]]) -> None:
        _, self.now = event
        for call in list(self.on_change.values()):
            call()


class ClusterBackend:
    """Runs chunk tasks on a Dask cluster and keeps results there; see `mars_nb.session.backends.base.Backend`.

    Parameters
    ----------
    address
        Of Dask's scheduler.
    client
        Connected to it; is closed with this.
    totals
        Of that client, if others use it: then it is not closed.

    Attributes
    ----------
    on_progress
        Is called without arguments when a run has moved, on the client's event loop.
    """

    def __init__(self, address: str, client: Client, totals: Totals | None = None) -> None:
        self.address = address
        self.client = client
        self.on_progress: Callable[[], object] = lambda: None
        self.name = secrets.token_hex(8)
        self.runs: dict[int, ClusterRun] = {}
        #: By the numbers of runs, also of some that are over: what ran last is told a moment later.
        self.timelines: weakref.WeakValueDictionary[int, ToldTimeline] = weakref.WeakValueDictionary()
        self._numbers = itertools.count(1)
        self._store: ResultStore[Layout] = ResultStore(lambda chunk: chunk.description.nbytes)
        self._uploads = Uploads(client, self.name)
        self._nodes: dict[str, Node] = {}  # of the results, by their keys
        self._placed: dict[str, dict[int, Chunk]] = {}  # of results that are to come, by their keys
        self._grace_s = grace_s()
        self._giving_up: object | None = None  # a timer, while there are no workers
        self._shares_client = totals is not None
        self._totals = totals or Totals(client)
        self._totals.on_change[self] = self._workers_changed
        client.subscribe_topic(worker.TOPIC + self.name, self._hear)

    @property
    def n_threads(self) -> int:
        """How many chunk tasks run at a time."""
        return self._totals.now["threads"]

    @property
    def nbytes(self) -> int:
        """Bytes of all results."""
        return self._store.nbytes

    @property
    def memory(self) -> int:
        """Bytes that the workers hold in memory, for whomever."""
        return self._totals.now["memory"]

    @property
    def spilled(self) -> int:
        """Bytes that the workers hold on disk, for whomever."""
        return self._totals.now["spilled"]

    @property
    def memory_limit(self) -> int:
        """Bytes that the workers may have in memory."""
        return self._totals.now["limit"]

    # --- execute -------------------------------------------------------------------------------------

    def submit(
        self,
        nodes: Sequence[Node],
        done: Callable[[BaseException | None], None],
        begun: Callable[[Work], object],
        attempts: int = ATTEMPTS,
        may_be_columnar: bool = True,
    ) -> None:
        """Start to compute and keep the values of `nodes`; see `Backend.submit`.

        What the cluster lost meanwhile is computed again, as often as there are `attempts`; what the columnar engine
        turns out not to be able to compute is begun again without it.
        """
        self._check()
        context = copy_context()
        used: dict[str, Stored[Layout]] = {}  # stays on the cluster until the run is over

        def held(name: str) -> Layout | None:
            result = self._store.get(name)
            if result is None or not all(chunk.is_there for chunk in result.chunks.values()):
                return None
            return used.setdefault(name, result).description

        planned = plan(nodes, held, _load, columnar=self._columnar() if may_be_columnar else None)
        graph = {key: self._in_place(key, task, used) for key, task in planned.graph.items()}

        def on_done(chunks: dict[Key, Chunk] | None, failed: Failed | None) -> None:
            error = None if failed is None else _explained(failed, planned.graph)
            used.clear()
            try:
                if chunks is not None:
                    self._keep(planned, chunks)
                elif failed is not None and failed.lost and attempts > 1 and not self._totals.is_lost:
                    context.run(self.submit, nodes, done, begun, attempts - 1, may_be_columnar)
                    return
                elif failed is not None and may_be_columnar and engines.is_refusal(failed.error):
                    context.run(self.submit, nodes, done, begun, attempts, may_be_columnar=False)
                    return
            except Exception as raised:
                error = raised
            done(error)

        self._start(graph, planned.outputs, on_done, begun)

    def run(
        self,
        graph: Graph,
        outputs: Collection[Key],
        done: Callable[[dict[Key, Any], BaseException | None], None],
        begun: Callable[[Work], object],
    ) -> None:
        """Start to run chunk tasks whose values are handed over instead of kept; see `Backend.run`."""
        self._check()

        def on_done(chunks: dict[Key, Chunk] | None, failed: Failed | None) -> None:
            values: dict[Key, Any] = {}
            error = None if failed is None else _explained(failed, graph)
            if chunks is not None:
                try:
                    values = dict(zip(chunks, self._bring(list(chunks.values())), strict=True))
                except Exception as raised:
                    error = raised
            done(values, error)

        self._start(graph, outputs, on_done, begun)

    def _check(self) -> None:
        """Raise if the connection broke: what is sent over it would wait for ever."""
        if self._totals.is_lost:
            raise ClusterLost(
                f"the connection to the cluster at {self.address} broke",
                hints=["mars_nb.new_session(URL)  # when it is back"],
            )

    def _start(self, graph: Graph, outputs: Collection[Key], on_done: OnDone, begun: Callable[[Work], object]) -> None:
        run = ClusterRun(self, next(self._numbers), graph, outputs, on_done)
        begun(run)
        run.start()

    def _in_place(self, key: Key, task: ChunkTask, used: Mapping[str, Stored[Layout]]) -> ChunkTask:
        """Put what is on the cluster in place of what would bring it."""
        load = _loaded(task.function)
        if load is not None:
            chunk = used[load[0]].chunks[load]  # type: ignore[index]  # keys of `stored`
        else:
            sent = self._uploads.chunk(key, task)
            if sent is None:
                return task
            chunk = sent
        return task._replace(function=Held(chunk.future.key, chunk.description))

    def _keep(self, planned: Plan, chunks: dict[Key, Chunk]) -> None:
        for node, layout in planned.layouts.items():
            kept, values = stored(layout, node.key, chunks, lambda chunk: chunk.description.kind)
            self._nodes[node.key] = node
            self._store.put(node.key, kept, values)
            self._observe(node, kept, list(values.values()))

    def _observe(self, node: Node, layout: Layout, chunks: Sequence[Chunk]) -> None:
        """Put what was seen of a value in place of what was guessed, unless it is of another kind."""
        found = next((c.description for c in chunks if c.description.kind[1][:1] != (0,)), chunks[0].description)
        match node.meta:
            case PandasMeta(sample=sample) if type(found.sample) is type(sample):
                node.meta = PandasMeta(found.sample, layout.shape[0])
            case TensorMeta() if isinstance(found.sample, np.dtype):
                node.meta = TensorMeta(found.kind[1] if isinstance(layout, Single) else layout.shape, found.sample)

    # --- results -------------------------------------------------------------------------------------

    def place(self, name: str, number: int, chunk: Any) -> None:
        """Take a chunk of a result that is to come; see `Receiver.place`."""
        self._check()
        sent = self._uploads.send(chunk)
        described: Description = pickle.loads(cloudpickle.dumps(sent.description))  # no view that keeps the chunk here
        self._placed.setdefault(name, {})[number] = Chunk(sent.future, described)

    def adopt(self, node: Node, layout: Layout, log: str = "") -> None:
        """Keep a result whose chunks were placed; see `Receiver.adopt`. If it is lost, it is computed."""
        placed = self._placed.pop(node.key)
        self._nodes[node.key] = node
        self._store.put(node.key, layout, {key: placed[number] for number, key in enumerate(layout.keys)})

    def plan(self, nodes: Sequence[Node]) -> Plan:
        """Tell what `submit` would run."""
        return plan(nodes, self.layout, columnar=self._columnar())

    def _columnar(self) -> Columnar:
        return partial(engines.find, nbytes_of=self.nbytes_of, memory=of_one_worker(self._totals.now))

    def layout(self, name: str) -> Layout | None:
        """Tell how a result is cut, None if it is not there."""
        return self._store.description(name)

    def nbytes_of(self, name: str) -> int:
        """Tell the bytes of a result, 0 if it is not there."""
        return self._store.nbytes_of(name)

    def spilled_of(self, name: str) -> int:
        """Tell how many bytes of a result are on disk only: the workers do not tell, so 0."""
        return 0

    def intermediates(self) -> list[OnTheWay]:
        """List what is kept though it is no result: nothing, on clusters."""
        return []

    def read(self, name: str, keys: Sequence[ChunkKey], into: Sequence[Any] = ()) -> list[Any]:
        """Bring chunks of a result; what the cluster lost is computed again.

        Raises
        ------
        ClusterLost
            If the cluster cannot be reached.
        """
        try:
            return self._bring(self._store.read(name, keys))
        except CancelledError:
            self._compute_again(self._nodes[name])
            return self._bring(self._store.read(name, keys))

    def _compute_again(self, node: Node) -> None:
        over = Latch()
        errors: list[BaseException | None] = []

        def done(error: BaseException | None) -> None:
            errors.append(error)
            over.open()

        self.submit([node], done, lambda work: None)
        over.wait()
        if errors[0] is not None:
            raise errors[0]

    def _bring(self, chunks: Sequence[Chunk]) -> list[Any]:
        large = [chunk.future for chunk in chunks if not chunk.description.values]
        brought = iter(self.client.gather(large) if large else ())
        return [chunk.description.values[0] if chunk.description.values else next(brought) for chunk in chunks]

    def release(self, name: str) -> None:
        """Let a result go."""
        self._nodes.pop(name, None)
        self._store.release(name)

    def cancel(self, futures: Sequence[Future[Any]]) -> None:
        """Let what was not done of these go. Does not wait."""
        assert self.client.loop is not None
        self.client.loop.add_callback(partial(self.client.cancel, list(futures), asynchronous=True, force=True))

    def stop(self, run: int) -> None:
        """End the chunk tasks of a cancelled run on the workers. Does not wait."""
        assert self.client.loop is not None
        self.client.loop.add_callback(self._stop, run)

    async def _stop(self, run: int) -> None:
        with suppress(Exception):  # a worker that is gone does not run it
            await self.client.run(stop, self.name, run, on_error="ignore")

    def close(self) -> None:
        """Cancel everything and let all results go; see `Backend.close`."""
        self._store.clear()
        self._uploads.clear()
        self._placed.clear()
        self._totals.on_change.pop(self, None)
        with suppress(Exception):  # the cluster may be gone
            if self._shares_client:
                self.client.unsubscribe_topic(worker.TOPIC + self.name)
            else:
                self.client.close()

    # --- on the client's event loop ------------------------------------------------------------------

    def _hear(self, event: tuple[float, dict[str, Any]]) -> None:
        _, message = event
        timeline = self.timelines.get(message["run"])
        if "ran" in message and timeline is not None:
            timeline.hear(message)
        run = self.runs.get(message["run"])
        if run is not None:
            run.hear(message)
            if "counts" in message:
                self.on_progress()

    def _workers_changed(self) -> None:
        loop = self.client.loop
        assert loop is not None
        if self._totals.now["threads"]:
            if self._giving_up is not None:
                loop.remove_timeout(self._giving_up)
                self._giving_up = None
        elif self._giving_up is None:
            self._giving_up = loop.call_later(self._grace_s, self._give_up)

    def _give_up(self) -> None:
        self._giving_up = None
        for run in list(self.runs.values()):
            run.fail(ClusterLost(f"the cluster at {self.address} has had no workers for {self._grace_s:g} s"))


def of_one_worker(totals: Mapping[str, int]) -> engines.Memory:
    """Tell what one worker may compute alone: a query of the columnar engine, with all cores of its machine.

    That is several times as fast as pandas on chunks with as many cores. So it pays on few workers, for all that is
    within the memory of one; where there are more, for what is so small that they would exchange more than compute.

    Parameters
    ----------
    totals
        See `worker.totals`.

    Examples
    --------
    >>> of_one_worker({"workers": 2, "smallest": 1000})
    Memory(limit=1000, left=600, most=500)
    >>> of_one_worker({"workers": 50, "smallest": 2**40}).most == SMALL_INPUT
    True
    """
    limit = totals["smallest"] or 2**62  # 0: no limit
    few = totals["workers"] <= FEW_WORKERS
    return engines.Memory(limit, int(limit * _OWN_PART), int(limit * engines.PART) if few else SMALL_INPUT)


def _loaded(function: Any) -> ChunkKey | None:
    """Give the key of the stored chunk that a chunk task would bring, None for any other."""
    return function.args[0] if isinstance(function, partial) and function.func is _load else None


def _explained(failed: Failed, graph: Graph) -> BaseException:
    """Say which operation raised, and where it was recorded."""
    if failed.key is not None:
        failure = failures.failure(failed.error, graph, failed.key, ())
        failures.add_note(failed.error, failure.story)
        failures.attach(failed.error, failure)
    return failed.error
