"""Group-bys, counts of values, and windows in groups, in the columnar engine."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from columnar_tools import answers

FRAME = pd.DataFrame(
    {
        "k": [2, 1, 2, 3, 1, 2, 3, 2, 1, 9],
        "s": ["b", "a", None, "b", "", "b", "é", "a", None, "b"],
        "f": [0.0, np.nan, -0.0, 1.5, np.nan, 1.5, -2.25, 1e300, 3.0, 0.1],
        "b": [True, False, True, True, False, True, False, False, True, True],
        "i": np.array([100, 100, 100, -128, 5, 3, 0, 1, 2, 7], "i1"),
        "u": np.array([0, 2**64 - 1, 7, 7, 1, 2, 3, 2**63, 0, 5], "u8"),
        "w": [2**62, 2**62, 2**62, -5, 2**62, 0, 1, 2, 3, 4],
        "d": pd.to_datetime(["2020-01-02", None, "1960-02-29", "2020-01-02", None] * 2),
        "z": pd.to_datetime(["2020-10-25T00:30", "2020-10-25T01:30", None, None, "2020-01-01T00:00"] * 2)
        .tz_localize("UTC")
        .tz_convert("Europe/Berlin"),
        "t": pd.to_timedelta([5, None, -1, 5, 0] * 2, unit="ms"),
    }
)
FRAMES = {
    "rows": FRAME,
    "empty": FRAME.iloc[:0],
    "one row": FRAME.iloc[:1],
    "labels": FRAME.set_index(pd.Index([5, 3, 3, 1, 8, 9, 2, 0, -1, 4], name="label")),
    "missing": FRAME.assign(f=np.nan, s=pd.Series([None] * 10, dtype="str"), d=pd.NaT),
}
NUMBERS = ["sum", "mean", "min", "max", "count", "nunique", "std", "var", "sem", "median", "prod", "any", "all"]
ORDERED = ["min", "max", "count", "nunique", "first", "last"]

SHAPES = """
df.groupby("k").f.sum()
df.groupby("k")["f"].mean()
df.groupby("k")[["f", "w"]].max()
df.groupby("k", as_index=False).f.sum()
df.groupby(["k", "b"], as_index=False)[["f", "u"]].min()
df.groupby(["k", "b"]).agg(total=("w", "sum"), last=("s", "last"), n=("f", "count"))
df.groupby("k").agg({"f": "sum", "w": ["min", "max"]})
df.groupby("k")[["f", "w"]].agg(["mean", "nunique"])
df.groupby("k").f.agg(["sum", "std"])
df.groupby("k").f.agg("median")
df.groupby("k").f.agg(low="min", high="max")
df.groupby("k").sum(numeric_only=True)
df.groupby("k")[["f", "d", "s"]].count()
df.groupby("k").size()
df.groupby(["s", "k"]).size()
df.groupby("k", as_index=False).size()
df.groupby("s", sort=False).w.sum()
df.groupby("s", dropna=False).w.sum()
df.groupby(["f", "s"], dropna=False, sort=False).w.sum()
df.groupby("f").w.count()
df.groupby("d").w.count()
df.groupby("z", dropna=False).w.count()
df.groupby("t").w.max()
df.groupby("b").f.sum()
df.groupby("i").f.sum()
df.groupby(df.k).f.sum()
df.groupby([df.k % 2, "b"]).f.sum()
df.groupby((df.f * 2).rename("twice"), dropna=False).k.sum()
df.f.groupby(df.k).sum()
df.s.groupby([df.k, df.b]).max()
df[df.f > 0].groupby("k").f.sum()
df.groupby("k").f.sum(min_count=2)
df.groupby("k").f.std(ddof=0)
df.groupby("k").f.nunique(dropna=False)
df.groupby("k").f.quantile(0.3)
df.groupby("k")[["f", "w"]].quantile()
df.groupby("k").i.mean()
df.groupby("k").w.idxmax()
df.groupby("k")[["w", "u"]].idxmin()
df.groupby("b").agg(place=("w", "idxmin"), middle=("w", "quantile"))
df.groupby("k").f.sum().sort_values()
df.groupby("k").w.sum().reset_index()
df.s.value_counts()
df.s.value_counts(dropna=False)
df.f.value_counts(ascending=True)
df.k.value_counts(sort=False)
df.b.value_counts(normalize=True)
df.d.value_counts()
df.value_counts(["k", "s"])
df.s.unique()
df.f.unique()
df.k.unique()
df.b.unique()
df.d.unique()
df.z.unique()
df[df.k > 1].t.unique()
df[df.k.isin(df[df.b].k.unique())]
df[["b", "k"]].value_counts(dropna=False, normalize=True)
df.value_counts("f")
"""


def program(line: str) -> Any:
    return eval(f"lambda pd, df: {line}", {"np": np})


@pytest.mark.parametrize("rows", FRAMES)
def test_shapes(rows: str) -> None:
    """All lines at once; each of them is answered by the engine."""
    lines = SHAPES.strip().splitlines()
    _check(lambda pd, df: tuple(program(line)(pd, df) for line in lines), rows)


@pytest.mark.parametrize("rows", ["rows", "empty", "missing"])
@pytest.mark.parametrize(("column", "names"), [
    ("f", [*NUMBERS, "first", "last"]),
    ("b", [*NUMBERS, "first", "last"]),
    ("i", [*NUMBERS, "first", "last"]),
    ("u", [*NUMBERS, "first", "last"]),
    ("w", [*NUMBERS, "first", "last"]),
    ("s", ORDERED),
    ("d", ORDERED),
    ("z", ORDERED),
    ("t", [*ORDERED, "sum"]),
])  # fmt: skip
def test_aggregations(rows: str, column: str, names: list[str]) -> None:
    """By a key, by one that may be missing, and as a named aggregation."""

    def each(pd: Any, df: Any) -> Any:
        named = {name: (column, name) for name in names}
        return (
            *(getattr(df.groupby("k")[column], name)() for name in names),
            df.groupby(["s", "k"]).agg(**named),
            df.groupby("b", sort=False, as_index=False).agg(**named),
        )

    _check(each, rows)


def _check(each: Any, rows: str) -> None:
    reasons = answers(each, FRAMES[rows], parquet=rows == "rows")
    reasons.pop("data", None)
    assert not reasons


@pytest.mark.parametrize(("line", "why"), [
    ('df.groupby("s").s.sum()', "sum of str"),
    ('df.groupby("k").d.mean()', "mean of datetime"),
    ('df.groupby("k").f.agg(lambda x: x.max())', "a function of the user's"),
    ('df.groupby("k").f.agg("skew")', "aggregation 'skew'"),
    ('df.groupby("k").w.sum(min_count=2)', "min_count"),
    ('df.groupby(lambda label: label % 2).f.sum()', ""),
    ('df.groupby(level=0).f.sum()', ""),
    ('df.groupby("k").f.transform("median")', "median"),
    ('df.groupby("k", dropna=False).f.cumsum()', "missing keys"),
])  # fmt: skip
def test_refused(line: str, why: str) -> None:
    answers(program(line), FRAME, refused=why)


def test_medians_between_infinities() -> None:
    frame = pd.DataFrame({"k": [1, 1, 2, 2], "f": [np.inf, np.inf, -np.inf, np.inf]})
    answers(program('df.groupby("k").f.median()'), frame, fallback=True)
    answers(program("df.f.quantile(0.4)"), frame, fallback=True)


def test_groups_without_a_largest_value() -> None:
    answers(program('df.groupby("k").f.idxmax()'), FRAME, fallback=True)


def test_many_groups() -> None:
    """More rows than in a batch, in any order of the keys."""
    draw = np.random.default_rng(0)
    frame = pd.DataFrame({"k": draw.integers(0, 1000, 9_000), "f": draw.random(9_000)})
    answers(
        lambda pd, df: (
            df.groupby("k").f.agg(["sum", "median", "first"]),
            df.groupby("k", sort=False).f.last(),
            df.groupby("k").f.cumsum(),
            df.k.value_counts(),
        ),
        frame,
    )
