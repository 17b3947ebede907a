"""Operators as they were recorded: on series, frames and scalars, as signs, methods and functions of numpy."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from mars_nb.graph.node import Node, Path
from mars_nb.planner.columnar.batches import by_pandas
from mars_nb.planner.columnar.dtypes import is_plain
from mars_nb.planner.columnar.rules.arithmetic import (
    ARITHMETIC,
    BOOL,
    COMPARISONS,
    DIVISIONS,
    LOGICAL,
    Operand,
    arithmetic,
    compared,
    logical,
    refuse_gaps,
)
from mars_nb.planner.columnar.translate import Step, rule
from mars_nb.planner.columnar.values import Column, Frame, NotColumnar, Rows, Scalar, Series, Value, derived, literal

_METHODS = {"div": "truediv", "divide": "truediv", "multiply": "mul", "subtract": "sub"}
_UFUNCS = {
    "add": "add",
    "subtract": "sub",
    "multiply": "mul",
    "divide": "truediv",
    "true_divide": "truediv",
    "floor_divide": "floordiv",
    "mod": "mod",
    "remainder": "mod",
    "power": "pow",
    "less": "lt",
    "less_equal": "le",
    "greater": "gt",
    "greater_equal": "ge",
    "equal": "eq",
    "not_equal": "ne",
    "logical_and": "and",
    "logical_or": "or",
    "logical_xor": "xor",
}
_SIGNS = (*ARITHMETIC, *DIVISIONS, "pow", *COMPARISONS, *LOGICAL)
_REVERSED = {f"r{name}": name for name in (*ARITHMETIC, *DIVISIONS, "pow", "div")}
_Binary = Callable[[str, Operand, Operand, Any], Column]


@rule(*_SIGNS, *_METHODS, *_REVERSED, *(f"numpy.{name}" for name in _UFUNCS))
def binary(step: Step) -> Value:
    """``a + b``, ``a.add(b)`` and ``numpy.add(a, b)``."""
    name = step.node.op.name
    reverse = name in _REVERSED and isinstance(step.node.op, Path)
    name = _REVERSED.get(name, name) if reverse else _UFUNCS.get(name.removeprefix("numpy."), name)
    name = _METHODS.get(name, name)
    if isinstance(step.node.op, Path):
        other, *_ = step.arguments("other", "level", "fill_value", "axis", level=None, fill_value=None)
        if any(value is not None for value in _[:2]):
            raise NotColumnar("argument level= or fill_value=")
        sides = [step.node.args[0], other]
    else:
        sides = list(step.node.args)
    if len(sides) != 2 or step.node.kwargs:
        raise NotColumnar("arguments")
    if name in COMPARISONS:
        return _computed(step, name, sides[::-1] if reverse else sides, lambda name, a, b, _: compared(name, a, b))
    if name in LOGICAL:
        return _computed(step, name, sides, lambda name, a, b, _: logical(name, a, b))
    return _computed(step, name, sides[::-1] if reverse else sides, arithmetic)


def binary_by_pandas(step: Step) -> Value:
    """Compute a function of numpy of two operands, row by row."""

    def refused(name: str, *_: Any) -> Column:
        raise NotColumnar(f"{name} of other than constants and columns")

    return _computed(step, step.node.op.name, list(step.node.args), refused)


@rule("invert", "numpy.logical_not")
def invert(step: Step) -> Value:
    """``~a`` of booleans."""

    def one(column: Column, dtype: Any) -> Column:
        refuse_gaps(column)
        if column.dtype != BOOL:
            return by_pandas(step.node, dtype, {step.node.args[0]: column}, full=True)
        return derived(~column.expr, BOOL, column)

    return mapped(step, one)


@rule("neg", "pos")
def sign(step: Step) -> Value:
    """``-a`` of numbers."""

    def one(column: Column, dtype: Any) -> Column:
        if not is_plain(column.dtype, "if") or column.gaps:
            return by_pandas(step.node, dtype, {step.node.args[0]: column}, full=True)
        return column if step.node.op.name == "pos" else derived(-column.expr, column.dtype, column)

    return mapped(step, one)


# --- on frames, series and scalars ------------------------------------------------------------------------------


def mapped(step: Step, one: Callable[[Column, Any], Column]) -> Value:
    """Compute a column of each column of what an operation begins at; told which dtype the sample has there."""
    base = step.base
    if isinstance(base, Frame):
        return step.frame(
            base, [one(column, dtype) for column, dtype in zip(base.columns, dtypes_of(step, base), strict=True)]
        )
    if isinstance(base, Series):
        return step.series(base, one(base.column, step.dtype))
    if isinstance(base, Scalar):
        return Scalar(base.relation, one(base.column, step.dtype))
    raise NotColumnar("a constant")


def dtypes_of(step: Step, base: Frame) -> list[Any]:
    """List the dtypes that the sample has where each column of a frame becomes one."""
    sample = step.sample
    if not isinstance(sample, pd.DataFrame) or len(sample.columns) != len(base.columns):
        raise NotColumnar("other columns than the sample's")
    return list(sample.dtypes)


def _computed(step: Step, name: str, sides: list[Any], one: _Binary) -> Value:
    """Compute an operator on what stands on its two sides."""
    values = [step.value(side) for side in sides]
    rows = [value for value in values if isinstance(value, Frame | Series)]
    if not rows:
        return _of_scalars(step, name, values, one)
    if len(rows) == 2 and isinstance(rows[0], Frame) is not isinstance(rows[1], Frame):
        raise NotColumnar("a frame and a series, which are aligned by label")
    rows = step.together(*rows)
    base: Rows = rows[0]
    for value, side in zip(values, sides, strict=True):
        if not isinstance(value, Frame | Series | Scalar) and not _is_constant(side):
            raise NotColumnar(f"a constant of type {type(side).__name__}")
    together = iter(rows)
    values = [next(together) if isinstance(value, Frame | Series) else value for value in values]

    def column(operands: list[Any], dtype: Any) -> Column:
        try:
            left, right = (_constant(operand, operands) for operand in operands)
            return one(name, left, right, dtype)
        except NotColumnar as error:
            return _by_pandas(step, name, sides, operands, dtype, error)

    if isinstance(base, Series):
        return step.series(base, column([_operand(step, value) for value in values], step.dtype))
    if len(rows) == 2 and not (rows[0].names.is_unique and rows[0].names.equals(rows[1].names)):  # type: ignore[union-attr]
        raise NotColumnar("frames of other columns, which are aligned by label")
    columns = []
    for i, dtype in enumerate(dtypes_of(step, base)):
        operands = [value.columns[i] if isinstance(value, Frame) else _operand(step, value) for value in values]
        columns.append(column(operands, dtype))
    return step.frame(base, columns)


def _of_scalars(step: Step, name: str, values: list[Any], one: _Binary) -> Scalar:
    first = next(value for value in values if isinstance(value, Scalar))

    def operand(value: Any) -> Any:
        if not isinstance(value, Scalar):
            return literal(value)
        return value.column if value.relation is first.relation else step.attached(value)

    left, right = map(operand, values)
    return Scalar(first.relation, one(name, left, right, step.dtype))


def _operand(step: Step, value: Any) -> Any:
    """Give a column, or a constant as it is."""
    if isinstance(value, Series):
        return value.column
    return step.attached(value) if isinstance(value, Scalar) else value


def _constant(value: Any, operands: list[Any]) -> Any:
    if isinstance(value, Column):
        return value
    if isinstance(value, np.floating) and any(isinstance(o, Column) and o.dtype == np.float32 for o in operands):
        raise NotColumnar("a number of numpy's beside short floats")
    return literal(value)


def _is_float(value: Any) -> bool:
    return is_plain(value.dtype, "f") if isinstance(value, Column) else isinstance(value, float)


def _is_constant(value: Any) -> bool:
    return pd.api.types.is_scalar(value) or isinstance(value, dt.date | dt.timedelta)


def _by_pandas(
    step: Step, name: str, sides: list[Any], operands: list[Any], dtype: Any, refused: NotColumnar
) -> Column:
    """Let pandas compute what Polars does not, if the dtype of the answer does not depend on values."""
    columns = {side: operand for side, operand in zip(sides, operands, strict=True) if isinstance(side, Node)}
    if any(column.gaps or column.kind is None or column.foreign for column in columns.values()):
        raise refused
    if name in DIVISIONS and isinstance(operands[1], Column) and not any(map(_is_float, operands)):
        raise refused
    # Integers made of integers, or of times by a constant that is none, have no gaps.
    return by_pandas(step.node, dtype, columns, full=all(is_plain(c.dtype, "biu") for c in columns.values()))
