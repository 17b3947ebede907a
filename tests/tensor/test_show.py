"""What is shown of tensors: executed ones as numpy shows them, from their corners; others from what is known."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mars_nb
import mars_nb.tensor as mt
from mars_nb import ExecutableTuple


def arrays() -> dict[str, np.ndarray[Any, Any]]:
    """Give arrays of many kinds, most of them too large to be shown whole."""
    rng = np.random.default_rng(2)
    record = np.zeros(1500, [("number", "i4"), ("name", "U5")])
    record["number"] = range(1500)
    return {
        "floats": rng.random((60, 40)) * 10.0 ** rng.integers(-3, 3, (60, 40)),
        "integers": np.arange(3000),
        "small integers": rng.integers(0, 200, (7, 300)).astype("u1"),
        "complex": rng.random((40, 40)) + 1j,
        "masks": rng.random((50, 50)) > 0.5,
        "texts": np.array([f"text {i}" for i in range(1200)]),
        "dates": np.datetime64("2024-01-01") + np.arange(2000),
        "objects": np.array([None, "a", 3] * 500, dtype=object),
        "records": record,
        "three dimensions": np.arange(12 * 13 * 14).reshape(12, 13, 14),
        "as long as seven corners": np.arange(7 * 200.0).reshape(7, 200),
        "whole": np.arange(12).reshape(3, 4),
        "at the threshold": np.arange(1000),
        "past the threshold": np.arange(1001),
        "nothing": np.zeros((0, 3)),
        "many lines, long shape": np.full((2000, 2, 2, 2, 2), 123456.5),
    }


OPTIONS: list[dict[str, Any]] = [
    {},
    {"precision": 2},
    {"threshold": 10},
    {"edgeitems": 1, "threshold": 5},
    {"linewidth": 40},
    {"linewidth": 200, "threshold": 100, "edgeitems": 5},
    {"suppress": True, "sign": "+"},
    {"legacy": "2.1"},
    {"legacy": "1.25"},
]


@pytest.mark.parametrize("chunk_size", [None, 11])
@pytest.mark.parametrize("kind", arrays())
def test_executed_tensors_are_shown_as_numpy_shows_them(kind: str, chunk_size: int | None) -> None:
    array = arrays()[kind]
    lazy = mt.tensor(array, chunk_size=chunk_size).execute()
    for options in OPTIONS:
        with np.printoptions(**options):
            assert repr(lazy) == repr(array), options


@settings(max_examples=50)
@given(
    shape=st.lists(st.integers(0, 20), min_size=1, max_size=3),
    chunk=st.integers(3, 20),
    threshold=st.integers(0, 1200),
    edge=st.integers(0, 9),
)
def test_any_shape_under_any_limits(shape: list[int], chunk: int, threshold: int, edge: int) -> None:
    array = np.arange(math.prod(shape)).reshape(shape)
    lazy = mt.tensor(array, chunk_size=chunk).execute()
    with np.printoptions(threshold=threshold, edgeitems=edge):
        assert repr(lazy) == repr(array)


@pytest.mark.parametrize("value", [1.5, 7, True, 2 + 1j, "text", np.datetime64("2024-01-01")])
def test_numbers_are_shown_as_numbers(value: Any) -> None:
    assert repr(mt.tensor(np.array(value)).execute()) == str(np.array(value))


def test_only_the_corners_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    lazy = mt.ones((100, 100), chunk_size=10).execute()
    backend = mars_nb.get_session()._backend
    read: list[Any] = []

    original = backend.read

    def count(name: str, keys: Any, into: Any = ()) -> Any:
        read.extend(keys)
        return original(name, keys, into)

    monkeypatch.setattr(backend, "read", count)
    assert "shape=(100, 100)" in repr(lazy)
    assert len(set(read)) == 4


def test_so_many_dimensions_that_the_corners_are_everything() -> None:
    lazy = mt.ones((2,) * 20, chunk_size=2).execute()
    assert repr(lazy) == f"array(..., shape={(2,) * 20}, dtype=float64)"


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: mt.ones((30, 30), chunk_size=10), "shape=(30, 30), dtype=float64, 9 chunks, about 7.03 kiB, lazy, "),
        (lambda: mt.ones((30, 30), chunk_size=10).sum(), "shape=(), dtype=float64, 1 chunk, 8 B, lazy, from 9 chunks "),
        (lambda: mt.ones(3) + 1, "shape=(3,), dtype=float64, 1 chunk, 24 B, lazy, key="),
        (lambda: mt.unique(mt.arange(30, chunk_size=10)), "shape=(nan,), dtype=int64, 1 chunk, lazy, from 3 "),
    ],
)
def test_unexecuted_tensors_tell_what_they_are_and_what_they_take(make: Any, words: str) -> None:
    lazy = make()
    assert f"{lazy._node.label}, {words}" in repr(lazy)
    html = lazy._repr_html_()
    assert "<caption" in html
    assert f">{lazy.dtype}</td>" in html
    assert not mars_nb.get_session().tasks


def test_several_are_drawn_below_each_other() -> None:
    several = ExecutableTuple([mt.ones(2).execute(), *(mt.zeros(2) for _ in range(12))])
    html = several._repr_html_()
    assert html.startswith("<pre>array([1., 1.])</pre><table>")
    assert html.endswith("<p>and 3 more</p>")
    assert ExecutableTuple([])._repr_html_() == ""
