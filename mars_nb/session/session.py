"""The session."""

from __future__ import annotations

import itertools
import secrets
import string
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Self

from mars_nb.config import option_context, options
from mars_nb.errors import SessionClosed
from mars_nb.graph.estimate import Estimate
from mars_nb.graph.tileable import Tileable
from mars_nb.planner import slices
from mars_nb.planner.estimate import estimate
from mars_nb.planner.explain import explain
from mars_nb.planner.layout import Layout
from mars_nb.session import pages
from mars_nb.session.backends.base import Backend
from mars_nb.session.executor import Executor
from mars_nb.session.explanation import Explanation, draw
from mars_nb.session.facts import Facts
from mars_nb.session.fetching import guard
from mars_nb.session.fetching.isolation import isolation_error
from mars_nb.session.fetching.shown import ShownResult, shown_result
from mars_nb.session.for_dask import scheduler
from mars_nb.session.for_dask.collections import lazy_objects
from mars_nb.session.history import Result
from mars_nb.session.names import Names

if TYPE_CHECKING:
    from mars_nb.session.registry import Registry
    from mars_nb.session.transfer.moves import Move

_LETTERS = string.ascii_letters + string.digits
_NUMBERS = itertools.count(1)


class Session(Facts):
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
    number : int
        Counts the sessions of this process.
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
        self.number = next(_NUMBERS)
        self._executor = Executor(self)
        self._history = self._executor.history
        self._logs = self._executor.logs
        self.events = self._executor.events
        self._names = Names(self._tell_names)

    # --- how it is shown, and names of what it holds -------------------------------------------------

    def publish(self, **objects: Any) -> None:
        """Name results, so that ``results["df"]`` finds them, also from elsewhere if the session is on a cluster.

        In notebooks that is done after each cell, for all variables that hold results.

        Parameters
        ----------
        **objects
            Executed lazy objects by their names.

        Raises
        ------
        IsolationError
            If one was not executed in this session.
        """
        self._check_open()
        keys = {}
        for name, value in objects.items():
            (tileable,) = lazy_objects([value], optimize=False)
            keys[name] = tileable._node.key
            if self._layout(tileable._node.key) is None:
                holders = self._holders(tileable._node.key)
                raise isolation_error(tileable, self.name, holders, self.is_default)
        self._names.publish(keys)

    def _name_variables(self, keys: Mapping[str, str]) -> None:
        """Take note of all of the user's variables that hold results, after a cell: keys by name."""
        if not self._closed:
            self._names.follow({name: key for name, key in keys.items() if self._layout(key) is not None})

    def _tell_names(self, changes: Mapping[str, str | None], wait: bool) -> None:
        """Tell others of names that changed here; see `mars_nb.session.names`."""

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

    def move_to(
        self, address: str, results: str = "auto", *, dry_run: bool = False, show_progress: bool | str | None = None
    ) -> Session | Move:
        """Take this session, which is on this machine, along to a cluster.

        A session of the same name is opened there and gets the results, so that the same variables go on to work; it is
        the default if this one was. This one is closed when all is there. Whatever goes wrong before, it is as it was.

        Parameters
        ----------
        address
            URL of the cluster; see `mars_nb.new_session`.
        results
            ``"upload"``: they are sent. ``"recompute"``: they are computed there from their recordings; what the user
            gave is sent. ``"auto"``: they are sent, but for what is made of nothing, such as random numbers.
        dry_run
            Only tell what would be done.
        show_progress
            In place of `mars_nb.options`.

        Returns
        -------
        Session or Move
            The session on the cluster; with ``dry_run=True`` what would be done, with sizes.

        Raises
        ------
        NotMoved
            If tasks are running, a result cannot be sent, the name is taken there, or this session is on a cluster.
        ClusterUnavailable
            If the cluster cannot be reached, or has versions that would not understand this process.
        """
        __tracebackhide__ = True
        from mars_nb.session.transfer.moving import move

        self._check_open()
        return move(self, address, results, dry_run, show_progress)

    def _reserve(self, name: str) -> None:
        """Make sure that nobody else's session has a name which this one is about to get."""

    def close(self) -> None:
        """End the session: cancel its tasks and free its results. Harmless when closed already.

        If it was the default session there is none afterwards; else the default session stays what it is.
        """
        if self._end():
            self._cancel_all()
            self._backend.close()
            self._executor.close()

    destroy = close

    def _end(self) -> bool:
        """Tell whether the session was open; it is closed now."""
        with self._lock:
            was_closed, self._closed = self._closed, True
        if not was_closed:
            self._registry.remove(self)
        return not was_closed

    def _cancel_all(self) -> None:
        for task in self._history.running:
            task.cancel()

    def _leave(self) -> None:
        """End with the process."""
        self.close()

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
        self._check_open()
        return self._executor.execute(wanted, wait, show_progress, warn_duplicated_execution)

    def explain(self, *tileables: Any, plan: bool = False) -> Explanation:
        """Tell how lazy objects would be computed together here; see `mars_nb.graph.tileable.Tileable.explain`.

        Parameters
        ----------
        *tileables
            Lazy objects, Dask collections, or lists and tuples of them.
        plan
            Show the plans that Polars makes of columnar stages as well.
        """
        nodes = [tileable._node for tileable in lazy_objects(tileables)]
        self._check_open()
        with option_context({"on_gather": "allow"}):  # the explanation says it
            planned = self._backend.plan(nodes)
            return draw(explain(nodes, planned, self._backend.nbytes_of), f"session {self.name!r}", plan)

    def _release(self, key: str) -> None:
        # Called by the garbage collector, maybe in a thread that holds our lock: no locks here.
        self._history.forget(key)
        self._logs.forget(key)
        self._backend.release(key)
        self._changed()

    def _changed(self) -> None:
        """Tell those who show sessions. As `_release`, it may be called at any moment."""
        self._registry.tell(self)

    def _layout(self, key: str) -> Layout | None:
        return None if self._closed else self._backend.layout(key)

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
        return scheduler.get(self, dsk, keys, callbacks)

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
            guard.check(wanted, nbytes, limit, None if self.is_default else self.name)
        values = [result.read() for result in found]
        return values[0] if len(values) == 1 else values

    def _held(self, tileable: Tileable) -> ShownResult:
        __tracebackhide__ = True
        found = self.shown(tileable)
        if found is None:
            for task in self._executor.computing([tileable._node]):
                task.result()
            found = self.shown(tileable)
        if found is None:
            raise isolation_error(tileable, self.name, self._holders(tileable._node.key), self.is_default)
        return found

    def holds(self, tileable: Tileable) -> bool:
        """Tell whether `fetch` would give the object: it was executed here, or is a slice of what was."""
        return not self._closed and slices.find(tileable._node, self._layout) is not None

    def free(self, *tileables: Any) -> int:
        """Let results and intermediates go though their objects are in use: these are as before they were computed.

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
        freed += sum(kept.nbytes for kept in self._backend.intermediates() if kept.node.key in keys)
        for key in keys:
            self._release(key)
        return freed

    def fetch_log(self, *tileables: Any) -> Any:
        """Give what functions printed while these objects were executed here; see `mars_nb.fetch_log`."""
        self._check_open()
        texts = [self._logs.text(tileable._node.key) for tileable in lazy_objects(tileables, optimize=False)]
        return texts[0] if len(texts) == 1 else texts

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
