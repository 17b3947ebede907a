"""Frames are combined chunk by chunk only where their rows are cut alike; and results have one dtype in all chunks."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest
from planner_tools import layout_of

import mars_nb.dataframe as md
import mars_nb.tensor as mt
from mars_nb.errors import WholeWarning
from mars_nb.planner.dtypes import joined
from mars_nb.planner.layout import Rows, Single

FRAME = pd.DataFrame({"a": range(10), "b": np.arange(10) / 2}, index=[3, 1, 2, 2, 0, 9, 8, 7, 5, 4])


def test_frames_cut_alike_stay_in_chunks() -> None:
    lazy = md.from_pandas(FRAME, 3)
    assert isinstance(layout_of(lazy.a + lazy.b), Rows)
    filtered = lazy[lazy.a > 4]
    assert isinstance(layout_of(filtered.a + filtered.b), Rows)


@pytest.fixture(params=[1, None], ids=["many buckets", "one"])
def exchange(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exchange rows, few as they are."""
    if request.param is not None:
        monkeypatch.setattr("mars_nb.planner.exchanges.exchange.BUCKET_BYTES", request.param)
        monkeypatch.setattr("mars_nb.planner.exchanges.align.FEW_CHUNKS", 1)


@pytest.mark.usefixtures("exchange")
@pytest.mark.parametrize(
    "combine",
    [
        lambda d: d.a + d[d.b > 1].b.drop_duplicates(),
        lambda d: d.a.where(d[d.a > 2].a > 4),
        lambda d: d.assign(z=d.sort_values("b", ascending=False).b),
        lambda d: d.a * d.a.head(3),
        lambda d: d.b[d.sort_values("b").a > 4],
        lambda d: d[["a"]] + d.sort_values("b", ascending=False)[["b", "a"]],
    ],
)
def test_frames_cut_differently_are_aligned_as_pandas_does(combine: Any) -> None:
    frame = FRAME.reset_index(drop=True)
    lazy = combine(md.from_pandas(frame, 3))
    assert isinstance(layout_of(lazy), Rows)
    found, expected = lazy.execute().fetch(), combine(frame)
    assert found.equals(expected)


@pytest.mark.filterwarnings("ignore::mars_nb.errors.WholeWarning")
def test_keys_cut_differently_group_a_whole_frame() -> None:
    frame = FRAME.reset_index(drop=True)
    lazy = md.from_pandas(frame, 3)
    grouped = lazy.groupby(lazy.a.sort_values(ascending=False)).b.sum()
    assert isinstance(layout_of(grouped), Single)
    assert grouped.execute().fetch().equals(frame.groupby(frame.a.sort_values(ascending=False)).b.sum())


@pytest.mark.usefixtures("exchange")
class TestLabelsThatComeMoreThanOnce:
    """`FRAME` has the label 2 twice."""

    def test_equal_labels_are_taken_row_by_row(self) -> None:
        one, other = md.from_pandas(FRAME, 3), md.from_pandas(FRAME, 4)
        assert (one.a + other.b).execute().fetch().equals(FRAME.a + FRAME.b)
        one["z"] = other.b
        assert one.execute().fetch().equals(FRAME.assign(z=FRAME.b))

    def test_each_is_taken_with_each_where_other_labels_differ(self) -> None:
        one, other = md.from_pandas(FRAME, 3), md.from_pandas(FRAME[:9], 4)
        assert (one.a + other.b).execute().fetch().equals(FRAME.a + FRAME[:9].b)

    def test_they_cannot_be_looked_up(self) -> None:
        one, other = md.from_pandas(FRAME, 3), md.from_pandas(FRAME[:9], 4)
        one["z"] = other.b
        with pytest.raises(ValueError, match="duplicate labels"):
            one.execute()

    def test_a_series_as_long_as_the_frame_is_not_taken_for_equal_labels(self) -> None:
        one, other = md.from_pandas(FRAME, 3), md.from_pandas(FRAME[::-1], 3)
        assert (one.a + other.b).execute().fetch().equals(FRAME.a + FRAME[::-1].b)


def test_arrays_are_cut_as_the_frame_is() -> None:
    lazy = md.from_pandas(FRAME, 3)
    lazy = lazy[lazy.a >= 0]
    lazy["z"] = mt.arange(10, chunk_size=4)
    assert isinstance(layout_of(lazy), Rows)
    assert lazy.execute().fetch().equals(FRAME.assign(z=np.arange(10)))
    lazy = md.from_pandas(FRAME, 3)
    lazy = lazy[lazy.a >= 0]
    with pytest.raises(ValueError, match=r"Length of values \(9\) does not match length of index \(10\)"):
        (lazy.a + mt.arange(9, chunk_size=4)).execute()


def test_a_part_has_the_dtype_of_the_whole() -> None:
    lazy = md.from_pandas(FRAME, 3)
    marked = lazy.a.mask(lazy.a > 8, 0.5).execute()
    assert marked.fetch().dtype == marked.head(2).fetch().dtype == float
    texts = lazy.a.map({9: "nine"}).execute()
    assert texts.fetch().dtype == texts.head(2).fetch().dtype == "str"


@pytest.mark.parametrize(
    ("one", "other", "dtype"),
    [
        ([1, 2], [None, None], "float64"),
        (["a"], [None], "str"),
        (["a"], [np.nan], "str"),
        ([True], [None], "object"),
        ([1], [0.5], "float64"),
        ([1], ["a"], "object"),
        ([pd.Timestamp("2024-01-01")], [None], "datetime64[us]"),
        ([1], [], "int64"),
    ],
)
def test_dtypes_of_chunks_are_those_that_pandas_finds_for_all(one: list[Any], other: list[Any], dtype: str) -> None:
    found = joined([pd.Series(one), pd.Series(other, dtype=object if other == [None] else None)])
    assert found.dtype == dtype
    assert found.dtype == pd.Series([*one, *other]).dtype


def test_the_warning_as_an_error_tells_of_nothing_else() -> None:
    lazy = md.from_pandas(FRAME, 3).a.cumsum().rank()
    with warnings.catch_warnings():
        warnings.simplefilter("error", WholeWarning)
        with pytest.raises(WholeWarning) as raised:
            lazy.execute()
    assert raised.value.__context__ is None
