"""Random arrays, cut at random, through random chains of operations: numpy's own answer, whatever the cut."""

from __future__ import annotations

import itertools
import operator
import os
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import mars_nb.tensor as mt

#: Sums over chunks are rounded in another order.
NEAR = {"float16": 1e-2, "float32": 1e-6}
#: How many chains are tried; more by hand: ``MARS_NB_CHAINS=5000 pytest tests/tensor/test_random_chains.py``.
EXAMPLES = int(os.environ.get("MARS_NB_CHAINS", "150"))


def assigned(a: Any, key: Any, value: Any) -> Any:
    """Set items in place, of a copy."""
    a = a.copy()
    a[key(a)] = value(a)
    return a


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
    "with NaN": lambda a: np.where(a > 2, np.nan, a),
    "none": lambda a: a[:0],
    "mask set": lambda a: assigned(a, lambda a: a < 0, lambda a: 9),
    "row set": lambda a: assigned(a, lambda a: 0, lambda a: a[-1]),
    "every other set": lambda a: assigned(a, lambda a: slice(None, None, -2), lambda a: 3),
    "added to": lambda a: operator.iadd(a.copy(), 2),
    "all running": np.cumsum,
    "two halves": lambda a: np.concatenate(np.array_split(a, 2)[::-1]),
    "argsorted": lambda a: np.argsort(a, axis=0, kind="stable"),
    "column": lambda a: a.reshape(-1, 1),
    "line": lambda a: a.reshape(1, -1),
    "rows apart": lambda a: a[np.array([0, -1])],
    "places": np.argwhere,
    "binned": lambda a: np.digitize(a, [-1, 0, 2]),
    "differences": lambda a: np.diff(a, axis=0),
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
    "medians": lambda a: np.median(a, axis=0),
    "quartiles": lambda a: np.percentile(a, [25, 75], axis=-1),
    "counted": lambda a: np.unique(a, return_counts=True)[1],
    "bars": lambda a: np.histogram(a, 4)[0],
    "largest by ufunc": lambda a: np.maximum.reduce(a, axis=-1),
    "close": lambda a: np.isclose(a, a).all(),
    "places of some": lambda a: np.flatnonzero(a > 0),
    "spread": lambda a: np.ptp(a, axis=0),
}


def cut(array: Any, chunk: int | list[int]) -> Any:
    """Make a tensor in chunks: all of one length, or rows by the lengths given."""
    if isinstance(chunk, int):
        return mt.tensor(array, chunk_size=chunk)
    bounds = [n for n in itertools.accumulate(chunk) if n < len(array)]
    return mt.concatenate([mt.tensor(part) for part in np.split(array, bounds)])


@settings(
    max_examples=EXAMPLES,
    derandomize="MARS_NB_CHAINS" not in os.environ,
    suppress_health_check=list(HealthCheck),
)
@given(
    array=hnp.arrays(
        st.sampled_from(["int64", "float64", "int8"]), hnp.array_shapes(min_dims=1, max_dims=2, max_side=9),
        elements=st.integers(-4, 4),
    ),
    chunk=st.one_of(st.integers(1, 5), st.lists(st.integers(1, 4), min_size=2, max_size=5)),
    steps=st.lists(st.sampled_from(sorted(STEPS)), max_size=4),
    end=st.sampled_from(sorted(ENDS)),
)  # fmt: skip
def test_chain(array: Any, chunk: int | list[int], steps: list[str], end: str) -> None:
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
            lazy = run(cut(array, chunk))
            found = lazy.execute().fetch()
        except Exception as error:
            found = error
    if isinstance(expected, Exception) or isinstance(found, Exception):
        assert type(found) is type(expected)
        return
    assert (found.dtype, found.shape) == (expected.dtype, expected.shape)
    assert all(np.isnan(n) or n == m for n, m in zip(lazy.shape, expected.shape, strict=True))
    np.testing.assert_allclose(found, expected, NEAR.get(str(expected.dtype), 1e-11), 1e-12)
