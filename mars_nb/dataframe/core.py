"""The data frame, series and index: pandas's, lazily."""

from __future__ import annotations

import math
import operator
import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd

from mars_nb.dataframe.constructors import refuse_constructors
from mars_nb.dataframe.infer import SAMPLE_ROWS, infer
from mars_nb.dataframe.show import lazy_html, show, show_html
from mars_nb.graph.callsite import user_frame
from mars_nb.graph.meta import HandleMeta, PandasMeta
from mars_nb.graph.names import has, missing
from mars_nb.graph.node import Arguments, Function
from mars_nb.graph.record import record, register_kind, walk
from mars_nb.graph.runtime import runtime
from mars_nb.graph.showing import label
from mars_nb.graph.tileable import Tileable
from mars_nb.tensor.core import add_operators


def with_item(frame: Any, key: Any, value: Any) -> Any:
    """Copy a frame and set an item in the copy."""
    frame = frame.copy(deep=False)
    frame[key] = value
    return frame


def with_attribute(frame: Any, name: str, value: Any) -> Any:
    """Copy a frame and set an attribute of the copy."""
    frame = frame.copy(deep=False)
    setattr(frame, name, value)
    return frame


def with_change(frame: Any, method: str, *args: Any, **kwargs: Any) -> Any:
    """Copy a frame and call a method on the copy that changes it."""
    frame = frame.copy(deep=False)
    getattr(frame, method)(*args, **kwargs)
    return frame


