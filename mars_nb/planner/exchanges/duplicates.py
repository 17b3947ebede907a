"""Rows that come again: found where rows of equal keys are together; only the verdicts go back to the rows."""

from __future__ import annotations

from functools import partial
from typing import Any

import pandas as pd

from mars_nb.graph.node import Arguments, Node
from mars_nb.planner.chunks.renumber import columns_of, renumbered
from mars_nb.planner.context import Building
from mars_nb.planner.exchanges.exchange import ByKeys, Side, answered, orderable
from mars_nb.planner.layout import Layout, Rows
from mars_nb.planner.walks import base_rows, method_call, sample_of

# Of many columns so many decide where rows are brought together; all of them decide whether they are equal.
_ENOUGH_COLUMNS = 3


def duplicates(building: Building, node: Node) -> Layout | None:
    """Lower ``duplicated`` and ``drop_duplicates``."""
    base, called = base_rows(building, node), method_call(node)
    if base is None or called is None or called[0] not in ("duplicated", "drop_duplicates"):
        return None
    name, call = called
    asked = _asked(sample_of(node.inputs[0]), call)
    if asked is None:
        return None
    columns, deciding, keep = asked
    chunks = list(base.keys)
    if name == "drop_duplicates" and keep:  # what a chunk has twice need not travel
        drop = partial(_dropped, columns, keep)
        chunks = [building.add(node, ("own", i), drop, [key]) for i, key in enumerate(chunks)]
    tables = [(building.add(node, ("keys", i), partial(_keys, columns), [key]),) for i, key in enumerate(chunks)]
    side = Side(tables, ByKeys(partial(_columns, deciding)))
    verdicts = answered(building, node, side, partial(_again, keep))
    if name == "duplicated":
        keys = [building.add(node, i, _labelled, [key, base.keys[i]]) for i, key in enumerate(verdicts)]
        return Rows(tuple(keys), base.partition, base.lengths)
    parts = [building.add(node, ("left", i), _left, [key, chunks[i]]) for i, key in enumerate(verdicts)]
    if call.kwargs.get("ignore_index"):
        return renumbered(building, node, parts, None)
    return Rows(tuple(parts), node.key, None, columns_of(node))


def _asked(sample: Any, call: Arguments) -> tuple[list[Any] | None, list[Any], Any] | None:
    """Give the columns that are looked at, None for all, some that decide where a row goes, and which one counts."""
    args, kwargs = call
    frame = isinstance(sample, pd.DataFrame)
    if isinstance(sample, pd.Index) or set(kwargs) - {"subset", "keep", "ignore_index"} or len(args) > frame:
        return None
    subset = args[0] if args else kwargs.get("subset")
    columns = None if subset is None else subset if isinstance(subset, list) else [subset]
    if frame and not sample.columns.is_unique:
        return None
    if columns is not None and not all(isinstance(label, str | int) and label in sample.columns for label in columns):
        return None
    table = _keys(columns, sample)
    deciding = [label for label in table if orderable(table[label].dtype)][:_ENOUGH_COLUMNS]
    return (columns, deciding, kwargs.get("keep", "first")) if deciding else None


def _keys(columns: list[Any] | None, chunk: Any) -> pd.DataFrame:
    if isinstance(chunk, pd.Series):
        return chunk.to_frame("values")
    table: pd.DataFrame = chunk if columns is None else chunk[columns]
    return table


def _columns(labels: list[Any], table: pd.DataFrame) -> list[Any]:
    return [table[label] for label in labels]


def _dropped(columns: list[Any] | None, keep: Any, chunk: Any) -> Any:
    return chunk.drop_duplicates(keep=keep) if columns is None else chunk.drop_duplicates(columns, keep=keep)


def _again(keep: Any, table: pd.DataFrame) -> Any:
    return table.duplicated(keep=keep)


def _labelled(verdicts: Any, chunk: Any) -> Any:
    return pd.Series(
        verdicts.to_numpy(bool), index=chunk.index, name=chunk.name if isinstance(chunk, pd.Series) else None
    )


def _left(verdicts: Any, chunk: Any) -> Any:
    return chunk[~verdicts.to_numpy(bool)]
