"""Feather, which is Arrow's own file format: read as one, and only the columns that are wanted."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import pandas as pd

from mars_nb.files import places
from mars_nb.files.parquet import index_columns, to_pandas
from mars_nb.files.reader import TypedReader, noted

_PEEKED_ROWS = 100


@dataclass(frozen=True, kw_only=True, eq=False)
class FeatherReader(TypedReader):
    """Reads a Feather file.

    Attributes
    ----------
    path
        The file.
    columns
        Wanted ones; None for all.
    """

    path: str
    columns: list[str] | None = None

    @property
    def origin(self) -> str:
        """The file."""
        return self.path

    def current_version(self) -> Hashable:
        """Tell the version of what is there now."""
        return places.version([self.path])

    def read(self, part: int) -> pd.DataFrame:
        """Read all: there is one part."""
        return self.whole()

    def whole(self) -> pd.DataFrame:
        """Read all with pandas."""
        try:
            return pd.read_feather(self.path, columns=self.columns)
        except Exception as error:
            raise noted(error, self.path) from None

    def select(self, columns: list[Any]) -> FeatherReader | None:
        """Give a reader of some columns."""
        own = list(self.sample.columns)
        if len(columns) >= len(own) or not columns or not set(columns) <= set(own) or self.has_labels:
            return None
        wanted = [name for name in own if name in columns]
        return replace(self, sample=self.sample[wanted], columns=wanted)

    @property
    def has_labels(self) -> bool:
        """Whether labels of rows are kept."""
        return not isinstance(self.sample.index, pd.RangeIndex)


def feather_reader(path: str, columns: list[str] | None) -> FeatherReader:
    """Look at a Feather file.

    Raises
    ------
    Exception
        What Arrow or pandas raises for a wrong file or column.
    """
    import pyarrow as pa

    version = places.version([path])
    with pa.memory_map(path) as mapped:
        file = pa.ipc.open_file(mapped)
        batches = [file.get_batch(0)] if file.num_record_batches else []
        table = pa.Table.from_batches(batches, file.schema).slice(0, _PEEKED_ROWS)
        if columns is not None:
            table = table.select([*columns, *(name for name in index_columns(file.schema) if name not in columns)])
        sample = to_pandas(table, {}).copy()
    return FeatherReader(
        sample=sample, path=path, columns=columns, version=version, again=partial(feather_reader, path, columns)
    )
