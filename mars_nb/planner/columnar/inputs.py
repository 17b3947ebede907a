"""Values of pandas as a columnar plan takes them: data that the user gave, and what is there in chunks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any
from weakref import WeakKeyDictionary

import pandas as pd
import polars as pl

from mars_nb.graph.meta import PandasMeta
from mars_nb.graph.node import Node, Source
from mars_nb.planner.columnar.dtypes import is_text, polars_type
from mars_nb.planner.columnar.hand_over import lazy_of, taken
from mars_nb.planner.columnar.relations import Input
from mars_nb.planner.columnar.translate import Translation
from mars_nb.planner.columnar.values import Column, Frame, Labels, Level, NotColumnar, Series, foreign

Places = dict[str, tuple[int, Any]]

#: Bytes of texts of one source that are kept as Polars has them, so that the next query finds them there.
MOST_KEPT = 2**28


@dataclass(frozen=True, eq=False)
class Given:
    """Data that the user gave, in this process.

    Attributes
    ----------
    data
        A frame or series; never changed.
    places
        Position and dtype of each column, by its name in the plan; negative positions are of levels of the index.
    kept
        Texts that were taken over before, by position. Two threads may both take the same over; either will do.
    """

    data: Any
    places: Places
    kept: dict[int, pl.Series]

    def __call__(self, names: Sequence[str], number: str | None = None) -> pl.LazyFrame:
        """Give the lazy frame of some columns, and of the numbers of the rows if these have a name; NaN is null."""
        return lazy_of(pl.DataFrame([self._column(name) for name in names]), number)

    def _column(self, name: str) -> pl.Series:
        place, dtype = self.places[name]
        if place in self.kept:
            return self.kept[place].alias(name)
        found = taken(part_of(self.data, place), name, dtype)
        room = MOST_KEPT - sum(int(column.estimated_size()) for column in self.kept.copy().values())
        if is_text(dtype) and found.estimated_size() <= room:
            self.kept[place] = found
        return found


_kept: WeakKeyDictionary[Node, dict[int, pl.Series]] = WeakKeyDictionary()


def part_of(value: Any, position: int) -> Any:
    """Give a column of a frame or series, or a level of its index for a negative position."""
    if position < 0:
        return value.index.get_level_values(-1 - position)
    return value if isinstance(value, pd.Series) else value.iloc[:, position]


def of_source(translation: Translation, node: Node, nbytes: int | None) -> Frame | Series:
    """Give data that the user gave in this process.

    Raises
    ------
    NotColumnar
        If it is no frame or series, or not in one piece.
    """
    data = node.args[0].value
    if not isinstance(data, pd.DataFrame | pd.Series):
        raise NotColumnar("no frame or series in one piece")
    value, places = of_chunks(translation, node, nbytes)
    assert isinstance(value.relation, Input)
    return replace(value, relation=replace(value.relation, file=Given(data, places, _kept.setdefault(node, {}))))


def of_chunks(translation: Translation, node: Node, nbytes: int | None) -> tuple[Frame | Series, Places]:
    """Give a value that will be there in chunks of pandas, and where each column is in them.

    Raises
    ------
    NotColumnar
        If it is no frame or series.
    """
    meta = node.meta
    if not isinstance(meta, PandasMeta) or meta.open or not isinstance(meta.sample, pd.DataFrame | pd.Series):
        raise NotColumnar("no frame or series")
    sample = meta.sample
    places: Places = {}

    def column(position: int, dtype: Any) -> Column:
        if polars_type(dtype) is None:
            return foreign(dtype)
        name = translation.name()
        places[name] = (position, dtype)
        return Column(pl.col(name), dtype)

    dtypes = list(sample.dtypes) if isinstance(sample, pd.DataFrame) else [sample.dtype]
    columns = tuple(column(i, dtype) for i, dtype in enumerate(dtypes))
    index = sample.index
    if isinstance(index, pd.RangeIndex) and index.step == 1 and index.start == 0:
        labels = Labels(name=index.name)
    elif isinstance(index, pd.MultiIndex):
        labels = Labels(tuple(Level(level.name, column(-1 - i, level.dtype)) for i, level in enumerate(index.levels)))
    else:
        labels = Labels((Level(index.name, column(-1, index.dtype)),))
    if not places:
        raise NotColumnar("no columns that Polars has")
    kinds = {name: polars_type(dtype) for name, (_, dtype) in places.items()}
    data = node.args[0].value if isinstance(node.op, Source) else None
    if isinstance(data, pd.DataFrame | pd.Series):
        own = ((name, place) for name, (place, _) in places.items() if place >= 0)
        translation.full.update((name, partial(_has_all, data, place)) for name, place in own)
    foretold = labels.numbered and not isinstance(node.op, Source)
    relation = Input(len(translation.values), kinds, meta.rows, nbytes, numbered=foretold)
    if isinstance(sample, pd.DataFrame):
        return Frame(relation, sample.columns, columns, labels), places
    return Series(relation, sample.name, columns[0], labels), places


def _has_all(data: pd.DataFrame | pd.Series[Any], place: int) -> bool:
    return not (data if isinstance(data, pd.Series) else data.iloc[:, place]).hasnans
