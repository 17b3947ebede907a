"""The functions of the public API that are about sessions, and the runtime behind ``t.execute()``."""

from __future__ import annotations

import atexit
import re
from collections.abc import Sequence
from functools import partial
from typing import Any

from mars_nb.config import option_context
from mars_nb.errors import NoSession, SessionWarning, UnknownSession, drawn_shortly
from mars_nb.graph.callsite import warn_user
from mars_nb.graph.estimate import Estimate
from mars_nb.graph.tileable import Tileable
from mars_nb.planner import engines
from mars_nb.planner import plan as planned
from mars_nb.planner.estimate import estimate
from mars_nb.planner.explain import explain
from mars_nb.session.backends.base import Backend
from mars_nb.session.backends.local import LocalBackend
from mars_nb.session.explanation import Explanation, draw
from mars_nb.session.for_dask.collections import lazy_objects
from mars_nb.session.registry import check_name, registry
from mars_nb.session.session import Session
from mars_nb.text import count, size, without_secrets

_ADDRESS = re.compile(r"(?:(?P<scheme>[A-Za-z][\w+.-]*)://)?[^\s/:]+(?::\d+)(?:[/?].*)?")

# Mars's own words.
_NO_SESSION = (
    "No session found, local session will be created in background, it may take a while before execution. "
    "If you want to new a local session by yourself, run code below:\n\n"
    "```\nimport mars\n\nmars.new_session()\n```\n"
)


def new_session(
    address: str | None = None,
    session_id: str | None = None,
    default: bool = True,
    new: bool = True,
    *,
    name: str | None = None,
    n_threads: int | None = None,
    memory_limit: int | str | None = None,
) -> Session:
    """Open a session.

    Parameters
    ----------
    address
        URL of a cluster; a session on the threads of this process if not given.
    session_id
        An id of one's own; it is also the name if none is given.
    default
        Whether ``execute()`` and ``fetch()`` use it from now on when no session is given.
    new
        Whether it may be made; if not, a session of that name must be open.
    name
        A name, to find it again. If a session of that name is open, that session is given, with a note.
    n_threads
        How many chunk tasks run at a time; one a core if not given.
    memory_limit
        Bytes or a text such as ``"4GiB"`` for results and intermediate values together: the least recently used ones
        beyond it are put on disk and read back when needed. 60 % of the memory there is if not given.

    Raises
    ------
    UnknownSession
        If it may not be made and is not open.
    ValueError
        If the address or the memory limit is none, or a session of that name is open with another number of threads.
    TypeError
        If the address is no text.
    ClusterUnavailable
        If the cluster cannot be reached, or has versions that would not understand this process.

    Examples
    --------
    >>> import mars_nb
    >>> with mars_nb.new_session(name="etl", default=False) as session:
    ...     session.name
    'etl'
    """
    with drawn_shortly():
        session, note = open_session(address, session_id, default, new, name, n_threads, memory_limit)
        if note:
            warn_user(SessionWarning, note)
        return session


def open_session(
    address: str | None = None,
    session_id: str | None = None,
    default: bool = True,
    new: bool = True,
    name: str | None = None,
    n_threads: int | None = None,
    memory_limit: int | str | None = None,
) -> tuple[Session, str]:
    """Open a session; see `new_session`.

    Returns
    -------
    tuple
        The session, and what its user should be told, if anything.
    """
    url = None if address is None else check_address(address)
    name = session_id if name is None else name
    if name is not None:
        check_name(name)
    _check_threads(n_threads)
    if not new and name is None:
        raise UnknownSession("new=False needs the name of an open session", hints=["mars_nb.sessions"])
    is_open = name is not None and name in registry and not registry[name].is_gone
    if url is not None and url.startswith("http") and not is_open:
        _check_local(n_threads, memory_limit)
        return _behind_gateway(url, name, new, default)
    if not new and not is_open:
        return registry[str(name)], ""  # raises
    if url is not None and not is_open:
        backend = _connected(url, n_threads, memory_limit)
        session, made = registry.add(lambda free: Session(backend, registry, free, session_id), name, default)
        if not made:  # another thread was quicker
            backend.close()
    else:
        session, made = registry.add(lambda free: _local(free, session_id, n_threads, memory_limit), name, default)
    if not made:
        if n_threads not in (None, session.n_threads):
            raise ValueError(f"session {name!r} is open with {session.n_threads} threads; close it first")
        if new:
            return session, f"attached to the existing session {name!r}"
    return session, ""


