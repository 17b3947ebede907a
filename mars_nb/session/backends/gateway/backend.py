"""The gateway backend: this process records, a driver process behind the gateway plans, a cluster computes and keeps.

Concurrency
-----------
All methods may be called from any thread. The tables are written by single dictionary operations, because the garbage
collector takes entries out in any thread at any moment; there is no lock. Requests that the caller needs the answer of
are sent on the caller's thread. Events are heard on the stream's thread.
"""

from __future__ import annotations

import base64
import itertools
import pickle
import weakref
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from http.client import HTTPResponse
from typing import Any, NamedTuple

from mars_nb.config import options
from mars_nb.errors import ClusterLost, MarsError, TaskCancelled
from mars_nb.graph.meta import Meta
from mars_nb.graph.node import Node, ordered
from mars_nb.planner import Plan, engines, plan
from mars_nb.planner.layout import ChunkKey, Layout
from mars_nb.scheduler.state import Graph, Key
from mars_nb.session.backends.base import OnTheWay, Work
from mars_nb.session.backends.gateway import faults, spans
from mars_nb.session.backends.gateway.reading import Reading
from mars_nb.session.backends.gateway.recordings import Recording, pack
from mars_nb.session.backends.gateway.requests import Refused, Requests, gone
from mars_nb.session.backends.gateway.run import Event, GatewayRun, OnEnd
from mars_nb.session.backends.gateway.stream import EventStream
from mars_nb.session.latch import Latch
from mars_nb.session.timeline import Timeline
from mars_nb.storage import frames

#: Whoever attaches to a session counts runs from a number of their own on.
_NUMBERS = 10**9
#: How often a recording is sent because something that it refers to was missing.
_ATTEMPTS = 5
#: Seconds between two looks whether there is still something to wait for.
_LOOK_S = 0.5


class Kept(NamedTuple):
    """A result on the cluster.

    Attributes
    ----------
    layout
        How it is cut.
    nbytes
        Its bytes.
    values
        Its chunks if it is small, else None.
    """

    layout: Layout
    nbytes: int
    values: Sequence[Any] | None


