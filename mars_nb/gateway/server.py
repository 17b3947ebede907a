"""Starting and stopping the gateway: its directory, the embedded cluster, the port, signals.

Without a state directory everything ends with the gateway, however that ends: the other processes notice that their
stdin is closed. With one, SIGTERM leaves the drivers and the embedded cluster to the next gateway; SIGINT (Ctrl-C) ends
all.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import logging
import os
import resource
import shutil
import signal
import socket
import ssl
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets

from mars_nb.errors import MarsError
from mars_nb.gateway import embedded
from mars_nb.gateway.app import Gateway, make_app
from mars_nb.gateway.auth import User, Users
from mars_nb.gateway.door import Place
from mars_nb.gateway.drivers import Cluster, Drivers, Timeouts
from mars_nb.gateway.limits import Limits
from mars_nb.gateway.lock import Lock
from mars_nb.gateway.relay import GOING_AWAY, UNAUTHORIZED
from mars_nb.gateway.upstream import PIECE

logger = logging.getLogger("mars_nb.gateway")

_HEADER_MOST = 2**14
#: Seconds without a request after which a connection is closed, and in which a body must have come.
_IDLE_S = 120.0
_BODY_S = 3600.0
#: Seconds after which a cluster that ended is started again; one that lived shorter would go on to end.
_SHORT_S = 30.0
_ANY = ("", "0.0.0.0", "::")
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True)
class Options:
    """How the gateway runs.

    Attributes
    ----------
    read_users
        Gives the users by the hashes of their tokens; called again at SIGHUP.
    host, port
        Where it listens; port 0 takes a free one.
    hostnames
        Names that it goes by besides the machine's own.
    tls_cert, tls_key
        PEM files; both or none.
    cluster
        An existing Dask cluster; None to start one.
    size
        Of the one that is started.
    state_dir
        Where what outlives the gateway is; None if nothing shall.
    timeouts, limits
        When things end, and what is let through.
    driver
        Module that drivers run.
    """

    read_users: Callable[[], Mapping[str, User]]
    host: str = "127.0.0.1"
    port: int = 7005
    hostnames: tuple[str, ...] = ()
    tls_cert: Path | None = None
    tls_key: Path | None = None
    cluster: Cluster | None = None
    size: embedded.Size = field(default_factory=embedded.Size)
    state_dir: Path | None = None
    timeouts: Timeouts = field(default_factory=Timeouts)
    limits: Limits = field(default_factory=Limits)
    driver: str = "mars_nb.gateway.driver"


def is_loopback(host: str) -> bool:
    """Tell whether only this machine reaches an address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@dataclass
class Running:
    """A gateway that runs.

    Attributes
    ----------
    address
        Where it listens, as a URL without a token.
    gateway
        What its requests share.
    over
        Is set when it shall stop, or cannot go on.
    leave
        Whether drivers and cluster are left to the next gateway.
    failed
        Whether it cannot go on.
    """

    address: str
    gateway: Gateway
    over: asyncio.Event = field(default_factory=asyncio.Event)
    leave: bool = False
    failed: bool = False


@contextlib.asynccontextmanager
async def running(options: Options) -> AsyncIterator[Running]:
    """Run a gateway for as long as the block lasts.

    Raises
    ------
    MarsError
        If it cannot start; says why.
    """
    context = _tls(options)
    users = Users(options.read_users())
    keep = options.state_dir is not None
    async with contextlib.AsyncExitStack() as stack:
        folder = stack.enter_context(_folder(options.state_dir))
        sockets = _bind(options)
        for each in sockets:
            stack.callback(each.close)
        port = sockets[0].getsockname()[1]
        cluster = options.cluster
        engine = None
        if cluster is None:
            engine = await embedded.start(folder, options.size, options.timeouts.driver, keep=keep)
            cluster = engine.cluster
        make_private(folder / "drivers")
        drivers = Drivers(folder / "drivers", cluster, options.timeouts, keep=keep, module=options.driver)
        gateway = Gateway(Place(_names(options), port, secure=context is not None), users, drivers, options.limits)
        now = Running(_url(options, port), gateway)
        if engine is not None:
            supervisor = Supervisor(engine, now, folder, options)
            stack.push_async_callback(supervisor.end)
        stack.push_async_callback(_end_drivers, now)
        await drivers.find()
        server = HTTPServer(
            make_app(gateway),
            ssl_options=context,
            chunk_size=PIECE,
            max_header_size=_HEADER_MOST,
            max_body_size=options.limits.json,
            idle_connection_timeout=_IDLE_S,
            body_timeout=_BODY_S,
        )
        stack.push_async_callback(_end_server, server, now)
        server.add_sockets(sockets)
        yield now


