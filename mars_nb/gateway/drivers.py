"""A driver process for each user, started when there is something to do for it.

A driver listens on a unix socket in a directory that only this account can enter, and wants a secret besides. With a
state directory drivers outlive the gateway: what finds them again stands in a file each. Everything here runs on the
gateway's event loop; a user's driver is started once however many requests wait for it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mars_nb.errors import MarsError
from mars_nb.gateway import child, upstream
from mars_nb.gateway.auth import User
from mars_nb.gateway.upstream import Address, UpstreamLost

logger = logging.getLogger("mars_nb.gateway")

#: Bytes that the path of a unix socket may have.
SOCKET_PATH_MOST = 107
#: Seconds for which a driver that did not start is not started again.
PAUSE_S = 2.0
#: Seconds that the end of a driver may take when its connections are gone.
SETTLE_S = 1.0


@dataclass(frozen=True, slots=True)
class Cluster:
    """The Dask cluster that drivers work on.

    Attributes
    ----------
    address
        Of its scheduler.
    security
        Paths of certificates, as `distributed.Security` names them; None without TLS.
    dashboard
        Where Dask's dashboard is, None if there is none.
    """

    address: str
    security: Mapping[str, str] | None = None
    dashboard: str | None = field(default=None, repr=False)  # its path is a secret


@dataclass(frozen=True, slots=True)
class Timeouts:
    """When what is not used ends.

    Attributes
    ----------
    driver
        Seconds after which a driver without sessions ends.
    session
        Seconds after which a session that nobody uses is closed.
    """

    driver: float = 600.0
    session: float = 24 * 3600.0


@dataclass(frozen=True, eq=False)
class Driver:
    """A user's driver.

    Attributes
    ----------
    user
        Name of the user.
    address
        Where it listens, and its secret.
    process
        The process, None if an earlier gateway started it.
    """

    user: str
    address: Address
    process: child.Child | None


class Drivers:
    """The drivers of all users.

    Parameters
    ----------
    folder
        Private directory for sockets, and for the files that find drivers again; nothing else is in it.
    cluster
        What they work on.
    timeouts
        When they and their sessions end.
    keep
        They outlive the gateway.
    module
        What they run.
    """

    def __init__(
        self,
        folder: Path,
        cluster: Cluster,
        timeouts: Timeouts,
        *,
        keep: bool = False,
        module: str = "mars_nb.gateway.driver",
    ) -> None:
        self.cluster = cluster
        self.started = 0
        self.lost = 0
        self._folder = folder
        self._timeouts = timeouts
        self._keep = keep
        self._module = module
        self._drivers: dict[str, asyncio.Task[Driver]] = {}
        self._failed: dict[str, tuple[float, MarsError]] = {}
        self._watchers: set[asyncio.Task[None]] = set()
        self._closed = False
        check_length(folder / _socket_name())

    def __len__(self) -> int:
        return sum(task.done() for task in self._drivers.values())

    async def get(self, user: User) -> Driver:
        """Give a user's driver, started if need be.

        Raises
        ------
        MarsError
            If it does not start; says why.
        """
        when, error = self._failed.get(user.name, (0.0, None))
        if error is not None and time.monotonic() < when + PAUSE_S:
            raise error
        if user.name not in self._drivers:
            if self._closed:
                raise MarsError("the gateway is stopping")
            self._drivers[user.name] = asyncio.create_task(self._start(user))
        return await asyncio.shield(self._drivers[user.name])  # who waits may go away, others wait too

    async def _start(self, user: User) -> Driver:
        path = self._folder / _socket_name()
        address = Address(str(path), secrets.token_urlsafe(32))
        settings = {
            "socket": address.path,
            "secret": address.secret,
            "user": user.name,
            "scheduler": self.cluster.address,
            "security": self.cluster.security,
            "limits": {"sessions": user.quota.sessions, "runs": user.quota.runs, "bytes": user.quota.nbytes},
            "idle_timeout": self._timeouts.driver,
            "session_timeout": self._timeouts.session,
            "keep": self._keep,
        }
        log = self._folder / f"{user.name}.log" if self._keep else None
        try:
            process = await child.start(self._module, settings, keep=self._keep, log=log)
        except MarsError as error:
            logger.error("the driver of %s did not start: %s", user.name, error)
            self._failed[user.name] = (time.monotonic(), error)
            self._drivers.pop(user.name, None)
            path.unlink(missing_ok=True)
            raise
        self.started += 1
        self._failed.pop(user.name, None)
        logger.info("the driver of %s is process %d", user.name, process.pid)
        if self._keep:
            write_private(self._file(user.name), {"socket": address.path, "secret": address.secret})
        driver = Driver(user.name, address, process)
        watcher = asyncio.create_task(self._watch(driver, process))
        self._watchers.add(watcher)
        watcher.add_done_callback(self._watchers.discard)
        return driver

    async def _watch(self, driver: Driver, process: child.Child) -> None:
        code = await process.wait()
        process.leave()
        if code and not self._closed:
            self.lost += 1
            logger.error("the driver of %s ended with %d: the user's sessions are lost", driver.user, code)
        self.drop(driver)

    async def settle(self, driver: Driver) -> None:
        """Wait a moment until a driver that seems to end has ended, so that the next request gets a new one."""
        if driver.process is not None:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(driver.process.wait(), SETTLE_S)

    def drop(self, driver: Driver) -> None:
        """Forget a driver that does not answer any more, so that the next request gets a new one."""
        task = self._drivers.get(driver.user)
        if task is not None and task.done() and not task.exception() and task.result() is driver:
            del self._drivers[driver.user]
            self._tidy(driver)

    def _tidy(self, driver: Driver) -> None:
        self._file(driver.user).unlink(missing_ok=True)
        Path(driver.address.path).unlink(missing_ok=True)

    def _file(self, name: str) -> Path:
        return self._folder / f"{name}.json"

    async def find(self) -> None:
        """Find the drivers that an earlier gateway left in the same directory."""
        for file in sorted(self._folder.glob("*.json")):
            name = file.stem
            try:
                found = json.loads(file.read_text(encoding="utf-8"))
                address = Address(found["socket"], found["secret"])
                answer = await upstream.ask(address, "GET", "/ping")
                assert answer.get("user") == name, "it is another user's"
            except (UpstreamLost, ValueError, KeyError, TypeError, AssertionError):
                file.unlink(missing_ok=True)
                continue
            task = asyncio.get_running_loop().create_task(_give(Driver(name, address, None)))
            self._drivers[name] = task
            await task
            logger.info("the driver of %s is still there", name)

    async def close(self, *, leave: bool = False, for_good: bool = True) -> None:
        """End all drivers.

        Parameters
        ----------
        leave
            Leave them alone instead: the next gateway finds them.
        for_good
            None is started any more.
        """
        self._closed = for_good
        tasks, self._drivers = self._drivers, {}
        found = await asyncio.gather(*tasks.values(), return_exceptions=True)
        drivers = [driver for driver in found if isinstance(driver, Driver)]
        if leave:
            for watcher in self._watchers:
                watcher.cancel()
        else:
            await asyncio.gather(*(self._end(driver) for driver in drivers))
        await asyncio.gather(*self._watchers, return_exceptions=True)

    async def _end(self, driver: Driver) -> None:
        if driver.process is not None:
            await driver.process.end()
        else:
            with contextlib.suppress(UpstreamLost):
                await upstream.ask(driver.address, "POST", "/shutdown")
        self._tidy(driver)


async def _give(driver: Driver) -> Driver:
    return driver


def _socket_name() -> str:
    return f"{secrets.token_hex(6)}.sock"


def check_length(path: Path) -> None:
    """Refuse a path that is too long for a socket."""
    if len(os.fsencode(path)) > SOCKET_PATH_MOST:
        raise MarsError(
            f"{path.parent} is too long a name: the paths of its sockets would have more than {SOCKET_PATH_MOST} bytes",
            hints=["mars-nb-cluster --state-dir ~/.mars  # a shorter one"],
        )


def write_private(path: Path, value: Any) -> None:
    """Write JSON to a file that only this account can read; the file is whole or not there."""
    temporary = path.with_suffix(".new")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(value, file)
    temporary.replace(path)
