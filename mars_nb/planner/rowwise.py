"""Operations on rows: each chunk by itself, when all frames among the inputs are cut in the same way."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from mars_nb.graph.meta import ObjectMeta, PandasMeta, TensorMeta
from mars_nb.graph.node import Arguments, Node, Path
from mars_nb.planner.context import Building, Evaluation
from mars_nb.planner.layout import Grid, Layout, Rows, Single
from mars_nb.planner.rowrules import LOOKUPS, OPERATORS, keeps_rows
from mars_nb.planner.walks import has_categories, is_frame, is_series, sample_of


def rowwise(building: Building, node: Node) -> Layout | None:
    """Lower an operation that treats each row by itself."""
    if not _may_have_rows(node) or _makes_categories(node):
        return None
    keeps = keeps_rows(node)
    rows = None if keeps is None else _common_rows(building, node)
    if rows is None:
        return None
    evaluate = _Evaluation(node, node.inputs)
    keys = tuple(
        building.add(node, i, evaluate, [_chunk(building, node, input_, i) for input_ in node.inputs])
        for i in range(len(rows.keys))
    )
    if isinstance(node.meta, TensorMeta):
        lengths = rows.lengths or (math.nan,) * len(keys)
        return Grid(keys, (tuple(lengths), *((n,) for n in node.meta.shape[1:])))
    columns = tuple(node.meta.sample.shape[1:]) if isinstance(node.meta, PandasMeta) else ()
    return Rows(keys, rows.partition if keeps else node.key, rows.lengths if keeps else None, columns)


def _may_have_rows(node: Node) -> bool:
    match node.meta:
        case PandasMeta():
            return True
        case TensorMeta(shape=shape):
            return bool(shape)
        case ObjectMeta(kind=kind):  # unknown where it depends on a function of the user's
            return kind is None and node.op.name in ("apply", "map")
    return False


class _Evaluation(Evaluation):
    """Computes the operation on a chunk.

    What has no rows or no values has no dtype of its own, and pandas's answer for it is sometimes of
    another type: the sample tells what it is among the other chunks.
    """

    __slots__ = ()

    def __call__(self, *values: Any) -> Any:
        meta = self.node.meta
        if not isinstance(meta, PandasMeta) or isinstance(meta.sample, pd.Index):
            return super().__call__(*values)
        if self.node.op.name == "apply" and not len(values[0]):
            return meta.sample[:0]  # pandas would call the user's function on a row that does not exist
        result = super().__call__(*values)
        if type(result) is not type(meta.sample):
            return meta.sample[:0] if isinstance(result, pd.DataFrame | pd.Series) and not len(result) else result
        dtype: Any = meta.sample.dtype if isinstance(meta.sample, pd.Series) else None
        if isinstance(result, pd.Series) and result.dtype != dtype and result.isna().all():
            return result if dtype.kind in "iubV" else result.astype(dtype)
        return result


def _chunk(building: Building, node: Node, input_: Node, number: int) -> Any:
    layout = building.lowered[input_]
    if isinstance(layout, Rows) and not _looked_up(node, input_):
        return layout.keys[number]
    return building.single(input_).key


def _looked_up(node: Node, input_: Node) -> bool:
    """Tell an input in which each row may look up any row."""
    return node.op.name in LOOKUPS and isinstance(node.op, Path) and input_ is not node.args[0]


def _common_rows(building: Building, node: Node) -> Rows | None:
    """Give the layout of the inputs that are cut, if they are cut alike and all others are plain values."""
    found: Rows | None = None
    for input_ in node.inputs:
        layout = building.lowered[input_]
        if _looked_up(node, input_):
            if not is_series(input_):
                return None
        elif isinstance(layout, Rows):
            if found is not None and layout.partition != found.partition:
                return None  # rows would have to be aligned
            if (
                node.op.name in OPERATORS
                and not isinstance(node.op, Path)
                and is_frame(input_) != is_frame(node.inputs[0])
            ):
                return None  # pandas aligns a series with the columns of a frame
            found = found or layout
        elif not isinstance(layout, Single) or not _plain(node, input_):
            return None
    if any(arg is arg_ for arg in node.args[:1] for arg_ in _nodes_of(node) if node.op.name in LOOKUPS):
        return None  # looked up in itself, which would have to be cut and not cut
    return found


def _nodes_of(node: Node) -> list[Any]:
    call = node.args[-1]
    return [*call.args, *call.kwargs.values()] if isinstance(call, Arguments) else []


def _plain(node: Node, input_: Node) -> bool:
    """Tell inputs that mean the same for each chunk: numbers, and what is aligned with the columns of a frame."""
    if isinstance(input_.meta, TensorMeta):
        return not input_.meta.shape
    if isinstance(input_.meta, ObjectMeta):
        return input_.meta.sample is not None and pd.api.types.is_scalar(input_.meta.sample)
    aligned = not isinstance(node.op, Path) and node.op.name in OPERATORS
    filled = isinstance(node.op, Path) and node.op.name == "fillna"
    return is_series(input_) and (aligned or filled) and is_frame(node.args[0])


def _makes_categories(node: Node) -> bool:
    """Tell operations that find categories, which they must find in all rows."""
    if not isinstance(node.meta, PandasMeta) or node.op.name not in ("astype", "assign", "setitem", "map", "apply"):
        return False
    return has_categories(node.meta.sample) and not any(has_categories(sample_of(i)) for i in node.inputs)
