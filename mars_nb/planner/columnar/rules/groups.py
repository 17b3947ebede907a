"""Group-bys that give one row for each group."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import pandas as pd
import polars as pl

from mars_nb.graph.node import Arguments
from mars_nb.planner.columnar.dtypes import may_lack
from mars_nb.planner.columnar.fullness import is_full
from mars_nb.planner.columnar.relations import Grouped, Relation
from mars_nb.planner.columnar.rules.aggregations import BOOL, PLACES, Aggregation, aggregated, asked, known, numeric
from mars_nb.planner.columnar.translate import Step, Translation, plain, rule
from mars_nb.planner.columnar.values import Column, Frame, Labels, Level, NotColumnar, Series, Value, derived

PLAIN = (
    *("sum", "mean", "min", "max", "count", "nunique", "std", "var", "sem", "median"),
    *("first", "last", "prod", "any", "all", "size"),
)
_METHODS = (*PLAIN, *PLACES, "quantile")
_OPTIONS = {
    "as_index": True,
    "sort": True,
    "dropna": True,
    "observed": True,
    "group_keys": True,
    "level": None,
    "axis": 0,
}


@dataclass
class Groups:
    """What a group-by says.

    Attributes
    ----------
    base
        What is grouped.
    keys
        Columns with their names.
    names
        Labels of the columns that are keys, where they are columns of the frame.
    as_index, sort, dropna
        As in pandas.
    """

    base: Any
    keys: list[Level]
    names: list[Hashable]
    as_index: bool
    sort: bool
    dropna: bool


def groups_of(step: Step) -> Groups:
    """Read what a group-by says.

    Raises
    ------
    NotColumnar
        If its keys are no columns of the same rows.
    """
    call = step.calls[0]
    if call is None or len(call.args) > 1:
        raise NotColumnar("arguments")
    options = {**_OPTIONS, **call.kwargs}
    by = call.args[0] if call.args else options.pop("by", None)
    options.pop("by", None)
    if (
        set(options) != set(_OPTIONS)
        or options["level"] is not None
        or options["axis"] not in (0, "index")
        or by is None
    ):
        raise NotColumnar("arguments")
    base = step.base
    keys, names = [], []
    for key in by if isinstance(by, list) else [by]:
        value = step.value(key)
        if isinstance(value, Series):
            base, value = step.together(base, value)
            keys.append(Level(value.name, value.column))
        elif isinstance(base, Frame):
            keys.append(Level(value, base.column(value)))
            names.append(value)
        else:
            raise NotColumnar("groups by label")
    if not keys or any(level.column.foreign for level in keys):
        raise NotColumnar("keys of other dtypes")
    if any(level.column.gaps for level in keys):
        raise NotColumnar("integers or booleans with gaps after a join")
    as_index, sort, dropna = (bool(options[name]) for name in ("as_index", "sort", "dropna"))
    return Groups(base, keys, names, as_index, sort, dropna)


def _grouped(step: Step, groups: Groups, wanted: list[tuple[Column, Aggregation]]) -> Value:
    """Give one row for each group, with aggregations of columns."""
    base = groups.base
    columns = [column for column, _ in wanted] + [level.column for level in groups.keys]
    if any(how.name in PLACES for _, how in wanted):
        base = step.translation.labelled(base)
    base, fixed = step.translation.fixed(base, *columns)
    values, keys = fixed[: len(wanted)], fixed[len(wanted) :]
    relation = base.relation
    present = all_there(step.translation, relation, keys)
    if groups.dropna and present is not None:
        relation = step.translation.filtered(relation, present)
    by = {step.translation.name(): key for key in keys}
    found = {
        step.translation.name(): aggregated(column, how, base.labels, grouped=True)
        for column, (_, how) in zip(values, wanted, strict=True)
    }
    result = Grouped(
        relation,
        by,
        found,
        "keys" if groups.sort else "met",
        any(how.by_order for _, how in wanted),
    )
    labels = Labels(
        tuple(
            Level(level.name, Column(pl.col(name), key.dtype))
            for level, (name, key) in zip(groups.keys, by.items(), strict=True)
        )
    )
    columns = [
        known(plain(column, name), value, how, grouped=True)
        for (name, column), value, (_, how) in zip(found.items(), values, wanted, strict=True)
    ]
    return _shaped(step, groups, result, labels, columns)


def all_there(translation: Translation, relation: Relation, keys: list[Column]) -> Column | None:
    """Tell in which rows no key is missing; None if that cannot be."""
    lacking = [key for key in keys if may_lack(key.dtype) and not is_full(translation, relation, key)]
    if not lacking:
        return None
    return derived(pl.all_horizontal(key.valid.is_not_null() for key in lacking), BOOL, *lacking)


def _shaped(step: Step, groups: Groups, relation: Any, labels: Labels, columns: list[Column]) -> Value:
    """Give the rows the shape that pandas gives them."""
    sample = step.sample
    if isinstance(sample, pd.Series):
        (column,) = columns
        if not groups.as_index or sample.dtype not in (column.dtype, column.narrow):
            raise NotColumnar("the shape of the answer")
        return Series(relation, sample.name, column, labels)
    if not groups.as_index:
        columns = [*(level.column for level in labels.levels), *columns]
        labels = Labels()
    if not isinstance(sample, pd.DataFrame) or len(sample.columns) != len(columns):
        raise NotColumnar("the shape of the answer")
    if not all(dtype in (column.dtype, column.narrow) for column, dtype in zip(columns, sample.dtypes, strict=True)):
        raise NotColumnar("other dtypes than the sample's")
    return Frame(relation, sample.columns, tuple(columns), labels)


def selected(groups: Groups, call: Arguments | None) -> list[tuple[Hashable, Column]]:
    """Give the columns that are aggregated: those that were chosen, or all but the keys."""
    base = groups.base
    if isinstance(base, Series):
        return [(base.name, base.column)]
    if call is None:
        taken = set(groups.names)
        return [(name, column) for name, column in zip(base.names, base.columns, strict=True) if name not in taken]
    (names,) = call.args
    return [(name, base.column(name)) for name in (names if isinstance(names, list) else [names])]


@rule(*(f"groupby.{name}" for name in _METHODS), *(f"groupby.__getitem__.{name}" for name in _METHODS))
def method(step: Step) -> Value:
    """``df.groupby("a").sum()``, ``df.groupby("a")["b"].sum()``."""
    names = step.node.op.names  # type: ignore[union-attr]
    how, axis, of_numbers = asked(step, names[-1], "numeric_only")
    if axis != 0:
        raise NotColumnar("arguments")
    groups = groups_of(step)
    if how.name == "size":
        if len(names) > 2 and not groups.as_index:
            raise NotColumnar("the shape of the answer")
        return _grouped(step, groups, [(groups.keys[0].column, how)])
    if of_numbers and len(names) == 2 and isinstance(groups.base, Frame):
        keys = set(groups.names)
        chosen = [(name, groups.base.column(name)) for name in numeric(groups.base).names if name not in keys]
    elif of_numbers:
        raise NotColumnar("argument numeric_only=")
    else:
        chosen = selected(groups, step.calls[1] if len(names) > 2 else None)
    return _grouped(step, groups, [(column, how) for _, column in chosen])


@rule("groupby.agg", "groupby.aggregate", "groupby.__getitem__.agg", "groupby.__getitem__.aggregate")
def named_aggregation(step: Step) -> Value:
    """``df.groupby("a").agg(total=("b", "sum"))``, ``.agg({"b": "sum"})`` and ``.agg("sum")``."""
    groups = groups_of(step)
    names = step.node.op.names  # type: ignore[union-attr]
    call = step.calls[-1]
    if call is None or len(call.args) > 1:
        raise NotColumnar("arguments")
    columns = selected(groups, step.calls[1] if len(names) > 2 else None)
    chosen = dict(columns)
    wanted: list[tuple[Column, Aggregation]] = []
    func = call.args[0] if call.args else call.kwargs.get("func")
    if func is None:
        for value in call.kwargs.values():
            one = len(columns) == 1 and isinstance(value, str)
            wanted.append(_pair(groups, chosen, *((columns[0][0], value) if one else _named(value))))
    elif call.kwargs.keys() - {"func"}:
        raise NotColumnar("arguments")
    elif isinstance(func, str):
        wanted = [_pair(groups, chosen, name, func) for name, _ in columns]
    elif isinstance(func, dict):
        for name, hows in func.items():
            wanted += [_pair(groups, chosen, name, how) for how in (hows if isinstance(hows, list) else [hows])]
    elif isinstance(func, list):
        wanted = [_pair(groups, chosen, name, how) for name, _ in columns for how in func]
    else:
        raise NotColumnar("a function of the user's")
    return _grouped(step, groups, wanted)


def _named(value: Any) -> tuple[Hashable, Any]:
    """Give column and function of a named aggregation."""
    if isinstance(value, pd.NamedAgg):
        if getattr(value, "args", None) or getattr(value, "kwargs", None):
            raise NotColumnar("arguments of an aggregation")
        return value.column, value.aggfunc
    if not isinstance(value, tuple) or len(value) != 2:
        raise NotColumnar("arguments")
    return value


def _pair(groups: Groups, chosen: dict[Hashable, Column], name: Hashable, how: Any) -> tuple[Column, Aggregation]:
    column = chosen.get(name)
    if column is None and isinstance(groups.base, Frame):
        column = groups.base.column(name)
    if column is None or not isinstance(how, str) or how not in _METHODS:
        raise NotColumnar("a function of the user's" if callable(how) else f"aggregation {how!r}")
    return column, Aggregation(how)
