"""``isin`` of the values of another frame: a column that tells whether a value comes there, too.

A filter by nothing else needs no such column: it becomes a semi-join, see `Translation.filtered`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from mars_nb.graph.node import Node
from mars_nb.planner.columnar.dtypes import is_plain, polars_type
from mars_nb.planner.columnar.relations import Marked
from mars_nb.planner.columnar.rules.elementwise import one_of
from mars_nb.planner.columnar.translate import Step, rule, rule_name
from mars_nb.planner.columnar.values import Column, Frame, NotColumnar, Series, Value

#: What gives an array of the values of a series, which are all that counts here.
_ARRAYS = frozenset({"unique", "values", "to_numpy", "array", "drop_duplicates"})


@rule("isin")
def isin(step: Step) -> Value:
    """``series.isin(other)``."""
    (values,) = step.arguments("values")
    if not isinstance(values, Node):
        return one_of(step, values)
    return matched(step, values)


def matched(step: Step, other: Node) -> Series:
    """Tell which values of a series come in another recorded object; what is missing is equal to what is missing."""
    base = step.base
    if not isinstance(base, Series):
        raise NotColumnar("isin of a frame")
    values = _values(step, other)
    key, other_key = base.column, values.column
    if key.gaps or other_key.gaps or key.attached or other_key.attached or key.running:
        raise NotColumnar("values with gaps, or that depend on other rows")
    kind = polars_type(key.dtype)
    if key.dtype != other_key.dtype:
        if not (is_plain(key.dtype, "i") and is_plain(other_key.dtype, "i")):
            raise NotColumnar("values of different dtypes")
        kind = pl.Int64
    values, (other_key,) = step.translation.fixed(values, other_key)
    name = step.translation.name()

    def marked(rows: Any) -> Marked:
        return Marked(rows, name, key.valid.cast(kind), values.relation, other_key.valid.cast(kind))

    relation = step.translation.widened(base.relation, marked)
    return Series(relation, base.name, Column(pl.col(name), np.dtype(bool)), base.labels)


def _values(step: Step, node: Node) -> Series:
    """Give the series that an argument has the values of."""
    if rule_name(node) == "unique" or (rule_name(node) in _ARRAYS and node not in step.translation.values):
        return _values(step, node.args[0])
    if rule_name(node) == "index":
        rows = step.value(node.args[0])
        if isinstance(rows, Frame | Series) and len(rows.labels.levels) == 1:
            return Series(rows.relation, None, rows.labels.levels[0].column)
    found = step.value(node)
    if not isinstance(found, Series):
        raise NotColumnar("values that are no series")
    return found
