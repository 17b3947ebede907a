"""Numbering rows anew: an index that runs through all chunks from 0, as pandas gives where it drops the old index."""

from __future__ import annotations

from functools import partial
from typing import Any

import pandas as pd

from mars_nb.graph.meta import PandasMeta
from mars_nb.graph.node import Node
from mars_nb.planner.context import Building
from mars_nb.planner.layout import ChunkKey, Rows, spans


def renumbered(building: Building, node: Node, keys: list[ChunkKey], lengths: tuple[int, ...] | None) -> Rows:
    """Give chunks an index that runs through all of them from 0."""
    if lengths is None:
        counts = [building.add(node, ("rows", i), len, [key]) for i, key in enumerate(keys)]
        starts = building.add(node, "starts", _starts, counts)
        done = [building.add(node, i, partial(_renumber, i), [key, starts]) for i, key in enumerate(keys)]
    else:
        bounds = [start for start, _ in spans(lengths)]
        done = [building.add(node, i, partial(_number_from, bounds[i]), [key]) for i, key in enumerate(keys)]
    return Rows(tuple(done), node.key, lengths, columns_of(node))


def _starts(*lengths: int) -> list[int]:
    return [start for start, _ in spans(lengths)]


def _renumber(number: int, frame: Any, starts: list[int]) -> Any:
    return _number_from(starts[number], frame)


def _number_from(start: int, frame: Any) -> Any:
    return frame.set_axis(pd.RangeIndex(start, start + len(frame)), axis=0)


def columns_of(node: Node) -> tuple[int, ...]:
    """Tell the number of columns of a node's value, as the tail of its shape."""
    return tuple(node.meta.sample.shape[1:]) if isinstance(node.meta, PandasMeta) else ()
