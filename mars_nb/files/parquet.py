"""Parquet, cut where the files are cut: into row groups.

Only the columns that are wanted are read, and only the row groups that may hold rows that pass the filters.
"""

from __future__ import annotations

import json
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import pandas as pd

from mars_nb.files import places
from mars_nb.files.reader import TypedReader, noted

if TYPE_CHECKING:
    import pyarrow as pa

_PEEKED_ROWS = 100
_ARGUMENTS = frozenset({"engine", "columns", "filters", "dtype_backend", "storage_options"})


@dataclass(frozen=True, kw_only=True, eq=False)
class ParquetReader(TypedReader):
    """Reads Parquet files one after the other.

    Attributes
    ----------
    paths
        Files or a folder.
    arguments
        Of `pandas.read_parquet`.
    parts
        For each part, the row groups as Arrow's fragments of a data set.
    schema
        Of the data set; with what pandas noted of the index.
    has_labels
        Whether the labels of rows are kept in columns.
    numbers
        First label, step and name of the labels, where they are not.
    """

    paths: tuple[str, ...]
    arguments: Mapping[str, Any]
    parts: tuple[tuple[Any, ...], ...] = ()
    schema: Any = None
    has_labels: bool = False
    numbers: tuple[int, int, Any] = (0, 1, None)

    @property
    def origin(self) -> str:
        """The file, or how many."""
        return self.paths[0] if len(self.paths) == 1 else f"{self.paths[0]} and {len(self.paths) - 1} more"

    @property
    def is_numbered(self) -> bool:
        """Whether the labels of the rows are their numbers."""
        return not self.has_labels

    def finish(self, frame: pd.DataFrame, start: int) -> pd.DataFrame:
        """Give a part its index."""
        if self.has_labels:
            return frame
        first, step, name = self.numbers
        stop = start + len(frame)
        labels = pd.RangeIndex(first + start * step, first + stop * step, step, name=name)
        return frame.set_axis(labels, axis=0)

    @property
    def row_groups(self) -> int:
        """How many row groups the files have."""
        return sum(fragment.num_row_groups for part in self.parts for fragment in part)

    def current_version(self) -> Hashable:
        """Tell the version of what is there now."""
        return places.version(self.paths, self.arguments.get("storage_options"))

    def whole(self) -> pd.DataFrame:
        """Read all with pandas."""
        try:
            return pd.read_parquet(self._target, **self.arguments)
        except Exception as error:
            raise noted(error, self.origin) from None

    @property
    def _target(self) -> Any:
        return self.paths[0] if len(self.paths) == 1 else list(self.paths)

    def read(self, part: int) -> pd.DataFrame:
        """Read the row groups of a part."""
        import pyarrow as pa

        try:
            tables = [self._table(fragment) for fragment in self.parts[part]]
        except (OSError, pa.ArrowInvalid) as error:
            raise noted(error, self.parts[part][0].path) from None
        return to_pandas(pa.concat_tables(tables), self.arguments)

    def _table(self, fragment: Any) -> Any:
        found = fragment.to_table(schema=self.schema, columns=self._columns(), filter=_expression(self.arguments))
        return found.replace_schema_metadata(self.schema.metadata)

    def _columns(self) -> list[str] | None:
        wanted = self.arguments.get("columns")
        if wanted is None:
            return None
        return [*wanted, *(name for name in index_columns(self.schema) if name not in wanted)]

    def select(self, columns: list[Any]) -> ParquetReader | None:
        """Give a reader of some columns."""
        own = list(self.sample.columns)
        if self.schema is None or len(columns) >= len(own) or not columns or not set(columns) <= set(own):
            return None
        wanted = [name for name in own if name in columns]
        return replace(self, sample=self.sample[wanted], arguments={**self.arguments, "columns": wanted})


# Readers of files that were looked at last, by what was asked for and the files' version. Two threads may both make
# one; either will do.
_known: dict[str, ParquetReader] = {}
_MOST_KNOWN = 32


def parquet_reader(paths: tuple[str, ...], arguments: dict[str, Any], part_bytes: int) -> ParquetReader:
    """Look at Parquet files and decide how they are cut; see `mars_nb.files.csvcuts.csv_reader`.

    Raises
    ------
    Exception
        What Arrow or pandas raises for a wrong file or column.
    """
    if any(map(places.is_url, paths)):
        return _looked_at(paths, arguments, part_bytes)
    version = places.version(paths, arguments.get("storage_options"))
    asked = repr((paths, sorted(arguments.items()), part_bytes, version))
    reader = _known.pop(asked, None) or _looked_at(paths, arguments, part_bytes)
    _known[asked] = reader  # the last one
    while len(_known) > _MOST_KNOWN:
        _known.pop(next(iter(_known)), None)
    return reader


