"""One execution behind a gateway, as its events tell of it.

Concurrency
-----------
`progress`, `memory`, `cancel` and `end` may be called from any thread; everything else on the thread of the event
stream. What is known of the progress is replaced as a whole. The end is told on a thread of its own, because whoever is
told may wait for another execution, whose events come on the stream's thread.
"""

from __future__ import annotations

import contextvars
import importlib
import sys
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from mars_nb.graph.callsite import CallSite, warn_once
from mars_nb.graph.meta import ObjectMeta
from mars_nb.graph.node import Node, Source
from mars_nb.session.backends.base import Memory, Progress
from mars_nb.session.logs import Log
from mars_nb.session.timeline import Timeline

if TYPE_CHECKING:
    from mars_nb.session.backends.gateway.backend import GatewayBackend

Event = dict[str, Any]
OnEnd = Callable[[Event, BaseException | None], None]


class GatewayRun:
    """An execution; see `mars_nb.session.backends.base.Work`.

    Parameters
    ----------
    backend
        Whose it is.
    number
        Unlike that of any other run of the session, whoever began it.
    nodes
        Those that it may compute.
    on_end
        Is called once, with the last event or with what went wrong; not if the run is cancelled here.
    log
        Takes what is printed, for a run that somebody else began.
    """

    def __init__(
        self, backend: GatewayBackend, number: int, nodes: Iterable[Node], on_end: OnEnd, log: Log | None = None
    ) -> None:
        self.number = number
        self._backend = backend
        self._nodes = {node.key: node for node in nodes}
        self._on_end = on_end
        self._log = log
        self._context = contextvars.copy_context()
        self._over = threading.Lock()  # taken once, by whoever ends or cancels the run, and never let go
        self._progress: tuple[Progress, ...] = ()
        self._memory: Memory | None = None
        self._labels: dict[str, str] = {}
        self.timeline = Timeline(self._labels)

    # --- any thread ----------------------------------------------------------------------------------

    def is_over(self) -> bool:
        """Tell whether it ended or was cancelled."""
        return self._over.locked()

    @property
    def n_threads(self) -> int:
        """How many chunk tasks can run at a time."""
        return self._backend.n_threads

    def progress(self) -> tuple[Progress, ...]:
        """Tell how far each operation is."""
        return self._progress

    def memory(self) -> Memory:
        """Tell what the workers hold."""
        backend = self._backend
        return self._memory or Memory(backend.memory, backend.spilled, backend.memory_limit)

    def cancel(self) -> bool:
        """Let nothing more start; what runs on workers goes on to its end. Does not wait."""
        if not self._over.acquire(blocking=False):
            return False
        self._backend.cancel(self.number)
        return True

    def end(self, event: Event, error: BaseException | None = None) -> None:
        """Tell the end, unless it was told or the run was cancelled."""
        if not self._over.acquire(blocking=False):
            return
        self._backend.forget(self.number)
        threading.Thread(target=self._on_end, args=(event, error), name="mars_nb-gateway-end", daemon=True).start()

    # --- on the stream's thread ----------------------------------------------------------------------

    def status(self, event: Mapping[str, Any]) -> None:
        """Take what an event tells of the progress."""
        self._progress = tuple(sorted(map(self._read, event["operations"]), key=lambda found: found.node.key))
        memory = event["memory"]
        self._memory = Memory(memory["held"], memory["spilled"], memory["limit"], memory.get("peak", 0))

    def _read(self, operation: list[Any]) -> Progress:
        key, label, done, running, total, seconds, under_way, name, part = operation
        node = self._nodes.get(key)
        if node is None:  # somebody else's
            node = self._nodes[key] = stub(key, label, name)
        self._labels[key] = label
        return Progress(node, done, running, total, seconds, under_way, part=part)

    def printed(self, stream: str, text: str) -> None:
        """Print what the user's functions printed, where this was started."""
        if self._log is not None:
            self._log.write(text)
            return
        self._context.run(lambda: getattr(sys, stream).write(text))

    def warned(self, event: Event) -> None:
        """Warn where this was started; a filter that makes it an error ends the execution by it."""
        if self.is_over() or self._log is not None:
            return
        category = _category(event["category"])
        try:
            text, site = event["text"], CallSite(event["filename"], event["lineno"])
            self._context.run(warn_once, category, text, site, text.partition(" ")[0])
        except Warning as error:
            self._backend.cancel(self.number)
            self.end({}, error)


def _category(name: str) -> type[Warning]:
    module, _, qualname = name.rpartition(".")
    try:
        found = getattr(importlib.import_module(module), qualname)
    except (ImportError, AttributeError):
        return UserWarning
    return found if isinstance(found, type) and issubclass(found, Warning) else UserWarning


def stub(key: str, label: str, name: str) -> Node:
    """Make what stands for an operation that was recorded elsewhere."""
    node = Node(Source(name), (), {}, label, ObjectMeta())
    node.key = key
    return node