class GatewayBackend:
    """Executes behind a gateway; see `mars_nb.session.backends.base.Backend`.

    Parameters
    ----------
    requests
        To the gateway.
    facts
        What the driver told of the session.

    Attributes
    ----------
    name
        The session's.
    on_event
        Takes the events that are about the session, or about what other clients do in it; on the stream's thread.
    """

    def __init__(self, requests: Requests, facts: Mapping[str, Any]) -> None:
        self.requests = requests
        self.name = str(facts["name"])
        self.on_event: Callable[[Event], object] = lambda event: None
        self._path = f"/api/v1/sessions/{facts['id']}"
        self._first = int(facts["attached"]) * _NUMBERS
        self._numbers = itertools.count(self._first)
        self._runs: dict[int, GatewayRun] = {}
        # Also of runs that are over: what ran last is told a moment later.
        self._timelines: weakref.WeakValueDictionary[int, Timeline] = weakref.WeakValueDictionary()
        self._results: dict[str, Kept] = {}
        self._sent: weakref.WeakSet[Node] = weakref.WeakSet()
        self._why: str | None = None  # the session is not there any more
        self._cluster(facts)
        self._stream = EventStream(requests, self._path, self._hear, int(facts["seq"]))

    def start(self) -> None:
        """Begin to hear events."""
        self._stream.start()

    def _cluster(self, event: Mapping[str, Any]) -> None:
        memory = event["memory"]
        self.n_threads = int(event["threads"])
        self.memory = int(memory["held"])
        self.spilled = int(memory["spilled"])
        self.memory_limit = int(memory["limit"])

    @property
    def address(self) -> str:
        """Where the gateway is, without the token."""
        return self.requests.address

    @property
    def nbytes(self) -> int:
        """Bytes of all results."""
        return sum(kept.nbytes for kept in list(self._results.values()))

    # --- execute -------------------------------------------------------------------------------------

    def submit(
        self, nodes: Sequence[Node], done: Callable[[BaseException | None], None], begun: Callable[[Work], object]
    ) -> None:
        """Start to compute and keep the values of `nodes`; see `Backend.submit`."""
        needed = ordered(nodes, self._is_known)

        def on_end(event: Event, error: BaseException | None) -> None:
            try:
                metas = {} if error is not None else {result["key"]: self.keep(result) for result in event["results"]}
                for node in nodes:
                    node.meta = metas.get(node.key, node.meta)
            except Exception as raised:
                error = raised
            done(error)

        self._start(needed, ("nodes", list(nodes), options.on_gather), ordered(nodes), on_end, begun)

    def run(
        self,
        graph: Graph,
        outputs: Collection[Key],
        done: Callable[[dict[Key, Any], BaseException | None], None],
        begun: Callable[[Work], object],
    ) -> None:
        """Start to run chunk tasks whose values are handed over instead of kept; see `Backend.run`."""
        wanted = list(dict.fromkeys(outputs))
        operations = dict.fromkeys(task.operation for task in graph.values() if isinstance(task.operation, Node))
        needed = ordered(operations, self._is_known)

        def on_end(event: Event, error: BaseException | None) -> None:
            values: list[Any] = []
            if error is None:
                try:
                    values = self._handed_over(event)
                except Exception as raised:
                    error = raised
            done(dict(zip(wanted, values, strict=True)) if error is None else {}, error)

        self._start(needed, ("graph", dict(graph), wanted), needed, on_end, begun)

    def place(self, name: str, number: int, chunk: Any) -> None:
        """Take a chunk of a result that is to come; see `Receiver.place`."""
        self._wait_for(("place", name, number, chunk))

    def adopt(self, node: Node, layout: Layout, log: str) -> None:
        """Keep a result whose chunks were placed; see `Receiver.adopt`. Its recording goes along, if it is lost."""
        (result,) = self._wait_for(("adopt", node, layout, log), ordered([node], self._is_known))["results"]
        node.meta = self.keep(result)

    def _wait_for(self, value: Any, needed: Sequence[Node] = ()) -> Event:
        """Start a run that takes no time on the cluster, and give the event that tells of its end."""
        over = Latch()
        found: list[tuple[Event, BaseException | None]] = []

        def on_end(event: Event, error: BaseException | None) -> None:
            found.append((event, error))
            over.open()

        self._start(needed, value, (), on_end, lambda run: None)
        while not over.wait(_LOOK_S):
            if self.requests.closed:  # nothing will be heard any more
                raise gone(self.name)
        ((event, error),) = found
        if error is not None:
            raise error
        return event

    def follow(self, run: GatewayRun) -> None:
        """Hear of a run, maybe one that somebody else began."""
        self._runs[run.number] = run
        self._timelines[run.number] = run.timeline

    def _is_known(self, node: Node) -> bool:
        return node in self._sent or node.key in self._results

    def _start(
        self, needed: Sequence[Node], value: Any, nodes: Iterable[Node], on_end: OnEnd, begun: Callable[[Work], object]
    ) -> None:
        self.check()
        run = GatewayRun(self, next(self._numbers), nodes, on_end)
        begun(run)
        self.follow(run)
        try:
            self._ship(run, needed, value)
        except BaseException:
            self._runs.pop(run.number, None)
            raise

    def _ship(self, run: GatewayRun, needed: Sequence[Node], value: Any) -> None:
        """Send a recording, and what the driver does not know of what it refers to."""
        for _ in range(_ATTEMPTS):
            recording = pack(needed, value, self._is_known)
            if run.is_over():
                return
            missing = self._post(run.number, recording)
            if missing is None:
                self._remember(recording.nodes)
                return
            for node in ordered(needed):
                if node.key in missing["nodes"]:
                    self._sent.discard(node)
                    self._results.pop(node.key, None)
            needed = ordered(needed, self._is_known)
            for digest in missing["uploads"]:
                if run.is_over():
                    return
                self._send("PUT", f"/uploads/{digest}", recording.uploads[digest])
        raise ClusterLost(f"session {self.name!r} on {self.address} forgets what it is sent")

    def _remember(self, nodes: Iterable[Node]) -> None:
        """Take note of nodes that the driver knows now; it is told when they are gone here."""
        for node in nodes:
            if node not in self._sent:
                self._sent.add(node)
                weakref.finalize(node, self._stream.release, node.key).atexit = False

    def _post(self, number: int, recording: Recording) -> Mapping[str, Any] | None:
        """Send a recording; tell what is missing, None if nothing is."""
        try:
            self._request("POST", "/runs", recording.body, {"X-Run": str(number)})
        except Refused as error:
            if error.kind == "missing":
                return error.body
            raise self._explained(error) from None
        return None

    def cancel(self, number: int) -> None:
        """Cancel a run. Does not wait."""
        self.forget(number)
        self.later("DELETE", f"/runs/{number}")

    def forget(self, number: int) -> None:
        """Forget a run that is over."""
        self._runs.pop(number, None)

    # --- results -------------------------------------------------------------------------------------

    def keep(self, result: Mapping[str, Any]) -> Meta:
        """Take note of a result that the driver told of, and give what is known of its value."""
        layout, meta, values = pickle.loads(base64.b64decode(result["state"]))
        self._results[result["key"]] = Kept(layout, result["nbytes"], values)
        known: Meta = meta
        return known

    def plan(self, nodes: Sequence[Node]) -> Plan:
        """Tell what `submit` would run."""
        return plan(nodes, self.layout, columnar=partial(engines.find, nbytes_of=self.nbytes_of))

    def layout(self, name: str) -> Layout | None:
        """Tell how a result is cut, None if it is not there."""
        kept = self._results.get(name)
        return None if kept is None else kept.layout

    def nbytes_of(self, name: str) -> int:
        """Tell the bytes of a result, 0 if it is not there."""
        kept = self._results.get(name)
        return 0 if kept is None else kept.nbytes

    def spilled_of(self, name: str) -> int:
        """Tell how many bytes of a result are on disk only: the workers do not tell, so 0."""
        return 0

    def intermediates(self) -> list[OnTheWay]:
        """List what is kept though it is no result: nothing, on clusters."""
        return []

    def read(self, name: str, keys: Sequence[ChunkKey], into: Sequence[Any] = ()) -> list[Any]:
        """Bring chunks of a result; see `Backend.read`.

        Raises
        ------
        KeyError
            If the result is not there.
        """
        kept = self._results[name]
        numbers = [kept.layout.keys.index(key) for key in keys]
        if kept.values is not None:
            return [kept.values[number] for number in numbers]
        self.check()
        return Reading(self._open, name, numbers, kept.nbytes // len(kept.layout.keys), into).values()

    def _handed_over(self, event: Event) -> list[Any]:
        if event["values"] is None:
            return Reading(self._open, f"run.{event['run']}", range(event["count"]), event["nbytes"]).values()
        return [frames.load(bytearray(base64.b64decode(value))) for value in event["values"]]

    @contextmanager
    def _open(self, body: bytes) -> Iterator[HTTPResponse]:
        """Ask for chunks."""
        try:
            with self.requests.answer("POST", f"{self._path}/read", body) as response:
                yield response
        except Refused as error:
            raise self._explained(error) from None

    def release(self, name: str) -> None:
        """Let a result go. May be called by the garbage collector at any moment."""
        self._results.pop(name, None)
        self._stream.release(name)

    # --- requests ------------------------------------------------------------------------------------

    def ask(self, method: str, path: str = "", body: Any = None) -> Any:
        """Ask the driver something about the session, and give its answer."""
        self.check()
        try:
            return self.requests.json(method, self._path + path, body)
        except Refused as error:
            raise self._explained(error) from None

    @property
    def is_gone(self) -> bool:
        """Whether the session ended, though nobody closed it here."""
        return self._why is not None

    def expires_in(self) -> float:
        """Tell after how many seconds without use the session ends."""
        try:
            found = self.requests.json("GET", "/api/v1/sessions")
        except Refused as error:
            raise self._explained(error) from None
        return float(next(facts["expires_in"] for facts in found if self._path.endswith(facts["id"])))

    def later(self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None) -> None:
        """Tell the driver something; does not wait."""
        self._stream.later(method, self._path + path, body, headers)

    def _send(self, method: str, path: str, body: memoryview) -> None:
        try:
            self._request(method, path, body)
        except Refused as error:
            raise self._explained(error) from None

    def _request(self, method: str, path: str, body: Any, headers: Mapping[str, str] | None = None) -> bytes:
        return self.requests.send(method, self._path + path, body, headers)

    def _explained(self, error: Refused) -> MarsError:
        return self.requests.explain(error, self.name)

    def check(self) -> None:
        """Raise if the session is not there any more."""
        if self._why is not None:
            raise gone(self.name, self._why)

    def close(self) -> None:
        """End the session: cancel everything and let all results go."""
        if self._why is None:
            with suppress(Refused, ClusterLost):
                self.requests.send("DELETE", self._path)
        self.detach()

    def detach(self) -> None:
        """Leave the session as it is."""
        self._stream.stop()
        self.requests.close()
        self._results.clear()
        self._runs.clear()

    # --- on the stream's thread ----------------------------------------------------------------------

    def _hear(self, event: Event) -> None:
        run = self._runs.get(event.get("run", -1))
        match event["event"]:
            case "cluster":
                self._cluster(event)
            case "begun" if self._is_ours(event):
                pass
            case "ran":
                self._ran(event, anew=event["anew"])
            case "progress" if run:
                run.status(event)
            case "printed" if run:
                run.printed(event["stream"], event["text"])
            case "warned" if run:
                run.warned(event)
            case "done" if run:
                run.status(event)
                run.end(event)
            case "failed" if run:
                run.status(event)
                run.end(event, faults.unpack(base64.b64decode(event["error"]), event["text"]))
            case "cancelled" if run:
                run.end(event, TaskCancelled(f"the task was cancelled in session {self.name!r} by somebody else"))
            case "done" if self._is_ours(event):
                self._drop(event)
            case "released":
                for key in event["keys"]:
                    self._results.pop(key, None)
            case "snapshot":
                self._reconcile(event)
            case "lost":
                self._fail(self.requests.lost())
            case "ended" | "closed":
                self._end(event)
            case _:
                self.on_event(event)

    def _ran(self, event: Mapping[str, Any], *, anew: bool) -> None:
        """Take what an event tells of what ran where and when."""
        timeline = self._timelines.get(event["run"])
        if timeline is not None:
            (timeline.replace if anew else timeline.add)(*spans.unpack(event))

    def take_timeline(self, facts: Mapping[str, Any]) -> None:
        """Take what a snapshot tells of what ran where and when in a run."""
        if facts["timeline"] is not None:
            self._ran({"run": facts["run"], **facts["timeline"]}, anew=True)

    def _is_ours(self, event: Event) -> bool:
        return 0 <= int(event["run"]) - self._first < _NUMBERS

    def _drop(self, event: Event) -> None:
        """Let results go that came when the run was cancelled already."""
        for result in event.get("results", ()):
            if result["key"] not in self._results:
                self._stream.release(result["key"])

    def _reconcile(self, snapshot: Event) -> None:
        """Ask for the ends of runs that were missed: the same request again does that."""
        self._cluster(snapshot)
        states = {run["run"]: run["state"] for run in snapshot["runs"]}
        for run in snapshot["runs"]:
            self.take_timeline(run)
        for number, run in list(self._runs.items()):
            if states.get(number) == "running":
                continue
            if number in states:
                self.later("POST", "/runs", None, {"X-Run": str(number)})
            else:
                run.end({}, ClusterLost(f"session {self.name!r} on {self.address} does not know the task any more"))

    def _end(self, event: Event) -> None:
        if self._why is not None:
            return
        self._why = str(event.get("why", ""))
        self._fail(gone(self.name, self._why))
        self._results.clear()
        self.on_event({"event": "ended"})

    def _fail(self, error: MarsError) -> None:
        for run in list(self._runs.values()):
            run.end({}, error)
