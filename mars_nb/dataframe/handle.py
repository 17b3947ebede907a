"""Handles: what pandas puts between data and data, such as a group-by, a rolling window, string methods or ``loc``.

A handle is a walk that is not at its end. What is called on it makes the walk longer, and where data comes out a
tileable is recorded for the whole walk.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mars_nb.dataframe.base import PandasTileable, attribute_of, public_attributes
from mars_nb.dataframe.changes import assigned_along
from mars_nb.dataframe.gone import INSTEAD
from mars_nb.dataframe.recording import record_on_frames
from mars_nb.graph.meta import HandleMeta
from mars_nb.graph.names import has, missing
from mars_nb.graph.node import Arguments, Function, Path
from mars_nb.graph.record import record, register_kind, unknown
from mars_nb.graph.tileable import Tileable


class Handle(Tileable):
    """A group-by, rolling window, accessor or indexer on a lazy frame."""

    __slots__ = ("_base",)

    _base: PandasTileable
    _prefix = "DataFrame"
    _rank = 2

    @property
    def _example(self) -> Any:
        meta = self._node.meta
        assert isinstance(meta, HandleMeta)
        return meta.example

    def _record_function(self, op: Function, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        return record_on_frames(op, args, kwargs)

    def _record_path(self, name: str, call: Arguments | None) -> Any:
        walked = self._node
        assert isinstance(walked.op, Path)
        op = Path((*walked.op.names, name))
        args = (*walked.args, call)
        result = record_on_frames(op, args, claims=self._claim.inputs, walked=walked.meta)
        if isinstance(result, Handle):
            result._base = self._base
        return result

    def _call_method(self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        return self._record_path(name, Arguments(args, kwargs))

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or not has(self._example, name):
            raise missing(
                f"{type(self._example).__name__!r} object", name, public_attributes(self._example), INSTEAD.get(name)
            )
        if not hasattr(type(self._example), name):  # a column, as in ``df.groupby("a").b``
            return self[name]
        return attribute_of(self, type(self._example), name)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call what is called, such as ``loc`` with an axis."""
        return self._record_path("__call__", Arguments(args, kwargs))

    def __getitem__(self, key: Any) -> Any:
        return self._record_path("__getitem__", Arguments((key,), {}))

    def __setitem__(self, key: Any, value: Any) -> None:
        walked = self._node
        assert isinstance(walked.op, Path)
        self._base._change("setitem", assigned_along, walked.op.names, walked.args[1:], key, value)

    def pipe(self, func: Any, *args: Any, **kwargs: Any) -> Any:
        """Call ``func(self, *args, **kwargs)``, as pandas does."""
        return func(self, *args, **kwargs)

    def __copy__(self) -> Handle:
        made = super().__copy__()
        made._base = self._base
        return made

    def __deepcopy__(self, memo: Any) -> Handle:
        return self.__copy__()

    def __reduce__(self) -> tuple[Any, ...]:
        return *super().__reduce__(), (None, {"_base": self._base})

    def __iter__(self) -> Iterator[Any]:
        items = record(Function(list, "list"), (self,), infer=unknown, prefix=self._prefix)
        return iter(items._value())

    def __len__(self) -> int:
        return int(self._record_function(Function(len, "len"), (self,), {}))

    def __bool__(self) -> bool:
        return True

    def __dir__(self) -> list[str]:
        return sorted({*object.__dir__(self), *public_attributes(self._example)})

    def _kind(self) -> str:
        return type(self._example).__name__

    def _recorded(self) -> str:
        return f"{self._kind()}(op={self._node.label})"


register_kind(HandleMeta, lambda meta: Handle)
