"""Operations on arrays that each chunk answers by itself, and whose answers together give the whole answer.

The order of the items does not matter to them, so the way in which an array is cut does not either.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from mars_nb.graph.node import Function, Node
from mars_nb.planner.context import Building
from mars_nb.planner.layout import ChunkKey, Grid, Layout, Single


class Way(NamedTuple):
    """How to answer: `part` of each chunk, `join` of all the parts; `first` tells beforehand what `part` also needs."""

    part: Callable[..., Any]
    join: Callable[..., Any]
    first: Callable[[Building, Node, tuple[ChunkKey, ...]], ChunkKey] | None = None


def absorbed(building: Building, node: Node) -> Layout | None:
    """Lower an operation that absorbs; None for others."""
    choose = _WAYS.get(node.op.name)
    if choose is None or not isinstance(node.op, Function):
        return None
    bound = inspect.signature(node.op.target).bind(*node.args, **node.kwargs)
    bound.apply_defaults()
    array, *others = bound.arguments.items()
    layout = building.lowered[array[1]] if isinstance(array[1], Node) else None
    way = choose(dict(others)) if isinstance(layout, Grid) and len(node.inputs) == 1 else None
    if way is None:
        return None
    assert layout is not None
    more = () if way.first is None else (way.first(building, node, layout.keys),)
    parts = [building.add(node, ("part", i), way.part, (key, *more)) for i, key in enumerate(layout.keys)]
    return Single(building.add(node, "joined", way.join, parts))


# --- distinct items ---------------------------------------------------------------------------------------------


def _unique(options: dict[str, Any]) -> Way | None:
    wished = {name for name, value in options.items() if value is True} - {"equal_nan", "sorted"}
    plain = options.get("axis") is None and options.get("equal_nan", True) and options.get("sorted", True)
    if not plain or wished - {"return_counts"}:
        return None
    return Way(_counted, partial(_joined_counts, wished=bool(wished)))


def _counted(chunk: Any) -> tuple[Any, Any]:
    return np.unique(chunk, return_counts=True)


def _joined_counts(*parts: tuple[Any, Any], wished: bool) -> Any:
    items, places = np.unique(np.concatenate([items for items, _ in parts]), return_inverse=True)
    counts = np.zeros(len(items), np.intp)
    np.add.at(counts, places, np.concatenate([counts for _, counts in parts]))
    return (items, counts) if wished else items


# --- counts -----------------------------------------------------------------------------------------------------


def _bincount(options: dict[str, Any]) -> Way | None:
    if options["weights"] is not None:
        return None
    return Way(partial(np.bincount, minlength=options["minlength"]), _added)


def _added(*counts: Any) -> Any:
    found = np.zeros(max(map(len, counts)), np.intp)
    for part in counts:
        found[: len(part)] += part
    return found


def _histogram(options: dict[str, Any]) -> Way | None:
    bins, given = options["bins"], options["range"]
    if options["weights"] is not None or isinstance(bins, str):
        return None
    join = partial(_added_bars, density=bool(options["density"]))
    if np.ndim(bins) or given is not None:
        return Way(partial(np.histogram, bins=bins, range=given), join)
    return Way(partial(_bars, bins=bins), join, _extent)


def _extent(building: Building, node: Node, chunks: tuple[ChunkKey, ...]) -> ChunkKey:
    ends = [building.add(node, ("ends", i), _ends, [key]) for i, key in enumerate(chunks)]
    return building.add(node, "extent", _outer, ends)


def _ends(chunk: Any) -> tuple[Any, Any] | None:
    return (chunk.min(), chunk.max()) if chunk.size else None


def _outer(*all_ends: tuple[Any, Any] | None) -> tuple[Any, Any]:
    ends = [pair for pair in all_ends if pair is not None] or [(0, 1)]  # as numpy has it for no items
    return np.minimum.reduce([low for low, _ in ends]), np.maximum.reduce([high for _, high in ends])


def _bars(chunk: Any, extent: tuple[Any, Any], bins: int) -> tuple[Any, Any]:
    return np.histogram(chunk, bins=bins, range=extent)


def _added_bars(*parts: tuple[Any, Any], density: bool) -> tuple[Any, Any]:
    counts, edges = sum(counts for counts, _ in parts), parts[0][1]
    return (counts / np.diff(edges) / counts.sum() if density else counts), edges


_WAYS: dict[str, Callable[[dict[str, Any]], Way | None]] = {
    "numpy.unique": _unique,
    "numpy.bincount": _bincount,
    "numpy.histogram": _histogram,
}
