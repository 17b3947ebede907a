"""Operations item by item that run as one chunk task, in blocks: numpy's answers to the last bit."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import mars_nb
import mars_nb.dataframe as md
import mars_nb.tensor as mt
from mars_nb.planner import plan
from mars_nb.planner.tensors import blocks
from mars_nb.planner.tensors.blocks import Blocks

EXAMPLES = int(os.environ.get("MARS_NB_CHAINS", "120"))


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "BLOCK", 7)


def fused(lazy: Any) -> list[Blocks]:
    """Give the chunk tasks that do several operations."""
    return [task.function for task in plan([lazy._node]).graph.values() if isinstance(task.function, Blocks)]


# Each takes arrays of one shape, and one row or one column of it.
STEPS: dict[str, Callable[..., Any]] = {
    "add": lambda a, b, row, col: a + b,
    "less": lambda a, b, row, col: a - row,
    "of a column": lambda a, b, row, col: a * col,
    "over three": lambda a, b, row, col: a / 3,
    "rest": lambda a, b, row, col: a % 3,
    "floor": lambda a, b, row, col: a // 2,
    "square": lambda a, b, row, col: a**2,
    "real square": lambda a, b, row, col: a**2.0,
    "root": lambda a, b, row, col: abs(a) ** 0.5,
    "inverse": lambda a, b, row, col: (a * 1.0) ** -1,
    "power": lambda a, b, row, col: np.power(a * 1.0, 3),
    "two to the power": lambda a, b, row, col: 2.0**a,
    "sine": lambda a, b, row, col: np.sin(a),
    "arc": lambda a, b, row, col: np.arctan2(a, b),
    "negative": lambda a, b, row, col: -(a * 1),
    "whole": lambda a, b, row, col: a.astype("int16"),
    "short": lambda a, b, row, col: a.astype("float32"),
    "chosen": lambda a, b, row, col: np.where(a > b, a, b),
    "chosen again": lambda a, b, row, col: np.where(a > 0, a + 1, a + 1),
    "chosen, the second new": lambda a, b, row, col: np.where(b > 0, b, a + 1),
    "chosen or number": lambda a, b, row, col: np.where(a != row, a, 0),
    "clipped": lambda a, b, row, col: a.clip(-2, 3),
    "clipped below": lambda a, b, row, col: np.clip(a, 0, None),
    "rounded": lambda a, b, row, col: np.round(a, 1),
    "numbers": lambda a, b, row, col: np.nan_to_num(a),
    "compared": lambda a, b, row, col: (a <= b) & (a > col),
    "none": lambda a, b, row, col: ~(a > 1),
    "added to": lambda a, b, row, col: iadd(a, b),
    "largest of lines": lambda a, b, row, col: a - a.max(axis=-1, keepdims=True),
    "a small one": lambda a, b, row, col: a + np.uint8(200),
    "a number of numpy's": lambda a, b, row, col: a + np.float64(0.1),
}
ENDS: dict[str, Callable[[Any], Any]] = {
    "as it is": lambda a: a,
    "largest": lambda a: a.max(),
    "smallest of columns": lambda a: a.min(axis=0),
    "some": lambda a: (a > 1).any(axis=-1),
    "every": lambda a: (a < 5).all(),
    "number": lambda a: (a > 0).sum(),
    "number of lines": lambda a: (a > 0).sum(axis=0, keepdims=True),
}
SUMS: dict[str, Callable[[Any], Any]] = {
    "sum": lambda a: a.sum(),
    "sum of columns": lambda a: a.sum(axis=0),
    "sum of lines": lambda a: a.sum(axis=-1),
    "mean": lambda a: np.mean(a, axis=0),
    "deviation": lambda a: a.std(axis=0, ddof=0),
    "variance of lines": lambda a: np.var(a, axis=-1, keepdims=True),
    "norm": lambda a: np.linalg.norm(a * 1.0, axis=-1),
    "product": lambda a: (a / 4).prod(),
}


def iadd(a: Any, b: Any) -> Any:
    """Add in place, to a copy."""
    a = a * 1.0
    a += b
    return a


SHAPES = hnp.array_shapes(min_dims=1, max_dims=3, min_side=0, max_side=7)
DTYPES = st.sampled_from("float64 float32 int64 int8 uint8 bool complex128".split())


@st.composite
def programs(draw: Any, ends: dict[str, Any], large: float) -> Any:
    """Give two arrays of a shape, chunks for them, whether they are views, steps and an end."""
    shape = draw(SHAPES)
    a, b = (draw(hnp.arrays("int8", shape, elements=st.integers(-3, 3))).astype(draw(DTYPES)) for _ in range(2))
    if a.dtype.kind == "f":
        a = a + draw(hnp.arrays(a.dtype, shape, elements=st.sampled_from([0, -0.5, np.nan, np.inf, large])))
    chunk = draw(st.integers(1, 5))
    names = sorted(set(STEPS) - ({"numbers"} if ends is SUMS else set()))  # whose large ones are not near to anything
    steps = draw(st.lists(st.sampled_from(names), min_size=1, max_size=5))
    return a, b, chunk, draw(st.booleans()), steps, draw(st.sampled_from(sorted(ends)))


def answers(a: Any, b: Any, chunk: int, is_turned: bool, steps: list[str], end: Callable[[Any], Any]) -> Any:
    """Give numpy's answer and ours; what is raised stands for an answer."""

    def run(a: Any, b: Any) -> Any:
        if is_turned:
            a, b = a.T, b.T
        row, col = b[:1], b[..., :1]
        for step in steps:
            a = STEPS[step](a, b, row, col)
        return end(a)

    found = []
    for values in ((a, b), (mt.tensor(a, chunk_size=chunk), mt.tensor(b, chunk_size=chunk))):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                answer = run(*values)
                found.append(answer.execute().fetch() if hasattr(answer, "execute") else answer)
            except Exception as error:
                found.append(error)
    return found


