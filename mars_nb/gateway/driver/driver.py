"""What the sessions of a user share: the connection to Dask, the table of sessions, the uploads, the time that is left.

Used on the driver's event loop, but for the threads of `Driver.pool`, on which everything is done that may take time.
"""

from __future__ import annotations

import asyncio
import platform
import secrets
import time
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from mars_nb.gateway.driver.hosted import Hosted
from mars_nb.gateway.driver.runs import Event
from mars_nb.gateway.driver.table import Entry, Table
from mars_nb.gateway.driver.uploads import Uploads
from mars_nb.session.backends.cluster.backend import ClusterBackend, Totals

if TYPE_CHECKING:
    from distributed import Client

#: What the client must agree with.
PACKAGES = ("mars_nb", "numpy", "pandas", "dask", "distributed")
_THREADS = 16
#: Seconds between two looks for what is over.
_LOOK_S = 1.0
#: Seconds from a broken connection to the cluster to the end, in which all who wait are told.
_LOST_S = 5.0


class TooMany(Exception):
    """More than the user may have; says of what."""


class Driver:
    """A user's driver.

    Parameters
    ----------
    settings
        What the gateway sent; see `mars_nb.gateway.drivers`.
    client
        Connected to the cluster.
    folder
        Takes uploads.

    Attributes
    ----------
    ended
        Is set when the driver is to end.
    """

    def __init__(self, settings: dict[str, Any], client: Client, folder: str) -> None:
        self.settings = settings
        self.client = client
        self.loop = asyncio.get_running_loop()
        self.pool = ThreadPoolExecutor(_THREADS, "mars_nb-driver")
        self.table: Table[Hosted] = Table(settings["session_timeout"], time.time)
        self.uploads = Uploads(folder, time.monotonic)
        self.ended = asyncio.Event()
        self.used = time.monotonic()
        self._totals = Totals(client)
        self._lost_at: float | None = None
        self._totals.on_change[self] = lambda: self.loop.call_soon_threadsafe(self._moved)
        self._looking = asyncio.create_task(self._look())

    def _moved(self) -> None:
        for entry in self.table.all():
            entry.content.moved()

    # --- sessions ------------------------------------------------------------------------------------

    def open(self, name: str | None, new: bool) -> tuple[Entry[Hosted] | None, bool]:
        """Give the session of a name, or make one if that may be; tells whether it was there.

        Raises
        ------
        TooMany
            If there are as many as there may be.
        """
        entry = None if name is None else self.table.named(name)
        if entry is not None or not new:
            return entry, entry is not None
        if len(self.table) >= self.settings["limits"]["sessions"]:
            raise TooMany("sessions")
        backend = ClusterBackend(self.settings["scheduler"], self.client, self._totals)
        return self.table.add(secrets.token_urlsafe(16), name, Hosted(backend, self.loop)), False

    def close(self, entry: Entry[Hosted], why: str = "closed") -> None:
        """End a session."""
        self.table.remove(entry.id)
        entry.content.close(why)
        self.pool.submit(entry.content.backend.close)

    def describe(self, entry: Entry[Hosted]) -> Event:
        """Tell about a session."""
        hosted = entry.content
        return {
            "id": entry.id,
            "name": entry.name,
            "state": "busy" if hosted.running else "idle",
            "created": entry.created,
            "last_used": entry.used,
            "expires_in": self.table.left(entry),
            "notebook": entry.notebook,
            "kernel": entry.kernel,
            "connected": hosted.streams > 0,
            "results": len(hosted.results),
            "bytes": hosted.backend.nbytes,
            "running": len(hosted.running),
        }

    def check_room(self, entry: Entry[Hosted]) -> None:
        """Refuse another run if there are as many runs, or results, as there may be.

        Raises
        ------
        TooMany
            Of what.
        """
        limits = self.settings["limits"]
        if len(entry.content.running) >= limits["runs"]:
            raise TooMany("runs")
        most = limits["bytes"]
        if most is not None and sum(other.content.backend.nbytes for other in self.table.all()) >= most:
            raise TooMany("bytes")

    @property
    def is_lost(self) -> bool:
        """Whether the connection to the cluster broke."""
        return self._totals.is_lost

    # --- what is there -------------------------------------------------------------------------------

    def info(self) -> Event:
        """Tell what the driver and the cluster are. Asks the scheduler: may take time; used on any thread."""
        now = self._totals.now
        return {
            "protocol": 1,
            "versions": {"python": platform.python_version(), **{name: _version(name) for name in PACKAGES}},
            "user": self.settings["user"],
            "limits": self.settings["limits"],
            "cluster": {
                "workers": len(self.client.scheduler_info(n_workers=-1)["workers"]),
                "threads": now["threads"],
                "memory_limit": now["limit"],
                "memory": {"held": now["memory"], "spilled": now["spilled"], "limit": now["limit"]},
                "dashboard": True,
            },
        }

    def workers(self) -> list[Event]:
        """Tell what each worker is and does. Asks the scheduler: may take time; used on any thread."""
        return [_worker(address, one) for address, one in self.client.scheduler_info(n_workers=-1)["workers"].items()]

    # --- time ----------------------------------------------------------------------------------------

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_S)
            self.uploads.forget_old()
            self._end_if_lost()
            for entry in self.table.expired(lambda hosted: bool(hosted.running)):
                self.close(entry, "expired")
            if len(self.table):
                self.used = time.monotonic()
            elif time.monotonic() > self.used + self.settings["idle_timeout"]:
                self.ended.set()

    def _end_if_lost(self) -> None:
        """End when the connection to the cluster broke: the next driver makes another, and has nothing that is gone."""
        if not self.is_lost:
            return
        now = time.monotonic()
        self._lost_at = self._lost_at or now
        if now >= self._lost_at + _LOST_S:
            for entry in self.table.all():
                self.close(entry, "cluster-lost")
            self.ended.set()

    async def stop(self) -> None:
        """End all sessions."""
        self._looking.cancel()
        self._totals.on_change.pop(self, None)
        for entry in self.table.all():
            self.close(entry, "stopped")
        await asyncio.to_thread(self.pool.shutdown)


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _worker(address: str, one: dict[str, Any]) -> Event:
    metrics = one.get("metrics", {})
    return {
        "name": str(one.get("name", address)),
        "address": address,
        "threads": one["nthreads"],
        "cpu": metrics.get("cpu", 0.0),
        "memory": metrics.get("memory", 0),
        "memory_limit": one["memory_limit"],
        "spilled": metrics.get("spilled_bytes", {}).get("disk", 0),
        "executing": metrics.get("executing", 0),
    }
