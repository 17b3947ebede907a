"""Functions and methods that go row by row: tests, conversions, rounding, what numpy computes itself."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import polars as pl

from mars_nb.graph.node import Arguments, Node
from mars_nb.planner.columnar.batches import batchwise, by_pandas, with_gaps
from mars_nb.planner.columnar.dtypes import is_number, is_plain, is_text, may_lack, polars_type
from mars_nb.planner.columnar.rules.arithmetic import BOOL, EXACT, FLOAT, compared, logical, refuse_gaps, truth
from mars_nb.planner.columnar.rules.arithmetic import time_constant as point
from mars_nb.planner.columnar.rules.filling import filled, fitting, is_missing, put
from mars_nb.planner.columnar.rules.operators import binary_by_pandas, mapped
from mars_nb.planner.columnar.translate import RULES, Step, rule
from mars_nb.planner.columnar.values import Column, Frame, NotColumnar, Scalar, Series, Value, derived, literal


def one_of(step: Step, values: Any) -> Value:
    """``series.isin([1, 2])``."""
    base = step.rows
    if isinstance(values, dict | str) or not pd.api.types.is_list_like(values):
        raise NotColumnar("values by label, or of another frame")
    found = list(values)
    if isinstance(base, Frame):
        return step.frame(base, [belongs(column, found) for column in base.columns])
    return step.series(base, belongs(base.column, found))


def belongs(column: Column, values: list[Any]) -> Column:
    """Tell which values of a column are among some constants; what is missing is equal to what is missing.

    Raises
    ------
    NotColumnar
        If the constants are of another kind.
    """
    present = [literal(value) for value in values if not is_missing(value)]
    found = column.valid.is_in(_candidates(present, column).implode())
    if len(present) == len(values):
        return truth(found, column)
    if not may_lack(column.dtype):
        raise NotColumnar("something missing among integers or booleans")
    return derived(found.fill_null(True), BOOL, column)


def _candidates(values: list[Any], column: Column) -> pl.Series:
    """Give constants as values of the type of a column.

    Raises
    ------
    NotColumnar
        If some are of another kind: then pandas compares in its own ways.
    """
    dtype, kind = column.dtype, column.kind
    kinds = {type(value) for value in values}
    if kind is None:
        raise NotColumnar(f"dtype {dtype}")
    if is_number(dtype) and kinds <= ({int} if is_plain(dtype, "iu") else {int, float}):
        low, high = (-EXACT, EXACT) if is_plain(dtype, "f") or column.gaps else _bounds(dtype)
        short = dtype == np.float32 and any(float(np.float32(value)) != value for value in values)
        if not short and all(isinstance(value, float) or low <= value <= high for value in values):
            return pl.Series(values, dtype=kind)
    elif (is_text(dtype) and kinds <= {str}) or (dtype == BOOL and kinds <= {bool} and not column.gaps):
        return pl.Series(values, dtype=kind)
    elif is_plain(dtype, "mM") and kinds <= {pd.Timestamp, pd.Timedelta}:
        points = [pl.select(point(value, dtype)).to_series() for value in values]
        return pl.concat(points) if points else pl.Series(dtype=kind)
    raise NotColumnar(f"constants of another kind than {dtype}")


def _bounds(dtype: Any) -> tuple[int, int]:
    info = np.iinfo(dtype)
    return int(info.min), int(info.max)


@rule("between")
def between(step: Step) -> Value:
    """``series.between(1, 2)``."""
    left, right, inclusive = step.arguments("left", "right", "inclusive", inclusive="both")
    base = step.rows
    if not isinstance(base, Series) or inclusive not in ("both", "left", "right", "neither"):
        raise NotColumnar("arguments")
    bounds = [step.value(bound) for bound in (left, right)]
    base, *series = step.together(base, *(bound for bound in bounds if isinstance(bound, Series)))
    together = iter(series)
    low, high = (
        next(together).column
        if isinstance(bound, Series)
        else step.attached(bound)
        if isinstance(bound, Scalar)
        else literal(bound)
        for bound in bounds
    )
    above = compared("ge" if inclusive in ("both", "left") else "gt", base.column, low)
    below = compared("le" if inclusive in ("both", "right") else "lt", base.column, high)
    return step.series(base, logical("and", above, below))


# --- conversions ------------------------------------------------------------------------------------------------


@rule("astype")
def astype(step: Step) -> Value:
    """``series.astype("float32")``, ``frame.astype({"a": str})``."""
    target, errors, _ = step.arguments("dtype", "errors", "copy", errors="raise")
    if errors != "raise":
        raise NotColumnar("argument errors=")
    base = step.rows
    names = base.names if isinstance(base, Frame) else [base.name]
    targets = [target.get(name) if isinstance(target, dict) else target for name in names]
    given = iter(targets)

    def one(column: Column, dtype: Any) -> Column:
        wanted = next(given)
        if wanted is None or (dtype == column.dtype and not column.gaps):
            return column
        return _converted(step, column, dtype, wanted)

    return mapped(step, one)


def _converted(step: Step, column: Column, dtype: Any, target: Any) -> Column:
    """Give a column as another dtype."""
    own, kind = column.dtype, polars_type(dtype)
    if kind is None:
        raise NotColumnar(f"dtype {dtype}")
    if is_number(own) or own == BOOL:
        if is_plain(dtype, "f"):  # what is missing is NaN, gaps or none
            return derived(column.expr.cast(kind), dtype, column)
        if column.gaps and is_plain(dtype, "iu"):
            whole = pl.map_batches([column.expr], _whole, return_dtype=column.kind, is_elementwise=True)
            return derived(whole.cast(kind, wrap_numerical=True), dtype, column)
        refuse_gaps(column)
        if dtype == BOOL:
            return derived((column.valid != 0).fill_null(True), BOOL, column)
        if is_plain(own, "iub") and is_plain(dtype, "iu"):
            return derived(column.expr.cast(kind, wrap_numerical=True), dtype, column)
        if is_plain(own, "iu") and is_text(dtype):
            return derived(column.expr.cast(pl.String), dtype, column)
    elif (is_text(own) and is_plain(dtype, "mM")) or not isinstance(dtype, np.dtype | pd.StringDtype):
        raise NotColumnar(f"{own} as {dtype}")
    elif is_text(dtype) and not is_number(own) and own != BOOL:
        raise NotColumnar("times as texts, whose form depends on all of them")
    # pandas raises where a value cannot be converted.
    return batchwise(step.node.op, (column, Arguments((target,), {})), {}, dtype, full=True)


def _whole(columns: Any) -> pl.Series:
    """Give integers of which none is missing, and which are the same as floats."""
    found: pl.Series = columns[0]
    if found.null_count() or not found.is_between(-EXACT, EXACT).all():
        raise NotColumnar("integers of which some are missing, or too large for floats")
    return found


@rule("pandas.to_datetime")
def to_datetime(step: Step) -> Value:
    """``md.to_datetime(series, format="%Y-%m-%d")``."""
    base, given = step.base, step.node.kwargs
    if not isinstance(base, Series) or len(step.node.args) > 1 or not given.keys() <= {"format", "errors", "utc"}:
        raise NotColumnar("arguments")
    if base.column.dtype == step.dtype:
        return step.series(base, base.column)
    if not is_text(base.column.dtype) or not isinstance(given.get("format"), str):
        raise NotColumnar("times in a format that pandas guesses from the first")
    return step.series(base, by_pandas(step.node, step.dtype, {step.node.args[0]: base.column}))


# --- numbers ----------------------------------------------------------------------------------------------------


@rule("abs", "numpy.abs", "numpy.absolute")
def absolute(step: Step) -> Value:
    """``series.abs()``."""

    def one(column: Column, dtype: Any) -> Column:
        if not is_number(column.dtype):
            return by_pandas(step.node, dtype, {step.node.args[0]: column})
        refuse_gaps(column)
        return derived(column.expr.abs(), column.dtype, column)

    return mapped(step, one)


@rule("round", "numpy.round")
def rounded(step: Step) -> Value:
    """``series.round(2)``."""
    _constants(step)

    def one(column: Column, dtype: Any) -> Column:
        if not is_number(column.dtype):
            if isinstance(step.base, Frame):  # texts and times stay as they are
                return column
            raise NotColumnar(f"round of {column.dtype}")
        return by_pandas(step.node, dtype, {step.node.args[0]: column}, full=True)

    return mapped(step, one)


def _constants(step: Step) -> None:
    """Refuse arguments that have several values."""
    for argument in step.node.args[1:]:
        found = argument if isinstance(argument, Arguments) else Arguments((argument,), {})
        if not all(pd.api.types.is_scalar(value) for value in (*found.args, *found.kwargs.values())):
            raise NotColumnar("arguments")


_UFUNCS = [name for name in dir(np) if isinstance(getattr(np, name), np.ufunc) and getattr(np, name).nout == 1]


def _ufunc(step: Step) -> Value:
    """``numpy.sqrt(series)``, ``numpy.maximum(series, 0)``."""
    if step.node.kwargs or not 0 < len(step.node.args) < 3:
        raise NotColumnar("arguments")
    if len(step.node.args) == 2:
        return binary_by_pandas(step)
    if not isinstance(step.base, Frame | Series):
        raise NotColumnar("a scalar")

    def one(column: Column, dtype: Any) -> Column:
        return by_pandas(step.node, dtype, {step.node.args[0]: column}, full=is_plain(column.dtype, "biu"))

    return mapped(step, one)


for _name in _UFUNCS:
    RULES.setdefault(f"numpy.{_name}", _ufunc)


# --- one value for another --------------------------------------------------------------------------------------


@rule("map")
def mapping(step: Step) -> Value:
    """``series.map({1: "a"})``."""
    table, _ = step.arguments("func", "na_action", na_action=None)
    base = step.base
    if not isinstance(base, Series) or type(table) is not dict or not table:
        raise NotColumnar("a function of the user's" if callable(table) else "arguments")
    keys = _old(list(table), base.column)
    values = [literal(value) for value in table.values()]
    kinds = {type(value) for value in values}
    if kinds <= {int, float}:
        dtype: Any = np.dtype("int64") if kinds == {int} else FLOAT
    else:
        dtype = pd.StringDtype(na_value=np.nan) if kinds == {str} else BOOL if kinds == {bool} else None
    if dtype is None or (is_plain(dtype, "f") and any(abs(value) > EXACT for value in values if type(value) is int)):
        raise NotColumnar("constants of different kinds")
    new = pl.Series([float(v) for v in values] if dtype == FLOAT else values, dtype=polars_type(dtype))
    expr = base.column.valid.replace_strict(keys, new, default=None, return_dtype=polars_type(dtype))
    found = derived(expr, dtype, base.column, nan=False)
    return step.series(base, with_gaps(found) if is_plain(dtype, "biu") else found)


def _old(values: list[Any], column: Column) -> pl.Series:
    """Give constants that stand for values of a column as a series of its type."""
    refuse_gaps(column)
    if is_plain(column.dtype, "mM"):
        raise NotColumnar("times that stand for others")
    return _candidates([literal(value) for value in values], column)


@rule("replace")
def replaced(step: Step) -> Value:
    """``series.replace({1: 2})`` and ``frame.replace(1, 2)``, of values of the same kind."""
    old, new = step.arguments("to_replace", "value", inplace=False, regex=False)
    base = step.rows
    if type(old) is dict and new is None:
        table = old
    elif isinstance(new, Node) or pd.api.types.is_list_like(new):
        raise NotColumnar("arguments")
    else:
        table = dict.fromkeys(old if isinstance(old, list) else [old], new)
    if not table or any(pd.api.types.is_list_like(value) or value is None for pair in table.items() for value in pair):
        raise NotColumnar("arguments")

    def one(column: Column) -> Column:
        return column if isinstance(base, Frame) and _is_apart(column, table) else _replaced(column, table)

    columns = [one(column) for column in base.columns]
    return step.frame(base, columns) if isinstance(base, Frame) else step.series(base, columns[0])


def _is_apart(column: Column, table: dict[Any, Any]) -> bool:
    """Tell whether a column can have none of some values: then it stays as it is."""
    numbers = all(type(key) in (int, float) for key in table)
    if not is_number(column.dtype):
        return numbers and not column.gaps
    whole = any(type(key) is int or float(key).is_integer() for key in table if numbers)
    if is_plain(column.dtype, "iu") and not column.gaps:
        return numbers and not whole
    return is_number(column.dtype) and all(isinstance(key, str) for key in table)


def _replaced(column: Column, table: dict[Any, Any]) -> Column:
    present = {key: value for key, value in table.items() if not is_missing(key)}
    found = column.valid
    kind = column.kind
    if present:
        keys = _old(list(present), column)
        if any(is_missing(value) for value in present.values()) and not may_lack(column.dtype):
            raise NotColumnar("something missing among integers or booleans")
        values = [
            pl.lit(None, kind) if is_missing(value) else fitting(value, column.dtype) for value in present.values()
        ]
        found = found.replace(keys, pl.concat([pl.select(value.cast(kind)).to_series() for value in values]))
    result = derived(found, column.dtype, column, nan=False)
    others = [value for key, value in table.items() if is_missing(key)]
    if not others:
        return result
    if not may_lack(column.dtype):
        refuse_gaps(column)
        return result
    here = derived(column.valid.is_null(), BOOL, column)
    return put(result, here, others[0])


@rule("combine_first")
def combined(step: Step) -> Value:
    """``series.combine_first(other)`` of the same rows."""
    (other,) = step.arguments("other")
    base, value = step.base, step.value(other)
    if not isinstance(base, Series) or not isinstance(value, Series) or base.column.dtype != value.column.dtype:
        raise NotColumnar("values of another dtype")
    base, value = step.together(base, value)
    return step.series(base, filled(base.column, value.column))


@rule("pandas.to_numeric")
def to_numeric(step: Step) -> Value:
    """``md.to_numeric(series)`` of what is numbers already."""
    base = step.base
    if not isinstance(base, Series) or not is_number(base.column.dtype) or len(step.node.args) > 1 or step.node.kwargs:
        raise NotColumnar("texts as numbers, whose dtype depends on all of them")
    return step.series(base, base.column)
