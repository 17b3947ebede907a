"""Rows in another order, by position, and one of those that are equal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

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
class Sorted(Relation):
    """Rows in the order of columns; equal ones stay in the order that they have.

    Attributes
    ----------
    relation
        Which rows.
    by
        Columns.
    descending
        For each, whether the largest come first.
    nulls_last
        Whether missing values come last, of all or of each.
    """

    relation: Relation
    by: tuple[Column, ...]
    descending: tuple[bool, ...]
    nulls_last: bool | tuple[bool, ...] = True

    def __post_init__(self) -> None:
        self._named(self.relation.names)

    @property
    def inputs(self) -> tuple[Relation, ...]:
        """The rows, and what is attached."""
        return (self.relation, *related(self.by))

    def require(self, need: Need, needs: Needs) -> None:
        """Need what is needed, and, if the order matters, what tells it."""
        needs.add(self.relation, need.columns | (roots_of(self.by) if need.order else set()), need.order)
        if need.order:
            needs.attach(self.by)

    def lazy(self, need: Need, frames: Frames) -> pl.LazyFrame:
        """Sort if the order matters."""
        lazy = frames[self.relation]
        if not need.order:
            return lazy
        found = beside(lazy, self.by, frames).sort(
            [column.valid for column in self.by],
            descending=list(self.descending),
            nulls_last=self.nulls_last if isinstance(self.nulls_last, bool) else list(self.nulls_last),
            maintain_order=True,
        )
        return found.select(sorted(need.columns)) if attached_of(self.by) else found


@dataclass(frozen=True, eq=False)
class Sliced(Relation):
    """Some rows by position.

    Attributes
    ----------
    relation
        Which rows.
    start, stop
        As of a slice; from a place counted from the end to one from the beginning there is none.
    """

    relation: Relation
    start: int
    stop: int | None = None

    @property
    def length(self) -> int | None:
        """How many rows there are at the most, None if that depends on all."""
        if self.start < 0:
            return -self.start
        return None if self.stop is None or self.stop < 0 else max(0, self.stop - self.start)

    def __post_init__(self) -> None:
        self._named(self.relation.names)

    @property
    def inputs(self) -> tuple[Relation, ...]:
        """The rows."""
        return (self.relation,)

    def require(self, need: Need, needs: Needs) -> None:
        """Need what is needed, in order."""
        needs.add(self.relation, need.columns, True)

    def lazy(self, need: Need, frames: Frames) -> pl.LazyFrame:
        """Slice."""
        lazy = frames[self.relation]
        lazy = lazy.tail(-self.start) if self.start < 0 else lazy.slice(self.start, self.length)
        if self.stop is None or self.stop >= 0:
            return lazy
        return lazy.filter(pl.int_range(pl.len()) < pl.len() + self.stop)


@dataclass(frozen=True, eq=False)
class Distinct(Relation):
    """One row of those that are equal.

    Attributes
    ----------
    relation
        Which rows.
    by
        Names of the columns that must be equal.
    keep
        Which of them, or none of several.
    """

    relation: Relation
    by: tuple[str, ...]
    keep: Literal["first", "last", "none"] = "first"

    def __post_init__(self) -> None:
        self._named(self.relation.names)

    @property
    def inputs(self) -> tuple[Relation, ...]:
        """The rows."""
        return (self.relation,)

    def _any(self, need: Need) -> bool:
        return self.keep != "none" and not need.order and need.columns <= set(self.by)

    def require(self, need: Need, needs: Needs) -> None:
        """Need what tells equal ones besides; in order if it matters which one is kept."""
        needs.add(self.relation, need.columns | set(self.by), not self._any(need))

    def lazy(self, need: Need, frames: Frames) -> pl.LazyFrame:
        """Keep one of each."""
        keep: Any = "any" if self._any(need) else self.keep
        return frames[self.relation].unique(list(self.by), keep=keep, maintain_order=need.order)
