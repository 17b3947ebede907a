"""Summaries that are made of others: ``describe``, ``agg`` of several functions, quantiles of frames, counts of values.

Each rule takes steps that have partitioned forms, column by column where the columns have nothing to do with one
another, and puts the answers together as pandas does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from mars_nb.graph.node import Arguments, Node
from mars_nb.planner.context import Building
from mars_nb.planner.derived import Recipe
from mars_nb.planner.layout import Layout
from mars_nb.planner.walks import base_rows, method_call, sample_of

# With more columns than that, the steps would be too many tasks.
_MOST_COLUMNS = 64

Rule = Callable[[Recipe, Node, Any, Arguments], Node | None]


def summary(building: Building, node: Node) -> Layout | None:
    """Lower a summary of a frame or series."""
    base, called = base_rows(building, node), method_call(node)
    sample = sample_of(node.inputs[0])
    if base is None or called is None or not isinstance(sample, pd.DataFrame | pd.Series):
        return None
    name, call = called
    frame = isinstance(sample, pd.DataFrame)
    rule = _RULES.get((name, "frame" if frame else "series"))
    if rule is None or (frame and (not sample.columns.is_unique or len(sample.columns) > _MOST_COLUMNS)):
        return None
    if frame and call.kwargs.get("axis", 0) not in (0, "index"):
        return None
    recipe = Recipe(building, node)
    made = rule(recipe, node.inputs[0], sample, call)
    return None if made is None else recipe.layout(made)


def _numeric(sample: Any, kwargs: dict[str, Any]) -> list[Any]:
    found = sample.select_dtypes(["number", "bool"], exclude=["timedelta"]) if kwargs.get("numeric_only") else sample
    return list(found.columns)


def _without(kwargs: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in kwargs.items() if name not in names}


# --- a number for each column -------------------------------------------------------------------------------------


def _for_each_column(name: str) -> Rule:
    """Make the rule for a method that gives a number for each column, a row for each of several."""

    def rule(recipe: Recipe, base: Node, sample: Any, call: Arguments) -> Node | None:
        columns = recipe.columns(base)
        kwargs = _without(call.kwargs, "axis", "numeric_only")
        parts = [recipe.method(columns[c], name, *call.args, **kwargs) for c in _numeric(sample, call.kwargs)]
        return recipe.function(_beside, [c for c in columns if c in _numeric(sample, call.kwargs)], call, name, parts)

    rule.__name__ = name
    return rule


def _beside(labels: list[Any], call: Arguments, method: str, parts: list[Any]) -> Any:
    index = pd.Index(labels)
    if parts and isinstance(parts[0], pd.Series):
        return pd.concat(parts, axis=1).set_axis(index, axis=1)
    q = (call.args[0] if call.args else call.kwargs.get("q", 0.5)) if method == "quantile" else None
    return pd.Series(parts, index=index, name=q)


# --- several functions --------------------------------------------------------------------------------------------


def _aggregate_series(recipe: Recipe, base: Node, sample: Any, call: Arguments) -> Node | None:
    names = call.args[0] if len(call.args) == 1 and not call.kwargs else None
    if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
        return None
    parts = [recipe.method(base, name) for name in names]
    return recipe.function(_listed, parts, names, sample.name)


def _listed(values: list[Any], names: list[Any], name: Any) -> Any:
    return pd.Series(values, index=names, name=name)


def _aggregate_frame(recipe: Recipe, base: Node, sample: Any, call: Arguments) -> Node | None:
    asked = call.args[0] if len(call.args) == 1 and not call.kwargs else None
    if isinstance(asked, str):
        return recipe.method(base, asked)
    if isinstance(asked, list):
        asked = dict.fromkeys(sample.columns, asked)
    if not isinstance(asked, dict) or not asked or not all(label in sample.columns for label in asked):
        return None
    columns = recipe.columns(base)
    several = {isinstance(functions, list) for functions in asked.values()}
    if several == {False}:
        if not all(isinstance(function, str) for function in asked.values()):
            return None
        parts = [recipe.method(columns[label], function) for label, function in asked.items()]
        return recipe.function(_listed, parts, list(asked), None)
    listed = {label: fs if isinstance(fs, list) else [fs] for label, fs in asked.items()}
    tables = [_aggregate_series(recipe, columns[c], sample[c], Arguments((fs,), {})) for c, fs in listed.items()]
    return None if None in tables else recipe.function(_side_by_side, tables, list(listed))


def _side_by_side(tables: list[Any], labels: list[Any]) -> Any:
    return pd.concat(tables, axis=1, keys=labels)


# --- describe -----------------------------------------------------------------------------------------------------


def _describe_series(recipe: Recipe, base: Node, sample: Any, call: Arguments) -> Node | None:
    if call.args or set(call.kwargs) - {"percentiles"}:
        return None
    shares = call.kwargs.get("percentiles")
    dates = sample.dtype.kind == "M" if isinstance(sample.dtype, np.dtype) else False
    if not (dates or pd.api.types.is_numeric_dtype(sample.dtype)) or sample.dtype == bool:
        return _describe_values(recipe, base, sample) if shares is None and _has_values(sample) else None
    labels = [label for label in sample.describe(percentiles=shares).index if str(label).endswith("%")]
    shares = [0.25, 0.5, 0.75] if shares is None else sorted(shares)
    if len(labels) != len(shares):
        return None
    between = recipe.method(base, "quantile", shares)
    parts = {name: recipe.method(base, name) for name in ("count", "mean", "min", "max", *(() if dates else ("std",)))}
    return recipe.function(_described, parts, between, labels, sample.name)


def _described(parts: dict[str, Any], between: Any, labels: list[str], name: Any) -> Any:
    order = ["count", "mean", "min", "max"] if "std" not in parts else ["count", "mean", "std", "min", "max"]
    values = {**{key: parts[key] for key in order[:-1]}, **dict(zip(labels, between, strict=True)), "max": parts["max"]}
    dtype = float if "std" in parts else object
    return pd.Series(list(values.values()), index=list(values), name=name, dtype=dtype)


def _has_values(sample: Any) -> bool:
    return sample.dtype == bool or isinstance(sample.dtype, pd.StringDtype | pd.CategoricalDtype)


def _describe_values(recipe: Recipe, base: Node, sample: Any) -> Node:
    counts = recipe.method(base, "value_counts")
    return recipe.function(_described_values, recipe.method(base, "count"), counts, sample.name)


def _described_values(count: int, counts: Any, name: Any) -> Any:
    found = counts[counts != 0]
    top = [counts.index[0], counts.iloc[0]] if len(found) else [np.nan, np.nan]
    return pd.Series([count, len(found), *top], index=["count", "unique", "top", "freq"], name=name, dtype=object)


def _describe_frame(recipe: Recipe, base: Node, sample: Any, call: Arguments) -> Node | None:
    if call.args or set(call.kwargs) - {"percentiles"}:
        return None
    numbers = sample.select_dtypes([np.number, "datetime"])
    chosen = list(numbers.columns) or list(sample.columns)
    columns = recipe.columns(base)
    tables = [_describe_series(recipe, columns[label], sample[label], call) for label in chosen]
    return None if None in tables else recipe.function(_described_beside, tables, pd.Index(chosen))


def _described_beside(tables: list[Any], labels: Any) -> Any:
    # The rows are in the order of the shortest list first, as pandas has it.
    rows: dict[Any, None] = {}
    for table in sorted(tables, key=len):
        rows.update(dict.fromkeys(table.index))
    found = pd.concat([table.reindex(list(rows)) for table in tables], axis=1)
    return found.set_axis(labels, axis=1)


# --- counts of values ---------------------------------------------------------------------------------------------


def _value_counts_series(recipe: Recipe, base: Node, sample: Any, call: Arguments) -> Node | None:
    if call.kwargs.get("normalize") is not True or call.args:
        return None
    counts = recipe.method(base, "value_counts", **_without(call.kwargs, "normalize"))
    return recipe.function(_shares, counts)


def _shares(counts: Any) -> Any:
    return (counts / counts.sum()).rename("proportion")


def _value_counts_frame(recipe: Recipe, base: Node, sample: Any, call: Arguments) -> Node | None:
    args, kwargs = call
    subset = args[0] if args else kwargs.get("subset")
    if len(args) > 1 or set(kwargs) - {"subset", "ascending", "dropna"}:
        return None
    labels = list(sample.columns) if subset is None else subset if isinstance(subset, list) else None
    if not labels:
        return None
    by = Arguments((labels,), {"dropna": kwargs.get("dropna", True), "observed": False, "sort": False})
    sizes = recipe.walk(base, ("groupby", by), ("size", Arguments((), {})))
    return recipe.function(_sorted_sizes, sizes, kwargs.get("ascending", False))


def _sorted_sizes(sizes: Any, ascending: bool) -> Any:
    counts = sizes.rename("count").sort_values(ascending=ascending, kind="stable")
    return counts if counts.index.nlevels > 1 else counts.set_axis(pd.MultiIndex.from_arrays([counts.index]))


def _mode_series(recipe: Recipe, base: Node, sample: Any, call: Arguments) -> Node | None:
    if call.args or call.kwargs or isinstance(sample.dtype, pd.CategoricalDtype):
        return None
    return recipe.function(_most_frequent, recipe.method(base, "value_counts"), sample.name)


def _most_frequent(counts: Any, name: Any) -> Any:
    values = counts.index[counts == counts.max()] if len(counts) else counts.index
    return pd.Series(values.array, dtype=values.dtype).sort_values(ignore_index=True).rename(name)


def _mode_frame(recipe: Recipe, base: Node, sample: Any, call: Arguments) -> Node | None:
    if call.args or set(call.kwargs) - {"numeric_only"}:
        return None
    columns, labels = recipe.columns(base), _numeric(sample, call.kwargs)
    parts = [_mode_series(recipe, columns[label], sample[label], Arguments((), {})) for label in labels]
    return None if None in parts or not parts else recipe.function(_modes_beside, parts, labels)


def _modes_beside(parts: list[Any], labels: list[Any]) -> Any:
    return pd.concat(parts, axis=1).set_axis(pd.Index(labels), axis=1)


# --- tables -------------------------------------------------------------------------------------------------------


def _pivot_table(recipe: Recipe, base: Node, sample: Any, call: Arguments) -> Node | None:
    asked = {
        **dict(zip(("values", "index", "columns", "aggfunc", "fill_value"), call.args, strict=False)),
        **call.kwargs,
    }
    function = asked.get("aggfunc", "mean")
    if set(asked) - {"values", "index", "columns", "aggfunc", "fill_value"} or not isinstance(function, str):
        return None
    by = [label for name in ("index", "columns") if name in asked for label in _labels(asked[name])]
    values = asked.get("values")
    chosen = [label for label in sample.columns if label not in by] if values is None else _labels(values)
    if not by or not all(isinstance(label, str | int) and label in sample.columns for label in [*by, *chosen]):
        return None
    steps = ("groupby", Arguments((by,), {})), ("__getitem__", Arguments((chosen,), {})), (function, Arguments((), {}))
    return recipe.function(_pivoted, recipe.walk(base, *steps), {**asked, "aggfunc": "first"})


def _labels(given: Any) -> list[Any]:
    return given if isinstance(given, list) else [given]


def _pivoted(groups: Any, asked: dict[str, Any]) -> Any:
    """Let pandas make the table: each group is one row now."""
    return groups.reset_index().pivot_table(**asked)


_RULES: dict[tuple[str, str], Rule] = {
    **{(name, "frame"): _for_each_column(name) for name in ("median", "quantile", "nunique", "idxmax", "idxmin")},
    **{(name, "series"): _aggregate_series for name in ("agg", "aggregate")},
    **{(name, "frame"): _aggregate_frame for name in ("agg", "aggregate")},
    ("describe", "series"): _describe_series,
    ("describe", "frame"): _describe_frame,
    ("value_counts", "series"): _value_counts_series,
    ("value_counts", "frame"): _value_counts_frame,
    ("mode", "series"): _mode_series,
    ("mode", "frame"): _mode_frame,
    ("pivot_table", "frame"): _pivot_table,
}