class PandasTileable(Tileable):
    """What data frames, series and indexes share."""

    __slots__ = ()
    _prefix = "DataFrame"
    _rank = 2
    __array_priority__ = 2000.0

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
        return record(op, args, kwargs, infer=infer, prefix=self._prefix)

    def _record_path(self, name: str, call: Arguments | None) -> Any:
        op, args = walk(self, ((name, call),))
        result = record(op, args, infer=infer, prefix=self._prefix)
        if isinstance(result, Tileable) and isinstance(result._node.meta, HandleMeta):
            result._base = self  # type: ignore[attr-defined]  # a Handle
        return result

    def _change(self, name: str, function: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
        """Stand for a changed copy from now on."""
        self._become(self._record_function(Function(function, name), (self, *args), kwargs))

    def _call_method(self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Record a method of pandas; ``inplace=True`` changes what this object stands for."""
        if kwargs.pop("inplace", False):
            return self._become(self._record_path(name, Arguments(args, kwargs)))
        return self._record_path(name, Arguments(args, kwargs))

    def __getitem__(self, key: Any) -> Any:
        return self._record_function(Function(operator.getitem, "getitem"), (self, key), {})

    def __setitem__(self, key: Any, value: Any) -> None:
        self._change("setitem", with_item, key, value)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if method != "__call__" or kwargs.get("out") is not None:
            return NotImplemented
        module = "numpy" if getattr(np, ufunc.__name__, None) is ufunc else "ufunc"
        return self._record_function(Function(ufunc, f"{module}.{ufunc.__name__}"), inputs, kwargs)

    def __array_function__(self, func: Any, types: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        return self._record_function(Function(func, f"{func.__module__}.{func.__name__}"), args, kwargs)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        refuse_constructors(self)
        return np.asarray(self._value(), dtype=dtype)

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
        return len(self) * (len(self.columns) if isinstance(self, DataFrame) else 1)

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
        return iter(self._value())

    def __contains__(self, item: Any) -> bool:
        return item in self._value()

    def __round__(self, decimals: int = 0) -> Any:
        return self._record_path("round", Arguments((decimals,), {}))

    def __copy__(self) -> Any:
        return self._of(self._node, self._claim)

    def __deepcopy__(self, memo: Any) -> Any:
        return self._of(self._node, self._claim)

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
            raise missing(f"{type(self).__name__!r} object", name, () if sample is None else dir(self))
        return attribute_of(self, type(sample), name)


def public_attributes(sample: Any) -> list[str]:
    """List what may be completed with Tab: members, and columns that are names."""
    return [name for name in dir(sample) if not name.startswith("_")]


def attribute_of(owner: Any, cls: type, name: str) -> Any:
    """Give a recorded method, or record the reading of an attribute, as pandas's class has it."""
    from mars_nb.graph.mirror import mirror

    original = getattr(cls, name, None)
    if callable(original) and not isinstance(original, type):
        return mirror(
            original, lambda *args, **kwargs: owner._call_method(name, args, kwargs), f"{cls.__name__}.{name}", __name__
        )
    return owner._record_path(name, None)


class DataFrame(PandasTileable):
    """A lazy pandas data frame.

    Parameters
    ----------
    data, index, columns, dtype
        As in `pandas.DataFrame`; `data` may also be a tensor, or a dictionary of lazy series and tensors.
    chunk_size
        Rows of a chunk; chosen if not given.

    Examples
    --------
    >>> import mars_nb.dataframe as md
    >>> df = md.DataFrame({"a": [1, 2, 2], "b": [3, 4, 5]})
    >>> df.groupby("a").b.sum().execute()
    a
    1    3
    2    9
    Name: b, dtype: int64
    """

    __slots__ = ()

    def __new__(  # noqa: D102, PYI034  # gives a recorded one
        cls,
        data: Any = None,
        index: Any = None,
        columns: Any = None,
        dtype: Any = None,
        copy: bool | None = None,
        chunk_size: int | tuple[int, ...] | None = None,
    ) -> DataFrame:
        from mars_nb.dataframe.sources import construct

        arguments = {"index": index, "columns": columns, "dtype": dtype, "copy": copy}
        return construct(pd.DataFrame, data, arguments, chunk_size)  # type: ignore[no-any-return]

    @property
    def columns(self) -> pd.Index[Any]:
        """The column labels; computed where they are made of values, as by a pivot, and else known at once."""
        if self._meta.open:
            return self._record_path("columns", None)._value()  # type: ignore[no-any-return]
        return self._sample.columns  # type: ignore[no-any-return]

    @columns.setter
    def columns(self, labels: Any) -> None:
        self._change("set_columns", with_attribute, "columns", labels)

    @property
    def dtypes(self) -> pd.Series[Any]:
        """Types of the columns, as far as they are known."""
        if self._meta.open:
            return self._record_path("dtypes", None)._value()  # type: ignore[no-any-return]
        return self._sample.dtypes  # type: ignore[no-any-return]

    @property
    def key(self) -> Any:
        """The column of that name where there is one; else the name of the recorded value."""
        return self["key"] if "key" in self.columns else self._node.key

    @key.setter
    def key(self, value: Any) -> None:
        self["key"] = value

    def keys(self) -> pd.Index[Any]:
        """Give the column labels."""
        return self.columns

    def items(self) -> Iterator[tuple[Any, Any]]:
        """Give each column's label with the column, a lazy series."""
        return ((label, self[label]) for label in self.columns)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.columns)

    def __contains__(self, item: Any) -> bool:
        return item in self.columns

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("_") and name in self.columns:
            return self[name]
        return super().__getattr__(name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name.startswith("_") or hasattr(type(self), name):
            object.__setattr__(self, name, value)
        elif name in self.columns:
            self[name] = value
        else:
            raise AttributeError(f"a lazy DataFrame takes no new attributes; for a column use df[{name!r}] = ...")

    def __delitem__(self, key: Any) -> None:
        self._become(self.drop(columns=key))

    def pop(self, item: Any) -> Any:
        """Take a column out of the frame."""
        column = self[item]
        del self[item]
        return column

    def insert(self, loc: int, column: Any, value: Any, allow_duplicates: bool = False) -> None:
        """Insert a column at a position."""
        self._change("insert", with_change, "insert", loc, column, value, allow_duplicates=allow_duplicates)

    def assign(self, **kwargs: Any) -> Any:
        """Give the frame with new columns; a function among them gets the lazy frame as it is so far."""
        frame = self
        for name, value in kwargs.items():
            made = frame.copy()
            made[name] = value(frame) if callable(value) and not isinstance(value, Tileable) else value
            frame = made
        return frame.copy() if frame is self else frame

    def update(self, other: Any, **kwargs: Any) -> None:
        """Take values from another frame, where it has any."""
        self._change("update", with_change, "update", other, **kwargs)

    def query(self, expr: str, *, inplace: bool = False, **kwargs: Any) -> Any:
        """Select rows by an expression, which may name the caller's variables as ``@name``."""
        return self._call_method("query", (expr,), {**kwargs, **_variables(expr), "inplace": inplace})

    def eval(self, expr: str, *, inplace: bool = False, **kwargs: Any) -> Any:
        """Compute an expression, which may name the caller's variables as ``@name``."""
        return self._call_method("eval", (expr,), {**kwargs, **_variables(expr), "inplace": inplace})

    def _facts(self) -> dict[str, str]:
        columns = {} if self._meta.open else {"columns": str(self._sample.shape[1])}
        return {**self._length_fact("rows"), **columns}

    def _lazy_html(self) -> str:
        size = runtime().estimate(self).words()
        return lazy_html("DataFrame", self._node.label, self._meta, size) or super()._lazy_html()

    def _show_html(self, shown: Any) -> str | None:
        return show_html(shown)


def _variables(expr: Any) -> dict[str, Any]:
    """Collect the caller's variables that an expression names as ``@name``."""
    if not isinstance(expr, str) or "@" not in expr:  # what is no text is pandas's to refuse
        return {}
    frame = user_frame(sys._getframe(1))
    names = {part.split("@")[-1] for part in expr.replace("@", " @").split() if part.startswith("@")}
    names = {"".join(c if c.isalnum() or c == "_" else " " for c in name).split()[0] for name in names}
    scope = {**frame.f_globals, **frame.f_locals} if frame is not None else {}
    return {"local_dict": {name: scope[name] for name in names if name in scope}}


class Series(PandasTileable):
    """A lazy pandas series.

    Parameters
    ----------
    data, index, dtype, name
        As in `pandas.Series`; `data` may also be a tensor of one dimension.
    chunk_size
        Rows of a chunk; chosen if not given.
    """

    __slots__ = ()

    def __new__(  # noqa: D102, PYI034  # gives a recorded one
        cls,
        data: Any = None,
        index: Any = None,
        dtype: Any = None,
        name: Any = None,
        copy: bool | None = None,
        chunk_size: int | tuple[int, ...] | None = None,
    ) -> Series:
        from mars_nb.dataframe.sources import construct

        return construct(pd.Series, data, {"index": index, "dtype": dtype, "name": name, "copy": copy}, chunk_size)  # type: ignore[no-any-return]

    @property
    def dtype(self) -> Any:
        """Type of the items, as far as it is known."""
        return self._sample.dtype

    @property
    def dtypes(self) -> Any:
        """Type of the items, as far as it is known."""
        return self._sample.dtype

    @property
    def name(self) -> Any:
        """The series's label."""
        return self._sample.name

    @name.setter
    def name(self, label: Any) -> None:
        self._change("set_name", with_attribute, "name", label)

    def update(self, other: Any) -> None:
        """Take values from another series, where it has any."""
        self._change("update", with_change, "update", other)


class Index(PandasTileable):
    """A lazy pandas index.

    Parameters
    ----------
    data, dtype, name
        As in `pandas.Index`.
    chunk_size
        Rows of a chunk; chosen if not given.
    """

    __slots__ = ()

    def __new__(  # noqa: D102, PYI034  # gives a recorded one
        cls,
        data: Any = None,
        dtype: Any = None,
        copy: bool | None = None,
        name: Any = None,
        tupleize_cols: bool = True,
        chunk_size: int | tuple[int, ...] | None = None,
    ) -> Index:
        from mars_nb.dataframe.sources import construct

        arguments = {"dtype": dtype, "name": name, "copy": copy, "tupleize_cols": tupleize_cols}
        return construct(pd.Index, data, arguments, chunk_size)  # type: ignore[no-any-return]

    @property
    def dtype(self) -> Any:
        """Type of the labels, as far as it is known."""
        return self._sample.dtype

    @property
    def name(self) -> Any:
        """The index's own label."""
        return self._sample.name

    @property
    def names(self) -> Any:
        """The labels of the levels."""
        return self._sample.names

    @property
    def nlevels(self) -> int:
        """Number of levels."""
        return int(self._sample.nlevels)

    def __setattr__(self, name: str, value: Any) -> None:
        if name in ("name", "names"):
            raise AttributeError(
                f"the {name} of a lazy index cannot be set, because no frame would see it: "
                f"use df.rename_axis({value!r}) or df.index = df.index.rename({value!r})"
            )
        object.__setattr__(self, name, value)


def _kind(meta: PandasMeta) -> type[PandasTileable]:
    if isinstance(meta.sample, pd.DataFrame):
        return DataFrame
    return Series if isinstance(meta.sample, pd.Series) else Index


register_kind(PandasMeta, _kind)
for _cls in (DataFrame, Series, Index):
    add_operators(
        _cls,
        lambda op, args: max(
            (arg for arg in args if isinstance(arg, Tileable)), key=lambda arg: arg._rank
        )._record_function(op, args, {}),
    )

__all__ = ["SAMPLE_ROWS", "DataFrame", "Index", "PandasTileable", "Series", "attribute_of", "public_attributes"]
