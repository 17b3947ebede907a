"""Which rule lowers a node that has many chunks."""

from __future__ import annotations

from mars_nb.graph.meta import PandasMeta
from mars_nb.graph.node import Node
from mars_nb.planner.chunks import frames
from mars_nb.planner.chunks.chunked import chunked, is_chunked
from mars_nb.planner.chunks.framing import framing
from mars_nb.planner.context import Building, NotPartitionable
from mars_nb.planner.inputs import nested, sources
from mars_nb.planner.inputs.writing import writing
from mars_nb.planner.layout import Grid, Layout, Rows
from mars_nb.planner.tensors import arrays, columns


def partitioned(building: Building, node: Node) -> Layout:
    """Lower a node with a chunk task for each chunk, or with Dask's algorithm.

    Raises
    ------
    NotPartitionable
        If no rule gives the same answer as the operation on the whole.
    """
    if not node.inputs:
        return sources.lower(building, node)
    if node.op.name == "from_dask":
        return nested.taken(building, node)
    if is_chunked(building, node):
        return chunked(building, node)
    layout = writing(building, node)
    if layout is not None:
        return layout
    layouts = [building.lowered[i] for i in node.inputs]
    grids, rows = (any(isinstance(layout, kind) for layout in layouts) for kind in (Grid, Rows))
    if grids and not rows:
        return (framing if isinstance(node.meta, PandasMeta) else arrays.lower)(building, node)
    if rows:
        return columns.lower(building, node) or frames.lower(building, node)
    raise NotPartitionable
