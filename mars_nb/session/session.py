"""The session."""

from __future__ import annotations

import secrets
import string
import threading
import warnings
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Self

from mars_nb.config import options
from mars_nb.errors import SessionClosed, SessionWarning, draw_shortly
from mars_nb.graph.callsite import capture
from mars_nb.graph.estimate import Estimate
from mars_nb.graph.meta import HandleMeta
from mars_nb.graph.node import Node, ordered
from mars_nb.graph.tileable import Tileable
from mars_nb.planner import slices
from mars_nb.planner.estimate import estimate
from mars_nb.planner.layout import Layout
from mars_nb.scheduler.state import Graph, Key
from mars_nb.session import background, dask_scheduler, failures, fetching, pages
from mars_nb.session.backends.base import Backend
from mars_nb.session.dask_collections import given, lazy_objects
from mars_nb.session.events import EventStream
from mars_nb.session.failures import Failures
from mars_nb.session.history import History, Result
from mars_nb.session.isolation import isolation_error
from mars_nb.session.logs import Logs, Tees
from mars_nb.session.shown import ShownResult, shown_result
from mars_nb.session.snapshot import TaskInfo
from mars_nb.session.task import Task

if TYPE_CHECKING:
    from mars_nb.session.registry import Registry

_LETTERS = string.ascii_letters + string.digits


