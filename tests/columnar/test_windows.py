"""Values that depend on other rows, in the columnar engine."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from columnar_tools import answers
from test_groups import FRAMES, program

SERIES = {
    "f": ["cumsum", "cumprod", "cummax", "cummin", "shift", "diff", "pct_change", "rank"],
    "w": ["cumsum", "cumprod", "cummax", "cummin", "shift", "diff", "pct_change", "rank"],
    "u": ["cumsum", "cumprod", "cummax", "cummin", "shift", "pct_change", "rank"],
    "i": ["cumsum", "cumprod", "cummax", "cummin", "shift", "pct_change", "rank"],
    "d": ["cummax", "cummin", "shift", "diff", "rank"],
    "t": ["cummax", "cummin", "shift", "diff", "rank"],
    "z": ["shift"],
    "s": ["shift", "rank"],
}
BY_VALUES = {"i": {"cumsum", "cumprod"}}  # their dtype depends on the values in groups
NOT_IF_MISSING = {
    "w": {"cumsum", "cumprod"},
    "u": {"cumsum", "cumprod"},
    "d": {"cummax", "cummin", "rank"},
    "t": {"cummax", "cummin", "rank"},
}
TRANSFORMS = [
    "sum",
    "mean",
    "min",
    "max",
    "count",
    "nunique",
    "std",
    "var",
    "prod",
    "any",
    "all",
    "first",
    "last",
    "size",
]
ROWS = ["rows", "labels", "missing"]
LINES = """
df.f.shift(-2)
df.f.shift(0)
df.w.shift(0)
df.f.diff(3)
df.f.diff(-1)
df.f.rank(method="min", ascending=False)
df.f.rank(method="first")
df.s.rank(method="dense", pct=True)
df.d.rank(method="max", pct=True)
df.f.rolling(3).sum()
df.f.rolling(3, min_periods=1).mean()
df[["f", "w"]].rolling(2).max()
df.f.where(df.f < 1e9).rolling(4, min_periods=2).min()
df[["k", "w"]].cumsum()
df[["f", "s"]].shift(1)
df.groupby("k")[["f", "w"]].cumsum()
df.groupby("k").f.shift(-1)
df.groupby(["k", "b"]).f.diff()
df.groupby("k").w.diff()
df.groupby("k").f.rank(method="first", ascending=False)
df.groupby("k").cumcount()
df.groupby("k").cumcount(ascending=False)
df.groupby("s").cumcount()
df.groupby("s").f.cumsum()
df.groupby("s").b.transform("any")
df.groupby("f").k.transform("max")
df.groupby("k").head(2)
df.groupby("k").tail(1)
df.groupby("s").head(1)
df.groupby("k").f.head(1)
df.groupby("k")[["f", "w"]].tail(2)
df.groupby(df.w > 5).f.cumsum()
df.f.cumsum()[df.k > 1]
df.f[df.k > 1].cumsum()
df.f.fillna(0.0).cumsum().shift(1).fillna(0.0).cumsum()
df.f - df.groupby("k").f.transform("mean")
df[df.w >= df.groupby("k").w.transform("max")]
df.assign(c=df.w.cumsum()).groupby("k").c.cumsum()
df.assign(c=df.groupby("b").w.cumsum(), d=df.f.shift(1)).groupby("k")[["c", "d"]].transform("max")
df.assign(c=df.w.cumsum()).groupby("k").c.sum()
df.groupby(df.w.cumsum()).f.count()
df.assign(r=df.f.rank()).sort_values("r", kind="stable")
df.w.cumsum().max()
"""


@pytest.mark.parametrize("rows", ROWS)
@pytest.mark.parametrize("column", SERIES)
def test_methods(rows: str, column: str) -> None:
    """Of all rows, in groups, and in groups of keys that may be missing."""
    names = SERIES[column]
    in_groups = [name for name in names if name not in BY_VALUES.get(column, ())]
    with_missing = [name for name in in_groups if name not in NOT_IF_MISSING.get(column, ())]
    _check(
        lambda pd, df: (
            *(getattr(df[column], name)() for name in names),
            *(getattr(df.groupby("k")[column], name)() for name in in_groups),
            *(getattr(df.groupby(["s", "b"])[column], name)() for name in with_missing),
        ),
        rows,
    )


@pytest.mark.parametrize("rows", [*ROWS, "empty"])
def test_transforms(rows: str) -> None:
    _check(
        lambda pd, df: (
            *(df.groupby("k").f.transform(name) for name in TRANSFORMS),
            *(df.groupby("s").w.transform(name) for name in TRANSFORMS),
            *(df.groupby("k").d.transform(name) for name in ("min", "max", "count", "first", "last")),
            *(df.groupby("s").d.transform(name) for name in ("min", "max", "count", "first", "last")),
            *(df.groupby("k").s.transform(name) for name in ("min", "max", "count", "first", "last")),
        ),
        rows,
    )


@pytest.mark.parametrize("rows", ROWS)
def test_lines(rows: str) -> None:
    lines = LINES.strip().splitlines()
    _check(lambda pd, df: tuple(program(line)(pd, df) for line in lines), rows)


def _check(each: Any, rows: str) -> None:
    reasons = answers(each, FRAMES[rows], parquet=rows == "rows")
    reasons.pop("data", None)
    assert not reasons


@pytest.mark.parametrize(("line", "why"), [
    ("df.b.cummax()", "cummax of bool"),
    ("df.b.shift(1)", "shifted booleans"),
    ("df.i.diff()", "diff of int8"),
    ("df.f.astype('float32').cumsum()", "cumsum of float32"),
    ("df.groupby('k').i.cumsum()", "cumsum of int8"),
    ("df.groupby('s').w.cumsum()", "key may be missing"),
    ("df.groupby('s').d.rank()", "key may be missing"),
    ("df.groupby('k').i.transform('sum')", "sum of int8"),
    ("df.f.shift(1, fill_value=0)", "fill_value"),
    ("df.f.rank(na_option='top')", "na_option"),
    ("df.f.rolling(3, center=True).sum()", "center"),
    ("df.f.rolling(3).std()", "no columnar form"),
])  # fmt: skip
def test_refused(line: str, why: str) -> None:
    answers(program(line), FRAMES["rows"], refused=why)


def test_infinities() -> None:
    frame = pd.DataFrame({"k": [1, 2] * 6, "f": [1.0, np.inf, 2, 3, -np.inf, np.nan, np.inf, 5, 1, 2, np.inf, -np.inf]})
    lines = ["df.f.cumsum()", "df.groupby('k').f.cumsum()", "df.f.rolling(2).sum()", "df.f.diff()", "df.f.rank()"]
    answers(lambda pd, df: tuple(program(line)(pd, df) for line in lines), frame)
