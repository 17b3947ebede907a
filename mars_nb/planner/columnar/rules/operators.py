"""Arithmetic, comparisons and boolean operators.

Operands are first brought to the dtype that numpy computes in, which is that of the result: the same rounding, and the
same wrapping around of integers.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import polars as pl

from mars_nb.planner.columnar.dtypes import is_number, is_plain, is_text, may_lack, polars_type
from mars_nb.planner.columnar.translate import Step, rule
from mars_nb.planner.columnar.values import Column, Frame, NotColumnar, Scalar, Series, Value, derived

_ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "truediv": operator.truediv,
}
_COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    name: getattr(operator, name) for name in ("lt", "le", "gt", "ge", "eq", "ne")
}
_LOGICAL: dict[str, Callable[[Any, Any], Any]] = {"and": operator.and_, "or": operator.or_, "xor": operator.xor}
BOOL = np.dtype(bool)

Operand = Column | bool | int | float | str | pd.Timestamp | pd.Timedelta
_Binary = Callable[..., Column]


@rule(*_ARITHMETIC)
def arithmetic(step: Step) -> Value:
    """``a + b`` of numbers."""
    return _each(step, _arithmetic)


@rule(*_COMPARISONS)
def comparison(step: Step) -> Value:
    """``a < b`` of numbers, texts or times."""
    return _each(step, lambda name, left, right, _: compared(name, left, right))


@rule(*_LOGICAL)
def logical(step: Step) -> Value:
    """``a & b`` of booleans."""
    return _each(step, _logical)


@rule("invert")
def invert(step: Step) -> Value:
    """``~a`` of booleans."""

    def one(column: Column) -> Column:
        if column.dtype != BOOL or column.gaps:
            raise NotColumnar("~ of other than booleans")
        return derived(~column.expr, BOOL, column)

    return _mapped(step, one)


@rule("neg", "pos")
def sign(step: Step) -> Value:
    """``-a`` of numbers."""

    def one(column: Column) -> Column:
        if not is_plain(column.dtype, "if") or column.gaps:
            raise NotColumnar("- of other than numbers")
        return column if step.node.op.name == "pos" else derived(-column.expr, column.dtype, column)

    return _mapped(step, one)


# --- on columns -------------------------------------------------------------------------------------------------


def _arithmetic(name: str, left: Operand, right: Operand, dtype: Any) -> Column:
    columns = [side for side in (left, right) if isinstance(side, Column)]
    _refuse_gaps(*columns)
    if not is_number(dtype) or not all(_is_number(side) for side in (left, right)):
        raise NotColumnar("arithmetic of other than numbers")
    expr = _ARITHMETIC[name](_as(left, dtype), _as(right, dtype))
    return derived(expr, dtype, *columns, nan=is_plain(dtype, "f"))


def compared(name: str, left: Operand, right: Operand) -> Column:
    """Compare two columns, or a column and a constant; what is missing is not equal to anything."""
    columns = [side for side in (left, right) if isinstance(side, Column)]
    _refuse_gaps(*columns)
    if not (
        (_is_number(left) and _is_number(right))
        or (_is_text(left) and _is_text(right))
        or (_is_bool(left) and _is_bool(right) and name in ("eq", "ne"))
    ):
        left, right = _times(left, right)
    expr = _COMPARISONS[name](*(side.valid if isinstance(side, Column) else _constant(side) for side in (left, right)))
    if not any(may_lack(column.dtype) for column in columns):
        return derived(expr, BOOL, *columns)
    found = derived(expr.fill_null(name == "ne"), BOOL, *columns)
    return (
        found if name == "ne" else Column(found.expr, BOOL, attached=found.attached, running=found.running, mask=expr)
    )


def _logical(name: str, left: Operand, right: Operand, _: Any) -> Column:
    columns = [side for side in (left, right) if isinstance(side, Column)]
    _refuse_gaps(*columns)
    if not (_is_bool(left) and _is_bool(right)):
        raise NotColumnar("& of other than booleans")
    function = _LOGICAL[name]
    found = derived(function(*(_as(side, BOOL) for side in (left, right))), BOOL, *columns)
    if name == "xor":
        return found
    mask = function(*(side.true if isinstance(side, Column) else pl.lit(side) for side in (left, right)))
    return Column(found.expr, BOOL, attached=found.attached, running=found.running, mask=mask)


def _refuse_gaps(*columns: Column) -> None:
    if any(column.gaps for column in columns):
        raise NotColumnar("integers or booleans with gaps after a join")


def _is_number(side: Operand) -> bool:
    return is_number(side.dtype) if isinstance(side, Column) else type(side) in (int, float)


def _is_text(side: Operand) -> bool:
    return is_text(side.dtype) if isinstance(side, Column) else isinstance(side, str)


def _is_bool(side: Operand) -> bool:
    return side.dtype == BOOL if isinstance(side, Column) else isinstance(side, bool)


def _as(side: Operand, dtype: Any) -> pl.Expr:
    return side.as_(dtype) if isinstance(side, Column) else pl.lit(side, polars_type(dtype))


def _constant(value: Any) -> Any:
    return value if isinstance(value, pl.Expr) else pl.lit(value)


def _times(left: Operand, right: Operand) -> tuple[Any, Any]:
    """Bring times to one type; pandas takes texts for times here."""
    dtypes = {side.dtype for side in (left, right) if isinstance(side, Column)}
    if len(dtypes) != 1:
        raise NotColumnar("a comparison of different kinds")
    (dtype,) = dtypes
    if not is_plain(dtype, "mM"):
        raise NotColumnar(f"a comparison of {dtype}")
    return tuple(side if isinstance(side, Column) else time_constant(side, dtype) for side in (left, right))  # type: ignore[return-value]


def time_constant(value: Any, dtype: Any) -> pl.Expr:
    """Give a point in time or a duration as a constant, as pandas takes it beside a column of times.

    Raises
    ------
    NotColumnar
        If it is none, or finer than the column.
    """
    made: Any = pd.Timestamp if dtype.kind == "M" else pd.Timedelta
    if isinstance(value, bool | int | float):
        raise NotColumnar("a number beside times")
    try:
        found = made(value).as_unit(np.datetime_data(dtype)[0], round_ok=False)
    except (ValueError, TypeError):
        raise NotColumnar("a constant that is no time of the column's unit") from None
    if found is pd.NaT or getattr(found, "tz", None) is not None:
        raise NotColumnar("a time zone, or no time")
    return pl.lit(found.asm8.astype("int64").item()).cast(pl.Int64).cast(polars_type(dtype))


# --- on frames, series and scalars ------------------------------------------------------------------------------


def _mapped(step: Step, one: Callable[[Column], Column]) -> Value:
    base = step.base
    if isinstance(base, Frame):
        return step.frame(base, [one(column) for column in base.columns])
    if isinstance(base, Series):
        return step.series(base, one(base.column))
    if isinstance(base, Scalar):
        return Scalar(base.relation, one(base.column))
    raise NotColumnar("a constant")


def _each(step: Step, one: _Binary) -> Value:
    """Compute an operator on what stands on its two sides."""
    if len(step.node.args) != 2:
        raise NotColumnar("arguments")
    name = step.node.op.name
    values = [step.value(argument) for argument in step.node.args]
    rows = [value for value in values if isinstance(value, Frame | Series)]
    if not rows:
        scalar = next(value for value in values if isinstance(value, Scalar))
        same = [
            v.column if isinstance(v, Scalar) and v.relation is scalar.relation else step.operand(v, None)
            for v in values
        ]
        return Scalar(scalar.relation, one(name, *same, step.dtype))
    if any(isinstance(value, Frame) for value in rows):
        return _on_frame(step, name, values, one)
    rows = step.together(*rows)
    left, right = (rows.pop(0).column if isinstance(v, Series) else step.operand(v, None) for v in values)
    return step.series(_rows(step, values), one(name, left, right, step.dtype))


def _rows(step: Step, values: list[Any]) -> Any:
    return step.together(*(value for value in values if isinstance(value, Series)))[0]


def _on_frame(step: Step, name: str, values: list[Any], one: _Binary) -> Value:
    frame = next(value for value in values if isinstance(value, Frame))
    others = [value for value in values if value is not frame]
    if any(isinstance(other, Frame | Series) for other in others) or len(others) != 1:
        raise NotColumnar("two frames, which are aligned by label")
    other = step.operand(others[0], None)
    dtypes = list(step.sample.dtypes)
    columns = [
        one(name, *((column, other) if values[0] is frame else (other, column)), dtype)
        for column, dtype in zip(frame.columns, dtypes, strict=True)
    ]
    return step.frame(frame, columns)
