"""Aggregations of columns: of all rows here, in groups in `groups`. What is missing is left out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl
from pandas.api.types import is_numeric_dtype

from mars_nb.planner.columnar.dtypes import is_number, is_plain, may_lack
from mars_nb.planner.columnar.translate import Step
from mars_nb.planner.columnar.values import Column, Frame, Labels, NotColumnar

INT = np.dtype("int64")
FLOAT = np.dtype("float64")
BOOL = np.dtype(bool)
_SINGLE = np.dtype("float32")
#: Aggregations whose answer depends on the order of rows.
BY_ORDER = frozenset({"first", "last", "idxmax", "idxmin"})
#: Aggregations that give labels.
PLACES = ("idxmax", "idxmin")
_OWN: dict[str, tuple[str, ...]] = {
    "quantile": ("q",),
    "nunique": ("dropna",),
    "std": ("ddof",),
    "var": ("ddof",),
    "sem": ("ddof",),
}
_COUNTED = frozenset({"sum", "prod", "min", "max", "first", "last"})
#: Arguments that may be given if they have this value.
_USUAL: dict[str, Any] = {"skipna": True, "interpolation": "linear", "engine": None, "engine_kwargs": None}


@dataclass(frozen=True, slots=True)
class Aggregation:
    """What is asked for.

    Attributes
    ----------
    name
        Of pandas's method.
    q, ddof, dropna, min_count
        Its arguments, where it has them.
    """

    name: str
    q: float = 0.5
    ddof: int = 1
    dropna: bool = True
    min_count: int = 0

    @property
    def by_order(self) -> bool:
        """Whether the answer depends on the order of rows."""
        return self.name in BY_ORDER


def asked(step: Step, name: str, first: str) -> tuple[Aggregation, Any, bool]:
    """Read the arguments of the last call.

    Parameters
    ----------
    step
        The operation.
    name
        Of the aggregation.
    first
        Which argument may be given by position if the aggregation has none of its own.

    Returns
    -------
    tuple
        The aggregation, the axis, and whether it is of numbers only.
    """
    own = (*_OWN.get(name, ()), *(("min_count",) if name in _COUNTED else ()))
    usual = {"q": 0.5, "ddof": 1, "dropna": True, "min_count": 0, "numeric_only": False, "axis": 0}
    names = list(dict.fromkeys([*_OWN.get(name, ()), first, "axis", "numeric_only", *own]))
    found = dict(zip(names, step.arguments(*names, **{**_USUAL, **usual}), strict=True))
    aggregation = Aggregation(name, **{key: found[key] for key in own})
    if not (
        type(found.get("q", 0.5)) in (int, float)
        and 0 <= aggregation.q <= 1
        and all(type(found.get(key, 0)) is int for key in ("ddof", "min_count"))
        and all(type(found.get(key, True)) is bool for key in ("dropna", "numeric_only"))
    ):
        raise NotColumnar("arguments")
    return aggregation, found["axis"], found["numeric_only"]


def numeric(frame: Frame) -> Frame:
    """Give the columns of numbers and booleans."""
    found = frame.select([i for i, c in enumerate(frame.columns) if is_numeric_dtype(c.dtype)])
    return frame if len(found.columns) == len(frame.columns) else found


def aggregated(column: Column, how: Aggregation, labels: Labels, grouped: bool = False) -> Column:
    """Give an aggregation of a column.

    Parameters
    ----------
    column
        What is aggregated.
    how
        The aggregation.
    labels
        Of the rows, numbers among them where labels are asked for.
    grouped
        Whether it is in groups: some dtypes are others there.

    Raises
    ------
    NotColumnar
        If it is not known, or means something else for this dtype.
    """
    name, dtype, values = how.name, column.dtype, column.valid
    if column.foreign:
        raise NotColumnar(f"dtype {dtype}")
    if name in ("count", "size"):
        return _counted(pl.len() if name == "size" or not _lacks(column) else values.count(), column)
    if name == "nunique":
        return _counted((values.drop_nulls() if how.dropna and _lacks(column) else values).n_unique(), column)
    if column.gaps:
        raise NotColumnar("integers or booleans with gaps after a join")
    if name in PLACES:
        return _label(column, how, labels)
    if name in ("min", "max", "first", "last"):
        if how.min_count > 1:
            raise NotColumnar("argument min_count=")
        found = getattr(values, name)() if name in ("min", "max") else getattr(values, name)(ignore_nulls=True)
        return Column(found, dtype, attached=column.attached)
    if name in ("any", "all"):
        return Column(_truth(column, name), BOOL, attached=column.attached)
    if name in ("sum", "prod"):
        return _total(column, how, grouped)
    is_single = dtype == _SINGLE and not (grouped and name == "quantile")
    return _floats(_moment(column, how), _SINGLE if is_single else FLOAT, column)


def _lacks(column: Column) -> bool:
    return column.gaps or may_lack(column.dtype)


def _truth(column: Column, name: str) -> pl.Expr:
    dtype = column.dtype
    if not (is_number(dtype) or dtype == BOOL):
        raise NotColumnar(f"{name} of {dtype}")
    values = column.valid
    return getattr(values if dtype == BOOL else values != 0, name)(ignore_nulls=True)  # type: ignore[no-any-return]


def _total(column: Column, how: Aggregation, grouped: bool) -> Column:
    """Give a sum or product, which wraps around like numpy's."""
    dtype, name = column.dtype, how.name
    if is_plain(dtype, "m") and name == "sum" and how.min_count <= 0:
        return Column(column.valid.sum(), dtype, attached=column.attached)
    if not (is_number(dtype) or dtype == BOOL):
        raise NotColumnar(f"{name} of {dtype}")
    if is_plain(dtype, "f"):
        found = _wide(column).sum() if name == "sum" else column.valid.product()
        if how.min_count > 0:
            found = pl.when(column.valid.count() >= how.min_count).then(found)
        return _floats(found, dtype, column)
    if how.min_count > 0:
        raise NotColumnar("argument min_count=")
    wide = np.dtype("uint64") if is_plain(dtype, "u") else INT
    values = column.as_(wide)
    narrow = dtype if grouped and dtype not in (wide, BOOL) else None
    return Column(
        values.sum() if name == "sum" else values.product(),
        wide,
        gaps=narrow is not None,
        narrow=narrow,
        attached=column.attached,
    )


