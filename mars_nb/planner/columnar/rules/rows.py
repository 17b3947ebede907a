"""Rows sorted, counted off, numbered anew and freed of duplicates."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from mars_nb.planner.columnar.relations import Distinct, Sliced, Sorted
from mars_nb.planner.columnar.translate import Step, rule
from mars_nb.planner.columnar.values import Column, Frame, Labels, NotColumnar, Rows, Value

_SORTING: dict[str, Any] = {"ascending": True, "na_position": "last", "ignore_index": False, "kind": "quicksort"}


@rule("sort_values")
def sort_values(step: Step) -> Value:
    """``df.sort_values("a")``."""
    base = step.rows
    names = [*(["by"] if isinstance(base, Frame) else []), *_SORTING]
    *keys, ascending, last, anew, _ = step.keywords(*names, **_SORTING, inplace=False, key=None, axis=0)
    by = keys[0] if keys else None
    columns = list(base.columns)
    if isinstance(base, Frame):
        columns = [base.column(name) for name in (by if isinstance(by, list) else [by])]
    rising = ascending if isinstance(ascending, list) else [ascending] * len(columns)
    if last not in ("first", "last") or len(rising) != len(columns) or not all(type(up) is bool for up in rising):
        raise NotColumnar("arguments")
    return ordered(step, base, columns, [not up for up in rising], last == "last", anew=bool(anew))


def ordered(
    step: Step, base: Rows, by: list[Column], descending: list[bool], nulls_last: bool = True, anew: bool = False
) -> Rows:
    """Give rows in the order of columns."""
    if any(column.gaps for column in by):
        raise NotColumnar("integers or booleans with gaps after a join")
    base = base if anew else step.translation.labelled(base)
    base, by = step.translation.fixed(base, *by)
    found = replace(base, relation=Sorted(base.relation, tuple(by), tuple(descending), nulls_last))
    return replace(found, labels=Labels()) if anew else found


@rule("head")
def head(step: Step) -> Value:
    """``df.head(n)``."""
    (n,) = step.arguments("n", n=5)
    if type(n) is not int or n < 0:
        raise NotColumnar("arguments")
    base, _ = step.translation.fixed(step.rows)
    return replace(base, relation=Sliced(base.relation, 0, n))


@rule("reset_index")
def reset_index(step: Step) -> Value:
    """``df.reset_index()`` and ``df.reset_index(drop=True)``."""
    drop, _ = step.arguments("drop", "name", drop=False, inplace=False, level=None)
    base = step.rows
    if drop:
        return replace(base, labels=Labels())
    base = step.translation.labelled(base)
    names = step.sample.columns
    columns = (*(level.column for level in base.labels.levels), *base.columns)
    if len(names) != len(columns):
        raise NotColumnar("arguments")
    return Frame(base.relation, names, columns)


@rule("drop_duplicates")
def drop_duplicates(step: Step) -> Value:
    """``df.drop_duplicates(["a"])``."""
    base = step.rows
    names = [*(["subset"] if isinstance(base, Frame) else []), "keep", "ignore_index"]
    *subset, kept, anew = step.keywords(*names, keep="first", ignore_index=False, inplace=False)
    keep: Any = {"first": "first", "last": "last", False: "none"}[kept]
    base = step.translation.settled(base if anew else step.translation.labelled(base))
    if isinstance(base, Frame) and subset != [None]:
        by = [base.column(name) for name in (subset[0] if isinstance(subset[0], list) else subset)]
    else:
        by = list(base.columns)
    if any(column.gaps for column in by):
        raise NotColumnar("integers or booleans with gaps after a join")
    # Like pandas, Polars takes what is missing for equal, and -0.0 and 0.0.
    found = replace(
        base, relation=Distinct(base.relation, tuple(column.expr.meta.output_name() for column in by), keep)
    )
    return replace(found, labels=Labels()) if anew else found
