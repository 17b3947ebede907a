"""How a value is cut into chunks: one chunk, rows of a frame, a grid of an array, or as Dask cut it."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from mars_nb.planner.dtypes import joined

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
        return joined(chunks)


@dataclass(frozen=True, slots=True)
class Grid:
    """The value is an array, cut along each dimension.

    Attributes
    ----------
    keys
        Of the chunks, the last dimension running fastest.
    nsplits
        Lengths of the chunks in each dimension; NaN where not known.
    partition
        Of an array made of a frame, row by row: as of `Rows`.
    """

    keys: tuple[ChunkKey, ...]
    nsplits: tuple[tuple[float, ...], ...]
    partition: str | None = None

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


@dataclass(frozen=True, slots=True)
class Nested:
    """The value is put together from its chunks by a function that came with it: a Dask collection.

    Attributes
    ----------
    keys
        Of the chunks, each once.
    structure
        What the function takes, with positions in `keys` in place of the chunks, in lists.
    finalize
        Puts the chunks together.
    alone
        Positions of chunks that may be handed out as they are.
    """

    keys: tuple[ChunkKey, ...]
    structure: Any
    finalize: Callable[[Any], Any]
    alone: frozenset[int] = frozenset()

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the value: not known."""
        return ()

    def assemble(self, chunks: Sequence[Any]) -> Any:
        """Put the chunks together, into a value of its own."""
        own = [_copied(chunk) if position in self.alone else chunk for position, chunk in enumerate(chunks)]

        def fill(part: Any) -> Any:
            return own[part] if isinstance(part, int) else [fill(item) for item in part]

        return self.finalize(fill(self.structure))


def _copied(chunk: Any) -> Any:
    if isinstance(chunk, pd.DataFrame | pd.Series):
        return chunk.copy(deep=False)  # pandas copies on write
    return chunk.copy() if isinstance(chunk, np.ndarray) else chunk


Layout = Single | Rows | Grid | Nested


def join_grid(chunks: Sequence[Any], counts: Sequence[int]) -> Any:
    """Put an array together from the chunks of a grid, the last dimension running fastest."""
    kinds = {(type(chunk), getattr(chunk, "dtype", None)) for chunk in chunks}
    if len(kinds) == 1 and type(chunks[0]) is np.ndarray and sum(count > 1 for count in counts) > 1:
        return _filled(chunks, counts)
    pieces = list(chunks)
    for axis in reversed(range(len(counts))):
        size = counts[axis]
        pieces = [
            pieces[i] if size == 1 else np.concatenate(pieces[i : i + size], axis=axis)
            for i in range(0, len(pieces), size)
        ]
    return pieces[0]


def _filled(chunks: Sequence[Any], counts: Sequence[int]) -> Any:
    """Put an array together in one step, where by one dimension after the other each item would be copied again."""
    places = list(itertools.product(*map(range, counts)))
    by_place = dict(zip(places, chunks, strict=True))
    bounds = []
    for axis, count in enumerate(counts):
        first = [0] * len(counts)
        lengths = [by_place[(*first[:axis], i, *first[axis + 1 :])].shape[axis] for i in range(count)]
        bounds.append(spans(lengths))
    whole = np.empty([along[-1][1] for along in bounds], chunks[0].dtype)
    for place, chunk in by_place.items():
        whole[tuple(slice(*along[i]) for along, i in zip(bounds, place, strict=True))] = chunk
    return whole


def grid_indices(nsplits: Sequence[Sequence[float]]) -> Iterator[tuple[int, ...]]:
    """Give the position of each chunk of a grid, the last dimension running fastest."""
    return itertools.product(*(range(len(lengths)) for lengths in nsplits))


def spans(lengths: Sequence[float]) -> list[tuple[int, int]]:
    """Give where each chunk starts and stops."""
    stops = list(itertools.accumulate(int(n) for n in lengths))
    return list(zip([0, *stops[:-1]], stops, strict=True)) if stops else []


def described(value: Any) -> tuple[type, tuple[int, ...]]:
    """Tell the type of a chunk, and its shape where it is an array or of pandas."""
    sized = isinstance(value, np.ndarray | np.generic | pd.DataFrame | pd.Series | pd.Index)
    return type(value), tuple(value.shape) if sized else ()


def stored(
    layout: Layout,
    name: str,
    values: Mapping[ChunkKey, Any],
    describe: Callable[[Any], tuple[type, tuple[int, ...]]] = described,
) -> tuple[Layout, dict[ChunkKey, Any]]:
    """Describe computed chunks for keeping them.

    Parameters
    ----------
    layout
        As planned, with lengths that may be unknown.
    name
        Begins the keys of the kept chunks.
    values
        The chunks, or what stands for them, by their planned keys.
    describe
        Tells type and shape of a chunk without bringing it into memory.

    Returns
    -------
    tuple
        The layout with all lengths known and keys of its own, and the chunks by those keys.
    """
    keys = tuple((name, number) for number in range(len(layout.keys)))
    chunks: dict[ChunkKey, Any] = {new: values[old] for new, old in zip(keys, layout.keys, strict=True)}
    shapes = [describe(chunk)[1] for chunk in chunks.values()]
    match layout:
        case Single():
            return Single(keys[0], shapes[0]), chunks
        case Rows(partition=partition):
            return Rows(keys, partition, tuple(shape[0] for shape in shapes), shapes[0][1:]), chunks
        case Grid(nsplits=nsplits):
            by_index = dict(zip(grid_indices(nsplits), shapes, strict=True))
            first = [0] * len(nsplits)
            known = tuple(
                tuple(by_index[(*first[:axis], i, *first[axis + 1 :])][axis] for i in range(len(lengths)))
                for axis, lengths in enumerate(nsplits)
            )
            return replace(layout, keys=keys, nsplits=known), chunks
        case Nested():
            return replace(layout, keys=keys), chunks
