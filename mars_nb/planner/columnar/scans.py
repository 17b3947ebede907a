"""Files that Polars scans itself, where it reads the same as pandas.

Parquet says its types; integers and booleans that may lack values would be floats or objects in pandas, so they stay
behind. Of CSV files the first rows have told the dtypes: Polars reads each column as that, and where it cannot, or an
integer turns out to be missing, pandas reads the file instead. Both round decimal numbers correctly.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import pandas as pd
import polars as pl

from mars_nb.files import places
from mars_nb.files.csv import CsvReader
from mars_nb.files.parquet import ParquetReader, index_columns
from mars_nb.planner.columnar.dtypes import is_number, is_plain, is_text, polars_type
from mars_nb.planner.columnar.hand_over import without_nan
from mars_nb.planner.columnar.relations import Input
from mars_nb.planner.columnar.translate import Translation
from mars_nb.planner.columnar.values import Column, Frame, Labels, Level, NotColumnar, foreign

#: What pandas takes for a missing value in a CSV file.
MISSING = [
    "", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>", "N/A", "NA",
    "NULL", "NaN", "None", "n/a", "nan", "null",
]  # fmt: skip


def scanned(translation: Translation, reader: Any) -> Frame:
    """Give what a reader reads, as a scan.

    Raises
    ------
    NotColumnar
        If it is a file of another kind, or is read in another way than Polars does.
    """
    if isinstance(reader, ParquetReader):
        return _parquet(translation, reader)
    if isinstance(reader, CsvReader):
        return _csv(translation, reader)
    raise NotColumnar("a file that pandas reads")


# --- Parquet ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ScanParquet:
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

    def __call__(self, names: Sequence[str], number: str | None = None) -> pl.LazyFrame:
        """Give the lazy frame of some columns, and of the numbers of the rows if these have a name; NaN is null."""
        lazy = pl.scan_parquet(list(self.paths), hive_partitioning=False, glob=False, row_index_name=number)
        numbers = [] if number is None else [number]
        return without_nan(lazy.select([*(pl.col(self.columns[name]).alias(name) for name in names), *numbers]))


def _parquet(translation: Translation, reader: ParquetReader) -> Frame:
    if reader.schema is None or not reader.parts or not set(reader.arguments) <= {"engine", "columns"}:
        raise NotColumnar("Parquet that pandas reads, or with filters")
    if any(map(places.is_url, reader.paths)) or reader.numbers[:2] != (0, 1):
        raise NotColumnar("Parquet of another place, or with numbers of rows of its own")
    sample = reader.sample
    levels = list(sample.index.levels) if isinstance(sample.index, pd.MultiIndex) else [sample.index]
    stored = index_columns(reader.schema)
    if len(stored) != (len(levels) if reader.has_labels else 0):
        raise NotColumnar("an index that is kept in part")
    dtypes = [*sample.dtypes.items(), *zip(stored, (level.dtype for level in levels), strict=False)]
    lacking = _lacking(reader, [str(name) for name, dtype in dtypes if is_plain(dtype, "biu")])
    names: dict[str, str] = {}
    kinds: dict[str, Any] = {}

    def column(label: Any, dtype: Any) -> Column:
        if polars_type(dtype) is None or label in lacking:
            return foreign(dtype)
        name = translation.name()
        names[name], kinds[name] = str(label), polars_type(dtype)
        return Column(pl.col(name), dtype)

    columns = tuple(column(label, dtype) for label, dtype in sample.dtypes.items())
    if reader.has_labels:
        pairs = zip(sample.index.names, stored, levels, strict=True)
        labels = Labels(tuple(Level(name, column(label, level.dtype)) for name, label, level in pairs))
    else:
        labels = Labels(name=sample.index.name)
    if not kinds:
        raise NotColumnar("no columns that Polars has")
    paths = tuple(dict.fromkeys(fragment.path for part in reader.parts for fragment in part))
    translation.full.update(
        (name, partial(_has_all, reader, label)) for name, label in names.items() if not kinds[name].is_float()
    )
    relation = Input(len(translation.values), kinds, reader.rows, reader.nbytes, ScanParquet(paths, names))
    return Frame(relation, sample.columns, columns, labels)


def _lacking(reader: ParquetReader, names: Sequence[str]) -> set[str]:
    """Name the columns in which something may be missing, by the statistics of row groups."""
    found: set[str] = set()
    if not names:
        return found
    for fragment in {fragment.path: fragment for part in reader.parts for fragment in part}.values():
        metadata = fragment.metadata
        groups = [metadata.row_group(i) for i in range(metadata.num_row_groups)]
        for i in range(metadata.num_columns):
            name = metadata.schema.column(i).path
            if name in names and not all(_is_full(group.column(i).statistics) for group in groups):
                found.add(name)
    return found


def _has_all(reader: ParquetReader, name: str) -> bool:
    return not _lacking(reader, [name])


def _is_full(statistics: Any) -> bool:
    return statistics is not None and statistics.has_null_count and statistics.null_count == 0


# --- CSV --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ScanCsv:
    """Scans CSV files.

    Attributes
    ----------
    paths
        Of the files, in order.
    separator
        Between items.
    columns
        Label and Polars type of each column of the files, in their order, by its name in the plan.
    full
        Names of those that lack no values; there is one at least, which is how an empty line is found.
    """

    paths: tuple[str, ...]
    separator: str
    columns: dict[str, tuple[str, Any]]
    full: tuple[str, ...]

    def __call__(self, names: Sequence[str], number: str | None = None) -> pl.LazyFrame:
        """Give the lazy frame of some columns, and of the numbers of the rows if these have a name; NaN is null."""
        lazy = pl.scan_csv(
            list(self.paths),
            schema=dict(self.columns.values()),
            separator=self.separator,
            null_values=MISSING,
            glob=False,
            row_index_name=number,
        )
        numbers = [] if number is None else [number]
        first, *others = [pl.col(self.columns[name][0]).alias(name) for name in names]
        checked = sorted({*(name for name in names if name in self.full), self.full[0]})
        check = pl.map_batches(
            [first, *(pl.col(self.columns[name][0]) for name in checked)],
            _checked,
            return_dtype=self.columns[names[0]][1],
            is_elementwise=True,
        )
        return without_nan(lazy.select(check.alias(names[0]), *others, *numbers))


def _checked(columns: Sequence[pl.Series]) -> pl.Series:
    """Give the first of some columns, if the others lack nothing."""
    first, *others = columns
    if any(column.null_count() for column in others):
        raise NotColumnar("an empty line, or an integer that is missing")
    return first


def _csv(translation: Translation, reader: CsvReader) -> Frame:
    arguments = {name: value for name, value in reader.arguments.items() if value is not None}
    separator = arguments.get("sep", arguments.get("delimiter", ","))
    plain = set(arguments) <= {"sep", "delimiter", "usecols"} and reader.labels is None and reader.nbytes is not None
    sample = reader.sample
    if not plain or not isinstance(sample.index, pd.RangeIndex):
        raise NotColumnar("CSV that pandas reads with arguments of its own")
    headers = {_header(path, separator) for path in reader.paths}
    (header,) = headers if len(headers) == 1 else (None,)
    if header is None or len(set(header)) < len(header) or not set(sample.columns) <= set(header):
        raise NotColumnar("CSV with another header than its first line")
    several = len(reader.paths) > 1  # pandas finds the dtypes of each file, and where they differ keeps both
    read: dict[str, tuple[str, Any]] = {}
    kinds: dict[str, Any] = {}
    columns: dict[str, Column] = {}
    for label in header:
        name = translation.name()
        dtype = sample[label].dtype if label in sample else None
        if is_number(dtype) or (is_text(dtype) and not several):
            kinds[name] = polars_type(dtype)
            columns[label] = Column(pl.col(name), dtype)
        else:
            columns[label] = foreign(dtype)
        read[name] = (label, kinds.get(name, pl.String))
    full = tuple(name for name, kind in kinds.items() if kind.is_integer())
    if not full:
        raise NotColumnar("CSV without a column of integers, which tells empty lines")
    scan = ScanCsv(reader.paths, separator, read, full)
    relation = Input(len(translation.values), kinds, reader.rows, reader.nbytes, scan)
    return Frame(relation, sample.columns, tuple(columns[label] for label in sample.columns))


def _header(path: str, separator: str) -> tuple[str, ...] | None:
    """Give the labels in the first line of a file, None where they are no plain line of it."""
    if places.is_url(path) or places.is_compressed(path, "infer"):
        return None
    with places.open_to_read(path, None) as file:
        line = file.readline()
    try:
        text = line.decode().removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        return None
    if "\r" in text or text.startswith("\ufeff") or text.count('"') % 2:
        return None
    return tuple(next(csv.reader([text], delimiter=separator), ()))
