"""A TCP proxy that holds up and cuts what passes through it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

PATIENCE_S = 20.0
_PIECE = 1 << 16


class Proxy:
    """Passes on what comes, on a thread of its own, from a free port to the one it stands in front of.

    Parameters
    ----------
    port
        Where what comes goes to.

    Attributes
    ----------
    port
        Where it listens.
    delay_s
        For how long each piece is held up.
    most
        Bytes of one connection that are let through from the client; then nothing of it moves any more.
    is_open
        Whether new connections are taken.
    connections
        How many were.
    """

    def __init__(self, port: int) -> None:
        self.delay_s = 0.0
        self.most: int | None = None
        self.is_open = True
        self.connections = 0
        self._there = port
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy")
        self._thread.start()
        self._server = self._call(lambda: asyncio.start_server(self._serve, "127.0.0.1", 0))
        self.port: int = self._server.sockets[0].getsockname()[1]

    def _call(self, make: Callable[[], Any]) -> Any:
        async def call() -> Any:
            return await make()

        return asyncio.run_coroutine_threadsafe(call(), self._loop).result(PATIENCE_S)

    def cut(self) -> None:
        """Break all connections."""
        self._call(self._cut)

    async def _cut(self) -> None:
        for writer in self._writers:
            writer.transport.abort()

    def close(self) -> None:
        """End it."""
        self._call(self._close)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE_S)
        self._loop.close()

    async def _close(self) -> None:
        self._server.close()
        await self._cut()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self.is_open:
            writer.transport.abort()
            return
        self.connections += 1
        there_reader, there_writer = await asyncio.open_connection("127.0.0.1", self._there)
        both = {writer, there_writer}
        self._writers |= both
        ways = ((reader, there_writer, True), (there_reader, writer, False))
        tasks = {asyncio.create_task(self._pass_on(*way)) for way in ways}
        self._tasks |= tasks
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for each in both:
            each.transport.abort()
        await asyncio.wait(tasks)
        self._writers -= both
        self._tasks -= tasks

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, comes: bool) -> None:
        passed = 0
        try:
            while piece := await reader.read(_PIECE):
                passed += len(piece)
                if comes and self.most is not None and passed > self.most:
                    await reader.read()  # until the client is gone
                    return
                if self.delay_s:
                    await asyncio.sleep(self.delay_s)
                writer.write(piece)
                await writer.drain()
        except ConnectionError:
            pass
