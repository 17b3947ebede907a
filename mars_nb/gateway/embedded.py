"""The gateway's side of the embedded Dask cluster: starting its process (`engine`), finding it again, ending it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mars_nb.gateway import child
from mars_nb.gateway.drivers import Cluster, write_private
from mars_nb.gateway.lock import holder

logger = logging.getLogger("mars_nb.gateway")

#: Seconds in which an engine that an earlier gateway started must end.
_END_S = 15.0
#: Seconds between two looks for it.
_LOOK_S = 1.0


@dataclass(frozen=True, slots=True)
class Size:
    """How large the embedded cluster is.

    Attributes
    ----------
    n_workers, threads_per_worker
        Worker processes, and threads of each; Dask's choice for this machine if None.
    memory_limit
        Of each worker, such as ``"4GiB"``; ``"auto"`` shares the machine's.
    """

    n_workers: int | None = None
    threads_per_worker: int | None = None
    memory_limit: str = "auto"


class Embedded:
    """The embedded cluster.

    Parameters
    ----------
    cluster
        Where it is.
    process
        Its process, None if an earlier gateway started it.
    folder
        Its private directory.
    """

    def __init__(self, cluster: Cluster, process: child.Child | None, folder: Path) -> None:
        self.cluster = cluster
        self.process = process
        self._folder = folder

    async def gone(self) -> None:
        """Wait until it has ended."""
        if self.process is not None:
            await self.process.wait()
        while holder(self._folder / "engine.lock") is not None:  # noqa: ASYNC110 # a lock tells nobody
            await asyncio.sleep(_LOOK_S)

    async def end(self, *, leave: bool = False) -> None:
        """End it, or leave it to the next gateway."""
        if leave:
            return
        (self._folder / "engine.json").unlink(missing_ok=True)
        if self.process is not None:
            await self.process.end()
        elif number := holder(self._folder / "engine.lock"):
            os.kill(number, signal.SIGTERM)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.gone(), _END_S)


async def start(folder: Path, size: Size, idle_timeout: float, *, keep: bool) -> Embedded:
    """Start the embedded cluster, or find the one that an earlier gateway left.

    Raises
    ------
    ChildError
        If it does not start; says why.
    """
    file = folder / "engine.json"
    if keep and holder(folder / "engine.lock") is not None and file.exists():
        logger.info("the Dask cluster of the last gateway is still there")
        return Embedded(_cluster(json.loads(file.read_text(encoding="utf-8"))), None, folder)
    settings = {
        "n_workers": size.n_workers,
        "threads_per_worker": size.threads_per_worker,
        "memory_limit": size.memory_limit,
        "folder": str(folder),
        "lock": str(folder / "lock"),
        "keep": keep,
        "idle_timeout": idle_timeout,
    }
    log = folder / "engine.log" if keep else None
    process = await child.start("mars_nb.gateway.engine", settings, keep=keep, log=log)
    if keep:
        write_private(file, dict(process.ready))
    return Embedded(_cluster(process.ready), process, folder)


def _cluster(ready: Mapping[str, Any]) -> Cluster:
    return Cluster(ready["address"], ready["security"], ready["dashboard"])
