"""Rows sorted across chunks are in pandas's order, equal ones as they were; and groups too many for one task."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from planner_tools import check, layout_of

import mars_nb
import mars_nb.dataframe as md
from mars_nb.planner.groups import grouped
from mars_nb.planner.layout import Rows

ROWS = 41


@pytest.fixture(autouse=True, params=[1, None], ids=["many new chunks", "one"])
def chunk_bytes(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cut data of this size into many new chunks, too."""
    if request.param is not None:
        monkeypatch.setattr("mars_nb.planner.exchanges.exchange.BUCKET_BYTES", request.param)


def make_frame(rows: int = ROWS) -> pd.DataFrame:
    """Give a frame with ties and missing values in columns of all kinds."""
    rng = np.random.default_rng(11)
    return pd.DataFrame(
        {
            "i": rng.integers(-3, 4, rows),
            "x": np.where(rng.random(rows) < 0.2, np.nan, rng.integers(-9, 9, rows) / 4),
            "s": rng.choice(["ab", "Cd", "e", "", None], rows),
            "b": rng.random(rows) < 0.5,
            "t": pd.Series(pd.Timestamp("2024-02-27") + pd.to_timedelta(rng.integers(0, 9, rows), "h")).mask(
                rng.random(rows) < 0.1
            ),
            "d": pd.to_timedelta(rng.integers(-5, 5, rows), "D"),
            "n": pd.array(np.where(rng.random(rows) < 0.2, None, rng.integers(0, 5, rows)), dtype="Int64"),
            "o": rng.permutation(rows),
        }
    )


ORDERS: list[dict[str, Any]] = [
    *({"by": column} for column in make_frame().columns),
    *({"by": column, "ascending": False} for column in make_frame().columns),
    *({"by": column, "na_position": "first"} for column in "xstn"),
    {"by": ["i", "s"]},
    {"by": ["b", "x", "t"], "ascending": [False, True, False]},
    {"by": ["s", "i"], "ascending": False, "na_position": "first"},
    {"by": ["n", "d"], "ascending": [True, False]},
    {"by": "i", "ignore_index": True},
    {"by": "s", "key": lambda s: s.str.lower()},
    {"by": ["s", "i"], "key": lambda c: c.str.len() if c.name == "s" else -c},
    {"by": []},
]


@pytest.mark.parametrize("chunk_size", [1, 7, 40])
@pytest.mark.parametrize("order", ORDERS, ids=lambda order: str(order).partition(" at 0x")[0])
def test_sort_values(order: dict[str, Any], chunk_size: int) -> None:
    frame = make_frame()
    lazy = md.from_pandas(frame, chunk_size).sort_values(**order, kind="stable")
    assert isinstance(layout_of(lazy), Rows)
    expected = frame.sort_values(**order, kind="stable")
    check(lazy.execute().fetch(), expected)
    check(lazy.head(5).fetch(), expected.head(5))
    check(lazy.iloc[3:30].fetch(), expected.iloc[3:30])


@pytest.mark.parametrize("column", list("ixsbtdno"))
@pytest.mark.parametrize(
    "options", [{}, {"ascending": False}, {"na_position": "first"}, {"ignore_index": True}], ids=str
)
def test_sort_values_of_a_series(column: str, options: dict[str, Any]) -> None:
    series = make_frame()[column]
    check(
        md.from_pandas(series, 6).sort_values(**options, kind="stable").execute().fetch(),
        series.sort_values(**options, kind="stable"),
    )


@pytest.mark.parametrize("column", list("ixsbtdo"))
@pytest.mark.parametrize(
    "options", [{}, {"ascending": False}, {"na_position": "first"}, {"ignore_index": True}], ids=str
)
def test_sort_index(column: str, options: dict[str, Any]) -> None:
    frame = make_frame().set_index(column)
    check(
        md.from_pandas(frame, 6).sort_index(**options, kind="stable").execute().fetch(),
        frame.sort_index(**options, kind="stable"),
    )


