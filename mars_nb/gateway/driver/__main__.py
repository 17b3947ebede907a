"""``python -m mars_nb.gateway.driver``: started by the gateway, which sends the settings."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import tempfile
from typing import Any

from mars_nb.errors import MarsError
from mars_nb.gateway.parent import read_settings, tell, when_alone
from mars_nb.storage import allocator

#: Bytes of a request, and those of one that are held at a time.
_BODY_MOST = 1 << 40
_PIECE = 1 << 20
#: Bytes of freed memory that are kept: fresh memory costs more than what is done with it.
_KEPT = 256 << 20
#: Seconds in which what runs must have ended.
_END_S = 4.0


def main() -> None:
    """Run until told to end."""
    settings = read_settings()
    allocator.keep(_KEPT)
    os.umask(0o077)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in a terminal is the gateway's
    try:
        client = _connect(settings)
    except MarsError as error:
        tell({"error": str(error), "hints": list(error.hints)})
        return
    with contextlib.suppress(asyncio.CancelledError), tempfile.TemporaryDirectory(prefix="mars_nb-uploads-") as folder:
        asyncio.run(_serve(settings, client, folder))
    os._exit(0)  # what the user's code left running must not hold the process


def _connect(settings: dict[str, Any]) -> Any:
    from mars_nb.session.backends.cluster.connecting import connect_client

    security = None
    if settings["security"] is not None:
        from distributed import Security

        security = Security(require_encryption=True, **settings["security"])
    return connect_client(settings["scheduler"], security)


async def _serve(settings: dict[str, Any], client: Any, folder: str) -> None:
    from tornado.httpserver import HTTPServer
    from tornado.netutil import bind_unix_socket

    from mars_nb.gateway.driver.app import make_app
    from mars_nb.gateway.driver.driver import Driver
    from mars_nb.gateway.driver.runs import tell_warnings
    from mars_nb.session.logs import Tees

    Tees().acquire()  # for good: what runs print goes to their clients
    tell_warnings()
    driver = Driver(settings, client, folder)
    server = HTTPServer(make_app(driver), max_body_size=_BODY_MOST, chunk_size=_PIECE, max_buffer_size=_BODY_MOST)
    server.add_socket(bind_unix_socket(settings["socket"], 0o600))
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, driver.ended.set)
    tell({"ready": True, "pid": os.getpid()})
    if not settings["keep"]:
        when_alone(lambda: loop.call_soon_threadsafe(driver.ended.set))
    await driver.ended.wait()
    server.stop()
    with contextlib.suppress(OSError):
        os.unlink(settings["socket"])
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_END_S):
            await driver.stop()
            await asyncio.to_thread(client.close)


if __name__ == "__main__":
    main()
