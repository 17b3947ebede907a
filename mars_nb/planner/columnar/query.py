"""The task that runs a sub-plan in Polars: several answers of the same inputs, at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
import polars as pl

from mars_nb.planner.columnar.hand_over import Shape, taken
from mars_nb.planner.columnar.relations import Computed, Input, Need, Needs, Relation, in_order, lazy_frames, needed
from mars_nb.planner.columnar.values import Frame, NotColumnar, Scalar, Value


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
    """

    relation: Relation
    names: tuple[str, ...]
    shape: Shape


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
    """

    def __init__(self, answers: Sequence[Answer], chunks: Sequence[Chunks]) -> None:
        self.answers = tuple(answers)
        self.chunks = tuple(chunks)

    @property
    def needs(self) -> Needs:
        """What is needed of each relation."""
        return needed({answer.relation: Need(set(answer.names), True) for answer in self.answers})

    def lazy(self, arguments: Sequence[Any]) -> list[pl.LazyFrame]:
        """Give the answers as lazy frames of Polars."""
        needs = self.needs
        given: dict[Relation, pl.LazyFrame] = {
            chunks.relation: _given(chunks, needs[chunks.relation].columns, arguments[chunks.start : chunks.stop])
            for chunks in self.chunks
            if chunks.relation in needs
        }
        frames = lazy_frames(needs, given)
        return [frames[answer.relation].select(answer.names) for answer in self.answers]

    def __call__(self, *arguments: Any) -> list[Any]:
        """Compute the answers.

        Raises
        ------
        NotColumnar
            If Polars cannot: pandas will, or say what is wrong.
        """
        try:
            found = pl.collect_all(self.lazy(arguments), engine="streaming")
        except pl.exceptions.PolarsError as error:
            raise NotColumnar(f"Polars: {error}") from None
        return [answer.shape.of_pandas(frame) for answer, frame in zip(self.answers, found, strict=True)]


def _given(chunks: Chunks, wanted: set[str], values: Sequence[Any]) -> pl.LazyFrame:
    """Give the wanted columns of chunks as a lazy frame; NaN is null."""
    names = sorted(wanted)
    parts = []
    for value in values:
        columns = [taken(_part(value, chunks.columns[name][0]), name, chunks.columns[name][1]) for name in names]
        parts.append(pl.DataFrame(columns))
    lazy = pl.concat(parts, rechunk=False).lazy()
    return lazy.with_columns(pl.col(pl.Float32, pl.Float64).fill_nan(None))


def _part(value: Any, position: int) -> Any:
    if position < 0:
        return value.index.get_level_values(-1 - position)
    return value if isinstance(value, pd.Series) else value.iloc[:, position]


def answer_of(value: Value, name: Any) -> Answer:
    """Give the answer that a value is; `name` gives names for columns."""
    levels = () if isinstance(value, Scalar) else value.labels.levels
    columns = (*value.columns, *(level.column for level in levels))
    names = tuple(name() for _ in columns)
    relation = Computed(
        value.relation, dict(zip(names, columns, strict=True)), any(column.running for column in columns)
    )
    kind: Any = type(value).__name__.lower()
    own = value.columns
    return Answer(
        relation,
        names,
        Shape(
            kind,
            value.names if isinstance(value, Frame) else getattr(value, "name", None),
            tuple(column.dtype for column in own),
            tuple(column.gaps for column in own),
            tuple((level.name, level.column.dtype) for level in levels),
            None if isinstance(value, Scalar) else value.labels.name,
        ),
    )


def inputs_of(answers: Sequence[Answer]) -> list[Input]:
    """List the inputs that answers are made of."""
    return [found for found in in_order([answer.relation for answer in answers]) if isinstance(found, Input)]
