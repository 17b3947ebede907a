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
from functools import partial
from http.client import HTTPResponse
from typing import Any

from mars_nb.errors import ClusterLost
from mars_nb.storage import frames

#: Bytes that are asked for at a time: the driver holds so many.
BATCH = 16 << 20
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
    into
        If given, an array for each of them that may be filled and given in its place.
    """

    def __init__(self, open_: Open, name: str, numbers: Sequence[int], nbytes: int, into: Sequence[Any] = ()) -> None:
        self._open = open_
        self._name = name
        size = max(1, BATCH // max(1, nbytes))
        wanted = list(itertools.zip_longest(numbers, into))
        self._batches = [wanted[start : start + size] for start in range(0, len(wanted), size)]
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
            body = json.dumps({"name": self._name, "chunks": [chunk for chunk, _ in batch]}).encode()
            with self._open(body) as response:
                self._found[number] = [_read(response, array) for _, array in batch]
                response.read()  # nothing: so the connection can be used again


def _read(response: HTTPResponse, into: Any) -> Any:
    fill = partial(_fill, response)
    head = bytearray(_FRAME.size)
    fill(memoryview(head))
    value = frames.load_from(fill, _FRAME.unpack(head)[0], into)
    if value is not into and into is not None and type(value) is type(into) and value.dtype == into.dtype:
        into[...] = value  # now, so that the memory is used again for the next one
        return into
    return value


def _fill(response: HTTPResponse, buffer: memoryview) -> None:
    """Read a buffer full."""
    filled = 0
    while filled < len(buffer):
        with contextlib.suppress(OSError):
            count = response.readinto(buffer[filled:])
            if count:
                filled += count
                continue
        raise ClusterLost("the gateway ended an answer too early; fetch it again")
