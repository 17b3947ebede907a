"""Grouped aggregations: each chunk is aggregated by pandas, and a last task aggregates the parts, group by group."""

from __future__ import annotations

from collections.abc import Hashable
from functools import partial
from typing import Any, NamedTuple

import pandas as pd

from mars_nb.graph.meta import PandasMeta
from mars_nb.graph.node import Arguments, Node, Path
from mars_nb.graph.structure import leaves
from mars_nb.planner.chunks.renumber import columns_of, renumbered
from mars_nb.planner.context import Building
from mars_nb.planner.exchanges.shuffle import Order, shuffle
from mars_nb.planner.groups.aggregates import ABSORBED, measurable, moment, shifted
from mars_nb.planner.groups.grouping import Grouping, grouping_of
from mars_nb.planner.layout import Layout, Rows, Single
from mars_nb.planner.settle import note, settled
from mars_nb.planner.walks import aligned_rows, has_categories

# Aggregations that give the answer when they are applied to their own answers on the parts.
_SAME = {**{name: kinds for name, kinds in ABSORBED.items() if name != "product"}, "first": None, "last": None}
# Their answers have the dtype of the values.
_TYPED = frozenset({"first", "last", "min", "max"})
_MOMENTS = ("mean", "var", "std")
#: Up to so many parts are brought together by one task.
FEW_PARTS = 64


class _Output(NamedTuple):
    """A column of the answer."""

    column: Hashable
    function: str


def groupby(building: Building, node: Node) -> Layout | None:
    """Lower a grouped aggregation by columns, levels of the index, or series that are cut like the frame."""
    if not isinstance(node.op, Path) or node.op.names[0] != "groupby" or not isinstance(node.meta, PandasMeta):
        return None
    rows = aligned_rows(building, node.inputs)
    grouping = grouping_of(node)
    if rows is None or grouping is None:
        return None
    outputs = _outputs(node, grouping)
    if not grouping.observed and not grouping.sort:
        return None
    if outputs is None or not all(_holds(grouping.base, output) for output in outputs):
        return None
    if any(output.function in _TYPED for output in outputs):
        for input_ in node.inputs:  # a group must have the dtype that it has in the whole
            note(building, input_, settled(building, input_), settled=True)
    finish = partial(_finished, outputs, grouping, node.meta.sample)
    parts = []
    for i in range(len(rows.keys)):
        chunks = [building.lowered[input_].keys[i] for input_ in node.inputs]
        parts.append(building.add(node, ("part", i), partial(_part, grouping, outputs), chunks))
    if len(parts) <= FEW_PARTS or not grouping.sort:
        return Single(building.add(node, "whole", finish, parts))
    # There may be as many groups as rows: no task takes all parts at once.
    chunks = shuffle(building, node, parts, Order("sort_index", Arguments((), {})), finish)
    if not grouping.as_index:
        return renumbered(building, node, chunks, None)
    return Rows(tuple(chunks), node.key, None, columns_of(node))


# --- what is asked for --------------------------------------------------------------------------------------------


def _outputs(node: Node, grouping: Grouping) -> list[_Output] | None:
    """List the columns of the answer, None if they are not known or not of this kind."""
    assert isinstance(node.op, Path)
    assert isinstance(node.meta, PandasMeta)
    final, between = node.args[-1], node.op.names[1:-1]
    base, sample = grouping.base.meta.sample, node.meta.sample  # type: ignore[union-attr]  # checked before
    if not isinstance(final, Arguments) or len(between) > 1 or any(isinstance(leaf, Node) for leaf in leaves(final)):
        return None
    selection = _selection(node, between)
    if between and selection is None:
        return None
    columns = _aggregated(node, grouping, base, selection)
    if columns is None:
        return None
    outputs = _asked(node.op.names[-1], final, columns, one=not isinstance(selection, list))
    keys = 0 if grouping.as_index else len(grouping.all_by)
    width = sample.shape[1] - keys if isinstance(sample, pd.DataFrame) else 1
    return outputs if outputs is not None and len(outputs) == width else None


def _selection(node: Node, between: tuple[str, ...]) -> Any:
    """Give the column or columns that were selected of the group-by, None for none."""
    if not between:
        return None
    call = node.args[2]
    if between[0] == "__getitem__":
        key = call.args[0]
        return key if isinstance(key, str | int | list) and not isinstance(key, bool) else None
    return between[0] if call is None else None


def _aggregated(node: Node, grouping: Grouping, base: Any, selection: Any) -> list[Hashable] | None:
    """List the columns that are aggregated where no others are named."""
    if isinstance(base, pd.Series):
        return [None] if selection is None else None
    if selection is not None:
        columns = selection if isinstance(selection, list) else [selection]
        return columns if all(label in base.columns for label in columns) else None
    assert isinstance(node.meta, PandasMeta)
    if not isinstance(node.meta.sample, pd.DataFrame):
        return [None]
    labels = node.meta.sample.columns.get_level_values(0).unique()
    skipped = 0 if grouping.as_index else len(grouping.all_by)
    return list(labels[skipped:])


