"""Values that depend on other rows: cumulative functions, shifts, ranks, rolling windows; of all rows or in groups."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import polars as pl

from mars_nb.planner.columnar.dtypes import is_number, is_plain, is_text
from mars_nb.planner.columnar.rules.aggregations import BOOL, FLOAT, INT, Aggregation, aggregated, share
from mars_nb.planner.columnar.rules.groups import PLAIN, all_there, groups_of, selected
from mars_nb.planner.columnar.translate import Step, rule
from mars_nb.planner.columnar.values import Column, Frame, Labels, NotColumnar, Rows, Series, Value, derived

_WIDE = (INT, np.dtype("uint64"), FLOAT)
_CUMULATIVE = ("cumsum", "cumprod", "cummax", "cummin")
_SHIFTS = ("shift", "diff", "pct_change")
_ROLLING = {"sum": "rolling_sum", "mean": "rolling_mean", "min": "rolling_min", "max": "rolling_max"}
_RANKS = {"average": "average", "min": "min", "max": "max", "first": "ordinal", "dense": "dense"}

_Window = Callable[[Column], Column]


# --- of all rows --------------------------------------------------------------------------------------------------


@rule(*_CUMULATIVE)
def cumulative(step: Step) -> Value:
    """``series.cumsum()`` and ``df.cumsum()``."""
    step.arguments(axis=0, skipna=True)
    return _each(step, partial(_cumulative, step.node.op.name))


@rule(*_SHIFTS)
def shifted(step: Step) -> Value:
    """``series.shift(1)``, ``.diff()`` and ``.pct_change()``."""
    return _each(step, _shifting(step))


@rule("rank")
def ranked(step: Step) -> Value:
    """``series.rank()``."""
    return _each(step, _ranking(step))


@rule(*(f"rolling.{name}" for name in _ROLLING))
def rolling(step: Step) -> Value:
    """``series.rolling(3).mean()``."""
    size, least = step.arguments("window", "min_periods", call=0, center=False, win_type=None, on=None, closed=None)
    step.arguments(numeric_only=False, engine=None, engine_kwargs=None)
    least = size if least is None else least
    if type(size) is not int or type(least) is not int or not 0 < least <= size:
        raise NotColumnar("arguments")
    name = step.node.op.names[-1]  # type: ignore[union-attr]

    def one(column: Column) -> Column:
        if not is_number(column.dtype):
            raise NotColumnar(f"a rolling window over {column.dtype}")
        values = column.as_(FLOAT)
        # pandas takes infinities for missing here
        values = pl.when(values.is_finite()).then(values) if is_plain(column.dtype, "f") else values
        return Column(getattr(values, _ROLLING[name])(size, min_samples=least), FLOAT)

    return _each(step, one)


def _each(step: Step, one: _Window) -> Value:
    base = step.rows
    if any(column.gaps for column in base.columns):
        raise NotColumnar("integers or booleans with gaps after a join")
    return _of_rows(step, base, [replace(one(c), attached=c.attached, running=True) for c in base.columns])


def _of_rows(step: Step, base: Rows, columns: list[Column]) -> Value:
    """Give columns of the same rows the shape and names that the sample has."""
    is_series = isinstance(step.sample, pd.Series)
    dtypes = [step.sample.dtype] if is_series else list(step.sample.dtypes)
    for column, dtype in zip(columns, dtypes, strict=True):
        if dtype != column.dtype and not (column.gaps and dtype in (FLOAT, np.dtype(object))):
            raise NotColumnar("other dtypes than the sample's")
    return step.series(base, columns[0]) if is_series else step.frame(base, columns)


# --- in groups ----------------------------------------------------------------------------------------------------


def _names(*methods: str) -> list[str]:
    return [f"groupby.{middle}{name}" for middle in ("", "__getitem__.") for name in methods]


@rule(*_names(*_CUMULATIVE))
def cumulative_in_groups(step: Step) -> Value:
    """``df.groupby("a").b.cumsum()``."""
    name = step.node.op.names[-1]  # type: ignore[union-attr]
    step.arguments(numeric_only=False, skipna=True)

    def one(column: Column) -> Column:
        if name in ("cumsum", "cumprod") and column.dtype not in _WIDE:
            raise NotColumnar(f"{name} of {column.dtype}")
        found = _cumulative(name, column)
        if name == "cumsum" and found.nan:
            # After an infinity pandas has NaN in groups.
            before = column.valid.fill_null(0.0).cum_sum().shift(1, fill_value=0.0)
            found = replace(found, expr=found.expr + before * 0)
        return found

    return _in_groups(step, one, "iu" if name in ("cumsum", "cumprod") else "mM")


@rule(*_names(*_SHIFTS))
def shifted_in_groups(step: Step) -> Value:
    """``df.groupby("a").b.shift(1)``."""
    window = _shifting(step)
    is_diff = step.node.op.names[-1] == "diff"  # type: ignore[union-attr]

    def one(column: Column) -> Column:
        found = window(column)  # which refuses what there is no difference of
        # pandas makes floats of integers before it subtracts those of groups, and afterwards those of all rows.
        return window(derived(column.as_(FLOAT), FLOAT, column)) if is_diff and is_plain(column.dtype, "i") else found

    return _in_groups(step, one)


@rule(*_names("rank"))
def ranked_in_groups(step: Step) -> Value:
    """``df.groupby("a").b.rank()``."""
    return _in_groups(step, _ranking(step), "mM")


@rule(*_names("cumcount"))
def counted_in_groups(step: Step) -> Value:
    """``df.groupby("a").cumcount()``."""
    (ascending,) = step.arguments("ascending", ascending=True)
    if type(ascending) is not bool:
        raise NotColumnar("arguments")
    base, keys, _ = _grouped(step, [])
    column = _over(step, _place_in_group(ascending), base, keys)
    return _of_rows(step, Series(base.relation, None, column, base.labels), [column])


@rule(*_names("transform"))
def transformed(step: Step) -> Value:
    """``df.groupby("a").b.transform("sum")``."""
    (name,) = step.arguments("func", engine=None, engine_kwargs=None)
    if not isinstance(name, str) or name not in PLAIN:
        raise NotColumnar("a function of the user's" if callable(name) else f"aggregation {name!r}")

    def one(column: Column) -> Column:
        found = aggregated(column, Aggregation(name), Labels(), grouped=True)
        if found.narrow is not None or (name == "median" and is_plain(column.dtype, "f")):
            raise NotColumnar(f"{name} of {column.dtype}")  # by values: the dtype of sums, a median of infinities
        return found

    return _in_groups(step, one)


@rule(*_names("head", "tail"))
def ends_of_groups(step: Step) -> Value:
    """``df.groupby("a").head(3)``."""
    names = step.node.op.names  # type: ignore[union-attr]
    (n,) = step.arguments("n", n=5)
    if type(n) is not int or n < 0:
        raise NotColumnar("arguments")
    base, keys, _ = _grouped(step, [])
    number = _over(step, _place_in_group(names[-1] == "head"), base, keys)
    mask = Column((number.expr < n).fill_null(False), BOOL, attached=number.attached, running=True)
    rows = step.translation.labelled(base)
    if len(names) > 2 and isinstance(rows, Frame):
        call = step.calls[1]
        (chosen,) = call.args if call is not None else (None,)
        places = [_place(rows, name) for name in (chosen if isinstance(chosen, list) else [chosen])]
        rows = rows.select(places) if isinstance(chosen, list) else rows.series(*places)
    rows, (mask,) = step.translation.fixed(rows, mask)
    found: Value = replace(rows, relation=step.translation.filtered(rows.relation, mask))
    return found


def _place(frame: Frame, name: Any) -> int:
    frame.column(name)
    return int(frame.names.get_loc(name))  # type: ignore[arg-type]


def _place_in_group(rising: bool) -> Column:
    """Number the rows of a group."""
    numbers = pl.int_range(pl.len(), dtype=pl.Int64)
    return Column(numbers if rising else pl.len().cast(pl.Int64) - 1 - numbers, INT)


def _in_groups(step: Step, one: _Window, otherwise: str = "") -> Value:
    """Compute columns in groups.

    Where a key is missing, pandas takes integers for floats, and times for integers; `otherwise` has the kinds for
    which that gives something else.
    """
    base, keys, columns = _grouped(step)
    if all_there(step.translation, base.relation, keys) is not None:
        for column in columns:
            if is_plain(column.dtype, otherwise):
                raise NotColumnar(f"{column.dtype} in groups of which the key may be missing")
    return _of_rows(step, base, [_over(step, one(column), base, keys, column) for column in columns])


def _grouped(step: Step, wanted: list[Column] | None = None) -> tuple[Any, list[Column], list[Column]]:
    """Give what is grouped, its keys, and columns of it: those that are wanted, or those that the operation chose."""
    groups = groups_of(step)
    if not groups.dropna:
        raise NotColumnar("groups of missing keys")
    names = step.node.op.names  # type: ignore[union-attr]
    if wanted is None:
        wanted = [column for _, column in selected(groups, step.calls[1] if len(names) > 2 else None)]
    # An expression in groups must not look at other rows before.
    base, found = step.translation.beside(groups.base, *(level.column for level in groups.keys), *wanted)
    return base, found[: len(groups.keys)], found[len(groups.keys) :]


def _over(step: Step, found: Column, base: Any, keys: list[Column], *of: Column) -> Column:
    """Give what is computed in groups; where a key is missing nothing is."""
    if any(column.gaps for column in of):
        raise NotColumnar("integers or booleans with gaps after a join")
    expr, gaps = found.expr.over([key.valid for key in keys]), False
    present = all_there(step.translation, base.relation, keys)
    if present is not None:
        expr, gaps = pl.when(present.expr).then(expr), is_plain(found.dtype, "biu")
    return replace(found, expr=expr, gaps=gaps, attached=_attached(*keys, *of), running=True)


def _attached(*columns: Column) -> frozenset[Any]:
    return frozenset().union(*(column.attached for column in columns))


# --- what is computed ---------------------------------------------------------------------------------------------


def _cumulative(name: str, column: Column) -> Column:
    dtype, values = column.dtype, column.valid
    if name in ("cummax", "cummin"):
        if not (is_number(dtype) or is_plain(dtype, "mM")):
            raise NotColumnar(f"{name} of {dtype}")
        return Column(values.cum_max() if name == "cummax" else values.cum_min(), dtype)
    if not (is_number(dtype) or dtype == BOOL) or dtype == np.dtype("float32"):
        raise NotColumnar(f"{name} of {dtype}")
    wide = dtype if dtype == FLOAT else np.dtype("uint64") if is_plain(dtype, "u") else INT
    values = values if dtype == wide else column.as_(wide)
    return Column(values.cum_sum() if name == "cumsum" else values.cum_prod(), wide, nan=is_plain(dtype, "f"))


def _shifting(step: Step) -> _Window:
    name = step.node.op.names[-1]  # type: ignore[union-attr]
    usual: Any = {} if name == "diff" else {"freq": None, "fill_value" if name == "shift" else "fill_method": None}
    (n,) = step.arguments("periods", periods=1, axis=0, **usual)
    if type(n) is not int:
        raise NotColumnar("arguments")
    return partial({"shift": _shift, "diff": _diff, "pct_change": _pct_change}[name], n)


def _shift(n: int, column: Column) -> Column:
    dtype = column.dtype
    if is_plain(dtype, "iu") and n:
        return Column(column.expr.cast(pl.Float64).shift(n), FLOAT)
    if dtype == BOOL and n:
        raise NotColumnar("shifted booleans")
    return Column(column.valid.shift(n), dtype)


def _diff(n: int, column: Column) -> Column:
    dtype, values = column.dtype, column.valid
    if dtype in (INT, np.dtype("int32")):
        return Column((values - values.shift(n)).cast(pl.Float64), FLOAT)
    if is_plain(dtype, "M"):
        return Column(values - values.shift(n), np.dtype(dtype.str.replace("M8", "m8")))
    if not is_plain(dtype, "fm"):
        raise NotColumnar(f"diff of {dtype}")
    return Column(values - values.shift(n), dtype, nan=is_plain(dtype, "f"))


def _pct_change(n: int, column: Column) -> Column:
    dtype = column.dtype
    if not is_number(dtype) or dtype == np.dtype("float32"):
        raise NotColumnar(f"pct_change of {dtype}")
    values = column.valid if dtype == FLOAT else column.expr.cast(pl.Float64)
    return Column(values / values.shift(n) - 1, FLOAT, nan=True)


def _ranking(step: Step) -> _Window:
    method, ascending, pct = step.arguments(
        "method", "ascending", "pct", method="average", ascending=True, pct=False, axis=0, na_option="keep",
        numeric_only=False,
    )  # fmt: skip
    if method not in _RANKS or type(ascending) is not bool or type(pct) is not bool:
        raise NotColumnar("arguments")

    def one(column: Column) -> Column:
        if not (is_number(column.dtype) or is_plain(column.dtype, "mM") or is_text(column.dtype)):
            raise NotColumnar(f"ranks of {column.dtype}")
        ranks = column.valid.rank(_RANKS[method], descending=not ascending).cast(pl.Float64)  # type: ignore[arg-type]
        if pct:
            ranks = share(ranks, ranks.max() if method == "dense" else column.valid.count())
        return Column(ranks, FLOAT)

    return one