def _local(
    name: str, session_id: str | None = None, n_threads: int | None = None, memory_limit: int | str | None = None
) -> Session:
    return Session(LocalBackend(n_threads, f"mars_nb-{name}", memory_limit), registry, name, session_id)


def _check_threads(n_threads: Any) -> None:
    if n_threads is not None and (isinstance(n_threads, bool) or not isinstance(n_threads, int) or n_threads < 1):
        raise ValueError(f"n_threads must be a whole number from 1, got {n_threads!r}")


def check_address(address: Any) -> str:
    """Check an address, and give it with a scheme.

    Raises
    ------
    ValueError
        If it is none.
    TypeError
        If it is no text.
    """
    kinds = "an address is a URL such as 'http://127.0.0.1:7103/?token=...' or 'tcp://127.0.0.1:8786', or 'host:port'"
    if not isinstance(address, str):
        raise TypeError(f"{kinds}; got {type(address).__name__}")
    found = _ADDRESS.fullmatch(address)
    if found is None:
        raise ValueError(f"{kinds}; a session on this machine needs none. Got {without_secrets(address)!r}")
    scheme = found["scheme"]
    if scheme not in (None, "http", "https", "tcp", "tls"):
        raise ValueError(f"Address scheme {scheme} not supported: {kinds}")
    return address if scheme else f"http://{address}"


def _connected(address: str, n_threads: int | None, memory_limit: int | str | None) -> Backend:
    """Connect to Dask's scheduler."""
    from mars_nb.session.backends.cluster.connecting import connect

    _check_local(n_threads, memory_limit)
    return connect(address)


def _behind_gateway(url: str, name: str | None, new: bool, default: bool) -> tuple[Session, str]:
    """Open a session behind a gateway, or attach to one that is there."""
    from mars_nb.session.backends.gateway.connecting import attach
    from mars_nb.session.backends.gateway.session import GatewaySession

    backend, facts = attach(url, name, new)
    if backend.name in registry and registry[backend.name].is_gone:
        registry[backend.name].close()
    made = GatewaySession(backend, registry, backend.name, facts)
    session, is_new = registry.add(lambda free: made, backend.name, default)
    if not is_new:  # another thread was quicker, or there is a session of that name at another place
        backend.detach()
        return session, ""
    made.attach(facts)
    if facts["existing"]:
        what = f"{count(facts['results'], 'result')}, {size(facts['bytes'])}"
        runs = f", {count(len(facts['runs']), 'task')} running" if facts["runs"] else ""
        return session, f"attached to the existing session {session.name!r}: {what}{runs}"
    return session, ""


def _check_local(n_threads: Any, memory_limit: Any) -> None:
    if n_threads is not None or memory_limit is not None:
        raise ValueError("n_threads and memory_limit are for sessions on this machine; a cluster has its own")


def get_default_session() -> Session | None:
    """Give the default session, None if there is none."""
    return registry.default


def get_session(name: str | None = None) -> Session:
    """Give an open session.

    Parameters
    ----------
    name
        Of the session; the default session if not given.

    Raises
    ------
    UnknownSession
        If no session of that name is open; it suggests the nearest name.
    NoSession
        If there is no default session.
    """
    if name is not None:
        return registry[name]
    if registry.default is None:
        raise NoSession("No session found", hints=["mars_nb.new_session()"])
    return registry.default


