"""Bringing results: chunks are asked for some at a time, and the next are on their way while some are read.

Concurrency
-----------
`Reading.values` may be called from any thread. A second thread reads every other batch; the two share nothing but the
list of batches, each of which one of them fills. What ends one of them ends the other.
"""

from __future__ import annotations

import contextlib
import contextvars
import itertools
import json
import struct
import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from http.client import HTTPResponse
from typing import Any

import numpy as np

from mars_nb.errors import ClusterLost
from mars_nb.storage import frames

#: Bytes that are asked for at a time: the driver holds so many.
BATCH = 32 << 20
#: Seconds that the end waits for the other thread when something went wrong.
_LAST_S = 0.1
_FRAME = struct.Struct("<Q")

Open = Callable[[bytes], AbstractContextManager[HTTPResponse]]


class Reading:
    """Brings chunks of a result.

    Parameters
    ----------
    open_
        Asks the driver for chunks.
    name
        Of the result.
    numbers
        Of the chunks.
    nbytes
        Bytes of each, about.
    """

    def __init__(self, open_: Open, name: str, numbers: Sequence[int], nbytes: int) -> None:
        self._open = open_
        self._name = name
        size = max(1, BATCH // max(1, nbytes))
        self._batches = [list(numbers[start : start + size]) for start in range(0, len(numbers), size)]
        self._found: list[list[Any]] = [[] for _ in self._batches]
        self._next = itertools.count()  # one step of an iterator is atomic
        self._errors: list[BaseException] = []

    def values(self) -> list[Any]:
        """Bring them.

        Raises
        ------
        ClusterLost
            If the answer ends too early.
        """
        helper = None
        if len(self._batches) > 1:
            context = contextvars.copy_context()
            helper = threading.Thread(target=context.run, args=(self._help,), name="mars_nb-reading", daemon=True)
            helper.start()
        try:
            self._work()
        except BaseException as error:  # an interrupt, too
            self._errors.append(error)
            raise
        finally:
            if helper is not None:
                helper.join(_LAST_S if self._errors else None)
        if self._errors:
            raise self._errors[0]
        return [value for batch in self._found for value in batch]

    def _help(self) -> None:
        try:
            self._work()
        except BaseException as error:
            self._errors.append(error)

    def _work(self) -> None:
        while not self._errors and (number := next(self._next)) < len(self._batches):
            batch = self._batches[number]
            body = json.dumps({"name": self._name, "chunks": batch}).encode()
            with self._open(body) as response:
                self._found[number] = [_read(response) for _ in batch]
                response.read()


def _read(response: HTTPResponse) -> Any:
    (length,) = _FRAME.unpack(_filled(response, memoryview(bytearray(_FRAME.size))))
    return frames.load(_filled(response, np.empty(length, np.uint8).data))


def _filled(response: HTTPResponse, buffer: memoryview) -> memoryview:
    """Read a buffer full."""
    filled = 0
    while filled < len(buffer):
        with contextlib.suppress(OSError):
            count = response.readinto(buffer[filled:])
            if count:
                filled += count
                continue
        raise ClusterLost("the gateway ended an answer too early; fetch it again")
    return buffer