SETTINGS: dict[str, Any] = {
    "max_examples": EXAMPLES,
    "derandomize": "MARS_NB_CHAINS" not in os.environ,
    "suppress_health_check": list(HealthCheck),
}


@settings(**SETTINGS)
@given(programs(ENDS, 1e30))
def test_chains_are_numpys_to_the_last_bit(program: Any) -> None:
    *rest, end = program
    expected, found = answers(*rest, ENDS[end])
    if isinstance(expected, Exception) or isinstance(found, Exception):
        assert isinstance(found, TypeError | ValueError | OverflowError), found
        assert isinstance(expected, TypeError | ValueError | OverflowError), expected
        return
    assert (found.dtype, found.shape) == (expected.dtype, expected.shape)
    np.testing.assert_array_equal(found, expected)


@settings(**SETTINGS)
@given(programs(SUMS, 7.0))
def test_sums_of_chains_are_near_to_numpys(program: Any) -> None:
    *rest, end = program
    expected, found = answers(*rest, SUMS[end])
    if isinstance(expected, Exception) or isinstance(found, Exception):
        assert isinstance(found, TypeError | ValueError | OverflowError), found
        assert isinstance(expected, TypeError | ValueError | OverflowError), expected
        return
    assert (found.dtype, found.shape) == (expected.dtype, expected.shape)
    tolerance = {2: 0.05, 4: 1e-4}.get(found.dtype.itemsize, 1e-10)
    with np.errstate(all="ignore"):
        np.testing.assert_allclose(found, expected, tolerance, tolerance * 10)


def test_a_chain_is_one_task_a_chunk() -> None:
    x = mt.tensor(np.arange(40.0), chunk_size=20)
    lazy = (mt.sin(x) ** 2 + mt.cos(x) ** 2 - x * 2 + x / 3).sum()
    assert [len(work.parts) for work in fused(lazy)] == [10, 10]
    softmax = mt.exp(x.reshape(10, 4) - x.reshape(10, 4).max(axis=1, keepdims=True))
    assert np.allclose(softmax.execute().fetch().max(axis=1), 1)


