"""Running sums and products along an axis that is cut."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

import mars_nb
import mars_nb.tensor as mt
from mars_nb.planner import plan

DTYPES = ["f8", "f4", "i8", "i1", "u1", "?", "c16"]


@pytest.fixture(autouse=True)
def _session() -> Iterator[None]:
    with mars_nb.new_session():
        yield


def check(found: Any, wanted: Any) -> None:
    assert found.dtype == wanted.dtype
    assert found.shape == wanted.shape
    tolerance = {"rtol": 1e-4, "atol": 1e-4} if wanted.dtype == np.float32 else {"rtol": 1e-12, "atol": 1e-12}
    np.testing.assert_allclose(found, wanted, **tolerance)


def is_own(lazy: Any) -> bool:
    return any(isinstance(key[1], tuple) and key[1][0] == "scan" for key in plan([lazy._node]).graph)


@settings(max_examples=80)
@given(st.data())
def test_any_shape_and_axis(data: st.DataObject) -> None:
    shape = data.draw(arrays.array_shapes(min_dims=1, max_dims=3, min_side=2, max_side=7))
    dtype = data.draw(st.sampled_from(DTYPES))
    items = st.integers(0, 1 if dtype == "?" else 3)
    value = data.draw(arrays.arrays(np.int64, shape, elements=items)).astype(dtype)
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    name = data.draw(st.sampled_from(["cumsum", "cumprod"]))
    chunks = tuple(data.draw(st.integers(1, side)) for side in shape)
    lazy = getattr(mt, name)(mt.asarray(value, chunk_size=chunks), axis=axis)
    check(lazy.execute().fetch(), getattr(np, name)(value, axis=axis))


@pytest.mark.parametrize(
    "program",
    [
        lambda xp, x: xp.cumsum(x),
        lambda xp, x: x.cumsum(),
        lambda xp, x: x.cumsum(0),
        lambda xp, x: x.cumprod(axis=-1, dtype="f4"),
        lambda xp, x: xp.cumsum(x, 0, np.int32),
        lambda xp, x: xp.cumsum(x[x > 4]),
    ],
)
def test_ways_to_ask(program: Callable[[Any, Any], Any]) -> None:
    value = np.arange(1, 12) % 5 + 1.0
    lazy = program(mt, mt.asarray(value, chunk_size=4))
    assert is_own(lazy)
    check(lazy.execute().fetch(), program(np, value))


@pytest.mark.parametrize(
    "program",
    [
        lambda xp, x: xp.cumsum(x),  # of all items, in order
        lambda xp, x: xp.nancumsum(x, axis=0),
        lambda xp, x: xp.cumsum(x.astype(object), axis=0),
    ],
)
def test_what_others_do(program: Callable[[Any, Any], Any]) -> None:
    value = np.arange(12.0).reshape(4, 3)
    lazy = program(mt, mt.asarray(value, chunk_size=2))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mars_nb.errors.WholeWarning)
        assert not is_own(lazy)
        np.testing.assert_array_equal(lazy.execute().fetch(), program(np, value))


def test_what_has_no_end_goes_on() -> None:
    value = np.array([1.0, np.inf, 2.0, 3.0, np.nan, 4.0])
    check(mt.cumsum(mt.asarray(value, chunk_size=2)).execute().fetch(), np.cumsum(value))


def test_small_integers_do_not_overflow() -> None:
    value = np.full(300, 100, "i1")
    found = mt.cumsum(mt.asarray(value, chunk_size=64)).execute().fetch()
    check(found, np.cumsum(value))
    assert found[-1] == 30_000


def test_inputs_stay_as_they_are() -> None:
    value = np.arange(10.0)
    lazy = mt.asarray(value, chunk_size=3).execute()
    mt.cumsum(lazy).execute()
    np.testing.assert_array_equal(lazy.fetch(), np.arange(10.0))
    np.testing.assert_array_equal(value, np.arange(10.0))
