"""Mistakes raise numpy's own type of exception on the user's line; what depends on the data must not."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import mars_nb.tensor as mt

LINES = [line for line in (Path(__file__).parent / "mistakes.txt").read_text().splitlines() if not line.startswith("#")]
ARRAY = np.arange(20.0).reshape(5, 4)


def evaluate(line: str, a: Any, b: Any, module: Any) -> Any:
    """Evaluate a line."""
    scope = {"a": a, "b": b, "np": module, "N": np}
    try:
        return eval(line, scope)
    except SyntaxError:  # an assignment
        return exec(line, scope)


@pytest.mark.parametrize("line", LINES)
def test_mistakes_are_told_when_recorded(line: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(Exception) as expected:  # noqa: PT011  # whatever numpy raises
            evaluate(line, ARRAY.copy(), np.ones((2, 2)), np)
        with pytest.raises(expected.type):
            evaluate(line, mt.tensor(ARRAY, chunk_size=(3, 2)), mt.ones((2, 2)), mt)


@pytest.mark.parametrize(
    "line",
    [
        *(
            "a.reshape(7, -1)",
            "a[500]",
            "a[:, [1, 900]]",
            "a.sum(axis=3)",
            "np.mean(a, axis=5)",
            "np.swapaxes(a, 0, 4)",
        ),
        *("np.where(a > 0, a, b)", "np.linalg.inv(a)", "np.linalg.solve(a, a)", "np.tile(a, 'x')", "a + 'x'"),
        *("np.take(a, [1000], axis=0)", "np.roll(a, 1, axis=9)", "np.squeeze(a, 0)", "a[a[:5] > 0]", "np.pad(a, 'x')"),
        *("np.median(a, axis=7)", "np.broadcast_to(a, (3, 3))", "np.bincount(a)", "np.diag(np.stack([a, a]))"),
    ],
)
def test_mistakes_with_large_arrays_are_told_in_numpys_words(line: str) -> None:
    """Dask, which tells their shapes, has words of its own."""
    with pytest.raises(Exception) as expected:  # noqa: PT011  # whatever numpy raises
        evaluate(line, np.ones((300, 200)), np.ones((2, 2)), np)
    with pytest.raises(expected.type) as found:
        evaluate(line, mt.ones((300, 200)), mt.ones((2, 2)), mt)
    assert str(found.value) == str(expected.value)


@pytest.mark.filterwarnings("ignore::mars_nb.errors.WholeWarning")
def test_unknown_lengths_are_no_mistake() -> None:
    array = np.arange(10.0)
    for chunk_size in (None, 3):
        t = mt.tensor(array, chunk_size=chunk_size)
        np.testing.assert_array_equal((t[t > 2] + np.arange(7)).execute().fetch(), array[array > 2] + np.arange(7))
        t[t > 2] = t[t > 2] * 2
        np.testing.assert_array_equal(t.execute().fetch(), np.where(array > 2, array * 2, array))


def test_shapes_that_depend_on_data_are_not_claimed() -> None:
    t = mt.tensor(np.array([0.0, 0.0, 1.0, 2.0]))
    for lazy in (np.unique(t), t[t > 0], np.flatnonzero(t), np.trim_zeros(t), np.repeat(t, t.astype(int))):
        assert np.isnan(lazy.shape[0])
        assert len(lazy) == len(lazy.execute().fetch())


@pytest.mark.parametrize("rows", [6, 5000])
def test_several_results_are_several_where_lengths_are_not_known(rows: int) -> None:
    table = np.arange(rows * 2.0).reshape(rows, 2) % 7 + 1
    lazy = mt.tensor(table)
    some = lazy[lazy[:, 0] > 0]
    for matrix, target, column in [
        (some, some[:, 0], 0),
        (some, lazy[:, 0], 0),
        (some, table[:, 0], 0),
        (lazy, some[:, 1], 1),
    ]:
        found = np.linalg.lstsq(matrix, target, rcond=None)
        assert len(found) == 4
        expected = np.linalg.lstsq(table, table[:, column], rcond=None)[0]
        np.testing.assert_allclose(found[0].execute().fetch(), expected, atol=1e-9)
    assert len(np.linalg.svd(some)) == 3
    assert len(np.linalg.eig(some.T @ some)) == 2