class Session:
    """Where tileables are executed and their results live. Made by `mars_nb.new_session`.

    A session is open until it is closed, also as a context manager. Its results are visible in it alone.

    All methods may be called from any thread. One lock guards whether it is open; it is never held while something is
    planned, run or read.

    Attributes
    ----------
    name : str
        Unlike that of any other open session.
    session_id : str
        Unlike that of any session there ever was, unless it was given.
    events : EventStream
        What happens to the session's tasks, ten times a second at the most.

    Examples
    --------
    >>> import mars_nb, mars_nb.tensor as mt
    >>> with mars_nb.new_session(default=False) as session:
    ...     mt.ones(3).sum().execute(session=session).fetch(session=session)
    np.float64(3.0)
    """

    def __init__(self, backend: Backend, registry: Registry, name: str, session_id: str | None = None) -> None:
        self.name = name
        self.session_id = session_id or "".join(secrets.choice(_LETTERS) for _ in range(24))
        self._backend = backend
        self._registry = registry
        self._lock = threading.Lock()
        self._closed = False
        self._history = History()
        self._logs = Logs()
        self._failures = Failures()
        self.events = EventStream(f"mars_nb-events-{name}")
        self._told: set[str] = set()  # keys of nodes about which the user was warned

    # --- what it is ----------------------------------------------------------------------------------

    @property
    def address(self) -> str | None:
        """Address of the cluster; None for a session in this process."""
        return self._backend.address

    @property
    def closed(self) -> bool:
        """Whether the session was closed."""
        return self._closed

    @property
    def is_default(self) -> bool:
        """Whether ``execute()`` and ``fetch()`` use this session when none is given."""
        return self._registry.default is self

    @property
    def n_threads(self) -> int:
        """How many chunk tasks run at a time."""
        return self._backend.n_threads

    @property
    def nbytes(self) -> int:
        """Bytes of all results."""
        return self._backend.nbytes

    @property
    def memory(self) -> int:
        """Bytes of results and intermediate values that are in memory."""
        return self._backend.memory

    @property
    def spilled(self) -> int:
        """Bytes of results and intermediate values that are on disk."""
        return self._backend.spilled

    @property
    def memory_limit(self) -> int:
        """Bytes that may be in memory; what goes beyond is on disk."""
        return self._backend.memory_limit

    @property
    def running(self) -> list[Task]:
        """The tasks that run, oldest first."""
        return self._history.running

    @property
    def tasks(self) -> list[TaskInfo]:
        """What is known of the tasks that ended last and of those that run, oldest first."""
        return self._history.tasks

    @property
    def results(self) -> list[Result]:
        """What the session holds, oldest first."""
        return [] if self._closed else self._history.results(self._backend)

    def get_total_n_cpu(self) -> float:
        """Tell how many chunk tasks run at a time, as Mars named it."""
        return float(self.n_threads)

    def __repr__(self) -> str:
        return pages.summary(self)

    def _repr_html_(self) -> str:
        return pages.as_html(self, lambda: pages.describe(self, listed=pages.FEW))

    # --- default, name and end -----------------------------------------------------------------------

    def as_default(self) -> Session:
        """Make this the session that ``execute()`` and ``fetch()`` use when none is given.

        Raises
        ------
        SessionClosed
            If the session was closed.
        """
        self._check_open()
        self._registry.set_default(self)
        return self

    def rename(self, name: str) -> Session:
        """Give the session another name.

        Raises
        ------
        ValueError
            If the name is empty, or that of another open session.
        SessionClosed
            If the session was closed.
        """
        self._check_open()
        self._registry.rename(self, name)
        return self

    def close(self) -> None:
        """End the session: cancel its tasks and free its results. Harmless when closed already.

        If it was the default session there is none afterwards; else the default session stays what it is.
        """
        with self._lock:
            if self._closed:
                return
            self._closed = True
        self._registry.remove(self)
        for task in self._history.running:
            task.cancel()
        self._backend.close()
        self._logs.clear()
        self._failures.close()

    destroy = close

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _check_open(self) -> None:
        if self._closed:
            raise SessionClosed(
                f"Session closed already: {self.name!r}",
                hints=["mars_nb.new_session()  # a new default session", "mars_nb.sessions  # the open ones"],
            )

    # --- execute -------------------------------------------------------------------------------------

    def execute(
        self,
        *tileables: Any,
        wait: bool | None = None,
        show_progress: bool | str | None = None,
        warn_duplicated_execution: bool | None = None,
    ) -> Any:
        """Compute lazy objects and keep their results in this session.

        Parameters
        ----------
        *tileables
            Lazy objects, Dask collections, or lists and tuples of them.
        wait
            False gives a future at once instead of waiting. If not given it waits, but for `mars_nb.background`.
        show_progress, warn_duplicated_execution
            In place of `mars_nb.options`.

        Returns
        -------
        object
            The one object that was given, a list of several, or with ``wait=False`` a `Task`.

        Raises
        ------
        SessionClosed
            If the session was closed.
        TypeError
            If something is no lazy object.
        ValueError
            If progress cannot be shown so.
        Exception
            What the user's own functions raise.
        """
        __tracebackhide__ = True
        if show_progress is not None:
            options._check("show_progress", show_progress)
        wanted = lazy_objects(tileables)
        value = given(wanted[0]) if len(wanted) == 1 else list(map(given, wanted))
        self._check_open()
        started = background.collector() if wait is None else None
        before = [] if wait is False else self._computing([tileable._node for tileable in wanted])
        if started is None:
            background.wait_for(before)
        nodes = self._missing(wanted, warn_duplicated_execution)
        task = Task(value, tuple(nodes), self.name, capture())
        if not nodes:
            for tileable in wanted:
                tileable._claim.settle()
            task.end()
            return task if wait is False else value
        if started is None:
            return self._carry_out(task, lambda: self._start(task, wanted), wait is not False, show_progress)
        started.append(self._carry_out(task, lambda: self._start(task, wanted, before), False, show_progress))
        return value

    def _carry_out(
        self, task: Task, start: Callable[[], None], wait: bool = True, show_progress: bool | str | None = None
    ) -> Any:
        """Start a task, let its progress be seen, and wait for it."""
        __tracebackhide__ = True
        try:
            background.in_foreground(start)
            progress = options.show_progress if show_progress is None else show_progress
            if progress is not False and not task.done():
                self._registry.notify(task, progress)
            return task.result() if wait else task
        except BaseException as error:
            # Whatever ends the waiting, above all an interrupt: give control back now, nothing more starts.
            if task.cancel():
                failures.explain_interrupt(error, task)
            draw_shortly(error)
            raise

    def _missing(self, wanted: Sequence[Tileable], warn: bool | None) -> list[Node]:
        """List the nodes that are not there yet."""
        missing: dict[Node, None] = {}
        for tileable in wanted:
            if isinstance(tileable._node.meta, HandleMeta):
                raise TypeError(f"{tileable} is no data yet; call an aggregation such as .sum() on it, then execute")
            if self._layout(tileable._node.key) is None:
                missing[tileable._node] = None
            elif options.warn_duplicated_execution if warn is None else warn:
                self._warn(RuntimeWarning, f"Tileable {tileable._unexecuted()} has been submitted before")
        return list(missing)

    def _computing(self, nodes: Sequence[Node]) -> list[Task]:
        """List the running tasks that compute these nodes, or what they need; none where waiting would never end."""
        running = self._history.running
        if not running or not background.may_wait():
            return []
        needed = set(ordered(nodes, lambda node: self._layout(node.key) is not None))
        return [task for task in running if not needed.isdisjoint(task.nodes)]

    def _start(self, task: Task, wanted: Sequence[Tileable], before: Sequence[Task] = ()) -> None:
        self._tell_recomputed(task.nodes)
        kinds = {tileable._node: type(given(tileable)).__name__ for tileable in wanted}
        claims = [tileable._claim for tileable in wanted]  # so that results in use stay while the task runs

        def done(error: BaseException | None) -> None:
            if error is None:
                self._history.executed(kinds)
                for claim in claims:
                    claim.settle()
            claims.clear()  # before anybody goes on who may count on them being gone
            self._failures.note(error, task)
            task.end(error)

        for claim in claims:
            claim.on_release(self._release)
        tees = Tees()
        task.before_end(lambda _: tees.release())  # before it begins, so that no interrupt can come between
        tees.acquire()
        with self._logs.recording([node.key for node in task.nodes]):
            self._begin(task, lambda: self._backend.submit(task.nodes, done, task.begin), before)

    def _begin(self, task: Task, submit: Callable[[], None], before: Sequence[Task] = ()) -> None:
        task.add_done_callback(self._on_end)  # first: an interrupt must not leave it among those that run
        self._history.begin(task)
        self.events.watch(task.number, task.sample)

        def begin() -> None:
            try:
                if not (task.done() or self._closed):
                    submit()
            except Exception as error:
                task.end(error)
                if not before:
                    raise

        background.after(before, begin)

    def _compute(self, operation: Node, graph: Graph, outputs: Collection[Key]) -> dict[Key, Any]:
        """Run chunk tasks as a task of this session, and give the outputs' values."""
        __tracebackhide__ = True
        self._check_open()
        values: dict[Key, Any] = {}
        task = Task(values, (operation,), self.name, operation.site)

        def done(found: dict[Key, Any], error: BaseException | None) -> None:
            values.update(found)
            self._failures.note(error, task)
            task.end(error)

        self._carry_out(task, lambda: self._begin(task, lambda: self._backend.run(graph, outputs, done, task.begin)))
        return values

    def _on_end(self, task: Any) -> None:
        self._history.end(task)
        self.events.over(task.number)

    def _release(self, key: str) -> None:
        # Called by the garbage collector, maybe in a thread that holds our lock: no locks here.
        self._history.forget(key)
        self._logs.forget(key)
        self._backend.release(key)

    def _layout(self, key: str) -> Layout | None:
        return None if self._closed else self._backend.layout(key)

    def _tell_recomputed(self, nodes: Sequence[Node]) -> None:
        """Warn of what is computed again here, because its result is in another session only."""
        others = [session for session in self._registry.sessions() if session is not self]
        if not others:
            return
        for node in ordered(nodes, lambda node: self._layout(node.key) is not None):
            if node.key in self._told or self._layout(node.key) is not None:
                continue
            holders = self._holders(node.key)
            if holders:
                self._told.add(node.key)
                self._warn(
                    SessionWarning,
                    f"{node.label} was executed in session {', '.join(map(repr, holders))}, and sessions are isolated: "
                    f"it is computed again in session {self.name!r}",
                )

    def _warn(self, category: type[Warning], message: str) -> None:
        site = capture()
        if site is None:
            warnings.warn(message, category, stacklevel=2)
        else:
            warnings.warn_explicit(message, category, site.filename, site.lineno)

    # --- for Dask ------------------------------------------------------------------------------------

    def get(self, dsk: Any, keys: Any, *, callbacks: Any = None, **kwargs: Any) -> Any:
        """Compute keys of a Dask graph in this session: a scheduler for Dask; see `mars_nb.get`.

        Examples
        --------
        >>> import dask, mars_nb
        >>> with mars_nb.new_session(default=False) as session:
        ...     dask.delayed(sum)([1, 2]).compute(scheduler=session.get)
        3
        """
        __tracebackhide__ = True
        self._check_open()
        return dask_scheduler.get(self, dsk, keys, callbacks)

    @contextmanager
    def as_dask_scheduler(self) -> Iterator[None]:
        """Let Dask compute in this session, in a ``with`` block.

        Examples
        --------
        >>> import dask, mars_nb
        >>> with mars_nb.new_session(default=False) as session, session.as_dask_scheduler():
        ...     dask.delayed(sum)([1, 2]).compute()
        3
        """
        import dask

        self._check_open()
        with dask.config.set(scheduler=self.get):
            yield

    # --- fetch ---------------------------------------------------------------------------------------

    def fetch(self, *tileables: Any, limit: int | str | None = None, force: bool = False) -> Any:
        """Bring results that this session holds, or slices of them.

        Parameters
        ----------
        *tileables
            Executed objects; slices of them (``head``, ``tail``, ``iloc`` and ``[]`` with integers and slices, one or
            several columns) need not be executed themselves.
        limit
            Bytes, or a text such as ``"4GiB"``, that may be brought; ``options.fetch_limit``, or a quarter of the free
            memory, if not given.
        force
            Bring it however large it is.

        Returns
        -------
        object
            A numpy, pandas or Python object, or a list of them for several.

        Raises
        ------
        IsolationError
            If the session does not hold a result.
        FetchTooLarge
            If it is more than `limit` (a ``MemoryError``).
        SessionClosed
            If the session was closed.
        """
        __tracebackhide__ = True
        self._check_open()
        wanted = lazy_objects(tileables, optimize=False)
        found = [self._held(tileable) for tileable in wanted]
        if not force:
            nbytes = sum(result.nbytes for result in found)
            fetching.check(wanted, nbytes, limit, None if self.is_default else self.name)
        values = [result.read() for result in found]
        return values[0] if len(values) == 1 else values

    def _held(self, tileable: Tileable) -> ShownResult:
        __tracebackhide__ = True
        found = self.shown(tileable)
        if found is None:
            for task in self._computing([tileable._node]):
                task.result()
            found = self.shown(tileable)
        if found is None:
            raise isolation_error(tileable, self.name, self._holders(tileable._node.key), self.is_default)
        return found

    def holds(self, tileable: Tileable) -> bool:
        """Tell whether `fetch` would give the object: it was executed here, or is a slice of what was."""
        return not self._closed and slices.find(tileable._node, self._layout) is not None

    def free(self, *tileables: Any) -> int:
        """Let results go though their objects are still in use: these are as before they were executed.

        Parameters
        ----------
        *tileables
            Lazy objects, Dask collections, or lists and tuples of them, and what `results` lists; those that are not
            held do no harm.

        Returns
        -------
        int
            Bytes of the results that were held.

        Examples
        --------
        >>> import mars_nb, mars_nb.tensor as mt
        >>> with mars_nb.new_session(default=False) as session:
        ...     t = mt.ones(1000).execute(session=session)
        ...     session.free(t), len(session.results)
        (8000, 0)
        """
        self._check_open()
        listed = [item for item in tileables if isinstance(item, Result)]
        objects = lazy_objects([item for item in tileables if not isinstance(item, Result)], optimize=False)
        keys = dict.fromkeys([*(result.key for result in listed), *(tileable._node.key for tileable in objects)])
        freed = sum(self._backend.nbytes_of(key) for key in keys)
        for key in keys:
            self._release(key)
        return freed

    def fetch_log(self, *tileables: Any) -> Any:
        """Give what functions printed while these objects were executed here; see `mars_nb.fetch_log`."""
        self._check_open()
        texts = [self._logs.text(tileable._node.key) for tileable in lazy_objects(tileables, optimize=False)]
        return texts[0] if len(texts) == 1 else texts

    @property
    def last_log(self) -> str:
        """What functions printed in the execution that began last."""
        return self._logs.last()

    def shown(self, tileable: Tileable) -> ShownResult | None:
        """Give a way to read an executed object, or a slice of one, in parts; None if it is not held here."""
        return shown_result(tileable._node, self._layout, self._backend.read, self._backend.nbytes_of)

    def estimate(self, tileable: Tileable) -> Estimate:
        """Tell how large an object is likely to be, and what is read to compute it here; quickly."""
        return estimate(tileable._node, self._layout, self._backend.nbytes_of)

    def _holders(self, key: str) -> dict[str, float | None]:
        """Name the other open sessions that hold a result, with the time since when, in seconds since the epoch."""
        others = (session for session in self._registry.sessions() if session is not self)
        return {s.name: s._history.executed_at(key) for s in others if s._layout(key) is not None}
