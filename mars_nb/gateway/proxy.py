"""Requests that go to the user's driver, and its answers. Both are streamed."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, cast

from tornado import web
from tornado.httputil import HTTPHeaders

from mars_nb.errors import MarsError
from mars_nb.gateway.auth import User
from mars_nb.gateway.door import Door
from mars_nb.gateway.drivers import Driver
from mars_nb.gateway.refused import Refused, not_found
from mars_nb.gateway.shapes import RUN, Route, Shape, find_route
from mars_nb.gateway.upstream import Exchange, UpstreamLost, open_exchange

if TYPE_CHECKING:
    from tornado.http1connection import HTTP1Connection

    from mars_nb.gateway.app import Gateway

#: Headers of an answer that are passed on, besides those that start with ``X-``.
_PASSED = ("Content-Type", "Content-Length", "Retry-After")


def lost(user: User) -> Refused:
    """Make the error for a driver that went away."""
    return Refused(
        502,
        "driver-lost",
        f"the driver process of {user.name!r} ended: the sessions in it are lost",
        ["session = mars_nb.new_session(URL)  # starts another"],
    )


async def find_driver(gateway: Gateway, user: User) -> Driver:
    """Give a user's driver, or raise `Refused`."""
    try:
        return await gateway.drivers.get(user)
    except MarsError as error:
        raise Refused(503, "unavailable", str(error), error.hints) from error


async def open_driver(gateway: Gateway, user: User) -> tuple[Driver, Exchange]:
    """Open a connection to a user's driver, or raise `Refused`. One that ended since the last request is replaced."""
    for _ in range(2):
        driver = await find_driver(gateway, user)
        try:
            return driver, await open_exchange(driver.address)
        except UpstreamLost:
            gateway.drivers.drop(driver)
    raise lost(user)


@web.stream_request_body
class DriverHandler(Door):
    """All routes of the drivers, but the event streams."""

    SUPPORTED_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")

    def initialize(self, gateway: Gateway) -> None:
        """Take what all requests share."""
        super().initialize(gateway)
        self._under_way = contextlib.ExitStack()
        self._exchange: Exchange | None = None
        self._body = bytearray()

    async def prepare(self) -> None:
        """Let the request in, if there is such a route, and its size is right."""
        await super().prepare()
        self._route = self._find_route()
        self._length = self._check_length()
        counts = self.gateway.requests
        if counts.full(self.user.name):
            raise Refused(429, "too-fast", "too many requests at a time", retry_after=0.5)
        self._under_way.enter_context(counts.one(self.user.name))
        if isinstance(self._route.body, str):  # opaque: it need not be complete to be passed on
            await self._open()

    def _find_route(self) -> Route:
        route = find_route(self.request.method or "", self.request.path)
        if route is None or self.request.query:
            raise not_found()
        if route == "method":
            raise Refused(405, "not-allowed", "this cannot be done with it")
        if route.numbered and not RUN.fullmatch(self.request.headers.get("X-Run", "")):
            raise Refused(400, "bad-request", "the header X-Run is missing or not a number")
        return route

    def _check_length(self) -> int:
        headers = self.request.headers
        told = headers.get("Content-Length")
        if "Transfer-Encoding" in headers or (told is None and self._route.body is not None):
            raise Refused(411, "length-required", "the length of the body must be told")
        if told is None:
            return 0
        if not (told.isascii() and told.isdigit() and len(told) < 20):
            raise Refused(400, "bad-request", "Content-Length is not a number")
        length = int(told)
        most = 0 if self._route.body is None else getattr(self.gateway.limits, self._route.size)
        if length > most:
            raise Refused(413, "too-large", f"the body has {length:,} bytes; {most:,} are allowed")
        cast("HTTP1Connection", self.request.connection).set_max_body_size(length)
        return length

    async def _open(self) -> None:
        self._driver, exchange = await open_driver(self.gateway, self.user)
        self._exchange = exchange
        self._under_way.callback(exchange.close)
        task = asyncio.current_task()
        assert task is not None
        task.add_done_callback(lambda _: exchange.close())  # also if the client had gone before, or the gateway ends
        headers = self._driver.address.headers(length=self._length if self._route.body is not None else None)
        if self._route.numbered:
            headers["X-Run"] = self.request.headers["X-Run"]
        if isinstance(self._route.body, Shape):
            headers["Content-Type"] = "application/json"
        elif self._route.body is not None:
            headers["Content-Type"] = "application/octet-stream"
        await exchange.send_head(self._route.method, self.request.path, headers)

    async def data_received(self, chunk: bytes) -> None:
        """Take a piece of the body (called by tornado; the next comes when this is through)."""
        if self._exchange is None:
            self._body += chunk
        else:
            self.gateway.metrics.moved("in", len(chunk))
            await self._exchange.send(chunk)

    async def _pass_on(self) -> None:
        if isinstance(self._route.body, Shape) and (wrong := self._route.body.wrong(bytes(self._body))):
            raise Refused(400, "bad-request", wrong)
        if self._exchange is None:
            await self._open()
        assert self._exchange is not None
        if self._body:
            await self.data_received(bytes(self._body))
        try:
            await self._exchange.receive(self._answer_head, self._answer_piece)
        except UpstreamLost:
            await self._give_up()
        else:
            if not self._finished:
                await self.finish()

    get = head = post = put = patch = delete = _pass_on

    async def _answer_head(self, status: int, headers: HTTPHeaders) -> None:
        self.set_status(status)
        self.clear_header("Content-Type")
        for name, value in headers.get_all():
            if name in _PASSED or (name.startswith("X-") and name not in self._headers):
                self.set_header(name, value)

    async def _answer_piece(self, piece: bytes | memoryview) -> None:
        if isinstance(piece, bytes):
            self.write(piece)
            await self.flush()
        else:
            await self.flush()  # the headers
            assert self.request.connection is not None
            await self.request.connection.write(cast("bytes", piece))  # streams take any buffer, and do not copy it
        self.gateway.metrics.moved("out", len(piece))

    async def _give_up(self) -> None:
        if self._headers_written:
            self.cut()
            return
        await self.gateway.drivers.settle(self._driver)
        raise lost(self.user)

    def on_connection_close(self) -> None:
        """End the exchange when the client goes away (called by tornado)."""
        self._under_way.close()

    def on_finish(self) -> None:
        """Count the request no more (called by tornado)."""
        self._under_way.close()

    def logged_path(self) -> str:
        """Give the path if it is one of the routes: then it holds nothing but ids."""
        return self.request.path if hasattr(self, "_route") else super().logged_path()
