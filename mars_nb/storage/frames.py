"""Values as bytes: pickle 5 with the buffers out of band, so that an array is read back without a copy.

The layout is a header of lengths, the pickle, and the buffers, each begun at a multiple of 64 bytes, as vector
instructions like their data.
"""

from __future__ import annotations

import copy
import pickle
import struct
from collections.abc import Callable
from typing import Any

_ALIGNMENT = 64
# Smaller buffers go into the pickle: column names, say, live on in frames made of this one, and as views they would
# keep all of what was read in memory.
_SMALL = 4096
_LENGTH = struct.Struct("<Q")


Piece = bytes | bytearray | memoryview


def dump(value: Any) -> list[Piece]:
    """Turn a value into pieces to be written one after the other.

    Raises
    ------
    Exception
        What pickle raises for a value that it cannot take.

    Examples
    --------
    >>> import numpy as np
    >>> load(bytearray(b"".join(dump(np.arange(3)))))
    array([0, 1, 2])
    """
    buffers: list[pickle.PickleBuffer] = []

    def in_band(buffer: pickle.PickleBuffer) -> bool:
        small = buffer.raw().nbytes < _SMALL
        if not small:
            buffers.append(buffer)
        return small

    try:
        head = pickle.dumps(value, protocol=5, buffer_callback=in_band)
    except (pickle.PicklingError, AttributeError, TypeError):  # functions and classes of the user's notebook
        import cloudpickle  # has no stubs

        buffers.clear()
        head = cloudpickle.dumps(value, protocol=5, buffer_callback=in_band)
    parts: list[bytes | bytearray | memoryview] = [head, *(buffer.raw() for buffer in buffers)]
    lengths = [memoryview(part).nbytes for part in parts]
    header = _LENGTH.pack(len(parts)) + b"".join(map(_LENGTH.pack, lengths))
    pieces: list[Piece] = [header, _padding(len(header))]
    for part, length in zip(parts, lengths, strict=True):
        pieces += [part, _padding(length)]
    return pieces


def load(data: bytearray | memoryview) -> Any:
    """Turn what `dump` gave back into the value; its arrays are views of `data`."""
    view = memoryview(data)
    (count,) = _LENGTH.unpack_from(view)
    lengths = [_LENGTH.unpack_from(view, _LENGTH.size * (1 + i))[0] for i in range(count)]
    position = _aligned(_LENGTH.size * (1 + count))
    parts: list[memoryview] = []
    for length in lengths:
        parts.append(view[position : position + length])
        position += _aligned(length)
    return pickle.loads(parts[0], buffers=parts[1:])


def load_from(fill: Callable[[memoryview], object], length: int, into: Any = None) -> Any:
    """Turn what `dump` gave back into the value, as it comes.

    Parameters
    ----------
    fill
        Fills a buffer with the next bytes.
    length
        How many bytes there are.
    into
        An array without gaps, which is filled and given if the value is one of its shape and dtype.

    Examples
    --------
    >>> import io, numpy as np
    >>> data, array = b"".join(dump(np.arange(1000))), np.empty(1000, int)
    >>> load_from(io.BytesIO(data).readinto, len(data), array) is array, array[999]
    (True, np.int64(999))
    """
    if into is None or not into.nbytes or not into.flags.c_contiguous:
        return load(_filled(fill, length))
    first = bytes(_filled(fill, 3 * _LENGTH.size))
    count, head, buffer = (_LENGTH.unpack_from(first, _LENGTH.size * i)[0] for i in range(3))
    if count != 2 or buffer != into.nbytes:
        rest = _filled(fill, length, first)
        return load(rest)
    start = _aligned(len(first))
    begun = bytes(_filled(fill, start + _aligned(head), first))
    fill(memoryview(into).cast("B"))
    _filled(fill, length - len(begun) - buffer)
    value = pickle.loads(begun[start : start + head], buffers=[memoryview(into)])
    same = type(value) is type(into) and value.dtype == into.dtype and value.shape == into.shape
    return into if same and value.flags.c_contiguous else copy.copy(value)


def _filled(fill: Callable[[memoryview], object], length: int, begun: bytes = b"") -> memoryview:
    """Give a buffer of that length, filled from where it was begun."""
    import numpy as np  # fresh memory is not cleared by it

    buffer = memoryview(np.empty(length, np.uint8))  # type: ignore[arg-type]  # any buffer
    buffer[: len(begun)] = begun
    fill(buffer[len(begun) :])
    return buffer


def _aligned(length: int) -> int:
    return -(-length // _ALIGNMENT) * _ALIGNMENT


def _padding(length: int) -> bytes:
    return bytes(_aligned(length) - length)
