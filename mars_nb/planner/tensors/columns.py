"""Reductions of frames that are made of an array, as reductions of the array: of its own blocks, where it is made."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from mars_nb.graph.meta import TensorMeta
from mars_nb.graph.node import Function, Node
from mars_nb.planner.context import Building
from mars_nb.planner.layout import Grid, Layout, Single
from mars_nb.planner.tensors.folds import folded
from mars_nb.planner.tensors.ways import ByUfunc, Way, reduced
from mars_nb.planner.walks import is_frame, method_call, sample_of


class Present(Way):
    """Sums, or means, of what is there.

    Parameters
    ----------
    mean
        Whether means are asked for.
    """

    __slots__ = ("mean",)
    lead = 1  # sum and number

    def __init__(self, mean: bool) -> None:
        self.mean = mean

    def part(self, array: Any, axes: tuple[int, ...]) -> Any:
        """Add up a part."""
        total = reduced(np.add, array, axes)
        count = np.full(total.shape, array.size / total.size)
        if np.isnan(total).any():
            lacks = np.isnan(array)
            total = reduced(np.add, np.where(lacks, 0.0, array), axes)
            count -= reduced(np.add, lacks, axes)
        return np.stack([total, count])

    def join(self, states: Sequence[Any]) -> Any:
        """Add up parts."""
        return np.add.reduce(np.stack(states), axis=0)

    def finish(self, state: Any, count: int) -> Any:
        """Give the answer."""
        with np.errstate(invalid="ignore"):
            return state[0] / state[1] if self.mean else state[0]


_WAYS: dict[str, Way] = {
    "sum": Present(mean=False),
    "mean": Present(mean=True),
    "min": ByUfunc(np.fmin),
    "max": ByUfunc(np.fmax),
}


def lower(building: Building, node: Node) -> Layout | None:
    """Lower a reduction of such a frame, None if it is another operation."""
    found = method_call(node)
    if found is None or found[0] not in _WAYS or found[1].args:
        return None
    options = dict(found[1].kwargs)
    if options.pop("axis", 0) not in (0, "index") or options.pop("skipna", True) is not True:
        return None
    options.pop("numeric_only", None)
    (frame,) = node.inputs
    array = _array_of(frame)
    grid = None if array is None else building.lowered.get(array)
    if options or not isinstance(grid, Grid) or not grid.known or len(grid.nsplits[1]) > 1 or 0 in grid.nsplits[0]:
        return None
    layout = folded(building, node, grid, _WAYS[found[0]], (0,), False)
    labelled = partial(_labelled, sample_of(frame).columns)
    return Single(building.add(node, "labelled", labelled, layout.keys))


def _array_of(frame: Node) -> Node | None:
    """Give the array that a frame is made of as it is."""
    if not isinstance(frame.op, Function) or frame.op.name != "pandas.DataFrame" or len(frame.args) != 1:
        return None
    (array,) = frame.args
    if frame.kwargs.keys() - {"columns"} or not is_frame(frame) or not isinstance(array, Node):
        return None
    meta = array.meta
    if not isinstance(meta, TensorMeta) or not meta.known or len(meta.shape) != 2 or 0 in meta.shape:
        return None
    return array if meta.dtype == np.float64 else None


def _labelled(columns: Any, values: Any) -> Any:
    return pd.Series(values, index=columns)
