"""The lazy index."""

from __future__ import annotations

import weakref
from typing import Any

import pandas as pd

from mars_nb.dataframe.base import PandasTileable
from mars_nb.dataframe.changes import with_attribute
from mars_nb.graph.node import Function


class Index(PandasTileable):
    """A lazy pandas index.

    Parameters
    ----------
    data, dtype, name
        As in `pandas.Index`.
    chunk_size
        Rows of a chunk; chosen if not given.
    """

    __slots__ = ("_labelled",)

    # The frame or series whose index this is: it takes part in a change of the name.
    _labelled: weakref.ref[Any]

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

    @name.setter
    def name(self, label: Any) -> None:
        self._rename("name", label)

    @property
    def names(self) -> Any:
        """The labels of the levels."""
        return self._sample.names

    @names.setter
    def names(self, labels: Any) -> None:
        self._rename("names", labels)

    def _rename(self, attribute: str, value: Any) -> None:
        labelled = self._labelled() if hasattr(self, "_labelled") else None
        if labelled is not None and self._node.inputs == (labelled._node,):
            labelled._change("set_name", with_attribute, f"index.{attribute}", value)
            self._become(labelled._record_path("index", None))
        else:
            self._become(self._record_function(Function(renamed, "set_name"), (self, attribute, value), {}))

    @property
    def nlevels(self) -> int:
        """Number of levels."""
        return int(self._sample.nlevels)


def renamed(index: Any, attribute: str, value: Any) -> Any:
    """Give an index under another name."""
    index = index.view()
    setattr(index, attribute, value)
    return index
