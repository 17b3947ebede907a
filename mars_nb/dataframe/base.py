"""What lazy data frames, series and indexes share."""

from __future__ import annotations

import functools
import inspect
import math
import operator
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from pandas.api.extensions import ExtensionArray

from mars_nb.dataframe.constructors import refuse_constructors
from mars_nb.dataframe.gone import INSTEAD
from mars_nb.dataframe.iteration import rows_of_parts
from mars_nb.dataframe.recording import by_name, record_on_frames
from mars_nb.dataframe.show import show
from mars_nb.graph.meta import HandleMeta, ObjectMeta, PandasMeta
from mars_nb.graph.mirror import mirror
from mars_nb.graph.names import has, missing
from mars_nb.graph.node import Arguments, Function
from mars_nb.graph.record import walk
from mars_nb.graph.runtime import runtime
from mars_nb.graph.showing import label
from mars_nb.graph.tileable import Object, Tileable

# With ``inplace=True`` these give the changed object, and all others nothing.
_GIVE_THEMSELVES = frozenset({"bfill", "clip", "ffill", "fillna", "interpolate", "mask", "replace", "where"})


class PandasTileable(Tileable):
    """What data frames, series and indexes share."""

    __slots__ = ()
    _prefix = "DataFrame"
    _rank = 2
    __array_priority__ = 2000.0
    __pandas_priority__ = 5000  # above a data frame's: operators of pandas's objects leave the work to ours

    @property
    def _meta(self) -> PandasMeta:
        meta = self._node.meta
        assert isinstance(meta, PandasMeta)
        return meta

    @property
    def _sample(self) -> Any:
        return self._meta.sample

    # --- recording -----------------------------------------------------------------------------------

    def _record_function(self, op: Function, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        return record_on_frames(op, args, kwargs)

    def _record_path(self, name: str, call: Arguments | None) -> Any:
        op, args = walk(self, ((name, call),))
        result = record_on_frames(op, args)
        if isinstance(result, Tileable) and isinstance(result._node.meta, HandleMeta):
            result._base = self  # type: ignore[attr-defined]  # a Handle
        return result

    def _change(self, name: str, function: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
        """Stand for a changed copy from now on."""
        self._become(self._record_function(Function(function, name), (self, *args), kwargs))

    def _call_method(self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Record a method of pandas; ``inplace=True`` changes what this object stands for."""
        can_be_in_place = "inplace" in kwargs and _can_be_in_place(getattr(type(self._sample), name))
        if not can_be_in_place or not kwargs.pop("inplace"):
            return self._record_path(name, Arguments(args, kwargs))
        self._become(self._record_path(name, Arguments(args, kwargs)))
        return self if name in _GIVE_THEMSELVES else None

    def __getitem__(self, key: Any) -> Any:
        return self._record_function(Function(operator.getitem, "getitem"), (self, key), {})

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if method != "__call__" or kwargs.get("out") is not None:
            return NotImplemented
        module = "numpy" if getattr(np, ufunc.__name__, None) is ufunc else "ufunc"
        return self._record_function(Function(ufunc, f"{module}.{ufunc.__name__}"), inputs, kwargs)

    def __array_function__(self, func: Any, types: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        return self._record_function(Function(func, f"{func.__module__}.{func.__name__}"), args, kwargs)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        refuse_constructors(self)
        return np.array(self._value(), dtype=dtype, copy=copy)

    def __hash__(self) -> int:
        raise TypeError(f"unhashable type: {type(self).__name__!r}")

    # --- what is known or must be computed -----------------------------------------------------------

    @property
    def ndim(self) -> int:
        """Number of dimensions."""
        return int(self._sample.ndim)

    @property
    def shape(self) -> tuple[float, ...]:
        """Rows and columns; rows are NaN where they depend on data that was not computed yet."""
        rows = self._meta.rows
        columns = (math.nan,) if self._meta.open else self._sample.shape[1:]
        return (math.nan if rows is None else rows, *columns)

    @property
    def size(self) -> int:
        """Number of items; computed where it depends on the data."""
        return len(self) * (len(self.columns) if self.ndim > 1 else 1)

    @property
    def empty(self) -> bool:
        """Whether there are no items; computed where it depends on the data."""
        return self.size == 0

    def __len__(self) -> int:
        rows = self._meta.rows
        if rows is not None:
            return rows
        shown = runtime().shown(self)
        if shown is not None:
            return shown.shape[0]
        return int(self._record_function(Function(len, "len"), (self,), {}))

    def __bool__(self) -> bool:
        raise ValueError(
            f"The truth value of a {type(self).__name__} is ambiguous. "
            "Use a.empty, a.bool(), a.item(), a.any() or a.all()."
        )

    def __iter__(self) -> Iterator[Any]:
        return rows_of_parts(self, iter)

    def __contains__(self, item: Any) -> bool:
        return item in self._value()

    def __round__(self, decimals: int = 0) -> Any:
        return self._record_path("round", Arguments((decimals,), {}))

    def __format__(self, spec: str) -> str:
        return format(self._sample, spec) if spec else str(self)  # pandas refuses it with its own words

    def pipe(self, func: Any, *args: Any, **kwargs: Any) -> Any:
        """Call ``func(self, *args, **kwargs)``, as pandas does."""
        if isinstance(func, tuple):
            function, keyword = func
            return function(*args, **{**kwargs, keyword: self})
        return func(self, *args, **kwargs)

    def to_pandas(self, session: Any = None) -> Any:
        """Execute where needed, and fetch as pandas's own object."""
        return self._value() if session is None else self.execute(session=session).fetch(session=session)

    def to_tensor(self) -> Any:
        """Give the values as a lazy tensor."""
        return self._record_path("to_numpy", Arguments((), {}))

    # --- showing -------------------------------------------------------------------------------------

    def _facts(self) -> dict[str, str]:
        named = {} if getattr(self._sample, "name", None) is None else {"name": label(repr(self._sample.name))}
        return {**named, "dtype": label(self._sample.dtype), **self._length_fact("length")}

    def _length_fact(self, name: str) -> dict[str, str]:
        return {} if self._meta.rows is None else {name: str(self._meta.rows)}

    def _show(self, shown: Any) -> str:
        return show(shown, self._sample)

    def __dir__(self) -> list[str]:
        return sorted({*object.__dir__(self), *public_attributes(self._sample)})

    def __getattr__(self, name: str) -> Any:
        """Give what only this type of pandas index has, such as ``DatetimeIndex.year``."""
        sample = None if name.startswith("_") else self._sample
        if sample is None or not has(sample, name):
            known = () if sample is None else dir(self)
            raise missing(f"{type(self).__name__!r} object", name, known, INSTEAD.get(name))
        return attribute_of(self, type(sample), name)


@functools.cache
def _can_be_in_place(original: Callable[..., Any]) -> bool:
    """Tell whether a method of pandas's takes ``inplace=``; what does not is to say so itself."""
    return "inplace" in inspect.signature(original).parameters


def public_attributes(sample: Any) -> list[str]:
    """List what may be completed with Tab: members, and columns that are names."""
    return [name for name in dir(sample) if not name.startswith("_")]


def attribute_of(owner: Any, cls: type, name: str) -> Any:
    """Give a recorded method, or record the reading of an attribute, as pandas's class has it."""
    original = getattr(cls, name, None)
    if callable(original) and not isinstance(original, type):

        def call(*args: Any, **kwargs: Any) -> Any:
            return owner._call_method(name, *by_name(original, args, kwargs))

        return mirror(original, call, f"{cls.__name__}.{name}", __name__)
    return read_attribute(owner, name)


def read_attribute(owner: Any, name: str) -> Any:
    """Record the reading of an attribute; what is no data, such as a time zone or a frequency, is computed at once."""
    result = owner._record_path(name, None)
    meta = result._meta if isinstance(result, Object) else None
    is_fact = isinstance(meta, ObjectMeta) and meta.kind is not None and not issubclass(meta.kind, ExtensionArray)
    return result._value() if is_fact else result
