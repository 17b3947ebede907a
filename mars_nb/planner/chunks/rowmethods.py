"""Which methods treat each row by itself."""

from __future__ import annotations

import ast
import re
from typing import Any

import numpy as np
import pandas as pd

from mars_nb.graph.node import Arguments, Node
from mars_nb.planner.walks import is_frame, is_index, is_series, sample_of

OPERATORS = frozenset("add sub mul truediv floordiv mod pow and or xor eq ne lt le gt ge neg pos abs invert".split())
#: Each row may look up any row of what is given.
LOOKUPS = frozenset({"isin", "map"})
#: Methods that are operators.
ARITHMETIC = frozenset(
    prefix + name for name in "add sub mul div truediv floordiv mod pow".split() for prefix in ("", "r")
) | {"eq", "ne", "lt", "le", "gt", "ge", "divide", "multiply", "subtract"}
_ELEMENTWISE = frozenset(
    "abs between copy isna isnull notna notnull round where mask replace fillna clip astype to_frame assign "
    "add_prefix add_suffix select_dtypes to_numpy values index rename_axis combine_first to_series".split()
)
# A dictionary of values to look up, or a list of values to look for, means the same for each chunk.
_TABLES = frozenset({"replace", "astype", "fillna", "round", "select_dtypes", "isin", "map", "rename_axis"})
_REDUCING = frozenset("sum mean min max count std var prod any all nunique median sem skew kurt".split())
_ACROSS = _REDUCING | frozenset("cumsum cumprod cummin cummax idxmin idxmax rank ffill bfill".split())
_RELABELLING = frozenset(
    "set_index set_axis tz_localize tz_convert rename add_prefix add_suffix droplevel swaplevel to_series".split()
)
_DATE_FIELDS = frozenset(
    "year month day hour minute second microsecond nanosecond dayofweek day_of_week weekday dayofyear day_of_year "
    "quarter days_in_month daysinmonth is_month_start is_month_end is_quarter_start is_quarter_end is_year_start "
    "is_year_end is_leap_year date time days seconds microseconds nanoseconds".split()
)
_DATE_METHODS = frozenset("normalize floor ceil round day_name month_name strftime total_seconds".split())
#: Methods of ``cat`` that look at the categories and not at the rows.
CATEGORY_METHODS = frozenset(
    "codes as_ordered as_unordered rename_categories set_categories add_categories remove_categories "
    "reorder_categories".split()
)


def has_rows(values: Any) -> bool:
    """Tell whether among the arguments is something with rows of its own that are not cut as the frame is."""
    return any(
        isinstance(
            value,
            list | tuple | range | np.ndarray | pd.DataFrame | pd.Series | pd.Index | pd.api.extensions.ExtensionArray,
        )
        for value in values
    )


def relabels(node: Node) -> bool:
    """Tell whether a method that keeps all rows gives them other labels."""
    name = node.op.name
    if name not in _RELABELLING:
        return False
    call, frame = node.args[-1] or Arguments((), {}), is_frame(node.args[0])
    if name in ("set_axis", "rename", "add_prefix", "add_suffix") and frame:
        return (
            call.kwargs.get("axis") not in (1, "columns")
            and name in ("set_axis", "rename")
            and not (name == "rename" and set(call.kwargs) == {"columns"})
        )
    return not (name == "rename" and _names_series(call))


def method(node: Node, name: str, call: Arguments) -> bool | None:
    """Tell whether a method keeps all rows, as `rowrules.keeps_rows` does."""
    args, kwargs = call
    frame, axis = is_frame(node.args[0]), kwargs.get("axis")
    given = (*args, *kwargs.values())
    if is_index(node.args[0]) and (name in _DATE_FIELDS or name in _DATE_METHODS):
        return None if has_rows(given) or isinstance(sample_of(node.args[0]), pd.MultiIndex) else True
    if name in ARITHMETIC:
        other = args[0] if args else kwargs.get("other")
        if has_rows(given) or len(args) > 1 or "level" in kwargs or any(isinstance(value, dict) for value in given):
            return None
        return None if not frame and is_frame(other) else True
    if name in _ACROSS and frame and axis in (1, "columns"):
        return True
    if name in _REDUCING:
        return None
    if name in LOOKUPS:
        return None if any(isinstance(value, pd.DataFrame) for value in given) or any(map(is_frame, given)) else True
    if name == "to_frame" and is_index(node.args[0]) and args:
        return None  # whether the labels stay
    if name in _ELEMENTWISE:
        return _elementwise(name, call, frame)
    return _other_method(node, name, call, frame, axis)


