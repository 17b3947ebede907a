"""Frames from the user's data."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from mars_nb.config import options
from mars_nb.dataframe import arrow
from mars_nb.dataframe.infer import SAMPLE_ROWS, infer
from mars_nb.graph import mistakes
from mars_nb.graph.meta import PandasMeta
from mars_nb.graph.node import Data, Function, Source
from mars_nb.graph.record import record
from mars_nb.graph.structure import leaves
from mars_nb.graph.tileable import Tileable


def construct(cls: Callable[..., Any], data: Any, arguments: dict[str, Any], chunk_size: Any = None) -> Any:
    """Make a lazy frame of data that is there, or of other lazy objects.

    Parameters
    ----------
    cls
        pandas's class.
    data, arguments
        What the class takes.
    chunk_size
        Rows of a chunk, or a tuple of which the first counts.
    """
    arguments = {name: value for name, value in arguments.items() if value is not None}
    if type(data).__module__.startswith("dask.dataframe."):
        from mars_nb.dataframe.interchange import from_dask

        data = from_dask(data)
        if not arguments and type(data).__name__ == cls.__name__:
            return data
    if any(isinstance(leaf, Tileable) for leaf in leaves((data, arguments))):
        return record(Function(cls, f"pandas.{cls.__name__}"), (data,), arguments, infer=infer, prefix="DataFrame")
    try:
        data = arrow.to_pandas(data) if arrow.is_table(data) else data
        value = cls(data, **arguments) if data is not None or arguments else cls()
    except Exception as error:
        mistakes.tell(error)
        raise
    return from_pandas(value, chunk_size)


def from_pandas(value: Any, chunk_size: Any = None) -> Any:
    """Make a lazy frame of a pandas data frame, series or index.

    Parameters
    ----------
    value
        pandas's object; later changes to it do not show in the lazy one.
    chunk_size
        Rows of a chunk; chosen if not given.
    """
    kept = value.copy(deep=False)  # pandas copies on write, so this stays as it is
    meta = PandasMeta(kept[:SAMPLE_ROWS], len(kept))
    prefix = type(value).__name__ if isinstance(value, pd.DataFrame | pd.Series) else "Index"
    how: dict[str, Any] = {"infer": lambda *_: meta, "prefix": prefix, "chunks": _cut_rows(kept, chunk_size)}
    return record(Source("data_source"), (Data(kept),), **how)


def _cut_rows(value: Any, chunk_size: Any) -> tuple[tuple[int, ...], ...] | None:
    wanted = options.chunk_size if chunk_size is None else chunk_size
    rows = len(value)
    if isinstance(wanted, tuple):
        wanted = wanted[0]
    if wanted is None:
        nbytes = int(np.sum(value.memory_usage()))
        if nbytes <= options.chunk_bytes:
            return None
        wanted = max(1, rows * options.chunk_bytes // nbytes)
    if rows <= wanted:
        return None
    full, rest = divmod(rows, wanted)
    return ((wanted,) * full + ((rest,) if rest else ()),)
