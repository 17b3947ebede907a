"""The task that runs a sub-plan in Polars: several answers of the same inputs, at once."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd
import polars as pl

from mars_nb.planner.columnar.hand_over import Shape, lazy_of, taken
from mars_nb.planner.columnar.inputs import part_of
from mars_nb.planner.columnar.parts import parts
from mars_nb.planner.columnar.relations import (
    Computed,
    Filtered,
    Input,
    Joined,
    Matched,
    Need,
    Needs,
    Relation,
    Widened,
    in_order,
    lazy_frames,
    needed,
)
from mars_nb.planner.columnar.values import Attached, Frame, Labels, NotColumnar, Scalar, Series, Summary, Value
from mars_nb.planner.columnar.watching import Watch, carrier
from mars_nb.scheduler import inside
from mars_nb.scheduler.pieces import Pieces

#: Relations say themselves where the order of rows matters. Polars 2.1 takes the order away from a join of which some
#: rows are picked and grouped (tests/columnar/test_order.py).
OPTIMIZATIONS = pl.QueryOptFlags(check_order_observe=False)
#: Name of the column with the numbers of rows, as no column of a plan is named.
_NUMBERS = "rows"


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer of a query.

    Attributes
    ----------
    relation
        Has the columns of the answer, in order of their names.
    names
        Of the columns.
    shape
        What it is in pandas.
    gapped
        For each column, see `Column`; those of the index last.
    parts
        Into how many chunks it is cut.
    """

    relation: Relation
    names: tuple[str, ...]
    shape: Shape
    gapped: tuple[frozenset[Attached], ...] = ()
    parts: int = 1

    def shaped(self, met: AbstractSet[Attached]) -> Shape:
        """Give the shape, told which gaps there were, and which integers a smaller dtype did not hold.

        Raises
        ------
        NotColumnar
            If the labels depend on that.
        """
        told = [bool(gapped & met) for gapped in self.gapped]
        gaps, narrow = (zip(each, told, strict=False) for each in (self.shape.gaps, self.shape.narrow))
        if any(told[len(self.shape.gaps) :]):
            raise NotColumnar("labels of a join with a side without rows")
        return replace(
            self.shape,
            gaps=tuple("met" if is_met and gap == "maybe" else gap for gap, is_met in gaps),
            narrow=tuple(None if is_met else dtype for dtype, is_met in narrow),
        )


@dataclass(frozen=True, slots=True)
class Chunks:
    """Where a query finds an input among its arguments.

    Attributes
    ----------
    relation
        The input.
    start, stop
        Of its chunks among the arguments.
    columns
        Position and dtype of each column, by its name in the plan; negative positions are of levels of the index.
    """

    relation: Input
    start: int
    stop: int
    columns: dict[str, tuple[int, Any]]


class Query:
    """Runs a sub-plan; called with the chunks of its inputs, gives the answers.

    Parameters
    ----------
    answers
        What is wanted.
    chunks
        The inputs that are chunks.
    room
        Bytes of memory that it may take; None for any number.
    """

    def __init__(
        self,
        answers: Sequence[Answer],
        chunks: Sequence[Chunks],
        room: int | None = None,
    ) -> None:
        self.answers = tuple(answers)
        self.chunks = tuple(chunks)
        self.room = room

    @property
    def needs(self) -> Needs:
        """What is needed of each relation."""
        wanted = {answer.relation: Need(set(answer.names), True) for answer in self.answers}
        for found in self._gapped:
            wanted.setdefault(found.relation, Need()).columns.add(found.name)
        return needed(wanted)

    @property
    def _gapped(self) -> list[Attached]:
        every = (found for answer in self.answers for gapped in answer.gapped for found in gapped)
        return sorted(set(every), key=lambda found: found.name)

    def lazy(self, arguments: Sequence[Any], watch: Watch | None = None) -> list[pl.LazyFrame]:
        """Give the answers as lazy frames of Polars, and what tells of gaps, a frame each."""
        needs = self.needs
        carriers = {} if watch is None else _carriers(needs)
        given: dict[Relation, pl.LazyFrame] = {}
        for relation in [relation for relation in needs if isinstance(relation, Input)]:
            names = sorted(needs[relation].columns)
            number = _NUMBERS if relation in carriers else None
            rows = relation.rows
            if relation.file is not None:
                lazy = relation.file(names, number)
            else:
                chunks = next(chunks for chunks in self.chunks if chunks.relation is relation)
                frame = _given(chunks, names, arguments[chunks.start : chunks.stop])
                lazy, rows = lazy_of(frame, number), frame.height
            if watch is not None and relation in carriers:
                column = carriers[relation]
                lazy = watch.past(lazy, column, relation.kinds[column], _NUMBERS, rows)
            given[relation] = lazy
        frames = lazy_frames(needs, given)
        return [
            *(frames[answer.relation].select(answer.names) for answer in self.answers),
            *(frames[gapped.relation].select(gapped.name) for gapped in self._gapped),
        ]

    def __call__(self, *arguments: Any) -> Any:
        """Compute the answers.

        Returns
        -------
        object
            The answer, or `Pieces` if there are several or several parts.

        Raises
        ------
        NotColumnar
            If Polars cannot: pandas will, or say what is wrong.
        """
        try:
            watch = Watch(inside.current(), self.room)
            with watch.running:
                found = pl.collect_all(self.lazy(arguments, watch), engine="streaming", optimizations=OPTIMIZATIONS)
        except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
            raise NotColumnar(f"Polars: {error}") from None
        gapped = self._gapped
        met = {key for key, frame in zip(gapped, found[len(self.answers) :], strict=True) if frame.item()}
        values: list[Any] = []
        for answer, frame in zip(self.answers, found, strict=False):
            shape = answer.shaped(met)
            values += [shape.of_pandas(frame)] if answer.parts == 1 else parts(frame, shape, answer.parts)
        return values[0] if len(values) == 1 else Pieces(values)


