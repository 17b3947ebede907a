"""pandas's own members on the lazy classes: with their names, signatures and docstrings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd

from mars_nb.dataframe.core import DataFrame, Index, PandasTileable, Series, with_attribute
from mars_nb.graph.mirror import mirror, public_names
from mars_nb.graph.tileable import Tileable

# Need the whole computed value, and give something that is neither lazy nor large, or draw, or print.
_IMMEDIATE = frozenset(
    "plot hist boxplot info style iterrows itertuples items to_dict to_list tolist to_string to_html to_latex "
    "to_markdown to_clipboard to_records to_numpy to_xarray item array flags attrs memory_usage".split()
) - {"memory_usage"}
_SETTABLE = {"index", "names"}


def _method(cls: type[PandasTileable], name: str, original: Any) -> Callable[..., Any]:
    def call(self: PandasTileable, *args: Any, **kwargs: Any) -> Any:
        if name in _IMMEDIATE:
            return getattr(self._value(), name)(*args, **kwargs)
        return self._call_method(name, args, kwargs)

    return mirror(original, call, f"{cls.__name__}.{name}", __name__)


def _attribute(cls: type[PandasTileable], name: str, original: Any) -> property:
    def read(self: PandasTileable) -> Any:
        return getattr(self._value(), name) if name in _IMMEDIATE else self._record_path(name, None)

    def write(self: PandasTileable, value: Any) -> None:
        self._change(f"set_{name}", with_attribute, name, value)

    return property(read, write if name in _SETTABLE else None, doc=original.__doc__)


def _add_members(cls: type[PandasTileable], original_cls: type) -> None:
    own = {name for base in cls.__mro__ if issubclass(base, Tileable) for name in vars(base)}
    for name in public_names(original_cls):
        if name in own:
            continue
        original = getattr(original_cls, name)
        is_method = callable(original) and not isinstance(original, type)
        setattr(cls, name, (_method if is_method else _attribute)(cls, name, original))


_add_members(DataFrame, pd.DataFrame)
_add_members(Series, pd.Series)
_add_members(Index, pd.Index)
