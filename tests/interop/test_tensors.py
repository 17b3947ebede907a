"""Tensors to and from Dask's arrays."""

from __future__ import annotations

import pickle
import warnings
from collections.abc import Iterator
from typing import Any

import dask.array as da
import numpy as np
import pytest
from answers import check

import mars_nb
import mars_nb.tensor as mt

PLAIN = np.arange(24.0).reshape(6, 4)


@pytest.fixture(autouse=True)
def _session() -> Iterator[None]:
    with mars_nb.new_session():
        yield


@pytest.mark.parametrize("chunk_size", [None, 4, (4, 3)])
def test_dask_computes_with_the_chunks(chunk_size: Any) -> None:
    tensor = mt.tensor(PLAIN, chunk_size=chunk_size)
    given = tensor.to_dask()
    assert given.chunks == (((4, 2) if chunk_size else (6,)), (4,))
    check(given.compute(), PLAIN)
    check((given @ given.T).compute(), PLAIN @ PLAIN.T)
    check(tensor[1:5, ::2].to_dask().compute(), PLAIN[1:5, ::2])
    assert tensor.sum().to_dask().compute() == PLAIN.sum()


def test_dask_in_other_processes_gets_the_array_along() -> None:
    packed = pickle.dumps(mt.tensor(PLAIN, chunk_size=4).to_dask())
    mars_nb.get_session().close()
    check(pickle.loads(packed).compute(), PLAIN)


@pytest.mark.parametrize("chunks", [(6, 4), (4, 3), (1, 1)])
def test_tensors_of_dask_stay_lazy_and_cut(chunks: tuple[int, int]) -> None:
    tensor = mt.from_dask(da.from_array(PLAIN, chunks) + 1)
    assert (tensor.shape, tensor.dtype) == ((6, 4), "float64")
    assert not mars_nb.get_session().results
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check((tensor * 2).sum(axis=0).execute().fetch(), ((PLAIN + 1) * 2).sum(axis=0))
    check(tensor.execute().fetch(), PLAIN + 1)
    check(tensor[2:4, 1].fetch(), PLAIN[2:4, 1] + 1)


def test_lengths_that_dask_does_not_know() -> None:
    array = da.from_array(np.arange(10), 4)
    tensor = mt.from_dask(array[array > 3])
    check((tensor + 1).execute().fetch(), np.arange(5, 11))
    check(tensor.execute().fetch(), np.arange(4, 10))
    assert tensor.shape == (6,)
