"""``map_chunk``: a function of the user's on each chunk of a value by itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mars_nb.graph.node import Function

#: Names the operation in the planner's tables.
NAME = "map_chunk"


def on_chunk(
    chunk: Any,
    func: Callable[..., Any],
    args: Sequence[Any],
    kwargs: Mapping[str, Any],
    with_chunk_index: bool = False,
    index: tuple[int, ...] | None = None,
) -> Any:
    """Call a function with a chunk.

    Parameters
    ----------
    chunk
        An array, or rows of a frame.
    func, args, kwargs
        What is called, and with what besides.
    with_chunk_index
        Whether it is also told the position of the chunk, as ``chunk_index=``.
    index
        The position; that of the only chunk if not given.
    """
    __tracebackhide__ = True
    if with_chunk_index:
        kwargs = {**kwargs, "chunk_index": (0,) * max(chunk.ndim, 1) if index is None else index}
    value = func(chunk, *args, **kwargs)
    if not hasattr(value, "shape") or not value.shape:
        raise TypeError(f"map_chunk joins arrays or frames, and the function gave {type(value).__name__} for a chunk")
    return value


MAP_CHUNK = Function(on_chunk, NAME)
