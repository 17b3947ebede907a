"""Tensors to and from Dask's arrays."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from mars_nb.graph.claims import Claim
from mars_nb.graph.meta import TensorMeta
from mars_nb.graph.node import Function
from mars_nb.graph.record import record
from mars_nb.graph.runtime import Shown, runtime
from mars_nb.graph.tileable import Tileable


class Interchange(Tileable):
    """What other libraries ask of a tensor."""

    __slots__ = ()

    def to_dask(self) -> Any:
        """Give a Dask array with the same chunks along the first dimension.

        The tensor is executed where needed, and its chunks stay in the session. They are brought from there when Dask
        computes them; if Dask sends the array to another process, the whole of it is sent.

        Examples
        --------
        >>> import mars_nb.tensor as mt
        >>> mt.ones((4, 2), chunk_size=2).to_dask().chunks
        ((2, 2), (2,))
        """
        import dask.array

        shown = runtime().readable(self)
        if not shown.shape:
            return dask.array.asarray(self._value())
        stored = _Stored(shown, self._claim, self._node.meta.dtype)  # type: ignore[union-attr]
        lengths = tuple(len(range(shown.shape[0])[part]) for part in shown.parts)
        chunks = (lengths, *((length,) for length in shown.shape[1:]))
        return dask.array.from_array(stored, chunks, name=f"mars_nb-{self._node.key}", asarray=False)


class _Stored:
    """An executed tensor as Dask wants a source: what it asks for is brought. Pickled, it is the array.

    Parameters
    ----------
    shown
        Reads the tensor.
    claim
        Keeps the tensor in its session.
    dtype
        Of its items.
    """

    def __init__(self, shown: Shown, claim: Claim, dtype: np.dtype[Any]) -> None:
        self._shown = shown
        self._claim = claim
        self.shape = shown.shape
        self.ndim = len(shown.shape)
        self.dtype = dtype

    def __getitem__(self, key: tuple[slice, ...]) -> Any:
        return self._shown.read(*key)

    def __reduce__(self) -> tuple[Any, ...]:
        return np.asarray, (self._shown.read(),)


def from_dask(array: Any) -> Any:
    """Make a lazy tensor of a Dask array: nothing is computed yet, and its chunks become the tensor's.

    Examples
    --------
    >>> import dask.array as da
    >>> import mars_nb.tensor as mt
    >>> mt.from_dask(da.ones((4, 4), chunks=2)).sum().execute()
    16.0
    """
    shape, dtype, chunks = array.shape, array.dtype, array.chunks
    meta = TensorMeta(tuple(length if math.isnan(length) else int(length) for length in shape), dtype)
    how: dict[str, Any] = {"infer": lambda *_: meta, "prefix": "Tensor"}
    return record(Function(computed, "from_dask"), (runtime().recorded(array), chunks), **how)


def computed(value: Any, *chunks: Any) -> Any:
    """Give what a Dask collection was computed to."""
    return value
