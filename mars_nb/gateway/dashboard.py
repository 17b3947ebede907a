"""Dask's dashboard, under the gateway's login.

Paths stay as they are: the embedded cluster serves it below ``/dashboard/SECRET/``. Its pages have scripts in them, so
their policy is wider than that of ours; they may talk to the dashboard only. It shows the tasks of all users, so only
those may see it whom the token file says so of.
"""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import SplitResult, urlsplit

from tornado.httpclient import HTTPClientError, HTTPRequest
from tornado.httputil import HTTPHeaders
from tornado.iostream import StreamClosedError
from tornado.websocket import (
    WebSocketClientConnection,
    WebSocketClosedError,
    WebSocketError,
    WebSocketHandler,
    websocket_connect,
)

from mars_nb.gateway.door import Door
from mars_nb.gateway.refused import Refused, not_found
from mars_nb.gateway.relay import end
from mars_nb.gateway.upstream import UpstreamLost, open_tcp

#: Bytes of a message of the dashboard's, both ways.
_MESSAGE_MOST = 16 * 2**20
_CONNECT_S = 5.0
_PASSED = ("Content-Type", "Content-Length", "ETag", "Last-Modified", "Location")


class _Dashboard(Door):
    """Base of what leads to the dashboard.

    Attributes
    ----------
    target
        Where it is.
    """

    target: SplitResult

    async def prepare(self) -> None:
        await super().prepare()
        address = self.gateway.drivers.cluster.dashboard
        if address is None or not self.user.dashboard:
            raise not_found()
        self.target = urlsplit(address)

    def check_path(self) -> str:
        """Give the address to ask for, if it is the dashboard's."""
        path = self.request.path
        if not path.startswith(f"{self.target.path}/") or ".." in path or "%" in path:
            raise not_found()
        return self.request.uri or path


class Enter(_Dashboard):
    """The way in."""

    async def get(self) -> None:
        """Go to the dashboard's first page."""
        self.redirect(f"{self.target.path}/status", status=303)


class Proxy(_Dashboard):
    """Its pages and files."""

    async def get(self) -> None:
        """Ask for one, and pass it on."""
        path = self.check_path()
        headers = HTTPHeaders({"Host": self.target.netloc, "Connection": "close"})
        try:
            exchange = await open_tcp(self.target.hostname or "", self.target.port or 80)
            try:
                await exchange.send_head("GET", path, headers)
                await exchange.receive(self._head, self._piece)
            finally:
                exchange.close()
        except UpstreamLost:
            if self._headers_written:
                self.cut()
                return
            raise Refused(502, "unavailable", "Dask's dashboard does not answer") from None
        await self.finish()

    async def _head(self, status: int, headers: HTTPHeaders) -> None:
        host, socket = self.request.host, "wss" if self.gateway.place.secure else "ws"
        talk = f"{self.request.protocol}://{host}/dashboard/ {socket}://{host}/dashboard/"
        self.set_header(
            "Content-Security-Policy",
            f"default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:; connect-src {talk}; "
            "frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
        )
        self.set_status(status)
        self.clear_header("Content-Type")
        for name in _PASSED:
            if name in headers:
                self.set_header(name, headers[name])

    async def _piece(self, piece: bytes | memoryview) -> None:
        self.write(bytes(piece))
        await self.flush()


class Socket(_Dashboard, WebSocketHandler):
    """Its websockets."""

    SUPPORTED_METHODS = ("GET",)
    _upstream: WebSocketClientConnection | None = None
    _task: asyncio.Task[None] | None = None

    async def prepare(self) -> None:
        """Open the dashboard's own websocket first."""
        await super().prepare()
        self.check_told_origin()
        offered = self.request.headers.get("Sec-WebSocket-Protocol", "")
        address = f"ws://{self.target.netloc}{self.check_path()}"
        request = HTTPRequest(address, follow_redirects=False, connect_timeout=_CONNECT_S)
        try:
            self._upstream = await websocket_connect(
                request,
                max_message_size=_MESSAGE_MOST,
                subprotocols=[part.strip() for part in offered.split(",") if part.strip()],
            )
        except (OSError, WebSocketError, HTTPClientError):
            raise Refused(502, "unavailable", "Dask's dashboard does not answer") from None

    async def get(self, *args: Any, **kwargs: Any) -> None:
        """Accept the websocket, and stay for as long as it lives (called by tornado)."""
        try:
            await super().get(*args, **kwargs)
        finally:
            assert self._upstream is not None
            end(self._upstream)

    def select_subprotocol(self, subprotocols: list[str]) -> str | None:
        """Speak what the dashboard speaks."""
        assert self._upstream is not None
        return self._upstream.selected_subprotocol

    def check_origin(self, origin: str) -> bool:
        """Leave this to `prepare`, which has done it."""
        return True

    @property
    def max_message_size(self) -> int:
        """Bytes of a message of the browser."""
        return _MESSAGE_MOST

    async def open(self, *args: str, **kwargs: str) -> None:
        """Begin to pass on (called by tornado)."""
        self._task = asyncio.create_task(self._pass_on())

    async def _pass_on(self) -> None:
        assert self._upstream is not None
        try:
            while (message := await self._upstream.read_message()) is not None:
                await self.write_message(message, binary=isinstance(message, bytes))
        except WebSocketClosedError:
            return
        self.close()

    async def on_message(self, message: str | bytes) -> None:
        """Pass on what the browser sends (called by tornado)."""
        assert self._upstream is not None
        try:
            await self._upstream.write_message(message, binary=isinstance(message, bytes))
        except (WebSocketClosedError, StreamClosedError):
            self.close()


#: Its routes.
ROUTES = ((r"/dashboard/?", Enter), (r"/dashboard/.*/ws", Socket), (r"/dashboard/.*", Proxy))
