"""Tensors from nothing or from the user's data, cut into chunks when they are large."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from mars_nb.config import options
from mars_nb.graph.meta import TensorMeta
from mars_nb.graph.node import Data, Function, Source
from mars_nb.graph.record import record
from mars_nb.graph.structure import leaves
from mars_nb.graph.tileable import Tileable
from mars_nb.tensor.core import Tensor, record_function
from mars_nb.tensor.infer import infer
from mars_nb.tensor.tiles import chunk_lengths

#: Functions of numpy that make arrays of a given shape: they take ``chunk_size=``, too.
CREATORS = {
    "numpy." + name
    for name in "ones zeros empty full arange linspace eye identity tri indices array asarray asanyarray".split()
}
_FROM_DATA = {"numpy.array", "numpy.asarray", "numpy.asanyarray"}

ChunkSize = int | tuple[int, ...] | None


def create(name: str, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Record one of `CREATORS`."""
    chunk_size = kwargs.pop("chunk_size", None)
    if name in _FROM_DATA:
        return from_data(function, args, kwargs, chunk_size)
    op = Function(function, name)
    if any(isinstance(leaf, Tileable) for leaf in leaves((args, kwargs))):
        return record_function(op, args, kwargs)
    meta = infer(op, args, kwargs)
    chunks = cut(meta, chunk_size) if isinstance(meta, TensorMeta) else None  # linspace may also give its step
    return record_function(op, args, kwargs, chunks=chunks)


def from_data(
    function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], chunk_size: ChunkSize
) -> Any:
    """Make a tensor of data; ``array`` copies what it is given, ``asarray`` takes an array as it is."""
    data = args[0] if args else kwargs["object"]
    if isinstance(data, Tensor):
        dtype = kwargs.get("dtype", args[1] if len(args) > 1 else None)
        return data if dtype is None else data.astype(dtype)
    if _holds_tileables(data):
        return record_function(Function(function, "numpy.array"), args, kwargs)
    array = function(*args, **kwargs)
    meta = TensorMeta(array.shape, array.dtype)
    how: dict[str, Any] = {"infer": lambda *_: meta, "prefix": "Array", "chunks": cut(meta, chunk_size)}
    return record(Source("data_source"), (Data(array),), **how)


def _holds_tileables(data: Any) -> bool:
    """Look into lists and tuples; quickly, because there may be millions of numbers."""
    if not isinstance(data, list | tuple):
        return isinstance(data, Tileable)
    kinds = set(map(type, data))
    if any(issubclass(kind, Tileable) for kind in kinds):
        return True
    return any(issubclass(kind, list | tuple) for kind in kinds) and any(map(_holds_tileables, data))


def tensor(data: Any = None, dtype: Any = None, order: str = "K", chunk_size: ChunkSize = None) -> Any:
    """Make a tensor of an array, or of anything that numpy can make an array of.

    Parameters
    ----------
    data
        An array, a nested list, a number, a tensor, or a data frame of this package.
    dtype
        Type of the items; found from `data` if not given.
    order
        Memory layout, as in `numpy.array`.
    chunk_size
        Items per dimension of a chunk; chosen if not given.

    Examples
    --------
    >>> import mars_nb.tensor as mt
    >>> mt.tensor([[1, 2], [3, 4]]).sum().execute().fetch()
    np.int64(10)
    """
    return from_data(np.array, (data,), {"dtype": dtype, "order": order}, chunk_size)


def cut(meta: TensorMeta, chunk_size: ChunkSize = None) -> tuple[tuple[int, ...], ...] | None:
    """Decide the chunks of a new tensor.

    Parameters
    ----------
    meta
        Of the tensor; its shape must be known.
    chunk_size
        Items per dimension; if not given ``options.chunk_size``, and if that is not given either, chunks of about
        ``options.chunk_bytes``.

    Returns
    -------
    tuple of tuple of int or None
        Lengths of the chunks in each dimension, None for a single chunk.

    Raises
    ------
    ValueError
        If `chunk_size` does not fit the shape.
    """
    wanted = options.chunk_size if chunk_size is None else chunk_size
    if not meta.shape or not meta.known or (wanted is None and meta.nbytes <= options.chunk_bytes):
        return None
    if isinstance(wanted, int) and wanted >= max(meta.shape):
        return None
    chunks: tuple[tuple[int, ...], ...]
    if wanted is None:
        chunks = chunk_lengths(meta.shape, options.chunk_bytes // max(1, meta.dtype.itemsize))  # type: ignore[arg-type]  # known
    else:
        from dask.array.core import normalize_chunks

        if isinstance(wanted, tuple) and len(wanted) != len(meta.shape):
            if chunk_size is None:  # an option for other shapes
                return None
            raise ValueError(f"chunk_size {wanted} does not fit a tensor of {len(meta.shape)} dimensions")
        chunks = normalize_chunks(wanted, meta.shape)
    return None if math.prod(map(len, chunks)) == 1 else chunks
