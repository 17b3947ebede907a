"""``spawn``: functions of the user's own as tasks."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pandas as pd
import pytest

import mars_nb
import mars_nb.dataframe as md
import mars_nb.remote as mr
import mars_nb.tensor as mt
from mars_nb import ExecutableTuple, Session
from mars_nb.graph.tileable import Object, Tileable

ARRAY = np.arange(12.0).reshape(3, 4)
FRAME = pd.DataFrame({"a": [1, 2, 3], "b": list("xyz")})


def kinds(*args: Any, **kwargs: Any) -> Any:
    """Tell the types of arguments at any depth."""

    def kind(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: kind(item) for key, item in value.items()}
        return type(value)(map(kind, value)) if isinstance(value, list | tuple) else type(value).__name__

    return kind((args, kwargs))


@pytest.mark.parametrize("chunk_size", [None, 2])
def test_values_are_given_at_any_depth(session: Session, chunk_size: int | None) -> None:
    t, df = mt.tensor(ARRAY, chunk_size=chunk_size), md.DataFrame(FRAME, chunk_size=chunk_size)
    args = (t, [df, (df.a, {"deep": df.index}), t.sum()])
    found = mr.spawn(kinds, args=args, kwargs={"key": [t], "plain": "text", "n": 3}).execute().fetch()
    assert found[0] == ("ndarray", ["DataFrame", ("Series", {"deep": "RangeIndex"}), "float64"])
    assert found[1] == {"key": ["ndarray"], "plain": "str", "n": "int"}


def test_values_are_those_of_numpy_and_pandas(session: Session) -> None:
    def both(array: Any, frame: Any) -> Any:
        return array.sum(axis=0).tolist(), frame.groupby("b").a.sum().to_dict()

    lazy = mr.spawn(both, args=(mt.tensor(ARRAY, chunk_size=2), md.DataFrame(FRAME, chunk_size=2)))
    assert lazy.execute().fetch() == both(ARRAY, FRAME)


def test_spawned_of_spawned(session: Session) -> None:
    counts = [mr.spawn(lambda n: n * n, args=(n,)) for n in range(10)]
    total = mr.spawn(sum, args=(counts,))
    assert total.execute().fetch() == 285
    assert isinstance(total, Object)


def test_several_outputs(session: Session) -> None:
    found = mr.spawn(lambda n: (n, str(n), [n]), args=(7,), n_output=3)
    assert isinstance(found, ExecutableTuple)
    assert found.execute().fetch() == [7, "7", [7]]
    (one,) = mr.spawn(lambda: [1], n_output=1)
    assert one.execute().fetch() == 1
    left, right = mr.spawn(np.split, args=(np.arange(4), 2), n_output=2)
    assert right.execute().fetch().tolist() == [2, 3]
    with pytest.raises(mars_nb.errors.IsolationError):
        left.fetch()


@pytest.mark.parametrize(("value", "told"), [((1, 2, 3), "3 values"), ((1,), "1 values"), (5, "int")])
def test_another_number_of_outputs(session: Session, value: Any, told: str) -> None:
    first, _ = mr.spawn(lambda: value, n_output=2)
    with pytest.raises(ValueError, match=rf"is to give 2 values \(n_output=2\), and gave {told}"):
        first.execute()


class Flaky:
    """A function that fails some times."""

    def __init__(self, failures: int) -> None:
        self.failures, self.calls = failures, 0

    def __call__(self, *args: Any) -> Any:
        self.calls += 1
        if self.calls <= self.failures:
            raise OSError(f"failure {self.calls}")
        return len(args)


def test_retry(session: Session) -> None:
    once, twice = Flaky(1), Flaky(2)
    assert mr.spawn(once, (1, 2), retry_when_fail=True).execute().fetch() == 2
    assert once.calls == 2
    with pytest.raises(OSError, match="failure 2"):
        mr.spawn(twice, retry_when_fail=True).execute()
    with pytest.raises(OSError, match="failure 1"):
        mr.spawn(Flaky(1)).execute()


def test_lazy_objects_as_they_are(session: Session) -> None:
    def inside(t: Any, df: Any, spawned: Any) -> Any:
        assert isinstance(t, Tileable)
        assert spawned == 5
        return float(t.sum().execute().fetch()), df.a.max().execute().fetch()

    args = (mt.tensor(ARRAY, chunk_size=2), md.DataFrame(FRAME, chunk_size=2), mr.spawn(lambda: 5))
    found = mr.spawn(inside, args, None, False, False, 2)
    assert found.execute().fetch() == [66.0, 3]


def test_side_by_side(session: Session) -> None:
    barrier = threading.Barrier(2)
    both = ExecutableTuple(mr.spawn(barrier.wait, args=(10,)) for _ in range(2))
    assert sorted(both.execute().fetch()) == [0, 1]


def test_tuples(session: Session) -> None:
    mixed = ExecutableTuple([mt.ones(3, chunk_size=2), md.Series([1, 2]), mr.spawn(len, ("abc",))])
    array, series, length = mixed.execute().fetch()
    assert array.tolist() == [1, 1, 1]
    assert series.tolist() == [1, 2]
    assert length == 3
    task = ExecutableTuple([mr.spawn(len, ("ab",)), mr.spawn(len, ("a",))]).execute(wait=False)
    assert [one.fetch() for one in task.result()] == [2, 1]
    assert ExecutableTuple().execute().fetch() == ()


def test_at_once(session: Session) -> None:
    calls = []
    with mars_nb.option_context({"eager_mode": True}):
        a = mr.spawn(lambda: calls.append(1) or 4)
        assert calls == [1]
        b, c = mr.spawn(lambda n: (n, n + 1), args=(a,), n_output=2)
        assert (a.fetch(), b.fetch(), c.fetch()) == (4, 4, 5)
        with pytest.raises(ZeroDivisionError):
            mr.spawn(lambda: 1 / 0)
    assert calls == [1]


@pytest.mark.parametrize(
    ("call", "error", "match"),
    [
        (lambda: mr.spawn(5), TypeError, "spawn needs a function, got int"),
        (lambda: mr.spawn(len, "abc"), TypeError, r"args must be a tuple or list .* got str"),
        (lambda: mr.spawn(len, ([],), n_output=0), ValueError, "n_output must be a positive number, got 0"),
    ],
)
def test_mistakes(call: Any, error: type[Exception], match: str) -> None:
    with pytest.raises(error, match=match):
        call()


def test_names_of_what_is_computed(session: Session) -> None:
    def clean(*_: Any) -> Any:
        return 1, 2

    for func, name in (clean, "clean"), (Flaky(0), "Flaky"):
        spawned = mr.spawn(func, retry_when_fail=True, resolve_tileable_input=False, n_output=2)
        (node,) = spawned[0]._node.inputs
        assert node.short_name == name