def _asked(name: str, call: Arguments, columns: list[Hashable], *, one: bool) -> list[_Output] | None:
    args, kwargs = call
    if name == "size":
        return [_Output(None, "size")] if not args and not kwargs else None
    if name not in ("agg", "aggregate"):
        return [_Output(c, name) for c in columns] if not args and set(kwargs) <= {"numeric_only"} else None
    if len(args) + bool(kwargs) != 1:
        return None
    match args[0] if args else kwargs:
        case str() as function:
            return [_Output(c, function) for c in columns]
        case list() as functions if all(isinstance(f, str) for f in functions):
            return [_Output(c, f) for c in columns for f in functions]
        case dict() as specs if args:
            return _listed([(c, f) for c, spec in specs.items() for f in (spec if isinstance(spec, list) else [spec])])
        case dict() as named:
            pairs = [(columns[0], spec) if isinstance(spec, str) and one else spec for spec in named.values()]
            return _listed([pair for pair in pairs if isinstance(pair, tuple) and len(pair) == 2], len(pairs))
    return None


def _listed(pairs: list[Any], length: int | None = None) -> list[_Output] | None:
    plain = all(isinstance(function, str) for _, function in pairs) and length in (None, len(pairs))
    return [_Output(*pair) for pair in pairs] if plain else None


def _holds(base: Node, output: _Output) -> bool:
    """Tell whether the answer can be made of answers on parts, for the column's dtype."""
    column, function = output
    if function in ("count", "size"):
        return True
    sample = base.meta.sample  # type: ignore[union-attr]  # checked before
    if isinstance(sample, pd.DataFrame):
        if column not in sample.columns or isinstance(column, tuple):  # which group-bys do not take for one column
            return False
        sample = sample[column]
    if function in _MOMENTS:
        return measurable([sample.dtype])
    kinds = _SAME.get(function, "")
    return (
        not has_categories(sample)
        if kinds is None
        else getattr(sample.dtype, "kind", "O") in kinds and (not pd.api.types.is_extension_array_dtype(sample.dtype))
    )


# --- what is computed ---------------------------------------------------------------------------------------------


def _part(grouping: Grouping, outputs: list[_Output], *values: Any) -> pd.DataFrame:
    """Aggregate a chunk: a row for each group, columns named by output, with what was measured for moments."""
    groups = grouping.of_chunk(values)
    found: dict[Any, Any] = {}
    for i, (column, function) in enumerate(outputs):
        if function == "size":
            found[f"{i}"] = groups.size()
            continue
        one = groups if column is None else groups[column]
        if function not in _MOMENTS:
            found[f"{i}"] = getattr(one, function)()
            continue
        n = one.count()
        found[f"{i}.n"] = n
        found[f"{i}.sum"] = (one.mean() * n).where(n > 0, 0.0)
        if function != "mean":
            found[f"{i}.m2"] = (one.var(ddof=0) * n).where(n > 0, 0.0)
    return pd.DataFrame({name: series.array for name, series in found.items()}, index=next(iter(found.values())).index)


def _finished(outputs: list[_Output], grouping: Grouping, sample: Any, *parts: pd.DataFrame) -> Any:
    table = parts[0] if len(parts) == 1 else pd.concat([part for part in parts if len(part)] or parts[:1])
    names = table.index.names
    table = table.set_axis(table.index.set_names([None] * len(names)), axis=0)  # a number of a level may be a name, too
    groups = _by_groups(table, grouping)
    columns = [_output(groups, table, i, output.function, grouping) for i, output in enumerate(outputs)]
    columns = [column.set_axis(column.index.set_names(names), axis=0) for column in columns]
    if isinstance(sample, pd.Series):
        return columns[0].rename(sample.name)
    frame = pd.concat(columns, axis=1) if len(columns) > 1 else columns[0].to_frame()
    if not grouping.as_index:
        frame = frame.set_axis([f"{i} " for i in range(len(columns))], axis=1).reset_index()
    return frame.set_axis(sample.columns, axis=1)


def _output(groups: Any, table: pd.DataFrame, i: int, function: str, grouping: Grouping) -> Any:
    name = f"{i}"
    if function in ("size", "count"):
        return groups[name].sum()
    if function not in _MOMENTS:
        return getattr(groups[name], function)()
    # What is no number in a part (the variance of infinity) is none in the answer.
    n, total = groups[f"{name}.n"].sum(), groups[f"{name}.sum"].sum(skipna=False)
    if function == "mean":
        return total / n
    means = groups[f"{name}.sum"].transform("sum", skipna=False) / groups[f"{name}.n"].transform("sum")
    deviations = table[f"{name}.m2"] + shifted(table[f"{name}.n"], table[f"{name}.sum"], means)
    m2 = _by_groups(deviations, grouping).sum(skipna=False)
    return moment(function, n, total / n, m2, 1)


def _by_groups(table: Any, grouping: Grouping) -> Any:
    """Group parts by the groups that they are of."""
    levels = list(range(table.index.nlevels))
    by = levels if len(levels) > 1 else 0
    return table.groupby(level=by, sort=grouping.sort, observed=grouping.observed, dropna=False)
