"""Products of matrices: as one, or of rows by columns."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import mars_nb.tensor as mt
from mars_nb.planner import plan
from mars_nb.planner.tensors import products


@pytest.fixture(params=["one", "chunk by chunk", "rows by columns", "lines too long"])
def _ways(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "chunk by chunk":
        monkeypatch.setattr(products, "TILES", 1)
        monkeypatch.setattr(products, "CALL", 1)
    elif request.param != "one":
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


def test_many_chunks_are_multiplied_side_by_side(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(products, "TILES", 3)
    monkeypatch.setattr(products, "CORES", 2)
    x, y = mt.ones((2000, 1000)) * 2, mt.ones((1000, 2000)) * 3
    gram, product = x @ x.T, x @ y
    expected = {gram: ["_summed"] * 3 + ["transpose"], product: ["_summed"] * 4}
    for lazy, names in expected.items():
        found = plan([lazy._node])
        tasks = [found.graph[key] for key in found.layouts[lazy._node].keys]
        assert sorted(task.function.__name__ for task in tasks) == names
        value = lazy.execute().fetch()
        assert (value == (4000 if lazy is gram else 6000)).all()
    fine = mt.ones((2000, 1000), chunk_size=300)
    for small in (x[:900] @ x[:900].T, fine @ fine.T):
        names = [getattr(task.function, "__name__", "") for task in plan([small._node]).graph.values()]
        assert "_summed" not in names


@pytest.mark.parametrize(("cores", "parts"), [(2, 2), (3, 1), (4, 4), (6, 2), (8, 5)])
def test_the_last_chunks_are_computed_in_parts(monkeypatch: pytest.MonkeyPatch, cores: int, parts: int) -> None:
    """As many as all cores have work for, but none is too small."""
    monkeypatch.setattr(products, "TILES", 1)
    monkeypatch.setattr(products, "CORES", cores)
    monkeypatch.setattr(products, "CALL", 40 * 20 * 30 // 5)
    random = np.random.default_rng(0)
    a, b = random.random((120, 60)), random.random((60, 90))
    x, y = mt.tensor(a, chunk_size=(40, 20)), mt.tensor(b, chunk_size=(20, 30))
    found = plan([(x @ y)._node])
    names = [getattr(task.function, "__name__", "") for task in found.graph.values()]
    last = 9 % cores if parts > 1 else 0
    assert (names.count("_summed"), names.count("_stacked")) == (9 - last, last)
    assert sum(getattr(task.function, "func", None) is products._some_rows for task in found.graph.values()) == (
        last * parts
    )
    np.testing.assert_allclose((x @ y).execute().fetch(), a @ b)


def test_a_matrix_times_its_own_transpose_is_symmetric(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(products, "TILES", 1)
    monkeypatch.setattr(products, "CALL", 1)
    random = np.random.default_rng(0).random((50, 30))
    x = mt.tensor(random, chunk_size=(20, 7))
    found = (x @ x.T).execute().fetch()
    np.testing.assert_array_equal(found, found.T)
    np.testing.assert_allclose(found, random @ random.T)


def test_a_product_that_fits_is_one_call_and_goes_on_in_chunks() -> None:
    x = mt.ones((1500, 1500)) * 2
    product = x @ x.T
    found = plan([product._node])
    assert len(found.layouts[product._node].keys) == 4
    names = [getattr(task.function, "__name__", "") for task in found.graph.values()]
    assert names.count("_by_own_transpose") == 1
    assert "matmul" not in names


@pytest.mark.parametrize(
    "multiply",
    [
        lambda np_, a, b: a @ b,
        lambda np_, a, b: a.dot(b),
        lambda np_, a, b: np_.dot(a, b),
        lambda np_, a, b: np_.matmul(a, b[:, 0]),
        lambda np_, a, b: np_.matmul(np_.stack([a, a]), b),
        lambda np_, a, b: np_.tensordot(a, b, 1),
        lambda np_, a, b: np_.einsum("ij,jk->ik", a, b),
        lambda np_, a, b: np_.concatenate([a, b]),
        lambda np_, a, b: np_.stack([a, b]),
        lambda np_, a, b: np_.vstack([a, b]),
        lambda np_, a, b: np_.hstack([a, b.T]),
    ],
)
def test_lengths_that_do_not_fit(multiply: Any) -> None:
    """The error is numpy's, and comes when the operation is recorded."""
    shapes = (300, 200), (300, 30)
    with pytest.raises(ValueError, match=r".") as expected:
        multiply(np, *map(np.ones, shapes))
    with pytest.raises(ValueError, match=r".") as found:
        multiply(mt, *map(mt.ones, shapes))
    assert str(found.value) == str(expected.value)
