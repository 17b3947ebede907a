"""Joins of frames by columns, or by the labels of rows.

Rows come in pandas's order: that of the left side, then of the right one; for a right join the other way round; for an
outer one, or with ``sort=True``, that of the keys. Missing keys are equal to one another.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import pandas as pd
import polars as pl

from mars_nb.graph.node import Arguments
from mars_nb.planner.columnar.dtypes import is_plain, polars_type
from mars_nb.planner.columnar.relations import Joined, Relation, Sorted
from mars_nb.planner.columnar.translate import Step, Translation, rule
from mars_nb.planner.columnar.values import Column, Frame, Labels, Level, NotColumnar, Series, Value

_MERGE: dict[str, Any] = {
    "how": "inner",
    "on": None,
    "left_on": None,
    "right_on": None,
    "left_index": False,
    "right_index": False,
    "sort": False,
    "suffixes": None,
    "copy": None,
    "indicator": False,
    "validate": None,
}
_JOIN: dict[str, Any] = {"on": None, "how": "left", "lsuffix": "", "rsuffix": "", "sort": False, "validate": None}
_Kind = Literal["inner", "left", "right", "full", "cross"]
_KINDS: dict[str, _Kind] = {"inner": "inner", "left": "left", "right": "right", "outer": "full", "cross": "cross"}


@rule("merge")
def merge(step: Step) -> Value:
    """``left.merge(right, on="key")``."""
    return _merged(step, step.base, _given(step.calls[-1], "right", *_MERGE))


@rule("pandas.merge")
def merge_function(step: Step) -> Value:
    """``md.merge(left, right, on="key")``."""
    given = _given(Arguments(step.node.args, step.node.kwargs), "left", "right", *_MERGE)
    return _merged(step, step.value(given.pop("left", None)), given)


@rule("join")
def join(step: Step) -> Value:
    """``left.join(right)`` by labels, and ``left.join(right, on="key")``."""
    given = _given(step.calls[-1], "other", *_JOIN)
    options = {**_JOIN, **given}
    by_labels = options["on"] is None and options["how"] != "cross"
    return _merged(
        step,
        step.base,
        {
            "right": options.pop("other", None),
            "how": options["how"],
            "left_on": options["on"],
            "left_index": by_labels,
            "right_index": by_labels or options["on"] is not None,
            "sort": options["sort"],
            "validate": options["validate"],
        },
    )


def _given(call: Arguments | None, *names: str) -> dict[str, Any]:
    if call is None or len(call.args) > len(names):
        raise NotColumnar("arguments")
    given = {**dict(zip(names, call.args, strict=False)), **call.kwargs}
    if set(given) - set(names):
        raise NotColumnar("arguments")
    return given


# --- what is joined by what -------------------------------------------------------------------------------------


@dataclass
class _Key:
    """A pair of columns that must be equal.

    Attributes
    ----------
    left, right
        The columns.
    name
        Of both in the answer, None if each side keeps its own.
    on_left, on_right
        Whether it is a column of the frame and no level of its index.
    """

    left: Column
    right: Column
    name: Hashable = None
    on_left: bool = True
    on_right: bool = True


def _merged(step: Step, left: Any, given: dict[str, Any]) -> Frame:
    right = step.value(given.pop("right", None))
    options = {**_MERGE, **given}
    kind = _KINDS.get(options["how"]) if isinstance(options["how"], str) else None
    if kind is None or options["validate"] not in (None, "m:m", "many_to_many"):
        raise NotColumnar("a join that is checked, or of an unknown kind")
    if options["indicator"] is not False:
        raise NotColumnar("a join with an indicator")
    by_labels = bool(options["left_index"]), bool(options["right_index"])
    left, right = (_settled(step.translation, _framed(side), any(by_labels)) for side in (left, right))
    if kind == "cross":
        joined = Joined(left.relation, right.relation, (), "cross")
        return _shaped(step, [*_named(left), *_named(right)], joined, Labels())
    keys = _keys(left, right, options, by_labels)
    for key in keys:
        _check(key, kind)
    if all(by_labels) and len(keys) > 1:
        raise NotColumnar("a join by several levels on both sides")
    if any(by_labels) and not all(by_labels) and kind not in ("inner", "left" if by_labels[1] else "right"):
        raise NotColumnar("labels of rows that have none on the other side")
    relation: Relation = Joined(
        left.relation,
        right.relation,
        tuple((_name(key.left), _name(key.right)) for key in keys),
        kind,
        "right_left" if kind == "right" else "left_right",
        not any(_may_lack(key) for key in keys),
    )
    if options["sort"] or kind == "full":
        relation = _by_keys(relation, [_of_both(key, kind) for key in keys])
    columns = _columns(left, right, keys, kind)
    labels = Labels()
    if all(by_labels):
        labels = Labels((Level(step.sample.index.name, _of_both(keys[0], kind)),))
    elif any(by_labels):
        labels = _told_of_rows(step, left if by_labels[1] else right)
    levels = [key for key in keys if not (key.on_left or key.on_right or any(by_labels))]
    if levels:
        labels = Labels(tuple(Level(key.name, _of_both(key, kind)) for key in levels))
    return _shaped(step, columns, relation, labels)


def _framed(side: Any) -> Frame:
    if isinstance(side, Series) and side.name is not None:
        return Frame(side.relation, pd.Index([side.name]), (side.column,), side.labels)
    if not isinstance(side, Frame):
        raise NotColumnar("arguments")
    return side


def _settled(translation: Translation, side: Frame, labels: bool) -> Frame:
    side, _ = translation.fixed(translation.labelled(side) if labels else side)
    return translation.settled(side)


def _told_of_rows(step: Step, side: Frame) -> Labels:
    """Give labels that know whether there are any: if not, pandas takes those of the other side."""
    empty = step.attached(step.translation.reduced(side.relation, Column(pl.len() == 0, np.dtype(bool))))
    levels = (replace(level, column=replace(level.column, gapped=empty.attached)) for level in side.labels.levels)
    return replace(side.labels, levels=tuple(levels))


def _keys(left: Frame, right: Frame, options: dict[str, Any], by_labels: tuple[bool, bool]) -> list[_Key]:
    on, left_on, right_on = (_names(options[name]) for name in ("on", "left_on", "right_on"))
    if all(by_labels):
        left_on = right_on = []
    elif on or not (left_on or right_on or any(by_labels)):
        left_on = right_on = on or [name for name in left.names if name in right.names]
    names = [left_on, right_on]
    pairs = []
    for side, by_label, own in ((left, by_labels[0], left_on), (right, by_labels[1], right_on)):
        if by_label:
            pairs.append([(level.column, False) for level in side.labels.levels])
        else:
            pairs.append([_key(side, name) for name in own])
    if len(pairs[0]) != len(pairs[1]) or not pairs[0]:
        raise NotColumnar("arguments")
    keys = []
    for i, ((a, on_left), (b, on_right)) in enumerate(zip(*pairs, strict=True)):
        name = names[0][i] if not any(by_labels) and names[0][i] == names[1][i] else None
        if not any(by_labels) and name is None and not all(isinstance(each[i], str) for each in names):
            raise NotColumnar("keys of two names that are no text")
        keys.append(_Key(a, b, name, on_left, on_right))
    return keys


def _key(side: Frame, name: Any) -> tuple[Column, bool]:
    """Give a key by its name: a column, or a level of the index."""
    if isinstance(name, Hashable) and name not in side.names:
        levels = [level.column for level in side.labels.levels if level.name == name]
        if len(levels) == 1 and name is not None:
            return levels[0], False
    return side.column(name), True


def _check(key: _Key, kind: _Kind) -> None:
    """Refuse keys that pandas compares in another way."""
    left, right = key.left.dtype, key.right.dtype
    if key.left.gaps or key.right.gaps:
        raise NotColumnar("integers or booleans with gaps after a join")
    if left == right and polars_type(left) is not None:
        return
    both_int = is_plain(left, "i") and is_plain(right, "i")
    if not both_int or (key.name is not None and kind not in ("inner", "left")):
        raise NotColumnar("keys of different dtypes")


def _may_lack(key: _Key) -> bool:
    return not (is_plain(key.left.dtype, "biu") and is_plain(key.right.dtype, "biu"))


def _by_keys(relation: Relation, keys: Sequence[Column]) -> Relation:
    """Sort rows by their keys: NaT comes first, as the least number, other missing values last."""
    last = tuple(not (is_plain(key.dtype, "mM") or isinstance(key.dtype, pd.DatetimeTZDtype)) for key in keys)
    return Sorted(relation, tuple(keys), (False,) * len(keys), last)


# --- what comes of it -------------------------------------------------------------------------------------------


def _columns(left: Frame, right: Frame, keys: list[_Key], kind: _Kind) -> list[tuple[Hashable, Column]]:
    """Give the columns of the answer: those of both sides, and keys of one name once."""
    shared = {key.name: key for key in keys if key.name is not None}
    columns = [
        (name, _of_both(shared[name], kind) if name in shared else _outer(column, kind in ("right", "full")))
        for name, column in _named(left)
    ]
    columns += [
        (name, _outer(column, kind in ("left", "full"))) for name, column in _named(right) if name not in shared
    ]
    for i, key in enumerate(keys):
        if key.name is not None and not key.on_left and key.on_right:
            columns.insert(i, (key.name, _of_both(key, kind)))
    return columns


def _named(frame: Frame) -> list[tuple[Hashable, Column]]:
    return list(zip(frame.names, frame.columns, strict=True))


def _shaped(step: Step, columns: Sequence[tuple[Hashable, Column]], relation: Relation, labels: Labels) -> Frame:
    if len(columns) != len(step.sample.columns):
        raise NotColumnar("other columns than the sample's")
    return Frame(relation, step.sample.columns, tuple(column for _, column in columns), labels)


def _of_both(key: _Key, kind: _Kind) -> Column:
    """Give a key of the answer, of the side that has it."""
    if kind in ("inner", "left"):
        return key.left
    if kind == "right" and not is_plain(key.left.dtype, "f"):
        return key.right
    # -0.0 is equal to 0.0, and the left one is what pandas gives
    return replace(key.left, expr=pl.coalesce(key.left.expr, key.right.expr))


def _names(value: Any) -> list[Any]:
    return [] if value is None else list(value) if isinstance(value, list) else [value]


def _name(column: Column) -> str:
    return column.expr.meta.output_name()


def _outer(column: Column, open_: bool) -> Column:
    """Give a column of a side whose rows may be missing."""
    if not open_ or not is_plain(column.dtype, "biu") or column.foreign:
        return column
    if column.gaps:
        raise NotColumnar("integers or booleans with gaps after a join")
    return replace(column, gaps=True)
