"""Rows sorted, chosen by position, and freed of duplicates.

Sorting is stable, whatever kind is asked for: pandas does not promise another order of equal rows.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl

from mars_nb.planner.columnar.dtypes import is_number, is_plain, may_lack
from mars_nb.planner.columnar.relations import Distinct, Sliced, Sorted
from mars_nb.planner.columnar.translate import Step, rule
from mars_nb.planner.columnar.values import Column, Frame, Labels, NotColumnar, Rows, Value, derived

_SORTING: dict[str, Any] = {"ascending": True, "na_position": "last", "ignore_index": False, "kind": "quicksort"}
_KEPT: dict[Any, Any] = {"first": "first", "last": "last", False: "none"}


# --- sorted -----------------------------------------------------------------------------------------------------


@rule("sort_values")
def sort_values(step: Step) -> Value:
    """``df.sort_values("a")`` and ``series.sort_values()``."""
    base = step.rows
    names = [*(["by"] if isinstance(base, Frame) else []), *_SORTING]
    *keys, ascending, last, anew, _ = step.keywords(*names, **_SORTING, inplace=False, key=None, axis=0)
    columns = [_key(base, name) for name in _listed(keys[0])] if isinstance(base, Frame) else [base.column]
    return ordered(step, base, columns, ascending, last, anew)


@rule("sort_index")
def sort_index(step: Step) -> Value:
    """``df.sort_index()``."""
    ascending, last, anew, _, _ = step.keywords(
        *_SORTING, "sort_remaining", **_SORTING, axis=0, level=None, inplace=False, key=None
    )
    base = step.translation.labelled(step.rows)
    return ordered(step, base, [level.column for level in base.labels.levels], ascending, last, anew)


def ordered(
    step: Step, base: Rows, by: Sequence[Column], ascending: Any = True, na_position: Any = "last", anew: Any = False
) -> Rows:
    """Give rows in the order of columns, with arguments as pandas takes them."""
    rising = list(ascending) if isinstance(ascending, list | tuple) else [ascending] * len(by)
    if na_position not in ("first", "last") or len(rising) != len(by) or not by:
        raise NotColumnar("arguments")
    if not all(isinstance(up, bool | int) for up in rising):
        raise NotColumnar("arguments")
    if any(column.gaps and column.narrow is None for column in by):
        raise NotColumnar("integers or booleans with gaps after a join")
    base = base if anew else step.translation.labelled(base)
    base, by = step.translation.fixed(base, *by)
    found = replace(
        base, relation=Sorted(base.relation, tuple(by), tuple(not up for up in rising), na_position == "last")
    )
    return replace(found, labels=Labels()) if anew else found


def _key(base: Frame, name: Hashable) -> Column:
    """Give a column, or a level of the index, by its name."""
    if name not in base.names:
        levels = [level.column for level in base.labels.levels if level.name == name and name is not None]
        if len(levels) == 1:
            return levels[0]
    return base.column(name)


@rule("nlargest", "nsmallest")
def extreme(step: Step) -> Value:
    """``df.nlargest(3, "a")`` and ``series.nsmallest(3)``."""
    base = step.rows
    n, *columns, keep = step.arguments(
        "n", *(["columns"] if isinstance(base, Frame) else []), "keep", n=5, keep="first"
    )
    if type(n) is not int or keep != "first":
        raise NotColumnar("arguments")
    by = [base.column(name) for name in _listed(columns[0])] if isinstance(base, Frame) else [base.column]
    if not all(is_number(column.dtype) or is_plain(column.dtype, "mM") for column in by):
        raise NotColumnar("the largest of other than numbers")
    if any(may_lack(column.dtype) for column in by[:-1]):
        raise NotColumnar("the largest by several columns that may lack values")
    found = ordered(step, base, by, step.node.op.name == "nsmallest")
    return replace(found, relation=Sliced(found.relation, 0, max(n, 0)))


# --- by position ------------------------------------------------------------------------------------------------


@rule("head", "tail")
def head(step: Step) -> Value:
    """``df.head(n)``, ``df.tail(n)``."""
    (n,) = step.arguments("n", n=5)
    if type(n) is not int:
        raise NotColumnar("arguments")
    if step.node.op.name == "head":
        return sliced(step, step.rows, slice(0, n))
    return sliced(step, step.rows, slice(-n, None) if n else slice(0, 0))


@rule("iloc.__getitem__")
def iloc(step: Step) -> Value:
    """``df.iloc[2:5]``, ``df.iloc[-3:, [0, 2]]``."""
    base = step.rows
    (key,) = step.arguments("key", call=-1)
    rows, columns = key if isinstance(key, tuple) and len(key) == 2 and isinstance(base, Frame) else (key, slice(None))
    if not isinstance(rows, slice):
        raise NotColumnar("rows by position other than a slice")
    found = base if rows == slice(None) else sliced(step, base, rows)
    if not isinstance(found, Frame):
        return found
    places = np.arange(len(found.columns))
    if isinstance(columns, int | slice | list) and all(type(i) is int for i in _listed(columns) if i is not columns):
        chosen = places[columns]
        return found.series(int(chosen)) if isinstance(columns, int) else found.select([int(i) for i in chosen])
    raise NotColumnar("columns by position")


def sliced(step: Step, base: Rows, rows: slice) -> Rows:
    """Give a slice of rows by position."""
    start, stop = rows.start or 0, rows.stop
    if rows.step not in (None, 1) or type(start) is not int or not (stop is None or type(stop) is int):
        raise NotColumnar("rows by position other than a slice of whole numbers")
    if start < 0 and stop is not None and stop >= 0:
        raise NotColumnar("rows from the end to a place from the beginning")
    base = base if start == 0 else step.translation.labelled(base)
    base, _ = step.translation.fixed(base)
    return replace(base, relation=Sliced(base.relation, start, stop))


# --- duplicates -------------------------------------------------------------------------------------------------
# Like pandas, Polars takes what is missing for equal, and -0.0 and 0.0.


@rule("drop_duplicates")
def drop_duplicates(step: Step) -> Value:
    """``df.drop_duplicates(["a"])``."""
    names = [*(["subset"] if isinstance(step.rows, Frame) else []), "keep", "ignore_index"]
    *subset, keep, anew = step.keywords(*names, keep="first", ignore_index=False, inplace=False)
    base, _ = step.translation.fixed(step.rows if anew else step.translation.labelled(step.rows))
    base = step.translation.settled(base)
    by = tuple(column.expr.meta.output_name() for column in _looked_at(base, subset))
    found = replace(base, relation=Distinct(base.relation, by, _kept(keep)))
    return replace(found, labels=Labels()) if anew else found


@rule("duplicated")
def duplicated(step: Step) -> Value:
    """``df.duplicated(["a"])``."""
    base = step.rows
    names = [*(["subset"] if isinstance(base, Frame) else []), "keep"]
    *subset, keep = step.arguments(*names, keep="first")
    columns = _looked_at(base, subset)
    rows = pl.struct(column.valid.alias(str(i)) for i, column in enumerate(columns))
    kept = _kept(keep)
    again = rows.is_duplicated() if kept == "none" else ~getattr(rows, f"is_{kept}_distinct")()
    return step.series(base, replace(derived(again, np.dtype(bool), *columns), running=True))


def _looked_at(base: Rows, subset: Sequence[Any]) -> list[Column]:
    if isinstance(base, Frame):
        names = _listed(subset[0])
        columns = [base.column(name) for name in names] if names else list(base.columns)
    else:
        columns = [base.column]
    if not columns or any(column.foreign or (column.gaps and column.narrow is None) for column in columns):
        raise NotColumnar("dtypes that Polars does not have, or integers or booleans with gaps after a join")
    return columns


def _kept(keep: Any) -> Any:
    if not isinstance(keep, str | bool) or keep not in _KEPT:
        raise NotColumnar("arguments")
    return _KEPT[keep]


def _listed(value: Any) -> list[Any]:
    return [] if value is None else value if isinstance(value, list) else [value]
