"""Scans along the rows: what a row becomes depends on rows before or after it.

pandas itself is run on each chunk with some rows put before it (or after it, for a scan upwards), and the answers for
those rows are dropped. A *window* such as ``shift(2)`` needs the two rows before the chunk; an *accumulation* such as
``cumsum`` needs one row that stands for all before.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pandas as pd

from mars_nb.graph.meta import PandasMeta
from mars_nb.graph.node import Arguments, Node, Path
from mars_nb.planner.context import Building, Evaluation
from mars_nb.planner.layout import ChunkKey, Layout, Rows
from mars_nb.planner.walks import base_rows, dtypes_of, method_call

_ACCUMULATIONS = frozenset("cumsum cumprod cummin cummax ffill bfill".split())
_SHIFTS = frozenset("shift diff pct_change".split())
_ROLLED = frozenset("sum mean min max median count std var sem skew kurt quantile apply agg aggregate".split())

Join = Callable[[Any, Any], Any]


def scan(building: Building, node: Node) -> Layout | None:
    """Lower a scan along the rows."""
    rows = base_rows(building, node)
    meta = node.inputs[0].meta
    if rows is None or not isinstance(meta, PandasMeta) or isinstance(meta.sample, pd.Index):
        return None
    if isinstance(meta.sample, pd.DataFrame) and not meta.sample.columns.is_unique:
        return None
    width = _window(node)
    if width is not None:
        return _windows(building, node, rows, width) if width else None
    found = method_call(node)
    if found is None or found[0] not in _ACCUMULATIONS or found[1] != ((), {}):
        return None
    if found[0].startswith("cum") and any(
        getattr(dtype, "kind", "O") not in "iufbmM" for dtype in dtypes_of(meta.sample)
    ):
        return None
    return _accumulate(building, node, rows, up=found[0] == "bfill")


def _window(node: Node) -> int | None:
    """Tell how many rows before a row decide about it; negative for rows after it, None if that is not so."""
    names = node.op.names if isinstance(node.op, Path) else ()
    if len(names) == 2 and names[0] == "rolling" and names[1] in _ROLLED and isinstance(node.args[-1], Arguments):
        return _rolling_window(*node.args[1])
    found = method_call(node)
    if found is None:
        return None
    name, (args, kwargs) = found
    if name in _SHIFTS and len(args) <= 1 and set(kwargs) <= {"periods", "fill_value"}:
        periods = args[0] if args else kwargs.get("periods", 1)
        return periods if type(periods) is int else None
    if name in ("ffill", "bfill") and not args and set(kwargs) == {"limit"} and type(kwargs["limit"]) is int:
        return kwargs["limit"] if name == "ffill" else -kwargs["limit"]
    return None


def _rolling_window(args: tuple[Any, ...], kwargs: dict[str, Any]) -> int | None:
    window = args[0] if args else kwargs.get("window")
    plain = len(args) <= 1 and set(kwargs) <= {"window", "min_periods"}
    return window - 1 if plain and type(window) is int and window > 1 else None


def _windows(building: Building, node: Node, rows: Rows, width: int) -> Rows:
    up = width < 0
    join = _joined_above if up else _joined
    edge = partial(_edge, join, abs(width), up)
    return _chain(building, node, rows, join, rows.keys, edge, Evaluation(node, node.inputs), up)


def _accumulate(building: Building, node: Node, rows: Rows, *, up: bool) -> Rows:
    join = _joined_above if up else _joined
    evaluate = Evaluation(node, node.inputs)
    last = partial(_accumulated, evaluate, join, up)
    lasts = tuple(building.add(node, ("last", i), last, [key]) for i, key in enumerate(rows.keys))
    return _chain(building, node, rows, join, lasts, last, evaluate, up)


def _chain(
    building: Building,
    node: Node,
    rows: Rows,
    join: Join,
    given: tuple[ChunkKey, ...],
    carry: Callable[..., Any],
    evaluate: Evaluation,
    up: bool,
) -> Rows:
    """Hand from chunk to chunk what ``carry(before, given)`` makes, and compute each chunk with it."""
    keys: dict[int, ChunkKey] = {}
    before: list[ChunkKey] = []
    numbers = range(len(rows.keys))
    for i in reversed(numbers) if up else numbers:
        keys[i] = building.add(node, i, partial(_computed, evaluate, join, up), [rows.keys[i], *before])
        before = [building.add(node, ("carry", i), carry, [given[i], *before])]
    columns = tuple(node.meta.sample.shape[1:]) if isinstance(node.meta, PandasMeta) else rows.columns
    return Rows(tuple(keys[i] for i in numbers), rows.partition, rows.lengths, columns)


def _joined(before: Any, chunk: Any) -> Any:
    # What has no rows decides neither dtypes nor the kind of labels.
    return pd.concat([part for part in (before, chunk) if len(part)] or [chunk])


def _joined_above(after: Any, chunk: Any) -> Any:
    return _joined(chunk, after)


def _edge(join: Join, count: int, up: bool, chunk: Any, *before: Any) -> Any:
    """Give the rows of `before` and `chunk` that are next to the following chunk."""
    value = join(before[0], chunk) if before else chunk
    return value.head(count) if up else value.tail(count)


def _accumulated(evaluate: Evaluation, join: Join, up: bool, chunk: Any, *before: Any) -> Any:
    """Give one row that stands for all rows of `before` and `chunk`."""
    done = evaluate(join(before[0], chunk) if before else chunk)
    return done.bfill().head(1) if up else done.ffill().tail(1)


def _as_numbers(chunk: Any, rows: Any) -> Any:
    """Give booleans the dtype of what they are added to: their sum is a number."""
    if isinstance(chunk, pd.Series):
        return chunk.astype(rows.dtype) if chunk.dtype == bool else chunk
    return chunk.astype(rows.dtypes[chunk.select_dtypes("bool").columns])


def _computed(evaluate: Evaluation, join: Join, up: bool, chunk: Any, *before: Any) -> Any:
    if not before or not len(before[0]):
        return evaluate(chunk)
    (rows,) = before
    if evaluate.node.op.name.startswith("cum"):
        chunk = _as_numbers(chunk, rows)
    done = evaluate(join(rows, chunk))
    return done.iloc[: len(done) - len(rows)] if up else done.iloc[len(rows) :]
