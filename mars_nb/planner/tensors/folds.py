"""Reductions of arrays of many chunks: of each chunk, and of what that gives."""

from __future__ import annotations

import inspect
import itertools
import math
from typing import Any

import numpy as np

from mars_nb.graph.meta import TensorMeta
from mars_nb.graph.node import Arguments, Function, Node, Path
from mars_nb.planner.context import Building
from mars_nb.planner.layout import ChunkKey, Grid, Layout, Single, grid_indices
from mars_nb.planner.tensors.items import PLAIN
from mars_nb.planner.tensors.ways import ByUfunc, Moments, Way, mean_of, root_of
from mars_nb.planner.tensors.works import Fold, Join

# States that are joined in one task, at most.
_FAN_IN = 32
_UFUNCS = {
    "sum": np.add, "prod": np.multiply, "min": np.minimum, "max": np.maximum, "amin": np.minimum, "amax": np.maximum,
    "any": np.logical_or, "all": np.logical_and,
}  # fmt: skip
_STEMS = frozenset({*_UFUNCS, "mean", "std", "var", "norm", "count_nonzero"})


def lower(building: Building, node: Node) -> Layout | None:
    """Lower a reduction, None if it is none, or one of another kind."""
    stem = node.op.name.rpartition(".")[2]
    if stem not in _STEMS or len(node.inputs) != 1 or not isinstance(node.meta, TensorMeta):
        return None
    (input_,) = node.inputs
    grid, bound = building.lowered[input_], _bound(node, stem)
    if bound is None or not isinstance(input_.meta, TensorMeta) or not isinstance(grid, Grid) or not grid.known:
        return None
    dtype = input_.meta.dtype
    axes = _axes(bound.pop("axis", None), len(grid.nsplits))
    if axes is None or dtype.kind not in PLAIN or dtype == np.float16 or any(0 in lengths for lengths in grid.nsplits):
        return None
    if stem == "count_nonzero" and len(axes) == len(grid.nsplits):
        return None  # which is a number of Python's
    keepdims = bound.pop("keepdims", False) is True
    way = _way(stem, dtype, bound, node.meta.dtype, math.prod(grid.shape[axis] for axis in axes))
    return None if way is None else folded(building, node, grid, way, axes, keepdims)


def _bound(node: Node, stem: str) -> dict[str, Any] | None:
    """Give the arguments by name that are not the defaults, without the array; None for those that have no form."""
    if isinstance(node.op, Path):
        target, call = getattr(np, stem, None), node.args[1]
        if len(node.op.names) != 1 or not isinstance(call, Arguments):
            return None
        args, kwargs = (node.args[0], *call.args), call.kwargs
    elif isinstance(node.op, Function) and node.op.name in (f"numpy.{stem}", f"numpy.linalg.{stem}"):
        target, args, kwargs = node.op.target, node.args, node.kwargs
    else:
        return None
    try:
        bound = inspect.signature(target).bind(*args, **kwargs).arguments  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
    (_, array), *others = bound.items()
    rest = {name: value for name, value in others if value is not None and value is not np._NoValue}
    return None if array is not node.inputs[0] else rest


def _axes(axis: Any, ndim: int) -> tuple[int, ...] | None:
    if axis is None:
        return tuple(range(ndim))
    given = axis if isinstance(axis, tuple) else (axis,)
    if not all(isinstance(one, int) for one in given):
        return None
    return tuple(sorted({one % ndim for one in given}))


def _way(stem: str, dtype: np.dtype[Any], bound: dict[str, Any], of: np.dtype[Any], count: int) -> Way | None:
    """Give the way to reduce; `bound` are the arguments that are left."""
    if stem in ("sum", "prod") and bound.keys() <= {"dtype"}:
        return ByUfunc(_UFUNCS[stem], bound.get("dtype"))
    if stem in ("std", "var"):
        ddof = bound.pop("ddof", 0)
        real = dtype.kind in "biuf" and isinstance(ddof, int | float) and ddof < count
        return Moments(ddof, stem == "std", of) if real and not bound else None
    if bound or (stem == "norm" and dtype.kind != "f"):
        return None
    if stem == "mean":
        return ByUfunc(np.add, None if dtype.kind in "fc" else np.dtype(float), after=mean_of)
    if stem == "norm":
        return ByUfunc(np.add, before=np.square, after=root_of)
    if stem == "count_nonzero":
        return ByUfunc(np.add, np.dtype(np.intp), before=_is_something)
    return ByUfunc(_UFUNCS[stem])


def _is_something(array: Any) -> Any:
    return array if array.dtype == bool else array != 0


def folded(building: Building, node: Node, grid: Grid, way: Way, axes: tuple[int, ...], keepdims: bool) -> Layout:
    """Reduce an array of many chunks along some dimensions."""
    nsplits = [tuple(map(int, lengths)) for lengths in grid.nsplits]
    exact = all(len(nsplits[axis]) == 1 for axis in axes)
    parts: dict[tuple[int, ...], list[ChunkKey]] = {}  # by their place among the chunks of the answer
    fold = Fold(way, axes, keepdims, exact, ())
    for index, key in zip(grid_indices(nsplits), grid.keys, strict=True):
        shape = tuple(lengths[i] for lengths, i in zip(nsplits, index, strict=True))
        fold = Fold(way, axes, keepdims, exact, shape)
        place = tuple(i for axis, i in enumerate(index) if axis not in axes)
        parts.setdefault(place, []).append(building.add(node, ("part", index), fold, [key]))
    count = math.prod(sum(nsplits[axis]) for axis in axes)
    keys = tuple(
        states[0] if exact else _joined(building, node, fold, count, place, states) for place, states in parts.items()
    )
    cut = [(1,) if axis in axes else lengths for axis, lengths in enumerate(nsplits) if keepdims or axis not in axes]
    return Single(keys[0]) if len(keys) == 1 else Grid(keys, tuple(cut))


def _joined(
    building: Building, node: Node, fold: Fold, count: int, place: tuple[int, ...], states: list[ChunkKey]
) -> ChunkKey:
    for level in itertools.count():
        runs = [states[i : i + _FAN_IN] for i in range(0, len(states), _FAN_IN)]
        join = Join(fold, count if len(runs) == 1 else None)
        states = [building.add(node, ("join", level, place, i), join, run) for i, run in enumerate(runs)]
        if len(states) == 1:
            break
    return states[0]
