"""The embedded Dask cluster: a process of its own, because Dask's scheduler unpickles what it is sent.

Its connections are TLS with certificates made for this run, which lie in the gateway's private directory: other users
of the machine reach its port, but not what is behind it. Its dashboard is behind a secret path. It ends with the
gateway; with a state directory it stays, until neither a gateway nor a client has been there for a while.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import os
import secrets
import shutil
import signal
from pathlib import Path
from typing import Any

from mars_nb.gateway.lock import Lock, holder
from mars_nb.gateway.parent import read_settings, tell, when_alone
from mars_nb.gateway.quiet import be_quiet

#: Seconds between two looks for a gateway.
_LOOK_S = 5.0
_PEMS = ("tls_ca_file", "tls_client_cert", "tls_client_key")


def main() -> None:
    """Run until told to end."""
    settings = read_settings()
    if not settings["keep"]:  # the gateway may be killed; what Dask removes at its end comes before this
        atexit.register(shutil.rmtree, settings["folder"], ignore_errors=True)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in a terminal is the gateway's
    try:
        import cryptography as _  # noqa: F401
        import distributed as __  # noqa: F401
    except ImportError as error:
        tell({"error": f"a package is not installed: {error.name}", "hints": ["pip install 'mars_nb[cluster]'"]})
        return
    asyncio.run(_run(settings))


async def _run(settings: dict[str, Any]) -> None:
    import dask
    from distributed import LocalCluster
    from distributed.security import Security

    folder = Path(settings["folder"])
    be_quiet()
    security = Security.temporary()
    paths = {name: str(_write(folder / f"{name}.pem", getattr(security, name))) for name in _PEMS}
    prefix = f"dashboard/{secrets.token_urlsafe(24)}"
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, ended.set)
    with (
        Lock(folder / "engine.lock"),
        dask.config.set(
            {
                "distributed.worker.http.routes": [],  # nothing of a worker is to be seen without a token
                "distributed.worker.preload": ["mars_nb.gateway.quiet"],
                "temporary-directory": str(folder / "scratch"),
            }
        ),
    ):
        async with LocalCluster(
            n_workers=settings["n_workers"],
            threads_per_worker=settings["threads_per_worker"],
            memory_limit=settings["memory_limit"],
            processes=True,
            asynchronous=True,
            host="127.0.0.1",
            protocol="tls://",
            security=security,
            dashboard_address="127.0.0.1:0",
            scheduler_kwargs={"http_prefix": prefix},
        ) as cluster:
            port = cluster.scheduler.services["dashboard"].port
            dashboard = f"http://127.0.0.1:{port}/{prefix}"
            tell({"address": cluster.scheduler_address, "security": paths, "dashboard": dashboard})
            if settings["keep"]:
                await _until_forgotten(ended, Path(settings["lock"]), cluster.scheduler, settings["idle_timeout"])
            else:
                when_alone(lambda: loop.call_soon_threadsafe(ended.set))
                await ended.wait()


async def _until_forgotten(ended: asyncio.Event, lock: Path, scheduler: Any, timeout_s: float) -> None:
    """Wait for a signal, or until neither a gateway nor a client has been there for so long."""
    loop = asyncio.get_running_loop()
    since = loop.time()
    while not ended.is_set():
        if holder(lock) is not None or len(scheduler.clients) > 1:  # one is Dask's own
            since = loop.time()
        if loop.time() - since > timeout_s:
            return
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(ended.wait(), _LOOK_S)


def _write(path: Path, text: str) -> Path:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    return path


if __name__ == "__main__":
    main()
