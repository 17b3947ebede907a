"""What is computed on the way and has a variable is kept, and used again."""

from __future__ import annotations

import gc
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import mars_nb
import mars_nb.dataframe as md
import mars_nb.remote as mr
import mars_nb.tensor as mt
from mars_nb.errors import IsolationError, SessionWarning
from mars_nb.planner import plan
from mars_nb.session import Session
from mars_nb.session.backends.intermediates import Intermediates


class Counting:
    """A function of the user's that counts its calls."""

    def __init__(self, function: Any = lambda: np.array([3, 4])) -> None:
        self.function, self.calls = function, 0

    def __call__(self, *args: Any) -> Any:
        self.calls += 1
        return self.function(*args)


def made(*shape: int, chunk_size: Any = None) -> Any:
    """Give a tensor that is worth keeping: nobody knows how long a function takes."""
    return mt.ones(shape, chunk_size=chunk_size).map_chunk(np.negative)


def kept(session: Session) -> list[str]:
    return [result.label for result in session.intermediates]


@pytest.fixture
def frame() -> pd.DataFrame:
    return pd.DataFrame({"k": [1, 2] * 30, "a": np.arange(60.0)})


# --- kept and used ------------------------------------------------------------------------------------------------


def test_the_second_cell_does_not_read_the_file_again(session: Session, tmp_path: Path, frame: pd.DataFrame) -> None:
    path = tmp_path / "data.csv"
    frame.to_csv(path, index=False)
    with mars_nb.option_context({"chunk_bytes": 100}):
        df = md.read_csv(str(path))
    df.groupby("k").sum().execute()
    assert kept(session) == ["DataFrameReadCsv"]
    assert session.intermediates[0].chunks > 1
    task = df.a.max().execute(wait=False)
    task.result()
    done = {operation.label for operation in task.info().operations}
    assert "DataFrameReadCsv" not in done
    assert df.a.max().execute().fetch() == 59.0


def test_it_counts_as_unexecuted(session: Session) -> None:
    function = Counting()
    a = mr.spawn(function)
    b = mr.spawn(len, args=(a,)).execute()
    assert function.calls == 1
    assert (len(session.results), session.nbytes) == (1, session.results[0].nbytes)
    assert not session.holds(a)
    assert "key=" in repr(a)
    with pytest.raises(IsolationError, match="Cannot fetch unexecuted tileable: Object"):
        a.fetch()
    a.execute()
    assert a.fetch().tolist() == [3, 4]
    assert function.calls == 1
    assert kept(session) == []
    assert [result.label for result in session.results] == ["RemoteFunction"] * 2
    assert b.fetch() == 2


def test_what_has_no_variable_is_not_kept(session: Session) -> None:
    function = Counting()
    mr.spawn(len, args=(mr.spawn(function),)).execute()
    assert kept(session) == []
    a = mr.spawn(function)
    b = mr.spawn(len, args=(a,))
    del a
    b.execute()
    assert kept(session) == []


def test_an_option_turns_it_off(session: Session) -> None:
    function = Counting()
    a = mr.spawn(function)
    mr.spawn(len, args=(a,)).execute()
    with mars_nb.option_context({"keep_intermediates": False}):
        mr.spawn(sum, args=(a,)).execute()
        assert function.calls == 2
        c = mr.spawn(function)
        mr.spawn(sum, args=(c,)).execute()
    assert len(kept(session)) == 1
    mr.spawn(sum, args=(a,)).execute()
    assert function.calls == 3


def test_what_takes_longer_to_keep_than_to_compute_is_not_kept(session: Session, frame: pd.DataFrame) -> None:
    given, filled, drawn = md.DataFrame(frame), mt.ones(100, chunk_size=30), mt.random.rand(100, chunk_size=30)
    more, column, rows = filled * 2 + 1, given["a"], given[given.a > 3]
    mars_nb.execute(given.a.sum(), filled.sum(), drawn.sum(), more.sum(), column.sum(), rows.sum())
    assert kept(session) == []


def test_what_is_quick_to_compute_is_kept_if_what_it_is_made_of_is_not(session: Session) -> None:
    function = Counting(lambda chunk: chunk + 1)
    a = mt.ones(4).map_chunk(function, dtype=float, elementwise=True) * 2 + 1  # the first two have no variable
    b = a + 1
    b.sum().execute()
    assert [result.key for result in session.intermediates] == [a.key]  # of which `b` is made soon
    assert (a - b).max().execute().fetch() == -1
    assert function.calls == 1


