"""Executed objects read in parts, for showing them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from mars_nb.graph.node import Node
from mars_nb.planner import slices
from mars_nb.planner.layout import ChunkKey, Layout


class ShownResult:
    """Reads an executed object in parts; see `mars_nb.graph.runtime.Shown`.

    Parameters
    ----------
    node, layout
        What was executed, and how it is cut.
    read
        Brings chunks of a result.
    """

    def __init__(self, node: Node, layout: Layout, read: Callable[[str, Sequence[ChunkKey]], list[Any]]) -> None:
        self._node = node
        self._layout = layout
        self._read = read

    @property
    def shape(self) -> tuple[int, ...]:
        """Length of each dimension; empty for what has none."""
        return self._layout.shape

    def read(self, *window: slice) -> Any:
        """Bring a part of the result: a slice for each of the first dimensions, or nothing for all of it."""
        ranges = tuple(
            range(n)[w] for n, w in zip(self.shape, (*window, *[slice(None)] * len(self.shape)), strict=False)
        )
        found = slices.Window(self._node, ranges)
        return slices.read(found, self._layout, lambda keys: self._read(self._node.key, keys))
