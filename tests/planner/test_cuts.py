"""Rows by position, joins, and conversions: in chunks, with pandas's answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from planner_tools import check

import mars_nb
import mars_nb.dataframe as md

ROWS = 23
FRAME = pd.DataFrame(
    {
        "i": np.arange(ROWS) % 5,
        "x": np.where(np.arange(ROWS) % 4, np.arange(ROWS) / 2, np.nan),
        "s": [f"w{i % 3}" for i in range(ROWS)],
        "t": [f"{1 + i % 28:02}/02/2024" if i % 7 else None for i in range(ROWS)],
        "u": range(ROWS),
    }
)
LABELLED = FRAME.set_index("s")
TABLE = pd.DataFrame({"w": [10, 20, 30], "v": ["a", "b", "c"], "k": [True, False, True]}, index=[1, 3, 9])
TWICE = pd.DataFrame({"w": [10, 20, 30]}, index=["w1", "w0", "w1"])


IN_CHUNKS: list[Callable[..., Any]] = [
    lambda pd, d, e, t, w: d.iloc[3:9],
    lambda pd, d, e, t, w: d.iloc[17],
    lambda pd, d, e, t, w: d.iloc[-1],
    lambda pd, d, e, t, w: d.u.iloc[4],
    lambda pd, d, e, t, w: d.iloc[::2],
    lambda pd, d, e, t, w: d.iloc[::-1],
    lambda pd, d, e, t, w: d.iloc[20:2:-3],
    lambda pd, d, e, t, w: d.iloc[9:3],
    lambda pd, d, e, t, w: d.iloc[50:],
    lambda pd, d, e, t, w: d.iloc[:, 1:3],
    lambda pd, d, e, t, w: d[d.u > 4].iloc[:, [0, 2]],
    lambda pd, d, e, t, w: d.iloc[:, 1],
    lambda pd, d, e, t, w: d.iloc[5:12, 0],
    lambda pd, d, e, t, w: d.iloc[5:12, [0, 1]].x.sum(),
    lambda pd, d, e, t, w: d.iloc[5:12].groupby("i").u.sum(),
    lambda pd, d, e, t, w: d.loc[5:12],
    lambda pd, d, e, t, w: d.loc[5:12, "i"],
    lambda pd, d, e, t, w: d.loc[5:12, "i":"s"],
    lambda pd, d, e, t, w: d.loc[:, "i":"s"],
    lambda pd, d, e, t, w: d.loc[20:99],
    lambda pd, d, e, t, w: d.loc[:3],
    lambda pd, d, e, t, w: e.iloc[5:9],
    lambda pd, d, e, t, w: d.set_index("i").join(t),
    lambda pd, d, e, t, w: d.set_index("u").join(t, how="left").reset_index(),
    lambda pd, d, e, t, w: d.join(t.w),
    lambda pd, d, e, t, w: e.join(w),
    lambda pd, d, e, t, w: d.join(d[["i"]].rename(columns={"i": "j"})),
    lambda pd, d, e, t, w: d.merge(t, left_on="i", right_on="w", how="left", indicator=True),
    lambda pd, d, e, t, w: d.merge(w.reset_index(), left_on="s", right_on="index", indicator="from"),
    lambda pd, d, e, t, w: d.drop_duplicates("s", ignore_index=True),
    lambda pd, d, e, t, w: d.drop_duplicates(["i"], keep="last", ignore_index=True),
    lambda pd, d, e, t, w: d.s.nunique(),
    lambda pd, d, e, t, w: pd.to_datetime(d.t, format="%d/%m/%Y"),
    lambda pd, d, e, t, w: pd.to_datetime(d.t, format="%d/%m/%Y").dt.day.max(),
    lambda pd, d, e, t, w: pd.to_datetime(d.s, format="%d/%m/%Y", errors="coerce"),
    lambda pd, d, e, t, w: pd.cut(d.u, [0, 2, 5, 99]),
    lambda pd, d, e, t, w: pd.cut(d.u, bins=[0, 5, 30], labels=["low", "high"], right=False),
    lambda pd, d, e, t, w: pd.cut(d.x, [3, 5, 30], labels=False),
    lambda pd, d, e, t, w: d.groupby(pd.cut(d.u, [0, 2.5, 5]).astype(str)).u.sum(),
]


@pytest.mark.parametrize("operation", IN_CHUNKS)
@pytest.mark.parametrize("chunk_size", [1, 6, 22])
def test_in_chunks(operation: Callable[..., Any], chunk_size: int) -> None:
    expected = operation(pd, FRAME, LABELLED, TABLE, TWICE)
    frames = (md.from_pandas(FRAME, chunk_size), md.from_pandas(LABELLED, chunk_size))
    found = operation(md, *frames, md.from_pandas(TABLE), md.from_pandas(TWICE, 2))
    check(found.execute().fetch(), expected)


@pytest.mark.parametrize(
    "operation",
    [
        lambda pd, d: d[d.u > 3].iloc[2:9],
        lambda pd, d: d[d.u > 3].loc[5:9],
        lambda pd, d: d.u.mask(d.u > 20, 0.5).iloc[:3].iloc[1:],
        lambda pd, d: d.u.mask(d.u > 20, 0.5).iloc[3],
        lambda pd, d: d.set_index("u").loc[3:6],
        lambda pd, d: d.sort_values("x", kind="stable").iloc[2:5],
        lambda pd, d: d.join(d.set_index("u").x.rename("y"), on="i"),
        lambda pd, d: pd.cut(d.x, 3),
        lambda pd, d: pd.cut(d.x, [0, 2, 5]).astype(str),
        lambda pd, d: d.drop_duplicates("s", keep=False, ignore_index=True),
    ],
)
@pytest.mark.filterwarnings("ignore::mars_nb.errors.WholeWarning")
def test_what_depends_on_all_rows_is_whole(operation: Callable[..., Any]) -> None:
    check(operation(md, md.from_pandas(FRAME, 6)).execute().fetch(), operation(pd, FRAME))


def test_a_position_that_is_not_there() -> None:
    lazy = md.from_pandas(FRAME, 6)
    with pytest.raises(IndexError):
        lazy.iloc[99].execute()


def test_a_text_that_is_no_date() -> None:
    lazy = md.from_pandas(FRAME, 6)
    with pytest.raises(ValueError, match="time data"):
        md.to_datetime(lazy.s, format="%d").execute()


bounds = st.none() | st.integers(-30, 30)


@settings(max_examples=80)
@given(
    key=st.builds(slice, bounds, bounds, st.none() | st.sampled_from([1, 2, 3, 7, -1, -2, -5])),
    chunk_size=st.integers(1, ROWS - 1),
)
def test_any_slice_by_position(key: slice, chunk_size: int) -> None:
    with mars_nb.new_session():
        found = md.from_pandas(FRAME, chunk_size).iloc[key].execute().fetch()
    check(found, FRAME.iloc[key])