def stop_server() -> None:
    """Close the default session, if there is one. Other sessions are left alone."""
    if registry.default is not None:
        registry.default.close()


def execute(
    tileable: Any, *tileables: Any, session: Session | None = None, wait: bool | None = None, **options: Any
) -> Any:
    """Execute lazy objects together; see `Session.execute`.

    Parameters
    ----------
    tileable, *tileables
        Lazy objects, Dask collections, or lists and tuples of them.
    session
        Where; the default session if not given, which is created where there is none.
    wait
        False gives a future at once instead of waiting.
    **options
        ``show_progress`` and ``warn_duplicated_execution``.

    Returns
    -------
    object
        The one object that was given, a list of several, or a future.
    """
    __tracebackhide__ = True
    wanted = lazy_objects((tileable, *tileables))
    return _session_or_default(session).execute(*wanted, wait=wait, **options)


def fetch(
    tileable: Any,
    *tileables: Any,
    session: Session | None = None,
    limit: int | str | None = None,
    force: bool = False,
) -> Any:
    """Fetch results; see `Session.fetch`.

    Parameters
    ----------
    tileable, *tileables
        Executed objects, or lists and tuples of them.
    session
        Where they were executed; the default session if not given.
    limit
        Bytes, or a text such as ``"4GiB"``, that may be brought; ``options.fetch_limit``, or a quarter of the free
        memory, if not given.
    force
        Bring them however large they are.
    """
    __tracebackhide__ = True
    wanted = lazy_objects((tileable, *tileables), optimize=False)
    found = session if session is not None else registry.default
    if found is None:
        raise NoSession("No session found", hints=["mars_nb.execute(...)  # creates a local session"])
    return _checked(found).fetch(*wanted, limit=limit, force=force)


def fetch_log(tileable: Any, *tileables: Any, session: Session | None = None) -> Any:
    r"""Give what functions printed while objects were executed, warnings included.

    It is printed as well, where it always was. What all objects of one ``execute`` print is one text, of which the last
    1 MiB is kept as long as the results are; while it runs, this is the text so far.

    Parameters
    ----------
    tileable, *tileables
        Lazy objects, Dask collections, or lists and tuples of them.
    session
        Where they were executed; the default session if not given.

    Returns
    -------
    str or list of str
        One text for each object; empty for what printed nothing or was not executed in that session.

    Examples
    --------
    >>> import mars_nb, mars_nb.remote as mr
    >>> hello = mr.spawn(print, args=("hello",)).execute()
    hello
    >>> mars_nb.fetch_log(hello)
    'hello\n'
    """
    wanted = lazy_objects((tileable, *tileables), optimize=False)
    found = registry.default if session is None else _checked(session)
    if found is None:
        return "" if len(wanted) == 1 else [""] * len(wanted)
    return found.fetch_log(*wanted)


def get(dsk: Any, keys: Any, *, callbacks: Any = None, **kwargs: Any) -> Any:
    """Compute keys of a Dask graph: a scheduler for Dask, on the threads of a session.

    It runs in the default session, which is created where there is none. Called inside a chunk task, it runs on that
    task's thread, so that tasks which compute other graphs cannot block one another.

    Parameters
    ----------
    dsk
        A graph in any form that Dask has, or what has a ``__dask_graph__``.
    keys
        A key, or a list of keys and of lists.
    callbacks
        Dask's callbacks (`dask.callbacks.Callback` or tuples of five functions), one or several; those that are active
        if not given. They are called on the threads that run the tasks, one at a time.
    **kwargs
        What other schedulers take, such as ``num_workers`` and ``pool``: without effect, because the session has its
        own threads.

    Returns
    -------
    object
        The key's value, or a tuple in place of each list.

    Raises
    ------
    KeyError
        If a key is not in the graph.
    TaskCancelled
        If it was cancelled, as by closing the session.
    Exception
        What the graph's functions raise.

    Examples
    --------
    >>> import dask, mars_nb
    >>> mars_nb.get({"x": 1, "y": (abs, -2), "z": (sum, ["x", "y"])}, ["z", ["x"]])
    (3, (1,))
    >>> dask.delayed(max)([3, 4]).compute(scheduler=mars_nb.get)
    4
    """
    __tracebackhide__ = True
    session, _ = registry.ensure_default(_local)
    return session.get(dsk, keys, callbacks=callbacks)


