"""Operations on rows: each chunk by itself, when all frames among the inputs are cut in the same way."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd

from mars_nb.graph.meta import ObjectMeta, PandasMeta, TensorMeta
from mars_nb.graph.node import Arguments, Function, Node, Path
from mars_nb.graph.structure import leaves
from mars_nb.planner.chunks.renumber import columns_of
from mars_nb.planner.chunks.rowmethods import ARITHMETIC, LOOKUPS, OPERATORS, relabels
from mars_nb.planner.chunks.rowrules import keeps_rows
from mars_nb.planner.context import Building, Evaluation
from mars_nb.planner.layout import Grid, Layout, Rows, Single
from mars_nb.planner.walks import has_categories, is_frame, is_series, sample_of


def rowwise(building: Building, node: Node) -> Layout | None:
    """Lower an operation that treats each row by itself."""
    if not _may_have_rows(node) or _makes_categories(node):
        return None
    keeps = keeps_rows(node)
    rows = None if keeps is None else _common_rows(building, node)
    if rows is None:
        return None
    evaluate = RowEvaluation(node, node.inputs)
    keys = tuple(
        building.add(node, i, evaluate, [_chunk(building, node, input_, i) for input_ in node.inputs])
        for i in range(len(rows.keys))
    )
    partition = _partition(node, rows) if keeps else node.key
    lengths = rows.lengths if keeps else None
    if isinstance(node.meta, TensorMeta):
        known = lengths or (math.nan,) * len(keys)
        return Grid(keys, (tuple(known), *((n,) for n in node.meta.shape[1:])), partition)
    return Rows(keys, partition, lengths, columns_of(node))


def _partition(node: Node, rows: Rows) -> str:
    """Name the way the rows are cut, and by that their labels: two walks that give the same labels have one name."""
    if not relabels(node):
        return rows.partition
    given = list(leaves(node.args[-1]))
    plain = all(isinstance(item, str | int | bool | None) for item in given)
    return f"{node.args[0].key}.{node.op.name}{given}" if plain else node.key


def _may_have_rows(node: Node) -> bool:
    match node.meta:
        case PandasMeta():
            return True
        case TensorMeta(shape=shape):
            return bool(shape)
        case ObjectMeta(kind=kind):  # unknown where it depends on a function of the user's
            return kind is None and node.op.name in ("apply", "map")
    return False


class RowEvaluation(Evaluation):
    """Computes the operation on a chunk.

    What has no rows or no values has no dtype of its own, and pandas's answer for it is sometimes of
    another type: the sample tells what it is among the other chunks.
    """

    __slots__ = ()

    def __call__(self, *values: Any) -> Any:
        """Compute the operation."""
        meta = self.node.meta
        if not isinstance(meta, PandasMeta) or isinstance(meta.sample, pd.Index):
            return super().__call__(*values)
        if self.node.op.name == "apply" and not len(values[0]):
            return meta.sample[:0]  # pandas would call the user's function on a row that does not exist
        result = super().__call__(*values)
        if type(result) is not type(meta.sample):
            return meta.sample[:0] if isinstance(result, pd.DataFrame | pd.Series) and not len(result) else result
        dtype: Any = meta.sample.dtype if isinstance(meta.sample, pd.Series) else None
        if isinstance(result, pd.Series) and len(result) and result.dtype != dtype and result.isna().all():
            return result if dtype.kind in "iubV" else result.astype(dtype)
        return result


def _chunk(building: Building, node: Node, input_: Node, number: int) -> Any:
    layout = building.lowered[input_]
    if isinstance(layout, Rows | Grid) and not _looked_up(node, input_):
        return layout.keys[number]
    return building.single(input_).key


def _looked_up(node: Node, input_: Node) -> bool:
    """Tell an input in which each row may look up any row."""
    return node.op.name in LOOKUPS and isinstance(node.op, Path) and input_ is not node.args[0]


def _common_rows(building: Building, node: Node) -> Rows | None:
    """Give the layout of the inputs that are cut, if they are cut alike and all others are plain values."""
    found: Rows | None = None
    arrays: list[Grid] = []
    for input_ in node.inputs:
        layout = building.lowered[input_]
        if _looked_up(node, input_):
            if not is_series(input_):
                return None
        elif by_columns(node, input_):
            if not isinstance(layout, Single):
                return None
        elif isinstance(layout, Rows):
            if found is not None and layout.partition != found.partition:
                return None  # rows would have to be aligned
            found = found or layout
        elif isinstance(layout, Grid):
            arrays.append(layout)
        elif not isinstance(layout, Single) or not is_plain(input_):
            return None
    if found is None or not all(_is_cut_like(found, grid) for grid in arrays):
        return None
    if any(arg is arg_ for arg in node.args[:1] for arg_ in _nodes_of(node) if node.op.name in LOOKUPS):
        return None  # looked up in itself, which would have to be cut and not cut
    return found


def _nodes_of(node: Node) -> list[Any]:
    call = node.args[-1]
    return [*call.args, *call.kwargs.values()] if isinstance(call, Arguments) else []


def by_columns(node: Node, input_: Node) -> bool:
    """Tell a series that pandas aligns with the columns of a frame."""
    if not is_series(input_) or not any(map(is_frame, node.inputs)):
        return False
    if isinstance(node.op, Function):
        return node.op.name in OPERATORS or isinstance(node.op.target, np.ufunc)
    name, call = node.op.name, node.args[-1]
    if name in ARITHMETIC:
        return call.kwargs.get("axis") not in (0, "index")
    return name in ("fillna", "dot")


def _is_cut_like(rows: Rows, grid: Grid) -> bool:
    """Tell an array with as many rows in each chunk, no chunk of it being cut along another dimension."""
    if len(grid.keys) != len(rows.keys):
        return False
    return grid.partition == rows.partition or (grid.known and grid.nsplits[0] == rows.lengths)


def is_plain(input_: Node) -> bool:
    """Tell numbers, which mean the same for each chunk."""
    if isinstance(input_.meta, TensorMeta):
        return not input_.meta.shape
    if isinstance(input_.meta, ObjectMeta):
        return input_.meta.sample is not None and pd.api.types.is_scalar(input_.meta.sample)
    return False


def _makes_categories(node: Node) -> bool:
    """Tell operations that find categories, which they must find in all rows."""
    if not isinstance(node.meta, PandasMeta) or node.op.name not in ("astype", "assign", "setitem", "map", "apply"):
        return False
    return has_categories(node.meta.sample) and not any(has_categories(sample_of(i)) for i in node.inputs)
