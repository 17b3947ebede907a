"""Frames are combined chunk by chunk only where their rows are cut alike; and results have one dtype in all chunks."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest
from planner_tools import layout_of

import mars_nb.dataframe as md
from mars_nb.errors import WholeWarning
from mars_nb.planner.dtypes import joined
from mars_nb.planner.layout import Rows, Single

FRAME = pd.DataFrame({"a": range(10), "b": np.arange(10) / 2}, index=[3, 1, 2, 2, 0, 9, 8, 7, 5, 4])


def test_frames_cut_alike_stay_in_chunks() -> None:
    lazy = md.from_pandas(FRAME, 3)
    assert isinstance(layout_of(lazy.a + lazy.b), Rows)
    filtered = lazy[lazy.a > 4]
    assert isinstance(layout_of(filtered.a + filtered.b), Rows)


@pytest.mark.filterwarnings("ignore::mars_nb.errors.WholeWarning")
@pytest.mark.parametrize(
    "combine",
    [
        lambda d: d.a + d[d.b > 1].b.drop_duplicates(),
        lambda d: d.a.where(d[d.a > 2].a > 4),
        lambda d: d.assign(z=d.sort_values("b", ascending=False).b),
        lambda d: d.a * d.a.head(3),
        lambda d: d.groupby(d.a.sort_values(ascending=False)).b.sum(),
    ],
)
def test_frames_cut_differently_are_aligned_by_pandas(combine: Any) -> None:
    frame = FRAME.reset_index(drop=True)
    lazy = combine(md.from_pandas(frame, 3))
    assert isinstance(layout_of(lazy), Single)
    found, expected = lazy.execute().fetch(), combine(frame)
    assert found.equals(expected)


def test_different_cuts_of_equal_frames_are_not_combined_chunk_by_chunk() -> None:
    one, other = md.from_pandas(FRAME.reset_index(), 3), md.from_pandas(FRAME.reset_index(), 4)
    with pytest.warns(WholeWarning):
        assert isinstance(layout_of(one.a + other.b), Single)


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
