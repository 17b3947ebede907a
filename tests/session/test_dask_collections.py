"""Dask's collections, xarray's too, executed and kept in sessions."""

from __future__ import annotations

import gc
import threading
import time
import traceback
from collections.abc import Callable
from typing import Any

import dask
import dask.array as da
import dask.bag as db
import dask.dataframe as dd
import numpy as np
import pandas as pd
import pytest
import xarray as xr

import mars_nb
import mars_nb.tensor as mt
from mars_nb import Session

WAIT = 10.0


@pytest.fixture
def session() -> Session:
    return mars_nb.new_session(n_threads=2)


class OwnError(Exception):
    pass


def broken(value: Any) -> Any:
    raise OwnError(f"broken with {value}")


FRAME = pd.DataFrame({"a": [3, 1, 2, 1, 3, 2], "b": list("xyzxyz"), "c": np.arange(6) / 3})


def delayed_sum(*values: Any) -> Any:
    return dask.delayed(sum, pure=True)(list(values))


COLLECTIONS: dict[str, Callable[[], Any]] = {
    "array": lambda: da.arange(24, chunks=5).reshape(4, 6) + 1,
    "array of one chunk": lambda: da.ones((3, 3), chunks=3),
    "array reduced": lambda: da.ones((7, 7), chunks=3).sum(axis=0),
    "zero dimensions": lambda: da.arange(10, chunks=4).mean(),
    "unknown chunks": lambda: da.arange(10, chunks=4)[da.arange(10, chunks=4) % 3 == 0],
    "frame": lambda: dd.from_pandas(FRAME, npartitions=3).assign(d=1),
    "series": lambda: dd.from_pandas(FRAME, npartitions=3).a + 1,
    "index": lambda: dd.from_pandas(FRAME, npartitions=3).index,
    "grouped": lambda: dd.from_pandas(FRAME, npartitions=2).groupby("a").c.mean(),
    "merged": lambda: dd.from_pandas(FRAME, npartitions=3).merge(dd.from_pandas(FRAME, npartitions=2), on="b"),
    "scalar of a frame": lambda: dd.from_pandas(FRAME, npartitions=3).c.sum(),
    "bag": lambda: db.from_sequence(range(10), npartitions=3).map(lambda n: n * n),
    "item": lambda: db.from_sequence(range(10), npartitions=3).sum(),
    "delayed": lambda: delayed_sum(1, 2, delayed_sum(3)),
    "delayed data": lambda: dask.delayed([1, {"a": dask.delayed(abs)(-2)}]),
    "dataset": lambda: xr.Dataset(
        {"t": (("x", "y"), da.ones((4, 6), chunks=2)), "u": ("x", np.arange(4)), "v": ("y", da.arange(6, chunks=6))}
    ),
    "data array": lambda: xr.DataArray(da.ones((4, 6), chunks=3), dims=("x", "y"), name="t").mean("x"),
}


@pytest.fixture(params=COLLECTIONS, ids=str)
def collection(request: pytest.FixtureRequest) -> Any:
    return COLLECTIONS[request.param]()


def assert_same(ours: Any, theirs: Any) -> None:
    assert type(ours) is type(theirs)
    if isinstance(theirs, pd.DataFrame):
        columns = list(theirs.columns)  # a shuffle leaves the order of rows open
        pd.testing.assert_frame_equal(*(f.sort_values(columns, ignore_index=True) for f in (ours, theirs)))
    elif isinstance(theirs, pd.Series):
        pd.testing.assert_series_equal(ours, theirs)
    elif isinstance(theirs, pd.Index):
        pd.testing.assert_index_equal(ours, theirs)
    elif isinstance(theirs, xr.Dataset | xr.DataArray):
        xr.testing.assert_identical(ours, theirs)
    else:
        np.testing.assert_array_equal(ours, theirs)


def test_execute_and_fetch(session: Session, collection: Any) -> None:
    (expected,) = dask.compute(collection, scheduler="sync")
    assert session.execute(collection) is collection
    assert_same(session.fetch(collection), expected)
    assert_same(mars_nb.fetch(collection), expected)
    assert_same(dask.compute(collection, scheduler=session.get)[0], expected)
    assert len(session.results) == 1


def test_freed_with_the_collection(session: Session, collection: Any, request: pytest.FixtureRequest) -> None:
    made = COLLECTIONS[request.node.callspec.params["collection"]]()
    session.execute(made)
    assert len(session.results) == 1
    del made
    deadline = time.monotonic() + WAIT
    while session.results and time.monotonic() < deadline:  # the worker that ended the task may still hold it
        gc.collect()
        time.sleep(0.001)
    assert session.results == []
    assert session.nbytes == 0


