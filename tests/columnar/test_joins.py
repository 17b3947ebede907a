"""Joins in the columnar engine: each as pandas has it, in values, order, dtypes and labels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from columnar_tools import answers

LEFT = pd.DataFrame(
    {
        "k": [3, 1, 3, 2, 9, 1],
        "f": [0.5, np.nan, -0.0, 0.5, 0.0, np.nan],
        "t": ["b", None, "a", "b", "é", ""],
        "d": pd.to_datetime(["2020-01-02", None, "2020-01-01", "2020-01-02", "2021-05-05", None]),
        "b": [True, False, True, True, False, False],
        "x": [10, 11, 12, 13, 14, 15],
    }
)
RIGHT = pd.DataFrame(
    {
        "k": [1, 3, 3, 7, 1],
        "f": [np.nan, 0.5, 0.0, 2.5, np.nan],
        "t": ["a", "b", None, "z", "b"],
        "d": pd.to_datetime(["2020-01-02", None, "2020-01-02", "2019-01-01", "2020-01-01"]),
        "b": [True, True, True, True, True],
        "y": [1, 2, 3, 4, 5],
        "o": [True, False, True, False, True],
    }
)
KINDS = ("inner", "left", "right", "outer")


@pytest.mark.parametrize("how", KINDS)
@pytest.mark.parametrize("on", ["k", "f", "t", "d", "b", ["k", "t"], ["f", "b"], None])
def test_merge_on(how: str, on: Any) -> None:
    answers(lambda pd, a, b: pd.merge(a, b, how=how, on=on), LEFT, RIGHT)


@pytest.mark.parametrize("how", KINDS)
def test_keys_of_different_names_are_both_kept(how: str) -> None:
    answers(lambda pd, a, b: a.merge(b, how, left_on="k", right_on="y"), LEFT, RIGHT)
    answers(
        lambda pd, a, b: a.merge(b, how, left_on=["k", "t"], right_on=["q", "t"], suffixes=("", "_r")),
        LEFT,
        RIGHT.rename(columns={"k": "q"}),
    )


@pytest.mark.parametrize("how", KINDS)
def test_sides_without_rows(how: str) -> None:
    for a, b in ((LEFT[:0], RIGHT), (LEFT, RIGHT[:0]), (LEFT[:0], RIGHT[:0])):
        answers(lambda pd, a, b: a.merge(b, on="k", how=how), a, b, parquet=False)


@pytest.mark.parametrize("how", KINDS)
@pytest.mark.parametrize("on", ["f", "t", "d", ["b", "k"]])
def test_sorted_by_the_keys(how: str, on: Any) -> None:
    answers(lambda pd, a, b: a.merge(b, on=on, how=how, sort=True), LEFT, RIGHT)


def filtered(frame: Any, name: str, less: int) -> Any:
    return frame[frame[name] < less]


LINES: dict[str, Callable[..., Any]] = {
    "cross": lambda pd, a, b: a[["k", "t"]].merge(b[["t", "y"]], how="cross"),
    "a frame with itself": lambda pd, a, b: a.merge(a, on="k"),
    "a frame with a part of itself": lambda pd, a, b: a.merge(a[a.x > 12], on=["k", "t"], how="left"),
    "small and large integers": lambda pd, a, b: a.astype({"k": "int32"}).merge(b, on="k", how="left"),
    "with groups": lambda pd, a, b: a.merge(b.groupby("k").y.sum().reset_index(), on="k"),
    "with labels of groups": lambda pd, a, b: a.merge(b.groupby("k").agg(total=("y", "sum")), on="k", how="left"),
    "with labels of groups by two": lambda pd, a, b: a.merge(b.groupby(["k", "b"])[["y"]].sum(), on=["k", "b"]),
    "groups with a frame": lambda pd, a, b: b.groupby("k")[["y"]].sum().merge(a, on="k", how="inner"),
    "groups with groups": lambda pd, a, b: a.groupby("k")[["x"]].sum().merge(b.groupby("k")[["y"]].sum(), on="k"),
    "with a series": lambda pd, a, b: a.merge(b.groupby("k").y.sum(), on="k"),
    "by the right labels": lambda pd, a, b: a.merge(b.set_index("k"), left_on="k", right_index=True),
    "by the right labels, left": lambda pd, a, b: a.merge(
        b.set_index("k"), left_on="k", right_index=True, how="left", suffixes=("_l", "_r")
    ),
    "by the left labels": lambda pd, a, b: a.set_index("k").merge(b, left_index=True, right_on="k", how="right"),
    "by both labels": lambda pd, a, b: a.set_index("k").merge(b.set_index("k"), left_index=True, right_index=True),
    "by both labels, outer": lambda pd, a, b: (
        a.groupby("k")[["x"]].sum().merge(b.groupby("k")[["y"]].sum(), left_index=True, right_index=True, how="outer")
    ),
    "join": lambda pd, a, b: a.groupby("k")[["x"]].sum().join(b.groupby("k")[["y"]].sum()),
    "join by number": lambda pd, a, b: a[["x"]].join(b[["y"]]),
    "join, right": lambda pd, a, b: a.set_index("t")[["x"]].join(b.set_index("t")[["y"]], how="right"),
    "join, inner": lambda pd, a, b: a.set_index("t")[["x"]].join(b.set_index("t").y, how="inner"),
    "join on": lambda pd, a, b: a.join(b.set_index("k"), on="k", rsuffix="_r"),
    "join on two": lambda pd, a, b: a.join(b.groupby(["k", "t"]).y.sum(), on=["k", "t"]),
    "three": lambda pd, a, b: a.merge(b, on="k").merge(a, on="x", suffixes=("", "_2")),
    "gaps, and those rows left out": lambda pd, a, b: filtered(a.merge(b[["k", "y"]], on="k", how="left"), "k", 4),
    "gaps, and no row left": lambda pd, a, b: filtered(a.merge(b[["k", "y", "o"]], on="k", how="left"), "x", 0),
    "gaps twice": lambda pd, a, b: filtered(
        filtered(a.merge(b[["k", "y", "o"]], on="k", how="left"), "x", 14).merge(
            b[["y", "b"]], how="left", left_on="x", right_on="y", suffixes=("", "_2")
        ),
        "x",
        12,
    ),
    "no gaps, left": lambda pd, a, b: filtered(
        a.merge(a[["k", "b"]].drop_duplicates("k"), on="k", how="left"), "x", 12
    ),
    "with different keys": lambda pd, a, b: a.merge(b[["k", "y"]].drop_duplicates("k"), on="k").groupby("t").x.sum(),
    "with different keys, in order": lambda pd, a, b: a.merge(b[["k"]].drop_duplicates(), on="k").x,
    "with different keys of two": lambda pd, a, b: a.merge(b[["t", "k"]].drop_duplicates(), on=["k", "t"]).x.max(),
    "counts of gaps": lambda pd, a, b: a.merge(b, on="k", how="left").groupby("x").y.count(),
}


@pytest.mark.parametrize("name", LINES)
def test_lines(name: str) -> None:
    answers(LINES[name], LEFT, RIGHT)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (lambda pd, a, b: a.merge(b, on="k", indicator=True), "indicator"),
        (lambda pd, a, b: a.merge(b, on="k", validate="m:1"), "checked"),
        (lambda pd, a, b: a.merge(b.astype({"k": "float64"}), on="k"), "dtypes"),
        (lambda pd, a, b: a.merge(b[["k", "y"]], how="left").merge(a[["x"]], how="right"), "gaps"),
        (lambda pd, a, b: a.merge(b, left_index=True, right_on="y", how="left"), "labels"),
    ],
)
def test_refused(line: Any, why: str) -> None:
    b = RIGHT if why != "checked" else RIGHT.drop_duplicates("k")
    answers(line, LEFT, b, refused=why)


def test_odd_names() -> None:
    a = LEFT[["k", "t", "x"]].set_axis([0, ("a", "b"), None], axis=1)
    b = RIGHT[["k", "y", "t"]].set_axis([0, 1, ("a", "b")], axis=1)
    answers(lambda pd, a, b: a.merge(b, on=0, how="left"), a, b)
    answers(lambda pd, a, b: a.merge(b, on=0, how="outer"), a, b)


def test_labels_of_a_side_without_rows() -> None:
    """Of no rows on the left, pandas gives the labels of the right side: that is found out when it runs."""
    answers(
        lambda pd, a, b: a[a.k > 99].merge(b.set_index(["y", "k"]), left_on=["k", "x"], right_index=True),
        LEFT,
        RIGHT,
        fallback=True,
    )
