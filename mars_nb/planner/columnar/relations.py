"""Relations: what a columnar plan computes, as a graph of a few kinds of steps, each of which Polars has.

No two relations of a plan have columns of the same name, but that a step which only chooses rows keeps those of its
input. A relation says what it needs of its inputs for what is needed of it (which columns, and whether the order of
rows matters), and with that, inputs first, makes a lazy frame of Polars.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import polars as pl

from mars_nb.planner.columnar.values import FOREIGN, Attached, Column, NotColumnar

How = Literal["inner", "left", "right", "full", "semi", "anti", "cross"]


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
        for attached in _attached(columns):
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


def _attached(columns: Iterable[Column]) -> list[Attached]:
    return sorted({a for column in columns for a in column.attached}, key=lambda attached: attached.name)


def _relations(columns: Iterable[Column]) -> tuple[Relation, ...]:
    return tuple(dict.fromkeys(attached.relation for attached in _attached(columns)))


def _beside(lazy: pl.LazyFrame, columns: Iterable[Column], frames: Frames) -> pl.LazyFrame:
    """Put what columns look at besides into the rows."""
    by_relation: dict[Relation, list[str]] = {}
    for attached in _attached(columns):
        by_relation.setdefault(attached.relation, []).append(attached.name)
    for relation, names in by_relation.items():
        lazy = lazy.join(frames[relation].select(names), how="cross", maintain_order="left")
    return lazy


def _roots(columns: Iterable[Column]) -> set[str]:
    return set().union(*(column.roots for column in columns))


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
        return (self.relation, *_relations(self.columns.values()))

    def _wanted(self, need: Need) -> dict[str, Column]:
        return {name: column for name, column in self.columns.items() if name in need.columns}

    def require(self, need: Need, needs: Needs) -> None:
        """Need what the needed columns look at."""
        wanted = self._wanted(need).values()
        needs.add(self.relation, _roots(wanted), need.order or self.order)
        needs.attach(wanted)

    def lazy(self, need: Need, frames: Frames) -> pl.LazyFrame:
        """Select the expressions."""
        wanted = self._wanted(need)
        lazy = _beside(frames[self.relation], wanted.values(), frames)
        return lazy.select(column.expr.alias(name) for name, column in wanted.items())


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
class Widened(Relation):
    """The rows with more columns beside, computed of other rows.

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
        return (self.relation, *_relations(self.columns.values()))

    @property
    def narrower(self) -> Relation:
        """The rows."""
        return self.relation

    def _wanted(self, need: Need) -> dict[str, Column]:
        return {name: column for name, column in self.columns.items() if name in need.columns}

    def require(self, need: Need, needs: Needs) -> None:
        """Need what is needed besides, and what the needed columns look at, in order."""
        wanted = self._wanted(need)
        needs.add(self.relation, (need.columns - set(wanted)) | _roots(wanted.values()), need.order or bool(wanted))
        needs.attach(wanted.values())

    def lazy(self, need: Need, frames: Frames) -> pl.LazyFrame:
        """Compute the columns that are needed."""
        wanted = self._wanted(need)
        lazy = _beside(frames[self.relation], wanted.values(), frames)
        found = lazy.with_columns(column.expr.alias(name) for name, column in wanted.items())
        return found.select(sorted(need.columns)) if _attached(wanted.values()) else found


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
        return (self.relation, *_relations([self.mask]))

    def require(self, need: Need, needs: Needs) -> None:
        """Need what is needed, and what the mask looks at."""
        needs.add(self.relation, need.columns | self.mask.roots, need.order or self.mask.running)
        needs.attach([self.mask])

    def lazy(self, need: Need, frames: Frames) -> pl.LazyFrame:
        """Filter."""
        lazy = _beside(frames[self.relation], [self.mask], frames).filter(self.mask.true)
        return lazy.select(sorted(need.columns)) if self.mask.attached else lazy


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
        return (self.relation, *_relations([*self.keys.values(), *self.values.values()]))

    def require(self, need: Need, needs: Needs) -> None:
        """Need the keys, and what the needed aggregations look at."""
        wanted = [*self.keys.values(), *(c for name, c in self.values.items() if name in need.columns)]
        needs.add(self.relation, _roots(wanted), self.first or (need.order and self.order == "met"))
        needs.attach(wanted)

    def lazy(self, need: Need, frames: Frames) -> pl.LazyFrame:
        """Group, and sort the groups."""
        values = {name: column for name, column in self.values.items() if name in need.columns}
        lazy = _beside(frames[self.relation], [*self.keys.values(), *values.values()], frames)
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
        return (self.relation, *_relations(self.values.values()))

    def require(self, need: Need, needs: Needs) -> None:
        """Need what the needed aggregations look at."""
        wanted = [column for name, column in self.values.items() if name in need.columns]
        needs.add(self.relation, _roots(wanted), self.first)
        needs.attach(wanted)

    def lazy(self, need: Need, frames: Frames) -> pl.LazyFrame:
        """Select the aggregations."""
        values = {name: column for name, column in self.values.items() if name in need.columns}
        lazy = _beside(frames[self.relation], values.values(), frames)
        return lazy.select(column.expr.alias(name) for name, column in values.items())


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
        return (self.relation, *_relations(self.by))

    def require(self, need: Need, needs: Needs) -> None:
        """Need what is needed, and, if the order matters, what tells it."""
        needs.add(self.relation, need.columns | (_roots(self.by) if need.order else set()), need.order)
        if need.order:
            needs.attach(self.by)

    def lazy(self, need: Need, frames: Frames) -> pl.LazyFrame:
        """Sort if the order matters."""
        lazy = frames[self.relation]
        if not need.order:
            return lazy
        found = _beside(lazy, self.by, frames).sort(
            [column.valid for column in self.by],
            descending=list(self.descending),
            nulls_last=self.nulls_last if isinstance(self.nulls_last, bool) else list(self.nulls_last),
            maintain_order=True,
        )
        return found.select(sorted(need.columns)) if _attached(self.by) else found


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
        return (*self.relations, *_relations(column for each in self.columns.values() for column in each))

    def require(self, need: Need, needs: Needs) -> None:
        """Need the same of each."""
        for i, relation in enumerate(self.relations):
            wanted = [columns[i] for name, columns in self.columns.items() if name in need.columns]
            needs.add(relation, _roots(wanted), need.order)
            needs.attach(wanted)

    def lazy(self, need: Need, frames: Frames) -> pl.LazyFrame:
        """Put them under each other."""
        parts = []
        for i, relation in enumerate(self.relations):
            wanted = {name: columns[i] for name, columns in self.columns.items() if name in need.columns}
            lazy = _beside(frames[relation], wanted.values(), frames)
            parts.append(lazy.select(column.expr.alias(name) for name, column in sorted(wanted.items())))
        return pl.concat(parts, how="vertical")


def narrowest(relation: Relation) -> Relation:
    """Give the relation of the same rows from which one was made by adding columns."""
    while (narrower := relation.narrower) is not None:
        relation = narrower
    return relation


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
