"""One execution in a driver.

Concurrency
-----------
A `Run` is made, asked and cancelled on the driver's event loop. `Run.carry_out` is called on a thread that may wait,
and the backend tells the end on one of its own: both hand what is to be known to the loop. What the user's functions
print comes on the event loop of Dask's client, and is handed over in order.
"""

from __future__ import annotations

import base64
import time
import warnings
from collections.abc import Callable, Collection, Mapping, Sequence
from contextvars import ContextVar
from functools import partial
from typing import TYPE_CHECKING, Any

import cloudpickle

from mars_nb.config import option_context
from mars_nb.graph import record
from mars_nb.graph.claims import Claim
from mars_nb.graph.meta import PandasMeta, TensorMeta
from mars_nb.graph.node import Node
from mars_nb.planner.layout import Layout
from mars_nb.session.backends.base import Backend, Memory, Work
from mars_nb.session.backends.cluster.told import ToldTimeline
from mars_nb.session.backends.gateway import faults, spans
from mars_nb.session.backends.gateway.recordings import Envelope, unpack
from mars_nb.session.failures import summary
from mars_nb.session.logs import Log, logged
from mars_nb.session.picture import Ran
from mars_nb.session.timeline import Timeline
from mars_nb.storage import frames

if TYPE_CHECKING:
    from mars_nb.gateway.driver.hosted import Hosted

#: Results of at most so many bytes are part of the event that tells of them.
SMALL = 32 * 1024
#: How many spans of a timeline those are told who come later, unless there are more workers times operations.
SPANS = 500

Event = dict[str, Any]
_tell: ContextVar[Callable[..., object] | None] = ContextVar("mars_nb_driver_tell", default=None)


