"""Pickled and copied tileables: what was recorded goes along, results do not."""

from __future__ import annotations

import copy
import gc
import pickle
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest
from answers import check

import mars_nb
import mars_nb.dataframe as md
import mars_nb.remote as mr
import mars_nb.tensor as mt
from mars_nb.errors import IsolationError

PLAIN = pd.DataFrame({"a": range(10), "k": [*"ababababab"]}, index=pd.Index(range(1, 11), name="n"))


pytestmark = pytest.mark.filterwarnings("ignore::mars_nb.errors.WholeWarning")


@pytest.fixture(autouse=True, name="session")
def _session() -> Iterator[Any]:
    with mars_nb.new_session() as session:
        yield session


def again(value: Any) -> Any:
    return pickle.loads(pickle.dumps(value))


def added(a: int, b: int) -> int:
    return a + b


OBJECTS = {
    "frame": lambda: md.from_pandas(PLAIN, 3),
    "series": lambda: md.from_pandas(PLAIN, 3).a + 1,
    "index": lambda: md.from_pandas(PLAIN, 3).index,
    "filtered": lambda: md.from_pandas(PLAIN, 3).query("a > 3"),
    "grouped": lambda: md.from_pandas(PLAIN, 3).groupby("k").a.sum(),
    "time stamp": lambda: md.Series(pd.date_range("2024-01-01", periods=3)).max(),
    "tensor": lambda: (mt.arange(10, chunk_size=3) + 1).reshape((2, 5)),
    "ufunc": lambda: np.add.reduce(mt.ones((4, 3), chunk_size=2)),
    "random": lambda: mt.random.rand(7, chunk_size=2),
    "remote": lambda: mr.spawn(added, args=(1, mt.arange(4).sum())),
    "tuple": lambda: mars_nb.ExecutableTuple([mt.ones(3), md.from_pandas(PLAIN)]),
    "one of several": lambda: mt.linalg.svd(mt.ones((4, 3), chunk_size=2))[1],
}


@pytest.mark.parametrize("make", OBJECTS.values(), ids=OBJECTS)
def test_the_same_value_comes_back(make: Any) -> None:
    lazy = make()
    found = again(lazy)
    assert type(found) is type(lazy)
    check(found.execute().fetch(), lazy.execute().fetch())


@pytest.mark.parametrize("make", OBJECTS.values(), ids=OBJECTS)
def test_copies_share_the_result(make: Any) -> None:
    lazy = make().execute()
    for found in (copy.copy(lazy), copy.deepcopy(lazy)):
        check(found.fetch(), lazy.fetch())


def test_a_copy_stays_when_the_original_is_changed() -> None:
    frame, tensor = md.from_pandas(PLAIN, 3), mt.arange(5, chunk_size=2)
    kept, kept_tensor = copy.deepcopy(frame), copy.copy(tensor)
    frame["a"] = 0
    tensor[:] = 0
    check(kept.execute().fetch(), PLAIN)
    check(kept_tensor.execute().fetch(), np.arange(5))


def test_results_do_not_go_along(session: Any) -> None:
    frame = md.from_pandas(PLAIN, 3).execute()
    found = again(frame)
    with pytest.raises(IsolationError, match="unexecuted tileable"):
        found.fetch()
    found.execute()
    assert len(session.results) == 2


def test_each_frees_its_own_result(session: Any) -> None:
    frame = md.from_pandas(PLAIN, 3).execute()
    found = again(frame).execute()
    del found
    gc.collect()
    check(frame.fetch(), PLAIN)
    assert len(session.results) == 1


def test_what_was_shared_is_shared(session: Any) -> None:
    frame = md.from_pandas(PLAIN, 3)
    frame, total = again((frame, frame.a.sum()))
    assert total._node.inputs[0].inputs[0] is frame._node
    frame.execute()
    key = frame.key
    del frame
    gc.collect()
    assert [result.key for result in session.results] == [key]  # the sum wants it
    assert total.execute().fetch() == 45
    gc.collect()
    assert key not in [result.key for result in session.results]


def test_handles() -> None:
    for found in (again(md.from_pandas(PLAIN, 3).groupby("k")), copy.copy(md.from_pandas(PLAIN, 3).groupby("k"))):
        check(found.a.sum().execute().fetch(), PLAIN.groupby("k").a.sum())
    location = again(md.from_pandas(PLAIN, 3)).loc
    check(location[3:5].execute().fetch(), PLAIN.loc[3:5])


def test_a_long_recording() -> None:
    total = mt.arange(3)
    for _ in range(5_000):
        total = total + 1
    assert again(total).sum().execute().fetch() == 15_003


def test_what_cannot_be_pickled_is_told() -> None:
    with pytest.raises((pickle.PicklingError, AttributeError), match="lambda"):
        again(md.from_pandas(PLAIN, 3).a.map(lambda a: a + 1))
    import cloudpickle

    lazy = md.from_pandas(PLAIN, 3).a.map(lambda a: a + 1)
    check(pickle.loads(cloudpickle.dumps(lazy)).execute().fetch(), PLAIN.a + 1)


def test_another_process() -> None:
    import subprocess
    import sys

    lazy = md.from_pandas(PLAIN, 3).groupby("k").a.sum()
    code = (
        "import pickle, sys, warnings; warnings.simplefilter('ignore')\n"
        "import mars_nb\n"
        "with mars_nb.new_session():\n"
        "    print(pickle.load(sys.stdin.buffer).execute().fetch().to_dict())"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, input=pickle.dumps(lazy), capture_output=True, timeout=60, check=False)
    assert done.stdout.decode().strip() == "{'a': 20, 'b': 25}", done.stderr.decode()