def test_isolation(session: Session, collection: Any) -> None:
    with pytest.raises(ValueError, match="Cannot fetch unexecuted tileable") as caught:
        session.fetch(collection)
    assert repr(collection) in str(caught.value)
    assert caught.value.hints == (f"mars_nb.execute(collection)  # compute it in session {session.name!r}",)
    session.execute(collection)
    other = mars_nb.new_session(name="other", default=False)
    with pytest.raises(ValueError, match=r"It was executed in session 'session-.*', not in 'other'") as caught:
        other.fetch(collection)
    assert caught.value.hints[0] == f"mars_nb.fetch(collection, session=mars_nb.get_session({session.name!r}))"
    with pytest.warns(mars_nb.errors.SessionWarning, match="computed again in session 'other'"):
        other.execute(collection)
    assert_same(other.fetch(collection), session.fetch(collection))


def test_what_is_fetched_is_ones_own(session: Session) -> None:
    x, ds = da.ones(3), xr.Dataset({"v": ("x", da.ones(3))})
    session.execute(x, ds)
    for _ in range(2):
        value, several = session.fetch(x, ds)
        assert value.sum() == several.v.values.sum() == 3
        value += 1
        several["v"][:] = 5


class Counter:
    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, *_: Any) -> int:
        self.calls += 1
        return self.calls


def test_computed_once(session: Session) -> None:
    work = Counter()
    shared = dask.delayed(work)()
    one, two = (dask.delayed(lambda n, m: n + m)(shared, n) for n in (10, 20))
    assert mars_nb.execute(one, [two]) == [one, two]
    session.execute(one, two)
    assert session.fetch(two, one) == [21, 11]
    assert work.calls == 1


def test_collections_and_tileables_in_one_call(session: Session) -> None:
    x, t, df = da.arange(4, chunks=2), mt.arange(3), dd.from_pandas(FRAME, npartitions=2)
    done = mars_nb.execute(x, [t, df])
    assert [given is wanted for given, wanted in zip(done, (x, t, df), strict=True)] == [True] * 3
    values = mars_nb.fetch(x, t, df)
    assert [type(value) for value in values] == [np.ndarray, np.ndarray, pd.DataFrame]
    task = session.execute(x + 1, t + 1, wait=False)
    assert_same(session.fetch(task.result()[0]), np.arange(1, 5))


def test_kinds_share_what_they_share(session: Session) -> None:
    work = Counter()
    base = da.from_delayed(dask.delayed(lambda: np.full(4, work()))(), (4,), dtype=int)
    array, labelled = base.persist(scheduler="sync") + 0, xr.DataArray(base)
    session.execute(array, labelled, dask.delayed(sum)([1]))
    assert session.fetch(labelled).values.tolist() == [2] * 4
    assert work.calls == 2


def test_changed_in_place(session: Session) -> None:
    x, df = da.zeros(4, chunks=2), dd.from_pandas(FRAME, npartitions=2)
    session.execute(x, df)
    x[0], df["d"] = 5, df.a + 1
    for changed in (x, df):
        with pytest.raises(ValueError, match="Cannot fetch unexecuted"):
            session.fetch(changed)
    session.execute(x, df)
    assert session.fetch(x).tolist() == [5, 0, 0, 0]
    assert list(session.fetch(df).columns) == ["a", "b", "c", "d"]
    assert len(session.results) == 2


def test_errors_of_collections(session: Session) -> None:
    x = da.ones(4, chunks=2).map_blocks(broken, dtype=float, meta=np.ones(0))
    with pytest.raises(OwnError) as caught:
        session.execute(x)
    assert "while computing `dask.Array`" in caught.value.__notes__[0]
    assert "broken" in [frame.name for frame in traceback.extract_tb(caught.value.__traceback__)]


def test_cancelled_collections(session: Session) -> None:
    gate, late = threading.Event(), Counter()
    x = dask.delayed(late)(dask.delayed(gate.wait)(WAIT))
    task = session.execute(x, wait=False)
    assert task.cancel()
    gate.set()
    with pytest.raises(ValueError, match="Cannot fetch unexecuted"):
        session.fetch(x)
    assert late.calls == 0
    session.execute(x)
    assert session.fetch(x) == 1


def test_executed_twice_warns_if_asked(session: Session) -> None:
    x = da.ones(3)
    session.execute(x)
    with pytest.warns(RuntimeWarning, match="has been submitted before"):
        session.execute(x, warn_duplicated_execution=True)


def test_what_is_no_collection(session: Session) -> None:
    for wrong in (np.ones(3), xr.Dataset({"v": ("x", np.ones(3))}), da.Array, 3):
        with pytest.raises(TypeError, match="expected a lazy object"):
            session.execute(wrong)


class Strange:
    """A collection of somebody else, without weak references."""

    __slots__ = ()

    def __dask_graph__(self) -> Any:
        return {"strange": (abs, -7)}


def test_collections_without_weak_references(session: Session) -> None:
    with pytest.raises(TypeError, match=r"Strange objects cannot be kept.*scheduler=session\.get"):
        session.execute(Strange())
