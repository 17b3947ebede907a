"""Columns chosen, assigned, dropped and renamed; rows chosen by a mask."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from mars_nb.planner.columnar.translate import Step, rule
from mars_nb.planner.columnar.values import Column, Frame, NotColumnar, Rows, Series, Value

_ALL = slice(None)


@rule("getitem")
def getitem(step: Step) -> Value:
    """``df["a"]``, ``df[["a", "b"]]`` and ``df[mask]``."""
    base = step.base
    if len(step.node.args) != 2 or not isinstance(base, Frame | Series):
        raise NotColumnar("arguments")
    return _chosen(step, base, step.value(step.node.args[1]))


@rule("loc.__getitem__")
def loc(step: Step) -> Value:
    """``df.loc[mask]``, ``df.loc[mask, columns]`` and ``df.loc[:, columns]``."""
    base = step.rows
    (key,) = step.arguments("key")
    rows, columns = key if isinstance(key, tuple) and len(key) == 2 else (key, _ALL)
    if isinstance(key, tuple) and not isinstance(base, Frame):
        raise NotColumnar("arguments")
    rows = step.value(rows)
    if isinstance(rows, Series):
        base = masked(step, base, rows)
    elif not (isinstance(rows, slice) and rows == _ALL):
        raise NotColumnar("rows by label")
    if isinstance(columns, slice) and columns == _ALL:
        return base
    return _columns(base, columns) if isinstance(base, Frame) else base


def _chosen(step: Step, base: Rows, key: Any) -> Value:
    if isinstance(key, Series):
        return masked(step, base, key)
    if isinstance(base, Series):
        raise NotColumnar("rows by label")
    return _columns(base, key)


def _columns(base: Frame, key: Any) -> Value:
    if isinstance(key, list):
        return base.select([_place(base, name) for name in key])
    return base.series(_place(base, key))


def _place(frame: Frame, name: Any) -> int:
    frame.column(name) if isinstance(name, str | int | np.integer) or name in frame.names else frame.column(None)
    return int(frame.names.get_loc(name))  # type: ignore[arg-type]


def masked(step: Step, base: Rows, mask: Series) -> Rows:
    """Give the rows for which a mask is true."""
    base, mask = step.together(base, mask)
    if mask.column.dtype != np.dtype(bool) or mask.column.gaps:
        raise NotColumnar("rows by label")
    return kept(step, base, mask.column)


def kept(step: Step, base: Rows, column: Column) -> Rows:
    """Give the rows for which a column of them is true."""
    base = step.translation.labelled(base)
    base, (column,) = step.translation.fixed(base, column)
    return replace(base, relation=step.translation.filtered(base.relation, column))


@rule("setitem")
def setitem(step: Step) -> Value:
    """``df["a"] = series`` or a constant, in the copy that is recorded for it."""
    _, name, value = step.node.args
    return assigned(step, step.rows, {name: value})


@rule("copy")
def copy(step: Step) -> Value:
    """``df.copy()``."""
    step.arguments("deep")
    return step.rows


def assigned(step: Step, base: Rows, values: dict[Any, Any]) -> Frame:
    """Give a frame with columns of the same rows put in the place of others, or added."""
    if not isinstance(base, Frame):
        raise NotColumnar("rows by label")
    frame: Frame = base
    for name, argument in values.items():
        value = step.value(argument)
        if isinstance(value, Series):
            both: list[Any] = step.together(frame, value)
            frame, column = both[0], both[1].column
        else:
            found = step.operand(argument, frame)
            column = found if isinstance(found, Column) else _constant(step, name, found)
        if name in frame.names:
            place = _place(frame, name)
            columns = (*frame.columns[:place], column, *frame.columns[place + 1 :])
            frame = replace(frame, columns=columns)
        else:
            frame = replace(
                frame, names=frame.names.append(type(frame.names)([name])), columns=(*frame.columns, column)
            )
    if not frame.names.equals(step.sample.columns):
        raise NotColumnar("other columns than the sample's")
    return replace(frame, names=step.sample.columns)


def _constant(step: Step, name: Any, value: Any) -> Column:
    import polars as pl

    from mars_nb.planner.columnar.dtypes import polars_type

    dtype = step.sample[name].dtype
    kind = polars_type(dtype)
    if kind is None or not isinstance(value, bool | int | float | str):
        raise NotColumnar(f"a constant of dtype {dtype}")
    return Column(pl.lit(value, kind), dtype)


@rule("assign")
def assign(step: Step) -> Value:
    """``df.assign(a=series)``."""
    call = step.calls[-1]
    if call is None or call.args:
        raise NotColumnar("arguments")
    return assigned(step, step.rows, call.kwargs)


@rule("drop")
def drop(step: Step) -> Value:
    """``df.drop(columns=...)``."""
    labels, axis, columns = step.arguments("labels", "axis", "columns", index=None, level=None, inplace=False)
    base = step.base
    if not isinstance(base, Frame) or (columns is None) == (axis not in (1, "columns")):
        raise NotColumnar("rows by label")
    dropped = labels if columns is None else columns
    places = {_place(base, name) for name in (dropped if isinstance(dropped, list) else [dropped])}
    return base.select([i for i in range(len(base.columns)) if i not in places])


@rule("rename")
def rename(step: Step) -> Value:
    """``df.rename(columns={...})`` and ``series.rename(name)``."""
    base = step.rows
    call = step.calls[-1]
    if isinstance(base, Frame) and call is not None and not call.args and set(call.kwargs) == {"columns"}:
        return replace(base, names=step.sample.columns)
    if isinstance(base, Series) and call is not None and len(call.args) == 1 and isinstance(call.args[0], str):
        return replace(base, name=step.sample.name)
    raise NotColumnar("labels of rows")
