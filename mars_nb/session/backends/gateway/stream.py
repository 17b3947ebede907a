"""The events of a session, on a thread with an event loop of its own.

A connection that breaks is opened again, with the number of the last event that came: nothing is missed, or the driver
says what was. Requests that nobody waits for (letting results go, cancelling) are sent by the same thread.

Concurrency
-----------
`EventStream.start`, `later`, `release` and `stop` may be called from any thread; `release` by the garbage collector at
any moment, so it takes no lock: it puts a name into a queue, which the loop empties. What is heard is told on the
loop's thread, in order.
"""

from __future__ import annotations

import asyncio
import json
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from mars_nb.session.backends.gateway.requests import Requests

logger = logging.getLogger("mars_nb")

#: Seconds between two attempts to connect: the first, and the most.
FIRST_S = 0.05
MOST_S = 5.0
#: Seconds without a connection after which the gateway is taken for lost.
LOST_S = 30.0
#: Seconds in which what waits to be sent must be through when the thread is to end.
_LAST_S = 1.0
_PING_S = 10.0
_CONNECT_S = 10.0
#: Bytes of an event: it may hold the layout of a large result.
_EVENT_MOST = 64 << 20
#: Seconds for which names of results are put together, and how many are in a request.
RELEASE_S = 0.2
_BATCH = 5000
#: Closing codes, see `mars_nb.gateway.relay`.
DRIVER_LOST = 1011
UNAUTHORIZED = 4401
NO_SESSION = 4404

Hear = Callable[[dict[str, Any]], object]


class EventStream:
    """Hears the events of a session.

    Parameters
    ----------
    requests
        To the gateway.
    path
        Of the session.
    hear
        Takes the events, and besides them ``{"event": "ended", "why": ...}`` when there will be no more, and
        ``{"event": "lost"}`` when there was no connection for long. It must not wait.
    since
        Number of the last event that is known.
    """

    def __init__(self, requests: Requests, path: str, hear: Hear, since: int) -> None:
        self._requests = requests
        self._path = path
        self._hear = hear
        self._since = since
        self._released: deque[str] = deque()
        self._releasing = False
        self._waiting: deque[tuple[str, str, Any, Mapping[str, str]]] = deque()
        self._sending: asyncio.Task[None] | None = None
        self._loop = asyncio.new_event_loop()
        self._stopping = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="mars_nb-gateway", daemon=True)

    # --- any thread ----------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to listen."""
        self._thread.start()

    def release(self, name: str) -> None:
        """Tell the driver, soon, that a result is not needed any more. Takes no lock."""
        self._released.append(name)
        if not self._releasing:
            self._releasing = True
            self._call(self._release_soon)

    def later(self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None) -> None:
        """Send a request soon; nobody waits for the answer."""
        self._waiting.append((method, path, body, headers or {}))
        self._call(self._begin_sending)

    def _call(self, call: Callable[[], object]) -> None:
        with suppress(RuntimeError):  # the loop was closed
            self._loop.call_soon_threadsafe(call)

    def stop(self) -> None:
        """End the thread, and wait for it."""
        self._call(self._stopping.set)
        if threading.current_thread() is not self._thread:
            self._thread.join()

    # --- on the loop ---------------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            self._loop.run_until_complete(self._main())
        finally:
            self._loop.close()

    async def _main(self) -> None:
        from tornado.httpclient import AsyncHTTPClient

        self._client = AsyncHTTPClient(force_instance=True)
        listening = asyncio.create_task(self._listen())
        await self._stopping.wait()
        self._release_all()
        assert self._sending is not None
        await asyncio.wait([self._sending], timeout=_LAST_S)
        for task in (listening, self._sending):
            task.cancel()
        await asyncio.wait([listening, self._sending])
        self._client.close()

    async def _listen(self) -> None:
        pause, since = FIRST_S, time.monotonic()
        told = False
        while True:
            connected, why = await self._follow()
            if why is not None:
                self._tell({"event": "ended", "why": why})
                return
            now = time.monotonic()
            if connected:
                pause, since, told = FIRST_S, now, False
            elif now > since + LOST_S and not told:
                told = True
                self._tell({"event": "lost"})
            await asyncio.sleep(pause)
            pause = min(2 * pause, MOST_S)

    def _tell(self, event: dict[str, Any]) -> None:
        try:
            self._hear(event)
        except Exception:  # such as of a stream that somebody has put in place of sys.stdout
            logger.exception("an event could not be taken")

    async def _follow(self) -> tuple[bool, str | None]:
        """Listen until the connection breaks; tell whether there was one, and why there will be no other."""
        from tornado.httpclient import HTTPError, HTTPRequest
        from tornado.websocket import WebSocketError, websocket_connect

        url = self._requests.url(f"{self._path}/events?since={self._since}", "ws")
        request = HTTPRequest(
            url, headers=self._requests.headers, ssl_options=self._requests.context, connect_timeout=_CONNECT_S
        )
        try:
            socket = await websocket_connect(request, ping_interval=_PING_S, max_message_size=_EVENT_MOST)
        except HTTPError as error:
            return False, {401: "unauthorized", 404: "gone", 502: "driver-lost"}.get(error.code)
        except (OSError, WebSocketError):
            return False, None
        try:
            while (message := await socket.read_message()) is not None:
                event = json.loads(message)
                self._since = event.get("seq", self._since)
                self._tell(event)
        finally:
            socket.close()
        code = socket.close_code
        return True, {DRIVER_LOST: "driver-lost", UNAUTHORIZED: "unauthorized", NO_SESSION: "gone"}.get(code or 0)

    def _begin_sending(self) -> None:
        if self._sending is None or self._sending.done():
            self._sending = asyncio.create_task(self._send_all())

    async def _send_all(self) -> None:
        """Send what waits, one after the other: what was to be later stays later."""
        while self._waiting:
            await self._send(*self._waiting.popleft())

    def _release_soon(self) -> None:
        self._loop.call_later(RELEASE_S, self._release_all)

    def _release_all(self) -> None:
        self._releasing = False  # first: whoever comes now begins anew
        while self._released:
            names = [self._released.popleft() for _ in range(min(len(self._released), _BATCH))]
            self._waiting.append(("POST", f"{self._path}/release", {"keys": list(dict.fromkeys(names))}, {}))
        self._begin_sending()

    async def _send(self, method: str, path: str, body: Any, headers: Mapping[str, str]) -> None:
        data = (b"" if body is None else json.dumps(body).encode()) if method in ("POST", "PUT", "PATCH") else None
        with suppress(Exception):  # a gateway that is lost is told elsewhere
            await self._client.fetch(
                self._requests.url(path),
                method=method,
                body=data,
                headers={**self._requests.headers, **headers},
                ssl_options=self._requests.context,
                allow_nonstandard_methods=True,
            )
