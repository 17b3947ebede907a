"""``isin`` of the values of another frame, in the columnar engine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from columnar_tools import answers

import mars_nb.dataframe as md
from mars_nb.graph.node import ordered
from mars_nb.planner.columnar import stages
from mars_nb.planner.columnar.relations import Marked, Need, in_order, needed

A = pd.DataFrame(
    {
        "k": [3, 1, 3, 2, 9, 1],
        "f": [0.5, np.nan, -0.0, 0.5, 7.0, np.nan],
        "t": ["b", None, "a", "b", "é", ""],
        "d": pd.to_datetime(["2020-01-02", None, "2020-01-01", "2020-01-02", "2021-05-05", None]),
    }
)
B = pd.DataFrame(
    {
        "k": [1, 3, 3, 7],
        "f": [np.nan, 0.0, 2.5, 2.5],
        "t": ["b", "a", None, "b"],
        "d": pd.to_datetime(["2020-01-02", None, "2020-01-02", "2019-01-01"]),
    }
)
LINES: dict[str, Callable[..., Any]] = {
    "filter": lambda a, b: a[a.k.isin(b.k)],
    "filter by others": lambda a, b: a[~a.k.isin(b.k)],
    "unique": lambda a, b: a.loc[a.k.isin(b.k.unique()), "t"],
    "array": lambda a, b: a[a.t.isin(b.t.values)],
    "column": lambda a, b: a.k.isin(b.k),
    "assigned": lambda a, b: a.assign(known=a.k.isin(b.k), unknown=~a.t.isin(b.t)),
    "two and more": lambda a, b: a[(a.k > 1) & a.k.isin(b.k) & ~a.t.isin(b.t)],
    "either": lambda a, b: a[a.k.isin(b.k) | a.t.isin(b.t)],
    "one after the other": lambda a, b: a[a.k.isin(b.k)].t.isin(b.t),
    "of the filtered": lambda a, b: a[a.k.isin(b[b.f > 1].k)],
    "of itself": lambda a, b: a[a.k.isin(a[a.f > 0].k)],
    "of groups": lambda a, b: a[a.k.isin(b.groupby("k").f.sum().index)],
    "in groups": lambda a, b: a[a.k.isin(b.k)].groupby("k").f.sum(),
    "count": lambda a, b: a.k.isin(b.k).sum(),
    "small integers": lambda a, b: a[a.k.isin(b.k.astype("int32"))],
}


@pytest.mark.parametrize("name", LINES)
def test_lines(name: str) -> None:
    answers(lambda pd, a, b: LINES[name](a, b), A, B)


@pytest.mark.parametrize("column", ["f", "t", "d"])
def test_what_is_missing_is_equal(column: str) -> None:
    answers(lambda pd, a, b: a[a[column].isin(b[column])], A, B)
    answers(lambda pd, a, b: a[~a[column].isin(b[column])], A, B[:2])
    answers(lambda pd, a, b: a.assign(c=a[column].isin(b[column])), A, B[:0], parquet=False)


def test_other_dtypes_are_left_to_pandas() -> None:
    answers(lambda pd, a, b: a.k.isin(b.f), A, B, refused="dtypes")


def test_a_filter_needs_no_column() -> None:
    a, b = md.DataFrame(A), md.DataFrame(B)
    found = a[(a.f > 0) & ~a.k.isin(b.k)]._node
    stage = stages.find(ordered([found]), [found], lambda node: False, lambda node: 2**30).stages[found]
    answer = stage.answers[found]
    needs = needed({answer.relation: Need(set(answer.names), order=True)})
    marks = [relation for relation in in_order([answer.relation]) if isinstance(relation, Marked)]
    assert marks
    assert not any(mark.name in needs[mark].columns for mark in marks)
