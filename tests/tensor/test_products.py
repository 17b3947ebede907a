"""Products of matrices: as one, or of rows by columns."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import mars_nb.tensor as mt
from mars_nb.planner import plan
from mars_nb.planner.tensors import products


@pytest.fixture(params=["one", "rows by columns", "lines too long"])
def _ways(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param != "one":
        monkeypatch.setattr(products, "WHOLE", 0)
        monkeypatch.setattr(products, "_PANEL", 30 * 8 * (12 if request.param == "rows by columns" else 3))


@pytest.mark.usefixtures("_ways")
@pytest.mark.parametrize("dtype", ["float64", "float32", "complex128", "int64"])
def test_products(dtype: str) -> None:
    random = np.random.default_rng(0)
    a, b = random.integers(0, 9, (40, 30)).astype(dtype), random.integers(0, 9, (30, 50)).astype(dtype)
    x, y = mt.tensor(a, chunk_size=(7, 8)), mt.tensor(b, chunk_size=(9, 11))
    pairs: list[tuple[Any, Any]] = [
        (x @ y, a @ b), (x @ x.T, a @ a.T), (x.T @ x, a.T @ a), (mt.dot(x, x.transpose()), a @ a.T), (x.dot(y), a @ b),
        (x @ y[:, 0], a @ b[:, 0]), ((x @ y + 1).sum(axis=0), (a @ b + 1).sum(axis=0)),
    ]  # fmt: skip
    for lazy, expected in pairs:
        found = lazy.execute().fetch()
        assert found.dtype == expected.dtype
        np.testing.assert_allclose(found, expected)


def test_a_product_that_fits_is_one_call_and_goes_on_in_chunks() -> None:
    x = mt.ones((1500, 1500)) * 2
    product = x @ x.T
    found = plan([product._node])
    assert len(found.layouts[product._node].keys) == 4
    names = [getattr(task.function, "__name__", "") for task in found.graph.values()]
    assert names.count("_by_own_transpose") == 1
    assert "matmul" not in names
