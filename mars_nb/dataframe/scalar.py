"""Scalars that numpy has no number for: time stamps, texts and the like, lazily."""

from __future__ import annotations

from typing import Any

import pandas as pd

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


def _record_operator(op: Function, args: tuple[Any, ...]) -> Any:
    frames = [arg for arg in args if isinstance(arg, PandasTileable)]
    first = next(arg for arg in (*frames, *args) if isinstance(arg, Tileable) and arg._rank == Scalar._rank)
    return first._record_function(op, args, {})


def _choose(meta: ObjectMeta) -> type[Tileable]:
    return Scalar if meta.sample is not None and pd.api.types.is_scalar(meta.sample) else Object


add_operators(Scalar, _record_operator)
register_kind(ObjectMeta, _choose)
