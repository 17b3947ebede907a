"""Connections to drivers are closed, however a request ends."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import socket
import tempfile

import psutil

from mars_nb.gateway.upstream import Address, open_exchange


def open_files() -> int:
    return psutil.Process().num_fds()


def test_a_request_that_is_given_up_while_it_connects_leaves_no_socket() -> None:
    async def give_up(path: str) -> None:
        opening = asyncio.create_task(open_exchange(Address(path, "secret")))
        await asyncio.sleep(0)  # it waits for the connection now
        opening.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await opening
        assert opening.cancelled()

    async def check(path: str) -> None:
        await give_up(path)  # once, for what the first one opens
        before = open_files()
        for _ in range(5):
            await give_up(path)
        assert open_files() == before

    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as server:
        path = f"{folder}/driver"
        server.bind(path)
        server.listen(16)
        gc.disable()  # so that nothing closes them by chance
        try:
            asyncio.run(check(path))
        finally:
            gc.enable()
            gc.collect()
