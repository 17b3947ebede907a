"""Frames of many chunks of rows: which rule keeps pandas's answer.

Rules are tried in order; each gives a layout, or None where it does not apply.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pandas as pd

from mars_nb.graph.meta import PandasMeta
from mars_nb.graph.node import Arguments, Function, Node, Path
from mars_nb.planner.chunks.cuts import cut
from mars_nb.planner.chunks.picks import picked
from mars_nb.planner.chunks.renumber import columns_of, renumbered
from mars_nb.planner.chunks.rowwise import rowwise
from mars_nb.planner.context import Building, Evaluation, NotPartitionable
from mars_nb.planner.exchanges.align import aligned
from mars_nb.planner.exchanges.duplicates import duplicates
from mars_nb.planner.exchanges.joins import join
from mars_nb.planner.exchanges.reshape import drop, dummies, melt
from mars_nb.planner.exchanges.shuffle import sort_rows
from mars_nb.planner.groups.aggregates import on_all, reduction
from mars_nb.planner.groups.grouped import groupby
from mars_nb.planner.groups.grouprows import grouped_rows
from mars_nb.planner.groups.moments import correlation
from mars_nb.planner.groups.quantiles import quantiles
from mars_nb.planner.groups.scans import scan
from mars_nb.planner.groups.summaries import summary
from mars_nb.planner.layout import Layout, Rows, Single
from mars_nb.planner.walks import base_rows, call_of, method_call, sample_of


def lower(building: Building, node: Node) -> Layout:
    """Lower an operation on frames of which some have many chunks.

    Raises
    ------
    NotPartitionable
        If no rule keeps pandas's answer.
    """
    for rule in _RULES:
        layout = rule(building, node)
        if layout is not None:
            return layout
    raise NotPartitionable


# --- operations whose answer on all is their answer on the answers of the parts -----------------------------------

_ABSORBING = {"head", "tail", "nlargest", "nsmallest", "drop_duplicates"}
_EXTREMES = {"idxmax", "idxmin"}


def _absorbing(building: Building, node: Node) -> Layout | None:
    base = base_rows(building, node)
    if base is None or not _is_absorbing(node):
        return None
    (input_,) = node.inputs
    evaluate = Evaluation(node, (input_,))
    parts = [building.add(node, ("part", i), evaluate, [key]) for i, key in enumerate(base.keys)]
    return Single(building.add(node, "whole", partial(on_all, evaluate), parts))


def _extremes(building: Building, node: Node) -> Layout | None:
    """Lower the label of an extreme: of each chunk one row is looked at."""
    base, called = base_rows(building, node), method_call(node)
    sample = sample_of(node.inputs[0])
    if base is None or called is None or called[0] not in _EXTREMES or not isinstance(sample, pd.Series):
        return None
    if called[1] != ((), {}) or getattr(sample.dtype, "kind", "O") not in "iufbmM":
        return None
    kind = called[0].removeprefix("idx")
    parts = [building.add(node, ("part", i), partial(_first_extreme, kind), [key]) for i, key in enumerate(base.keys)]
    return Single(building.add(node, "whole", partial(_label_of_extreme, kind, Evaluation(node, node.inputs)), parts))


def _first_extreme(kind: str, chunk: Any) -> Any:
    valid = chunk.dropna()
    position = getattr(valid, f"arg{kind}")() if len(valid) else 0
    return valid.iloc[position : position + 1] if len(valid) else chunk[:1]


def _label_of_extreme(kind: str, evaluate: Evaluation, *parts: Any) -> Any:
    valid = [part for part in parts if part.notna().any()]
    if not valid:
        return evaluate(pd.concat(parts))  # the error is pandas's
    return valid[getattr(pd.concat(valid), f"arg{kind}")()].index[0]


def _is_absorbing(node: Node) -> bool:
    sliced = call_of(node, "iloc", "__getitem__")
    if sliced is not None:
        key = sliced.args[0]
        if not isinstance(key, slice) or key.step not in (None, 1):
            return False
        first = key.start in (None, 0) and isinstance(key.stop, int) and key.stop >= 0
        last = key.stop is None and isinstance(key.start, int) and key.start < 0
        return first or last
    name = node.op.names[0] if isinstance(node.op, Path) and len(node.op.names) == 1 else ""
    call = node.args[-1]
    if name not in _ABSORBING or not isinstance(call, Arguments):
        return False
    if name in ("head", "tail"):
        n = call.args[0] if call.args else call.kwargs.get("n", 5)
        return isinstance(n, int) and n >= 0
    if name == "drop_duplicates":
        return call.kwargs.get("keep", "first") is not False
    return "keep" not in call.kwargs and len(call.args) < 3


def _value_counts(building: Building, node: Node) -> Layout | None:
    base, call = base_rows(building, node), call_of(node, "value_counts")
    if base is None or call is None or call.args or set(call.kwargs) - {"ascending", "dropna"}:
        return None
    if not isinstance(node.inputs[0].meta, PandasMeta) or not isinstance(node.inputs[0].meta.sample, pd.Series):
        return None
    dropna, ascending = call.kwargs.get("dropna", True), call.kwargs.get("ascending", False)
    count = partial(_count_values, dropna)
    parts = [building.add(node, ("part", i), count, [key]) for i, key in enumerate(base.keys)]
    return Single(building.add(node, "whole", partial(_add_counts, dropna, ascending), parts))


def _count_values(dropna: bool, series: Any) -> Any:
    return series.value_counts(sort=False, dropna=dropna)


def _add_counts(dropna: bool, ascending: bool, *parts: Any) -> Any:
    # Equal counts stay in the order in which the values came, as pandas has it.
    counts = pd.concat(parts).groupby(level=0, sort=False, dropna=dropna, observed=False).sum()
    return counts.sort_values(ascending=ascending, kind="stable")


def _length(building: Building, node: Node) -> Layout | None:
    base = base_rows(building, node)
    if (
        base is None
        or node.op.name not in ("len", "size")
        or not isinstance(node.args[0], Node)
        or (isinstance(node.op, Path) and len(node.op.names) > 1)
    ):
        return None
    if node.op.name == "size" and isinstance(sample_of(node.inputs[0]), pd.DataFrame):
        return None
    parts = [building.add(node, ("part", i), len, [key]) for i, key in enumerate(base.keys)]
    return Single(building.add(node, "whole", _sum, parts))


def _sum(*numbers: int) -> int:
    return sum(numbers)


# --- operations that number the rows anew -------------------------------------------------------------------------


def _reset_index(building: Building, node: Node) -> Layout | None:
    base, call = base_rows(building, node), call_of(node, "reset_index")
    if base is None or call is None or call.args or set(call.kwargs) - {"drop", "names", "name", "col_fill"}:
        return None
    evaluate = Evaluation(node, node.inputs)
    parts = [building.add(node, ("part", i), evaluate, [key]) for i, key in enumerate(base.keys)]
    return renumbered(building, node, parts, base.lengths)


_CONCAT = {"ignore_index", "axis", "keys", "names", "join"}


def _concat(building: Building, node: Node) -> Layout | None:
    """Put chunks below one another; where columns or dtypes differ, each next to empty ones of the others."""
    if not isinstance(node.op, Function) or node.op.name != "pandas.concat" or len(node.args) != 1:
        return None
    given, options = node.args[0], {key: value for key, value in node.kwargs.items() if key != "axis"}
    if isinstance(given, dict) and "keys" not in options:
        given, options = list(given.values()), {**options, "keys": list(given)}
    if (
        not isinstance(given, list | tuple)
        or set(node.kwargs) - _CONCAT
        or node.kwargs.get("axis", 0) not in (0, "index")
    ):
        return None
    samples = [sample_of(part) for part in given]
    series = all(isinstance(sample, pd.Series) for sample in samples)
    if not given or not (series or all(isinstance(sample, pd.DataFrame) for sample in samples)):
        return None
    layouts = [building.lowered[part] for part in given]
    if not all(isinstance(layout, Rows | Single) for layout in layouts):
        return None
    parts = [(which, key) for which, layout in enumerate(layouts) for key in layout.keys]
    plain = _alike(samples) and not set(options) - {"ignore_index"}
    if plain:
        keys = [key for _, key in parts]
    else:
        building.differing.add(node)
        put = {name: value for name, value in options.items() if name != "ignore_index"}
        keys = [
            building.add(node, ("part", i), partial(_among, samples, which, put), [key])
            for i, (which, key) in enumerate(parts)
        ]
    lengths = [layout.lengths if isinstance(layout, Rows) else None for layout in layouts]
    known = None if None in lengths else tuple(n for several in lengths for n in several or ())
    if options.get("ignore_index"):
        return renumbered(building, node, keys, known)
    return Rows(tuple(keys), node.key, known, columns_of(node))


def _among(samples: list[Any], which: int, options: dict[str, Any], chunk: Any) -> Any:
    return pd.concat([chunk if i == which else sample[:0] for i, sample in enumerate(samples)], **options)


def _alike(samples: list[Any]) -> bool:
    """Tell frames that can stand below one another as they are."""
    first = samples[0]
    if isinstance(first, pd.Series):
        return all(isinstance(s, pd.Series) and s.name == first.name and s.dtype == first.dtype for s in samples)
    return isinstance(first, pd.DataFrame) and all(
        isinstance(s, pd.DataFrame) and s.columns.equals(first.columns) and (s.dtypes == first.dtypes).all()
        for s in samples
    )


_RULES: tuple[Callable[[Building, Node], Layout | None], ...] = (
    rowwise,
    aligned,
    duplicates,
    _absorbing,
    cut,
    picked,
    _value_counts,
    _extremes,
    _length,
    _reset_index,
    _concat,
    dummies,
    melt,
    drop,
    join,
    groupby,
    grouped_rows,
    reduction,
    correlation,
    quantiles,
    summary,
    scan,
    sort_rows,
)
