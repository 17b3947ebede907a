"""Requests to a driver, over its unix socket.

`Exchange` is one request and its answer, both streamed: the next piece is read only when the last one was taken, so
what passes through is never held whole. Each has a connection of its own; to open one costs some 50 µs.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from tornado.http1connection import HTTP1Connection, HTTP1ConnectionParameters
from tornado.httputil import HTTPHeaders, HTTPMessageDelegate, RequestStartLine, ResponseStartLine
from tornado.iostream import IOStream, StreamClosedError
from tornado.netutil import Resolver

#: Name of the header with a driver's secret.
SECRET = "X-Mars-Secret"
#: Seconds in which a driver must answer what the gateway itself asks.
ASK_S = 10.0
#: Bytes that are read at a time.
PIECE = 2**18
#: Bytes of an answer that is worth a buffer of its own.
_LARGE = 2**20
_PARAMETERS = HTTP1ConnectionParameters(
    no_keep_alive=True,
    chunk_size=PIECE,
    max_body_size=2**50,  # the sizes of results are the cluster's matter
)


class UpstreamLost(Exception):
    """The driver is not there, or went away before its answer was complete."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a driver listens.

    Attributes
    ----------
    path
        Of its socket.
    secret
        What it wants to be told.
    """

    path: str
    secret: str = field(repr=False)

    def headers(self, *, length: int | None = None) -> HTTPHeaders:
        """Give the headers that each request has."""
        headers = HTTPHeaders({"Host": "driver", SECRET: self.secret, "Connection": "close"})
        if length is not None:
            headers["Content-Length"] = str(length)
        return headers


class SocketResolver(Resolver):
    """Resolves every name to one unix socket, for tornado's websocket client."""

    def initialize(self, path: str) -> None:
        """Take the socket's path."""
        self._path = path

    async def resolve(self, host: str, port: int, family: int = 0) -> list[tuple[int, Any]]:
        """Give the socket."""
        return [(socket.AF_UNIX, self._path)]


Head = Callable[[int, HTTPHeaders], Awaitable[None]]
Piece = Callable[[bytes | memoryview], Awaitable[None]]


class Exchange(HTTPMessageDelegate):
    """One request to a driver, and its answer.

    Parameters
    ----------
    connection
        A new one: see `open_exchange`.
    """

    def __init__(self, connection: HTTP1Connection) -> None:
        self._connection = connection
        self._stream = connection.stream  # also when the connection has let go of it
        self._method = ""
        self._complete = False
        self._head: Head | None = None
        self._piece: Piece | None = None

    async def send_head(self, method: str, path: str, headers: HTTPHeaders) -> None:
        """Send all but the body."""
        self._method = method
        await self._sent(self._connection.write_headers(RequestStartLine(method, path, ""), headers))

    async def send(self, piece: bytes) -> None:
        """Send a piece of the body."""
        await self._sent(self._connection.write(piece))

    @staticmethod
    async def _sent(done: Awaitable[None]) -> None:
        # A driver may answer, and close, before it has read all: then `receive` tells.
        with contextlib.suppress(StreamClosedError):
            await done

    async def receive(self, head: Head, piece: Piece) -> None:
        """Read the answer.

        Parameters
        ----------
        head
            Called with its status and headers.
        piece
            Called with each piece of its body, which is valid until it is through; the next one is read then. A
            `StreamClosedError` of it ends the exchange.

        Raises
        ------
        UpstreamLost
            If the answer does not come, or not all of it.
        """
        self._head, self._piece = head, piece
        with contextlib.suppress(StreamClosedError):
            self._connection.finish()
            await self._connection.read_response(self)
        if not self._complete:
            raise UpstreamLost

    def close(self) -> None:
        """Close the connection, at whatever point the exchange is."""
        self._connection.close()
        self._stream.close()

    async def headers_received(self, start_line: object, headers: HTTPHeaders) -> None:
        """Take the head of the answer (called by tornado)."""
        assert isinstance(start_line, ResponseStartLine)
        assert self._head is not None
        await self._head(start_line.code, headers)
        length = headers.get("Content-Length", "")
        if self._method != "HEAD" and length.isdigit() and int(length) > _LARGE:
            self._connection.detach()
            await self._receive_large(int(length))

    async def _receive_large(self, left: int) -> None:
        """Read a body into one buffer, again and again. `HTTP1Connection` would copy each piece twice."""
        buffer = bytearray(PIECE)
        while left:
            view = memoryview(buffer)[: min(left, PIECE)]
            try:
                count = await self._stream.read_into(view, partial=True)  # type: ignore[arg-type] # any writable buffer
            except StreamClosedError:
                return
            await self.data_received(view[:count])
            left -= count
        self._complete = True

    async def data_received(self, chunk: bytes | memoryview) -> None:
        """Take a piece of the answer (called by tornado)."""
        assert self._piece is not None
        try:
            await self._piece(chunk)
        except StreamClosedError:  # who asked is gone
            self.close()

    def finish(self) -> None:
        """Know that the answer is complete (called by tornado)."""
        self._complete = True


async def open_exchange(address: Address) -> Exchange:
    """Open a connection to a driver.

    Raises
    ------
    UpstreamLost
        If it does not listen.
    """
    return await _open(socket.AF_UNIX, address.path)


async def open_tcp(host: str, port: int) -> Exchange:
    """Open a connection to Dask's dashboard.

    Raises
    ------
    UpstreamLost
        If it does not listen.
    """
    return await _open(socket.AF_INET6 if ":" in host else socket.AF_INET, (host, port))


async def _open(family: socket.AddressFamily, address: Any) -> Exchange:
    stream = IOStream(socket.socket(family), read_chunk_size=PIECE)
    try:
        await stream.connect(address)
    except (StreamClosedError, OSError) as error:
        stream.close()
        raise UpstreamLost from error
    except BaseException:  # who asked is gone before there was an answer
        stream.close()
        raise
    return Exchange(HTTP1Connection(stream, True, _PARAMETERS))


async def ask(address: Address, method: str, path: str) -> dict[str, Any]:
    """Ask a driver something on the gateway's own account, and give its answer.

    Raises
    ------
    UpstreamLost
        If it does not answer, or not as it should.
    """
    body = bytearray()
    statuses: list[int] = []

    async def head(status: int, _: HTTPHeaders) -> None:
        statuses.append(status)

    async def piece(chunk: bytes | memoryview) -> None:
        body.extend(chunk)

    exchange = await open_exchange(address)
    try:
        async with asyncio.timeout(ASK_S):
            await exchange.send_head(method, path, address.headers(length=0))
            await exchange.receive(head, piece)
        answer = json.loads(body)
    except (TimeoutError, ValueError) as error:
        raise UpstreamLost from error
    finally:
        exchange.close()
    if statuses[-1] != 200 or not isinstance(answer, dict):
        raise UpstreamLost
    return answer
