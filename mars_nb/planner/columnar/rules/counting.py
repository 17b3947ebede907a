"""How often values occur."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd
import polars as pl

from mars_nb.planner.columnar.relations import Computed, Distinct, Grouped, Sorted
from mars_nb.planner.columnar.rules.aggregations import FLOAT, INT, share
from mars_nb.planner.columnar.rules.groups import all_there
from mars_nb.planner.columnar.translate import Step, plain, rule
from mars_nb.planner.columnar.values import Column, Frame, Items, Labels, Level, NotColumnar, Rows, Series, Value

_USUAL: dict[str, Any] = {"normalize": False, "sort": True, "ascending": False, "dropna": True}


@rule("value_counts")
def value_counts(step: Step) -> Value:
    """``series.value_counts()`` and ``df.value_counts(["a", "b"])``."""
    base = step.rows
    if isinstance(base, Series):
        normalize, sort, ascending, dropna = step.keywords(*_USUAL, **_USUAL, bins=None)
        keys = [Level(base.name, base.column)]
    else:
        subset, normalize, sort, ascending, dropna = step.keywords("subset", *_USUAL, **_USUAL)
        keys = [Level(name, base.column(name)) for name in _names(base, subset)]
    if not all(type(option) is bool for option in (normalize, sort, ascending, dropna)):
        raise NotColumnar("arguments")
    found = _counts(step, base, keys, dropna)
    count = found.column
    if sort:
        found = replace(found, relation=Sorted(found.relation, (count,), (not ascending,)))
    if normalize:
        found = found.with_column(Column(share(count.expr, count.expr.sum()), FLOAT, running=True))
    is_multi = isinstance(step.sample.index, pd.MultiIndex)  # has one level, too, for a list of one name
    if step.sample.dtype != found.column.dtype or is_multi != (len(keys) > 1):
        raise NotColumnar("the shape of the answer")
    return found


@rule("unique")
def unique(step: Step) -> Items:
    """``series.unique()``."""
    base = step.rows
    step.arguments()
    if not isinstance(base, Series) or base.column.gaps or base.column.foreign:
        raise NotColumnar("dtypes that Polars does not have, or integers or booleans with gaps after a join")
    name = step.translation.name()
    column = replace(base.column, expr=base.column.valid, nan=False)
    values = Computed(base.relation, {name: column}, column.running)
    return Items(Distinct(values, (name,)), plain(column, name))


def _names(base: Frame, subset: Any) -> list[Any]:
    if subset is None:
        return list(base.names)
    return subset if isinstance(subset, list) else [subset]


def _counts(step: Step, base: Rows, keys: list[Level], dropna: bool) -> Series:
    """Count what is equal, in the order in which it is met."""
    if not keys or any(level.column.gaps or level.column.foreign for level in keys):
        raise NotColumnar("dtypes that Polars does not have, or integers or booleans with gaps after a join")
    translation = step.translation
    base, columns = translation.fixed(base, *(level.column for level in keys))
    relation = base.relation
    present = all_there(translation, relation, columns) if dropna else None
    if present is not None:
        relation = translation.filtered(relation, present)
    by = {translation.name(): column for column in columns}
    name = translation.name()
    counted = Grouped(relation, by, {name: Column(pl.len().cast(pl.Int64), INT)}, "met")
    levels = (Level(level.name, Column(pl.col(key), level.column.dtype)) for level, key in zip(keys, by, strict=True))
    return Series(counted, step.sample.name, Column(pl.col(name), INT), Labels(tuple(levels)))
