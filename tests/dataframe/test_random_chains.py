"""Random frames, cut at random, through random chains of operations: pandas's own answer, whatever the cut."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import mars_nb.dataframe as md

Step = Callable[[Any], Any]

# Frame to frame, with the same columns.
STEPS: dict[str, Step] = {
    "filter": lambda d: d[d.i > 0],
    "filter missing": lambda d: d[d.x.isna()],
    "filter text": lambda d: d[d.s == "b"],
    "filter none": lambda d: d[d.i > 99],
    "assign": lambda d: d.assign(i=d.i * 2 - 1),
    "center": lambda d: d.assign(x=d.x - d.x.mean()),
    "set where": lambda d: d.assign(x=d.x.where(d.i > 0, -1.0)),
    "fill": lambda d: d.assign(x=d.x.fillna(0)),
    "drop missing": lambda d: d.dropna(subset=["x"]),
    "drop duplicates": lambda d: d.drop_duplicates(["i", "b"]),
    "head": lambda d: d.head(5),
    "tail": lambda d: d.tail(4),
    "slice": lambda d: d.iloc[2:9],
    "shift": lambda d: d.assign(x=d.x.shift(2)),
    "running": lambda d: d.assign(i=d.i.cumsum(), x=d.x.cummax()),
    "fill down": lambda d: d.assign(x=d.x.ffill(), s=d.s.ffill()),
    "renumber": lambda d: d.reset_index(drop=True),
    "sort": lambda d: d.sort_values(["i", "x"], kind="stable"),
    "columns": lambda d: d[["t", "x", "b", "s", "i"]],
    "twice": lambda d: pd.concat([d, d]) if isinstance(d, pd.DataFrame) else md.concat([d, d]),
    "map": lambda d: d.assign(i=d.i.map({1: 10, 2: 20}).fillna(0).astype("int64")),
    "apply": lambda d: d.assign(i=d.i.map(lambda v: v + 1)),
}
# Frame to anything.
ENDS: dict[str, Step] = {
    "sum": lambda d: d[["i", "x", "b"]].sum(),
    "mean": lambda d: d[["i", "x", "b"]].mean(),
    "std": lambda d: d[["i", "x"]].std(),
    "min": lambda d: d.x.min(),
    "max date": lambda d: d.t.max(),
    "count": lambda d: d.count(),
    "unique": lambda d: d.s.nunique(),
    "values": lambda d: d.i.value_counts(),
    "groups": lambda d: d.groupby("i").x.sum(),
    "group means": lambda d: d.groupby("s").agg({"x": ["mean", "var", "count"], "i": "max"}),
    "group sizes": lambda d: d.groupby(["s", "b"], dropna=False).size(),
    "group firsts": lambda d: d.groupby("x").first(),
    "group lasts": lambda d: d.groupby("b", sort=False)[["x", "s", "t"]].last(),
    "group flags": lambda d: d.groupby(d.i % 3).b.any(),
    "named": lambda d: d.groupby("t", as_index=False).agg(n=("i", "count"), m=("x", "mean")),
    "text": lambda d: d.s.str.upper(),
    "lengths": lambda d: d.s.str.len(),
    "dates": lambda d: d.t.dt.dayofweek,
    "differences": lambda d: d.x.diff(),
    "rolling": lambda d: d.x.rolling(3, min_periods=1).max(),
    "rows": lambda d: d[["i", "x"]].sum(axis=1),
    "largest": lambda d: d.nlargest(3, "i"),
    "join": lambda d: d.merge(d.drop_duplicates("i")[["i", "x"]], on="i", how="left"),
    "length": lambda d: len(d),
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
    return frame.set_axis(column(st.integers(0, 3) if index == "unsorted" else st.sampled_from("pqr")), axis=0)


@settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(
    frame=frames(),
    rows=st.integers(1, 6),
    steps=st.lists(st.sampled_from(sorted(STEPS)), max_size=3),
    end=st.sampled_from(sorted(ENDS)),
)
def test_chain(frame: pd.DataFrame, rows: int, steps: list[str], end: str, check: Any, compute: Any) -> None:
    def run(value: Any) -> Any:
        for step in steps:
            value = STEPS[step](value)
        return ENDS[end](value)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            expected = run(frame.copy())
        except Exception as error:
            expected = error
        try:
            found = compute(run(md.from_pandas(frame, rows)))
        except Exception as error:
            found = error
    if isinstance(expected, Exception) or isinstance(found, Exception):
        assert type(found) is type(expected)
        return
    check(found, expected)
