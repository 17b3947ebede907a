"""Executed objects read as a whole or in parts: for fetching, and for showing them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from mars_nb.graph.meta import PandasMeta, TensorMeta
from mars_nb.planner import slices
from mars_nb.planner.estimate import row_nbytes
from mars_nb.planner.layout import ChunkKey, Grid, Layout, Rows, spans
from mars_nb.planner.slices import Window

#: Brings chunks of a result; see `mars_nb.session.backends.base.Backend.read`.
ReadChunks = Callable[[str, Sequence[ChunkKey], Sequence[Any]], list[Any]]


class ShownResult:
    """Reads an executed object, or a slice of one, in parts; see `mars_nb.graph.runtime.Shown`.

    Parameters
    ----------
    window
        What was executed, and which part of it is meant.
    layout
        How the executed object is cut.
    read
        Brings chunks of a result.
    nbytes_of
        Tells the bytes of a result.
    """

    def __init__(
        self,
        window: Window,
        layout: Layout,
        read: ReadChunks,
        nbytes_of: Callable[[str], int],
    ) -> None:
        self._window = window
        self._layout = layout
        self._read_chunks = read
        self._nbytes_of = nbytes_of

    @property
    def nbytes(self) -> int:
        """Bytes of what `read` gives, about: all rows are taken to be alike."""
        part = 1.0
        for length, positions in zip(self._layout.shape, self._window.ranges, strict=False):
            part *= (len(positions) if isinstance(positions, range) else 1) / max(length, 1)
        if self._window.columns is not None:
            part *= _part_of_columns(self._window.node.meta, self._window.columns)
        return round(self._nbytes_of(self._window.node.key) * part)

    @property
    def _is_one_row(self) -> bool:
        """Whether one row of a frame, or one item of a series, is meant: it is read at once."""
        ranges = self._window.ranges
        return bool(ranges) and isinstance(ranges[0], int) and not isinstance(self._window.node.meta, TensorMeta)

    @property
    def shape(self) -> tuple[int, ...]:
        """Length of each dimension; empty for what has none."""
        if self._is_one_row:
            return np.shape(self._read(self._window))
        lengths = tuple(len(positions) for positions in self._window.ranges if isinstance(positions, range))
        columns = self._window.columns
        if columns is None:
            return lengths
        return (lengths[0], len(columns)) if isinstance(columns, list) else lengths[:1]

    @property
    def parts(self) -> list[slice]:
        """Parts of the first dimension, each out of one chunk where its rows follow each other."""
        positions = next((r for r in self._window.ranges if isinstance(r, range)), range(0))
        if positions.step != 1 or not isinstance(self._window.ranges[0], range):
            return [slice(None)]
        bounds = ((max(start, positions.start), min(stop, positions.stop)) for start, stop in self._chunks())
        first = positions.start
        return [slice(start - first, stop - first) for start, stop in bounds if start < stop] or [slice(None)]

    def _chunks(self) -> list[tuple[int, int]]:
        """Give where each chunk of the stored result starts and stops, along the first dimension."""
        match self._layout:
            case Rows(lengths=tuple(lengths)):
                return spans(lengths)
            case Grid(nsplits=(lengths, *_)):
                return spans(lengths)
            case layout:
                return spans(layout.shape[:1])

    def read(self, *window: slice | Sequence[int]) -> Any:
        """Bring a part of the result: a slice for each of the first dimensions, or nothing for all of it.

        Of the columns of a frame positions are also taken.
        """
        if self._is_one_row:
            value = self._read(self._window)
            return value.iloc[window[0]] if window else value
        ranges = list(self._window.ranges)
        left = [axis for axis, positions in enumerate(ranges) if isinstance(positions, range)]
        taken: Sequence[int] | None = None
        for axis, part in zip(left, window, strict=False):
            positions = ranges[axis]
            assert isinstance(positions, range)
            if isinstance(part, slice):
                ranges[axis] = positions[part]
            else:
                taken = part
        return self._read(replace(self._window, ranges=tuple(ranges), taken=taken))

    def _read(self, window: Window) -> Any:
        return slices.read(window, self._layout, partial(self._read_chunks, window.node.key))


def _part_of_columns(meta: Any, columns: Any) -> float:
    """Tell what part of a row's bytes some columns have."""
    sample = meta.sample if isinstance(meta, PandasMeta) else None
    if not isinstance(sample, pd.DataFrame):
        return 1.0
    whole, part = row_nbytes(sample), row_nbytes(sample[columns])
    return min(part / whole, 1.0) if part is not None and whole else 1.0


def shown_result(
    node: Any,
    held: Callable[[str], Layout | None],
    read: ReadChunks,
    nbytes_of: Callable[[str], int],
) -> ShownResult | None:
    """Give a way to read the value of a node, None if it is neither held nor a slice of what is.

    Parameters
    ----------
    node
        What is to be read.
    held
        Gives the layout of a stored result by its node's key.
    read
        Brings chunks of a result.
    nbytes_of
        Tells the bytes of a stored result.
    """
    window = slices.find(node, held)
    layout = None if window is None else held(window.node.key)
    return None if window is None or layout is None else ShownResult(window, layout, read, nbytes_of)
