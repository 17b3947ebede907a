"""Data frames and series to and from other libraries: Arrow, Polars, Dask, and whatever speaks Arrow's protocol.

What is given away is executed where needed and brought chunk by chunk: only what the other library keeps is in memory.
What is taken is pandas's from there on; Dask's collections stay lazy.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from mars_nb.dataframe import arrow
from mars_nb.dataframe.sources import from_pandas
from mars_nb.graph.claims import Claim
from mars_nb.graph.meta import PandasMeta
from mars_nb.graph.node import Function
from mars_nb.graph.record import record
from mars_nb.graph.runtime import Shown, runtime
from mars_nb.graph.tileable import Tileable
from mars_nb.tensor.interchange import computed


class Interchange(Tileable):
    """What other libraries ask of a data frame or series."""

    __slots__ = ()
    _sample: Any

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        """Give the rows as a stream of Arrow's; of a frame chunk by chunk, with the index as pandas gives it."""
        if not isinstance(self._sample, pd.DataFrame):
            return self._value().__arrow_c_stream__(requested_schema)
        import pyarrow as pa

        schema = None if requested_schema is None else pa.Schema._import_from_c_capsule(requested_schema)
        return arrow.reader(self, schema).__arrow_c_stream__()

    def __dataframe__(self, nan_as_null: bool = False, allow_copy: bool = True) -> Any:
        """Give pandas's object for the interchange protocol, of all the rows."""
        return self._value().__dataframe__(nan_as_null, allow_copy)

    def to_arrow(self) -> Any:
        """Execute where needed, and give a `pyarrow.Table` of a frame or a `pyarrow.ChunkedArray` of a series.

        Examples
        --------
        >>> import mars_nb.dataframe as md
        >>> md.DataFrame({"a": [1, 2, 3]}).to_arrow().column_names
        ['a']
        """
        import pyarrow as pa

        return pa.table(self) if isinstance(self._sample, pd.DataFrame) else pa.chunked_array(self)

    def to_polars(self) -> Any:
        """Execute where needed, and give a `polars.DataFrame` or `polars.Series`, without the index."""
        import polars as pl

        if isinstance(self._sample, pd.DataFrame):
            return pl.from_arrow(arrow.reader(self, with_index=False).read_all())
        return pl.Series(self._sample.name, self.to_arrow())

    def to_dask(self) -> Any:
        """Give a Dask data frame or series whose partitions are the chunks.

        The object is executed where needed, and its chunks stay in the session. A partition is brought from there when
        Dask computes it; if Dask sends it to another process, the partition itself is sent.

        Examples
        --------
        >>> import mars_nb.dataframe as md
        >>> md.DataFrame({"a": [1, 2, 3]}, chunk_size=2).to_dask().npartitions
        2
        """
        import dask.dataframe

        shown = runtime().readable(self)
        parts = [Part(shown, self._claim, rows) for rows in shown.parts]
        return dask.dataframe.from_map(_bring, parts, meta=self._sample[:0], label="mars_nb")


class Part:
    """A part of an executed object, brought when it is wanted. Pickled, it is what was brought.

    Parameters
    ----------
    shown
        Reads the object.
    claim
        Keeps the object in its session.
    rows
        Which part.
    """

    def __init__(self, shown: Shown, claim: Claim, rows: slice) -> None:
        self._shown = shown
        self._claim = claim
        self._rows = rows

    def bring(self) -> Any:
        """Bring the part into memory."""
        return self._shown.read(self._rows)

    def __dask_tokenize__(self) -> Any:
        return self._claim.key, self._rows.start, self._rows.stop

    def __reduce__(self) -> tuple[Any, ...]:
        return Brought, (self.bring(),)


class Brought:
    """A part that is there already.

    Parameters
    ----------
    value
        The part.
    """

    def __init__(self, value: Any) -> None:
        self._value = value

    def bring(self) -> Any:
        """Give the part."""
        return self._value


def _bring(part: Part | Brought) -> Any:
    return part.bring()


def from_arrow(data: Any, chunk_size: Any = None) -> Any:
    """Make a lazy frame of a table of Arrow's or Polars's, or of any other object that speaks Arrow's protocol.

    Parameters
    ----------
    data
        The table, or a column for a series.
    chunk_size
        Rows of a chunk; chosen if not given.

    Examples
    --------
    >>> import mars_nb.dataframe as md
    >>> import pyarrow as pa
    >>> md.from_arrow(pa.table({"a": [1, 2, 3]})).a.sum().execute()
    6
    """
    return from_pandas(arrow.to_pandas(data), chunk_size)


def from_dask(collection: Any) -> Any:
    """Make a lazy frame of a Dask data frame, series or index; its partitions become chunks, nothing is computed yet.

    Examples
    --------
    >>> import dask.dataframe as dd
    >>> import mars_nb.dataframe as md
    >>> import pandas as pd
    >>> md.from_dask(dd.from_pandas(pd.DataFrame({"a": [1, 2, 3]}), npartitions=2)).a.sum().execute()
    6
    """
    from dask.dataframe.dispatch import make_meta

    sample = make_meta(collection)
    if not isinstance(sample, pd.DataFrame | pd.Series | pd.Index):
        raise TypeError(f"from_dask takes a Dask data frame, series or index, not {type(collection).__name__}")
    how: dict[str, Any] = {"infer": lambda *_: PandasMeta(sample), "prefix": "DataFrame"}
    return record(Function(computed, "from_dask"), (runtime().recorded(collection),), **how)
