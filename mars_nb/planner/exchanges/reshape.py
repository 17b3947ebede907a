"""Operations that make columns of values or rows of columns, ``get_dummies`` and ``melt``; rows left out by label."""

from __future__ import annotations

from functools import partial
from typing import Any

import pandas as pd

from mars_nb.graph.node import Arguments, Function, Node
from mars_nb.planner.chunks.renumber import columns_of, renumbered
from mars_nb.planner.context import Building, Evaluation
from mars_nb.planner.layout import Layout, Rows
from mars_nb.planner.walks import base_rows, method_call, sample_of

# --- a column for each value --------------------------------------------------------------------------------------


def dummies(building: Building, node: Node) -> Layout | None:
    """Lower ``get_dummies``: the values of all chunks are found first, as categories."""
    base = base_rows(building, node)
    if base is None or not isinstance(node.op, Function) or node.op.name != "pandas.get_dummies":
        return None
    sample, given = sample_of(node.inputs[0]), node.kwargs
    if len(node.args) != 1 or node.args[0] is not node.inputs[0] or given.get("sparse"):
        return None
    if isinstance(sample, pd.DataFrame) and sample.columns.is_unique:
        labels = given.get("columns")
        found = sample.select_dtypes(["object", "string", "category"]).columns if labels is None else labels
        columns = list(found) if isinstance(found, list | pd.Index) else []
    elif isinstance(sample, pd.Series) and not given.get("columns"):
        columns = [None]
    else:
        return None
    if not columns or not all(column is None or column in sample.columns for column in columns):
        return None
    values = [building.add(node, ("values", i), partial(_values, columns), [key]) for i, key in enumerate(base.keys)]
    categories = building.add(node, "categories", _categories, values)
    encode = partial(_encoded, Evaluation(node, node.inputs), columns)
    keys = [building.add(node, i, encode, [key, categories]) for i, key in enumerate(base.keys)]
    return Rows(tuple(keys), base.partition, base.lengths)


def _column(chunk: Any, label: Any) -> Any:
    return chunk if label is None else chunk[label]


def _values(columns: list[Any], chunk: Any) -> list[Any]:
    """Give the distinct values of each column; a categorical one says itself which there are."""
    found = [_column(chunk, label) for label in columns]
    return [
        series.dtype if isinstance(series.dtype, pd.CategoricalDtype) else series.dropna().drop_duplicates()
        for series in found
    ]


def _categories(*values: list[Any]) -> list[Any]:
    return [
        parts[0] if isinstance(parts[0], pd.CategoricalDtype) else pd.Categorical(pd.concat(parts)).dtype
        for parts in zip(*values, strict=True)
    ]


def _encoded(evaluate: Evaluation, columns: list[Any], chunk: Any, categories: list[Any]) -> Any:
    if columns == [None]:
        made = evaluate(chunk.astype(categories[0]))
        if isinstance(made.columns, pd.CategoricalIndex) and not isinstance(chunk.dtype, pd.CategoricalDtype):
            made = made.set_axis(made.columns.astype(categories[0].categories.dtype), axis=1)
        return made
    return evaluate(chunk.astype(dict(zip(columns, categories, strict=True))))


# --- a row for each of several columns ----------------------------------------------------------------------------


def melt(building: Building, node: Node) -> Layout | None:
    """Lower ``melt``: the rows of each column that is melted follow those of the one before."""
    base = base_rows(building, node)
    asked = _melted(node)
    sample = sample_of(node.inputs[0]) if asked is not None else None
    if base is None or asked is None or not isinstance(sample, pd.DataFrame) or not sample.columns.is_unique:
        return None
    if set(asked) - {"id_vars", "value_vars", "var_name", "value_name"} or isinstance(sample.columns, pd.MultiIndex):
        return None
    kept = _listed(asked.get("id_vars"))
    values = asked.get("value_vars")
    melted = [c for c in sample.columns if c not in kept] if values is None else _listed(values)
    if not melted or not all(label in sample.columns for label in (*kept, *melted)):
        return None
    parts = [
        building.add(node, ("part", label, i), partial(_one_melted, node, {**asked, "value_vars": [label]}), [key])
        for label in melted
        for i, key in enumerate(base.keys)
    ]
    building.differing.add(node)  # each column has brought its own dtype
    lengths = None if base.lengths is None else base.lengths * len(melted)
    return renumbered(building, node, parts, lengths)


def _melted(node: Node) -> dict[str, Any] | None:
    called = method_call(node)
    names = ("id_vars", "value_vars", "var_name", "value_name")
    if called is not None and called[0] == "melt":
        return {**dict(zip(names, called[1].args, strict=False)), **called[1].kwargs}
    if node.op.name == "pandas.melt" and node.args and isinstance(node.args[0], Node):
        return {**dict(zip(names, node.args[1:], strict=False)), **node.kwargs}
    return None


def _listed(given: Any) -> list[Any]:
    if given is None:
        return []
    return list(given) if pd.api.types.is_list_like(given) else [given]


def _one_melted(node: Node, arguments: dict[str, Any], chunk: Any) -> Any:
    # What has no rows must not decide the dtype.
    return chunk.melt(**arguments) if len(chunk) else sample_of(node)[:0]


# --- rows left out by their labels --------------------------------------------------------------------------------


def drop(building: Building, node: Node) -> Layout | None:
    """Lower ``drop`` of rows: a label that no chunk has is an error."""
    base, called = base_rows(building, node), method_call(node)
    if base is None or called is None or called[0] != "drop":
        return None
    labels = _dropped(called[1])
    sample = sample_of(node.inputs[0])
    if labels is None or isinstance(sample, pd.Index) or isinstance(sample.index, pd.MultiIndex):
        return None
    known = []
    if called[1].kwargs.get("errors") != "ignore":
        found = [building.add(node, ("found", i), partial(_found, labels), [key]) for i, key in enumerate(base.keys)]
        known = [building.add(node, "known", partial(_all_found, labels), found)]
    keys = [building.add(node, i, partial(_left, labels), [key, *known]) for i, key in enumerate(base.keys)]
    return Rows(tuple(keys), node.key, None, columns_of(node))


def _dropped(call: Arguments) -> list[Any] | None:
    args, kwargs = call
    if (
        set(kwargs) - {"labels", "index", "axis", "errors"}
        or kwargs.get("axis", 0) not in (0, "index")
        or len(args) > 1
    ):
        return None
    labels = args[0] if args else kwargs.get("labels", kwargs.get("index"))
    listed = labels if isinstance(labels, list) else [labels]
    return listed if all(isinstance(label, str | int | float) for label in listed) else None


def _found(labels: list[Any], chunk: Any) -> set[Any]:
    return {label for label in labels if label in chunk.index}


def _all_found(labels: list[Any], *found: set[Any]) -> bool:
    missing = [label for label in labels if not any(label in several for several in found)]
    if missing:
        raise KeyError(f"{missing} not found in axis")
    return True


def _left(labels: list[Any], chunk: Any, known: bool = True) -> Any:
    return chunk.drop(labels, errors="ignore")
