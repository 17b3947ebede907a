"""Arithmetic, comparisons and boolean operators on columns.

Operands are first brought to the dtype that numpy computes in, which is that of the result: the same rounding, and the
same wrapping around of integers.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

import numpy as np
import pandas as pd
import polars as pl

from mars_nb.planner.columnar.dtypes import is_number, is_plain, is_text, may_lack, polars_type
from mars_nb.planner.columnar.values import Attached, Column, NotColumnar, derived

Function = Callable[[Any, Any], Any]
Operand = Column | bool | int | float | str | pd.Timestamp | pd.Timedelta
ARITHMETIC: dict[str, Function] = {name: getattr(operator, name) for name in ("add", "sub", "mul", "truediv")}
#: Of integers, by a constant other than zero.
DIVISIONS: dict[str, Function] = {name: getattr(operator, name) for name in ("floordiv", "mod")}
COMPARISONS: dict[str, Function] = {name: getattr(operator, name) for name in ("lt", "le", "gt", "ge", "eq", "ne")}
LOGICAL: dict[str, Function] = {"and": operator.and_, "or": operator.or_, "xor": operator.xor}
BOOL = np.dtype(bool)
FLOAT = np.dtype("float64")
#: The largest integer up to which floats have all of them.
EXACT = 2**53


def columns_of(*sides: Operand) -> list[Column]:
    """List the columns among operands."""
    return [side for side in sides if isinstance(side, Column)]


def refuse_gaps(*columns: Column) -> None:
    """Refuse columns that pandas has as integers or booleans, or as something else, depending on the data.

    Raises
    ------
    NotColumnar
        If there is one.
    """
    if any(column.gaps for column in columns):
        raise NotColumnar("integers or booleans with gaps after a join")


def arithmetic(name: str, left: Operand, right: Operand, dtype: Any) -> Column:
    """Compute with numbers, or put texts together.

    Parameters
    ----------
    name
        Of the operator.
    left, right
        What stands on its sides.
    dtype
        Of the result.

    Raises
    ------
    NotColumnar
        If Polars does not compute the same.
    """
    columns = columns_of(left, right)
    if is_text(dtype) and name == "add" and _is_text(left) and _is_text(right):
        return derived(_as(left, dtype) + _as(right, dtype), dtype, *columns)
    if not is_number(dtype) or not all(_is_number(side) or _is_bool(side) for side in (left, right)):
        raise NotColumnar("arithmetic of other than numbers")
    if name == "truediv" or any(_is_float(side) for side in (left, right)):
        if dtype != FLOAT:  # else it is the same with gaps
            refuse_gaps(*columns)
    elif any(column.gaps for column in columns):
        return _with_gaps(name, left, right)
    if name in DIVISIONS and (is_plain(dtype, "f") or isinstance(right, Column) or not right):
        raise NotColumnar("a division whose answer depends on zeros")
    function = ARITHMETIC.get(name) or DIVISIONS.get(name)
    if function is None:
        raise NotColumnar(f"operator {name}")
    one, other = (_as(side, dtype) for side in (left, right))
    expr = divided(one, other, dtype) if name == "truediv" else function(one, other)
    return derived(expr, dtype, *columns, nan=is_plain(dtype, "f"))


def divided(left: pl.Expr, right: pl.Expr, dtype: Any) -> pl.Expr:
    """Divide floats of one dtype, to the last bit.

    By what is the same in all rows, a constant or not, Polars divides by multiplying with the reciprocal.
    """
    if right.meta.is_literal():
        constant = pl.select(right).item()
        if constant and abs(np.frexp(constant)[0]) == 0.5:
            return left / right
    return pl.map_batches([left, right], _quotient, return_dtype=polars_type(dtype), is_elementwise=True)


def _quotient(sides: Any) -> pl.Series:
    left, right = (side.to_numpy() for side in sides)
    with np.errstate(all="ignore"):
        return pl.Series(np.true_divide(left, right))


def _with_gaps(name: str, left: Operand, right: Operand) -> Column:
    """Compute with short integers of which some may be missing: the same integers or floats, if none is too long."""
    columns = columns_of(left, right)
    kinds = [side.dtype if isinstance(side, Column) else side for side in (left, right)]
    if name not in ("add", "sub", "mul") or not all(isinstance(side, Column | int) for side in (left, right)):
        raise NotColumnar("integers with gaps after a join")
    dtype: Any = np.result_type(*cast("Any", kinds))
    if any(column.dtype.itemsize > 4 for column in columns) or not is_plain(dtype, "iu") or dtype.itemsize != 4:
        raise NotColumnar("integers with gaps after a join")
    wide = np.dtype("int64")
    expr = ARITHMETIC[name](_as(left, wide), _as(right, wide)).cast(polars_type(dtype), strict=True)
    gapped = frozenset[Attached]().union(*(column.gapped for column in columns))
    return replace(derived(expr, dtype, *columns), gaps=True, gapped=gapped)


def compared(name: str, left: Operand, right: Operand) -> Column:
    """Compare two columns, or a column and a constant; what is missing is not equal to anything.

    Raises
    ------
    NotColumnar
        If they are of different kinds.
    """
    columns = columns_of(left, right)
    if _is_number(left) and _is_number(right):
        left, right = _numbers(left, right)
    elif not ((_is_text(left) and _is_text(right)) or (_is_bool(left) and _is_bool(right) and name in ("eq", "ne"))):
        left, right = _times(left, right)
    else:
        refuse_gaps(*columns)
    expr = COMPARISONS[name](*(side.valid if isinstance(side, Column) else _constant(side) for side in (left, right)))
    if not any(may_lack(column.dtype) or column.gaps for column in columns):
        return derived(expr, BOOL, *columns)
    return truth(expr, *columns, missing=name == "ne")


def truth(expr: pl.Expr, *of: Column, missing: bool = False) -> Column:
    """Make booleans of an expression that is null where something is missing.

    Parameters
    ----------
    expr
        Gives the booleans.
    of
        What they are made of.
    missing
        What stands for null.
    """
    found = derived(expr.fill_null(missing), BOOL, *of)
    return found if missing else masked(found, expr)


def masked(column: Column, mask: pl.Expr) -> Column:
    """Give booleans with an expression that is as good for a filter."""
    return Column(column.expr, BOOL, attached=column.attached, running=column.running, mask=mask)


def logical(name: str, left: Operand, right: Operand) -> Column:
    """Combine booleans.

    Raises
    ------
    NotColumnar
        If they are something else.
    """
    columns = columns_of(left, right)
    refuse_gaps(*columns)
    if not (_is_bool(left) and _is_bool(right)):
        raise NotColumnar("& of other than booleans")
    function = LOGICAL[name]
    found = derived(function(*(_as(side, BOOL) for side in (left, right))), BOOL, *columns)
    if name == "xor":
        return found
    return masked(found, function(*(side.true if isinstance(side, Column) else pl.lit(side) for side in (left, right))))


def _is_number(side: Operand) -> bool:
    return is_number(side.dtype) if isinstance(side, Column) else type(side) in (int, float)


def _is_float(side: Operand) -> bool:
    return is_plain(side.dtype, "f") if isinstance(side, Column) else isinstance(side, float)


def _is_text(side: Operand) -> bool:
    return is_text(side.dtype) if isinstance(side, Column) else isinstance(side, str)


def _is_bool(side: Operand) -> bool:
    return side.dtype == BOOL if isinstance(side, Column) else isinstance(side, bool)


def _as(side: Operand, dtype: Any) -> pl.Expr:
    return side.as_(dtype) if isinstance(side, Column) else pl.lit(side, polars_type(dtype))


def _constant(value: Any) -> Any:
    return value if isinstance(value, pl.Expr) else pl.lit(value)


def _numbers(left: Operand, right: Operand) -> tuple[Any, Any]:
    """Bring numbers to the type in which numpy compares them."""
    if not (isinstance(left, Column) and isinstance(right, Column)):
        column, constant = (left, right) if isinstance(left, Column) else (right, left)
        assert isinstance(column, Column)
        if is_plain(column.dtype, "iu") and isinstance(constant, int):
            # Integers of any size beside a constant that floats have are in the same order as floats and as integers.
            if column.gaps and abs(constant) >= EXACT:
                raise NotColumnar("integers with gaps after a join")
            return left, right
        if is_plain(column.dtype, "f") and isinstance(constant, int) and abs(constant) > EXACT:
            raise NotColumnar("an integer that no float is equal to")
        dtype = column.dtype if is_plain(column.dtype, "f") else FLOAT
    else:
        dtype = np.result_type(left.dtype, right.dtype)
        if is_plain(dtype, "f") and is_plain(left.dtype, "iu") and is_plain(right.dtype, "iu"):
            raise NotColumnar("signed beside unsigned integers")
        if dtype != FLOAT and any(column.gaps and column.dtype.itemsize > 4 for column in (left, right)):
            raise NotColumnar("integers with gaps after a join")
    return tuple(  # type: ignore[return-value]
        derived(side.as_(dtype), dtype, side) if isinstance(side, Column) else pl.lit(side, polars_type(dtype))
        for side in (left, right)
    )


def _times(left: Operand, right: Operand) -> tuple[Any, Any]:
    """Bring times to one type; pandas takes texts for times here."""
    dtypes = {side.dtype for side in columns_of(left, right)}
    if len(dtypes) != 1:
        raise NotColumnar("a comparison of different kinds")
    (dtype,) = dtypes
    return tuple(side if isinstance(side, Column) else time_constant(side, dtype) for side in (left, right))  # type: ignore[return-value]


def time_constant(value: Any, dtype: Any) -> pl.Expr:
    """Give a point in time or a duration as a constant, as pandas takes it beside a column of times.

    Raises
    ------
    NotColumnar
        If it is none, or finer than the column.
    """
    zone = dtype.tz if isinstance(dtype, pd.DatetimeTZDtype) else None
    if zone is None and not is_plain(dtype, "mM"):
        raise NotColumnar(f"a comparison of {dtype}")
    unit: Any = dtype.unit if isinstance(dtype, pd.DatetimeTZDtype) else np.datetime_data(dtype)[0]
    made: Any = pd.Timedelta if is_plain(dtype, "m") else pd.Timestamp
    if isinstance(value, bool | int | float):
        raise NotColumnar("a number beside times")
    try:
        found = made(value)
        if zone is not None and isinstance(value, str) and found.tz is None:
            found = found.tz_localize(zone)
        found = found.as_unit(unit, round_ok=False)
    except (ValueError, TypeError):
        raise NotColumnar("a constant that is no time of the column's unit") from None
    if found is pd.NaT or (getattr(found, "tz", None) is None) != (zone is None):
        raise NotColumnar("a time zone on one side, or no time")
    count = pl.lit(cast("Any", found.asm8).astype("int64").item()).cast(pl.Int64)
    kind = polars_type(dtype)
    if zone is None:
        return count.cast(kind)
    return count.cast(pl.Datetime(unit)).dt.replace_time_zone("UTC").dt.convert_time_zone(kind.time_zone)
