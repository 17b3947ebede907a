"""Executing: from the objects that a session is asked for to tasks that its backend works on.

Concurrency
-----------
All methods may be called from any thread. There is no lock here: the tables behind have their own, and a task is ended
once, by whoever comes first. Nothing is locked while something is planned or run.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING, Any

from mars_nb.config import options
from mars_nb.errors import SessionWarning, draw_shortly
from mars_nb.graph.callsite import capture, warn_user
from mars_nb.graph.claims import Claim
from mars_nb.graph.meta import HandleMeta
from mars_nb.graph.node import Node, ordered
from mars_nb.graph.tileable import Tileable
from mars_nb.scheduler.state import Graph, Key
from mars_nb.session import background, failures
from mars_nb.session.backends.base import Work
from mars_nb.session.events import EventStream
from mars_nb.session.failures import Failures
from mars_nb.session.for_dask.collections import given
from mars_nb.session.history import History
from mars_nb.session.logs import Logs, Tees
from mars_nb.session.task import Task

if TYPE_CHECKING:
    from mars_nb.session.session import Session


class Executor:
    """Executes for one session, and remembers what was executed.

    Parameters
    ----------
    session
        Whose it is.

    Attributes
    ----------
    history, logs, failures, events
        What there is to know of the executions.
    claims
        Those of executed objects that are in use, by key.
    told
        Keys of nodes about which the user need not be warned that they are computed again.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self.told: set[str] = set()
        self.claims: weakref.WeakValueDictionary[str, Claim] = weakref.WeakValueDictionary()
        self.history = History(session._changed)
        self.logs = Logs()
        self.failures = Failures()
        self.events = EventStream(f"mars_nb-events-{session.name}")

    def close(self) -> None:
        """Let everything that was remembered go."""
        self.logs.clear()
        self.failures.close()

    def execute(
        self, wanted: Sequence[Tileable], wait: bool | None, show_progress: bool | str | None, warn: bool | None
    ) -> Any:
        """Compute what is not there yet; see `Session.execute`."""
        __tracebackhide__ = True
        value = given(wanted[0]) if len(wanted) == 1 else list(map(given, wanted))
        started = background.collector() if wait is None else None
        before = self.computing([tileable._node for tileable in wanted])
        if started is None and wait is not False:
            background.wait_for(before)
            before = []
        nodes = self._missing(wanted, warn)
        task = Task(value, tuple(nodes), self._session.name, capture())
        if not nodes:
            for tileable in wanted:
                tileable._claim.settle()
            task.end()
            return task if wait is False else value
        waits = started is None and wait is not False
        begun = self._carry_out(task, lambda: self._start(task, wanted, before), waits, show_progress)
        if started is not None:
            started.append(begun)
            return value
        return begun

    def compute(self, operation: Node, graph: Graph, outputs: Collection[Key]) -> dict[Key, Any]:
        """Run chunk tasks as a task of the session, and give the outputs' values."""
        __tracebackhide__ = True
        values: dict[Key, Any] = {}
        task = Task(values, (operation,), self._session.name, operation.site)
        backend = self._session._backend

        def done(found: dict[Key, Any], error: BaseException | None) -> None:
            values.update(found)
            self.failures.note(error, task)
            task.end(error)

        self._carry_out(task, lambda: self._begin(task, lambda: backend.run(graph, outputs, done, task.begin)))
        return values

    def computing(self, nodes: Sequence[Node]) -> list[Task]:
        """List the running tasks that compute these nodes, or what they need; none where waiting would never end."""
        running = self.history.running
        if not running or not background.may_wait():
            return []
        needed = set(ordered(nodes, self._is_there))
        return [task for task in running if not needed.isdisjoint(task.nodes)]

    def _is_there(self, node: Node) -> bool:
        return self._session._layout(node.key) is not None

    def _missing(self, wanted: Sequence[Tileable], warn: bool | None) -> list[Node]:
        """List the nodes that are not there yet."""
        missing: dict[Node, None] = {}
        for tileable in wanted:
            if isinstance(tileable._node.meta, HandleMeta):
                raise TypeError(f"{tileable} is no data yet; call an aggregation such as .sum() on it, then execute")
            if not self._is_there(tileable._node):
                missing[tileable._node] = None
            elif options.warn_duplicated_execution if warn is None else warn:
                warn_user(RuntimeWarning, f"Tileable {tileable._unexecuted()} has been submitted before")
        return list(missing)

    def follow(self, task: Task, work: Work) -> None:
        """Take note of a task that somebody else began."""
        self._begin(task, lambda: task.begin(work))

    def lead(self, task: Task, begin: Callable[[], None], show_progress: bool | str | None) -> Any:
        """Lead a task that computes nothing through its life: `begin` starts the work and tells the task of it."""
        __tracebackhide__ = True
        return self._carry_out(task, lambda: self._begin(task, begin), show_progress=show_progress)

    def hold(self, claim: Claim) -> None:
        """Let a result be freed here when nobody claims it any more."""
        claim.on_release(self._session._release)
        self.claims[claim.key] = claim

    # --- a task's life -------------------------------------------------------------------------------

    def _carry_out(
        self, task: Task, start: Callable[[], None], wait: bool = True, show_progress: bool | str | None = None
    ) -> Any:
        """Start a task, let its progress be seen, and wait for it."""
        __tracebackhide__ = True
        try:
            background.in_foreground(start)
            progress = options.show_progress if show_progress is None else show_progress
            if progress is not False and not task.done():
                self._session._registry.notify(task, progress)
            return task.result() if wait else task
        except BaseException as error:
            # Whatever ends the waiting, above all an interrupt: give control back now, nothing more starts.
            if task.cancel():
                failures.explain_interrupt(error, task)
            draw_shortly(error)
            raise

    def _start(self, task: Task, wanted: Sequence[Tileable], before: Sequence[Task] = ()) -> None:
        self._tell_recomputed(task.nodes)
        kinds = {tileable._node: type(given(tileable)).__name__ for tileable in wanted}
        claims = [tileable._claim for tileable in wanted]  # so that results in use stay while the task runs
        backend = self._session._backend

        def done(error: BaseException | None) -> None:
            if error is None:
                self.history.executed(kinds)
                for claim in claims:
                    claim.settle()
            claims.clear()  # before anybody goes on who may count on them being gone
            self.failures.note(error, task)
            task.end(error)

        for claim in claims:
            self.hold(claim)
        tees = Tees()
        task.before_end(lambda _: tees.release())  # before it begins, so that no interrupt can come between
        tees.acquire()
        with self.logs.recording([node.key for node in task.nodes]):
            self._begin(task, lambda: backend.submit(task.nodes, done, task.begin), before)

    def _begin(self, task: Task, submit: Callable[[], None], before: Sequence[Task] = ()) -> None:
        task.waiting = bool(before)
        task.add_done_callback(self._on_end)  # first: an interrupt must not leave it among those that run
        self.history.begin(task)
        self.events.watch(task.number, task.sample)

        def begin() -> None:
            task.waiting = False
            try:
                if not (task.done() or self._session.closed):
                    submit()
            except Exception as error:
                task.end(error)
                if not before:
                    raise

        background.after(before, begin)

    def _on_end(self, task: Any) -> None:
        self.history.end(task)
        self.events.over(task.number)

    # --- what the user is told -----------------------------------------------------------------------

    def _tell_recomputed(self, nodes: Sequence[Node]) -> None:
        """Warn of what is computed again here, because its result is in another session only."""
        session = self._session
        if len(session._registry) < 2:
            return
        for node in ordered(nodes, self._is_there):
            if node.key in self.told or self._is_there(node):
                continue
            holders = session._holders(node.key)
            if holders:
                self.told.add(node.key)
                warn_user(
                    SessionWarning,
                    f"{node.label} was executed in session {', '.join(map(repr, holders))}, and sessions are isolated: "
                    f"it is computed again in session {session.name!r}",
                )
