"""How many rows a result has, where the operation alone tells.

A sample cannot tell: a filter that keeps the five rows of the sample may drop any other row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from mars_nb.graph.meta import PandasMeta
from mars_nb.graph.node import Arguments, Function, Node, Operation, Path

_OPERATORS = frozenset("add sub mul truediv floordiv mod pow and or xor eq ne lt le gt ge neg pos abs invert".split())
#: Operators, which change nothing.
READING = _OPERATORS | {"getitem"}
_CHANGES = frozenset({"setitem", "insert", "set_columns", "set_name", "update"})
# Methods whose answer has the same index as the object, where the sample shows it.
_KEEPING = frozenset(
    (
        "abs astype between clip copy isin isna isnull map mask notna notnull replace round where fillna ffill "
        "bfill assign "
        "shift diff pct_change cumsum cumprod cummax cummin rank interpolate add_prefix add_suffix to_frame "
        "select_dtypes apply "
        "transform duplicated drop rename filter sum mean min max std var prod any all count nunique median "
        "infer_objects "
        "convert_dtypes eval add radd sub rsub mul rmul div rdiv truediv rtruediv floordiv rfloordiv mod rmod pow rpow "
        "eq ne lt le gt ge tz_localize tz_convert values index pop isetitem"
    ).split()
)
# Methods that give as many rows under another index.
_AS_MANY = frozenset("reset_index set_index sort_values sort_index rename rename_axis set_axis".split())
_WINDOWS = frozenset({"str", "dt", "cat", "rolling", "expanding", "ewm"})


def rows_of(op: Operation, args: Sequence[Any], value: Any, stand_ins: Mapping[Node, Any]) -> int | None:
    """Tell the number of rows of a result.

    Parameters
    ----------
    op, args
        The operation and its arguments.
    value
        What it gave for the stand-ins.
    stand_ins
        What stood for each frame among the arguments.

    Returns
    -------
    int or None
        None if it depends on the data.
    """
    first = next((arg for arg in args if isinstance(arg, Node) and arg in stand_ins), None)
    if first is None or not isinstance(first.meta, PandasMeta) or first.meta.rows is None:
        return None
    name = op.names[0] if isinstance(op, Path) else op.name
    if isinstance(op, Path) and op.names == (name,) and name in _AS_MANY and len(stand_ins) == 1:
        return first.meta.rows if not _drops_rows(args[-1]) else None
    if not _keeps(op, name, args):
        return None
    index = _index(value)
    for node, stand_in in stand_ins.items():
        if name in ("isin", "map") and node is not first:
            continue
        assert isinstance(node.meta, PandasMeta)
        if node.meta.rows != first.meta.rows or not index.is_(_index(stand_in)) or not len(index):
            return None
    return first.meta.rows


def rows_taken(op: Operation, args: Sequence[Any]) -> slice | None:
    """Give the slice by which an operation takes rows, None where it does not take them by position."""
    taken: Any = None
    if op.name == "getitem" and isinstance(args[0], Node) and isinstance(args[0].meta, PandasMeta):
        # Other labels may be meant by numbers.
        taken = args[1] if _index(args[0].meta.sample).dtype.kind in "iuMm" else None
    elif isinstance(op, Path) and op.names == ("iloc", "__getitem__"):
        key = args[-1].args[0]
        taken = key[0] if isinstance(key, tuple) and key else key
    elif isinstance(op, Path) and op.names in (("head",), ("tail",)):
        count = args[-1].args[0] if args[-1].args else args[-1].kwargs.get("n", 5)
        if type(count) is int:
            at_head = op.names == ("head",)
            taken = slice(count) if at_head else slice(-count if count else None, None if count else 0)
    parts = (taken.start, taken.stop, taken.step) if isinstance(taken, slice) else (taken,)
    is_plain = isinstance(taken, slice) and all(part is None or type(part) is int for part in parts)
    return taken if is_plain else None


def rows_stood_in(base: PandasMeta, taken: slice) -> Any:
    """Give stand-ins for rows taken by position: with their labels where these are a range.

    Parameters
    ----------
    base
        Of a frame of known length that has a sample.
    taken
        Of its rows.
    """
    assert base.rows is not None
    positions = range(base.rows)[taken]
    count = min(len(positions), len(base.sample))
    index = _index(base.sample)
    if not isinstance(index, pd.RangeIndex):
        return base.sample[:count]
    start, step = index.start + positions.start * index.step, positions.step * index.step
    labels = pd.RangeIndex(start, start + count * step, step, name=index.name)
    return labels if isinstance(base.sample, pd.Index) else base.sample[:count].set_axis(labels, axis=0)


def _index(value: Any) -> pd.Index[Any]:
    return value if isinstance(value, pd.Index) else value.index


def _drops_rows(call: Any) -> bool:
    return isinstance(call, Arguments) and bool(call.kwargs.get("level") is not None)


def _keeps(op: Operation, name: str, args: Sequence[Any]) -> bool:
    if isinstance(op, Path):
        if name in _WINDOWS:
            return len(op.names) > 1
        return op.names == (name,) and name in _KEEPING and not (name == "drop" and not _of_columns(args[-1]))
    if name == "getitem":
        return (
            not isinstance(args[1], Node | slice | np.ndarray | pd.Series | pd.Index)
            and not callable(args[1])
            and (not _is_mask(args[1]))
        )
    return isinstance(op, Function) and (name in _OPERATORS or name in _CHANGES or isinstance(op.target, np.ufunc))


def _of_columns(call: Arguments) -> bool:
    return ("columns" in call.kwargs and "index" not in call.kwargs) or call.kwargs.get("axis") in (1, "columns")


def _is_mask(key: Any) -> bool:
    return isinstance(key, list) and bool(key) and all(isinstance(item, bool | np.bool) for item in key)
