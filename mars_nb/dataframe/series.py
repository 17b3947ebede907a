"""The lazy series."""

from __future__ import annotations

from typing import Any

import pandas as pd

from mars_nb.dataframe.changes import with_attribute
from mars_nb.dataframe.labelled import Labelled
from mars_nb.graph.node import Function


class Series(Labelled):
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

    def get(self, key: Any, default: Any = None) -> Any:
        """Give the item or items under a label, `default` where there are none; looks whether there are."""
        if not self._record_function(Function(has_item, "has_item"), (self, key), {})._value():
            return default
        return self[key]


def has_item(series: Any, key: Any) -> bool:
    """Tell whether a series has an item, or all items, under a label."""
    nothing = object()
    return series.get(key, nothing) is not nothing