def _carriers(needs: Needs) -> dict[Relation, str]:
    """Choose the columns that pass by a watch: of each input that has one to spare, or of the largest one any."""
    decisive = _decisive(needs)
    inputs = [relation for relation in needs if isinstance(relation, Input)]
    chosen = {relation: carrier(relation.kinds, needs[relation].columns, decisive) for relation in inputs}
    found: dict[Relation, str] = {relation: column for relation, column in chosen.items() if column is not None}
    if not found:
        largest = max(inputs, key=lambda relation: relation.rows or 0)
        found[largest] = min(needs[largest].columns)
    return found


def _decisive(needs: Needs) -> set[str]:
    """Name the columns that masks and keys of joins are made of: Polars looks at them in the scan already."""
    found: set[str] = set()
    for relation in needs:
        if isinstance(relation, Filtered):
            found |= relation.mask.roots
        elif isinstance(relation, Joined):
            found.update(*relation.on)
        elif isinstance(relation, Matched):
            found.update(relation.mark.key.meta.root_names(), relation.mark.other_key.meta.root_names())
    for relation in reversed(in_order(list(needs))):
        if isinstance(relation, Computed | Widened):
            found.update(*(column.roots for name, column in relation.columns.items() if name in found))
    return found


def _given(chunks: Chunks, names: Sequence[str], values: Sequence[Any]) -> pl.DataFrame:
    """Give columns of chunks; NaN is NaN.

    Raises
    ------
    NotColumnar
        If the rows are not numbered though a few rows foretold that.
    """
    parts = []
    start = 0
    for value in values:
        if chunks.relation.numbered and not _is_numbered(value.index, start):
            raise NotColumnar("labels of rows where numbers were foretold")
        start += len(value)
        columns = [taken(part_of(value, chunks.columns[name][0]), name, chunks.columns[name][1]) for name in names]
        parts.append(pl.DataFrame(columns))
    return pl.concat(parts, rechunk=False)


def _is_numbered(index: Any, start: int) -> bool:
    return isinstance(index, pd.RangeIndex) and index.start == start and index.step == 1


def answer_of(value: Value, name: Any) -> Answer:
    """Give the answer that a value is; `name` gives names for columns."""
    labels = value.labels if isinstance(value, Frame | Series) else Labels()
    columns = (*value.columns, *(level.column for level in labels.levels))
    names = tuple(name() for _ in columns)
    relation = Computed(
        value.relation, dict(zip(names, columns, strict=True)), any(column.running for column in columns)
    )
    kind: Any = "number" if isinstance(value, Scalar) and value.native else type(value).__name__.lower()
    own = value.columns
    return Answer(
        relation,
        names,
        Shape(
            kind,
            _named(value),
            tuple(column.dtype for column in own),
            tuple("maybe" if column.gaps and column.narrow is None else "none" for column in own),
            tuple((level.name, level.column.dtype) for level in labels.levels),
            labels.name,
            tuple(column.narrow for column in own),
        ),
        tuple(column.gapped for column in columns),
    )


def _named(value: Value) -> Any:
    if isinstance(value, Summary):
        return value.sample, value.places
    return value.names if isinstance(value, Frame) else getattr(value, "name", None)


def inputs_of(answers: Sequence[Answer]) -> list[Input]:
    """List the inputs that answers are made of."""
    return [found for found in in_order([answer.relation for answer in answers]) if isinstance(found, Input)]
