"""Products of matrices: few large ones, as BLAS is quickest at them.

What fits into memory, in enough chunks of a good size, is multiplied chunk by chunk: each chunk of the product sums up
where it is, nothing is put together before nor cut after, and each worker has a core of its own, which BLAS uses better
than its threads use all. The last chunks, where they are fewer than cores, are computed in parts. Of what is cut
otherwise, or not at all, one product is made, which BLAS does on all cores. A matrix times its own transpose takes half
the work either way: numpy knows it, and a chunk is another one's transpose. What is larger is cut into products of some
rows by some columns, without cutting what is summed up.
"""

from __future__ import annotations

import itertools
import math
import operator
import os
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from mars_nb.graph.meta import TensorMeta
from mars_nb.graph.node import Arguments, Function, Node, Path
from mars_nb.planner.context import Building
from mars_nb.planner.layout import ChunkKey, Grid, Layout, Single, join_grid, spans

#: Bytes of both matrices and their product, up to which all is in memory at once.
WHOLE = 2**29
#: Products at a time that have a core each.
CORES = os.cpu_count() or 1
#: At least so many chunks of the product are worth a task each: with fewer, cores would have nothing to do for long.
TILES = 2 * CORES
#: Multiplications, of numbers, for which a call of BLAS is worth it: matrices of 500 x 500 have 95% of its full speed.
CALL = 2**27
#: Bytes of the rows or columns of one product, at most.
_PANEL = 2**27
_BLAS = frozenset(map(np.dtype, ("f4", "f8", "c8", "c16")))
_NAMES = frozenset({"matmul", "numpy.matmul", "numpy.dot", "dot"})


def lower(building: Building, node: Node) -> Layout | None:
    """Lower the product of two matrices, None if it is none, or of another kind."""
    pair = _pair(node)
    if pair is None:
        return None
    one, other = pair
    metas = [each.meta for each in (one, other, node) if isinstance(each.meta, TensorMeta)]
    if len(metas) < 3 or any(len(meta.shape) != 2 or not meta.known or 0 in meta.shape for meta in metas):
        return None
    dtypes = {meta.dtype for meta in metas}
    if len(dtypes) > 1 or not dtypes <= _BLAS:
        return None
    own = _is_transpose(other, one)
    sizes = [meta.nbytes for meta in metas[own:]]
    if sum(sizes) <= WHOLE:
        tiles = _by_tiles(building, node, one, other, own)
        if tiles is not None:
            return tiles
        inputs = [building.single(each).key for each in ((one,) if own else pair)]
        product = building.add(node, "product", _by_own_transpose if own else np.matmul, inputs)
        return _cut(building, node, product, one, other)
    return _in_panels(building, node, one, other)


def _pair(node: Node) -> tuple[Node, Node] | None:
    if node.op.name not in _NAMES or node.kwargs:
        return None
    args = node.args
    if isinstance(node.op, Path):
        call = args[1]
        args = (args[0], *call.args) if isinstance(call, Arguments) and not call.kwargs else ()
    elif not isinstance(node.op, Function):
        return None
    nodes = [arg for arg in args if isinstance(arg, Node)]
    return (nodes[0], nodes[1]) if len(nodes) == len(args) == 2 else None


def _is_transpose(node: Node, of: Node) -> bool:
    if not isinstance(node.op, Path) or node.args[0] is not of:
        return False
    return node.op.names == ("T",) or (node.op.names == ("transpose",) and node.args[1] == ((), {}))


