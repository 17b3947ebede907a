"""Columns put into a frame, and the arrays of numpy that stand beside its rows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import polars as pl

from mars_nb.graph.node import Node
from mars_nb.planner.columnar.dtypes import is_number, is_text, polars_type
from mars_nb.planner.columnar.relations import Widened
from mars_nb.planner.columnar.rules.arithmetic import BOOL, refuse_gaps, time_constant
from mars_nb.planner.columnar.rules.choosing import is_all
from mars_nb.planner.columnar.rules.filling import is_missing, put
from mars_nb.planner.columnar.translate import Step, plain, rule
from mars_nb.planner.columnar.values import Array, Column, Frame, NotColumnar, Scalar, Series, Value, derived, literal

_TEXT = pd.StringDtype(na_value=np.nan)


@rule("setitem")
def setitem(step: Step) -> Value:
    """``df["a"] = series`` or a constant, in the copy that is recorded for it; ``df.loc[mask, "a"] = 0``."""
    base = step.base
    if not isinstance(base, Frame):
        raise NotColumnar("values put into a series")
    if len(step.node.args) == 3:
        _, name, value = step.node.args
        if isinstance(name, Node):
            raise NotColumnar("values put by a mask")
        if isinstance(name, list | pd.Index):
            return _several(step, base, list(name), value)
        return assigned(step, base, {name: value})
    _, names, _, key, value = step.node.args
    if names != ("loc",) or not isinstance(key, tuple) or len(key) != 2:
        raise NotColumnar("values put by position or label")
    rows, name = step.value(key[0]), key[1]
    if is_all(rows) and not isinstance(name, list | slice) and name not in base.names:
        return assigned(step, base, {name: value})
    if not isinstance(rows, Series) or isinstance(rows, Array) or rows.column.dtype != BOOL or rows.column.gaps:
        raise NotColumnar("values put by label")
    return _put(step, base, rows, name if isinstance(name, list) else [name], value)


def _several(step: Step, base: Frame, names: list[Any], argument: Any) -> Frame:
    """Assign columns of another frame, one after the other, or a constant to each."""
    value = step.value(argument)
    if not isinstance(value, Frame):
        literal(value)
        return assigned(step, base, dict.fromkeys(names, value))
    if len(value.columns) != len(names):
        raise NotColumnar("another number of columns")
    columns = [value.series(place) for place in range(len(names))]
    return assigned(step, base, dict(zip(names, columns, strict=True)))


def _put(step: Step, base: Frame, mask: Series, names: list[Any], argument: Any) -> Frame:
    """Put a constant, or values of the same rows, where a mask is true."""
    value = step.value(argument)
    base, mask, *values = step.together(base, mask, *([value] if isinstance(value, Series) else []))
    if isinstance(value, Frame):
        raise NotColumnar("values of another frame")
    other = values[0].column if values else step.attached(value) if isinstance(value, Scalar) else value
    columns = list(base.columns)
    for name in names:
        place = base.place(name)
        if columns[place].foreign or (not isinstance(other, Column) and is_missing(other)):
            raise NotColumnar("values whose dtype may become another")
        columns[place] = put(columns[place], mask.column, other)
    return step.frame(base, columns)


@rule("assign", "insert")
def assign(step: Step) -> Value:
    """``df.assign(a=series)``, ``df.insert(0, "a", series)``."""
    base = step.base
    if not isinstance(base, Frame):
        raise NotColumnar("arguments")
    if step.node.op.name == "insert":
        _, _, place, name, value = step.node.args
        if type(place) is not int or name in base.names:
            raise NotColumnar("arguments")
        found = _with(step, base, {name: value})
        order = list(range(len(base.columns)))
        order.insert(place, len(order))
        return _as_sample(step, found.select(order))
    call = step.calls[-1]
    if call is None or call.args:
        raise NotColumnar("arguments")
    return assigned(step, base, call.kwargs)


def assigned(step: Step, base: Frame, values: dict[Any, Any]) -> Frame:
    """Give a frame with columns of the same rows put in the place of others, or added."""
    return _as_sample(step, _with(step, base, values))


def _as_sample(step: Step, frame: Frame) -> Frame:
    if not frame.names.equals(step.sample.columns):
        raise NotColumnar("other columns than the sample's")
    return replace(frame, names=step.sample.columns)


def _with(step: Step, base: Frame, values: dict[Any, Any]) -> Frame:
    frame = base
    for name, argument in values.items():
        value = step.value(argument)
        if isinstance(value, Series):
            both: list[Any] = step.together(frame, value)
            frame, column = both[0], both[1].column
        elif isinstance(value, Scalar):
            column = step.attached(value)
        else:
            frame, column = _filled(step, frame, _constant(step, name, value))
        if name in frame.names:
            place = frame.place(name)
            frame = replace(frame, columns=(*frame.columns[:place], column, *frame.columns[place + 1 :]))
        else:
            frame = replace(frame, names=_longer(frame.names, name), columns=(*frame.columns, column))
    return frame


def _filled(step: Step, frame: Frame, constant: Column) -> tuple[Frame, Column]:
    """Give a constant as a column as long as the frame: by itself it is one value, also where values are counted."""
    name = step.translation.name()
    relation = step.translation.widened(frame.relation, lambda rows: Widened(rows, {name: constant}))
    return replace(frame, relation=relation), plain(constant, name)


def _longer(names: pd.Index[Any], name: Any) -> pd.Index[Any]:
    if isinstance(names, pd.MultiIndex):
        raise NotColumnar("columns of several levels")
    return names.insert(len(names), name)


def _constant(step: Step, name: Any, value: Any) -> Column:
    """Give a constant as a column of the dtype that pandas makes of it."""
    dtype = step.sample[name].dtype
    kind = polars_type(dtype)
    if kind is None:
        raise NotColumnar(f"a constant of dtype {dtype}")
    if is_missing(value):
        return Column(pl.lit(None, kind), dtype)
    value = literal(value)
    if isinstance(value, pd.Timestamp | pd.Timedelta):
        return Column(time_constant(value, dtype), dtype)
    return Column(pl.lit(value, kind), dtype)


# --- arrays -----------------------------------------------------------------------------------------------------


@rule("numpy.where")
def where(step: Step) -> Value:
    """``numpy.where(mask, series, 0)``, of numbers, texts or booleans."""
    if len(step.node.args) != 3 or step.node.kwargs:
        raise NotColumnar("arguments")
    mask, *others = map(step.value, step.node.args)
    return _picked(step, [mask], others[:1], others[1])


@rule("numpy.select")
def select(step: Step) -> Value:
    """``numpy.select([mask, other_mask], [1, 2], 0)``."""
    masks, values, *rest = step.node.args
    default = rest[0] if rest else step.node.kwargs.get("default", 0)
    if not (isinstance(masks, list) and isinstance(values, list) and len(masks) == len(values) and masks):
        raise NotColumnar("arguments")
    return _picked(step, list(map(step.value, masks)), list(map(step.value, values)), step.value(default))


@dataclass
class _Choice:
    """A column, or a constant, that may stand beside rows."""

    value: Any

    @property
    def is_text(self) -> bool:
        return is_text(self.value.dtype) if isinstance(self.value, Column) else isinstance(self.value, str)

    def as_(self, dtype: Any) -> pl.Expr:
        """Give it as an expression of a dtype."""
        value = self.value
        if isinstance(value, Column):
            refuse_gaps(value)
            if value.dtype != dtype and not (is_number(dtype) and (is_number(value.dtype) or value.dtype == BOOL)):
                raise NotColumnar(f"{value.dtype} as {dtype}")
            return value.as_(dtype)
        if is_missing(value) and isinstance(value, float):
            return pl.lit(None, polars_type(dtype))
        value = literal(value)
        fits = isinstance(value, str) if is_text(dtype) else type(value) is bool if dtype == BOOL else True
        if not fits or (is_number(dtype) and type(value) not in (int, float, bool)):
            raise NotColumnar(f"{value!r} as {dtype}")
        if is_number(dtype) and dtype.kind in "iu" and not np.iinfo(dtype).min <= value <= np.iinfo(dtype).max:
            raise NotColumnar(f"{value!r} as {dtype}")
        return pl.lit(value, polars_type(dtype))


def _picked(step: Step, masks: list[Any], values: list[Any], default: Any) -> Array:
    """Give an array of what stands where the first of some masks is true."""
    rows = [value for value in (*masks, *values, default) if isinstance(value, Series)]
    if not all(isinstance(mask, Series) and mask.column.dtype == BOOL and not mask.column.gaps for mask in masks):
        raise NotColumnar("masks of other than booleans")
    together = iter(step.together(*rows))
    columns = [
        next(together) if isinstance(value, Series) else step.attached(value) if isinstance(value, Scalar) else value
        for value in (*masks, *values, default)
    ]
    relation = next(value.relation for value in columns if isinstance(value, Series))
    parts = [value.column if isinstance(value, Series) else value for value in columns]
    tests, choices = parts[: len(masks)], [_Choice(part) for part in parts[len(masks) :]]
    dtype = _TEXT if all(choice.is_text for choice in choices) else step.dtype
    expr = choices[-1].as_(dtype)
    for test, choice in zip(reversed(tests), reversed(choices[:-1]), strict=True):
        expr = pl.when(test.expr).then(choice.as_(dtype)).otherwise(expr)
    return Array(relation, None, derived(expr, dtype, *(part for part in parts if isinstance(part, Column))))


@rule("case_when")
def case_when(step: Step) -> Value:
    """``series.case_when([(mask, value)])``, of values that fit into the series."""
    (cases,) = step.arguments("caselist")
    base: Any = step.base
    if not isinstance(base, Series) or not isinstance(cases, list) or step.dtype != base.column.dtype:
        raise NotColumnar("arguments")
    for condition, replacement in reversed(cases):
        mask, value = step.value(condition), step.value(replacement)
        if not isinstance(mask, Series) or mask.column.dtype != BOOL or mask.column.gaps or is_missing(value):
            raise NotColumnar("masks of other than booleans")
        base, mask, *values = step.together(base, mask, *([value] if isinstance(value, Series) else []))
        put_in = values[0].column if values else value
        base = step.series(base, put(base.column, mask.column, put_in))
    return step.series(base, base.column)
