"""Event streams: a websocket to the client, one to the driver, and messages from the second to the first.

A slow client slows its own stream only: the next message is read from the driver when the last one was taken.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

from tornado.httpclient import HTTPClientError, HTTPRequest
from tornado.websocket import (
    WebSocketClientConnection,
    WebSocketClosedError,
    WebSocketError,
    WebSocketHandler,
    websocket_connect,
)

from mars_nb.gateway.door import Door
from mars_nb.gateway.drivers import Driver
from mars_nb.gateway.proxy import find_driver, lost
from mars_nb.gateway.refused import Refused, no_session, not_found
from mars_nb.gateway.shapes import EVENTS, SINCE
from mars_nb.gateway.upstream import SocketResolver

#: Bytes of an event: it may hold the layout of a large result.
EVENT_MOST = 64 * 2**20
#: Bytes of what a client may send: nothing but what ends the stream.
CLIENT_MOST = 1024
#: Seconds between two pings.
PING_S = 10.0
_CONNECT_S = 10.0
_NO_ANSWER = 599  # of tornado's client

#: Codes that tell why a stream was closed.
CLOSED = 1000
GOING_AWAY = 1001
NOT_ALLOWED = 1008
DRIVER_LOST = 1011
UNAUTHORIZED = 4401


async def connect(driver: Driver, path: str) -> WebSocketClientConnection:
    """Open an event stream of a driver."""
    headers = driver.address.headers()
    request = HTTPRequest(f"ws://driver{path}", headers=headers, follow_redirects=False, connect_timeout=_CONNECT_S)
    return await websocket_connect(
        request,
        max_message_size=EVENT_MOST,
        resolver=SocketResolver(driver.address.path),
    )


def end(upstream: WebSocketClientConnection) -> None:
    """Say goodbye and close the connection at once: whoever waits for an answer may end before it comes."""
    upstream.close()
    upstream.stream.close()


class EventsHandler(Door, WebSocketHandler):
    """The event stream of one session."""

    SUPPORTED_METHODS = ("GET",)
    _upstream: WebSocketClientConnection | None = None

    async def prepare(self) -> None:
        """Let the request in, and find the session's stream, so that what is wrong is told by a status of HTTP."""
        await super().prepare()
        if self.request.headers.get("Upgrade", "").lower() != "websocket":
            raise Refused(400, "bad-request", "this is a websocket")
        self.check_told_origin()
        if self.gateway.sockets.full(self.user.name):
            raise Refused(429, "too-fast", "too many event streams at a time", retry_after=5)
        self._counted = contextlib.ExitStack()
        self._counted.enter_context(self.gateway.sockets.one(self.user.name))
        try:
            self._upstream = await self._find(self._path())
        except BaseException:
            self._counted.close()
            raise

    def _path(self) -> str:
        path, query = self.request.path, self.request.query
        name, _, since = query.partition("=")
        if EVENTS.fullmatch(path) is None or (query and (name != "since" or SINCE.fullmatch(since) is None)):
            raise not_found()
        return f"{path}?{query}" if query else path

    async def _find(self, path: str) -> WebSocketClientConnection:
        for _ in range(2):  # a driver that ended since the last request is replaced
            driver = self._driver = await find_driver(self.gateway, self.user)
            try:
                return await connect(driver, path)
            except HTTPClientError as error:
                if error.code == 404:
                    raise no_session() from None
                if error.code != _NO_ANSWER:
                    raise lost(self.user) from None
            except (OSError, WebSocketError):
                pass
            self.gateway.drivers.drop(driver)
        raise lost(self.user)

    async def get(self, *args: Any, **kwargs: Any) -> None:
        """Accept the websocket, and stay for as long as it lives (called by tornado)."""
        try:
            await super().get(*args, **kwargs)
        finally:
            self._end()

    def check_origin(self, origin: str) -> bool:
        """Leave this to `prepare`, which has done it."""
        return True

    @property
    def max_message_size(self) -> int:
        """Bytes of a message of the client."""
        return CLIENT_MOST

    async def open(self, *args: str, **kwargs: str) -> None:
        """Begin to pass on (called by tornado)."""
        self.gateway.streams.add(self)
        self._task = asyncio.create_task(self._pass_on())

    async def _pass_on(self) -> None:
        assert self._upstream is not None
        ends = self.login.ends if self.login is not None else self.user.expires
        left = None if ends is None else ends - self.gateway.clock()
        try:
            async with asyncio.timeout(left):
                while (message := await self._upstream.read_message()) is not None:
                    await self.write_message(message, binary=isinstance(message, bytes))
        except TimeoutError:
            self.close(UNAUTHORIZED, "the token is no longer valid")
        except WebSocketClosedError:
            pass
        else:
            code = self._upstream.close_code
            ours = code is not None and (code == CLOSED or code >= 4000)
            if not ours and self.ws_connection is not None:
                await self.gateway.drivers.settle(self._driver)
            self.close(code if ours else DRIVER_LOST)

    def on_message(self, message: str | bytes) -> None:
        """Refuse what a client sends (called by tornado)."""
        self.close(NOT_ALLOWED, "nothing can be sent here")

    def _end(self) -> None:
        self.gateway.streams.discard(self)
        self._counted.close()
        if self._upstream is not None:
            end(self._upstream)

    def logged_path(self) -> str:
        """Give the path if it holds nothing but a session's id."""
        return self.request.path if EVENTS.fullmatch(self.request.path) else super().logged_path()
