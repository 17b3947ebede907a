"""Where columnar plans begin: files that Polars scans itself, and chunks of pandas."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
import polars as pl

from mars_nb.files import places
from mars_nb.files.parquet import ParquetReader
from mars_nb.graph.meta import PandasMeta
from mars_nb.graph.node import Node
from mars_nb.planner.columnar.dtypes import is_plain, polars_type
from mars_nb.planner.columnar.relations import Input
from mars_nb.planner.columnar.translate import Translation
from mars_nb.planner.columnar.values import Column, Frame, Labels, Level, NotColumnar, Series, Value

_FOREIGN = "c-"


@dataclass(frozen=True)
class Scan:
    """Scans Parquet files.

    Attributes
    ----------
    paths
        Of the files, in order.
    columns
        Name in the files of each column, by its name in the plan.
    """

    paths: tuple[str, ...]
    columns: dict[str, str]

    def __call__(self, names: Sequence[str]) -> pl.LazyFrame:
        """Give the lazy frame of some columns; NaN is null."""
        lazy = pl.scan_parquet(list(self.paths), hive_partitioning=False, glob=False)
        lazy = lazy.select(pl.col(self.columns[name]).alias(name) for name in names)
        return lazy.with_columns(pl.col(pl.Float32, pl.Float64).fill_nan(None))


def scanned(translation: Translation, node: Node, reader: Any) -> Value:
    """Give what a node reads, as a scan.

    Raises
    ------
    NotColumnar
        If it is no Parquet, or is read in another way than Polars does.
    """
    if not isinstance(reader, ParquetReader) or reader.schema is None or not reader.parts:
        raise NotColumnar("read by pandas")
    plain = set(reader.arguments) <= {"engine", "columns"}
    if not plain or any(map(places.is_url, reader.paths)) or reader.has_labels or reader.numbers != (0, 1, None):
        raise NotColumnar("read by pandas")
    sample = reader.sample
    nulls = _with_nulls(reader, [str(name) for name, dtype in sample.dtypes.items() if is_plain(dtype, "biu")])
    files, kinds, columns = {}, {}, []
    for label, dtype in sample.dtypes.items():
        kind = polars_type(dtype)
        if kind is None or label in nulls:
            columns.append(foreign(dtype))
            continue
        name = translation.name()
        files[name], kinds[name] = str(label), kind
        columns.append(Column(pl.col(name), dtype))
    if not kinds:
        raise NotColumnar("no columns that Polars has")
    paths = tuple(dict.fromkeys(fragment.path for part in reader.parts for fragment in part))
    relation = Input(len(translation.values), kinds, reader.rows, reader.nbytes, Scan(paths, files))
    return Frame(relation, sample.columns, tuple(columns))


def _with_nulls(reader: ParquetReader, names: Sequence[str]) -> set[str]:
    """Name the columns in which something may be missing."""
    if not names:
        return set()
    found: set[str] = set()
    for fragment in {fragment.path: fragment for part in reader.parts for fragment in part}.values():
        groups = [fragment.metadata.row_group(i) for i in range(fragment.metadata.num_row_groups)]
        for i in range(fragment.metadata.num_columns):
            name = fragment.metadata.schema.column(i).path
            if name in names and not all(_is_full(group.column(i).statistics) for group in groups):
                found.add(name)
    return found


def _is_full(statistics: Any) -> bool:
    return statistics is not None and statistics.has_null_count and statistics.null_count == 0


def foreign(dtype: Any) -> Column:
    """Give a column that stays behind: Polars has nothing that means the same."""
    return Column(pl.col(_FOREIGN), dtype)


def is_foreign(column: Column) -> bool:
    """Tell a column that stays behind."""
    return _FOREIGN in column.roots


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
    relation = Input(len(translation.values), kinds, meta.rows, nbytes)
    if isinstance(sample, pd.DataFrame):
        return Frame(relation, sample.columns, columns, labels), places
    return Series(relation, sample.name, columns[0], labels), places
