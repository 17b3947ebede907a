"""Which operations treat each row by itself."""

from __future__ import annotations

import ast
from typing import Any

import numpy as np
import pandas as pd

from mars_nb.graph.node import Arguments, Function, Node, Path
from mars_nb.planner.walks import is_frame, is_series, sample_of

OPERATORS = frozenset("add sub mul truediv floordiv mod pow and or xor eq ne lt le gt ge neg pos abs invert".split())
#: Each row may look up any row of what is given.
LOOKUPS = frozenset({"isin", "map"})
_ARITHMETIC = frozenset(
    prefix + name for name in "add sub mul div truediv floordiv mod pow".split() for prefix in ("", "r")
) | {"eq", "ne", "lt", "le", "gt", "ge", "divide", "multiply", "subtract"}
_ELEMENTWISE = frozenset(
    "abs between copy isna isnull notna notnull round where mask replace fillna clip astype to_frame assign "
    "add_prefix add_suffix select_dtypes to_numpy values".split()
)
# A dictionary of values to look up, or a list of values to look for, means the same for each chunk.
_TABLES = frozenset({"replace", "astype", "fillna", "round", "select_dtypes", "isin", "map"})
_REDUCING = frozenset("sum mean min max count std var prod any all nunique median sem skew kurt".split())
# Of the accessors these look at more than the row, or give as many columns as the rows have need of.
_NOT_ROWWISE = frozenset("cat get_dummies extractall freq inferred_freq partition rpartition".split())


def keeps_rows(node: Node) -> bool | None:
    """Tell whether the operation keeps all rows.

    Returns
    -------
    bool or None
        False if it leaves rows out or repeats them, None if it does not treat each row by itself.
    """
    if isinstance(node.op, Function):
        return _function(node, node.op)
    if not isinstance(node.op, Path):
        return None
    names, call = node.op.names, node.args[-1]
    if len(names) == 1:
        return _method(node, names[0], call or Arguments((), {}))
    if names[0] in ("str", "dt") and len(names) == 2 and names[1] not in _NOT_ROWWISE:
        given = call or Arguments((), {})
        return None if given.kwargs.get("expand") or _has_rows((*given.args, *given.kwargs.values())) else True
    if names == ("loc", "__getitem__"):
        return _loc(node, call.args[0])
    return None


def _has_rows(values: Any) -> bool:
    """Tell whether among the arguments is something with rows of its own that are not cut as the frame is."""
    return any(
        isinstance(
            value,
            list | tuple | range | np.ndarray | pd.DataFrame | pd.Series | pd.Index | pd.api.extensions.ExtensionArray,
        )
        for value in values
    )


def _function(node: Node, op: Function) -> bool | None:
    if op.name == "getitem":
        return _key(node, node.args[1])
    if op.name in ("pandas.to_datetime", "pandas.cut"):
        return True if _converts_by_row(node, op.name) else None
    if op.name == "setitem":
        return _assignment(node)
    if op.name in ("set_columns", "set_name"):
        return True if is_frame(node.args[0]) or is_series(node.args[0]) else None
    elementwise = op.name in OPERATORS or (isinstance(op.target, np.ufunc) and op.target.nout == 1)
    return True if elementwise and not _has_rows((*node.args, *node.kwargs.values())) else None


def _converts_by_row(node: Node, name: str) -> bool:
    """Tell ``to_datetime(texts, format=...)`` and ``cut(numbers, bins)``, in which no row decides about another."""
    series, given = sample_of(node.args[0]) if node.args else None, node.kwargs
    if not isinstance(series, pd.Series):
        return False
    if name == "pandas.to_datetime":
        style = given.get("format")
        # With zones or fractions of seconds, all rows decide about the type.
        plain = isinstance(style, str) and "%" in style and not any(part in style for part in ("%z", "%Z", "%f"))
        known = len(node.args) == 1 and not set(given) - {"format", "errors"}
        return known and plain and isinstance(series.dtype, pd.StringDtype)
    bins = node.args[1] if len(node.args) > 1 else given.get("bins")
    known = len(node.args) <= 2 and not set(given) - {"bins", "right", "labels", "include_lowest", "precision"}
    kind = series.dtype.kind if isinstance(series.dtype, np.dtype) else "O"
    # Where pandas makes labels of the bins, floats without a value have other labels than those with one.
    numbers = kind in "iu" or (kind == "f" and given.get("labels") is not None)
    return known and numbers and isinstance(bins, list | tuple | np.ndarray)


