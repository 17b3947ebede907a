"""Executed objects read in parts, for showing them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from mars_nb.graph.meta import TensorMeta
from mars_nb.planner import slices
from mars_nb.planner.layout import ChunkKey, Layout
from mars_nb.planner.slices import Window


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
    """

    def __init__(self, window: Window, layout: Layout, read: Callable[[str, Sequence[ChunkKey]], list[Any]]) -> None:
        self._window = window
        self._layout = layout
        self._read_chunks = read

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

    def read(self, *window: slice) -> Any:
        """Bring a part of the result: a slice for each of the first dimensions, or nothing for all of it."""
        if self._is_one_row:
            value = self._read(self._window)
            return value.iloc[window[0]] if window else value
        ranges = list(self._window.ranges)
        left = [axis for axis, positions in enumerate(ranges) if isinstance(positions, range)]
        for axis, part in zip(left, window, strict=False):
            positions = ranges[axis]
            assert isinstance(positions, range)
            ranges[axis] = positions[part]
        return self._read(replace(self._window, ranges=tuple(ranges)))

    def _read(self, window: Window) -> Any:
        return slices.read(window, self._layout, lambda keys: self._read_chunks(window.node.key, keys))


def shown_result(
    node: Any, held: Callable[[str], Layout | None], read: Callable[[str, Sequence[ChunkKey]], list[Any]]
) -> ShownResult | None:
    """Give a way to read the value of a node in parts, None if it is neither held nor a slice of what is.

    Parameters
    ----------
    node
        What is to be shown.
    held
        Gives the layout of a stored result by its node's key.
    read
        Brings chunks of a result.
    """
    window = slices.find(node, held)
    layout = None if window is None else held(window.node.key)
    return None if window is None or layout is None else ShownResult(window, layout, read)
