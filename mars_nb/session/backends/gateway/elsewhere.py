"""Results that were executed by other processes, as recorded sources of this one.

Such a node has the key under which the driver knows the value, so what is computed on it in its own session refers to
that. In any other session it is a source, whose chunks are fetched when they are needed.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from mars_nb.graph.callsite import CallSite
from mars_nb.graph.meta import Meta, TensorMeta
from mars_nb.graph.node import Node
from mars_nb.planner.inputs.sources import of_chunks
from mars_nb.planner.layout import ChunkKey, Grid, Layout, Rows, Single, grid_indices
from mars_nb.storage import OnDisk

if TYPE_CHECKING:
    from mars_nb.session.backends.gateway.backend import GatewayBackend


def node_of(backend: GatewayBackend, result: Mapping[str, Any], layout: Layout, meta: Meta) -> Node:
    """Make the node of a result that the driver told of."""
    kind = np.ndarray if isinstance(meta, TensorMeta) else type(getattr(meta, "sample", None))
    reads = [Chunk(backend, result["key"], key) for key in layout.keys]
    each = int(result["nbytes"]) // max(1, len(reads))
    site = None if result["site"] is None else CallSite(*result["site"])
    made = partial(of_chunks, label=result["label"], meta=meta, site=site)
    match layout:
        case Rows(lengths=lengths, partition=partition, columns=columns) if lengths is not None:
            chunks = [OnDisk(read, each, (kind, (n, *columns))) for read, n in zip(reads, lengths, strict=True)]
            node = made(chunks, (lengths,), partition=partition, columns=columns)
        case Grid(nsplits=nsplits):
            cut = tuple(tuple(map(int, along)) for along in nsplits)
            shapes = [tuple(along[i] for along, i in zip(cut, index, strict=True)) for index in grid_indices(cut)]
            chunks = [OnDisk(read, each, (kind, shape)) for read, shape in zip(reads, shapes, strict=True)]
            node = made(chunks, cut)
        case Single(shape=shape):
            node = made([OnDisk(reads[0], each, (kind, shape))], None)
        case _:
            whole = partial(_assembled, layout, reads)
            node = made([OnDisk(whole, int(result["nbytes"]), (kind, ()))], None)
    node.key = result["key"]
    return node


def _assembled(layout: Layout, reads: list[Chunk]) -> Any:
    return layout.assemble([read() for read in reads])


class Chunk:
    """Brings a chunk of a result. As bytes it is the chunk itself."""

    def __init__(self, backend: GatewayBackend, name: str, key: ChunkKey) -> None:
        self._backend = backend
        self._name = name
        self._key = key

    def __call__(self) -> Any:
        """Bring it."""
        (value,) = self._backend.read(self._name, [self._key])
        return value

    def __reduce__(self) -> Any:
        return partial, (_give, self())


def _give(value: Any) -> Any:
    return value
