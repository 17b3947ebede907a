"""Parquet and Feather, written to one file: parts are kept as Arrow's own files and go into it one after the other."""

from __future__ import annotations

import json
import os
import uuid
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mars_nb.files.drafts import Draft
from mars_nb.files.writer import PartWriter

if TYPE_CHECKING:
    import pyarrow as pa

# Rows of a record batch, as pandas writes Feather.
_FEATHER_ROWS = 65536


class _ArrowWriter(PartWriter):
    """Converts parts as pandas does, and joins them."""

    def part(self, draft: Draft, number: int, count: int, frame: Any, start: int = 0) -> str:
        """Keep a part as a file of Arrow's."""
        import pyarrow as pa

        table = pa.Table.from_pandas(frame, preserve_index=self.arguments.get("index"))
        if frame.attrs:
            table = table.replace_schema_metadata({**table.schema.metadata, b"PANDAS_ATTRS": json.dumps(frame.attrs)})
        path = draft.path(f"{number}.arrow")
        with pa.OSFile(path, "wb") as file, pa.ipc.new_file(file, table.schema) as sink:
            sink.write_table(table)
        return path

    def finish(self, draft: Draft, parts: list[str]) -> None:
        """Write all parts to the file and put it in place."""
        path = draft.path(f"joined-{os.path.basename(self.target)}")
        schemas = [_schema(part) for part in parts]
        numbered = _numbers([_range(schema) for schema in schemas])
        labelled = [numbered is None and _range(schema) is not None for schema in schemas]
        tables = (_table(part, with_labels) for part, with_labels in zip(parts, labelled, strict=True))
        if not any(labelled):
            self._write(path, _common(schemas, numbered), tables)
        else:
            self._write(path, _common([_table(part, True).schema for part in parts], None), tables)
        draft.publish(path)

    @abstractmethod
    def _write(self, path: str, schema: pa.Schema, tables: Iterator[pa.Table]) -> None:
        """Write tables one after the other."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ParquetWriter(_ArrowWriter):
    """Writes a Parquet file: a row group, or more, for each part."""

    def _write(self, path: str, schema: pa.Schema, tables: Iterator[pa.Table]) -> None:
        import pyarrow.parquet as pq

        compression = self.arguments.get("compression", "snappy")
        with pq.ParquetWriter(path, schema, compression=compression or "none") as file:
            for number, table in enumerate(tables):
                if len(table) or number == 0:
                    file.write_table(table.cast(schema))


@dataclass(frozen=True, kw_only=True, eq=False)
class PartitionedWriter(PartWriter):
    """Writes a folder for each value of some columns. What is in the folder already stays, as pandas has it."""

    def write(self, frame: Any) -> None:
        """Write all."""
        draft = self.begun().make()
        try:
            self.part(draft, 0, 1, frame)
            self.finish(draft, [])
        finally:
            draft.remove()

    def part(self, draft: Draft, number: int, count: int, frame: Any, start: int = 0) -> None:
        """Write the rows of a part into the folders of their values."""
        name = f"part-{number:0{len(str(count - 1))}}-{uuid.uuid4().hex[:8]}-{{i}}.parquet"
        frame.to_parquet(draft.parts, **self.arguments, basename_template=name)

    def finish(self, draft: Draft, parts: list[Any]) -> None:
        """Put the files in place, all in one step if nothing is there."""
        inside, target = draft.parts, self.target.rstrip("/")
        if not os.path.isdir(target):
            os.rename(inside, target)
            return
        for folder, _, names in os.walk(inside):
            place = os.path.normpath(os.path.join(target, os.path.relpath(folder, inside)))
            os.makedirs(place, exist_ok=True)
            for name in names:
                draft.publish(os.path.join(folder, name), os.path.join(place, name))


@dataclass(frozen=True, kw_only=True, eq=False)
class FeatherWriter(_ArrowWriter):
    """Writes a Feather file."""

    def _write(self, path: str, schema: pa.Schema, tables: Iterator[pa.Table]) -> None:
        import pyarrow as pa

        how = pa.ipc.IpcWriteOptions(compression="lz4", unify_dictionaries=True)
        with pa.OSFile(path, "wb") as file, pa.ipc.new_file(file, schema, options=how) as sink:
            for table in tables:
                sink.write_table(table.cast(schema), max_chunksize=_FEATHER_ROWS)


def _schema(path: str) -> pa.Schema:
    import pyarrow as pa

    with pa.memory_map(path) as file:
        return pa.ipc.open_file(file).schema


def _table(path: str, with_labels: bool) -> pa.Table:
    """Read a part, where needed with a column for labels that are but numbers."""
    import pyarrow as pa

    with pa.memory_map(path) as file:
        table = pa.ipc.open_file(file).read_all()
    labels = _range(table.schema) if with_labels else None
    if labels is None:
        return table
    frame = table.to_pandas()
    frame.index = pd.Index(np.arange(labels.start, labels.stop, labels.step), name=frame.index.name)
    return pa.Table.from_pandas(frame, preserve_index=True)


def _range(schema: pa.Schema) -> range | None:
    """Give the numbers that are the labels of rows, None if they stand in columns or are left out."""
    for index in (schema.pandas_metadata or {}).get("index_columns", []):
        if isinstance(index, dict) and index.get("kind") == "range":
            return range(index["start"], index["stop"], index["step"])
    return None


def _numbers(parts: Sequence[range | None]) -> range | None:
    """Join ranges that follow one another, None if they do not.

    Examples
    --------
    >>> _numbers([range(0, 3), range(3, 5)]), _numbers([range(0, 3), range(0, 2)])
    (range(0, 5), None)
    """
    full = [part for part in parts if part is None or len(part)] or list(parts[:1])
    first = full[0]
    if first is None:
        return None
    stop = first.start
    for part in full:
        if part is None or part.start != stop or part.step != first.step:
            return None
        stop = part.start + len(part) * part.step
    return range(first.start, stop, first.step)


def _common(schemas: Sequence[pa.Schema], numbered: range | None) -> pa.Schema:
    """Give the schema of the whole: of parts without any values the types are those of the others."""
    import pyarrow as pa

    common = pa.unify_schemas(list(schemas), promote_options="permissive")
    metadata = dict(schemas[0].metadata or {})
    if numbered is not None and b"pandas" in metadata:
        noted = json.loads(metadata[b"pandas"])
        for index in noted["index_columns"]:
            index.update(start=numbered.start, stop=numbered.stop, step=numbered.step)
        metadata[b"pandas"] = json.dumps(noted).encode()
    return common.with_metadata(metadata)
