"""Reductions: aggregations of all rows, which give a number of a series and a series or table of numbers of a frame."""

from __future__ import annotations

import itertools
from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np
import pandas as pd
import polars as pl

from mars_nb.planner.columnar.dtypes import is_plain, polars_type
from mars_nb.planner.columnar.relations import Computed, Reduced
from mars_nb.planner.columnar.rules.aggregations import PLACES, Aggregation, aggregated, asked, known, numeric
from mars_nb.planner.columnar.translate import Step, plain, rule
from mars_nb.planner.columnar.values import Column, Frame, NotColumnar, Rows, Scalar, Series, Summary, Value

_NAMES = ("sum", "mean", "min", "max", "count", "nunique", "std", "var", "sem", "median", "prod", "any", "all")
#: Numbers of Python, not of numpy.
_COUNTS = ("nunique", "size")


@rule(*_NAMES, *PLACES, "quantile")
def reduction(step: Step) -> Value:
    """``series.sum()`` and ``df.sum()``."""
    base = step.rows
    name = step.node.op.name
    how, axis, of_numbers = asked(step, name, "axis")
    if axis not in (0, "index") and not (axis is None and isinstance(base, Series)):
        raise NotColumnar("a reduction of rows")
    if isinstance(base, Frame):
        frame = numeric(base) if of_numbers else base
        return _summary(step, frame, [(i, how) for i in range(len(frame.columns))])
    return _scalar(step, base, how)


@rule("len")
def length(step: Step) -> Value:
    """``len(df)``."""
    base = step.rows
    name = step.translation.name()
    found = Reduced(base.relation, {name: Column(pl.len().cast(pl.Int64), np.dtype("int64"))})
    return Scalar(found, Column(pl.col(name), np.dtype("int64")), native=True)


@rule("agg", "aggregate")
def aggregation(step: Step) -> Value:
    """``df.agg(["sum", "mean"])``, ``df.agg({"a": "sum"})`` and ``series.agg("sum")``."""
    base = step.rows
    (func,) = step.arguments("func", axis=0)
    if isinstance(func, str):
        how = _known(func)
        if isinstance(base, Series):
            return _scalar(step, base, how)
        return _summary(step, base, [(i, how) for i in range(len(base.columns))])
    if isinstance(base, Series):
        if not isinstance(func, list):
            raise NotColumnar("a function of the user's")
        return _summary(step, _framed(base), [(0, _known(one)) for one in func])
    if isinstance(func, list):
        func = dict.fromkeys(base.names, func)
    if not isinstance(func, dict) or not func:
        raise NotColumnar("a function of the user's")
    if not any(isinstance(one, list) for one in func.values()):
        return _summary(step, base, [(_place(base, name), _known(one)) for name, one in func.items()])
    return _table(step, base, {name: one if isinstance(one, list) else [one] for name, one in func.items()})


def _known(name: Any) -> Aggregation:
    if not isinstance(name, str) or name not in _NAMES:
        raise NotColumnar("a function of the user's" if callable(name) else f"aggregation {name!r}")
    return Aggregation(name)


def _framed(base: Series) -> Frame:
    return Frame(base.relation, pd.RangeIndex(1), (base.column,), base.labels)


def _place(frame: Frame, name: Hashable) -> int:
    frame.column(name)
    return int(frame.names.get_loc(name))  # type: ignore[arg-type]


def _table(step: Step, base: Frame, functions: dict[Hashable, list[Any]]) -> Summary:
    sample = step.sample
    if not isinstance(sample, pd.DataFrame) or not (sample.columns.is_unique and sample.index.is_unique):
        raise NotColumnar("the shape of the answer")
    for one in itertools.chain.from_iterable(functions.values()):
        _known(one)
    wanted: list[tuple[int, Aggregation] | None] = []
    for name in sample.columns:
        place = _place(base, name)
        wanted += [(place, _known(how)) if how in functions[name] else None for how in sample.index]
    return _summary(step, base, wanted)


# --- aggregations of all rows -------------------------------------------------------------------------------------


def _scalar(step: Step, base: Series, how: Aggregation) -> Scalar:
    if (
        how.name in PLACES
        and not base.labels.numbered
        and isinstance(step.node.args[0].meta.sample.index, pd.RangeIndex)
    ):
        raise NotColumnar("labels that may be numbers of rows")  # then pandas gives Python's numbers, else numpy's
    relation, (found,) = _reduced(step, base, [(0, how)])
    return Scalar(relation, found, how.name in _COUNTS or (how.name in PLACES and base.labels.numbered))


def _summary(step: Step, base: Frame, wanted: Sequence[tuple[int, Aggregation] | None]) -> Summary:
    sample = step.sample
    if not isinstance(sample, pd.DataFrame | pd.Series) or not wanted or sample.size != len(wanted):
        raise NotColumnar("the shape of the answer")
    relation, found = _reduced(step, base, [one for one in wanted if one is not None])
    places = tuple(i for i, one in enumerate(wanted) if one is not None)
    for i, dtype in enumerate(sample.dtypes if isinstance(sample, pd.DataFrame) else [sample.dtype]):
        _check_dtype([c.dtype for place, c in zip(places, found, strict=True) if place // len(sample) == i], dtype)
    return Summary(relation, tuple(found), places, sample)


def _check_dtype(dtypes: list[Any], dtype: Any) -> None:
    """Check that values of some dtypes make a series of this one."""
    same = all(one == dtype for one in dtypes)
    if polars_type(dtype) is None or not (same or (is_plain(dtype, "f") and all(is_plain(d, "iuf") for d in dtypes))):
        raise NotColumnar(f"dtype {dtype}")


def _reduced(step: Step, base: Rows, wanted: Sequence[tuple[int, Aggregation]]) -> tuple[Any, list[Column]]:
    """Give a relation of one row, and its columns, one for each aggregation of a column."""
    if any(how.name in PLACES for _, how in wanted):
        base = step.translation.labelled(base)
    base, _ = step.translation.fixed(base)
    values: dict[str, Column] = {}
    checked: dict[str, Column] = {}
    for place, how in wanted:
        column = base.columns[place]
        found = aggregated(column, how, base.labels)
        name, outer = step.translation.name(), step.translation.name()
        values[name] = found
        inner = plain(found, name)
        checked[outer] = known(inner, column, how)
    relation = Reduced(base.relation, values, any(how.by_order for _, how in wanted))
    return Computed(relation, checked), [plain(column, name) for name, column in checked.items()]