def _looked_at(paths: tuple[str, ...], arguments: dict[str, Any], part_bytes: int) -> ParquetReader:
    import pyarrow.parquet as pq

    again = partial(parquet_reader, paths, arguments, part_bytes)
    options = arguments.get("storage_options")
    how: dict[str, Any] = {"paths": paths, "arguments": arguments, "again": again}
    how["version"] = places.version(paths, options)
    target: Any = paths[0] if len(paths) == 1 else list(paths)
    nested = any("." in str(name) for name in arguments.get("columns") or ())
    plain = set(arguments) <= _ARGUMENTS and arguments.get("engine", "auto") in ("auto", "pyarrow")
    if nested or not plain or arguments.get("dtype_backend", "pyarrow") != "pyarrow":
        return ParquetReader(sample=pd.read_parquet(target, **arguments).head(_PEEKED_ROWS), **how)
    files: Any = None
    if any(map(places.is_url, paths)):
        files, _ = places.file_system(paths[0], options)
        inner = [places.file_system(path, options)[1] for path in paths]
        target = inner[0] if len(inner) == 1 else inner
    data = pq.ParquetDataset(target, filesystem=files, filters=arguments.get("filters"))
    kept = _expression(arguments)
    groups = [group for fragment in data.fragments for group in fragment.split_by_row_group(kept, data.schema)]
    reader = ParquetReader(
        sample=pd.DataFrame(), schema=data.schema, has_labels=bool(index_columns(data.schema)), **how
    )
    wanted = arguments.get("columns")
    sizes = [sum(group.total_byte_size for group in fragment.row_groups) for fragment in groups]
    rows = [fragment.row_groups[0].num_rows for fragment in groups]
    parts = runs(sizes, part_bytes * max(1, len(data.schema.names)) // max(1, len(wanted or data.schema.names)))
    lengths = tuple(sum(rows[i] for i in part) for part in parts) if kept is None else None
    reader = replace(
        reader,
        parts=tuple(tuple(groups[i] for i in part) for part in parts),
        count=max(1, len(parts)),
        lengths=lengths,
        nbytes=sum(sizes),
        numbers=_numbers(data.schema, rows if kept is None else None),
    )
    sample = _sample(reader, groups)
    if sample is None or any(isinstance(dtype, pd.CategoricalDtype) for dtype in sample.dtypes):
        # The categories of a part are those of its own rows.
        reader = replace(reader, parts=(), count=1)
        sample = sample if sample is not None else reader.whole().head(_PEEKED_ROWS)
    return replace(reader, sample=sample)


def _sample(reader: ParquetReader, groups: Sequence[Any]) -> pd.DataFrame | None:
    """Read some rows, None where there are no row groups to read them from."""
    if not groups:
        return None
    found = _first_rows(reader, groups[0])
    if found is None:
        scanner = groups[0].scanner(
            schema=reader.schema, columns=reader._columns(), filter=_expression(reader.arguments)
        )
        found = scanner.head(_PEEKED_ROWS)
    return to_pandas(found.replace_schema_metadata(reader.schema.metadata), reader.arguments)


def _first_rows(reader: ParquetReader, group: Any) -> pa.Table | None:
    """Read the first rows of a group and no more of it; None where filters choose, or the file is not like the others.

    A scanner would decode the whole group: 45 ms for 250,000 rows of 16 columns, where this takes 8.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    if reader.arguments.get("filters") is not None or any(map(places.is_url, reader.paths)):
        return None
    names = reader._columns() or reader.schema.names
    (number,) = (found.id for found in group.row_groups)
    with pq.ParquetFile(group.path, metadata=group.metadata) as file:
        if not set(names) <= set(file.schema_arrow.names) or any("." in name for name in names):
            return None
        batch = next(file.iter_batches(_PEEKED_ROWS, [number], columns=names, use_threads=False), None)
    if batch is None:
        return None
    table = pa.Table.from_batches([batch]).select(names)
    return table if table.schema.types == [reader.schema.field(name).type for name in names] else None


def runs(sizes: Sequence[int], wanted: int) -> list[list[int]]:
    """Put neighbours together up to the wanted size.

    Examples
    --------
    >>> runs([3, 3, 3, 9, 1, 1], 6)
    [[0, 1], [2], [3], [4, 5]]
    """
    runs: list[list[int]] = []
    room = 0
    for number, size in enumerate(sizes):
        if size > room or not runs:
            runs.append([])
            room = wanted
        runs[-1].append(number)
        room -= size
    return runs


def _expression(arguments: Mapping[str, Any]) -> Any:
    import pyarrow.parquet as pq

    filters = arguments.get("filters")
    return None if filters is None else pq.filters_to_expression(filters)


def _pandas_index(schema: pa.Schema) -> list[Any]:
    noted_by_pandas: dict[str, Any] = schema.pandas_metadata or {}
    return list(noted_by_pandas.get("index_columns", []))


def index_columns(schema: pa.Schema) -> list[str]:
    """Name the columns that keep the labels of rows."""
    return [name for name in _pandas_index(schema) if isinstance(name, str)]


def _numbers(schema: pa.Schema, rows: Sequence[int] | None) -> tuple[int, int, Any]:
    """Tell first label, step and name of numbered rows."""
    for index in _pandas_index(schema):
        if isinstance(index, dict) and index.get("kind") == "range" and rows is not None:
            start, stop, step = index["start"], index["stop"], index["step"]
            if len(range(start, stop, step)) == sum(rows):
                return start, step, index.get("name")
    return 0, 1, None


def to_pandas(table: pa.Table, arguments: Mapping[str, Any]) -> pd.DataFrame:
    """Convert as `pandas.read_parquet` does."""
    mapper = pd.ArrowDtype if arguments.get("dtype_backend") == "pyarrow" else None
    frame: pd.DataFrame = table.to_pandas(types_mapper=mapper)
    attributes = (table.schema.metadata or {}).get(b"PANDAS_ATTRS")
    if attributes is not None:
        frame.attrs = json.loads(attributes)
    return frame
