"""Slices of stored results: the right part, read from no more chunks than hold it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mars_nb.dataframe as md
import mars_nb.tensor as mt
from mars_nb.planner import slices
from mars_nb.planner.layout import Grid, Layout, Rows, join_grid, spans

bounds = st.none() | st.integers(-15, 15)
steps = st.none() | st.sampled_from([1, 2, 3, -1, -2])
keys = st.builds(slice, bounds, bounds, steps) | st.integers(-12, 12)


class Stored:
    """A stored result that takes note of which chunks are read."""

    def __init__(self, key: str, layout: Layout, chunks: Sequence[Any]) -> None:
        self.key, self.layout, self.chunks, self.read_keys = key, layout, chunks, set[Any]()

    def held(self, key: str) -> Layout | None:
        return self.layout if key == self.key else None

    def read(self, wanted: Sequence[Any], into: Sequence[Any]) -> list[Any]:
        assert not into or [part.shape for part in into] == [self.chunks[number].shape for number in wanted]
        self.read_keys.update(wanted)
        return [self.chunks[number] for number in wanted]

    def fetch(self, tileable: Any) -> Any:
        window = slices.find(tileable._node, self.held)
        assert window is not None
        return slices.read(window, self.layout, self.read)


def stored_rows(frame: pd.DataFrame, rows: int) -> tuple[Any, Stored]:
    lazy = md.from_pandas(frame, rows)
    lengths = (lazy._node.chunks or ((len(frame),),))[0]
    chunks = [frame.iloc[start:stop] for start, stop in spans(lengths)]
    layout = Rows(tuple(range(len(chunks))), "p", lengths, (frame.shape[1],))
    return lazy, Stored(lazy.key, layout, chunks)


def stored_grid(array: Any, chunk: int) -> tuple[Any, Stored]:
    lazy = mt.tensor(array, chunk_size=chunk)
    nsplits = lazy.nsplits or tuple((n,) for n in array.shape)
    chunks = [array[slice(*r), slice(*c)] for r in spans(nsplits[0]) for c in spans(nsplits[1])]
    return lazy, Stored(lazy.key, Grid(tuple(range(len(chunks))), nsplits), chunks)


@settings(max_examples=200, derandomize=True)
@given(
    rows=st.integers(1, 12), chain=st.lists(st.sampled_from(["head", "tail"]) | keys, min_size=1, max_size=3), n=bounds
)
def test_slices_of_frames(rows: int, chain: list[Any], n: int | None) -> None:
    frame = pd.DataFrame({"a": range(11), "s": list("abcdefghijk")}, index=range(5, 16))
    lazy, store = stored_rows(frame, rows)
    expected: Any = frame
    for key in chain:
        if isinstance(key, int) and not -len(expected) <= key < len(expected):
            break
        if isinstance(key, str):
            number = 5 if n is None else n
            expected, lazy = getattr(expected, key)(number), getattr(lazy, key)(number)
        else:
            expected, lazy = expected.iloc[key], lazy.iloc[key]
        if isinstance(key, int):
            break
    found = store.fetch(lazy)
    if isinstance(expected, pd.Series):
        pd.testing.assert_series_equal(found, expected)
    else:
        pd.testing.assert_frame_equal(found, expected)


@settings(max_examples=200, derandomize=True)
@given(chunk=st.integers(1, 12), chain=st.lists(st.lists(keys | st.just(Ellipsis), max_size=3), min_size=1, max_size=3))
def test_slices_of_tensors(chunk: int, chain: list[list[Any]]) -> None:
    array = np.arange(77).reshape(11, 7)
    lazy, store = stored_grid(array, chunk)
    expected: Any = array
    for key in chain:
        try:
            expected = expected[tuple(key)]
        except IndexError:
            break
        if not isinstance(expected, np.ndarray):
            lazy = lazy[tuple(key)]
            break
        lazy = lazy[tuple(key)]
    np.testing.assert_array_equal(store.fetch(lazy), expected)


def test_only_the_needed_chunks_are_read() -> None:
    frame = pd.DataFrame({"a": range(100)})
    for part, needed in [
        (lambda d: d.head(), {0}),
        (lambda d: d.tail(3), {9}),
        (lambda d: d.iloc[25:35], {2, 3}),
        (lambda d: d.iloc[-1], {9}),
        (lambda d: d.loc[50:55], {5}),
        (lambda d: d["a"].head(1), {0}),
        (lambda d: d.iloc[20:80].iloc[5:7].head(1), {2}),
        (lambda d: d[["a"]].tail(1), {9}),
    ]:
        lazy, store = stored_rows(frame, 10)
        pd.testing.assert_frame_equal(pd.DataFrame(store.fetch(part(lazy))), pd.DataFrame(part(frame)))
        assert store.read_keys == needed
    lazy, store = stored_grid(np.arange(100).reshape(10, 10), 5)
    assert store.fetch(lazy[7, 1]) == 71
    assert store.read_keys == {2}


@pytest.mark.parametrize(
    "other",
    [lambda d: d[d.a > 3], lambda d: d.a + 1, lambda d: d.iloc[[1, 2]], lambda d: d.sort_index(), lambda d: d.loc[[1]]],
)
def test_what_is_no_slice_is_not_found(other: Any) -> None:
    lazy, store = stored_rows(pd.DataFrame({"a": range(10)}), 3)
    assert slices.find(other(lazy)._node, store.held) is None


def test_grid_is_put_together_in_order() -> None:
    array = np.arange(24).reshape(2, 3, 4)
    chunks = [array[i : i + 1, j : j + 1, k : k + 2] for i in range(2) for j in range(3) for k in (0, 2)]
    np.testing.assert_array_equal(join_grid(chunks, (2, 3, 2)), array)


FRAME = pd.DataFrame({"a": range(100), "b": np.arange(100) / 2, "s": [f"w{i}" for i in range(100)]})


@pytest.mark.parametrize("chunk_size", [None, 30])
@pytest.mark.parametrize(
    "cut",
    [
        lambda d: d.head(8),
        lambda d: d.head(0),
        lambda d: d.iloc[5:90],
        lambda d: d.iloc[::7],
        lambda d: d.iloc[5:8, :2],
        lambda d: d.iloc[40:50, 1].head(3),
        lambda d: d.loc[3:5],
        lambda d: d["a"],
        lambda d: d["a"].head(70),
        lambda d: d[["b", "a"]].tail(3),
        lambda d: d.iloc[3],
        lambda d: d.iloc[-1],
    ],
)
def test_slices_of_executed_frames_are_shown(cut: Any, chunk_size: int | None) -> None:
    lazy = md.from_pandas(FRAME, chunk_size).execute()
    assert repr(cut(lazy)) == repr(cut(FRAME))
    assert len(cut(lazy)) == len(cut(FRAME))


@pytest.mark.parametrize("chunk_size", [None, 20])
@pytest.mark.parametrize("key", [slice(0, 3), 7, (slice(None), 4), (slice(2, 50), slice(None, None, -9)), (..., -1)])
def test_slices_of_executed_tensors_are_shown(key: Any, chunk_size: int | None) -> None:
    array = np.arange(5000.0).reshape(50, 100)
    assert repr(mt.tensor(array, chunk_size=chunk_size).execute()[key]) == repr(array[key])


def test_a_repr_computes_nothing() -> None:
    lazy = md.from_pandas(FRAME, 30)
    assert "op=" in repr(lazy.head(3))
    assert "op=" in repr(lazy.execute().head(3).a + 1)
    assert "op=" in repr((mt.ones(8) + 1)[:2])
