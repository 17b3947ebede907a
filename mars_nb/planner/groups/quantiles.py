"""Exact quantiles of a series in chunks.

Each chunk is counted between common splitters, and only the values between those two that enclose what is wanted come
together. Dates are looked at as the integers that they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from mars_nb.graph.node import Arguments, Node
from mars_nb.planner.context import Building
from mars_nb.planner.groups.aggregates import measurable
from mars_nb.planner.layout import Layout, Single
from mars_nb.planner.walks import base_rows, method_call, sample_of

# Values looked at in each chunk: as many as there are chunks, but not less or more than so many.
_FEWEST, _MOST = 64, 1024


class _Count(NamedTuple):
    """How many values of a chunk lie below each splitter, and how many there are."""

    below: np.ndarray[Any, Any]
    total: int


def quantiles(building: Building, node: Node) -> Layout | None:
    """Lower ``median`` and ``quantile`` of a series of numbers."""
    base, called = base_rows(building, node), method_call(node)
    sample = sample_of(node.inputs[0])
    if base is None or called is None or not isinstance(sample, pd.Series):
        return None
    if not measurable([sample.dtype]) and not (isinstance(sample.dtype, np.dtype) and sample.dtype.kind in "mM"):
        return None
    name, call = called
    wanted = _asked(name, call)
    if wanted is None or sample.dtype == bool:
        return None
    look = partial(_looked_at, min(max(len(base.keys), _FEWEST), _MOST))
    samples = [building.add(node, ("sample", i), look, [key]) for i, key in enumerate(base.keys)]
    splitters = building.add(node, "splitters", _splitters, samples)
    counts = [building.add(node, ("count", i), _count, [key, splitters]) for i, key in enumerate(base.keys)]
    ranges = building.add(node, "ranges", partial(_ranges, wanted), counts)
    parts = [building.add(node, ("part", i), _within, [key, splitters, ranges]) for i, key in enumerate(base.keys)]
    finish = partial(_finished, name, call, sample.name)
    return Single(building.add(node, "whole", partial(_answer, finish, wanted), [ranges, base.keys[0], *parts]))


def _asked(name: str, call: Arguments) -> list[float] | None:
    args, kwargs = call
    if name == "median":
        return [0.5] if not args and not kwargs else None
    if name != "quantile" or len(args) > 1 or set(kwargs) - {"q"}:
        return None
    q = args[0] if args else kwargs.get("q", 0.5)
    listed = list(q) if isinstance(q, list | tuple | np.ndarray) else [q]
    return listed if listed and all(isinstance(item, float | int) and 0 <= item <= 1 for item in listed) else None


def _values(chunk: Any) -> np.ndarray[Any, Any]:
    values: np.ndarray[Any, Any] = chunk.to_numpy()
    if values.dtype.kind in "mM":
        return np.asarray(values[~np.isnat(values)].view("i8"))
    return np.asarray(values[~np.isnan(values)]) if values.dtype.kind == "f" else values


def _looked_at(count: int, chunk: Any) -> np.ndarray[Any, Any]:
    """Give values of a chunk at equal distances in their order."""
    values = _values(chunk)
    some: np.ndarray[Any, Any] = np.sort(values[:: max(1, len(values) // (8 * count))])
    return np.asarray(some[np.linspace(0, len(some) - 1, min(count, len(some))).astype(int)])


def _splitters(*samples: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    together = np.sort(np.concatenate([sample for sample in samples if len(sample)] or samples[:1]))
    step = max(1, len(samples) // 2)
    return np.unique(together[::step])


def _count(chunk: Any, splitters: np.ndarray[Any, Any]) -> _Count:
    values = _values(chunk)
    places = np.searchsorted(splitters, values, side="right")
    return _Count(np.cumsum(np.bincount(places, minlength=len(splitters) + 1)), len(values))


class _Ranges(NamedTuple):
    """Between which splitters the wanted values lie, how many values lie below each of these, and the number of all."""

    numbers: tuple[int, ...]
    below: tuple[int, ...]
    total: int


def _ranks(wanted: Sequence[float], total: int) -> list[int]:
    """Give the ranks between which the wanted values lie."""
    places = [(total - 1) * q for q in wanted]
    return sorted({int(rank) for place in places for rank in (np.floor(place), np.ceil(place))}) if total else []


def _ranges(wanted: Sequence[float], *counts: _Count) -> _Ranges:
    total = sum(count.total for count in counts)
    below = np.sum([count.below for count in counts], axis=0)
    numbers = sorted({int(np.searchsorted(below, rank, side="right")) for rank in _ranks(wanted, total)})
    return _Ranges(tuple(numbers), tuple(int(below[n - 1]) if n else 0 for n in numbers), total)


def _within(chunk: Any, splitters: np.ndarray[Any, Any], ranges: _Ranges) -> list[pd.Series[Any]]:
    """Give the values in each range with how often they come, because equal values may be many."""
    values = _values(chunk)
    places = np.searchsorted(splitters, values, side="right")
    return [pd.Series(values[places == number]).value_counts() for number in ranges.numbers]


def _answer(finish: Any, wanted: Sequence[float], ranges: _Ranges, example: Any, *parts: list[pd.Series[Any]]) -> Any:
    found: dict[int, Any] = {}
    ranks = _ranks(wanted, ranges.total)
    for i, below in enumerate(ranges.below):
        together = pd.concat([part[i] for part in parts])
        counts = together.groupby(level=0).sum()
        places = below + np.cumsum(counts.to_numpy())
        for rank in ranks:
            if below <= rank and len(places) and rank < places[-1]:
                found[rank] = counts.index[np.searchsorted(places, rank, side="right")]
    return finish([_between(q, ranges.total, found) for q in wanted], ranges.total, example.dtype)


def _between(q: float, total: int, found: dict[int, Any]) -> tuple[Any, Any, float]:
    """Give the values between which a quantile lies, and how far from the first."""
    if not total:
        return np.nan, np.nan, 0.0
    place = (total - 1) * q
    return found[int(np.floor(place))], found[int(np.ceil(place))], place - np.floor(place)


def _finished(
    name: str, call: Arguments, label: Any, pairs: list[tuple[Any, Any, float]], total: int, dtype: Any
) -> Any:
    if name == "median":
        values = np.array([np.median([low, high]) for low, high, _ in pairs])
    else:
        values = np.array([np.quantile(np.array([low, high]), float(share)) for low, high, share in pairs])
    if dtype.kind in "mM":
        values = values.astype("i8").view(dtype) if total else np.full(len(values), "NaT", dtype)
    q = call.args[0] if call.args else call.kwargs.get("q", 0.5)
    if name == "median" or not isinstance(q, list | tuple | np.ndarray):
        return pd.Series(values).iloc[0]
    return pd.Series(values, index=pd.Index(q, dtype=float), name=label)
