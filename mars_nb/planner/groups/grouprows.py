"""Operations on groups that need all rows of a group at once: the rows of equal keys are brought together.

There are two kinds. What gives something for each *row* (``transform``, ``cumsum``, ``shift``, ``rank``, ``head``) is
computed where the group is, and only the answers go back to where the rows are. What gives something for each *group*
(``median``, ``nunique``, functions of the user's) stays where the group is: buckets are in the order of the keys, and
so are their answers.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from mars_nb.graph.meta import PandasMeta
from mars_nb.graph.node import Arguments, Node, Path
from mars_nb.graph.structure import leaves, replace
from mars_nb.planner.chunks.renumber import columns_of, renumbered
from mars_nb.planner.context import Building, Evaluation
from mars_nb.planner.exchanges.exchange import ByKeys, Side, answered, exchanged, orderable, pieces_of, together
from mars_nb.planner.groups.grouping import Grouping, grouping_of
from mars_nb.planner.layout import Layout, Rows
from mars_nb.planner.walks import aligned_rows, sample_of
from mars_nb.scheduler.pieces import Pieces

# For each row, in the order of the rows.
_PER_ROW = frozenset("cumsum cumprod cummin cummax cumcount shift diff pct_change ffill bfill rank transform".split())
# Some of the rows, in their order.
_SOME_ROWS = frozenset("head tail nth filter".split())
# For each group, in the order of the keys.
_PER_GROUP = frozenset(
    "sum prod min max mean median std var sem skew kurt count size nunique first last any all quantile idxmin idxmax "
    "describe unique nlargest nsmallest agg aggregate corr cov apply".split()
)
_WINDOWS = frozenset("rolling expanding ewm".split())


def grouped_rows(building: Building, node: Node) -> Layout | None:
    """Lower an operation on groups that needs all rows of each."""
    if not isinstance(node.op, Path) or node.op.names[0] != "groupby" or not isinstance(node.meta, PandasMeta):
        return None
    rows, grouping = aligned_rows(building, node.inputs), grouping_of(node)
    if rows is None or grouping is None or node.meta.open or not _selects(node):
        return None
    if not all(orderable(key.dtype) for key in grouping.keys_of_samples()) or not grouping.observed:
        return None
    chunks = [tuple(building.lowered[i].keys[number] for i in node.inputs) for number in range(len(rows.keys))]
    side = Side(chunks, ByKeys(grouping.keys_of_chunk))
    *between, name = [step for step in node.op.names[1:] if step != "__call__"]  # ``nth`` is an object that is called
    if name in _PER_ROW and len(between) <= 1:
        answers = answered(building, node, side, partial(_for_each_row, Evaluation(node, node.inputs)))
        return Rows(tuple(answers), rows.partition, rows.lengths, columns_of(node))
    if name in _SOME_ROWS and len(between) <= 1:
        return _some(building, node, side, _kept_groups if name == "filter" else _kept_rows)
    if _is_per_group(node, grouping):
        return _per_group(building, node, side, grouping)
    return None


def _for_each_row(evaluate: Evaluation, *values: Any) -> Any:
    found = evaluate(*values)
    if len(found) == len(values[0]):
        return found
    # No row has a key, and pandas gives nothing at all; among rows that have one, these would have no value.
    return sample_of(evaluate.node)[:0].reindex(range(len(values[0]))).set_axis(values[0].index, axis=0)


def _selects(node: Node) -> bool:
    """Tell walks that do nothing between the groups and the last call but to select columns, or to make windows."""
    assert isinstance(node.op, Path)
    final = node.args[-1]
    if "filter" in node.op.names and (not final.args or "func" in final.kwargs or "dropna" in final.kwargs):
        return False
    if not isinstance(final, Arguments) or any(
        isinstance(leaf, Node) for call in node.args[2:] for leaf in leaves(call)
    ):
        return False
    between = list(zip(node.op.names[1:-1], node.args[2:-1], strict=True))
    return len(between) <= 2 and all(
        name == "__getitem__" or call is None or (name in _WINDOWS and number == len(between) - 1)
        for number, (name, call) in enumerate(between)
    )


def _is_per_group(node: Node, grouping: Grouping) -> bool:
    assert isinstance(node.op, Path)
    assert isinstance(node.meta, PandasMeta)
    if not grouping.sort:
        return False
    *between, name = node.op.names[1:]
    if any(step in _WINDOWS for step in between):
        return grouping.as_index
    if name not in _PER_GROUP:
        return False
    if name != "apply":
        return True
    # A function may give a number, or a frame with the labels of its rows, for each group.
    sample, keys = node.meta.sample, len(grouping.keys_of_samples())
    if isinstance(sample, pd.Index):
        return False
    levels = sample.index.nlevels
    return (grouping.as_index and grouping.kwargs.get("group_keys", True)) and (
        (levels == keys and isinstance(sample, pd.Series))
        or (levels == keys + grouping.base_sample.index.nlevels and isinstance(sample, pd.DataFrame))
    )


def _per_group(building: Building, node: Node, side: Side, grouping: Grouping) -> Layout:
    count, (cuts,) = exchanged(building, node, [side])
    compute = partial(_of_bucket, Evaluation(node, node.inputs), grouping)
    parts = [building.add(node, ("bucket", i), partial(compute, i), cuts) for i in range(count)]
    if not grouping.as_index:
        return renumbered(building, node, parts, None)
    return Rows(tuple(parts), node.key, None, columns_of(node))


def _of_bucket(evaluate: Evaluation, grouping: Grouping, number: int, *cuts: Pieces) -> Any:
    pieces = pieces_of(cuts, number)
    values = together(pieces, cuts)
    if number and not grouping.of_chunk(values).ngroups:  # what pandas gives for no groups is not always of one kind
        return evaluate.node.meta.sample[:0]  # type: ignore[union-attr]  # a frame or series, as was asked
    return evaluate(*values)


def _some(building: Building, node: Node, side: Side, kept: Callable[..., Any]) -> Layout:
    answers = answered(building, node, side, partial(kept, Evaluation(node, node.inputs)))
    select = partial(_selected, node)
    keys = [
        building.add(node, i, select, [answer, *chunk])
        for i, (answer, chunk) in enumerate(zip(answers, side.chunks, strict=True))
    ]
    return Rows(tuple(keys), node.key, None, columns_of(node))


def _kept_rows(evaluate: Evaluation, *values: Any) -> Any:
    """Tell which rows the operation leaves."""
    numbers = pd.RangeIndex(len(values[0]))
    left = evaluate(*(value.set_axis(numbers, axis=0) for value in values)).index
    return pd.Series(np.isin(numbers, left))


def _kept_groups(evaluate: Evaluation, *values: Any) -> Any:
    """Tell which rows ``filter`` leaves, by what the user's function says about each group."""
    chunks = dict(zip(evaluate.inputs, values, strict=True))
    node, call = evaluate.node, evaluate.node.args[-1]
    assert isinstance(node.op, Path)
    path, function = Path(node.op.names[:-1]), call.args[0]
    groups = path.apply(replace(node.args[:-1], lambda leaf: chunks[leaf] if isinstance(leaf, Node) else leaf), {})
    verdicts: list[bool] = []

    def judged(group: Any, *args: Any, **kwargs: Any) -> Any:
        verdict = function(group, *args, **kwargs)
        verdicts.append(bool(verdict) and not pd.isna(verdict))
        return verdict

    groups.filter(judged, *call.args[1:], **call.kwargs)
    return pd.Series(np.array([*verdicts, False])[groups.ngroup().fillna(-1).astype(int)])


def _selected(node: Node, chosen: Any, *values: Any) -> Any:
    rows = values[node.inputs.index(node.args[0])][chosen.to_numpy(bool)]
    for name, call in list(zip(node.op.names, node.args[1:], strict=True))[1:-1]:  # type: ignore[union-attr]  # a path
        if name not in _SOME_ROWS:
            rows = rows[name if call is None else call.args[0]]
    return rows