def _assignment(node: Node) -> bool | None:
    """Tell ``df["x"] = value`` and ``df.loc[mask, "x"] = value``."""
    if not is_frame(node.args[0]):
        return None
    if len(node.args) == 3:
        _, key, value = node.args
        return True if isinstance(key, str | int) and _assignable(value) else None
    _, names, calls, key, value = node.args
    if names != ("loc",) or calls != (None,) or not isinstance(key, tuple) or len(key) != 2:
        return None
    rows, columns = key
    known = columns in node.args[0].meta.sample.columns if isinstance(columns, str | int) else False
    masked = is_series(rows) and sample_of(rows).dtype == bool
    return True if masked and known and _assignable(value) else None


def _assignable(value: Any) -> bool:
    if isinstance(value, Node):
        return not is_frame(value)
    return bool(pd.api.types.is_scalar(value))


def _loc(node: Node, key: Any) -> bool | None:
    rows, columns = key if isinstance(key, tuple) and len(key) == 2 else (key, slice(None))
    if isinstance(rows, Node) and isinstance(columns, slice) and columns == slice(None):
        return _key(node, rows)
    if not is_frame(node.args[0]) or (isinstance(columns, slice) and columns != slice(None)):
        return None
    if not isinstance(columns, slice) and not _column_key(columns):
        return None
    if isinstance(rows, slice):
        return True if rows == slice(None) else None
    return _key(node, rows) if isinstance(rows, Node) else None


def _key(node: Node, key: Any) -> bool | None:
    if isinstance(key, Node):
        return False if is_series(key) and sample_of(key).dtype == bool else None
    return True if is_frame(node.args[0]) and _column_key(key) else None


def _column_key(key: Any) -> bool:
    if isinstance(key, list):
        return not all(isinstance(item, bool) for item in key)
    return isinstance(key, str | int | tuple)


def _method(node: Node, name: str, call: Arguments) -> bool | None:
    args, kwargs = call
    frame, axis = is_frame(node.args[0]), kwargs.get("axis")
    given = (*args, *kwargs.values())
    if name in _ARITHMETIC:
        other = args[0] if args else kwargs.get("other")
        if _has_rows(given) or len(args) > 1 or "level" in kwargs:
            return None
        if frame and is_series(other):
            return True if axis in (0, "index") else None
        return None if not frame and is_frame(other) else True
    if name in _REDUCING:
        return True if frame and axis in (1, "columns") else None
    if name in LOOKUPS:
        return None if any(isinstance(value, pd.DataFrame) for value in given) or any(map(is_frame, given)) else True
    if name in _ELEMENTWISE:
        if {"method", "axis", "level", "inplace"} & set(kwargs) or (any(map(callable, given)) and name != "astype"):
            return None
        if name in ("fillna", "replace") and any(map(is_series, given)):
            return None if name == "replace" or not frame else True
        if name == "replace" and "regex" in kwargs and kwargs["regex"] is None:
            return None
        if name == "assign":
            return True if all(map(_assignable, kwargs.values())) else None
        return None if name not in _TABLES and _has_rows(given) else True
    return _other_method(node, name, call, frame, axis)


def _other_method(node: Node, name: str, call: Arguments, frame: bool, axis: Any) -> bool | None:
    args, kwargs = call
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
        case "set_index":
            key = args[0] if args else kwargs.get("keys")
            columns = key if isinstance(key, list) else [key]
            return (
                True if all(isinstance(c, str | int) for c in columns) and not kwargs.get("verify_integrity") else None
            )
        case "filter":
            return True if frame and axis in (None, 1, "columns") else None
        case "query" | "eval":
            expression = args[0] if args else kwargs.get("expr")
            if not _is_by_row(expression):
                return None
            return name == "eval"
        case "explode":
            labels = args[0] if args else kwargs.get("column")
            # What lies in lists has a dtype only all together.
            typed = frame and isinstance(labels, str) and sample_of(node.args[0]).dtypes.get(labels) != np.dtype(object)
            return False if typed and not kwargs.get("ignore_index") else None
        case "dropna":
            return False if axis in (None, 0, "index") and not kwargs.get("ignore_index") and not args else None
    return None


def _is_by_row(expression: Any) -> bool:
    """Tell an expression of operators only: a call such as ``x.mean()`` looks at all rows, ``x in y`` at all of y."""
    try:
        tree = ast.parse(expression.replace("@", ""))
    except (SyntaxError, AttributeError):
        return False
    for part in ast.walk(tree):
        if isinstance(part, ast.Call | ast.Attribute | ast.Subscript):
            return False
        looks_up = isinstance(part, ast.Compare) and any(isinstance(op, ast.In | ast.NotIn) for op in part.ops)
        if looks_up and not all(isinstance(item, ast.List | ast.Tuple) for item in part.comparators):  # type: ignore[attr-defined]
            return False
    return True