class Run:
    """An execution.

    Parameters
    ----------
    number
        Given by who wants it.
    host
        The session.

    Attributes
    ----------
    state
        ``running``, ``done``, ``failed`` or ``cancelled``.
    wanted
        Keys and labels of what is computed.
    final
        The event that told of the end.
    log
        What was printed.
    values
        Of a Dask graph: what it gave, until it was fetched.
    timeline
        What ran where and when, as it was told; None when it is not of interest any more.
    """

    def __init__(self, number: int, host: Hosted) -> None:
        self.number = number
        self.state = "running"
        self.wanted: list[tuple[str, str]] = []
        self.started_at = time.time()
        self.final: Event | None = None
        self.log = Log()
        self.values: list[Any] | None = None
        self.timeline: Timeline | None = Timeline({}, limit=SPANS)
        self._host = host
        self._work: Work | None = None
        self._told: list[Any] = []
        self._hears: Timeline | None = None  # it hears as long as it is held
        self._attempts = self._told_attempt = 0

    # --- on the loop ---------------------------------------------------------------------------------

    def cancel(self) -> None:
        """Let nothing more start."""
        self.state = "cancelled"
        if self._work is not None:
            self._work.cancel()

    def snapshot(self) -> Event:
        """Tell how it stands."""
        return {
            "run": self.number,
            "state": self.state,
            "wanted": self.wanted,
            "started_at": self.started_at,
            "timeline": None if self.timeline is None else spans.pack(*self.timeline.told()),
            **_status(self._work),
        }

    def moved(self) -> Event | None:
        """Tell how far it is, None if that was told already."""
        if self.state != "running":
            return None
        status = _status(self._work)
        if status["operations"] == self._told:
            return None
        self._told = status["operations"]
        return {"event": "progress", "run": self.number, **status}

    def forget_timeline(self) -> None:
        """Let go of what ran where and when."""
        self.timeline = self._hears = None

    def _ran(self, attempt: int, ended: Collection[Ran], running: Collection[Ran], now: float) -> None:
        """Tell on what was told of an attempt; it stands in place of what was told of the one before."""
        if self.timeline is None:
            return
        anew, self._told_attempt = attempt != self._told_attempt, attempt
        (self.timeline.replace if anew else self.timeline.add)(ended, running, now)
        self._host.tell({"event": "ran", "run": self.number, "anew": anew, **spans.pack(ended, running, now)})

    # --- on a thread that may wait -------------------------------------------------------------------

    def carry_out(self, envelope: Envelope, known: Mapping[str, Node], buffers: Sequence[Any]) -> None:
        """Unpickle the recording, plan it and start it."""
        token = _tell.set(self._tell)
        try:
            with logged(_Sent(self._tell)):
                made, (kind, *what) = unpack(envelope, known, buffers)
                self._host.post(self._host.learn, made)
                does: Mapping[str, Callable[..., None]] = {
                    "nodes": self._submit,
                    "graph": self._run,
                    "place": self._place,
                    "adopt": self._adopt,
                }
                does[kind](*what)
        except BaseException as error:
            self._end(error)
        finally:
            _tell.reset(token)

    def _submit(self, nodes: Sequence[Node], on_gather: str = "warn") -> None:
        backend = self._host.backend
        self._host.post(self._host.begun, self, [(node.key, node.label) for node in nodes])

        def done(error: BaseException | None) -> None:
            self._end(error, lambda: {"results": [described(backend, node) for node in nodes]}, nodes)

        with option_context({"on_gather": on_gather}):  # the user's
            backend.submit(nodes, done, self._begun)

    def _run(self, graph: Any, outputs: Sequence[Any]) -> None:
        self._host.post(self._host.begun, self, [("", "dask.get")])

        def done(values: dict[Any, Any], error: BaseException | None) -> None:
            self._end(error, lambda: self._handed_over([values[key] for key in outputs]))

        self._host.backend.run(graph, outputs, done, self._begun)

    def _place(self, name: str, number: int, chunk: Any) -> None:
        self._host.backend.place(name, number, chunk)
        self._end(None, lambda: {"results": []})

    def _adopt(self, node: Node, layout: Layout, log: str) -> None:
        self._host.backend.adopt(node, layout)
        self.log.write(log)
        self._end(None, lambda: {"results": [described(self._host.backend, node)]}, [node])

    def _begun(self, work: Work) -> None:
        self._work = work
        self._attempts += 1
        if isinstance(work.timeline, ToldTimeline):
            work.timeline.listener = partial(self._host.post, self._ran, self._attempts)
            self._hears = work.timeline
        if self.state != "running":  # cancelled meanwhile
            work.cancel()

    # --- any thread ----------------------------------------------------------------------------------

    def _end(
        self,
        error: BaseException | None,
        more: Callable[[], Event] = dict,
        nodes: Sequence[Node] = (),
    ) -> None:
        try:
            event = more() if error is None else None
        except Exception as problem:
            event, error = None, problem
        if event is None:
            assert error is not None
            event = {"event": "failed", "error": encoded(faults.pack(error)), "text": summary(error)}
        else:
            event["event"] = "done"
        event |= {"run": self.number, **_status(self._work)}
        self._host.post(self._host.ended, self, event, nodes if event["event"] == "done" else ())

    def _handed_over(self, values: list[Any]) -> Event:
        pieces = [frames.dump(value) for value in values]
        nbytes = sum(memoryview(piece).nbytes for parts in pieces for piece in parts)
        if nbytes <= SMALL:
            return {"values": [encoded(b"".join(parts)) for parts in pieces]}
        self.values = values
        return {"values": None, "count": len(values), "nbytes": nbytes // len(values)}

    def _tell(self, **what: Any) -> None:
        self._host.post(self._host.tell, {**what, "run": self.number})


class _Sent(Log):
    """A log in a driver: what is printed goes to the client, and nowhere else."""

    passes_on = False

    def __init__(self, tell: Callable[..., object]) -> None:
        super().__init__()
        self._tell = tell

    def write(self, text: str, stream: str = "stdout") -> None:
        """Send a text."""
        self._tell(event="printed", stream=stream, text=text)


def _status(work: Work | None) -> Event:
    """Tell how far an execution is, as events do."""
    operations = () if work is None else work.progress()
    memory = Memory() if work is None else work.memory()
    return {
        "operations": [
            [p.node.key, p.node.label, p.done, p.running, p.total, p.seconds, p.under_way, p.node.op.name, p.part]
            for p in operations
        ],
        "memory": {"held": memory.held, "spilled": memory.spilled, "limit": memory.limit, "peak": memory.peak},
        "threads": 0 if work is None else work.n_threads,
    }


def described(backend: Backend, node: Node) -> Event:
    """Describe a result so that it can be fetched, and computed on, elsewhere."""
    layout = backend.layout(node.key)
    if layout is None:
        raise KeyError(f"{node.label} was freed meanwhile")
    nbytes = backend.nbytes_of(node.key)
    values = backend.read(node.key, layout.keys) if nbytes <= SMALL else None
    record.load_front_ends()
    return {
        "key": node.key,
        "label": node.label,
        "kind": type(record.present(node, Claim(node.key), "")).__name__,
        "dtype": _dtype(node),
        "shape": list(layout.shape),
        "nbytes": nbytes,
        "chunks": len(layout.keys),
        "site": None if node.site is None else list(node.site),
        "state": encoded(cloudpickle.dumps((layout, node.meta, values), protocol=5)),
    }


def _dtype(node: Node) -> str:
    if isinstance(node.meta, TensorMeta):
        return str(node.meta.dtype)
    return str(getattr(node.meta.sample, "dtype", "")) if isinstance(node.meta, PandasMeta) else ""


def encoded(data: bytes) -> str:
    """Write bytes for JSON."""
    return base64.b64encode(data).decode()


def tell_warnings() -> None:
    """Let all warnings that a run gives be told to who wants the run; its own filters are for the client to apply."""
    warnings.simplefilter("always")
    shown = warnings.showwarning

    def show(message: Any, category: type[Warning], filename: str, lineno: int, *more: Any, **how: Any) -> None:
        tell = _tell.get()
        if tell is None:
            shown(message, category, filename, lineno, *more, **how)
        else:
            name = f"{category.__module__}.{category.__qualname__}"
            tell(event="warned", category=name, text=str(message), filename=filename, lineno=lineno)

    warnings.showwarning = show
