"""Operations on rows: each chunk by itself, when all frames among the inputs are cut in the same way."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd

from mars_nb.graph.meta import ObjectMeta, PandasMeta, TensorMeta
from mars_nb.graph.node import Arguments, Function, Node, Path
from mars_nb.planner.context import Building, Evaluation
from mars_nb.planner.layout import Grid, Layout, Rows, Single

_OPERATORS = frozenset(
    "add sub mul truediv floordiv mod pow and or xor eq ne lt le gt ge neg pos abs invert divmod".split()
)
_ARITHMETIC = frozenset(
    prefix + name
    for name in "add sub mul div truediv floordiv mod pow".split()
    for prefix in ("", "r")
) | {"eq", "ne", "lt", "le", "gt", "ge", "divide", "multiply", "subtract"}
_ELEMENTWISE = frozenset(
    "abs between copy isin isna isnull notna notnull round where mask map replace fillna clip astype to_frame assign "
    "eval add_prefix add_suffix select_dtypes to_numpy values infer_objects".split()
)
_REDUCING = frozenset("sum mean min max count std var prod any all nunique median sem skew kurt".split())
# Of the accessors these look at more than the row, or give as many columns as the rows have need of.
_NOT_ROWWISE = frozenset("cat get_dummies extractall freq inferred_freq".split())


def rowwise(building: Building, node: Node) -> Layout | None:
    """Lower an operation that treats each row by itself."""
    keeps = _keeps_rows(node)
    if keeps is None:
        return None
    rows = _common_rows(building, node)
    if rows is None:
        return None
    evaluate = _Evaluation(node, node.inputs)
    keys = tuple(
        building.add(node, i, evaluate, [_chunk(building, input_, i) for input_ in node.inputs])
        for i in range(len(rows.keys))
    )
    if isinstance(node.meta, TensorMeta):
        lengths = rows.lengths or (math.nan,) * len(keys)
        return Grid(keys, (tuple(lengths), *((n,) for n in node.meta.shape[1:])))
    columns = tuple(node.meta.sample.shape[1:]) if isinstance(node.meta, PandasMeta) else ()
    return Rows(keys, rows.partition if keeps else node.key, rows.lengths if keeps else None, columns)


class _Evaluation(Evaluation):
    """Computes the operation on a chunk; pandas's answer for no rows is sometimes of another type."""

    __slots__ = ()

    def __call__(self, *values: Any) -> Any:
        result = super().__call__(*values)
        meta = self.node.meta
        if isinstance(meta, PandasMeta) and type(result) is not type(meta.sample) and not isinstance(result, pd.Index):
            if isinstance(result, pd.DataFrame | pd.Series) and not len(result):
                return meta.sample[:0]
        return result


def _chunk(building: Building, node: Node, number: int) -> Any:
    layout = building.lowered[node]
    return layout.keys[number] if isinstance(layout, Rows) else building.single(node).key


def _common_rows(building: Building, node: Node) -> Rows | None:
    """Give the layout of the inputs that are cut, if they are cut alike and all others are plain values."""
    found: Rows | None = None
    for input_ in node.inputs:
        layout = building.lowered[input_]
        if isinstance(layout, Rows):
            if found is not None and layout.partition != found.partition:
                return None  # rows would have to be aligned
            if node.op.name in _OPERATORS and _is_frame(input_) != _is_frame(node.inputs[0]):
                return None  # pandas aligns a series with the columns of a frame
            found = found or layout
        elif not isinstance(layout, Single) or not _plain(node, input_):
            return None
    return found


def _plain(node: Node, input_: Node) -> bool:
    """Tell inputs that mean the same for each chunk: numbers, and tables to look values up in."""
    if isinstance(input_.meta, TensorMeta):
        return not input_.meta.shape
    if isinstance(input_.meta, ObjectMeta):
        return input_.meta.sample is not None
    series = isinstance(input_.meta, PandasMeta) and isinstance(input_.meta.sample, pd.Series)
    if node.op.name in ("map", "isin"):
        return series
    # A frame with a series: pandas aligns the series with the frame's columns.
    return series and node.op.name in _OPERATORS and any(map(_is_frame, node.inputs))


def _is_frame(value: Any) -> bool:
    return isinstance(value, Node) and isinstance(value.meta, PandasMeta) and isinstance(value.meta.sample, pd.DataFrame)