def _checked(session: Any) -> Session:
    if not isinstance(session, Session):
        raise TypeError(f"session= takes a session, got {type(session).__name__}; see mars_nb.get_session(name)")
    return session


def _session_or_default(session: Session | None) -> Session:
    if session is not None:
        return _checked(session)
    found, made = registry.ensure_default(_local)
    if made:
        warn_user(UserWarning, _NO_SESSION)
    return found


class SessionRuntime:
    """Executes and fetches for tileables; see `mars_nb.graph.runtime.Runtime`."""

    def execute(self, tileables: Sequence[Tileable], session: Any, wait: bool | None, options: dict[str, Any]) -> Any:
        """Execute in a session or the default one."""
        __tracebackhide__ = True
        return _session_or_default(session).execute(*tileables, wait=wait, **options)

    def fetch(self, tileables: Sequence[Tileable], session: Any, options: dict[str, Any]) -> list[Any]:
        """Fetch from a session or the default one."""
        __tracebackhide__ = True
        how = {name: options[name] for name in ("limit", "force") if name in options}
        unknown = set(options) - {*how, "batch_size"}  # Mars's; results are here in one piece
        if unknown:
            raise TypeError(f"fetch() got an unexpected keyword argument {min(unknown)!r}")
        found = session if session is not None else registry.default
        if found is None:
            key = tileables[0].key if tileables else ""
            raise NoSession(
                f"Tileable object {key}_0 must be executed first before fetch", hints=[".execute()  # then .fetch()"]
            )
        values = _checked(found).fetch(*tileables, **how)
        return [values] if len(tileables) == 1 else values

    def fetch_log(self, tileable: Tileable, session: Any) -> str:
        """Give what was printed while it was executed."""
        return str(fetch_log(tileable, session=session))

    def value(self, tileable: Tileable) -> Any:
        """Execute in the default session where needed, and fetch."""
        __tracebackhide__ = True
        session = _session_or_default(None)
        if not session.holds(tileable):
            session.execute(tileable, wait=True)
        return session.fetch(tileable)

    def shown(self, tileable: Tileable) -> Any:
        """Give a way to read the result: from the default session, else from the newest that holds it."""
        default = registry.default
        for session in [*([default] if default else []), *reversed(registry.sessions())]:
            found = session.shown(tileable)
            if found is not None:
                return found
        return None

    def readable(self, tileable: Tileable) -> Any:
        """Execute in the default session where needed, and give a way to read the result in parts."""
        __tracebackhide__ = True
        session = _session_or_default(None)
        if not session.holds(tileable):
            session.execute(tileable, wait=True)
        return session.shown(tileable)

    def recorded(self, collection: Any) -> Tileable:
        """Give a Dask collection as a lazy object."""
        return lazy_objects([collection])[0]

    def estimate(self, tileable: Tileable) -> Estimate:
        """Tell what the object is likely to take, in the default session where there is one."""
        default = registry.default
        return estimate(tileable._node) if default is None else default.estimate(tileable)

    def explain(self, tileable: Tileable, session: Any, plan: bool) -> Explanation:
        """Tell how the object would be computed in a session, the default one or a new one."""
        where = registry.default if session is None else _checked(session)
        if where is not None:
            return where.explain(tileable, plan=plan)
        nodes = [tileable._node]
        with option_context({"on_gather": "allow"}):
            found = planned(nodes, columnar=partial(engines.find, near=True))
            return draw(explain(nodes, found), "a new session", plan)


def _close_all() -> None:
    for session in registry.sessions():
        session._leave()


atexit.register(_close_all)
