"""Values put in the place of others: of what is missing, where a mask says so, and beyond bounds."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import polars as pl

from mars_nb.planner.columnar.batches import with_gaps
from mars_nb.planner.columnar.dtypes import is_number, is_plain, is_text, polars_type
from mars_nb.planner.columnar.rules.arithmetic import BOOL, EXACT, compared, refuse_gaps, time_constant
from mars_nb.planner.columnar.rules.choosing import kept
from mars_nb.planner.columnar.translate import Step, rule
from mars_nb.planner.columnar.values import (
    Column,
    Frame,
    Labels,
    NotColumnar,
    Rows,
    Scalar,
    Series,
    Value,
    derived,
    literal,
)


def fitting(value: Any, dtype: Any) -> pl.Expr:
    """Give a constant that pandas puts into a column without changing its dtype.

    Raises
    ------
    NotColumnar
        If it does not fit.
    """
    value = literal(value)
    if dtype == BOOL and isinstance(value, bool):
        return pl.lit(value)
    if is_text(dtype) and isinstance(value, str):
        return pl.lit(value)
    if isinstance(value, pd.Timestamp | pd.Timedelta):
        return time_constant(value, dtype)
    if is_number(dtype) and type(value) in (int, float) and _holds(dtype, value):
        return pl.lit(value, polars_type(dtype))
    raise NotColumnar(f"{value!r} beside {dtype}")


def _holds(dtype: Any, value: Any) -> bool:
    if is_plain(dtype, "f"):
        return abs(value) <= EXACT if type(value) is int else float(dtype.type(value)) == value
    return type(value) is int and np.iinfo(dtype).min <= value <= np.iinfo(dtype).max


def is_missing(value: Any) -> bool:
    """Tell a constant that stands for what is missing."""
    return value is None or value is pd.NaT or (isinstance(value, float | np.floating) and bool(np.isnan(value)))


def put(column: Column, mask: Column, other: Any) -> Column:
    """Give a column with something else where a mask is true.

    Parameters
    ----------
    column
        Where it is not.
    mask
        Of the same rows.
    other
        A column, a constant, or what is missing.

    Raises
    ------
    NotColumnar
        If the dtype of the answer depends on values.
    """
    where = pl.when(mask.expr)
    if not isinstance(other, Column) and is_missing(other):
        if column.narrow is not None:
            raise NotColumnar("integers whose dtype depends on values")
        found = derived(where.then(None).otherwise(column.expr), column.dtype, column, mask)
        if not is_plain(column.dtype, "biu"):
            return found
        return replace(with_gaps(found), gapped=column.gapped)
    refuse_gaps(column)
    if not isinstance(other, Column):
        value = fitting(other, column.dtype)
        return derived(where.then(value).otherwise(column.expr), column.dtype, column, mask)
    value = _column(other, column.dtype)
    return derived(where.then(value).otherwise(column.expr), column.dtype, column, mask, other)


def _column(other: Column, dtype: Any) -> pl.Expr:
    """Give a column as one of another dtype, which holds all of its values."""
    refuse_gaps(other)
    short = is_number(other.dtype) and is_number(dtype) and np.can_cast(other.dtype, dtype)
    if other.dtype != dtype and not short:
        raise NotColumnar(f"{other.dtype} beside {dtype}")
    return other.as_(dtype)


@rule("where", "mask")
def where(step: Step) -> Value:
    """``series.where(mask, other)``, ``frame.mask(masks)``."""
    condition, other = step.arguments("cond", "other", inplace=False, axis=None, level=None)
    base: Rows = step.rows
    masks = step.value(condition)
    if type(masks) is not type(base):
        raise NotColumnar("a mask of another shape")
    value = step.value(other)
    if isinstance(value, Frame):
        raise NotColumnar("values of another frame")
    values = [value] if isinstance(value, Series) else []
    base, masks, *values = step.together(base, masks, *values)
    if isinstance(base, Frame) and (values or not base.names.is_unique or not base.names.equals(masks.names)):
        raise NotColumnar("a frame and others, which are aligned by label")
    put_in = values[0].column if values else step.attached(value) if isinstance(value, Scalar) else value

    def one(column: Column, mask: Column) -> Column:
        if mask.dtype != BOOL or mask.gaps:
            raise NotColumnar("a mask of other than booleans")
        if step.node.op.name == "where":
            mask = derived(~mask.expr, BOOL, mask)
        return put(column, mask, put_in)

    columns = [one(column, mask) for column, mask in zip(base.columns, masks.columns, strict=True)]
    return step.frame(base, columns) if isinstance(base, Frame) else step.series(base, columns[0])


def filled(column: Column, value: Any) -> Column:
    """Give a column with something in the place of what is missing.

    A column with gaps must know of those before (`Column.gapped`): its dtype stays what they made of it.

    Raises
    ------
    NotColumnar
        If the dtype of the answer depends on values.
    """
    if is_plain(column.dtype, "biu") and not column.gaps:
        return column
    if column.gaps:
        if isinstance(value, Column) or is_missing(value) or not column.gapped or column.narrow is not None:
            raise NotColumnar("integers or booleans with gaps after a join")
        found = derived(column.expr.fill_null(fitting(value, column.dtype)), column.dtype, column)
        return replace(found, gaps=True, gapped=column.gapped)
    if isinstance(value, Column):
        other = derived(_column(value, column.dtype), column.dtype, value)
        return derived(pl.coalesce(column.valid, other.valid), column.dtype, column, value, nan=False)
    if is_missing(value):
        return column
    return derived(column.valid.fill_null(fitting(value, column.dtype)), column.dtype, column, nan=False)


@rule("fillna")
def fillna(step: Step) -> Value:
    """``series.fillna(0)``, ``frame.fillna({"a": 0})``."""
    (argument,) = step.arguments("value", axis=None, inplace=False, limit=None)
    base, _ = step.translation.fixed(step.rows)
    value = step.value(argument)
    if isinstance(base, Series):
        if isinstance(value, Series):
            base, value = step.together(base, value)
            return step.series(base, filled(base.column, value.column))
        return step.series(base, filled(base.column, step.operand(argument, base) if _is_scalar(value) else value))
    if isinstance(value, dict):
        if not base.names.is_unique:
            raise NotColumnar("columns of the same name")
        each = [value.get(name) for name in base.names]
    else:
        each = [step.operand(argument, base) if _is_scalar(value) else value] * len(base.columns)
    if any(isinstance(one, Frame | Series | dict | list) for one in each):
        raise NotColumnar("values by label")
    columns = [column if one is None else filled(column, one) for column, one in zip(base.columns, each, strict=True)]
    return step.frame(base, columns)


def _is_scalar(value: Any) -> bool:
    return isinstance(value, Scalar)


@rule("clip")
def clip(step: Step) -> Value:
    """``series.clip(0, 1)``."""
    arguments = step.arguments("lower", "upper", axis=None, inplace=False)
    base = step.rows
    bounds = [step.value(argument) for argument in arguments]
    if isinstance(base, Series):
        base, *series = step.together(base, *(bound for bound in bounds if isinstance(bound, Series)))
        together = iter(series)
        bounds = [next(together).column if isinstance(bound, Series) else bound for bound in bounds]
    bounds = [bound if isinstance(bound, Column) else None if is_missing(bound) else literal(bound) for bound in bounds]
    if not any(bound is None or isinstance(bound, Column) for bound in bounds):
        bounds.sort()

    def one(column: Column) -> Column:
        if not is_number(column.dtype):
            raise NotColumnar(f"clip of {column.dtype}")
        found = column
        for name, bound in zip(("lt", "gt"), bounds, strict=True):
            if bound is not None:
                found = put(found, compared(name, column, bound), bound)
        return found

    if isinstance(base, Frame):
        return step.frame(base, [one(column) for column in base.columns])
    return step.series(base, one(base.column))


@rule("isna", "isnull", "notna", "notnull", "pandas.isna", "pandas.isnull", "pandas.notna", "pandas.notnull")
def missing(step: Step) -> Value:
    """``series.isna()``, ``frame.notna()``."""
    name = step.node.op.name.removeprefix("pandas.")

    def one(column: Column) -> Column:
        test = column.valid.is_null() if name.startswith("is") else column.valid.is_not_null()
        return derived(test, BOOL, column)

    base = step.rows
    if isinstance(base, Frame):
        return step.frame(base, [one(column) for column in base.columns])
    return step.series(base, one(base.column))


@rule("dropna")
def dropna(step: Step) -> Value:
    """``frame.dropna(subset=["a"])``, ``series.dropna()``."""
    base = step.rows
    names = ["how", "subset"] if isinstance(base, Frame) else []
    *chosen, anew = step.keywords(*names, "ignore_index", ignore_index=False, axis=0, inplace=False)
    columns = list(base.columns)
    if isinstance(base, Frame):
        how, subset = chosen
        if how not in (None, "any", "all"):
            raise NotColumnar("arguments")
        if subset is not None:
            columns = [base.column(name) for name in (subset if isinstance(subset, list | tuple) else [subset])]
    if any(column.foreign for column in columns) or not columns:
        raise NotColumnar("columns that Polars has no type for")
    tests = [column.valid.is_not_null() for column in columns]
    test = pl.any_horizontal(tests) if chosen and chosen[0] == "all" else pl.all_horizontal(tests)
    found = kept(step, base, derived(test, BOOL, *columns))
    return replace(found, labels=Labels()) if anew else found