def test_what_is_wanted_itself_is_no_part_of_another() -> None:
    x = mt.tensor(np.arange(40.0), chunk_size=20)
    half = x / 2
    lazy = half * half + 1
    both = plan([half._node, lazy._node])
    works = [task.function for task in both.graph.values() if isinstance(task.function, Blocks)]
    assert [len(work.parts) for work in works] == [2, 2]
    assert len(fused(lazy)[0].parts) == 3
    np.testing.assert_array_equal(mt.stack([half, lazy]).execute().fetch()[0], np.arange(40) / 2)


def test_random_numbers_are_drawn_in_the_blocks() -> None:
    points = mt.random.uniform(-1, 1, size=(600_000, 2))
    lazy = (mt.linalg.norm(points, axis=1) < 1).sum() * 4 / 600_000
    assert {type(part.work).__name__ for part in fused(lazy)[0].parts} == {"Drawn", "Fold", "Step"}
    blocks_, values = lazy.execute().fetch(), points.execute().fetch()
    assert blocks_ == (np.linalg.norm(values, axis=1) < 1).sum() * 4 / 600_000
    assert abs(blocks_ - np.pi) < 0.02


def test_an_error_names_the_operation_that_failed() -> None:
    x = mt.tensor(np.arange(40), chunk_size=20)
    bad = x ** (x - 10)  # which is negative for some
    lazy = bad * 2 + 1
    assert len(fused(lazy)[0].parts) == 4
    with pytest.raises(ValueError, match="negative integer powers") as caught:
        lazy.execute()
    failure = mars_nb.last_error
    assert failure is not None
    assert failure.operation == "pow"
    assert "bad = x **" in failure.story
    assert any("`pow`" in note for note in caught.value.__notes__)


def test_warnings_are_numpys_and_come_once_for_each_operation() -> None:
    array = np.arange(-10.0, 30)
    x = mt.tensor(array, chunk_size=20)
    with warnings.catch_warnings(record=True) as expected:
        warnings.simplefilter("always")
        np.sqrt(1 / (array - array) + array)
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        mt.sqrt(1 / (x - x) + x).execute()
    texts = [[str(one.message) for one in each] for each in (expected, found)]
    assert sorted(texts[1]) == sorted(texts[0] * 2), "in each of two chunks"
    with np.errstate(all="ignore"):
        mt.sqrt(1 / (x - x) + x).execute()
    with np.errstate(all="raise"), pytest.raises(FloatingPointError, match="divide by zero"):
        mt.sqrt(1 / (x - x) + x).execute()


def test_arrays_of_other_classes_are_taken_as_they_are() -> None:
    array = np.ma.masked_greater(np.arange(40.0), 30)
    found = (mt.tensor(np.arange(40.0), chunk_size=20) * 2 + 1).map_chunk(np.ma.asarray).execute().fetch()
    np.testing.assert_array_equal(found, array.data * 2 + 1)


@pytest.mark.parametrize("way", ["sum", "mean", "min", "max"])
def test_reductions_of_frames_made_of_arrays(way: str) -> None:
    array = np.random.default_rng(0).normal(size=(90, 4))
    array[:70:3, 1] = np.nan
    array[:, 2] = np.nan
    array[5, 3], array[6, 0] = np.inf, -np.inf
    lazy = md.DataFrame(mt.tensor(array, chunk_size=(20, 4)) * 2, columns=list("abcd"))
    frame = pd.DataFrame(array * 2, columns=list("abcd"))
    assert len(fused(getattr(lazy, way)())) == 5
    for kwargs in ({}, {"axis": 0}, {"skipna": False}, {"numeric_only": True}, {"axis": 1}):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = getattr(lazy, way)(**kwargs).execute().fetch()
        pd.testing.assert_series_equal(found, getattr(frame, way)(**kwargs))
    cut = md.DataFrame(
        mt.tensor(np.nan_to_num(array, posinf=1, neginf=1), chunk_size=(20, 3))
    )  # in two along the columns
    assert getattr(cut, way)().execute().fetch().shape == (4,)
