"""Rows as they come, and what is computed or chosen row by row."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from mars_nb.planner.columnar.relations.base import (
    Frames,
    Need,
    Needs,
    Relation,
    attached_of,
    beside,
    related,
    roots_of,
)
from mars_nb.planner.columnar.values import Column


@dataclass(frozen=True, eq=False)
class Input(Relation):
    """Rows that come from elsewhere: of a file, or of chunks.

    Attributes
    ----------
    number
        Which of the inputs of the plan.
    kinds
        Polars type of each column, by name.
    rows
        About how many, None if that is not known.
    nbytes
        About how many bytes they have in all, None if that is not known.
    file
        What scans a file, given the names of the columns that are needed, and one for the numbers of the rows or None;
        None for chunks.
    numbered
        Whether the rows of chunks must turn out to be numbered from 0.
    """

    number: int
    kinds: Mapping[str, Any]
    rows: int | None = None
    nbytes: int | None = None
    file: Callable[[Sequence[str], str | None], pl.LazyFrame] | None = None
    numbered: bool = False

    def __post_init__(self) -> None:
        self._named(self.kinds)

    @property
    def inputs(self) -> tuple[Relation, ...]:
        """None."""
        return ()

    def require(self, need: Need, needs: Needs) -> None:
        """Need nothing."""

    def lazy(self, need: Need, frames: Frames) -> pl.LazyFrame:
        """Scan the file; those of chunks are given beforehand."""
        if self in frames:
            return frames[self]
        assert self.file is not None
        return self.file(sorted(need.columns), None)


@dataclass(frozen=True, eq=False)
class Computed(Relation):
    """Columns computed row by row, or by functions that go over all rows.

    Attributes
    ----------
    relation
        Of which rows.
    columns
        What is computed, by name.
    order
        Whether what is computed depends on the order of rows.
    """

    relation: Relation
    columns: Mapping[str, Column]
    order: bool = False

    def __post_init__(self) -> None:
        self._named(self.columns)

    @property
    def inputs(self) -> tuple[Relation, ...]:
        """The rows, and what is attached."""
        return (self.relation, *related(self.columns.values()))

    def _wanted(self, need: Need) -> dict[str, Column]:
        return {name: column for name, column in self.columns.items() if name in need.columns}

    def require(self, need: Need, needs: Needs) -> None:
        """Need what the needed columns look at."""
        wanted = self._wanted(need).values()
        needs.add(self.relation, roots_of(wanted), need.order or self.order)
        needs.attach(wanted)

    def lazy(self, need: Need, frames: Frames) -> pl.LazyFrame:
        """Select the expressions."""
        wanted = self._wanted(need)
        lazy = beside(frames[self.relation], wanted.values(), frames)
        return lazy.select(column.expr.alias(name) for name, column in wanted.items())


@dataclass(frozen=True, eq=False)
class Widened(Relation):
    """The rows with more columns beside: of other rows, or the same for all.

    Attributes
    ----------
    relation
        Which rows.
    columns
        What is computed, by name.
    """

    relation: Relation
    columns: Mapping[str, Column]

    def __post_init__(self) -> None:
        self._named({*self.columns, *self.relation.names})

    @property
    def inputs(self) -> tuple[Relation, ...]:
        """The rows, and what is attached."""
        return (self.relation, *related(self.columns.values()))

    @property
    def narrower(self) -> Relation:
        """The rows."""
        return self.relation

    def _wanted(self, need: Need) -> dict[str, Column]:
        return {name: column for name, column in self.columns.items() if name in need.columns}

    def require(self, need: Need, needs: Needs) -> None:
        """Need what is needed besides, and what the needed columns look at, in order if they look at other rows."""
        wanted = self._wanted(need)
        order = need.order or any(column.running for column in wanted.values())
        needs.add(self.relation, (need.columns - set(wanted)) | roots_of(wanted.values()), order)
        needs.attach(wanted.values())

    def lazy(self, need: Need, frames: Frames) -> pl.LazyFrame:
        """Compute the columns that are needed."""
        wanted = self._wanted(need)
        lazy = beside(frames[self.relation], wanted.values(), frames)
        found = lazy.with_columns(column.expr.alias(name) for name, column in wanted.items())
        return found.select(sorted(need.columns)) if attached_of(wanted.values()) else found


@dataclass(frozen=True, eq=False)
class Numbered(Relation):
    """The rows with their numbers as one more column.

    Attributes
    ----------
    relation
        Which rows.
    name
        Of the column.
    """

    relation: Relation
    name: str

    def __post_init__(self) -> None:
        self._named({self.name, *self.relation.names})

    @property
    def inputs(self) -> tuple[Relation, ...]:
        """The rows."""
        return (self.relation,)

    @property
    def narrower(self) -> Relation:
        """The rows."""
        return self.relation

    def require(self, need: Need, needs: Needs) -> None:
        """Need what is needed, in order if the numbers are."""
        needs.add(self.relation, need.columns, need.order or self.name in need.columns)

    def lazy(self, need: Need, frames: Frames) -> pl.LazyFrame:
        """Count the rows if that is needed."""
        lazy = frames[self.relation]
        if self.name not in need.columns:
            return lazy
        return lazy.with_row_index(self.name).with_columns(pl.col(self.name).cast(pl.Int64))


@dataclass(frozen=True, eq=False)
class Filtered(Relation):
    """Rows for which a boolean column is true.

    Attributes
    ----------
    relation
        Which rows.
    mask
        The column; where it is missing it is not true.
    """

    relation: Relation
    mask: Column

    def __post_init__(self) -> None:
        self._named(self.relation.names)

    @property
    def inputs(self) -> tuple[Relation, ...]:
        """The rows, and what is attached."""
        return (self.relation, *related([self.mask]))

    def require(self, need: Need, needs: Needs) -> None:
        """Need what is needed, and what the mask looks at."""
        needs.add(self.relation, need.columns | self.mask.roots, need.order or self.mask.running)
        needs.attach([self.mask])

    def lazy(self, need: Need, frames: Frames) -> pl.LazyFrame:
        """Filter."""
        lazy = beside(frames[self.relation], [self.mask], frames).filter(self.mask.true)
        return lazy.select(sorted(need.columns)) if self.mask.attached else lazy
