"""Values that are there in chunks of pandas, as a columnar plan takes them."""

from __future__ import annotations

from functools import partial
from typing import Any

import pandas as pd
import polars as pl

from mars_nb.graph.meta import PandasMeta
from mars_nb.graph.node import Node, Source
from mars_nb.planner.columnar.dtypes import polars_type
from mars_nb.planner.columnar.relations import Input
from mars_nb.planner.columnar.translate import Translation
from mars_nb.planner.columnar.values import Column, Frame, Labels, Level, NotColumnar, Series, Value, foreign


def of_chunks(translation: Translation, node: Node, nbytes: int | None) -> tuple[Value, dict[str, tuple[int, Any]]]:
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
    places: dict[str, tuple[int, Any]] = {}

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
    relation = Input(len(translation.values), kinds, meta.rows, nbytes)
    if isinstance(sample, pd.DataFrame):
        return Frame(relation, sample.columns, columns, labels), places
    return Series(relation, sample.name, columns[0], labels), places


def _has_all(data: pd.DataFrame | pd.Series[Any], place: int) -> bool:
    return not (data if isinstance(data, pd.Series) else data.iloc[:, place]).hasnans
