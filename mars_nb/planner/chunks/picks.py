"""Rows by position or label where that takes a look at the data: how long the chunks are, which labels they have.

A slice of rows may be as large as the frame, and stays in chunks. Rows that are named one by one are few: each chunk
gives what it has of them, and pandas itself picks them from that.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from mars_nb.graph.node import Arguments, Node
from mars_nb.planner.chunks.cuts import between
from mars_nb.planner.chunks.renumber import columns_of
from mars_nb.planner.context import Building, Evaluation
from mars_nb.planner.layout import ChunkKey, Layout, Rows, Single, spans
from mars_nb.planner.settle import settled
from mars_nb.planner.walks import base_rows, call_of, is_frame, method_call, sample_of


def picked(building: Building, node: Node) -> Layout | None:
    """Lower ``iloc``, ``iat``, ``head``, ``tail``, ``take`` and ``sample``, ``loc``, ``at``, ``xs`` and ``reindex``."""
    base = base_rows(building, node)
    if base is None or isinstance(sample_of(node.inputs[0]), pd.Index):
        return None
    for kind in (_slice, _positions, _labels):
        found = kind(node)
        if found is not None:
            # A part must have the dtypes of the whole.
            rows = settled(building, node.inputs[0])
            assert isinstance(rows, Rows)
            layout: Layout = _LOWERED[kind](building, node, rows, found)
            return layout
    return None


# --- slices of positions ------------------------------------------------------------------------------------------


def _slice(node: Node) -> tuple[slice, Any] | None:
    """Give a slice of positions, and the columns, None for all."""
    call = call_of(node, "iloc", "__getitem__")
    if call is not None:
        key = call.args[0]
        rows, columns = key if isinstance(key, tuple) and len(key) == 2 else (key, None)
        bounds = (rows.start, rows.stop, rows.step) if isinstance(rows, slice) else ("",)
        plain = all(bound is None or type(bound) is int for bound in bounds)
        return (rows, columns) if plain and isinstance(columns, slice | int | list | None) else None
    called = method_call(node)
    if called is None or called[0] not in ("head", "tail"):
        return None
    name, (args, kwargs) = called
    n = args[0] if args else kwargs.get("n", 5)
    if type(n) is not int or n >= 0:
        return None
    return (slice(n) if name == "head" else slice(-n, None)), None


def _sliced(building: Building, node: Node, base: Rows, asked: tuple[slice, Any]) -> Layout:
    rows, columns = asked
    lengths = _lengths(building, node, base)
    numbers = range(len(base.keys))
    keys = [
        building.add(node, i, partial(_part, i, rows, columns), [base.keys[i], lengths])
        for i in (reversed(numbers) if (rows.step or 1) < 0 else numbers)
    ]
    return Rows(tuple(keys), node.key, None, columns_of(node))


def _part(number: int, rows: slice, columns: Any, chunk: Any, lengths: tuple[int, ...]) -> Any:
    start, stop = spans(lengths)[number]
    wanted = between(range(sum(lengths))[rows], start, stop)
    last = wanted.stop - start
    here = slice(wanted.start - start, last if last >= 0 else None, wanted.step) if wanted else slice(0, 0)
    return chunk.iloc[here] if columns is None else chunk.iloc[here, columns]


def _lengths(building: Building, node: Node, base: Rows) -> ChunkKey:
    counts = [building.add(node, ("rows", i), len, [key]) for i, key in enumerate(base.keys)]
    return building.add(node, "lengths", _listed, counts)


def _listed(*numbers: int) -> tuple[int, ...]:
    return numbers


# --- rows by position, one by one ---------------------------------------------------------------------------------


def _positions(node: Node) -> Any:
    """Give what picks positions from a series of all positions: a function of it."""
    for accessor in ("iloc", "iat"):
        call = call_of(node, accessor, "__getitem__")
        if call is not None:
            key = call.args[0]
            rows = key[0] if isinstance(key, tuple) and key else key
            listed = isinstance(rows, list) and all(type(item) is int for item in rows)
            return partial(_located, rows) if type(rows) is int or listed else None
    called = method_call(node)
    if called is not None and called[0] == "take" and called[1].args and not called[1].kwargs:
        rows = called[1].args[0]
        return partial(_located, rows) if isinstance(rows, list) and all(type(item) is int for item in rows) else None
    if called is not None and called[0] == "sample" and "axis" not in called[1].kwargs:
        weights = called[1].kwargs.get("weights")
        repeatable = called[1].kwargs.get("random_state") is None or type(called[1].kwargs["random_state"]) is int
        return partial(_drawn, called[1]) if weights is None and repeatable and len(called[1].args) < 3 else None
    return None


def _located(rows: Any, numbers: pd.Series[Any]) -> Any:
    return numbers.iloc[rows if isinstance(rows, list) else [rows]].to_numpy()


def _drawn(call: Arguments, numbers: pd.Series[Any]) -> Any:
    return numbers.sample(*call.args, **{**call.kwargs, "ignore_index": False}).to_numpy()


def _taken(building: Building, node: Node, base: Rows, pick: Any) -> Layout:
    lengths = _lengths(building, node, base)
    chosen = building.add(node, "chosen", partial(_chosen, pick), [lengths])
    parts = [
        building.add(node, ("part", i), partial(_rows_of, i), [key, lengths, chosen]) for i, key in enumerate(base.keys)
    ]
    return Single(building.add(node, "whole", partial(_brought, node), [chosen, *parts]))


def _chosen(pick: Any, lengths: tuple[int, ...]) -> Any:
    return pick(pd.Series(np.arange(sum(lengths))))


def _rows_of(number: int, chunk: Any, lengths: tuple[int, ...], chosen: Any) -> Any:
    start, stop = spans(lengths)[number]
    return chunk.take(np.sort(chosen[(start <= chosen) & (chosen < stop)]) - start)


def _brought(node: Node, chosen: Any, *parts: Any) -> Any:
    """Put the rows into the order in which they were asked for, and take of them what was asked for."""
    found = pd.concat([part for part in parts if len(part)] or parts[:1])
    rows = found.take(np.argsort(np.argsort(chosen, kind="stable"), kind="stable"))
    call = node.args[-1]
    if node.op.name not in ("iloc", "iat"):
        return rows.reset_index(drop=True) if call.kwargs.get("ignore_index") else rows
    key = call.args[0]
    first, *rest = key if isinstance(key, tuple) else (key,)
    here = slice(None) if isinstance(first, list) else 0
    return rows.iloc[(here, *rest) if rest else here]


# --- rows by label ------------------------------------------------------------------------------------------------


def _labels(node: Node) -> list[Any] | None:
    """Give the labels that are asked for."""
    if isinstance(sample_of(node.inputs[0]).index, pd.MultiIndex):
        return None
    asked: Any = None
    for accessor in ("loc", "at"):
        call = call_of(node, accessor, "__getitem__")
        if call is not None:
            key = call.args[0]
            asked = key[0] if isinstance(key, tuple) and len(key) == 2 and is_frame(node.inputs[0]) else key
    if node.op.name == "getitem" and isinstance(sample_of(node.inputs[0]), pd.Series):
        asked = node.args[1]
    called = method_call(node)
    if called is not None and called[0] == "xs" and len(called[1].args) == 1 and not called[1].kwargs:
        asked = called[1].args[0]
    if called is not None and called[0] == "reindex":
        asked = called[1].args[0] if called[1].args else called[1].kwargs.get("index")
        if len(called[1].args) > 1 or set(called[1].kwargs) - {"index", "columns", "fill_value"}:
            return None
        return asked if isinstance(asked, list) and all(map(_is_label, asked)) else None
    labels = asked if isinstance(asked, list) else [asked]
    dates = isinstance(sample_of(node.inputs[0]).index, pd.DatetimeIndex | pd.PeriodIndex | pd.TimedeltaIndex)
    return labels if all(map(_is_label, labels)) and not (dates and any(isinstance(i, str) for i in labels)) else None


def _is_label(value: Any) -> bool:
    return isinstance(value, str | int | float | pd.Timestamp) and not isinstance(value, bool)


def _found(building: Building, node: Node, base: Rows, labels: list[Any]) -> Layout:
    have = partial(_having, labels)
    parts = [building.add(node, ("part", i), have, [key]) for i, key in enumerate(base.keys)]
    return Single(building.add(node, "whole", partial(_of_found, Evaluation(node, node.inputs)), parts))


def _having(labels: list[Any], chunk: Any) -> Any:
    return chunk[chunk.index.isin(labels)]


def _of_found(evaluate: Evaluation, *parts: Any) -> Any:
    return evaluate(pd.concat([part for part in parts if len(part)] or parts[:1]))


_LOWERED: dict[Any, Any] = {_slice: _sliced, _positions: _taken, _labels: _found}
