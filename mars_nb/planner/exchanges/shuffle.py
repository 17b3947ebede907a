"""Sorting rows across chunks: an exchange that brings rows together which are near one another in the order.

Equal rows stay in the order in which they were: the sort is stable, whatever ``kind`` was asked for. (What pandas does
with equal rows where no stable kind is asked for, it does not promise.)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from mars_nb.graph.node import Arguments, Node
from mars_nb.planner.chunks.renumber import columns_of, renumbered
from mars_nb.planner.context import Building
from mars_nb.planner.exchanges.exchange import Side, exchanged, pieces_of, together
from mars_nb.planner.layout import ChunkKey, Layout, Rows
from mars_nb.planner.walks import base_rows, has_categories, method_call, sample_of
from mars_nb.scheduler.pieces import Pieces

_ARGUMENTS = {"by", "ascending", "kind", "na_position", "ignore_index", "key", "axis"}


@dataclass(frozen=True)
class Order:
    """An order of rows, as one of pandas's methods sorts them.

    Attributes
    ----------
    method
        ``sort_values`` or ``sort_index``.
    arguments
        Of the method.
    """

    method: str
    arguments: Arguments

    @property
    def by(self) -> list[Any]:
        """The columns that are sorted by; empty for a series or an index."""
        found = self.arguments.args[0] if self.arguments.args else self.arguments.kwargs.get("by", [])
        return found if isinstance(found, list) else [found]

    def keys(self, rows: Any) -> Any:
        """Give what of the rows their order depends on."""
        if self.method == "sort_index":
            return pd.Series(np.zeros(len(rows), "i1"), index=rows.index)
        return rows[self.by] if isinstance(rows, pd.DataFrame) else rows

    def positions(self, keys: Any) -> np.ndarray[Any, Any]:
        """Give the positions of the rows in sorted order, equal ones as they were."""
        numbers = np.arange(len(keys))
        by_index = self.method == "sort_index"
        rows = pd.Series(numbers, index=keys.index) if by_index else keys.set_axis(pd.Index(numbers), axis=0)
        kwargs = {name: value for name, value in self.arguments.kwargs.items() if name != "ignore_index"}
        found = getattr(rows, self.method)(*self.arguments.args, **{**kwargs, "kind": "stable"})
        return np.asarray(found if by_index else found.index)


def sort_rows(building: Building, node: Node) -> Layout | None:
    """Lower a sort of rows of many chunks."""
    base, called = base_rows(building, node), method_call(node)
    if base is None or called is None or called[0] not in ("sort_values", "sort_index"):
        return None
    order, sample = Order(*called), sample_of(node.inputs[0])
    if order.arguments.kwargs.get("axis", 0) not in (0, "index"):
        return None
    if set(order.arguments.kwargs) - _ARGUMENTS or len(order.arguments.args) > 1 or isinstance(sample, pd.Index):
        return None
    if order.method == "sort_values" and isinstance(sample, pd.DataFrame):
        if not all(isinstance(label, str | int) and label in sample.columns for label in order.by):
            return None
    elif order.arguments.args:
        return None
    if not sample.empty and has_categories(order.keys(sample)):
        return None
    if not _is_by_row(order, sample):
        return None
    chunks = shuffle(building, node, base.keys, order, partial(_sorted, order))
    if order.arguments.kwargs.get("ignore_index"):
        return renumbered(building, node, chunks, None)
    return Rows(tuple(chunks), node.key, None, columns_of(node))


def _is_by_row(order: Order, sample: Any) -> bool:
    """Tell whether the user's key of a row depends on that row only, as far as the sample tells."""
    key = order.arguments.kwargs.get("key")
    if key is None or len(sample) < 2:
        return key is None
    columns = order.keys(sample)
    if order.method == "sort_index":
        columns = columns.index.to_series()
    for label in columns if isinstance(columns, pd.DataFrame) else [None]:
        column = columns if label is None else columns[label]
        values = column if order.method == "sort_values" else pd.Index(column)
        try:
            whole = pd.Series(key(values))
            parts = pd.concat([pd.Series(key(values[i : i + 1])) for i in range(len(values))])
        except Exception:  # whatever a function of the user's does on one row
            return False
        if not whole.reset_index(drop=True).equals(parts.reset_index(drop=True).astype(whole.dtype)):
            return False
    return True


def _sorted(order: Order, rows: Any) -> Any:
    return rows.take(order.positions(order.keys(rows)))


def shuffle(
    building: Building, node: Node, chunks: Sequence[ChunkKey], order: Order, finish: Callable[..., Any]
) -> list[ChunkKey]:
    """Bring rows together that are near one another in an order.

    Parameters
    ----------
    building, node
        Where the tasks go.
    chunks
        Data frames or series, cut in whatever way.
    order
        The order.
    finish
        Makes a new chunk of its rows, which are not sorted yet.

    Returns
    -------
    list of key
        The new chunks: all rows of one come before those of the next.
    """
    count, (cuts,) = exchanged(building, node, [Side([(chunk,) for chunk in chunks], order)])
    return [building.add(node, ("shuffled", i), partial(_finished, i, finish), cuts) for i in range(count)]


def _finished(number: int, finish: Callable[..., Any], *cuts: Pieces) -> Any:
    return finish(*together(pieces_of(cuts, number), cuts))
