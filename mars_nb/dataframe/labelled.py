"""What data frames and series share and an index lacks: an index, and that they can be changed in place."""

from __future__ import annotations

import operator
import weakref
from typing import Any

from mars_nb.dataframe.base import PandasTileable
from mars_nb.dataframe.changes import Attrs, Flags, with_attribute, with_change, with_item, without_item
from mars_nb.dataframe.chunked import map_chunk
from mars_nb.dataframe.interchange import Interchange


class Labelled(Interchange, PandasTileable):
    """A data frame or series."""

    __slots__ = ()

    def __setitem__(self, key: Any, value: Any) -> None:
        self._change("setitem", with_item, key, value)

    def __delitem__(self, key: Any) -> None:
        self._change("delitem", without_item, key)

    def pop(self, item: Any) -> Any:
        """Take an item out: a column of a frame, one item of a series."""
        taken = self[item]
        del self[item]
        return taken

    def update(self, other: Any, *args: Any, **kwargs: Any) -> None:
        """Take values from another object where it has any, as pandas does."""
        self._change("update", with_change, "update", other, *args, **kwargs)

    map_chunk = map_chunk

    def rebalance(self, *args: Any, **kwargs: Any) -> Any:
        """Give a copy, for programs written for Mars: chunks are as even as they have to be."""
        return self.copy()

    @property
    def index(self) -> Any:
        """The labels of the rows, a lazy index; setting its name sets it here, too."""
        index = self._record_path("index", None)
        index._labelled = weakref.ref(self)
        return index

    @index.setter
    def index(self, labels: Any) -> None:
        self._change("assign_index", with_attribute, "index", labels)

    @property
    def attrs(self) -> Attrs:
        """Facts about the data that the user keeps with it."""
        return Attrs(self._sample.attrs, lambda values: self._change("set_attrs", with_attribute, "attrs", values))

    @attrs.setter
    def attrs(self, values: Any) -> None:
        self._change("set_attrs", with_attribute, "attrs", dict(values))

    @property
    def flags(self) -> Flags:
        """Whether labels may come twice."""
        return Flags(self)


def _add_in_place(name: str) -> None:
    function = getattr(operator, f"{name}_" if name in ("and", "or") else name)

    def change(self: Labelled, other: Any) -> Labelled:
        changed = function(self, other)
        if not isinstance(changed, type(self)):  # as ``series += frame`` makes another thing of the name
            return changed  # type: ignore[no-any-return]
        self._become(changed)
        return self

    change.__name__, change.__qualname__ = f"__i{name}__", f"Labelled.__i{name}__"
    setattr(Labelled, f"__i{name}__", change)


for _name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "and", "or", "xor"):
    _add_in_place(_name)
