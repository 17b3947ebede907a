"""One session in a driver: its runs, nodes, results and events.

All of it is used on the driver's event loop; what other threads have to say they hand to `Hosted.post`.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from mars_nb.gateway.driver.journal import Journal
from mars_nb.gateway.driver.runs import Event, Run, described
from mars_nb.graph.node import Node
from mars_nb.session.backends.cluster.backend import ClusterBackend
from mars_nb.session.backends.gateway.recordings import Envelope
from mars_nb.session.history import REMEMBERED_TIMELINES

#: Seconds between two events of progress, and for which printed texts are put together.
PERIOD = 0.1
_PRINTS = 0.02
#: How many ended runs are remembered.
REMEMBERED = 200
#: Seconds without any event stream after which nodes that nobody's result needs are forgotten.
FORGET_S = 60.0
#: Characters of a log that those are told who come later.
_LOG_MOST = 1 << 16


class Kept(NamedTuple):
    """A result.

    Attributes
    ----------
    node
        That was executed.
    executed_at
        In seconds since the epoch.
    log
        What was printed meanwhile.
    """

    node: Node
    executed_at: float
    log: str


class Hosted:
    """A session.

    Parameters
    ----------
    backend
        Computes and keeps.
    loop
        The driver's.

    Attributes
    ----------
    journal
        The events.
    runs
        By number: those that run, and the last that ended.
    results
        By key.
    names
        The user's names of results: keys by name.
    streams
        How many event streams are open.
    """

    def __init__(self, backend: ClusterBackend, loop: asyncio.AbstractEventLoop) -> None:
        self.backend = backend
        self.journal = Journal()
        self.runs: dict[int, Run] = {}
        self.results: dict[str, Kept] = {}
        self.names: dict[str, str] = {}
        self.streams = 0
        self.closed = False
        self._loop = loop
        self._nodes: dict[str, Node] = {}
        self._wake = asyncio.Event()
        self._telling: asyncio.TimerHandle | None = None
        self._told_at = 0.0
        self._totals: Event = {}
        self._printed: list[tuple[int, str, list[str]]] = []
        self._forgetting: asyncio.TimerHandle | None = None
        backend.on_progress = lambda: self.post(self.moved)

    # --- any thread ----------------------------------------------------------------------------------

    def post(self, call: Callable[..., object], *args: Any) -> None:
        """Call on the loop."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(call, *args)

    # --- runs ----------------------------------------------------------------------------------------

    @property
    def running(self) -> list[Run]:
        """The runs that are not over."""
        return [run for run in self.runs.values() if run.state == "running"]

    def missing(self, envelope: Envelope) -> list[str]:
        """List the nodes that a recording refers to and that are not known here."""
        return [key for key in envelope.known if self._node(key) is None]

    def begin(self, number: int) -> Run:
        """Make a run."""
        run = self.runs[number] = Run(number, self)
        ended = [old for old, other in self.runs.items() if other.state != "running"]
        for old in ended[: max(0, len(ended) - REMEMBERED)]:
            del self.runs[old]
        for old in ended[-REMEMBERED:-REMEMBERED_TIMELINES]:
            self.runs[old].forget_timeline()
        return run

    def known(self, envelope: Envelope) -> dict[str, Node]:
        """Give the nodes that a recording refers to."""
        found = {key: self._node(key) for key in envelope.known}
        return {key: node for key, node in found.items() if node is not None}

    def _node(self, key: str) -> Node | None:
        node = self._nodes.get(key)
        return self.results[key].node if node is None and key in self.results else node

    def begun(self, run: Run, wanted: list[tuple[str, str]]) -> None:
        """Take note of what a run computes."""
        run.wanted = wanted
        self.tell({"event": "begun", **run.snapshot()})

    def learn(self, nodes: Mapping[str, Node]) -> None:
        """Take note of nodes that were sent."""
        self._nodes.update(nodes)

    def ended(self, run: Run, event: Event, nodes: Sequence[Node]) -> None:
        """Take note of the end of a run."""
        if run.state != "running":  # cancelled: nobody wants it
            for node in nodes:
                if node.key not in self.results:
                    self.backend.release(node.key)
            return
        run.state = event["event"]
        run.final = event
        now = time.time()
        for node in nodes:
            self.results.pop(node.key, None)  # to the end
            self.results[node.key] = Kept(node, now, run.log.text())
        self.tell(event)

    def cancel(self, number: int) -> None:
        """Cancel a run; harmless if it is over. One that is not there yet will not start."""
        run = self.runs.get(number) or self.begin(number)
        if run.state == "running":
            run.cancel()
            run.final = {"event": "cancelled", "run": number}
            self.tell(run.final)

    # --- results -------------------------------------------------------------------------------------

    def release(self, keys: Iterable[str]) -> None:
        """Let results go, and nodes that the client does not need any more."""
        gone = []
        for key in keys:
            self._nodes.pop(key, None)
            if self.results.pop(key, None) is not None:
                self.backend.release(key)
                gone.append(key)
        self.names = {name: key for name, key in self.names.items() if key not in gone}
        if gone:
            self.tell({"event": "released", "keys": gone})

    def publish(self, names: Mapping[str, str | None]) -> None:
        """Take note of the user's names; None for a name that is no result's any more."""
        wanted = {**self.names, **names}
        self.names = {name: key for name, key in wanted.items() if key is not None and key in self.results}
        self.tell({"event": "names", "names": self.names})

    def lister(self) -> Callable[[], list[Event]]:
        """Give what lists the results of now, oldest first; that may take time."""
        results = [(result, self._names_of(key)) for key, result in self.results.items()]

        def listing() -> list[Event]:
            found = []
            for result, names in results:
                with contextlib.suppress(KeyError):  # freed meanwhile
                    found.append(self._listed(result, names))
            return found

        return listing

    def _names_of(self, key: str) -> list[str]:
        return [name for name, named in self.names.items() if named == key]

    def _listed(self, result: Kept, names: list[str]) -> Event:
        node = result.node
        return {
            **described(self.backend, node),
            "names": names,
            "executed_at": result.executed_at,
            "place": "" if node.site is None else node.site.place,
            "log": result.log[-_LOG_MOST:],
        }

    def reader(self, name: str, numbers: Sequence[int] | None) -> Callable[[], list[Any]]:
        """Give what brings chunks of a result, or what a Dask graph gave; that may take time.

        Raises
        ------
        KeyError, IndexError
            If they are not there.
        """
        run = self._handing_over(name)
        if run is not None and run.values is not None:
            values = run.values if numbers is None else [run.values[number] for number in numbers]
            return lambda: values
        layout = self.backend.layout(name)
        if layout is None:
            raise KeyError(name)
        keys = layout.keys if numbers is None else [layout.keys[number] for number in numbers]
        return partial(self.backend.read, name, keys)

    def fetched(self, name: str) -> None:
        """Let go of what a Dask graph gave, because it was fetched."""
        run = self._handing_over(name)
        if run is not None:
            run.values = None

    def _handing_over(self, name: str) -> Run | None:
        kind, _, number = name.partition(".")
        return self.runs.get(int(number)) if kind == "run" and number.isdecimal() else None

    # --- events --------------------------------------------------------------------------------------

    def tell(self, event: Event) -> None:
        """Tell an event to all who listen."""
        if event["event"] == "printed":
            self.runs[event["run"]].log.write(event["text"])
            self._print(event["run"], event["stream"], event["text"])
            return
        self._flush()
        self._add(event)

    def _add(self, event: Event) -> None:
        self.journal.add(event)
        self._wake.set()

    def _print(self, run: int, stream: str, text: str) -> None:
        if not self._printed:
            self._loop.call_later(_PRINTS, self._flush)
        if self._printed and self._printed[-1][:2] == (run, stream):
            self._printed[-1][2].append(text)
        else:
            self._printed.append((run, stream, [text]))

    def _flush(self) -> None:
        printed, self._printed = self._printed, []
        for run, stream, parts in printed:
            self._add({"event": "printed", "run": run, "stream": stream, "text": "".join(parts)})

    def moved(self) -> None:
        """Take note that there is something new of the runs or the workers: it is told at most ten times a second."""
        if self._telling is None and not self.closed:
            wait = max(0.0, self._told_at + PERIOD - self._loop.time())
            self._telling = self._loop.call_later(wait, self._tell_moved)

    def _tell_moved(self) -> None:
        self._telling = None
        self._told_at = self._loop.time()
        for event in filter(None, [run.moved() for run in self.running]):
            self.tell(event)
        if self.cluster() != self._totals:
            self._totals = self.cluster()
            self.tell({"event": "cluster", **self._totals})

    def cluster(self) -> Event:
        """Tell what the workers are and hold."""
        backend = self.backend
        return {
            "threads": backend.n_threads,
            "memory": {"held": backend.memory, "spilled": backend.spilled, "limit": backend.memory_limit},
        }

    def snapshot(self, session: Event) -> Event:
        """Tell how all stands, for those who missed events."""
        results = [
            {
                "key": key,
                "names": self._names_of(key),
                "label": node.label,
                "shape": list(getattr(self.backend.layout(key), "shape", ())),
                "nbytes": self.backend.nbytes_of(key),
            }
            for key, (node, *_) in self.results.items()
        ]
        runs = [run.snapshot() for run in self.runs.values()]
        return {
            "event": "snapshot",
            "seq": self.journal.last,
            "session": session,
            "runs": runs,
            "results": results,
            **self.cluster(),
        }

    async def wait(self, seen: int) -> None:
        """Wait for an event after that number, or the end."""
        while self.journal.last <= seen and not self.closed:
            self._wake.clear()
            await self._wake.wait()

    def attach(self) -> None:
        """Take note that somebody listens."""
        self.streams += 1
        if self._forgetting is not None:
            self._forgetting.cancel()
            self._forgetting = None

    def detach(self) -> None:
        """Take note that somebody does not listen any more."""
        self.streams -= 1
        if not self.streams and not self.closed:
            self._forgetting = self._loop.call_later(FORGET_S, self._nodes.clear)

    # --- the end -------------------------------------------------------------------------------------

    def close(self, why: str) -> None:
        """Cancel all and tell the end; the backend is closed by the caller, on a thread that may wait."""
        for run in self.running:
            self.cancel(run.number)
        self.tell({"event": "closed", "why": why})
        self.closed = True
        for timer in (self._telling, self._forgetting):
            if timer is not None:
                timer.cancel()
        self.backend.on_progress = lambda: None
        self._nodes.clear()
        self.results.clear()
