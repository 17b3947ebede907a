"""What is neither a tensor nor a frame, lazily: time stamps, texts and the like, and pandas's own kinds of array."""

from __future__ import annotations

import operator
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from pandas.api.extensions import ExtensionArray

from mars_nb.dataframe.base import PandasTileable, attribute_of, public_attributes
from mars_nb.dataframe.recording import record_on_frames
from mars_nb.graph.meta import ObjectMeta
from mars_nb.graph.names import has, missing
from mars_nb.graph.node import Arguments, Function
from mars_nb.graph.record import register_kind, walk
from mars_nb.graph.tileable import Object, Tileable
from mars_nb.tensor.core import add_operators


class Scalar(Object):
    """A lazy scalar, such as the time stamp ``df.t.max()``: its operators and methods are recorded."""

    __slots__ = ()
    _prefix = "DataFrame"
    _rank = 2

    @property
    def _sample(self) -> Any:
        meta = self._node.meta
        assert isinstance(meta, ObjectMeta)
        return meta.sample

    def _record_function(self, op: Function, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        return record_on_frames(op, args, kwargs)

    def _record_path(self, name: str, call: Arguments | None) -> Any:
        op, args = walk(self, ((name, call),))
        return record_on_frames(op, args)

    def _call_method(self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        return self._record_path(name, Arguments(args, kwargs))

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or not has(self._sample, name):
            raise missing(f"{type(self._sample).__name__!r} object", name, public_attributes(self._sample))
        return attribute_of(self, type(self._sample), name)

    def __dir__(self) -> list[str]:
        return sorted({*object.__dir__(self), *public_attributes(self._sample)})

    def __hash__(self) -> int:
        return object.__hash__(self)


class Array(Scalar):
    """A lazy array of pandas's own kinds, such as ``df.s.unique()`` for texts."""

    __slots__ = ()

    @property
    def dtype(self) -> Any:
        """Type of the items, as far as it is known."""
        return self._sample.dtype

    @property
    def shape(self) -> tuple[int]:
        """The length, in a tuple; computed."""
        return (len(self),)

    def __getitem__(self, key: Any) -> Any:
        return self._record_function(Function(operator.getitem, "getitem"), (self, key), {})

    def __len__(self) -> int:
        return int(self._record_function(Function(len, "len"), (self,), {}))

    def __iter__(self) -> Iterator[Any]:
        return iter(self._value())

    def __contains__(self, item: Any) -> bool:
        return item in self._value()

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        return np.asarray(self._value(), dtype=dtype)

    def __bool__(self) -> bool:
        raise ValueError("The truth value of an array is ambiguous. Use a.any() or a.all().")


def _record_operator(op: Function, args: tuple[Any, ...]) -> Any:
    frames = [arg for arg in args if isinstance(arg, PandasTileable)]
    first = next(arg for arg in (*frames, *args) if isinstance(arg, Tileable) and arg._rank == Scalar._rank)
    return first._record_function(op, args, {})


def _choose(meta: ObjectMeta) -> type[Tileable]:
    if isinstance(meta.sample, ExtensionArray):
        return Array
    return Scalar if meta.sample is not None and pd.api.types.is_scalar(meta.sample) else Object


add_operators(Scalar, _record_operator)
register_kind(ObjectMeta, _choose)