def _is_series(value: Any) -> bool:
    return isinstance(value, Node) and isinstance(value.meta, PandasMeta) and isinstance(value.meta.sample, pd.Series)


def _keeps_rows(node: Node) -> bool | None:
    """Tell whether the operation keeps all rows; None if it does not treat each row by itself."""
    if _makes_categories(node):
        return None
    op = node.op
    if isinstance(op, Function):
        if op.name == "getitem":
            return _keeps_rows_of_key(node, node.args[1])
        if op.name == "setitem":
            return True if _is_frame(node.args[0]) and _column_key(node, node.args[1]) else None
        if op.name in ("set_columns", "set_name"):
            return True
        elementwise = op.name in _OPERATORS or isinstance(op.target, np.ufunc)
        return True if elementwise else None
    if not isinstance(op, Path):
        return None
    call = node.args[-1]
    if len(op.names) == 1:
        return _keeps_rows_of_method(node, op.names[0], call)
    if op.names[0] in ("str", "dt") and len(op.names) == 2 and op.names[1] not in _NOT_ROWWISE:
        return None if isinstance(call, Arguments) and call.kwargs.get("expand") else True
    if op.names == ("loc", "__getitem__"):
        key = call.args[0]
        rows, columns = key if isinstance(key, tuple) and len(key) == 2 else (key, slice(None))
        if columns != slice(None) and not _column_key(node, columns):
            return None
        if isinstance(rows, slice):
            return True if rows == slice(None) else None
        return _keeps_rows_of_key(node, rows) if _is_series(rows) else None
    return None


def _keeps_rows_of_key(node: Node, key: Any) -> bool | None:
    if isinstance(key, Node):
        return False if _is_series(key) and key.meta.sample.dtype == bool else None  # type: ignore[union-attr]
    return True if _is_frame(node.args[0]) and _column_key(node, key) else None


def _column_key(node: Node, key: Any) -> bool:
    if isinstance(key, Node | slice) or callable(key):
        return False
    if isinstance(key, list):
        return not all(isinstance(item, bool) for item in key)
    return isinstance(key, str | int | tuple)


def _makes_categories(node: Node) -> bool:
    """Tell operations that find categories, which they must find in all rows."""
    if not isinstance(node.meta, PandasMeta) or node.op.name not in ("astype", "assign", "setitem", "map", "apply"):
        return False
    return _has_categories(node.meta.sample) and not any(
        isinstance(i.meta, PandasMeta) and _has_categories(i.meta.sample) for i in node.inputs
    )


def _has_categories(sample: Any) -> bool:
    dtypes = sample.dtypes if isinstance(sample, pd.DataFrame) else [sample.dtype]
    return any(isinstance(dtype, pd.CategoricalDtype) for dtype in dtypes)


def _keeps_rows_of_method(node: Node, name: str, call: Arguments | None) -> bool | None:
    args, kwargs = call or Arguments((), {})
    frame = _is_frame(node.args[0])
    axis = kwargs.get("axis")
    if name in _ARITHMETIC:
        other = args[0] if args else kwargs.get("other")
        if frame and _is_series(other):
            return True if axis in (0, "index") else None
        return None if not frame and _is_frame(other) else True
    if name in _REDUCING:
        return True if frame and axis in (1, "columns") else None
    if name == "fillna":
        return None if any(map(_is_series, (*args, *kwargs.values()))) else True
    if name == "isin" or name == "map":
        return True
    if name in _ELEMENTWISE:
        return None if {"method", "axis", "level"} & set(kwargs) else True
    match name:
        case "apply":
            function = args[0] if args else kwargs.get("func")
            by_row = (not frame and kwargs.get("by_row", "compat")) or axis in (1, "columns")
            return True if callable(function) and not isinstance(function, np.ufunc) and by_row else None
        case "rename":
            return True if frame and not args and set(kwargs) == {"columns"} else None
        case "drop":
            return True if frame and (set(kwargs) == {"columns"} or axis in (1, "columns")) else None
        case "set_axis":
            return True if frame and axis in (1, "columns") else None
        case "filter":
            return True if frame and axis in (None, 1, "columns") else None
        case "query" | "explode":
            return False
        case "dropna":
            return False if axis in (None, 0, "index") and not kwargs.get("ignore_index") and not args else None
    return None
