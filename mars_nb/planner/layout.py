"""How a value is cut into chunks: one chunk, rows of a frame, or a grid of an array."""

from __future__ import annotations

import itertools
import math
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

ChunkKey = Hashable


@dataclass(frozen=True, slots=True)
class Single:
    """The value is one chunk.

    Attributes
    ----------
    key
        Of the chunk.
    shape
        Of the value where it is known; empty for what has none.
    """

    key: ChunkKey
    shape: tuple[int, ...] = ()

    @property
    def keys(self) -> tuple[ChunkKey, ...]:
        """Keys of all chunks."""
        return (self.key,)

    def assemble(self, chunks: Sequence[Any]) -> Any:
        """Put the chunks together."""
        return chunks[0]


@dataclass(frozen=True, slots=True)
class Rows:
    """The value is a frame, series or index, cut into runs of rows.

    Attributes
    ----------
    keys
        Of the chunks, in order of the rows.
    partition
        Names the way the rows are cut: values with the same name have the same rows in each chunk.
    lengths
        Rows of each chunk, None if not known.
    columns
        Number of columns where known.
    """

    keys: tuple[ChunkKey, ...]
    partition: str
    lengths: tuple[int, ...] | None = None
    columns: tuple[int, ...] = ()

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the value; only of executed ones."""
        return (sum(self.lengths or ()), *self.columns)

    def assemble(self, chunks: Sequence[Any]) -> Any:
        """Put the chunks together."""
        if isinstance(chunks[0], pd.Index):
            return chunks[0].append(list(chunks[1:]))
        # Empty chunks must not decide dtypes; the index of all must.
        filled = [chunk for chunk in chunks if len(chunk)] or chunks[:1]
        return filled[0] if len(filled) == 1 else pd.concat(filled)


@dataclass(frozen=True, slots=True)
class Grid:
    """The value is an array, cut along each dimension.

    Attributes
    ----------
    keys
        Of the chunks, the last dimension running fastest.
    nsplits
        Lengths of the chunks in each dimension; NaN where not known.
    """

    keys: tuple[ChunkKey, ...]
    nsplits: tuple[tuple[float, ...], ...]

    @property
    def known(self) -> bool:
        """Whether all lengths are known."""
        return not any(math.isnan(n) for lengths in self.nsplits for n in lengths)

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the value; only if all lengths are known."""
        return tuple(int(sum(lengths)) for lengths in self.nsplits)

    def assemble(self, chunks: Sequence[Any]) -> Any:
        """Put the chunks together."""
        return join_grid(chunks, [len(lengths) for lengths in self.nsplits])


Layout = Single | Rows | Grid


def join_grid(chunks: Sequence[Any], counts: Sequence[int]) -> Any:
    """Put an array together from the chunks of a grid, the last dimension running fastest."""
    pieces = list(chunks)
    for axis in reversed(range(len(counts))):
        size = counts[axis]
        pieces = [
            pieces[i] if size == 1 else np.concatenate(pieces[i : i + size], axis=axis)
            for i in range(0, len(pieces), size)
        ]
    return pieces[0]


def grid_indices(nsplits: Sequence[Sequence[float]]) -> Iterator[tuple[int, ...]]:
    """Give the position of each chunk of a grid, the last dimension running fastest."""
    return itertools.product(*(range(len(lengths)) for lengths in nsplits))


def spans(lengths: Sequence[float]) -> list[tuple[int, int]]:
    """Give where each chunk starts and stops."""
    stops = list(itertools.accumulate(int(n) for n in lengths))
    return list(zip([0, *stops[:-1]], stops, strict=True)) if stops else []


def stored(layout: Layout, name: str, values: Mapping[ChunkKey, Any]) -> tuple[Layout, dict[ChunkKey, Any]]:
    """Describe computed chunks for keeping them.

    Parameters
    ----------
    layout
        As planned, with lengths that may be unknown.
    name
        Begins the keys of the kept chunks.
    values
        The chunks by their planned keys.

    Returns
    -------
    tuple
        The layout with all lengths known and keys of its own, and the chunks by those keys.
    """
    keys = tuple((name, number) for number in range(len(layout.keys)))
    chunks = {new: _compact(values[old]) for new, old in zip(keys, layout.keys, strict=True)}
    match layout:
        case Single():
            (value,) = chunks.values()
            sized = isinstance(value, np.ndarray | pd.DataFrame | pd.Series | pd.Index)
            return Single(keys[0], tuple(value.shape) if sized else ()), chunks
        case Rows(partition=partition):
            lengths = tuple(map(len, chunks.values()))
            columns = tuple(next(iter(chunks.values())).shape[1:])
            return Rows(keys, partition, lengths, columns), chunks
        case Grid(nsplits=nsplits):
            shapes = {index: np.shape(c) for index, c in zip(grid_indices(nsplits), chunks.values(), strict=True)}
            first = [0] * len(nsplits)
            known = tuple(
                tuple(shapes[(*first[:axis], i, *first[axis + 1 :])][axis] for i in range(len(lengths)))
                for axis, lengths in enumerate(nsplits)
            )
            return Grid(keys, known), chunks


def _compact(chunk: Any) -> Any:
    """Copy an array that is a small view of a large one, which it would keep in memory."""
    base = getattr(chunk, "base", None) if isinstance(chunk, np.ndarray) else None
    if isinstance(base, np.ndarray) and chunk.nbytes * 2 < base.nbytes:
        return chunk.copy()
    return chunk