def test_it_is_kept_when_the_run_fails_later(session: Session) -> None:
    function = Counting()
    a = mr.spawn(function)
    with pytest.raises(ZeroDivisionError):
        mr.spawn(lambda x: int(x[0]) // 0, args=(a,)).execute()
    assert mr.spawn(lambda x: x[0] / 2, args=(a,)).execute().fetch() == 1.5
    assert function.calls == 1


def test_each_session_has_its_own(session: Session) -> None:
    function = Counting()
    a = mr.spawn(function)
    mr.spawn(len, args=(a,)).execute()
    with mars_nb.new_session(default=False) as other:
        mr.spawn(sum, args=(a,)).execute(session=other)
        assert kept(other) == kept(session) == ["RemoteFunction"]
    assert function.calls == 2


def test_parts_of_what_was_not_all_computed_are_not_kept(session: Session) -> None:
    t = made(100, chunk_size=30)
    t[:10].execute()
    assert kept(session) == []
    t.sum().execute()
    assert kept(session) == ["TensorMapChunk"]


@pytest.mark.parametrize("promote", [False, True])
def test_dtypes_are_those_of_the_whole(session: Session, promote: bool) -> None:
    """The first chunk alone would be of integers."""
    original = pd.Series([1, 2, 3, 4])

    def halve(x: int) -> float | int:
        return x if x < 3 else x / 2

    s = md.Series(original, chunk_size=2).map(halve)
    s.max().execute()
    assert len(kept(session)) == 1
    found = (s if promote else s[s > 0]).execute()
    assert found.iloc[:2].fetch().dtype == found.fetch().dtype == float
    pd.testing.assert_series_equal(found.fetch(), original.map(halve))


def test_values_cannot_be_changed_by_functions(session: Session) -> None:
    a = mt.tensor(np.arange(4.0), chunk_size=2).map_chunk(lambda chunk: chunk + 1)

    def spoil(values: Any) -> float:
        with pytest.raises(ValueError, match="read-only"):
            values[:] = 0
        return float(values.sum())

    assert mr.spawn(spoil, args=(a,)).execute().fetch() == 10.0
    np.testing.assert_array_equal(a.execute().fetch(), [1, 2, 3, 4])


# --- let go -------------------------------------------------------------------------------------------------------


def test_it_goes_with_the_variable(session: Session) -> None:
    a = made(1000)
    a.sum().execute()
    before = session.memory
    assert kept(session) == ["TensorMapChunk"]
    del a
    gc.collect()
    assert kept(session) == []
    assert session.memory == before - 8000


def test_an_object_that_was_made_of_it_keeps_it(session: Session) -> None:
    function = Counting()
    a = mr.spawn(function)
    mr.spawn(len, args=(a,)).execute()
    a = mr.spawn(np.sort, args=(a,))  # as ``df = df[...]``
    gc.collect()
    assert mr.spawn(sum, args=(a,)).execute().fetch() == 7
    assert function.calls == 1
    # What the new one was made of is not needed as long as that is there.
    assert len(kept(session)) == 1
    assert session.intermediates[0].key == a.key


def test_a_changed_frame_is_another_value(session: Session, frame: pd.DataFrame) -> None:
    df = md.DataFrame(frame, chunk_size=20).map_chunk(lambda chunk: chunk * 1)
    df.sum().execute()
    before = session.intermediates
    df["b"] = df.a + df.k
    expected = (frame.a + frame.k).sum()
    assert df.b.sum().execute().fetch() == expected
    assert [result.key for result in session.intermediates] == [result.key for result in before] != [df.key]


def test_freeing(session: Session) -> None:
    function = Counting()
    a = mr.spawn(function)
    mr.spawn(len, args=(a,)).execute()
    assert session.free(a) > 0
    assert session.free(a) == 0
    assert kept(session) == []
    a.execute()
    assert function.calls == 2


def test_closing_lets_all_go() -> None:
    session = mars_nb.new_session(default=False)
    a = made(1000)
    a.sum().execute(session=session)
    session.close()
    assert session.intermediates == []


def test_it_goes_before_anything_is_put_on_disk() -> None:
    with mars_nb.new_session(memory_limit="8MiB", n_threads=1, default=False) as session:
        small = made(1000, chunk_size=1000)
        small.sum().execute(session=session)
        large = made(2000, 1000, chunk_size=250)  # 16 MB
        large.sum().execute(session=session)
        assert session.spilled == 0
        assert [result.shape for result in session.intermediates] == [(1000,)]
        results = [mt.random.rand(1000, 250).execute(session=session) for _ in range(2)]
        assert session.spilled == 0
        third = mt.random.rand(1000, 250).execute(session=session)
        assert session.intermediates == []
        assert session.spilled > 0
        del results, third


def test_what_is_known_not_to_fit_is_not_taken() -> None:
    with mars_nb.new_session(memory_limit="8MiB", n_threads=1, default=False) as session:
        middle = made(600, 1000, chunk_size=100)
        middle.sum().execute(session=session)
        large = made(2000, 1000, chunk_size=250)
        large.sum().execute(session=session)
        assert [result.shape for result in session.intermediates] == [(600, 1000)]


def test_what_turns_out_not_to_fit_is_let_go() -> None:
    """A filter's result is of unknown size until it is there."""
    original = np.random.default_rng(0).random(2_000_000)
    with mars_nb.new_session(memory_limit="8MiB", n_threads=1, default=False) as session:
        large = mt.tensor(original, chunk_size=100_000).map_chunk(lambda chunk: chunk[chunk > 0.1])
        total = large.sum().execute(session=session)
        assert session.spilled == 0
        assert session.intermediates == []
        np.testing.assert_allclose(total.fetch(session=session), original[original > 0.1].sum())


def test_what_is_let_go_first() -> None:
    """What the user has no variable for; then what was not used for the longest time."""
    with mars_nb.new_session(memory_limit="100MiB", default=False) as session:
        a, b, c = (made(n) for n in (1000, 1001, 1002))
        for t in (a, b, c):
            t.sum().execute(session=session)
        a.max().execute(session=session)
        lazy = c + 1  # has the claim of what is behind it
        del c, t
        gc.collect()
        relieve = session._backend._intermediates.relieve  # type: ignore[attr-defined]
        order = []
        while session.intermediates:
            before = {result.shape for result in session.intermediates}
            assert relieve()
            order += before - {result.shape for result in session.intermediates}
        assert order == [(1002,), (1001,), (1000,)]
        assert not relieve()
        np.testing.assert_array_equal((lazy - 1).execute(session=session).fetch(session=session).shape, (1002,))


# --- files --------------------------------------------------------------------------------------------------------


def test_a_changed_file_is_read_anew(session: Session, tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_text("a\n1\n2\n")
    df = md.read_csv(str(path))
    doubled = df * 2
    assert doubled.a.sum().execute().fetch() == 6
    assert doubled.a.max().execute().fetch() == 4
    path.write_text("a\n1\n5\n")
    with pytest.warns(SessionWarning, match=r"data\.csv has changed .*: it is read anew") as told:
        assert doubled.a.min().execute().fetch() == 2
    assert len(told) == 1
    assert doubled.a.sum().execute().fetch() == 12
    assert kept(session) == ["DataFrameReadCsv"]


def test_what_may_change_untold_is_not_kept(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_text("a\n1\n2\n")
    df = md.read_csv(str(path))
    for version, count in (lambda node: object(), 0), (lambda node: "same", 1), (lambda node: None, 1):
        planned = plan([df.a.sum()._node], wished=lambda node: node is df._node, version=version)
        assert len(planned.intermediates) == count


def test_a_missing_file_is_an_error_of_pandas(session: Session, tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_text("a\n1\n2\n")
    df = md.read_csv(str(path))
    df.a.sum().execute()
    path.unlink()
    with pytest.raises(FileNotFoundError):
        df.a.max().execute()


def test_what_was_executed_stays_as_it_is(session: Session, tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_text("a\n1\n2\n")
    df = md.read_csv(str(path)).execute()
    path.write_text("a\n1\n5\n")
    total = df.a.sum()
    assert (total * 2).execute().fetch() == 6
    assert (total * 3).execute().fetch() == 9


# --- many at a time -----------------------------------------------------------------------------------------------


def test_many_steps(session: Session) -> None:
    steps: list[Any] = [mr.spawn(int)]
    for _ in range(2000):
        steps.append(mr.spawn(abs, (steps[-1],)))
    started = time.process_time()
    assert steps[-1].execute().fetch() == 0
    assert time.process_time() - started < 10
    assert len(session.intermediates) == 2000
    assert steps[1000].execute().fetch() == 0


def test_threads_that_execute_and_let_go(session: Session) -> None:
    errors = []

    def work(number: int) -> None:
        try:
            for _ in range(20):
                a = made(100, chunk_size=30)
                assert a.min().execute(session=session).fetch(session=session) == -1
                assert a.sum().execute(session=session).fetch(session=session) == -100
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    gc.collect()
    assert session.intermediates == []


def test_a_chunk_that_comes_late_is_dropped() -> None:
    intermediates = Intermediates()
    t = made(4)
    planned = plan([(t + 1)._node], wished=lambda node: node is t._node)
    taking = intermediates.taking(planned, ())
    (noticing,) = [task.function for task in taking.graph.values() if type(task.function).__name__ == "_Noticing"]
    assert intermediates.relieve()
    noticed = noticing(np.ones(4))
    for take in noticed.takers:
        take(noticed.value)
    taking.end()
    assert intermediates.all() == []
    assert not intermediates.relieve()


class Odd:
    """A value that lets nobody look at it."""

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError(f"do not ask for {name}")


@pytest.mark.parametrize("make", [Odd, list, dict, lambda: iter([1, 2]), lambda: [np.ones(3)], lambda: type])
def test_what_functions_may_change_is_not_kept(session: Session, make: Any) -> None:
    a = mr.spawn(make)
    for _ in range(2):
        found = mr.spawn(lambda x: (type(x), list(x) if hasattr(type(x), "__next__") else 0), (a,)).execute().fetch()
        assert found in ((type(make()), 0), (type(iter([])), [1, 2]))
    assert kept(session) == []


@pytest.mark.parametrize("value", [5, 2.5, "text", b"bytes", None, np.float64(3), True])
def test_numbers_and_texts_are_kept(session: Session, value: Any) -> None:
    a = mr.spawn(lambda: value)
    mr.spawn(id, (a,)).execute()
    assert len(kept(session)) == 1
