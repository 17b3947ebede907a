"""Frames from the user's data."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from mars_nb.config import options
from mars_nb.dataframe import arrow, folding
from mars_nb.dataframe.infer import SAMPLE_ROWS, infer
from mars_nb.graph import mistakes
from mars_nb.graph.constants import Folded
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
    dtypes = list(kept.dtypes) if isinstance(kept, pd.DataFrame) else [kept.dtype]
    nbytes = _nbytes(kept, dtypes)
    chunks = _cut_rows(len(kept), nbytes, chunk_size)
    meta = PandasMeta(kept[:SAMPLE_ROWS], len(kept))
    found = Folded(meta, kept) if chunks is None and folding.is_source(dtypes, nbytes) else meta
    prefix = type(value).__name__ if isinstance(value, pd.DataFrame | pd.Series) else "Index"
    how: dict[str, Any] = {"infer": lambda *_: found, "prefix": prefix, "chunks": chunks}
    return record(Source("data_source"), (Data(kept),), **how)


def _nbytes(value: Any, dtypes: Sequence[Any]) -> int:
    """Tell the bytes of a frame, series or index; for frames pandas makes a series of them, which takes its time."""
    if not isinstance(value, pd.DataFrame):
        return int(value.nbytes if isinstance(value, pd.Index) else value.memory_usage())
    plain = [dtype.itemsize if isinstance(dtype, np.dtype) else 0 for dtype in dtypes]
    others = (value.iloc[:, i].array.nbytes for i, nbytes in enumerate(plain) if not nbytes)
    return int(value.index.memory_usage() + len(value) * sum(plain) + sum(others))


def _cut_rows(rows: int, nbytes: int, chunk_size: Any) -> tuple[tuple[int, ...], ...] | None:
    wanted = options.chunk_size if chunk_size is None else chunk_size
    if isinstance(wanted, tuple):
        wanted = wanted[0]
    if wanted is None:
        if nbytes <= options.chunk_bytes:
            return None
        wanted = max(1, rows * options.chunk_bytes // nbytes)
    if rows <= wanted:
        return None
    full, rest = divmod(rows, wanted)
    return ((wanted,) * full + ((rest,) if rest else ()),)
