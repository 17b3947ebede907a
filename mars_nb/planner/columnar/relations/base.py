"""What relations are, what is needed of them, and how they become lazy frames of Polars."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl

from mars_nb.planner.columnar.values import FOREIGN, Attached, Column, NotColumnar


@dataclass
class Need:
    """What is needed of a relation.

    Attributes
    ----------
    columns
        Names.
    order
        Whether the rows must come in their order.
    """

    columns: set[str] = field(default_factory=set)
    order: bool = False


class Needs(dict["Relation", Need]):
    """What is needed of each relation; consumers say it before their inputs are asked."""

    def add(self, relation: Relation, columns: Iterable[str], order: bool) -> None:
        """Add to what is needed of a relation.

        Raises
        ------
        NotColumnar
            If it is a column that stays behind.
        """
        need = self.setdefault(relation, Need())
        for name in columns:
            if name in relation.names:
                need.columns.add(name)
            elif name == FOREIGN:
                raise NotColumnar("columns that Polars has no type for")
        need.order |= order

    def attach(self, columns: Iterable[Column]) -> None:
        """Need what columns look at besides their own relation."""
        for attached in attached_of(columns):
            self.add(attached.relation, [attached.name], False)


Frames = Mapping["Relation", pl.LazyFrame]


@dataclass(frozen=True, eq=False)
class Relation(ABC):
    """Rows of columns; see the module.

    Attributes
    ----------
    names
        Of the columns.
    """

    names: frozenset[str] = field(init=False, default=frozenset())

    @property
    @abstractmethod
    def inputs(self) -> tuple[Relation, ...]:
        """What it is made of, what is attached among it."""

    @property
    def narrower(self) -> Relation | None:
        """The relation of the same rows to which this one adds columns, None if it is made in another way."""
        return None

    @abstractmethod
    def require(self, need: Need, needs: Needs) -> None:
        """Say what is needed of the inputs."""

    @abstractmethod
    def lazy(self, need: Need, frames: Frames) -> pl.LazyFrame:
        """Give the lazy frame, those of the inputs given."""

    def _named(self, names: Iterable[str]) -> None:
        object.__setattr__(self, "names", frozenset(names))


def attached_of(columns: Iterable[Column]) -> list[Attached]:
    """List what columns look at besides, in order of the names."""
    return sorted({a for column in columns for a in column.attached}, key=lambda attached: attached.name)


def related(columns: Iterable[Column]) -> tuple[Relation, ...]:
    """List the relations of what columns look at besides."""
    return tuple(dict.fromkeys(attached.relation for attached in attached_of(columns)))


def beside(lazy: pl.LazyFrame, columns: Iterable[Column], frames: Frames) -> pl.LazyFrame:
    """Put what columns look at besides into the rows."""
    by_relation: dict[Relation, list[str]] = {}
    for attached in attached_of(columns):
        by_relation.setdefault(attached.relation, []).append(attached.name)
    for relation, names in by_relation.items():
        lazy = lazy.join(frames[relation].select(names), how="cross", maintain_order="left")
    return lazy


def roots_of(columns: Iterable[Column]) -> set[str]:
    """Name the columns that columns are computed from."""
    return set().union(*(column.roots for column in columns))


def narrowest(relation: Relation) -> Relation:
    """Give the relation of the same rows from which one was made by adding columns."""
    while (narrower := relation.narrower) is not None:
        relation = narrower
    return relation


def in_order(targets: Sequence[Relation]) -> list[Relation]:
    """List relations and all that they are made of, inputs first."""
    done: dict[Relation, None] = {}
    stack = list(reversed(targets))
    while stack:
        missing = [relation for relation in stack[-1].inputs if relation not in done]
        if stack[-1] in done or not missing:
            done.setdefault(stack.pop())
        else:
            stack += reversed(missing)
    return list(done)


def needed(targets: Mapping[Relation, Need]) -> Needs:
    """Tell what is needed of each relation for what is needed of some."""
    needs = Needs()
    for relation, need in targets.items():
        needs.add(relation, need.columns, need.order)
    for relation in reversed(in_order(list(targets))):
        own = needs.get(relation)  # None of what only columns look at that nobody needs
        if own is not None:
            own.columns = own.columns or {min(relation.names)}  # rows without columns have no number
            relation.require(own, needs)
    return needs


def lazy_frames(needs: Needs, given: Frames) -> dict[Relation, pl.LazyFrame]:
    """Make a lazy frame of each relation.

    Parameters
    ----------
    needs
        What is needed of each.
    given
        Those of inputs that are there.
    """
    frames = dict(given)
    for relation in in_order(list(needs)):
        if relation in needs and relation not in frames:
            frames[relation] = relation.lazy(needs[relation], frames)
    return frames
