"""Results of many chunks are kept with equal dtypes in all chunks."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd

from mars_nb.graph.node import Node, Path
from mars_nb.planner.context import Building
from mars_nb.planner.dtypes import joined
from mars_nb.planner.layout import Layout, Rows, Single

# Operations that find dtypes from values.
_FINDING = set(
    "map apply replace where mask clip setitem assign explode floordiv mod pow rfloordiv rmod rpow truediv str loc "
    "map_chunk eval infer_objects to_numeric iloc update insert merge join to_datetime cut".split()
)


def settled(building: Building, node: Node) -> Layout:
    """Give the layout of a value that is kept, with equal dtypes in all chunks: a part must be as in the whole."""
    layout = building.lowered[node]
    if not isinstance(layout, Rows) or len(layout.keys) < 2 or node not in building.differing:
        return layout
    examples = [building.add(node, ("example", i), _example, [key]) for i, key in enumerate(layout.keys)]
    common = building.add(node, "dtypes", _common, examples)
    keys = [building.add(node, ("settled", i), _cast, [key, common]) for i, key in enumerate(layout.keys)]
    return replace(layout, keys=tuple(keys))


def note(building: Building, node: Node, layout: Layout, settled: bool = False) -> None:
    """Take note of how a node was lowered, and whether on the way to it dtypes were found from values.

    Parameters
    ----------
    settled
        Whether it is known that all chunks have equal dtypes.
    """
    building.lowered[node] = layout
    if settled or isinstance(layout, Single):
        building.differing.discard(node)
        return
    steps = node.op.names if isinstance(node.op, Path) else (node.op.name,)
    if not (_FINDING.isdisjoint(steps) and building.differing.isdisjoint(node.inputs)):
        building.differing.add(node)


def _example(chunk: Any) -> Any:
    """Give one row with a value in each column that has one."""
    if isinstance(chunk, pd.Series):
        valid = chunk[chunk.notna()]
        return (valid if len(valid) else chunk).iloc[:1]
    if isinstance(chunk, pd.Index) or not len(chunk) or not chunk.columns.is_unique:
        return chunk[:1]
    return pd.DataFrame({label: _example(chunk[label]).array for label in chunk}, columns=chunk.columns)


def _common(*examples: Any) -> Any:
    return joined(examples)[:0]


def _cast(chunk: Any, whole: Any) -> Any:
    if isinstance(chunk, pd.Index) or type(chunk) is not type(whole):
        return chunk
    if isinstance(chunk, pd.Series):
        return chunk if chunk.dtype == whole.dtype else chunk.astype(whole.dtype)
    if len(chunk.columns) != len(whole.columns) or not chunk.columns.is_unique:
        return chunk
    changed = {label: dtype for label, dtype in whole.dtypes.items() if chunk.dtypes[label] != dtype}
    return chunk.astype(changed) if changed else chunk
