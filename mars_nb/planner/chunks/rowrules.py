"""Which operations treat each row by itself: functions, operators, selections and assignments."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from mars_nb.graph.meta import TensorMeta
from mars_nb.graph.node import Arguments, Function, Node, Path
from mars_nb.graph.structure import leaves
from mars_nb.planner.chunks.rowmethods import CATEGORY_METHODS, OPERATORS, assignable, has_rows, method
from mars_nb.planner.walks import dtypes_of, is_frame, is_series, sample_of

_TESTS = frozenset(f"pandas.{name}" for name in ("isna", "isnull", "notna", "notnull"))
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
        return method(node, names[0], call or Arguments((), {}))
    if names[0] == "cat" and len(names) == 2:
        return True if names[1] in CATEGORY_METHODS else None
    if names == ("str", "cat"):
        followed = call is not None and call.kwargs.get("join", "left") == "left"
        return True if followed and call.args and all(map(is_series, call.args)) else None
    if names[0] in ("str", "dt") and len(names) == 2 and names[1] not in _NOT_ROWWISE:
        given = call or Arguments((), {})
        if names[1] == "to_period" and given == Arguments((), {}):
            return None  # the frequency is told by all
        return None if given.kwargs.get("expand") or has_rows((*given.args, *given.kwargs.values())) else True
    if names == ("loc", "__getitem__"):
        return _loc(node, call.args[0])
    return None


def _function(node: Node, op: Function) -> bool | None:
    if op.name == "getitem":
        return _key(node, node.args[1])
    if op.name in ("pandas.to_datetime", "pandas.cut"):
        return True if _converts_by_row(node, op.name) else None
    if op.name == "setitem":
        return _assignment(node)
    if op.name == "insert":
        return True if is_frame(node.args[0]) and assignable(node.args[4]) else None
    if op.name in ("numpy.where", "numpy.select"):
        items = list(leaves((node.args, node.kwargs)))
        return (
            True
            if all(_is_column(item) if isinstance(item, Node) else not has_rows([item]) for item in items)
            else None
        )
    if op.name in _TESTS:
        return True if node.args and sample_of(node.args[0]) is not None else None
    if op.name == "pandas.to_numeric":
        return True if len(node.args) == 1 and is_series(node.args[0]) and not set(node.kwargs) - {"errors"} else None
    if op.name in ("pandas.DataFrame", "pandas.concat"):
        return True if _stands_beside(node) else None
    if op.name in ("set_columns", "set_name", "set_attrs"):
        return True if is_frame(node.args[0]) or is_series(node.args[0]) else None
    if op.name == "delitem":  # an item of a series is a row
        return True if is_frame(node.args[0]) else None
    elementwise = op.name in OPERATORS or (isinstance(op.target, np.ufunc) and op.target.nout == 1)
    return True if elementwise and not has_rows((*node.args, *node.kwargs.values())) else None


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


def _stands_beside(node: Node) -> bool:
    """Tell ``DataFrame({"a": series, ...})`` and ``concat([series, ...], axis=1)``."""
    if len(node.args) != 1:
        return False
    given = node.args[0]
    if node.op.name == "pandas.concat":
        beside = node.kwargs == {"axis": 1} and isinstance(given, list | tuple)
        return beside and all(is_series(part) or is_frame(part) for part in given)
    columns = list(given.values()) if isinstance(given, dict) and not node.kwargs else []
    plain = all(isinstance(value, str | int | float) for value in columns if not isinstance(value, Node))
    return plain and any(map(is_series, columns)) and all(map(is_series, (v for v in columns if isinstance(v, Node))))


def _assignment(node: Node) -> bool | None:
    """Tell ``df["x"] = value``, ``df[mask] = value`` and ``df.loc[mask, "x"] = value``."""
    if len(node.args) == 3:
        _, key, value = node.args
        return True if _sets_columns(node.args[0], key, value) or _sets_masked(key, value) else None
    owner, names, calls, key, value = node.args
    if calls != (None,) or not assignable(value):
        return None
    if is_series(owner) or not isinstance(key, tuple):
        return True if names == ("loc",) and _sets_masked(key, value) else None
    if len(key) != 2 or not is_frame(owner):
        return None
    rows, columns = key
    every = isinstance(rows, slice) and rows == slice(None)
    if names == ("iloc",):
        return True if every and type(columns) is int else None
    several = isinstance(columns, list) and not isinstance(value, Node)
    if names != ("loc",) or not (several or isinstance(columns, str | int)):
        return None
    if not all(label in owner.meta.sample.columns for label in (columns if isinstance(columns, list) else [columns])):
        return None
    return True if every or (_is_mask(rows) and _each_row(value)) else None


def _sets_columns(owner: Any, key: Any, value: Any) -> bool:
    if not is_frame(owner):
        return False
    if isinstance(key, list):
        return all(isinstance(label, str) for label in key) and (is_frame(value) or not isinstance(value, Node | list))
    return isinstance(key, str | int) and assignable(value)


def _sets_masked(key: Any, value: Any) -> bool:
    if is_frame(key):
        booleans = pd.api.types.is_bool_dtype
        return all(map(booleans, dtypes_of(sample_of(key)))) and not isinstance(value, Node) and assignable(value)
    return _is_mask(key) and _each_row(value)


def _each_row(value: Any) -> bool:
    """Tell a value of which each row that is set takes its own; an array would be as long as the rows that are set."""
    return assignable(value) and not (
        isinstance(value, Node) and isinstance(value.meta, TensorMeta) and value.meta.shape
    )


def _is_mask(rows: Any) -> bool:
    if isinstance(rows, Node) and isinstance(rows.meta, TensorMeta):
        return len(rows.meta.shape) == 1 and rows.meta.dtype == bool
    return is_series(rows) and sample_of(rows).dtype == bool


def _is_column(value: Node) -> bool:
    return is_series(value) or (isinstance(value.meta, TensorMeta) and len(value.meta.shape) <= 1)


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
        return False if _is_mask(key) else None
    return True if is_frame(node.args[0]) and _column_key(key) else None


def _column_key(key: Any) -> bool:
    if isinstance(key, list):
        return not all(isinstance(item, bool) for item in key)
    return isinstance(key, str | int | tuple)