def test_sort_index_of_several_levels() -> None:
    frame = make_frame().set_index(["i", "s"])
    check(md.from_pandas(frame, 6).sort_index(kind="stable").execute().fetch(), frame.sort_index(kind="stable"))


def test_without_a_kind_equal_rows_stay_as_they_were() -> None:
    frame = make_frame()
    check(md.from_pandas(frame, 6).sort_values("b").execute().fetch(), frame.sort_values("b", kind="stable"))


def test_frames_without_rows() -> None:
    frame = make_frame()
    lazy = md.from_pandas(frame, 6)
    for empty, expected in [(lazy[lazy.i > 99], frame[frame.i > 99]), (lazy[lazy.o == 40], frame[frame.o == 40])]:
        check(empty.sort_values(["i", "s"], kind="stable").execute().fetch(), expected.sort_values(["i", "s"]))
        check(empty.sort_index().execute().fetch(), expected.sort_index())


def test_chunks_of_which_some_are_empty() -> None:
    frame = make_frame().sort_values("i", ignore_index=True)
    lazy = md.from_pandas(frame, 6)
    check(
        lazy[lazy.i > 0].sort_values("x", kind="stable").execute().fetch(),
        frame[frame.i > 0].sort_values("x", kind="stable"),
    )


@settings(max_examples=60)
@given(
    keys=st.lists(st.tuples(st.integers(0, 3), st.sampled_from(["a", "b", None]) | st.text(max_size=2)), max_size=30),
    chunk_size=st.integers(1, 12),
    ascending=st.tuples(st.booleans(), st.booleans()),
    na_position=st.sampled_from(["first", "last"]),
)
def test_any_rows_are_in_the_order_of_pandas(
    keys: list[Any], chunk_size: int, ascending: tuple[bool, bool], na_position: str
) -> None:
    frame = pd.DataFrame(keys, columns=["i", "s"]).astype({"i": "int64", "s": "str"})
    frame["row"] = range(len(frame))
    order: dict[str, Any] = {"by": ["i", "s"], "ascending": list(ascending), "na_position": na_position}
    with mars_nb.new_session():
        found = md.from_pandas(frame, chunk_size).sort_values(**order, kind="stable").execute().fetch()
    check(found, frame.sort_values(**order, kind="stable"))


@pytest.mark.parametrize("few", [2, 64])
@pytest.mark.parametrize(
    "aggregate",
    [
        lambda d: d.groupby("i").x.sum(),
        lambda d: d.groupby("i").x.mean(),
        lambda d: d.groupby("i").size(),
        lambda d: d.groupby(["i", "b"]).agg({"x": ["sum", "std"], "o": "max"}),
        lambda d: d.groupby(["i", "s"], dropna=False).o.sum(),
        lambda d: d.groupby("s").o.first(),
        lambda d: d.groupby("s", dropna=False).o.count(),
        lambda d: d.groupby("t").agg(total=("x", "sum"), last=("o", "last")),
        lambda d: d.groupby("i", as_index=False).o.sum(),
        lambda d: d.groupby(["i", "b"], as_index=False).agg(m=("x", "mean")),
        lambda d: d.groupby("s", sort=False).o.min(),
        lambda d: d.groupby(d.o % 5).x.var(),
        lambda d: d.groupby("x").o.sum(),
        lambda d: d[d.i > 99].groupby("i").x.sum(),
    ],
)
def test_groups_in_many_chunks(aggregate: Any, few: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grouped, "FEW_PARTS", few)
    frame = make_frame()
    lazy = aggregate(md.from_pandas(frame, 6))
    found, expected = lazy.execute().fetch(), aggregate(frame)
    kind = pd.testing.assert_frame_equal if isinstance(expected, pd.DataFrame) else pd.testing.assert_series_equal
    kind(found, expected, check_exact=False, rtol=1e-11)