def _elementwise(name: str, call: Arguments, frame: bool) -> bool | None:
    args, kwargs = call
    given = (*args, *kwargs.values())
    if {"method", "axis", "level", "inplace", "limit", "index"} & set(kwargs) or (
        any(map(callable, given)) and name not in ("astype", "rename_axis")
    ):
        return None
    if name == "replace" and (any(map(is_series, given)) or ("regex" in kwargs and kwargs["regex"] is None)):
        return None
    if name == "assign":
        return True if all(map(assignable, kwargs.values())) else None
    if name in ("combine_first", "fillna") and any(map(is_frame, given)):
        return None
    return None if name not in _TABLES and has_rows(given) else True


def assignable(value: Any) -> bool:
    """Tell a value that a column can be set to, chunk by chunk."""
    if isinstance(value, Node):
        return not is_frame(value)
    return bool(pd.api.types.is_scalar(value))


def _other_method(node: Node, name: str, call: Arguments, frame: bool, axis: Any) -> bool | None:
    args, kwargs = call
    first = args[0] if args else None
    match name:
        case "apply":
            function = args[0] if args else kwargs.get("func")
            by_row = (not frame and kwargs.get("by_row", "compat")) or axis in (1, "columns")
            return True if callable(function) and not isinstance(function, np.ufunc) and by_row else None
        case "agg" | "aggregate":
            return True if frame and axis in (1, "columns") and first in _REDUCING else None
        case "rename":
            if not frame:
                return True if is_series(node.args[0]) and (_names_series(call) or _relabels_by_row(call)) else None
            if args and axis in (1, "columns"):
                return True
            return True if not set(kwargs) - {"columns", "index"} and _relabels_by_row(call) else None
        case "drop":
            return True if frame and (set(kwargs) == {"columns"} or axis in (1, "columns")) else None
        case "set_axis":
            return True if frame and axis in (1, "columns") else None
        case "reindex":
            return True if frame and set(kwargs) == {"columns"} and not args else None
        case "get" | "xs":
            known = frame and isinstance(first, str) and first in sample_of(node.args[0]).columns and len(args) == 1
            return True if known and (name == "get" or axis in (1, "columns")) else None
        case "transform":
            return True if first == "abs" and len(args) == 1 and not kwargs else None
        case "set_index":
            key = args[0] if args else kwargs.get("keys")
            columns = key if isinstance(key, list) else [key]
            plain = all(isinstance(c, str | int) or is_series(c) for c in columns)
            return True if plain and not kwargs.get("verify_integrity") else None
        case "tz_localize" | "tz_convert":
            return True if len(args) == 1 and isinstance(first, str) and not kwargs else None
        case "between_time" | "at_time":
            return False
        case "repeat":
            return False if isinstance(first, int) and not kwargs else None
        case "dot":
            return True if frame and is_series(first) else None
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


def _names_series(call: Arguments) -> bool:
    """Tell ``series.rename(name)``."""
    args, kwargs = call
    return len(args) == 1 and not kwargs and isinstance(args[0], str | int)


def _relabels_by_row(call: Arguments) -> bool:
    """Tell a ``rename`` of which each label has a new one, whatever the others are."""
    args, kwargs = call
    given = (*args, *(value for key, value in kwargs.items() if key in ("index", "columns")))
    known = len(args) <= 1 and not set(kwargs) - {"index", "columns"}
    return known and bool(given) and all(callable(value) or isinstance(value, dict) for value in given)


def _is_by_row(expression: Any) -> bool:
    """Tell an expression of operators only: a call such as ``x.mean()`` looks at all rows, ``x in y`` at all of y."""
    try:
        tree = ast.parse(re.sub("`[^`]*`", "quoted", expression).replace("@", ""))
    except (SyntaxError, TypeError):
        return False
    for part in ast.walk(tree):
        if isinstance(part, ast.Call | ast.Attribute | ast.Subscript):
            return False
        looks_up = isinstance(part, ast.Compare) and any(isinstance(op, ast.In | ast.NotIn) for op in part.ops)
        if looks_up and not all(isinstance(item, ast.List | ast.Tuple) for item in part.comparators):  # type: ignore[attr-defined]
            return False
    return True
