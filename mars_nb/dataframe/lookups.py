"""Rows looked up by label or position: that a sample lacks a row proves nothing about the whole."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from mars_nb.dataframe.changes import assigned_along
from mars_nb.dataframe.standins import LONGEST
from mars_nb.dataframe.trial import Trial, as_long
from mars_nb.graph.meta import PandasMeta
from mars_nb.graph.node import Arguments, Node, Operation, Path

#: Look rows up by label or position.
ROW_LOOKUPS = {"loc", "iloc", "at", "iat", "xs", "get_group", "take", "drop", "getitem", "nth", "truncate", "asof"}


def look_up(op: Operation, args: Any, kwargs: Any, error: BaseException) -> Trial | None:
    """Look up in stand-ins that bear the labels, or are as long as the positions, that are asked for.

    Raises
    ------
    LookupError
        If there is no such column, or the index is known and has no such label.
    """
    base = args[0].meta if args and isinstance(args[0], Node) else None
    if not isinstance(base, PandasMeta) or _names_columns_only(op, args, base):
        raise error
    if isinstance(op, Path) and op.names[-1] == "get_group":
        group = Path((*op.names[:-1], "head"))
        return Trial(group, (*args[:-1], Arguments((0,), {})), {}, lambda meta: meta.sample)
    positional = bool(isinstance(op, Path) and {"iloc", "iat", "take"} & set(op.names))
    index = base.sample if isinstance(base.sample, pd.Index) else base.sample.index
    stand_in = as_long(args, kwargs) if base.rows is not None else None
    if stand_in is not None:
        try:
            return Trial(op, args, kwargs, stand_in)
        except LookupError as again:
            if positional or isinstance(index, pd.RangeIndex):
                raise again from None
    if isinstance(index, pd.MultiIndex | pd.DatetimeIndex | pd.PeriodIndex):
        return None
    key = _row_key(op, args)
    if key is None or isinstance(key, Node):
        raise error
    keys = list(key) if isinstance(key, list | np.ndarray | pd.Index) else [key]
    try:
        return Trial(
            op, args, kwargs, lambda meta: _bearing(meta.sample, keys, positional) if meta is base else meta.sample
        )
    except Exception:
        return None


def look_up_assigned(op: Operation, args: Any, kwargs: Any, error: BaseException) -> Trial | None:
    """Tell what an assignment to rows that the sample lacks makes of a frame, such as ``df.iloc[1000, 0] = 1``.

    Returns
    -------
    Trial or None
        None if `error` has nothing to do with which rows there are.

    Raises
    ------
    LookupError
        If there is no such column, or it is known that there is no such row.
    """
    base = args[0].meta if args and isinstance(args[0], Node) else None
    if not isinstance(base, PandasMeta) or getattr(op, "target", None) is not assigned_along:
        return None
    if base.rows is not None and not isinstance(error, LookupError):
        return None
    stand_in = as_long(args, kwargs) if base.rows is not None else None
    try:
        if stand_in is not None:
            return Trial(op, args, kwargs, stand_in)
    except LookupError as again:
        if {"iloc", "iat"} & set(args[1]) or isinstance(getattr(base.sample, "index", None), pd.RangeIndex):
            raise again from None
    return _assigned_to_all(op, args, base)


def _assigned_to_all(op: Operation, args: Any, base: PandasMeta) -> Trial:
    """Assign to all rows of a stand-in that has as many as are named."""
    frame, names, calls, key, value = args
    names = tuple({"iat": "iloc", "at": "loc"}.get(name, name) for name in names)
    rows: Any = key
    everything: Any = slice(None)
    if isinstance(base.sample, pd.DataFrame):
        rows, columns = key if isinstance(key, tuple) else (key, slice(None))
        Trial(Path((*names, "__getitem__")), (frame, *calls, Arguments(((slice(0), columns),), {})), {}, _sample)
        everything = (slice(None), columns)
    count = len(rows) if isinstance(rows, list | np.ndarray | pd.Index) else 1
    try:
        changed = (frame, names, calls, everything, value)
        return Trial(op, changed, {}, lambda meta: _bearing(meta.sample, [0] * count, True))
    except (LookupError, ValueError):  # what is assigned does not tell how many rows there are
        return Trial(Path(("copy",)), (frame, Arguments((), {})), {}, _sample)


def _sample(meta: PandasMeta) -> Any:
    return meta.sample


def _bearing(sample: Any, keys: list[Any], positional: bool) -> Any:
    """Give rows of the sample with these labels, or as many as these positions need."""
    if not len(sample):
        return sample
    count = max(abs(int(key)) + 1 for key in keys) if positional else len(keys)
    rows = sample.iloc[np.zeros(min(count, LONGEST), int)]
    return rows if positional else rows.set_axis(pd.Index(keys), axis=0)


def _names_columns_only(op: Operation, args: Any, base: PandasMeta) -> bool:
    """Tell a lookup that can only be meant for columns."""
    if op.name == "getitem":
        return isinstance(base.sample, pd.DataFrame)
    if op.name == "drop" and isinstance(op, Path):
        call = args[1]
        return "columns" in call.kwargs or call.kwargs.get("axis") in (1, "columns")
    return False


def _row_key(op: Operation, args: Any) -> Any:
    if op.name == "getitem":
        return args[1]
    if isinstance(op, Path) and isinstance(args[-1], Arguments):
        call = args[-1]
        key = call.args[0] if call.args else call.kwargs.get("index", call.kwargs.get("key"))
        return key[0] if isinstance(key, tuple) and op.names[0] in ("loc", "iloc", "at", "iat") else key
    return None
