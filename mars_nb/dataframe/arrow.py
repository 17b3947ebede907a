"""Frames as Arrow's record batches, a chunk at a time, and Arrow's tables as pandas's objects."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pandas as pd

from mars_nb.graph.claims import Claim
from mars_nb.graph.runtime import runtime
from mars_nb.graph.tileable import Tileable


def reader(frame: Any, schema: Any = None, with_index: bool = True) -> Any:
    """Give a `pyarrow.RecordBatchReader` that brings a frame's chunks one after the other.

    The labels are brought first and as a whole, because what Arrow gets of them depends on all of them.

    Parameters
    ----------
    frame
        A lazy data frame; executed where needed.
    schema
        What the batches are to be like; as pandas's and Arrow's types go if not given.
    with_index
        Whether labels become columns, or a note in the schema if they are a range, as pandas does it.
    """
    import pyarrow as pa

    keep = None if with_index else False
    dtypes = frame._sample.dtypes
    if any(dtype == "object" for dtype in dtypes) or not len(dtypes):  # Arrow's types depend on all of the values
        return pa.Table.from_pandas(frame._value(), schema=schema, preserve_index=keep).to_reader()
    shown, claim = runtime().readable(frame), frame._claim
    labels = shown.read(slice(None), []).index if with_index else None

    def part(rows: slice) -> pd.DataFrame:
        value: pd.DataFrame = shown.read(rows)
        return value if labels is None else value.set_axis(labels[rows], axis=0)

    windows = shown.parts
    first = part(windows[0])
    schema = schema or _of_all(pa.Schema.from_pandas(first, preserve_index=keep), labels)

    def batches(claim: Claim) -> Iterator[Any]:  # which keeps the rows in the session meanwhile
        for number, rows in enumerate(windows):
            chunk = part(rows) if number else first
            table = pa.Table.from_pandas(chunk, schema=schema, preserve_index=keep)
            yield from table.to_batches() or [pa.RecordBatch.from_pandas(chunk, schema, keep)]

    return pa.RecordBatchReader.from_batches(schema, batches(claim))


def _of_all(schema: Any, labels: pd.Index[Any] | None) -> Any:
    """Let a schema of the first rows tell the labels of all of them, where these are a range."""
    if not isinstance(labels, pd.RangeIndex):
        return schema
    told = json.loads(schema.metadata[b"pandas"])
    told["index_columns"][0].update(start=labels.start, stop=labels.stop, step=labels.step)
    return schema.with_metadata({**schema.metadata, b"pandas": json.dumps(told)})


def is_table(value: Any) -> bool:
    """Tell what is to be taken by Arrow's protocol: whatever speaks it and is neither pandas's nor lazy."""
    return hasattr(type(value), "__arrow_c_stream__") and not isinstance(value, pd.DataFrame | pd.Series | Tileable)


def to_pandas(data: Any) -> Any:
    """Give pandas's frame or series of a table or column that speaks Arrow's protocol."""
    import pyarrow as pa

    frame: Any = pd.DataFrame
    series: Any = pd.Series
    if isinstance(data, pa.ChunkedArray | pa.Array) or type(data).__name__ == "Series":
        return series.from_arrow(data).rename(getattr(data, "name", None))
    return frame.from_arrow(data)