def _by_tiles(building: Building, node: Node, one: Node, other: Node, own: bool) -> Layout | None:
    """Multiply chunk by chunk, None where there are too few of them, or they are too small."""
    left, right = building.lowered[one], building.lowered[other]
    if not (isinstance(left, Grid) and isinstance(right, Grid)) or left.nsplits[1] != right.nsplits[0]:
        return None
    rows, inner, columns = len(left.nsplits[0]), len(left.nsplits[1]), len(right.nsplits[1])
    tiles = rows * (rows + 1) // 2 if own else rows * columns
    calls = math.prod((*left.shape, right.shape[1])) / (CALL * rows * inner * columns)
    if tiles < TILES or calls < 1:
        return None
    last = 0 if own else tiles % CORES  # what is symmetric stays so to the last bit as one call
    parts = min(CORES // math.gcd(last, CORES), int(calls)) if last else 1
    keys: dict[tuple[int, int], ChunkKey] = {}
    for i, j in itertools.product(range(rows), range(columns)):
        if own and j < i:
            keys[i, j] = building.add(node, (i, j), np.transpose, [keys[j, i]])
            continue
        inputs = [*left.keys[i * inner : (i + 1) * inner], *right.keys[j::columns]]
        if parts == 1 or i * columns + j < tiles - last:
            keys[i, j] = building.add(node, (i, j), _summed, inputs)
        else:
            some = [building.add(node, (i, j, k), partial(_some_rows, k, parts), inputs) for k in range(parts)]
            keys[i, j] = building.add(node, (i, j), _stacked, some)
    return Grid(tuple(keys.values()), (left.nsplits[0], right.nsplits[1]))


def _summed(*chunks: Any) -> Any:
    """Give the sum of products: of the first half of the matrices with the second, in pairs."""
    (one, other), *more = zip(chunks[: len(chunks) // 2], chunks[len(chunks) // 2 :], strict=True)
    found = one @ other
    part = np.empty_like(found) if more else None
    for one, other in more:
        found += np.matmul(one, other, out=part)
    return found


def _some_rows(number: int, parts: int, *chunks: Any) -> Any:
    """Give one part of so many of a sum of products."""
    half = len(chunks) // 2
    n = len(chunks[0])
    rows = slice(n * number // parts, n * (number + 1) // parts)
    return _summed(*(chunk[rows] for chunk in chunks[:half]), *chunks[half:])


def _stacked(*parts: Any) -> Any:
    return np.concatenate(parts)


def _by_own_transpose(array: Any) -> Any:
    return array @ array.T  # numpy sees that it is the same memory


def _cut(building: Building, node: Node, product: ChunkKey, one: Node, other: Node) -> Layout:
    """Give parts of the product as its rows and columns were cut, for what comes next to go on in chunks."""
    assert isinstance(node.meta, TensorMeta)
    lengths = []
    for axis, matrix in enumerate((one, other)):
        layout = building.lowered[matrix]
        whole = (int(node.meta.shape[axis]),)
        lengths.append(tuple(map(int, layout.nsplits[axis])) if isinstance(layout, Grid) else whole)
    windows = [tuple(slice(*span) for span in part) for part in itertools.product(*map(spans, lengths))]
    if len(windows) == 1:
        return Single(product)
    keys = [building.add(node, i, operator.itemgetter(window), [product]) for i, window in enumerate(windows)]
    return Grid(tuple(keys), tuple(lengths))


def _in_panels(building: Building, node: Node, one: Node, other: Node) -> Layout | None:
    """Multiply some rows by some columns at a time."""
    assert isinstance(one.meta, TensorMeta)
    line = one.meta.shape[1] * one.meta.dtype.itemsize
    most = int(_PANEL // line)
    grids = building.lowered[one], building.lowered[other]
    if not all(isinstance(grid, Grid) and grid.known for grid in grids):
        return None
    rows, row_lengths = _panels(building, node, one, 0, most)
    columns, column_lengths = _panels(building, node, other, 1, most)
    if max(*row_lengths, *column_lengths) > most:
        return None
    keys = [
        building.add(node, (i, j), np.matmul, [row, column])
        for i, row in enumerate(rows)
        for j, column in enumerate(columns)
    ]
    if len(keys) == 1:
        return Single(keys[0])
    return Grid(tuple(keys), (tuple(row_lengths), tuple(column_lengths)))


def _panels(building: Building, node: Node, matrix: Node, axis: int, most: int) -> tuple[list[ChunkKey], list[int]]:
    """Join chunks to panels of whole lines, each of as many chunks as fit."""
    grid = building.lowered[matrix]
    assert isinstance(grid, Grid)
    counts = [len(lengths) for lengths in grid.nsplits]
    keys = np.empty(len(grid.keys), object)
    keys[:] = grid.keys
    keys = keys.reshape(counts)
    runs: list[list[int]] = []
    lengths: list[int] = []
    for i, length in enumerate(map(int, grid.nsplits[axis])):
        if runs and lengths[-1] + length <= most:
            runs[-1].append(i)
            lengths[-1] += length
        else:
            runs.append([i])
            lengths.append(length)
    found = []
    for number, run in enumerate(runs):
        part = keys.take(run, axis=axis)
        name = ("panel", matrix.key, axis, number)
        found.append(building.add(node, name, partial(_joined, part.shape), list(part.flat)))
    return found, lengths


def _joined(counts: Sequence[int], *chunks: Any) -> Any:
    return join_grid(chunks, counts)