def _label(column: Column, how: Aggregation, labels: Labels) -> Column:
    """Give the label of the first row that has the largest or smallest value."""
    levels = labels.levels
    if len(levels) != 1 or levels[0].column.foreign or column.dtype == BOOL:
        raise NotColumnar(f"{how.name} of {column.dtype}, or with these labels")
    label, values = levels[0].column, column.valid
    best = values.max() if how.name == "idxmax" else values.min()
    found = label.expr.filter(values == best).first()  # arg_max gives any of equal ones
    return Column(found, label.dtype, attached=label.attached | column.attached)


def _moment(column: Column, how: Aggregation) -> pl.Expr:
    """Give what is computed in floats of double precision."""
    dtype, name = column.dtype, how.name
    if not (is_number(dtype) or (dtype == BOOL and name != "quantile")):
        raise NotColumnar(f"{name} of {dtype}")
    values = _wide(column)
    if name == "mean":
        return values.mean()
    if name == "median":
        return values.median()
    if name == "quantile":
        return values.quantile(how.q, "linear")
    if name in ("std", "var"):
        return getattr(values, name)(ddof=how.ddof)  # type: ignore[no-any-return]
    if name == "sem":
        return values.std(ddof=how.ddof) / values.count().sqrt()
    raise NotColumnar(f"{name} of a column")


def _wide(column: Column) -> pl.Expr:
    return column.valid if column.dtype == FLOAT else column.valid.cast(pl.Float64)


def _floats(expr: pl.Expr, dtype: Any, column: Column) -> Column:
    found = expr.cast(pl.Float32) if dtype == _SINGLE else expr
    return Column(found, dtype, nan=True, attached=column.attached)


def _counted(expr: pl.Expr, column: Column) -> Column:
    return Column(expr.cast(pl.Int64), INT, attached=column.attached)


def share(part: pl.Expr, whole: pl.Expr) -> pl.Expr:
    """Divide numbers, none of which is infinite, by one that is the same for all: by a column of it.

    By one number Polars divides by multiplying with the reciprocal, which is not the same to the last bit.
    """
    return part.cast(pl.Float64) / (part * 0 + whole).cast(pl.Float64)


# --- what is found out only when it runs --------------------------------------------------------------------------


def known(column: Column, of: Column, how: Aggregation, grouped: bool = False) -> Column:
    """Give the computed aggregation of a column, which refuses, when it runs, what pandas answers in another way.

    Where there is no smallest or largest value, pandas gives another dtype, or an error; between infinities it finds
    its own medians and quantiles.
    """
    if how.name in PLACES or (how.name in ("min", "max") and is_plain(of.dtype, "biu")):
        return column if grouped and not may_lack(of.dtype) else _looked_at(column, _all_present)
    if how.name in ("median", "quantile") and is_plain(of.dtype, "f"):
        return _looked_at(column, _all_finite)
    return column


def _looked_at(column: Column, check: Callable[[pl.Series], pl.Series]) -> Column:
    expr = column.expr.map_batches(check, return_dtype=column.kind, is_elementwise=True)
    return replace(column, expr=expr)


def _all_present(values: pl.Series) -> pl.Series:
    if values.null_count():
        raise NotColumnar("nothing to find the smallest or largest of")
    return values


def _all_finite(values: pl.Series) -> pl.Series:
    if not values.is_finite().all():
        raise NotColumnar("a median or quantile of infinities")
    return values
