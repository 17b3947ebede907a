"""Every operation of ``operations.txt`` gives numpy's own answer, on one chunk and on many.

A line is code in which ``np`` is numpy or `mars_nb.tensor` and the other names are its arrays; its last part is the
answer. ``N`` is always numpy. A line that begins with ``~`` gathers many chunks into one, with a warning.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import mars_nb.tensor as mt
from mars_nb.errors import WholeWarning
from mars_nb.graph.tileable import Tileable

LINES = (Path(__file__).parent / "operations.txt").read_text().splitlines()
CHUNKS: dict[str, Any] = {
    "a": (3, 2), "b": (3, 2), "v": 4, "s": 4, "k": 5, "c": (2, 2, 3), "z": (2, 3), "m": (3, 2)
}  # fmt: skip


def arrays() -> dict[str, Any]:
    """Give arrays of all kinds: among them floats with a NaN, a matrix that has an inverse, and a mask."""
    rng = np.random.default_rng(3)
    a = rng.integers(-9, 10, (7, 5)) + 0.25
    a[2, 3] = np.nan
    b = rng.integers(1, 9, (7, 5))
    return {
        "a": a,
        "b": b,
        "v": rng.random(11),
        "s": rng.random((6, 6)) + 6 * np.eye(6),
        "k": rng.integers(0, 5, 13),
        "c": rng.integers(0, 9, (4, 3, 5)).astype(float),
        "z": rng.random((5, 4)) + 1j * rng.random((5, 4)),
        "m": b > 4,
    }


def function(code: str) -> Callable[..., Any]:
    """Compile a line."""
    *steps, last = code.removeprefix("~ ").split("; ")
    scope: dict[str, Any] = {"N": np}
    body = "\n    ".join([*steps, f"return {last}"])
    exec(f"def operation(np, a, b, v, s, k, c, z, m):\n    {body}", scope)
    operation: Callable[..., Any] = scope["operation"]
    return operation


def compute(lazy: Any) -> Any:
    """Execute and fetch whatever an operation gave."""
    if isinstance(lazy, Tileable):
        return lazy.execute().fetch()
    return [compute(item) for item in lazy] if isinstance(lazy, tuple | list) else lazy


def check(found: Any, expected: Any) -> None:
    """Compare types, shapes and items; floats to rounding."""
    if isinstance(expected, tuple | list):
        assert len(found) == len(expected)
        for one, other in zip(found, expected, strict=True):
            check(one, other)
    elif isinstance(expected, np.ndarray | np.generic):
        assert isinstance(found, np.ndarray) == isinstance(expected, np.ndarray) or not expected.shape
        assert (found.dtype, found.shape) == (expected.dtype, expected.shape)
        if expected.dtype.kind in "fc":
            np.testing.assert_allclose(found, expected, 1e-11, 1e-12)
        else:
            np.testing.assert_array_equal(found, expected)
    else:
        assert type(found) is type(expected)
        assert found == expected


def check_promise(lazy: Any, expected: Any) -> None:
    """Compare shape and dtype as they were told when recorded."""
    if isinstance(lazy, mt.Tensor) and isinstance(expected, np.ndarray | np.generic):
        assert lazy.dtype == expected.dtype
        assert len(lazy.shape) == expected.ndim
        assert all(np.isnan(n) or n == m for n, m in zip(lazy.shape, expected.shape, strict=True))


@pytest.mark.parametrize("line", LINES)
def test_same_as_numpy(line: str) -> None:
    operation = function(line)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # numpy's own, about the data
        expected = operation(np, **arrays())
        single = operation(mt, **{name: mt.tensor(array) for name, array in arrays().items()})
        check_promise(single, expected)
        check(compute(single), expected)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        lazy = operation(mt, **{name: mt.tensor(array, chunk_size=CHUNKS[name]) for name, array in arrays().items()})
        check_promise(lazy, expected)
        check(compute(lazy), expected)
    assert line.startswith("~ ") or not any(warning.category is WholeWarning for warning in told)
