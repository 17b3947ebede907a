"""``map_chunk`` of frames and series."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd

from mars_nb.dataframe.infer import infer
from mars_nb.graph.chunked import MAP_CHUNK
from mars_nb.graph.constants import Folded
from mars_nb.graph.meta import Meta, ObjectMeta, PandasMeta
from mars_nb.graph.node import Operation
from mars_nb.graph.record import record


def map_chunk(
    self: Any,
    func: Callable[..., Any],
    args: Sequence[Any] = (),
    kwargs: Mapping[str, Any] | None = None,
    skip_infer: bool = False,
    *,
    with_chunk_index: bool = False,
    dtypes: Any = None,
    dtype: Any = None,
    name: Any = None,
    **hints: Any,
) -> Any:
    """Call a function with each chunk, and put together what it gives.

    Parameters
    ----------
    func
        Gets some of the rows, as pandas's object, and gives a frame, a series or an array.
    args, kwargs
        Also given to it.
    skip_infer
        Whether the function is not to be called before it is executed. It is also not called if `dtypes` or `dtype`
        tell what it gives.
    with_chunk_index
        Whether it is also given the position of the chunk among the chunks, as ``chunk_index=``.
    dtypes
        Of the columns, by label, if it gives a frame.
    dtype, name
        Of the series, if it gives one.
    **hints
        Other hints that Mars took; they are not needed.

    Examples
    --------
    >>> import mars_nb.dataframe as md
    >>> df = md.DataFrame({"a": [1, 2, 3, 4]}, chunk_size=2)
    >>> df.map_chunk(lambda chunk: chunk.cumsum()).execute()
       a
    0  1
    1  3
    2  3
    3  7
    """
    unknown = set(hints) - {"output_type", "index", "shape", "elementwise"}
    if unknown:
        raise TypeError(f"map_chunk() got an unexpected keyword argument {min(unknown)!r}")

    def told(op: Operation, arguments: tuple[Any, ...], options: dict[str, Any]) -> Meta | Folded:
        if dtypes is not None:
            columns = {label: pd.Series(dtype=kind) for label, kind in dict(dtypes).items()}
            return PandasMeta(pd.DataFrame(columns), None)
        if dtype is not None:
            return PandasMeta(pd.Series(dtype=dtype, name=name), None)
        return ObjectMeta() if skip_infer else infer(op, arguments, options)

    arguments = (self, func, tuple(args), dict(kwargs or {}), with_chunk_index)
    return record(MAP_CHUNK, arguments, infer=told, prefix="DataFrame")
