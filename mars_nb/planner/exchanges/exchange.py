"""Bringing together rows of many chunks that are near one another in an order, as rows of equal keys are.

Each chunk is sorted and cut at common splitters; the pieces between two splitters make a *bucket*. This is sample sort,
as in Blelloch et al., "A comparison of sorting algorithms for the Connection Machine CM-2" (1991). No task needs more
than one chunk or the pieces of one bucket, so data larger than memory can be exchanged. Equal rows always fall into
the same bucket, in the order in which they were. Several values can be cut at the same splitters: the two
sides of a join.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise
from typing import Any, NamedTuple, Protocol

import numpy as np
import pandas as pd

from mars_nb.graph.node import Node
from mars_nb.planner.context import Building
from mars_nb.planner.layout import ChunkKey
from mars_nb.scheduler.pieces import Pieces

# Pieces are as many as chunks times buckets, so buckets are not to be too many.
MOST_BUCKETS = 128
#: Bytes that a bucket is to have. If all fits into one, nothing is cut and the other buckets are empty.
BUCKET_BYTES = 16 * 2**20
# Rows looked at in each chunk, for each bucket: more make the buckets more even.
_OVERSAMPLING = 4


class Order(Protocol):
    """An order of rows."""

    def keys(self, *values: Any) -> Any:
        """Give what of the rows their order depends on: a frame or series as long as they are."""

    def positions(self, keys: Any) -> np.ndarray[Any, Any]:
        """Give the positions of the rows in sorted order, equal ones as they were."""


class Side(NamedTuple):
    """Values whose rows are exchanged.

    Attributes
    ----------
    chunks
        For each chunk the keys of the values that it consists of, which have the same rows.
    order
        Gives keys that can stand below those of the other sides.
    """

    chunks: Sequence[Sequence[ChunkKey]]
    order: Order


class Piece(NamedTuple):
    """Rows of a chunk that fall into a bucket.

    Attributes
    ----------
    values
        The rows, of each value that the chunk consists of.
    positions
        Where they are in the chunk.
    """

    values: tuple[Any, ...]
    positions: np.ndarray[Any, Any]


def exchanged(building: Building, node: Node, sides: Sequence[Side]) -> tuple[int, list[list[ChunkKey]]]:
    """Cut the chunks of all sides at common splitters.

    Returns
    -------
    tuple
        The number of buckets, and for each side the tasks that give the `Pieces` of its chunks. `pieces_of` takes them.
    """
    count = min(max(len(side.chunks) for side in sides), MOST_BUCKETS)
    samples = [
        building.add(node, ("sample", s, i), partial(_sample, side.order, count * _OVERSAMPLING), chunk)
        for s, side in enumerate(sides)
        for i, chunk in enumerate(side.chunks)
    ]
    splitters = building.add(node, "splitters", partial(_splitters, sides[0].order, count), samples)
    return count, [
        [
            building.add(node, ("cut", s, i), partial(_cut, side.order, count), [splitters, *chunk])
            for i, chunk in enumerate(side.chunks)
        ]
        for s, side in enumerate(sides)
    ]


def pieces_of(cuts: Sequence[Pieces], number: int) -> list[Piece | None]:
    """Take the pieces of a bucket, one of each chunk; None for those without a row."""
    return [cut.take(number) for cut in cuts]


def together(pieces: Sequence[Piece | None], cuts: Sequence[Pieces]) -> tuple[Any, ...]:
    """Put the pieces of a bucket below one another, value by value; without any row, if no piece has one."""
    found = [piece for piece in pieces if piece is not None] or [cuts[0].peek(-1)]
    return tuple(
        pd.concat(parts) if len(parts) > 1 else parts[0] for parts in zip(*(p.values for p in found), strict=True)
    )


class _Sample(NamedTuple):
    """What is looked at of a chunk: the keys of some of its rows, and its bytes."""

    keys: Any
    nbytes: int


def _sample(order: Order, wanted: int, *values: Any) -> _Sample:
    """Give keys of a chunk at equal distances in their order."""
    keys = order.keys(*values)
    some = keys.iloc[:: max(1, len(keys) // (4 * wanted))]
    some = some.take(order.positions(some))
    nbytes = sum(int(np.sum(value.memory_usage())) for value in values)
    return _Sample(some.iloc[_even(len(some), min(wanted, len(some)))], nbytes)


def _splitters(order: Order, count: int, *samples: _Sample) -> Any:
    """Give the keys before which to cut: as many as it takes for buckets of `BUCKET_BYTES`, less than `count`."""
    keys = pd.concat([sample.keys for sample in samples if len(sample.keys)] or [samples[0].keys])
    keys = keys.take(order.positions(keys))
    needed = min(count, -(-sum(sample.nbytes for sample in samples) // BUCKET_BYTES))
    return keys.iloc[_even(len(keys), needed + 1)[1:-1]] if len(keys) else keys


def _even(length: int, count: int) -> np.ndarray[Any, Any]:
    return np.linspace(0, max(length - 1, 0), count).astype(int)


def _cut(order: Order, count: int, splitters: Any, *values: Any) -> Pieces:
    """Sort a chunk and cut it before each splitter. None stands for a piece without a row, but in the last place."""
    keys = order.keys(*values)
    positions = order.positions(keys)
    if len(splitters) and len(keys):
        # pandas alone knows the order, so it sorts splitters and keys together; a splitter comes before its equals.
        among = pd.concat([splitters, keys.take(positions)])  # sorted already but for the splitters, which is quick
        places = np.flatnonzero(order.positions(among) < len(splitters))
        bounds = [0, *(places - np.arange(len(splitters))), len(keys)]
    else:
        bounds = [0, len(keys)]

    def piece(where: np.ndarray[Any, Any]) -> Piece:
        # Taken, not sliced: a piece must not keep the whole chunk in memory.
        return Piece(tuple(value.take(where) for value in values), where.copy())

    pieces = [piece(positions[start:stop]) if start < stop else None for start, stop in pairwise(bounds)]
    return Pieces([*pieces, *[None] * (count - len(pieces)), piece(positions[:0])])


# --- a table of keys ----------------------------------------------------------------------------------------------


class ByKeys:
    """Rows in the order of some keys, those that lack one at the end.

    Parameters
    ----------
    extract
        Gives the keys of the values of a chunk, one array or series for each.
    """

    def __init__(self, extract: Callable[..., Sequence[Any]]) -> None:
        self.extract = extract

    def keys(self, *values: Any) -> pd.DataFrame:
        """Give a frame of the keys, whose columns are numbered."""
        found = [key.array if isinstance(key, pd.Series | pd.Index) else key for key in self.extract(*values)]
        return pd.DataFrame(dict(enumerate(found)))

    def positions(self, keys: pd.DataFrame) -> np.ndarray[Any, Any]:
        """Give the positions of the rows in sorted order, equal ones as they were."""
        numbered = keys.set_axis(pd.RangeIndex(len(keys)), axis=0)
        return np.asarray(numbered.sort_values(list(keys.columns), kind="stable").index)


def orderable(dtype: Any) -> bool:
    """Tell a dtype all values of which have an order."""
    return not pd.api.types.is_object_dtype(dtype) and getattr(dtype, "kind", "O") != "c"


# --- answers for each row -----------------------------------------------------------------------------------------


def answered(building: Building, node: Node, side: Side, compute: Callable[..., Any]) -> list[ChunkKey]:
    """Compute something for each row together with all rows of the same keys.

    Parameters
    ----------
    building, node
        Where the tasks go.
    side
        The rows.
    compute
        Gives a frame or series with an answer for each row of a bucket's values, in their order.

    Returns
    -------
    list of key
        For each chunk the answers for its rows, in their order.
    """
    count, (cuts,) = exchanged(building, node, [side])
    buckets = [building.add(node, ("bucket", i), partial(_answers, compute, i), cuts) for i in range(count)]
    return [building.add(node, ("answer", i), partial(_placed, i), buckets) for i in range(len(side.chunks))]


def _answers(compute: Callable[..., Any], number: int, *cuts: Pieces) -> Pieces:
    """Give the answers for the rows of a bucket, cut as the chunks are, and at last none of them."""
    pieces = pieces_of(cuts, number)
    if number and not any(piece is not None for piece in pieces):
        return Pieces([None] * (len(pieces) + 1))  # only the first answers if there are no rows at all
    found = compute(*together(pieces, cuts))
    answers: list[Any] = []
    start = 0
    for piece in pieces:
        stop = start + (0 if piece is None else len(piece.positions))
        rows = found.take(np.arange(start, stop))
        answers.append(None if piece is None else Piece((rows,), piece.positions))
        start = stop
    return Pieces([*answers, found.take([])])


def _placed(number: int, *buckets: Pieces) -> Any:
    """Put the answers for a chunk into the order of its rows."""
    pieces = [piece for piece in (bucket.take(number) for bucket in buckets) if piece is not None]
    if not pieces:
        examples = (bucket.peek(-1) for bucket in buckets)
        return next(example for example in examples if example is not None)
    answers = pd.concat([piece.values[0] for piece in pieces])
    return answers.take(np.argsort(np.concatenate([piece.positions for piece in pieces])))