async def run(options: Options, announce: Callable[[str], None]) -> int:
    """Run a gateway until a signal.

    Parameters
    ----------
    options
        How.
    announce
        Called with its address when it is ready.

    Returns
    -------
    int
        What the process shall return.
    """
    _raise_descriptors()
    async with running(options) as now:

        def stop(number: int) -> None:
            now.leave = number == signal.SIGTERM and options.state_dir is not None
            now.over.set()

        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop, number)
        loop.add_signal_handler(signal.SIGHUP, _read_users_again, now, options)
        announce(now.address)
        await now.over.wait()
        logger.info("stopping")
    return int(now.failed)


def _raise_descriptors() -> None:
    """Allow as many open files as the system does: each event stream has two."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):  # not every system takes what it names itself
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


class Supervisor:
    """Starts the embedded cluster again when it ends by itself; gives up when it does so right away.

    Parameters
    ----------
    engine
        The cluster as it is now.
    now
        The gateway.
    folder, options
        How to start another.
    """

    def __init__(self, engine: embedded.Embedded, now: Running, folder: Path, options: Options) -> None:
        self._engine = engine
        self._now = now
        self._folder = folder
        self._options = options
        self._task = asyncio.create_task(self._watch())

    async def _watch(self) -> None:
        loop = asyncio.get_running_loop()
        drivers = self._now.gateway.drivers
        while True:
            since = loop.time()
            await self._engine.gone()
            logger.error("the Dask cluster ended: all sessions are lost")
            try:
                if loop.time() - since < _SHORT_S:
                    raise MarsError(f"it lived for less than {_SHORT_S:.0f} s")
                await drivers.close(for_good=False)
                keep = self._options.state_dir is not None
                timeout = self._options.timeouts.driver
                self._engine = await embedded.start(self._folder, self._options.size, timeout, keep=keep)
                drivers.cluster = self._engine.cluster
            except MarsError as error:
                logger.error("the Dask cluster cannot be started again: %s", error)
                self._now.failed = True
                self._now.over.set()
                return

    async def end(self) -> None:
        """End the cluster, or leave it to the next gateway."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        await self._engine.end(leave=self._now.leave)


async def _end_drivers(now: Running) -> None:
    await now.gateway.drivers.close(leave=now.leave)


async def _end_server(server: HTTPServer, now: Running) -> None:
    server.stop()
    for stream in list(now.gateway.streams):
        stream.close(GOING_AWAY, "the gateway stops")
    await server.close_all_connections()


def _read_users_again(now: Running, options: Options) -> None:
    try:
        users = options.read_users()
    except (MarsError, OSError) as error:
        logger.error("the users stay as they are: %s", error)
        return
    now.gateway.users.replace(users)
    for stream in list(now.gateway.streams):
        if not now.gateway.users.valid(stream.user):
            stream.close(UNAUTHORIZED, "the token is no longer valid")
    logger.info("the users were read again")


@contextlib.contextmanager
def _folder(state_dir: Path | None) -> Iterator[Path]:
    """Give a directory that only this account can enter."""
    if state_dir is None:
        folder = Path(tempfile.mkdtemp(prefix="mars-nb-"))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        return
    make_private(state_dir)
    try:
        lock = Lock(state_dir / "lock")
    except BlockingIOError:
        raise MarsError(f"another gateway runs on {state_dir}", hints=["mars-nb-cluster --state-dir OTHER"]) from None
    with lock:
        yield state_dir


def make_private(folder: Path) -> None:
    """Make a directory that only this account can enter, or refuse one that others can."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = folder.stat()
    if found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise MarsError(f"others can enter {folder}", hints=[f"chmod 700 {folder}"])


def _tls(options: Options) -> ssl.SSLContext | None:
    if options.tls_cert is None:
        if not is_loopback(options.host):
            raise MarsError(
                f"without TLS only this machine may be served, and others reach {options.host}",
                hints=[
                    "mars-nb-cluster --host HOST --tls-cert CERT.pem --tls-key KEY.pem",
                    "ssh -L 7005:127.0.0.1:7005 THIS-MACHINE  # there, and --host left out here",
                ],
            )
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(options.tls_cert, options.tls_key)
    except (OSError, ssl.SSLError) as error:
        raise MarsError(f"the certificate {options.tls_cert} cannot be used: {error}") from error
    return context


def _bind(options: Options) -> list[socket.socket]:
    try:
        return bind_sockets(options.port, options.host)
    except OSError as error:
        raise MarsError(
            f"{options.host}, port {options.port}, cannot be listened on: {error.strerror}",
            hints=["mars-nb-cluster --port 0  # any free port"],
        ) from error


def _names(options: Options) -> frozenset[str]:
    names = {name.lower() for name in options.hostnames} | _LOOPBACK
    if not is_loopback(options.host):
        names |= {options.host.lower(), socket.gethostname().lower(), socket.getfqdn().lower()}
    return frozenset(names)


def _url(options: Options, port: int) -> str:
    host = options.host if options.host not in _ANY else socket.getfqdn()
    scheme = "http" if options.tls_cert is None else "https"
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}/"
