"""Rows by position, and by label where labels are positions: the chunks that hold them, cut."""

from __future__ import annotations

from functools import partial
from typing import Any

import pandas as pd

from mars_nb.graph.node import Node, Source
from mars_nb.planner.chunks.renumber import columns_of
from mars_nb.planner.context import Building
from mars_nb.planner.layout import ChunkKey, Layout, Rows, Single, spans
from mars_nb.planner.walks import base_rows, call_of, is_frame, sample_of


def cut(building: Building, node: Node) -> Layout | None:
    """Lower ``frame.iloc[3:9]``, ``frame.iloc[3]``, ``frame.iloc[:, 1:3]`` or ``frame.loc[3:9]`` of known lengths."""
    base, found = base_rows(building, node), _asked(building, node)
    if base is None or found is None:
        return None
    rows, columns = found
    if isinstance(rows, slice) and rows == slice(None):
        whole = partial(_taken, slice(None), columns)
        keys = tuple(building.add(node, i, whole, [key]) for i, key in enumerate(base.keys))
        return Rows(keys, base.partition, base.lengths, columns_of(node))
    if base.lengths is None or node.inputs[0] in building.differing:
        return None  # what rows are left must have the dtypes of all
    bounds = spans(base.lengths)
    positions = range(sum(base.lengths))
    if isinstance(rows, int):
        if not -len(positions) <= rows < len(positions):
            return None  # the error is pandas's
        position = positions[rows]
        number = next(i for i, (start, stop) in enumerate(bounds) if start <= position < stop)
        take = partial(_taken, position - bounds[number][0], columns)
        return Single(building.add(node, "row", take, [base.keys[number]]))
    return _several(building, node, base, positions[rows], columns)


def _several(building: Building, node: Node, base: Rows, wanted: range, columns: Any) -> Rows:
    keys: list[ChunkKey] = []
    lengths: list[int] = []
    found = list(enumerate(spans(base.lengths or ())))
    for i, (start, stop) in found if wanted.step > 0 else reversed(found):
        part = between(wanted, start, stop)
        if part or (not keys and i == found[-1 if wanted.step > 0 else 0][0]):
            end = part.stop - start
            rows = slice(part.start - start, end if end >= 0 else None, part.step) if part else slice(0, 0)
            keys.append(building.add(node, i, partial(_taken, rows, columns), [base.keys[i]]))
            lengths.append(len(part))
    return Rows(tuple(keys), node.key, tuple(lengths), columns_of(node))


def between(wanted: range, start: int, stop: int) -> range:
    """Give the part of a range that lies in a chunk."""
    if wanted.step > 0:
        first = max(0, -(-(start - wanted.start) // wanted.step))
        last = max(0, -(-(stop - wanted.start) // wanted.step))
    else:
        first = max(0, -(-(wanted.start - stop + 1) // -wanted.step))
        last = max(0, -(-(wanted.start - start + 1) // -wanted.step))
    return wanted[first:last]


def _taken(rows: Any, columns: Any, chunk: Any) -> Any:
    if columns is None:
        return chunk.iloc[rows]
    by, labels = columns
    return chunk.iloc[rows, labels] if by == "iloc" else chunk.iloc[rows].loc[:, labels]


def _asked(building: Building, node: Node) -> tuple[Any, tuple[str, Any] | None] | None:
    """Give the positions of rows that are asked for, and the columns with how they are named."""
    for by in ("iloc", "loc"):
        call = call_of(node, by, "__getitem__")
        if call is None:
            continue
        key = call.args[0]
        rows, columns = key if isinstance(key, tuple) else (key, None)
        if isinstance(key, tuple) and (len(key) != 2 or not is_frame(node.inputs[0]) or not isinstance(rows, slice)):
            return None
        if not _is_basic(rows) or not (columns is None or isinstance(columns, slice | int | str | list)):
            return None
        if by == "loc":
            rows = _positions(building, node.inputs[0], rows)
        return None if rows is None else (rows, None if columns is None else (by, columns))
    return None


def _is_basic(rows: Any) -> bool:
    if isinstance(rows, slice):
        return all(bound is None or type(bound) is int for bound in (rows.start, rows.stop, rows.step))
    return type(rows) is int


def _positions(building: Building, base: Node, rows: Any) -> Any:
    """Turn labels of a default index into positions; both ends of such a slice are meant."""
    if rows == slice(None):
        return rows
    if not isinstance(rows, slice) or rows.step is not None or not _has_default_index(building, base):
        return None
    if min(rows.start or 0, rows.stop or 0) < 0:
        return None
    return slice(rows.start, None if rows.stop is None else rows.stop + 1)


def _has_default_index(building: Building, node: Node) -> bool:
    """Tell rows that are those of a source which numbers them, none left out."""
    sample, layout = sample_of(node), building.lowered[node]
    if not isinstance(sample, pd.DataFrame | pd.Series) or not isinstance(layout, Rows):
        return False
    source = next((n for n in building.lowered if n.key == layout.partition), None)
    if source is None or not isinstance(source.op, Source):
        return False
    found = getattr(source.args[0].value, "index", None)
    default = isinstance(found, pd.RangeIndex) and found.start == 0 and found.step == 1
    return default and isinstance(sample.index, pd.RangeIndex) and sample.index.start == 0 and sample.index.step == 1
