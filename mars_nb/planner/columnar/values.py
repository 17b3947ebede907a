"""What a recorded operation is in a columnar plan: a frame, a series or a scalar, as expressions over a relation."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import polars as pl

from mars_nb.planner.columnar.dtypes import is_plain, polars_type

if TYPE_CHECKING:
    from mars_nb.planner.columnar.relations import Relation


#: Columns that an expression may look at, one counted as often as it comes.
LONG = 64
#: Stands for a column that stays behind: Polars has nothing that means the same.
FOREIGN = "c-"


class NotColumnar(Exception):
    """An operation that does not mean the same in the columnar engine; the text says why, in a few words."""


@dataclass(frozen=True, slots=True)
class Attached:
    """A column of another relation that expressions look at: the one row of a reduction.

    Attributes
    ----------
    relation
        Of one row.
    name
        Of its column; no other relation has a column of that name.
    """

    relation: Relation
    name: str


@dataclass(frozen=True, eq=False)
class Column:
    """A column: an expression over the columns of a relation.

    Attributes
    ----------
    expr
        Gives the values, with null for what is missing.
    dtype
        That pandas gives it.
    gaps
        Whether integers or booleans may be missing after an outer join: then pandas has floats or objects.
    nan
        Whether floats may be NaN, which is missing, too; see `valid`.
    attached
        What the expression looks at besides.
    running
        Whether values depend on the other rows, such as of a running total: not to be moved past a filter.
    mask
        Of booleans, an expression that is as good for a filter: missing may stand for false.
    gapped
        What tells whether there were gaps, in rows that may be left out by now.
    narrow
        Of integers, the dtype that pandas gives them if it holds them all; `gaps` is true then, too.
    """

    expr: pl.Expr
    dtype: Any
    gaps: bool = False
    nan: bool = False
    attached: frozenset[Attached] = frozenset()
    running: bool = False
    mask: pl.Expr | None = None
    gapped: frozenset[Attached] = frozenset()
    narrow: Any = None

    @property
    def foreign(self) -> bool:
        """Whether it stays behind: it may be passed on, and not looked at."""
        return FOREIGN in self.expr.meta.root_names()

    @property
    def long(self) -> bool:
        """Whether it is better computed before more is made of it: expressions that come twice in others double."""
        return len(self.expr.meta.root_names()) > LONG

    @property
    def valid(self) -> pl.Expr:
        """The expression with null in place of NaN, for whatever tells missing values from others."""
        return self.expr.fill_nan(None) if self.nan else self.expr

    @property
    def kind(self) -> Any:
        """The Polars type of the expression."""
        return polars_type(self.dtype)

    @property
    def roots(self) -> set[str]:
        """Names of the columns that the expression looks at, of the relation and of what is attached."""
        return set(self.expr.meta.root_names())

    @property
    def true(self) -> pl.Expr:
        """The expression as a filter wants it."""
        return self.expr if self.mask is None else self.mask

    def as_(self, dtype: Any) -> pl.Expr:
        """Give the expression as another dtype, as numpy converts it."""
        if dtype == self.dtype:
            return self.expr
        kind = polars_type(dtype)
        if kind is None:
            raise NotColumnar(f"dtype {dtype}")
        return self.expr.cast(kind, strict=False) if is_plain(dtype, "f") else self.expr.cast(kind)


def derived(expr: pl.Expr, dtype: Any, *of: Column, nan: bool | None = None) -> Column:
    """Make a column of others, row by row.

    Parameters
    ----------
    expr, dtype
        Of the new one; no values are missing that need a dtype of their own.
    of
        What it is made of.
    nan
        See `Column`; whether one of the others may have NaN if not given.
    """
    return Column(
        expr,
        dtype,
        nan=is_plain(dtype, "f") and (any(column.nan for column in of) if nan is None else nan),
        attached=frozenset().union(*(column.attached for column in of)),
        running=any(column.running for column in of),
    )


@dataclass(frozen=True, slots=True)
class Level:
    """A level of an index.

    Attributes
    ----------
    name
        Of the level.
    column
        Its labels.
    """

    name: Hashable
    column: Column


@dataclass(frozen=True, slots=True)
class Labels:
    """The labels of rows.

    Attributes
    ----------
    levels
        One for each level of the index; none if the rows are numbered from 0 in their order.
    name
        Of an index of numbers.
    """

    levels: tuple[Level, ...] = ()
    name: Hashable = None

    @property
    def numbered(self) -> bool:
        """Whether the rows are numbered from 0."""
        return not self.levels


@dataclass(frozen=True, eq=False)
class Frame:
    """A data frame.

    Attributes
    ----------
    relation
        Whose rows it has.
    names
        Labels of the columns, as pandas has them.
    columns
        One for each name.
    labels
        Of the rows.
    """

    relation: Relation
    names: pd.Index[Any]
    columns: tuple[Column, ...]
    labels: Labels = field(default_factory=Labels)

    def place(self, name: Hashable) -> int:
        """Give the position of a column by its label.

        Raises
        ------
        NotColumnar
            If there is no such column, or several.
        """
        try:
            place = self.names.get_loc(name)
        except (KeyError, TypeError):
            place = None
        if not isinstance(place, int):
            raise NotColumnar(f"no single column {name!r}")
        return place

    def column(self, name: Hashable) -> Column:
        """Give a column by its label; see `place`."""
        return _seen(self.columns[self.place(name)])

    def select(self, places: list[int]) -> Frame:
        """Give some of the columns, by position."""
        return replace(self, names=self.names[places], columns=tuple(self.columns[i] for i in places))

    def series(self, place: int) -> Series:
        """Give a column as a series, by position."""
        return Series(self.relation, self.names[place], _seen(self.columns[place]), self.labels)

    def each(self, change: Callable[[Column], Column]) -> Frame:
        """Give the frame with all columns changed, row by row."""
        return replace(self, columns=tuple(change(column) for column in self.columns))


def foreign(dtype: Any) -> Column:
    """Make a column that stays behind."""
    return Column(pl.col(FOREIGN), dtype)


def _seen(column: Column) -> Column:
    """Give a column that is looked at."""
    if column.foreign:
        known = polars_type(column.dtype) is not None
        raise NotColumnar(f"{column.dtype} that may lack values" if known else f"dtype {column.dtype}")
    return column


@dataclass(frozen=True, eq=False)
class Series:
    """A series; see `Frame`."""

    relation: Relation
    name: Hashable
    column: Column
    labels: Labels = field(default_factory=Labels)

    def with_column(self, column: Column) -> Series:
        """Give a series of the same rows."""
        return replace(self, column=column)

    @property
    def columns(self) -> tuple[Column, ...]:
        """The column, as the only one."""
        return (self.column,)

    def each(self, change: Callable[[Column], Column]) -> Series:
        """Give the series with its column changed, row by row."""
        return replace(self, column=change(self.column))


@dataclass(frozen=True, eq=False)
class Array(Series):
    """An array of numpy that has an item for each of some rows; no answer, but it may become a column."""


@dataclass(frozen=True, eq=False)
class Scalar:
    """The one value of a reduction: a column of a relation of one row.

    Attributes
    ----------
    relation, column
        The relation and its column.
    native
        Whether it is a number of Python, not of numpy.
    """

    relation: Relation
    column: Column
    native: bool = False

    @property
    def columns(self) -> tuple[Column, ...]:
        """The column, as the only one."""
        return (self.column,)


@dataclass(frozen=True, eq=False)
class Summary:
    """A series or frame of aggregations, each a column of a relation of one row.

    Attributes
    ----------
    relation
        Of one row.
    columns
        Of the relation.
    places
        For each, where it stands, counted column by column; elsewhere nothing is.
    sample
        Has the labels and dtypes.
    """

    relation: Relation
    columns: tuple[Column, ...]
    places: tuple[int, ...]
    sample: Any


@dataclass(frozen=True, eq=False)
class Items:
    """The different values of a series, in an array of numpy or pandas: a column of a relation."""

    relation: Relation
    column: Column

    @property
    def columns(self) -> tuple[Column, ...]:
        """The column, as the only one."""
        return (self.column,)


Rows = Frame | Series
Value = Frame | Series | Scalar | Summary | Items


def literal(value: Any) -> Any:
    """Give a number, text, boolean or time that an expression may have as a constant.

    Raises
    ------
    NotColumnar
        For anything else, and for what is missing.
    """
    if isinstance(value, np.generic):
        value = value.item() if value.dtype.kind in "biufU" else _point(value)
    if isinstance(value, dt.datetime | dt.timedelta):
        value = _point(value)
    if isinstance(value, bool | int | float | str | pd.Timestamp | pd.Timedelta) and value == value:
        return value
    raise NotColumnar(f"a constant of type {type(value).__name__}")


def _point(value: Any) -> Any:
    """Give a point in time or a duration as pandas has it."""
    kind = value.dtype.kind if isinstance(value, np.generic) else ""
    if kind == "m" or isinstance(value, dt.timedelta):
        return pd.Timedelta(value)
    return pd.Timestamp(value) if kind == "M" or isinstance(value, dt.datetime) else value
