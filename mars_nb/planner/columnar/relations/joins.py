"""Rows of several relations: side by side, matched, and under one another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

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
from mars_nb.planner.columnar.relations.groups import Grouped, Reduced
from mars_nb.planner.columnar.relations.order import Distinct, Sliced, Sorted
from mars_nb.planner.columnar.relations.rows import Computed, Filtered, Numbered, Widened
from mars_nb.planner.columnar.values import Column


@dataclass(frozen=True, eq=False)
class Marked(Relation):
    """The rows with one more column, which tells whether there is an equal key in another relation (``isin``).

    Attributes
    ----------
    relation
        Which rows.
    name
        Of the column.
    key
        An expression over the rows.
    other, other_key
        The other relation, and an expression over it.
    """

    relation: Relation
    name: str
    key: pl.Expr
    other: Relation
    other_key: pl.Expr

    def __post_init__(self) -> None:
        self._named({self.name, *self.relation.names})

    @property
    def inputs(self) -> tuple[Relation, ...]:
        """Both."""
        return (self.relation, self.other)

    @property
    def narrower(self) -> Relation:
        """The rows."""
        return self.relation

    def require(self, need: Need, needs: Needs) -> None:
        """Need what is needed, and, if the column is, the keys."""
        if self.name not in need.columns:
            needs.add(self.relation, need.columns, need.order)
            return
        needs.add(self.relation, need.columns | set(self.key.meta.root_names()), need.order)
        needs.add(self.other, self.other_key.meta.root_names(), False)

    def lazy(self, need: Need, frames: Frames) -> pl.LazyFrame:
        """Join with the different keys if the column is needed."""
        lazy = frames[self.relation]
        if self.name not in need.columns:
            return lazy
        keys = (
            frames[self.other].select(self.other_key.alias("key")).unique().with_columns(pl.lit(True).alias(self.name))
        )
        order: Any = "left" if need.order else "none"
        found = lazy.join(keys, left_on=self.key, right_on="key", how="left", nulls_equal=True, maintain_order=order)
        return found.select(
            pl.col(self.name).fill_null(False) if name == self.name else name for name in sorted(need.columns)
        )


@dataclass(frozen=True, eq=False)
class Matched(Relation):
    """Rows that are marked, or that are not.

    Attributes
    ----------
    relation
        Which rows.
    mark
        What marks them.
    matched
        Whether those that are marked stay.
    """

    relation: Relation
    mark: Marked
    matched: bool = True

    def __post_init__(self) -> None:
        self._named(self.relation.names)

    @property
    def inputs(self) -> tuple[Relation, ...]:
        """The rows, and those of the other keys."""
        return (self.relation, self.mark.other)

    def require(self, need: Need, needs: Needs) -> None:
        """Need what is needed, and the keys."""
        needs.add(self.relation, need.columns | set(self.mark.key.meta.root_names()), need.order)
        needs.add(self.mark.other, self.mark.other_key.meta.root_names(), False)

    def lazy(self, need: Need, frames: Frames) -> pl.LazyFrame:
        """Join for the sake of the rows."""
        return (
            frames[self.relation]
            .join(
                frames[self.mark.other].select(self.mark.other_key.alias("key")),
                left_on=self.mark.key,
                right_on="key",
                how="semi" if self.matched else "anti",
                nulls_equal=True,
                maintain_order="left" if need.order else "none",
            )
            .select(sorted(need.columns))
        )


@dataclass(frozen=True, eq=False)
class Joined(Relation):
    """Rows of two relations side by side where their keys are equal, missing ones among them.

    Attributes
    ----------
    left, right
        Both have columns of different names.
    on
        Pairs of columns that must be equal.
    how
        Which rows without a partner stay.
    order
        Whose order the rows have; pandas's is that of the left side, then of the right one, but for a right join.
    full
        Whether no key is missing.
    """

    left: Relation
    right: Relation
    on: tuple[tuple[str, str], ...]
    how: Literal["inner", "left", "right", "full", "cross"]
    order: Literal["left_right", "right_left", "none"] = "left_right"
    full: bool = False

    def __post_init__(self) -> None:
        self._named(self.left.names | self.right.names)

    @property
    def inputs(self) -> tuple[Relation, ...]:
        """Both."""
        return (self.left, self.right)

    @property
    def _keys(self) -> tuple[list[str], list[str]]:
        return [left for left, _ in self.on], [right for _, right in self.on]

    def _ordered(self, need: Need) -> Any:
        """Tell the sides whose order matters; that of the second one does only where keys come more than once."""
        if not need.order or self.order == "none":
            return "none"
        second, keys = (self.left, self._keys[0]) if self.order == "right_left" else (self.right, self._keys[1])
        if self.how in ("cross", "full") or not has_unique(second, set(keys)):
            return self.order
        return self.order.split("_")[0]

    def _matched(self, need: Need) -> tuple[Relation, list[str]] | None:
        """Give rows with all keys of the right side, if it has each but once and nothing is needed but that it has."""
        if self.how != "inner" or need.columns & self.right.names:
            return None
        relation, names = self.right, self._keys[1]
        while isinstance(relation, Computed):
            exprs = [relation.columns[name].expr for name in names]
            if not all(expr.meta.is_column() for expr in exprs):
                return None
            relation, names = relation.relation, [expr.meta.output_name() for expr in exprs]
        if isinstance(relation, Distinct) and relation.keep != "none" and set(relation.by) == set(names):
            return relation.relation, names
        return None

    def sides(self, need: Need) -> tuple[Relation, Relation]:
        """Give what is joined: the left side, and the right one or what has all its keys."""
        matched = self._matched(need)
        return self.left, self.right if matched is None else matched[0]

    def require(self, need: Need, needs: Needs) -> None:
        """Need what is needed, and the keys."""
        order = self._ordered(need)
        left, right = self._keys
        needs.add(self.left, need.columns | set(left), "left" in order)
        matched = self._matched(need)
        if matched is None:
            needs.add(self.right, need.columns | set(right), "right" in order)
        else:
            needs.add(*matched, False)

    def lazy(self, need: Need, frames: Frames) -> pl.LazyFrame:
        """Join; for the sake of the rows alone where that will do."""
        order = self._ordered(need)
        matched = self._matched(need)
        if self.how == "cross":
            return frames[self.left].join(frames[self.right], how="cross", maintain_order=order)
        right, keys = (self.right, self._keys[1]) if matched is None else matched
        return frames[self.left].join(
            frames[right] if matched is None else frames[right].select(keys),
            left_on=self._keys[0],
            right_on=keys,
            how=self.how if matched is None else "semi",
            nulls_equal=not self.full,
            coalesce=None if matched else False,
            maintain_order=order,
        )


@dataclass(frozen=True, eq=False)
class Stacked(Relation):
    """Rows of several relations, one after the other.

    Attributes
    ----------
    relations
        All have columns of the same types.
    columns
        For each name, those of the relations that are put under each other.
    """

    relations: tuple[Relation, ...]
    columns: Mapping[str, tuple[Column, ...]]

    def __post_init__(self) -> None:
        self._named(self.columns)

    @property
    def inputs(self) -> tuple[Relation, ...]:
        """All."""
        return (*self.relations, *related(column for each in self.columns.values() for column in each))

    def require(self, need: Need, needs: Needs) -> None:
        """Need the same of each."""
        for i, relation in enumerate(self.relations):
            wanted = [columns[i] for name, columns in self.columns.items() if name in need.columns]
            needs.add(relation, roots_of(wanted), need.order)
            needs.attach(wanted)

    def lazy(self, need: Need, frames: Frames) -> pl.LazyFrame:
        """Put them under each other."""
        parts = []
        for i, relation in enumerate(self.relations):
            wanted = {name: columns[i] for name, columns in self.columns.items() if name in need.columns}
            lazy = beside(frames[relation], wanted.values(), frames)
            parts.append(lazy.select(column.expr.alias(name) for name, column in sorted(wanted.items())))
        return pl.concat(parts, how="vertical")


def marks(relation: Relation) -> Iterator[Marked]:
    """List what marks the rows of a relation."""
    above: Relation | None = relation
    while above is not None:
        if isinstance(above, Marked):
            yield above
        above = above.narrower


def has_unique(relation: Relation, names: set[str]) -> bool:
    """Tell whether surely no two rows are equal in these columns."""
    while True:
        match relation:
            case Reduced():
                return True
            case Grouped():
                return set(relation.keys) <= names
            case Distinct() if set(relation.by) <= names:
                return True
            case Computed():
                exprs = (relation.columns[name].expr for name in names)
                names = {expr.meta.output_name() for expr in exprs if expr.meta.is_column()}
                relation = relation.relation
            case Numbered() | Widened() | Filtered() | Marked() | Matched() | Sorted() | Sliced() | Distinct():
                relation = relation.relation
            case _:
                return False
