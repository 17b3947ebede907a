"""Random frames, cut at random, through random chains of operations: pandas's own answer, whatever the cut."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from cuts import chunked
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import mars_nb.dataframe as md

Step = Callable[[Any], Any]


def other(d: Any) -> Any:
    """Give the library that a frame is of."""
    return pd if isinstance(d, pd.DataFrame) else md


def assigned(change: Callable[[Any], None]) -> Step:
    """Make a step of a statement that changes a frame in place."""

    def step(frame: Any) -> Any:
        frame = frame.copy()
        change(frame)
        return frame

    return step


def _set_rows(d: Any) -> None:
    d.loc[d.i > 0, "x"] = 7.5


def _set_from_other(d: Any) -> None:
    d["x"] = d[d.b].drop_duplicates("i").x


def _set_column(d: Any) -> None:
    d["i"] = d.i.abs()


def _set_where(d: Any) -> None:
    d["s"] = np.where(d.b, "b", "cc")


def _set_cells(d: Any) -> None:
    d.loc[:, "i"] = d.i + 1


def _set_list(d: Any) -> None:
    d["x"] = [0.5] * len(d)


# Frame to frame, with the same columns.
STEPS: dict[str, Step] = {
    "filter": lambda d: d[d.i > 0],
    "filter missing": lambda d: d[d.x.isna()],
    "filter text": lambda d: d[d.s == "b"],
    "filter none": lambda d: d[d.i > 99],
    "query": lambda d: d.query("i < 2 or b"),
    "assign": lambda d: d.assign(i=d.i * 2 - 1),
    "center": lambda d: d.assign(x=d.x - d.x.mean()),
    "set where": lambda d: d.assign(x=d.x.where(d.i > 0, -1.0)),
    "set rows": assigned(_set_rows),
    "set from other": assigned(_set_from_other),
    "set column": assigned(_set_column),
    "set text": assigned(_set_where),
    "set cells": assigned(_set_cells),
    "fill": lambda d: d.assign(x=d.x.fillna(0)),
    "fill from other": lambda d: d.assign(x=d.x.fillna(d.i)),
    "drop missing": lambda d: d.dropna(subset=["x"]),
    "drop duplicates": lambda d: d.drop_duplicates(["i", "b"]),
    "drop all duplicates": lambda d: d.drop_duplicates(["i", "s"], keep=False),
    "drop last duplicates": lambda d: d.drop_duplicates(keep="last"),
    "head": lambda d: d.head(5),
    "tail": lambda d: d.tail(4),
    "all but first": lambda d: d.tail(-2),
    "slice": lambda d: d.iloc[2:9],
    "every other": lambda d: d.iloc[::-2],
    "shift": lambda d: d.assign(x=d.x.shift(2)),
    "running": lambda d: d.assign(i=d.i.cumsum(), x=d.x.cummax()),
    "rolling": lambda d: d.assign(x=d.x.rolling(2, min_periods=1).sum()),
    "fill down": lambda d: d.assign(x=d.x.ffill(), s=d.s.ffill()),
    "renumber": lambda d: d.reset_index(drop=True),
    "labels": lambda d: d.set_index("i", drop=False).rename_axis(None),
    "sort": lambda d: d.sort_values(["i", "x"], kind="stable"),
    "sort down": lambda d: d.sort_values(["s", "b"], ascending=[False, True], na_position="first", kind="stable"),
    "sort labels": lambda d: d.sort_index(kind="stable"),
    "sort by key": lambda d: d.sort_values("s", key=lambda s: s.str.len(), kind="stable"),
    "columns": lambda d: d[["t", "x", "b", "s", "i"]],
    "twice": lambda d: other(d).concat([d, d]),
    "beside": lambda d: other(d).concat([d[["i", "x"]], d[["s", "b", "t"]]], axis=1),
    "map": lambda d: d.assign(i=d.i.map({1: 10, 2: 20}).fillna(0).astype("int64")),
    "apply": lambda d: d.assign(i=d.i.map(lambda v: v + 1)),
    "text": lambda d: d.assign(s=d.s.str.upper().str.lower()),
    "group means": lambda d: d.assign(x=d.groupby("i").x.transform("mean")),
    "group ranks": lambda d: d.assign(x=d.groupby(["b", "s"]).x.rank()),
    "group sums": lambda d: d.assign(i=d.groupby("b").i.cumsum()),
    "group shift": lambda d: d.assign(x=d.groupby("i").x.shift()),
    "group heads": lambda d: d.groupby("s").head(2),
    "group filter": lambda d: d.groupby("i").filter(lambda g: len(g) > 1),
    "join": lambda d: d.merge(d[["i", "b"]].drop_duplicates("i"), on="i", suffixes=("", "_r")).drop(columns="b_r"),
    "join left": lambda d: (
        d.merge(d[["s", "i"]].head(3), on="s", how="left").rename(columns={"i_x": "i"}).drop(columns="i_y")
    ),
    "join right": lambda d: d[["i", "s", "t"]].merge(d[["i", "x", "b"]].head(4), on="i", how="right"),
    "join outer": lambda d: d[["i", "x", "b"]].merge(d[["i", "s", "t"]].head(4), on="i", how="outer"),
    "join labels": lambda d: d[["i", "x"]].join(d[["s", "b", "t"]].drop_duplicates("s")),
    "join sorted": lambda d: d[["i", "x", "b"]].merge(d[["i", "s", "t"]].drop_duplicates("s"), on="i", sort=True),
    "join twice": lambda d: d[["i", "s", "x"]].merge(d[["i", "s", "b", "t"]], on=["i", "s"]),
    "unlike": lambda d: (
        other(d).concat([d, d[["x", "s"]].head(2)])[["i", "x", "s", "b", "t"]].dropna(subset=["i", "b"])
    ),
    "group last rows": lambda d: d.groupby("b").tail(2),
    "group differences": lambda d: d.assign(x=d.groupby("s").x.transform(lambda v: v - v.mean())),
    "set list": assigned(_set_list),
    "groups": lambda d: d.groupby(["i", "s"], as_index=False).agg(x=("x", "sum"), b=("b", "any"), t=("t", "max")),
}
# Frame to anything.
ENDS: dict[str, Step] = {
    "sum": lambda d: d[["i", "x"]].sum(),
    "mean": lambda d: d[["i", "x"]].mean(),
    "std": lambda d: d[["i", "x"]].std(),
    "min": lambda d: d.x.min(),
    "max date": lambda d: d.t.max(),
    "count": lambda d: d.count(),
    "unique": lambda d: d.s.nunique(),
    "values": lambda d: d.i.value_counts(),
    "rows that come often": lambda d: d[["i", "b"]].value_counts(),
    "mode": lambda d: d.s.mode(),
    "median": lambda d: d.x.median(),
    "quantiles": lambda d: d.i.quantile([0.1, 0.5, 0.9]),
    "description": lambda d: d[["i", "x"]].describe(),
    "label of least": lambda d: d[["i"]].idxmin(),
    "duplicates": lambda d: d.duplicated(["i", "s"]),
    "groups": lambda d: d.groupby("i").x.sum(),
    "group means": lambda d: d.groupby("s").agg({"x": ["mean", "var", "count"], "i": "max"}),
    "group sizes": lambda d: d.groupby(["s", "b"], dropna=False).size(),
    "group firsts": lambda d: d.groupby("x").first(),
    "group lasts": lambda d: d.groupby("b", sort=False)[["x", "s", "t"]].last(),
    "group flags": lambda d: d.groupby(d.i % 3).b.any(),
    "group medians": lambda d: d.groupby("s").x.median(),
    "group numbers": lambda d: d.groupby(["b", "i"]).s.nunique(),
    "group functions": lambda d: d.groupby("b").i.agg(lambda v: v.max() - v.min()),
    "group windows": lambda d: d.groupby("b").x.rolling(2, min_periods=1).sum(),
    "named": lambda d: d.groupby("t", as_index=False).agg(n=("i", "count"), m=("x", "mean")),
    "table": lambda d: d.pivot_table(index="i", columns="b", values="x", aggfunc="sum"),
    "text": lambda d: d.s.str.upper(),
    "lengths": lambda d: d.s.str.len(),
    "dates": lambda d: d.t.dt.dayofweek,
    "differences": lambda d: d.x.diff(),
    "rolling": lambda d: d.x.rolling(3, min_periods=1).max(),
    "rows": lambda d: d[["i", "x"]].sum(axis=1),
    "largest": lambda d: d.nlargest(3, "i"),
    "join": lambda d: d.merge(d.drop_duplicates("i")[["i", "x"]], on="i", how="left"),
    "join outer": lambda d: d.merge(d[["i", "x"]].tail(3), on="i", how="outer"),
    "join labels": lambda d: d[["i"]].merge(d[["x"]].head(3), left_index=True, right_index=True),
    "length": lambda d: len(d),
    "row": lambda d: d.iloc[1],
    "cell": lambda d: d.iloc[-1, 0],
    "rows by label": lambda d: d.loc[[2, 1]],
    "some rows": lambda d: d.iloc[[3, 0, -1]],
    "labels": lambda d: d.index,
    "without labels": lambda d: d.drop([1, 2], errors="ignore"),
    "asked labels": lambda d: d.reset_index(drop=True).reindex([1, 40, 0]),
    "long": lambda d: d.melt(id_vars="s", value_vars=["i", "x"]),
    "flags": lambda d: pd.get_dummies(d.s) if isinstance(d, pd.DataFrame) else md.get_dummies(d.s),
    "correlations": lambda d: d[["i", "x", "b"]].corr(),
    "unlike": lambda d: other(d).concat([d[["i", "s"]], d[["i", "b"]]], ignore_index=True),
    "keyed": lambda d: other(d).concat({"p": d, "q": d.head(2)}),
    "spread": lambda d: d.x.rolling(3, min_periods=1).std(),
    "group values": lambda d: d.groupby("b").s.unique(),
    "group applied": lambda d: d.groupby("i")[["x", "b"]].apply(lambda g: g.x.sum() + len(g)),
    "group frames": lambda d: d.groupby("b")[["i", "x"]].apply(lambda g: g.head(1)),
    "group spreads": lambda d: d.groupby("s").i.sem(),
    "multiplied": lambda d: d.i * d.sort_index(kind="stable").x,
    "either": lambda d: d.b | d[d.i > 0].drop_duplicates("i").b,
    "added": lambda d: d.x + d[d.b].drop_duplicates("i").i,
    "added frames": lambda d: d[["i", "x"]] + d.sort_values("i", kind="stable")[["x", "i"]],
    "frame": lambda d: d,
}


@st.composite
def frames(draw: st.DrawFn) -> pd.DataFrame:
    """Give a frame of few different values, so that they come more than once."""
    n = draw(st.integers(0, 12))

    def column(values: st.SearchStrategy[Any]) -> list[Any]:
        return draw(st.lists(values, min_size=n, max_size=n))

    index = draw(st.sampled_from(["default", "unsorted", "text"]))
    frame = pd.DataFrame(
        {
            "i": np.array(column(st.integers(-3, 3)), "int64"),
            "x": np.array(column(st.sampled_from([0.5, -1.25, 3.0, np.nan])), float),
            "s": pd.array(column(st.sampled_from(["a", "b", "cc", None])), dtype="str"),
            "b": np.array(column(st.booleans()), bool),
            "t": np.array(column(st.sampled_from(["2024-01-01", "2024-01-07", "NaT"])), "datetime64[us]"),
        }
    )
    if index == "default":
        return frame
    if index == "text":
        return frame.set_axis(pd.Index(column(st.sampled_from("pqr")), dtype="str"), axis=0)
    return frame.set_axis(pd.Index(column(st.integers(0, 3)), dtype="int64"), axis=0)


@settings(
    max_examples=int(os.environ.get("MARS_NB_EXAMPLES", "150")),
    derandomize="MARS_NB_EXAMPLES" not in os.environ,
    suppress_health_check=list(HealthCheck),
    database=None,
)
@given(
    frame=frames(),
    cuts=st.lists(st.integers(0, 12), min_size=1, max_size=6),
    known=st.booleans(),
    steps=st.lists(st.sampled_from(sorted(STEPS)), max_size=6),
    end=st.sampled_from(sorted(ENDS)),
)
def test_chain(
    frame: pd.DataFrame, cuts: list[int], known: bool, steps: list[str], end: str, check: Any, compute: Any
) -> None:
    """``MARS_NB_EXAMPLES=5000 pytest ...`` tries as many chains, others each time."""

    def run(value: Any) -> Any:
        for step in steps:
            value = STEPS[step](value)
        return ENDS[end](value)

    bounds = [0, *(min(cut, len(frame)) for cut in sorted(cuts)), len(frame)]
    lazy = chunked(frame, bounds)
    if not known:
        lazy = lazy[lazy.i > -9]  # all of them, but their number is not known any more
    with warnings.catch_warnings(), pytest.MonkeyPatch.context() as patched:
        warnings.simplefilter("ignore")
        patched.setattr("mars_nb.planner.exchanges.exchange.BUCKET_BYTES", 1)  # rows are exchanged, few as they are
        patched.setattr("mars_nb.planner.exchanges.joins.FEW_CHUNKS", 1)
        try:
            expected = run(frame.copy())
        except Exception as error:
            expected = error
        try:
            found = compute(run(lazy))
        except Exception as error:
            found = error
    if isinstance(expected, Exception) or isinstance(found, Exception):
        assert type(found) is type(expected)
        return
    check(found, expected)
