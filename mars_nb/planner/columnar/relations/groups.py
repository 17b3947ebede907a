"""One row for each group, or for all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import polars as pl

from mars_nb.planner.columnar.relations.base import (
    Frames,
    Need,
    Needs,
    Relation,
    beside,
    related,
    roots_of,
)
from mars_nb.planner.columnar.values import Column


@dataclass(frozen=True, eq=False)
class Grouped(Relation):
    """One row for each group of equal keys.

    Attributes
    ----------
    relation
        Which rows.
    keys
        Columns by name.
    values
        Aggregations by name: expressions that give one value of a group.
    order
        In which order the groups come: by their keys, as they are first met, or in any.
    first
        Whether an aggregation depends on the order of rows.
    """

    relation: Relation
    keys: Mapping[str, Column]
    values: Mapping[str, Column]
    order: Literal["keys", "met", "any"] = "keys"
    first: bool = False

    def __post_init__(self) -> None:
        self._named([*self.keys, *self.values])

    @property
    def inputs(self) -> tuple[Relation, ...]:
        """The rows, and what is attached."""
        return (self.relation, *related([*self.keys.values(), *self.values.values()]))

    def require(self, need: Need, needs: Needs) -> None:
        """Need the keys, and what the needed aggregations look at."""
        wanted = [*self.keys.values(), *(c for name, c in self.values.items() if name in need.columns)]
        needs.add(self.relation, roots_of(wanted), self.first or (need.order and self.order == "met"))
        needs.attach(wanted)

    def lazy(self, need: Need, frames: Frames) -> pl.LazyFrame:
        """Group, and sort the groups."""
        values = {name: column for name, column in self.values.items() if name in need.columns}
        lazy = beside(frames[self.relation], [*self.keys.values(), *values.values()], frames)
        met = need.order and self.order == "met"
        found = lazy.group_by([column.valid.alias(name) for name, column in self.keys.items()], maintain_order=met).agg(
            column.expr.alias(name) for name, column in values.items()
        )
        if need.order and self.order == "keys":
            found = found.sort(list(self.keys), nulls_last=True)
        return found


@dataclass(frozen=True, eq=False)
class Reduced(Relation):
    """One row of aggregations of all rows.

    Attributes
    ----------
    relation
        Which rows.
    values
        See `Grouped`.
    first
        Whether an aggregation depends on the order of rows.
    """

    relation: Relation
    values: Mapping[str, Column]
    first: bool = False

    def __post_init__(self) -> None:
        self._named(self.values)

    @property
    def inputs(self) -> tuple[Relation, ...]:
        """The rows, and what is attached."""
        return (self.relation, *related(self.values.values()))

    def require(self, need: Need, needs: Needs) -> None:
        """Need what the needed aggregations look at."""
        wanted = [column for name, column in self.values.items() if name in need.columns]
        needs.add(self.relation, roots_of(wanted), self.first)
        needs.attach(wanted)

    def lazy(self, need: Need, frames: Frames) -> pl.LazyFrame:
        """Select the aggregations."""
        values = {name: column for name, column in self.values.items() if name in need.columns}
        lazy = beside(frames[self.relation], values.values(), frames)
        return lazy.select(column.expr.alias(name) for name, column in values.items())
