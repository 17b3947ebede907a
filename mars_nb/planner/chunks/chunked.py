"""``map_chunk``: the user's function on each chunk by itself."""

from __future__ import annotations

import math
from typing import Any

from mars_nb.graph.chunked import NAME
from mars_nb.graph.meta import TensorMeta
from mars_nb.graph.node import Node
from mars_nb.planner.chunks.renumber import columns_of
from mars_nb.planner.context import Building, Evaluation, NotPartitionable
from mars_nb.planner.layout import Grid, Layout, Rows, grid_indices


def is_chunked(building: Building, node: Node) -> bool:
    """Tell a ``map_chunk`` of what has many chunks."""
    return node.op.name == NAME and isinstance(building.lowered[node.args[0]], Rows | Grid)


def chunked(building: Building, node: Node) -> Layout:
    """Lower it.

    Raises
    ------
    NotPartitionable
        If what the function gives cannot be joined, because it has other dimensions.
    """
    base, others = node.args[0], [i for i in node.inputs if i is not node.args[0]]
    layout = building.lowered[base]
    given = [building.single(other).key for other in others]
    inputs = (base, *others)
    if isinstance(layout, Rows):
        keys = tuple(
            building.add(node, i, _OnChunk(node, inputs, (i, 0)[: 1 + len(layout.columns)]), [key, *given])
            for i, key in enumerate(layout.keys)
        )
        if isinstance(node.meta, TensorMeta):
            return Grid(keys, ((math.nan,) * len(keys), *((n,) for n in node.meta.shape[1:])))
        return Rows(keys, node.key, None, columns_of(node))
    assert isinstance(layout, Grid)
    nsplits = _cuts(node, layout)
    kept = nsplits == layout.nsplits
    keys = tuple(
        building.add(node, index, _OnChunk(node, inputs, index, kept), [key, *given])
        for index, key in zip(grid_indices(layout.nsplits), layout.keys, strict=True)
    )
    return Grid(keys, nsplits)


def _cuts(node: Node, layout: Grid) -> tuple[tuple[float, ...], ...]:
    """Tell the lengths of what the function gives for the chunks, as far as they are known."""
    if not isinstance(node.meta, TensorMeta):
        return tuple((math.nan,) * len(lengths) for lengths in layout.nsplits)
    if layout.known and node.meta.shape == layout.shape:
        return layout.nsplits
    if len(node.meta.shape) == len(layout.nsplits):
        return tuple((math.nan,) * len(lengths) for lengths in layout.nsplits)
    if any(len(lengths) > 1 for lengths in layout.nsplits[1:]):
        raise NotPartitionable
    return tuple((math.nan,) * (1 if axis else len(layout.nsplits[0])) for axis in range(len(node.meta.shape)))


class _OnChunk(Evaluation):
    """Calls the function with a chunk.

    Parameters
    ----------
    index
        Position of the chunk.
    keeps_shape
        Whether it is to give the chunk's shape.
    """

    __slots__ = ("index", "keeps_shape")

    def __init__(self, node: Node, inputs: tuple[Node, ...], index: tuple[int, ...], keeps_shape: bool = False) -> None:
        super().__init__(node, inputs)
        self.index = index
        self.keeps_shape = keeps_shape

    def __call__(self, *values: Any) -> Any:
        __tracebackhide__ = True
        value = self.node.evaluate(self.shielded(values), index=self.index)
        if self.keeps_shape and value.shape != values[0].shape:
            raise ValueError(
                f"map_chunk: for a chunk of shape {values[0].shape} the function gave one of shape {value.shape}, "
                "unlike when it was tried; elementwise=False allows that"
            )
        return value
