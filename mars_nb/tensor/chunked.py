"""``map_chunk`` of tensors."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mars_nb.graph.chunked import MAP_CHUNK
from mars_nb.graph.meta import Meta, ObjectMeta, TensorMeta
from mars_nb.graph.node import Node, Operation
from mars_nb.graph.record import record
from mars_nb.graph.structure import leaves

if TYPE_CHECKING:
    from mars_nb.tensor.core import Tensor

# Lengths of what stands for a chunk when the function is tried.
_LENGTHS = (2, 3)


def map_chunk(
    self: Tensor,
    func: Callable[..., Any],
    args: Sequence[Any] = (),
    with_chunk_index: bool = False,
    *,
    elementwise: bool | None = None,
    dtype: Any = None,
    shape: tuple[int, ...] | None = None,
    **kwargs: Any,
) -> Any:
    """Call a function with each chunk, and put together what it gives.

    Parameters
    ----------
    func
        Gets a chunk, an array of its own, and gives an array of as many dimensions.
    args, **kwargs
        Also given to it.
    with_chunk_index
        Whether it is also given the position of the chunk among the chunks, as ``chunk_index=``.
    elementwise
        Whether what it gives always has the chunk's shape.
    dtype, shape
        Of the whole. What is not told is found by calling the function with a small array.

    Examples
    --------
    >>> import mars_nb.tensor as mt
    >>> mt.arange(6, chunk_size=3).map_chunk(lambda chunk: chunk - chunk[0]).execute()
    array([0, 1, 2, 0, 1, 2])
    """
    told = None if dtype is None else np.dtype(dtype)

    def infer(op: Operation, arguments: tuple[Any, ...], options: dict[str, Any]) -> Meta:
        given = arguments[0].meta
        if told is not None and (shape is not None or elementwise):
            return TensorMeta(given.shape if shape is None else tuple(shape), told)
        found = _tried(op, arguments, given)
        if not isinstance(found, TensorMeta):
            return found
        lengths = found.shape if elementwise is None else (math.nan,) * len(found.shape)
        whole = given.shape if elementwise else lengths
        return TensorMeta(whole if shape is None else tuple(shape), found.dtype if told is None else told)

    return record(MAP_CHUNK, (self, func, tuple(args), kwargs, with_chunk_index), infer=infer, prefix="Tensor")


def _tried(op: Operation, arguments: tuple[Any, ...], given: TensorMeta) -> Meta:
    """Call the function with small arrays, and see what it gives; nothing is known where it fails."""
    if any(isinstance(leaf, Node) for leaf in leaves(arguments[1:])):
        return ObjectMeta()
    kept, found = True, np.empty(0)
    for length in _LENGTHS:
        lengths = [length if math.isnan(n) else min(int(n), length) for n in given.shape]
        numbers = np.arange(math.prod(lengths)) - 1  # some of each sign, for functions that choose
        stand_in = numbers.reshape(lengths).astype(given.dtype)
        try:
            with warnings.catch_warnings(), np.errstate(all="ignore"):
                warnings.simplefilter("ignore")
                found = np.asarray(op.apply((stand_in, *arguments[1:]), {}))
        except (Exception, SystemExit):
            return ObjectMeta()
        kept = kept and found.shape == stand_in.shape
    return TensorMeta(given.shape if kept else (math.nan,) * found.ndim, found.dtype)
