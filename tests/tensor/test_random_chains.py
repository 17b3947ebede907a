"""Random arrays, cut at random, through random chains of operations: numpy's own answer, whatever the cut."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import mars_nb.tensor as mt

STEPS: dict[str, Callable[[Any], Any]] = {
    "double": lambda a: a * 2 - 1,
    "sine": np.sin,
    "turn": lambda a: a.T,
    "backwards": lambda a: a[::-1],
    "every other": lambda a: a[::2],
    "inner": lambda a: a[1:-1],
    "twice": lambda a: np.concatenate([a, a]),
    "positive rows": lambda a: a[a[:, 0] > 0] if a.ndim == 2 else a[a > 0],
    "positive": lambda a: a[a > 0],
    "flat": lambda a: a.reshape(-1),
    "centered": lambda a: a - a.mean(axis=0),
    "running": lambda a: a.cumsum(axis=0),
    "clipped": lambda a: a.clip(-1, 2),
    "where": lambda a: np.where(a > 0, a, -a),
    "sorted": lambda a: np.sort(a, axis=-1),
    "rolled": lambda a: np.roll(a, 2, axis=0),
    "none": lambda a: a[:0],
}
ENDS: dict[str, Callable[[Any], Any]] = {
    "as it is": lambda a: a,
    "sum": lambda a: a.sum(),
    "sums": lambda a: a.sum(axis=-1),
    "mean": lambda a: a.mean(axis=0),
    "std": lambda a: a.std(ddof=1),
    "max": lambda a: a.max(),
    "argmin": lambda a: a.argmin(axis=0),
    "any": lambda a: (a > 1).any(axis=0, keepdims=True),
    "unique": np.unique,
    "median": np.median,
    "product": lambda a: a @ a.T,
    "dtype": lambda a: a.astype("float32"),
    "pairs": lambda a: np.stack([a, -a], axis=-1),
    "first": lambda a: a[0],
    "nan": np.nansum,
}


@settings(max_examples=100, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(
    array=hnp.arrays(
        st.sampled_from(["int64", "float64", "int8"]), hnp.array_shapes(min_dims=1, max_dims=2, max_side=9),
        elements=st.integers(-4, 4),
    ),
    chunk=st.integers(1, 5),
    steps=st.lists(st.sampled_from(sorted(STEPS)), max_size=3),
    end=st.sampled_from(sorted(ENDS)),
)  # fmt: skip
def test_chain(array: Any, chunk: int, steps: list[str], end: str) -> None:
    def run(value: Any) -> Any:
        for step in steps:
            value = STEPS[step](value)
        return ENDS[end](value)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            expected = run(array.copy())
        except Exception as error:
            expected = error
        try:
            lazy = run(mt.tensor(array, chunk_size=chunk))
            found = lazy.execute().fetch()
        except Exception as error:
            found = error
    if isinstance(expected, Exception) or isinstance(found, Exception):
        assert type(found) is type(expected)
        return
    assert (found.dtype, found.shape) == (expected.dtype, expected.shape)
    assert all(np.isnan(n) or n == m for n, m in zip(lazy.shape, expected.shape, strict=True))
    np.testing.assert_allclose(found, expected, 1e-6 if expected.dtype == "float32" else 1e-11, 1e-12)
