"""Frames made of arrays of many chunks: a chunk of rows for each run of chunks along the first dimension."""

from __future__ import annotations

from functools import partial
from typing import Any

from mars_nb.graph.meta import PandasMeta, TensorMeta
from mars_nb.graph.node import Function, Node
from mars_nb.planner.chunks.renumber import renumbered
from mars_nb.planner.context import Building, Evaluation, NotPartitionable
from mars_nb.planner.layout import ChunkKey, Grid, Layout, grid_indices, join_grid

_ARGUMENTS = {"columns", "dtype", "name"}


def framing(building: Building, node: Node) -> Layout:
    """Lower ``DataFrame(array)``, ``DataFrame({"a": array, ...})`` or ``Series(array)``.

    Raises
    ------
    NotPartitionable
        If the arrays are not cut alike along the rows, or an index is given.
    """
    named = isinstance(node.op, Function) and node.op.name in ("pandas.DataFrame", "pandas.Series")
    if not named or not isinstance(node.meta, PandasMeta) or len(node.args) != 1 or set(node.kwargs) - _ARGUMENTS:
        raise NotPartitionable
    columns = _columns(node.args[0])
    grids = [building.lowered[column] for column in columns]
    first = grids[0] if grids else None
    if not isinstance(first, Grid) or not all(
        isinstance(grid, Grid) and grid.nsplits[0] == first.nsplits[0] for grid in grids
    ):
        raise NotPartitionable
    if len(grids) > 1 and not first.known:
        raise NotPartitionable  # chunks of lengths that are not known need not be of the same length
    evaluate = Evaluation(node, tuple(columns))
    parts: list[ChunkKey] = []
    for i in range(len(first.nsplits[0])):
        chunks = [_rows(building, node, column, i) for column in columns]
        parts.append(building.add(node, ("part", i), evaluate, chunks))
    lengths = tuple(int(n) for n in first.nsplits[0]) if first.known else None
    return renumbered(building, node, parts, lengths)


def _columns(data: Any) -> list[Node]:
    """List the arrays, each once; numbers and texts beside them are the same in each chunk."""
    found = list(data.values()) if isinstance(data, dict) else [data]
    nodes = [value for value in found if isinstance(value, Node)]
    plain = all(isinstance(value, Node | int | float | str) for value in found)
    if not plain or not all(isinstance(node.meta, TensorMeta) and node.meta.shape for node in nodes):
        raise NotPartitionable
    return list(dict.fromkeys(nodes))


def _rows(building: Building, node: Node, column: Node, number: int) -> ChunkKey:
    """Give the chunk of an array that holds a run of rows, joining what is cut along the second dimension."""
    grid = building.lowered[column]
    assert isinstance(grid, Grid)
    keys = [key for key, index in zip(grid.keys, grid_indices(grid.nsplits), strict=True) if index[0] == number]
    if len(keys) == 1:
        return keys[0]
    counts = [1, *(len(lengths) for lengths in grid.nsplits[1:])]
    return building.add(node, ("rows of", column.key, number), partial(_join, counts), keys)


def _join(counts: list[int], *chunks: Any) -> Any:
    return join_grid(chunks, counts)
