"""How large an object is likely to be, told from its recording: nothing is run, read or computed.

Bytes come from the metas: a shape and a dtype, or rows times the bytes of a row of the sample. Chunks of frames come
from the planner's own rules, which take microseconds a chunk. Dask takes milliseconds for an array, so of arrays only
this is told: a dimension that is as long as one of an input is cut as that is. What cannot be told is left out.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Sequence
from typing import Any, TypeGuard

import numpy as np
import pandas as pd

from mars_nb.graph.estimate import Estimate, Size
from mars_nb.graph.meta import HandleMeta, PandasMeta, TensorMeta
from mars_nb.graph.node import Node, ordered
from mars_nb.planner.context import Building, NotPartitionable
from mars_nb.planner.inputs.reading import outline, reader_of
from mars_nb.planner.layout import Grid, Layout, Rows, Single
from mars_nb.planner.settle import note

#: Recordings of more nodes, or of more chunk tasks, are not looked through: it would take longer than a repr may.
MOST_NODES, MOST_TASKS = 2000, 1000
# Columns of a frame that are looked at; the others are taken to be like them.
_MOST_COLUMNS = 64
# Operations on arrays that Dask cuts in ways of its own, or refuses with some arguments.
_UNTOLD = frozenset({"reshape", "roll", "nan_to_num"})
# What cannot be told by lengths alone: the planner's rule is asked.
_ASKED = frozenset("diag diagonal gradient ediff1d block cov corrcoef compress delete matmul dot".split())


def estimate(
    node: Node,
    held: Callable[[str], Layout | None] = lambda key: None,
    nbytes_of: Callable[[str], int] = lambda key: 0,
) -> Estimate:
    """Tell how large a value is likely to be, and what is read to compute it.

    Parameters
    ----------
    node
        What is wanted.
    held
        Gives the layout of a stored result by its node's key, None where there is none.
    nbytes_of
        Tells the bytes of a stored result.

    Examples
    --------
    >>> import mars_nb.tensor as mt
    >>> estimate(mt.ones((100, 100), chunk_size=50).sum()._node).words()
    ['1 chunk', '8 B', 'lazy', 'from 4 chunks of about 78.12 kiB']
    """
    stored: dict[Node, Layout | None] = {}

    def is_leaf(found: Node) -> bool:
        if found not in stored:
            stored[found] = held(found.key)
        return stored[found] is not None or len(stored) > MOST_NODES

    nodes = ordered([node], is_leaf)
    if len(stored) > MOST_NODES:
        return Estimate(Size(nbytes=nbytes_of_value(node)))
    building = Building()
    sources: list[Size] = []
    for each in nodes:
        layout = stored[each]
        if layout is not None:
            sources.append(Size(len(layout.keys), nbytes_of(each.key)))
        elif not each.inputs:
            sources.append(Size(math.prod(map(len, each.chunks or ())), nbytes_of_value(each)))
        layout = layout or _layout(building, each)
        if layout is not None:
            note(building, each, layout, settled=stored[each] is not None)
    last = building.lowered.get(node)
    own = Size(None if last is None else len(last.keys), nbytes_of_value(node))
    if stored[node] is not None or not node.inputs:
        own = sources[-1]
    return Estimate(own, Size(sum(size.chunks or 0 for size in sources), _sum([size.nbytes for size in sources])))


def _sum(numbers: list[int | None]) -> int | None:
    known = [number for number in numbers if number is not None]
    return sum(known) if len(known) == len(numbers) else None


# --- chunks -----------------------------------------------------------------------------------------------------


def _layout(building: Building, node: Node) -> Layout | None:
    """Tell how a value will be cut, None where it cannot be told soon."""
    inputs = [building.lowered.get(input_) for input_ in node.inputs]
    if isinstance(node.meta, HandleMeta):
        return None
    is_number = isinstance(node.meta, TensorMeta) and not node.meta.shape
    if is_number or (node.chunks is None and all(isinstance(layout, Single) for layout in inputs)):
        return Single(node.key)
    if None in inputs or math.prod(map(len, node.chunks or ())) > MOST_TASKS:
        return None
    reader = reader_of(node)
    if reader is not None:
        return outline(node, reader)
    if isinstance(node.meta, TensorMeta) and not any(isinstance(layout, Rows) for layout in inputs):
        return _grid(building, node)
    if len(building.graph) > MOST_TASKS:
        return None
    from mars_nb.planner.rules import partitioned

    try:
        return partitioned(building, node)
    except NotPartitionable:
        return Single(node.key)  # the planner gathers all chunks


def _grid(building: Building, node: Node) -> Layout | None:
    from mars_nb.planner.tensors import arrays
    from mars_nb.planner.tensors.arrayforms import form

    assert isinstance(node.meta, TensorMeta)
    if node.chunks is not None:
        return _as_cut(node, node.chunks)
    stem, partitionable = node.op.name.rpartition(".")[2], arrays.partitionable(building, node)
    if stem in _UNTOLD:
        return None
    if not partitionable and form(node) is None:
        return Single(node.key)
    if not partitionable or stem in _ASKED:
        if len(building.graph) > MOST_TASKS:
            return None
        try:
            return arrays.lower(building, node)
        except NotPartitionable:
            return Single(node.key)
    cuts: dict[float, set[tuple[float, ...]]] = {}
    for input_ in node.inputs:
        layout = building.lowered[input_]
        for lengths in layout.nsplits if isinstance(layout, Grid) else ():
            cuts.setdefault(sum(lengths), set()).add(lengths)
    found = [cuts.get(length, {(1,)} if length == 1 else set()) for length in node.meta.shape]
    return _as_cut(node, [lengths for (lengths,) in found]) if all(len(several) == 1 for several in found) else None


def _as_cut(node: Node, nsplits: Sequence[tuple[float, ...]]) -> Grid:
    return Grid(tuple((node.key, i) for i in range(math.prod(map(len, nsplits)))), tuple(nsplits))


# --- bytes ------------------------------------------------------------------------------------------------------


def nbytes_of_value(node: Node) -> int | None:
    """Tell how large a value is likely to be by its meta alone; None where that depends on the data."""
    meta = node.meta
    if isinstance(meta, TensorMeta):
        return int(meta.nbytes) if meta.known else None
    reader = reader_of(node)
    if reader is not None and reader.nbytes is not None:
        return reader.nbytes
    if not isinstance(meta, PandasMeta) or meta.rows is None or meta.open:
        return None
    row = row_nbytes(meta.sample)
    return round(row * meta.rows) if row else None


def row_nbytes(sample: Any) -> float | None:
    """Tell the bytes of a row of a frame, series or index from a few rows; None if there are none to tell from.

    Examples
    --------
    >>> row_nbytes(pd.DataFrame({"a": [1, 2], "b": [True, False]}))
    9.0
    """
    if isinstance(sample, pd.Index):
        return _index_nbytes(sample)
    if isinstance(sample, pd.Series):
        items = [_item_nbytes(sample)]
        width = 1
    else:
        width = sample.shape[1]
        part = sample.iloc[:, :_MOST_COLUMNS]
        items = [
            dtype.itemsize if _is_plain(dtype) else _item_nbytes(part.iloc[:, i]) for i, dtype in enumerate(part.dtypes)
        ]
    known = [item for item in (_index_nbytes(sample.index), *items) if item is not None]
    if len(known) <= len(items):
        return None
    return known[0] + (sum(known[1:]) * width / len(items) if items else 0.0)


def _is_plain(dtype: Any) -> TypeGuard[np.dtype[Any]]:
    return isinstance(dtype, np.dtype) and not dtype.hasobject


def _index_nbytes(index: pd.Index[Any]) -> float | None:
    if isinstance(index, pd.RangeIndex):
        return 0.0
    if isinstance(index, pd.MultiIndex):
        return float(sum(codes.itemsize for codes in index.codes))
    return _item_nbytes(index)


def _item_nbytes(values: pd.Series[Any] | pd.Index[Any]) -> float | None:
    dtype = values.dtype
    if _is_plain(dtype):
        return float(dtype.itemsize)
    array: Any = values.array
    if isinstance(dtype, pd.CategoricalDtype):
        return float(array.codes.itemsize)
    if not len(array):
        return None
    own = sum(map(sys.getsizeof, array)) if dtype == np.dtype(object) else 0
    return float((array.nbytes + own) / len(array))
