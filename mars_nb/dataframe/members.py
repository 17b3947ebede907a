"""pandas's own members on the lazy classes: with their names, signatures and docstrings."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import pandas as pd

from mars_nb.dataframe.base import PandasTileable, read_attribute
from mars_nb.dataframe.core import DataFrame, Index, Series
from mars_nb.dataframe.functions import call_function
from mars_nb.dataframe.infer import WRITERS
from mars_nb.dataframe.iteration import rows_of_parts
from mars_nb.dataframe.recording import by_name
from mars_nb.dataframe.writers import TARGETS, written
from mars_nb.graph.mirror import mirror, public_names
from mars_nb.graph.structure import replace
from mars_nb.graph.tileable import Tileable

# Go through the rows, of which one chunk at a time is brought.
_ITERATORS = frozenset({"iterrows", "itertuples", "items"})
# Need the whole computed value, and give something that is neither lazy nor large, or draw, or print.
_IMMEDIATE = frozenset(
    "plot hist boxplot info style to_dict to_list tolist to_string to_html to_latex "
    "to_markdown to_clipboard to_records to_numpy to_xarray item array".split()
)


def _method(cls: type[PandasTileable], name: str, original: Any) -> Callable[..., Any]:
    def call(self: PandasTileable, *args: Any, **kwargs: Any) -> Any:
        if name in TARGETS:
            return written(self, name, original, args, kwargs)
        if name in _ITERATORS:
            return rows_of_parts(self, lambda part: getattr(part, name)(*args, **kwargs))
        if name in _IMMEDIATE or (name in WRITERS and _gives_text(args, kwargs)):
            return _computed(self, name, args, kwargs)
        return self._call_method(name, *by_name(original, args, kwargs))

    return mirror(original, call, f"{cls.__name__}.{name}", __name__)


def _computed(self: PandasTileable, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    args, kwargs = replace((args, kwargs), lambda leaf: leaf._value() if isinstance(leaf, Tileable) else leaf)
    return getattr(self._value(), name)(*args, **kwargs)


def _gives_text(args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    """Tell ``df.to_json()``, which is given no file and so gives what would be in it."""
    return not args and all(kwargs.get(name) is None for name in ("path_or_buf", "path", "buf", "path_or_buffer"))


def _attribute(cls: type[PandasTileable], name: str, original: Any) -> property:
    def read(self: PandasTileable) -> Any:
        return getattr(self._value(), name) if name in _IMMEDIATE else read_attribute(self, name)

    return property(read, doc=original.__doc__)


def _constructor(cls: type[PandasTileable], name: str, original: Any) -> Any:
    """Give a class method, such as ``DataFrame.from_dict``."""

    def call(cls: type[PandasTileable], *args: Any, **kwargs: Any) -> Any:
        return call_function(original, f"pandas.{cls.__name__}.{name}", args, kwargs)

    return classmethod(mirror(original.__func__, call, f"{cls.__name__}.{name}", __name__))


def _add_members(cls: type[PandasTileable], original_cls: type) -> None:
    own = {name for base in cls.__mro__ if issubclass(base, Tileable) for name in vars(base)}
    for name in public_names(original_cls):
        if name in own:
            continue
        original = getattr(original_cls, name)
        if inspect.ismethod(original):
            make = _constructor
        else:
            make = _method if callable(original) and not isinstance(original, type) else _attribute
        setattr(cls, name, make(cls, name, original))


_add_members(DataFrame, pd.DataFrame)
_add_members(Series, pd.Series)
_add_members(Index, pd.Index)
