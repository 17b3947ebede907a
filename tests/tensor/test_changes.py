"""Changes in place: the user's object is what numpy's would be, and what was recorded from it before stays."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from answers import check, compute

import mars_nb.tensor as mt
from mars_nb.graph.tileable import Tileable

LINES = [line for line in (Path(__file__).parent / "changes.txt").read_text().splitlines() if not line.startswith("#")]


def arrays() -> dict[str, Any]:
    """Give arrays, among them a mask."""
    x = np.random.default_rng(5).integers(-5, 6, (5, 4)) + 0.5
    y = np.arange(20.0).reshape(5, 4) % 7
    return {"x": x, "y": y, "b": y > 3}


def run(line: str, module: Any, scope: dict[str, Any]) -> Any:
    """Run a program; give its variables, or the error that it raises."""
    names = {"np": module, **scope}
    try:
        exec(line, names)
        values = {
            name: value
            for name, value in names.items()
            if isinstance(value, np.ndarray | np.generic | Tileable | tuple)
        }
        return {name: compute(value) for name, value in values.items()}
    except Exception as error:
        return error


@pytest.mark.filterwarnings("ignore::mars_nb.errors.WholeWarning")
@pytest.mark.parametrize("line", LINES)
def test_same_as_numpy(line: str) -> None:
    for chunk_size in (None, (3, 2)):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            expected = run(line, np, arrays())
            lazy = {name: mt.tensor(array, chunk_size=chunk_size) for name, array in arrays().items()}
            found = run(line, mt, lazy)
        if isinstance(expected, Exception):
            assert isinstance(found, type(expected)), repr(found)
            continue
        assert not isinstance(found, Exception), repr(found)
        assert found.keys() == expected.keys()
        for name, value in expected.items():
            check(found[name], value)


@pytest.mark.filterwarnings("ignore::mars_nb.errors.WholeWarning")
def test_what_was_recorded_before_stays() -> None:
    array = np.arange(12.0).reshape(3, 4)
    for chunk_size in (None, 2):
        t = mt.tensor(array, chunk_size=chunk_size)
        row, double, view = t[1], t * 2, t.T
        t[1] = 0
        t += 5
        t.sort()
        for lazy, expected in ((row, array[1]), (double, array * 2), (view, array.T)):
            np.testing.assert_array_equal(lazy.execute().fetch(), expected)
    np.testing.assert_array_equal(array, np.arange(12.0).reshape(3, 4))


def test_arrays_of_the_users_are_filled_at_once() -> None:
    out = np.zeros(3)
    np.add(mt.arange(3), 1, out=out)
    np.testing.assert_array_equal(out, [1, 2, 3])
    out += mt.ones(3)
    np.testing.assert_array_equal(out, [2, 3, 4])


def test_large_tensors_know_their_shape_and_mistakes() -> None:
    t = mt.zeros((300, 200))
    t[5] = 1
    t[t > 0] = 2
    assert t.shape == (300, 200)
    with pytest.raises(IndexError):
        t[300] = 1
    with pytest.raises(ValueError, match="broadcast"):
        t[5] = np.ones(3)
    with pytest.raises(ValueError, match="convert"):
        t[5] = "a"
    assert t.sum().execute().fetch() == 400
