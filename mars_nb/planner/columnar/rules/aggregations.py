"""Aggregations: of a column of all rows, and in groups."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from mars_nb.planner.columnar.dtypes import is_number, is_plain, is_text, polars_type
from mars_nb.planner.columnar.translate import Step, rule
from mars_nb.planner.columnar.values import Column, NotColumnar, Series, Value

_INT = np.dtype("int64")
_FLOAT = np.dtype("float64")
#: Aggregations whose answer depends on the order of rows.
BY_ORDER = frozenset({"first", "last"})


def aggregated(column: Column, name: str) -> Column:
    """Give an aggregation of a column, as pandas has it: what is missing is left out.

    Parameters
    ----------
    column
        What is aggregated.
    name
        Of pandas's method.

    Raises
    ------
    NotColumnar
        If it is not known, or means something else for this dtype.
    """
    dtype, values = column.dtype, column.valid
    is_bool = is_plain(dtype, "b")
    if name in ("count", "size"):
        return _result(pl.len() if name == "size" else values.count(), _INT, column)
    if column.gaps:
        raise NotColumnar("integers or booleans with gaps after a join")
    if name == "nunique":
        return _result(values.drop_nulls().n_unique(), _INT, column)
    if name in ("min", "max", "first", "last"):
        if is_bool or (name in BY_ORDER and is_plain(dtype, "m")):
            raise NotColumnar(f"{name} of {dtype}")
        found = getattr(values, name)() if name in ("min", "max") else getattr(values.drop_nulls(), name)()
        return _result(found, dtype, column)
    if not (is_number(dtype) or is_bool):
        raise NotColumnar(f"{name} of {dtype}")
    if name == "sum":
        result = _FLOAT if dtype == _FLOAT else dtype if is_plain(dtype, "f") else _sum_dtype(dtype)
        return _result(values.cast(polars_type(result)).sum(), result, column)
    if is_plain(dtype, "f") and dtype != _FLOAT:
        raise NotColumnar(f"{name} of {dtype}")
    values = values.cast(pl.Float64)
    if name in ("mean", "median"):
        return _result(getattr(values, name)(), _FLOAT, column)
    if name in ("std", "var"):
        return _result(getattr(values, name)(ddof=1), _FLOAT, column)
    raise NotColumnar(f"{name} of a column")


def _sum_dtype(dtype: Any) -> Any:
    return np.dtype("uint64") if is_plain(dtype, "u") else _INT


def _result(expr: pl.Expr, dtype: Any, column: Column) -> Column:
    found = expr.cast(polars_type(dtype)) if dtype != column.dtype else expr
    return Column(found, dtype, nan=is_plain(dtype, "f"), attached=column.attached, running=column.running)


@rule("sum", "mean", "min", "max", "count", "nunique", "std", "var", "median")
def reduction(step: Step) -> Value:
    """``series.sum()``."""
    base = step.base
    step.arguments()
    if not isinstance(base, Series):
        raise NotColumnar("a reduction of a frame")
    found = aggregated(base.column, step.node.op.name)
    if found.dtype != step.dtype or is_text(found.dtype):
        raise NotColumnar(f"dtype {step.dtype}")
    base, _ = step.translation.fixed(base)
    return step.translation.reduced(base.relation, found)
