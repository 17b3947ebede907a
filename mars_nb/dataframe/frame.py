"""The lazy data frame."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from typing import Any

import pandas as pd

from mars_nb.dataframe.changes import with_attribute, with_change
from mars_nb.dataframe.expressions import variables
from mars_nb.dataframe.index import Index
from mars_nb.dataframe.labelled import Labelled
from mars_nb.dataframe.show import lazy_html, show_html
from mars_nb.graph.claims import Claim
from mars_nb.graph.node import Arguments, Node
from mars_nb.graph.runtime import runtime
from mars_nb.graph.tileable import Tileable

_NODE: Any = vars(Tileable)["_node"]
_CLAIM: Any = vars(Tileable)["_claim"]


class DataFrame(Labelled):
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

    __slots__ = ("_handed_out",)

    # The column labels that the user has in hand, with their names as they were.
    _handed_out: tuple[pd.Index[Any], list[Any]] | None

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

        columns = columns._value() if isinstance(columns, Tileable) else columns  # it must be known which there are
        arguments = {"index": index, "columns": columns, "dtype": dtype, "copy": copy}
        return construct(pd.DataFrame, data, arguments, chunk_size)  # type: ignore[no-any-return]

    # ``df.columns.name = "x"`` changes an object of pandas's, which tells nobody. So whoever looks at the frame's node
    # has what was changed recorded first.

    @property
    def _node(self) -> Node:
        self._settle_names()
        return _NODE.__get__(self)  # type: ignore[no-any-return]

    @_node.setter
    def _node(self, node: Node) -> None:
        self._handed_out = None
        _NODE.__set__(self, node)

    @property
    def _claim(self) -> Claim:
        self._settle_names()
        return _CLAIM.__get__(self)  # type: ignore[no-any-return]

    @_claim.setter
    def _claim(self, claim: Claim) -> None:
        _CLAIM.__set__(self, claim)

    def _settle_names(self) -> None:
        if self._handed_out is None or list(self._handed_out[0].names) == self._handed_out[1]:
            return
        names, self._handed_out = list(self._handed_out[0].names), None
        self._change("set_columns", with_attribute, "columns.names", names)

    @property
    def columns(self) -> pd.Index[Any]:
        """The column labels; computed where they are made of values, as by a pivot, and else known at once."""
        self._settle_names()
        if self._handed_out is None:
            labels = self._record_path("columns", None)._value() if self._meta.open else self._sample.columns.view()
            self._handed_out = labels, list(labels.names)
        return self._handed_out[0]

    @columns.setter
    def columns(self, labels: Any) -> None:
        labels = labels._value() if isinstance(labels, Tileable) else labels
        self._change("set_columns", with_attribute, "columns", labels)

    def __getitem__(self, key: Any) -> Any:
        # Which columns there are must be known, so labels that are lazy are computed.
        return super().__getitem__(key._value() if isinstance(key, Index) else key)

    def _call_method(self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if isinstance(kwargs.get("columns"), Tileable):
            kwargs["columns"] = kwargs["columns"]._value()
        if name == "set_axis" and args and kwargs.get("axis") in (1, "columns") and isinstance(args[0], Tileable):
            args = (args[0]._value(), *args[1:])
        return super()._call_method(name, args, kwargs)

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

    def insert(self, loc: int, column: Any, value: Any, allow_duplicates: bool = False) -> None:
        """Insert a column at a position."""
        self._change("insert", with_change, "insert", loc, column, value, allow_duplicates=allow_duplicates)

    def isetitem(self, loc: Any, value: Any) -> None:
        """Set the column at a position, or several at several."""
        self._change("isetitem", with_change, "isetitem", loc, value)

    def get(self, key: Any, default: Any = None) -> Any:
        """Give the column of that name, or columns, `default` where there is none."""
        try:
            return self[key]
        except (KeyError, ValueError, IndexError):
            return default

    def assign(self, **kwargs: Any) -> Any:
        """Give the frame with new columns; a function among them gets the lazy frame as it is so far."""
        frame = self
        for name, value in kwargs.items():
            if isinstance(value, pd.api.typing.Expression):  # ``pd.col("a") * 2``
                frame = frame._record_path("assign", Arguments((), {name: value}))
                continue
            made = copy.copy(frame)
            made[name] = value(frame) if callable(value) and not isinstance(value, Tileable) else value
            frame = made
        return frame.copy() if frame is self else frame

    def query(self, expr: str, *, inplace: bool = False, **kwargs: Any) -> Any:
        """Select rows by an expression, which may name the caller's variables as ``@name``."""
        return self._call_method("query", (expr,), {**kwargs, **_given(expr), "inplace": inplace})

    def eval(self, expr: str, *, inplace: bool = False, **kwargs: Any) -> Any:
        """Compute an expression, which may name the caller's variables as ``@name``."""
        return self._call_method("eval", (expr,), {**kwargs, **_given(expr), "inplace": inplace})

    def _facts(self) -> dict[str, str]:
        columns = {} if self._meta.open else {"columns": str(self._sample.shape[1])}
        return {**self._length_fact("rows"), **columns}

    def _lazy_html(self) -> str:
        size = runtime().estimate(self).words()
        return lazy_html("DataFrame", self._node.label, self._meta, size) or super()._lazy_html()

    def _show_html(self, shown: Any) -> str | None:
        return show_html(shown)


def _given(expr: Any) -> dict[str, Any]:
    """Give the caller's variables that an expression names as ``@name``, as the argument that pandas takes."""
    names = set(re.findall(r"@\s*([^\W\d]\w*)", expr)) if isinstance(expr, str) else None  # else pandas refuses it
    return {"local_dict": variables(names)} if names else {}
