"""Reductions, grouped aggregations and scans over rows: Dask's algorithms, where their answer is pandas's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from mars_nb.graph.meta import PandasMeta
from mars_nb.graph.node import Arguments, Node, Path
from mars_nb.planner.arrays import placeholder
from mars_nb.planner.context import Building
from mars_nb.planner.layout import ChunkKey, Layout, Rows, Single
from mars_nb.planner.taskspec import chunk_tasks

_REDUCTIONS = frozenset("sum mean min max count std var prod product any all".split())
_SCANS = frozenset("cumsum cumprod cummin cummax shift diff ffill bfill".split())
_GROUPED = frozenset("sum mean min max count std var prod first last".split())
_GROUPBY_ARGUMENTS = {"by", "dropna", "sort", "observed", "group_keys"}


def by_dask(building: Building, node: Node) -> Layout | None:
    """Lower a reduction or a scan along the rows."""
    if not isinstance(node.op, Path) or len(node.op.names) != 1 or len(node.inputs) != 1:
        return None
    name, call = node.op.names[0], node.args[-1]
    if not isinstance(call, Arguments) or call.args and name != "shift" or "axis" in call.kwargs:
        return None
    if name in _REDUCTIONS:
        return _lower(building, node, keeps=False) if set(call.kwargs) <= {"skipna", "numeric_only", "ddof"} else None
    if name in _SCANS:
        return _lower(building, node, keeps=True) if set(call.kwargs) <= {"periods"} else None
    return None


def groupby(building: Building, node: Node) -> Layout | None:
    """Lower a grouped aggregation by columns."""
    if not isinstance(node.op, Path) or node.op.names[0] != "groupby" or len(node.inputs) != 1:
        return None
    _, grouping, *between, final = node.args
    names = node.op.names[1:]
    if set(names[:-1]) - {"__getitem__"} or len(between) > 1 or not isinstance(final, Arguments):
        return None
    if not _plain_grouping(node, grouping) or not _plain_aggregation(names[-1], final):
        return None
    return _lower(building, node, keeps=False)


def _plain_grouping(node: Node, grouping: Arguments) -> bool:
    """Tell a group-by of columns, sorted by their values."""
    args, kwargs = grouping
    if len(args) + len(kwargs) != len({*range(len(args)), *kwargs}) or len(args) > 1:
        return False
    if set(kwargs) - _GROUPBY_ARGUMENTS or not kwargs.get("sort", True):
        return False
    by = args[0] if args else kwargs.get("by")
    labels = by if isinstance(by, list) else [by]
    meta = node.inputs[0].meta
    if not isinstance(meta, PandasMeta) or not isinstance(meta.sample, pd.DataFrame):
        return False
    columns = meta.sample
    known = all(isinstance(label, str | int) and label in columns for label in labels)
    return known and not any(isinstance(columns[label].dtype, pd.CategoricalDtype) for label in labels)


def _plain_aggregation(name: str, call: Arguments) -> bool:
    args, kwargs = call
    if name == "size":
        return not args and not kwargs
    if name in _GROUPED:
        return not args and set(kwargs) <= {"numeric_only"}
    if name not in ("agg", "aggregate"):
        return False
    if args:
        return len(args) == 1 and not kwargs and _all_grouped(args[0])
    return bool(kwargs) and all(
        isinstance(spec, tuple) and len(spec) == 2 and spec[1] in _GROUPED for spec in kwargs.values()
    )


def _all_grouped(spec: Any) -> bool:
    match spec:
        case str():
            return spec in _GROUPED
        case list():
            return all(isinstance(item, str) and item in _GROUPED for item in spec)
        case dict():
            return all(_all_grouped(item) for item in spec.values())
    return False


def _lower(building: Building, node: Node, *, keeps: bool) -> Layout | None:
    import dask
    import dask.dataframe
    from dask.delayed import Delayed

    (input_,) = node.inputs
    rows = building.lowered[input_]
    if not isinstance(rows, Rows) or not isinstance(input_.meta, PandasMeta):
        return None
    names = {f"rows-{input_.key}-{i}": key for i, key in enumerate(rows.keys)}
    with dask.config.set({"dataframe.convert-string": False}):
        parts = [Delayed(name, {name: (placeholder, name, i)}) for i, name in enumerate(names)]
        try:
            frame = dask.dataframe.from_delayed(parts, meta=input_.meta.sample[:0], verify_meta=False)
            result = node.op.apply((frame, *node.args[1:]), node.kwargs).optimize(fuse=False)
        except Exception:  # Dask's own limits; a mistake of the user's was found when it was recorded
            return None
        return _take_over(building, node, result, names, rows if keeps else None)


def _take_over(
    building: Building, node: Node, result: Any, placeholders: Mapping[Any, ChunkKey], rows: Rows | None
) -> Layout | None:
    outputs = list(result.__dask_keys__())
    if rows is None and len(outputs) != 1 or rows is not None and len(outputs) != len(rows.keys):
        return None
    tasks, ours = chunk_tasks(dict(result.__dask_graph__()), placeholders, node, outputs)
    building.graph.update(tasks)
    if rows is None:
        return Single(ours(outputs[0]))
    return Rows(tuple(map(ours, outputs)), rows.partition, rows.lengths, rows.columns)
