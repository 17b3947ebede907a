"""Frames made of tensors of many chunks are pandas's own, in chunks of rows where the tensors are cut alike."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from planner_tools import check, layout_of

import mars_nb.dataframe as md
import mars_nb.tensor as mt
from mars_nb.errors import WholeWarning
from mars_nb.planner.layout import Rows, Single

VECTOR = np.arange(23) % 7 / 2
OTHER = np.arange(23)[::-1] * 10
TABLE = np.arange(23 * 4).reshape(23, 4)


@pytest.mark.parametrize(
    "make",
    [
        lambda pd, v, o, t: pd.DataFrame({"v": v, "o": o}),
        lambda pd, v, o, t: pd.DataFrame({"v": v, "again": v, "n": 1, "x": 0.5, "s": "word"}),
        lambda pd, v, o, t: pd.DataFrame({"v": v, "o": o}, columns=["o", "v"]),
        lambda pd, v, o, t: pd.DataFrame({"v": v, "o": o}, dtype="float32"),
        lambda pd, v, o, t: pd.DataFrame({"a": v * 2 + 1, "b": np.sqrt(o), "c": v > 1}),
        lambda pd, v, o, t: pd.DataFrame(t),
        lambda pd, v, o, t: pd.DataFrame(t, columns=list("abcd")),
        lambda pd, v, o, t: pd.DataFrame(t[:, 1:3], columns=["x", "y"]),
        lambda pd, v, o, t: pd.DataFrame(v),
        lambda pd, v, o, t: pd.DataFrame(v, columns=["only"]),
        lambda pd, v, o, t: pd.Series(v),
        lambda pd, v, o, t: pd.Series(v, name="v", dtype="float32"),
    ],
)
@pytest.mark.parametrize("cut", [(5, 4), (5, 3), (23, 1), (1, 2)])
def test_tensors_cut_alike_make_chunks_of_rows(make: Callable[..., Any], cut: tuple[int, int]) -> None:
    rows, _ = cut
    lazy = make(
        md, mt.tensor(VECTOR, chunk_size=rows), mt.tensor(OTHER, chunk_size=rows), mt.tensor(TABLE, chunk_size=cut)
    )
    layout = layout_of(lazy)
    assert isinstance(layout, Rows) or len(layout.keys) == 1
    expected = make(pd, VECTOR, OTHER, TABLE)
    check(lazy.execute().fetch(), expected)
    check(lazy.head(3).fetch(), expected.head(3))


@pytest.mark.parametrize(
    "make",
    [
        lambda pd, v, o, t: pd.DataFrame({"v": v, "o": o}),
        lambda pd, v, o, t: pd.DataFrame({"v": v, "f": list(range(23))}),
        lambda pd, v, o, t: pd.DataFrame({"v": v}, index=range(5, 28)),
        lambda pd, v, o, t: pd.Series(v, index=list("abcdefghijklmnopqrstuvw")),
        lambda pd, v, o, t: pd.Series(v, index=o),
        lambda pd, v, o, t: pd.DataFrame({"v": v, "t": t[:, 0]}),
    ],
)
def test_what_is_cut_otherwise_is_made_whole(make: Callable[..., Any]) -> None:
    lazy = make(
        md, mt.tensor(VECTOR, chunk_size=5), mt.tensor(OTHER, chunk_size=7), mt.tensor(TABLE, chunk_size=(6, 2))
    )
    with pytest.warns(WholeWarning):
        assert isinstance(layout_of(lazy), Single)
    with pytest.warns(WholeWarning):
        check(lazy.execute().fetch(), make(pd, VECTOR, OTHER, TABLE))


@pytest.mark.parametrize(
    "make",
    [
        lambda pd, v, t: pd.DataFrame({"v": v[v > 1]}),
        lambda pd, v, t: pd.DataFrame({"v": v[v > 1], "n": 1}),
        lambda pd, v, t: pd.DataFrame(t[v > 1], columns=list("abcd")),
        lambda pd, v, t: pd.Series(v[v > 1]),
        lambda pd, v, t: pd.Series(v[v > 99]),
    ],
)
def test_lengths_may_depend_on_the_data(make: Callable[..., Any]) -> None:
    lazy = make(md, mt.tensor(VECTOR, chunk_size=5), mt.tensor(TABLE, chunk_size=(5, 4)))
    assert isinstance(layout_of(lazy), Rows)
    check(lazy.execute().fetch(), make(pd, VECTOR, TABLE))


def test_chunks_of_several_lengths_that_are_not_known_are_put_together_first() -> None:
    one, other = mt.tensor(VECTOR, chunk_size=5), mt.tensor(VECTOR[::-1].copy(), chunk_size=5)
    lazy = md.DataFrame({"a": one[one > 1], "b": other[other > 1]})
    expected = pd.DataFrame({"a": VECTOR[VECTOR > 1], "b": VECTOR[::-1][VECTOR[::-1] > 1]})
    with pytest.warns(WholeWarning):
        check(lazy.execute().fetch(), expected)


def test_lengths_that_only_look_alike_are_an_error() -> None:
    one, other = mt.tensor(VECTOR, chunk_size=5), mt.tensor(VECTOR, chunk_size=5)
    lazy = md.DataFrame({"a": one[one > 1], "b": other[other > 2]})
    with pytest.raises(ValueError, match="same length"), pytest.warns(WholeWarning):
        lazy.execute()


def test_frames_of_tensors_go_on_in_chunks() -> None:
    lazy = md.DataFrame({"k": mt.tensor(VECTOR, chunk_size=5), "o": mt.tensor(OTHER, chunk_size=5)})
    frame = pd.DataFrame({"k": VECTOR, "o": OTHER})
    assert lazy.shape == frame.shape
    check(lazy.groupby("k").o.sum().execute().fetch(), frame.groupby("k").o.sum())
    check(lazy[lazy.k > 1].reset_index(drop=True).execute().fetch(), frame[frame.k > 1].reset_index(drop=True))
    check((lazy.k + lazy.o).execute().fetch(), frame.k + frame.o)
