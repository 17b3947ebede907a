"""Sorting rows across chunks: each chunk is sorted and cut at common splitters, pieces between two make a new chunk.

This is sample sort, as in Blelloch et al., "A comparison of sorting algorithms for the Connection Machine CM-2" (1991).
No task needs more than one chunk or the pieces of one new chunk, so data larger than memory can be sorted. Equal rows
always fall into the same new chunk, in the order in which they were: the sort is stable, whatever ``kind`` was asked
for. (What pandas does with equal rows where no stable kind is asked for, it does not promise.)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from mars_nb.graph.node import Arguments, Node
from mars_nb.planner.context import Building
from mars_nb.planner.layout import ChunkKey, Layout, Rows
from mars_nb.planner.renumber import columns_of, renumbered
from mars_nb.planner.walks import base_rows, has_categories, method_call, sample_of
from mars_nb.scheduler.pieces import Pieces

# Pieces are as many as old chunks times new ones, so new chunks are not to be too many.
MOST_CHUNKS = 128
#: Bytes that a new chunk is to have. If all fits into one, nothing is cut and the other new chunks are empty.
CHUNK_BYTES = 16 * 2**20
# Rows looked at in each chunk, for each new chunk: more make the new chunks more even.
_OVERSAMPLING = 4
_ARGUMENTS = {"by", "ascending", "kind", "na_position", "ignore_index", "key"}


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

    def sort(self, rows: Any) -> Any:
        """Sort rows, equal ones as they were."""
        kwargs = {name: value for name, value in self.arguments.kwargs.items() if name != "ignore_index"}
        return getattr(rows, self.method)(*self.arguments.args, **{**kwargs, "kind": "stable"})

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

    def positions(self, rows: Any) -> np.ndarray[Any, Any]:
        """Give the positions of the rows in sorted order."""
        numbers = np.arange(len(rows))
        if self.method == "sort_index":
            return np.asarray(self.sort(pd.Series(numbers, index=rows.index)))
        return np.asarray(self.sort(rows.set_axis(pd.Index(numbers), axis=0)).index)


def sort_rows(building: Building, node: Node) -> Layout | None:
    """Lower a sort of rows of many chunks."""
    base, called = base_rows(building, node), method_call(node)
    if base is None or called is None or called[0] not in ("sort_values", "sort_index"):
        return None
    order, sample = Order(*called), sample_of(node.inputs[0])
    if set(order.arguments.kwargs) - _ARGUMENTS or len(order.arguments.args) > 1 or isinstance(sample, pd.Index):
        return None
    if order.method == "sort_values" and isinstance(sample, pd.DataFrame):
        if not all(isinstance(label, str | int) and label in sample.columns for label in order.by):
            return None
    elif order.arguments.args:
        return None
    if not sample.empty and has_categories(order.keys(sample)):
        return None
    chunks = shuffle(building, node, base.keys, order, partial(_sorted, order))
    if order.arguments.kwargs.get("ignore_index"):
        return renumbered(building, node, chunks, None)
    return Rows(tuple(chunks), node.key, None, columns_of(node))


def _sorted(order: Order, *pieces: Any) -> Any:
    return order.sort(pd.concat(pieces))


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
        Makes a new chunk of its pieces, one of each old chunk. Some pieces may be empty.

    Returns
    -------
    list of key
        The new chunks: all rows of one come before those of the next.
    """
    count = min(len(chunks), MOST_CHUNKS)
    look = partial(_sample, order, count * _OVERSAMPLING)
    samples = [building.add(node, ("sample", i), look, [chunk]) for i, chunk in enumerate(chunks)]
    splitters = building.add(node, "splitters", partial(_splitters, order, count), samples)
    cut = partial(_cut, order, count)
    cuts = [building.add(node, ("cut", i), cut, [chunk, splitters]) for i, chunk in enumerate(chunks)]
    return [building.add(node, ("shuffled", i), partial(_join, i, finish), cuts) for i in range(count)]


class _Sample(NamedTuple):
    """What is looked at of a chunk: some of its rows, and its bytes."""

    rows: Any
    nbytes: int


def _sample(order: Order, wanted: int, chunk: Any) -> _Sample:
    """Give rows of a chunk at equal distances in its order."""
    keys = order.keys(chunk)
    rows = order.sort(keys.iloc[:: max(1, len(keys) // (4 * wanted))])
    return _Sample(rows.iloc[_even(len(rows), min(wanted, len(rows)))], int(np.sum(chunk.memory_usage())))


def _splitters(order: Order, count: int, *samples: _Sample) -> Any:
    """Give the rows before which to cut: as many as it takes for new chunks of `CHUNK_BYTES`, less than `count`."""
    rows = order.sort(pd.concat([sample.rows for sample in samples]))
    needed = min(count, -(-sum(sample.nbytes for sample in samples) // CHUNK_BYTES))
    return rows.iloc[_even(len(rows), needed + 1)[1:-1]] if len(rows) else rows


def _even(length: int, count: int) -> np.ndarray[Any, Any]:
    return np.linspace(0, max(length - 1, 0), count).astype(int)


def _cut(order: Order, count: int, chunk: Any, splitters: Any) -> Pieces:
    """Sort a chunk and cut it before each splitter. None stands for an empty piece, but in the place of the last."""
    rows = order.sort(chunk)
    # pandas alone knows the order, so it sorts splitters and rows together; a splitter comes before rows that equal it.
    places = np.flatnonzero(order.positions(pd.concat([splitters, order.keys(rows)])) < len(splitters))
    bounds = [0, *(places - np.arange(len(splitters))), len(rows)]
    # Taken, not sliced: a piece must not keep the whole chunk in memory.
    pieces = [rows.take(np.arange(start, stop)) if start < stop else None for start, stop in pairwise(bounds)]
    return Pieces([*pieces, *[None] * (count - len(pieces)), rows.take([])])


def _join(number: int, finish: Callable[..., Any], *cuts: Pieces) -> Any:
    pieces = [piece for piece in (cut.take(number) for cut in cuts) if piece is not None]
    return finish(*(pieces or [cuts[0].peek(-1)]))
