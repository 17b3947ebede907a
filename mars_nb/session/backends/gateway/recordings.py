"""Recordings as bytes: what a client sends and the driver makes nodes of again.

A node that the driver knows travels as its key, and a large buffer, such as an array's, as the digest of its content:
it is uploaded once. The others are pickled one by one, inputs first, so that long recordings need no deep recursion.
"""

from __future__ import annotations

import hashlib
import io
import json
import pickle
import struct
from collections.abc import Callable, Iterable, Mapping, MutableMapping
from dataclasses import dataclass, replace
from typing import Any

import cloudpickle

from mars_nb.graph.node import Node

#: Buffers of at least so many bytes, and pickles that are larger, are uploaded.
LARGE = 1 << 20
_LARGE_PICKLE = 16 << 20
_LENGTH = struct.Struct("<I")
#: Bytes of a digest.
DIGEST_BYTES = 20


@dataclass(frozen=True)
class Recording:
    """What is sent.

    Attributes
    ----------
    body
        The bytes.
    nodes
        The nodes that stand in it; the driver knows them from now on.
    uploads
        By their digests, the buffers that it refers to.
    """

    body: bytes
    nodes: tuple[Node, ...]
    uploads: Mapping[str, memoryview]


@dataclass(frozen=True)
class Envelope:
    """What can be told of a recording before any of it is unpickled.

    Attributes
    ----------
    nodes
        How many nodes stand in it.
    known
        Keys of nodes that it refers to.
    uploads
        Digests of the buffers that it refers to, in order.
    pickle
        Digest of the pickle, if it was uploaded, too.
    stream
        The pickle, if not.
    """

    nodes: int
    known: tuple[str, ...]
    uploads: tuple[str, ...]
    pickle: str | None
    stream: memoryview

    def with_stream(self, stream: memoryview) -> Envelope:
        """Put the pickle in that was uploaded."""
        return replace(self, stream=stream)


def digest(data: Any) -> str:
    """Name a buffer by its content."""
    return hashlib.blake2b(data, digest_size=DIGEST_BYTES).hexdigest()


def pack(nodes: Iterable[Node], value: Any, is_known: Callable[[Node], bool]) -> Recording:
    """Turn a value into bytes, with the nodes that it refers to.

    Parameters
    ----------
    nodes
        Inputs first; those that are known are left out.
    value
        What is wanted of them.
    is_known
        Tells nodes that the driver knows.

    Raises
    ------
    Exception
        Whatever pickling raises, for functions and arguments that cannot be pickled.

    Examples
    --------
    >>> import mars_nb.tensor as mt
    >>> node = mt.ones(3)._node
    >>> found, (loaded,) = unpack(opened(pack([node], [node], lambda node: False).body), {}, ())
    >>> loaded.key == node.key, loaded is found[node.key]
    (True, True)
    """
    file = io.BytesIO()
    buffers: list[memoryview] = []

    def in_band(buffer: pickle.PickleBuffer) -> bool:
        raw = buffer.raw()
        if raw.nbytes < LARGE:
            return True
        buffers.append(raw)
        return False

    pickler = _Pickler(file, in_band, is_known)
    described = tuple(node for node in nodes if not is_known(node))
    for node in described:
        pickler.dump((node.key, node.op, node.args, node.kwargs, node.label, node.meta, node.site, node.chunks))
        pickler.described.add(node)
    pickler.dump(value)
    digests = [digest(buffer) for buffer in buffers]
    uploads = dict(zip(digests, buffers, strict=True))
    stream = file.getbuffer()
    head: dict[str, Any] = {"nodes": len(described), "known": sorted(pickler.known), "uploads": digests}
    if stream.nbytes > _LARGE_PICKLE:
        head["pickle"] = digest(stream)
        uploads[head["pickle"]] = stream
        stream = memoryview(b"")
    text = json.dumps(head).encode()
    return Recording(b"".join((_LENGTH.pack(len(text)), text, stream)), described, uploads)


def opened(body: bytes) -> Envelope:
    """Look at a recording without unpickling any of it.

    Raises
    ------
    ValueError
        If it is none.
    """
    try:
        (length,) = _LENGTH.unpack_from(body)
        stop = _LENGTH.size + length
        head = json.loads(body[_LENGTH.size : stop])
        known, uploads = tuple(map(str, head["known"])), tuple(map(str, head["uploads"]))
        return Envelope(int(head["nodes"]), known, uploads, head.get("pickle"), memoryview(body)[stop:])
    except (struct.error, KeyError, TypeError, AttributeError) as error:
        raise ValueError("this is no recording") from error


def unpack(envelope: Envelope, known: Mapping[str, Node], buffers: Iterable[Any]) -> tuple[dict[str, Node], Any]:
    """Make the nodes and the value again.

    Parameters
    ----------
    envelope
        With its pickle in `stream`.
    known
        The nodes that it refers to, by their keys.
    buffers
        Those that it refers to, in order.

    Returns
    -------
    tuple
        The new nodes by their keys, and the value.
    """
    made: dict[str, Node] = {}
    unpickler = _Unpickler(io.BytesIO(envelope.stream), buffers, {**known})
    for _ in range(envelope.nodes):
        key, *fields = unpickler.load()
        node = Node(*fields)
        node.key = key
        made[key] = unpickler.nodes[key] = node
    return made, unpickler.load()


class _Pickler(cloudpickle.Pickler):  # type: ignore[misc]  # has no types
    def __init__(self, file: io.BytesIO, in_band: Callable[[Any], bool], is_known: Callable[[Node], bool]) -> None:
        super().__init__(file, protocol=5, buffer_callback=in_band)
        self.described: set[Node] = set()
        self.known: set[str] = set()
        self._is_known = is_known

    def persistent_id(self, obj: Any) -> str | None:
        """Give the key of a node that is there already (called by pickle)."""
        if type(obj) is not Node:
            return None
        if obj not in self.described:
            if not self._is_known(obj):
                return None
            self.known.add(obj.key)
        return obj.key


class _Unpickler(pickle.Unpickler):
    def __init__(self, file: io.BytesIO, buffers: Iterable[Any], nodes: MutableMapping[str, Node]) -> None:
        super().__init__(file, buffers=buffers)
        self.nodes = nodes

    def persistent_load(self, pid: str) -> Node:
        """Give the node of a key (called by pickle)."""
        return self.nodes[pid]
