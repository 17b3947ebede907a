"""Running sums and products along an axis: each chunk by itself, then what came before it is put in.

First all chunks are summed up, which writes nothing; then each is scanned in memory of its own, and what came before is
added in place. Dask writes each chunk twice, and new memory is what costs.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np

from mars_nb.graph.meta import TensorMeta
from mars_nb.graph.node import Arguments, Function, Node, Path
from mars_nb.planner.context import Building
from mars_nb.planner.layout import Grid, Layout

_UFUNCS: Mapping[str, np.ufunc] = {"cumsum": np.add, "cumprod": np.multiply}
_OPTIONS = ("axis", "dtype")


def lower(building: Building, node: Node) -> Layout | None:
    """Lower a running sum or product, None if it is none."""
    found = _asked(node)
    if found is None:
        return None
    ufunc, array, axis = found
    grid = building.lowered[array]
    if not isinstance(grid, Grid) or not isinstance(node.meta, TensorMeta):
        return None
    dtype = node.meta.dtype
    keys = np.empty(len(grid.keys), object)
    keys[:] = grid.keys
    keys = keys.reshape([len(lengths) for lengths in grid.nsplits])
    made = np.empty_like(keys)
    for place in np.ndindex(*keys.shape[:axis], *keys.shape[axis + 1 :]):
        line = (*place[:axis], slice(None), *place[axis:])
        chunks = list(keys[line])
        if len(chunks) > 1:
            whole = partial(ufunc.reduce, axis=axis, dtype=dtype, keepdims=True)
            wholes = [building.add(node, ("whole", *place, i), whole, [key]) for i, key in enumerate(chunks[:-1])]
            before = [building.add(node, ("before", *place), partial(_before, ufunc, axis), wholes)]
        for i, key in enumerate(chunks):
            scan = partial(_scanned, ufunc, axis, dtype, i - 1)
            made[(*place[:axis], i, *place[axis:])] = building.add(
                node, ("scan", *place, i), scan, [key, *(before if i else ())]
            )
    return Grid(tuple(made.flat), grid.nsplits)


def _asked(node: Node) -> tuple[np.ufunc, Node, int] | None:
    """Tell what is scanned, how, and along which axis."""
    name = node.op.name.removeprefix("numpy.")
    if name not in _UFUNCS:
        return None
    args, kwargs = node.args, node.kwargs
    if isinstance(node.op, Path):
        call = args[1]
        if not isinstance(call, Arguments):
            return None
        args, kwargs = (args[0], *call.args), call.kwargs
    elif not isinstance(node.op, Function):
        return None
    array, *given = args
    if len(given) > len(_OPTIONS) or not kwargs.keys() <= set(_OPTIONS):
        return None
    axis = {**dict(zip(_OPTIONS, given, strict=False)), **kwargs}.get("axis")
    meta = array.meta if isinstance(array, Node) else None
    metas = meta, node.meta
    if not isinstance(meta, TensorMeta) or any(each.dtype.kind not in "biufc" for each in metas):  # type: ignore[union-attr]
        return None
    ndim = len(meta.shape)
    axis = 0 if axis is None and ndim == 1 else axis
    if type(axis) is not int or not -ndim <= axis < ndim:
        return None
    return _UFUNCS[name], array, axis % ndim


def _before(ufunc: np.ufunc, axis: int, *wholes: Any) -> Any:
    """Give what comes before each chunk but the first."""
    return ufunc.accumulate(np.concatenate(wholes, axis), axis)


def _scanned(ufunc: np.ufunc, axis: int, dtype: Any, number: int, chunk: Any, before: Any = None) -> Any:
    found = ufunc.accumulate(chunk, axis, dtype=dtype)
    if before is not None:
        ufunc(found, before.take([number], axis), out=found)
    return found
