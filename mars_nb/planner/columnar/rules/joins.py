"""Joins and rows put under each other."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from mars_nb.planner.columnar.dtypes import is_plain
from mars_nb.planner.columnar.relations import Joined
from mars_nb.planner.columnar.translate import Step, rule
from mars_nb.planner.columnar.values import Column, Frame, NotColumnar, Value

_DEFAULTS: dict[str, Any] = {
    "how": "inner",
    "on": None,
    "left_on": None,
    "right_on": None,
    "left_index": False,
    "right_index": False,
    "sort": False,
    "suffixes": ("_x", "_y"),
    "copy": None,
    "indicator": False,
    "validate": None,
}
_HOW = {"inner": "inner", "left": "left", "right": "right", "outer": "full"}


@rule("merge")
def merge(step: Step) -> Value:
    """``left.merge(right, on="key")``."""
    call = step.calls[-1]
    if call is None or len(call.args) > 2:
        raise NotColumnar("arguments")
    return _merged(step, step.base, {**dict(zip(("right", "how"), call.args, strict=False)), **call.kwargs})


@rule("pandas.merge")
def merge_function(step: Step) -> Value:
    """``md.merge(left, right, on="key")``."""
    args = dict(zip(("left", "right", "how", "on"), step.node.args, strict=False))
    given = {**args, **step.node.kwargs}
    return _merged(step, step.value(given.pop("left")), given)


def _merged(step: Step, left: Any, given: dict[str, Any]) -> Frame:
    right = step.value(given.pop("right", None))
    options = {**_DEFAULTS, **given}
    if set(options) != set(_DEFAULTS) or not (isinstance(left, Frame) and isinstance(right, Frame)):
        raise NotColumnar("arguments")
    if (
        options["left_index"]
        or options["right_index"]
        or options["sort"]
        or options["indicator"]
        or options["validate"]
    ):
        raise NotColumnar("a join by labels, or with an indicator")
    how = _HOW.get(options["how"])
    on = _names(options["on"])
    left_on, right_on = (on, on) if on else (_names(options["left_on"]), _names(options["right_on"]))
    if how is None or how == "full" or len(left_on) != len(right_on):
        raise NotColumnar("arguments")
    if not left_on:
        left_on = right_on = [name for name in left.names if name in right.names]
    left, right = (step.translation.settled(step.translation.fixed(side)[0]) for side in (left, right))
    keys = [(left.column(a), right.column(b)) for a, b in zip(left_on, right_on, strict=True)]
    for a, b in keys:
        if a.dtype != b.dtype or a.gaps or b.gaps:
            raise NotColumnar("keys of different dtypes")
    relation = Joined(
        left.relation,
        right.relation,
        tuple((_name(a), _name(b)) for a, b in keys),
        how,  # type: ignore[arg-type]
        "right_left" if how == "right" else "left_right",
    )
    shared = {b for a, b in zip(left_on, right_on, strict=True) if a == b}
    columns = []
    for name, column in zip(left.names, left.columns, strict=True):
        if how == "right" and name in shared and name in left_on:
            columns.append(right.column(name))
        else:
            columns.append(_outer(column, how == "right"))
    for name, column in zip(right.names, right.columns, strict=True):
        if name not in shared:
            columns.append(_outer(column, how == "left"))
    if len(columns) != len(step.sample.columns):
        raise NotColumnar("other columns than the sample's")
    return Frame(relation, step.sample.columns, tuple(columns))


def _names(value: Any) -> list[Hashable]:
    return [] if value is None else list(value) if isinstance(value, list) else [value]


def _name(column: Column) -> str:
    return column.expr.meta.output_name()


def _outer(column: Column, open_: bool) -> Column:
    """Give a column of a side whose rows may be missing."""
    if not open_ or not is_plain(column.dtype, "biu"):
        return column
    return Column(column.expr, column.dtype, True, column.nan)
