"""What a session tells of its tasks and results, and what renames and frees them."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest

import mars_nb
import mars_nb.dataframe as md
import mars_nb.remote as mr
import mars_nb.tensor as mt
from mars_nb import Session
from mars_nb.errors import SessionClosed
from mars_nb.storage import SpillBuffer

WAIT = 10.0


@pytest.fixture
def session() -> Iterator[Session]:
    with mars_nb.new_session(name="main", n_threads=2) as made:
        yield made


class TestResults:
    @pytest.mark.parametrize(
        ("make", "kind", "dtype", "shape"),
        [
            (lambda: mt.ones((4, 6), chunk_size=3), "Tensor", "float64", (4, 6)),
            (lambda: md.DataFrame(pd.DataFrame({"a": range(10)}), chunk_size=4), "DataFrame", "", (10, 1)),
            (lambda: md.Series(pd.Series([1, 2], dtype="int8")), "Series", "int8", (2,)),
            (lambda: mr.spawn(dict), "Object", "", ()),
        ],
    )
    def test_tell_what_they_are(self, session: Session, make, kind: str, dtype: str, shape: tuple[int, ...]) -> None:
        made = make().execute()
        (result,) = session.results
        assert (result.key, result.kind, result.dtype, result.shape) == (made.key, kind, dtype, shape)
        assert result.place.startswith("test_history.py, line ")
        assert result.spilled == 0

    def test_tell_what_is_on_disk(self) -> None:
        with mars_nb.new_session(memory_limit="4MiB", default=False) as small:
            kept = [mt.ones(300_000).execute(session=small) for _ in range(4)]
            spilled = [result.spilled for result in small.results]
            assert spilled[0] == small.results[0].nbytes == 2_400_000
            assert sum(spilled) + small.memory >= 4 * 2_400_000
            del kept

    def test_dask_collections_have_their_own_kind(self, session: Session) -> None:
        import dask.array as da

        collection = da.ones(4)
        session.execute(collection)
        assert [result.kind for result in session.results] == ["Array"]


class TestFree:
    def test_the_object_is_as_before(self, session: Session) -> None:
        a = mt.ones(1000).execute()
        b = (a + 1).execute()
        assert session.free(a, [b]) == 16_000
        assert session.results == []
        assert session.nbytes == 0
        assert not session.holds(b)
        np.testing.assert_array_equal(b.execute().fetch(), np.full(1000, 2.0))

    def test_what_is_not_held_does_no_harm(self, session: Session) -> None:
        assert session.free(mt.ones(3)) == 0

    def test_a_result_in_use_stays_for_the_task_that_uses_it(self, session: Session) -> None:
        begun, go_on = threading.Event(), threading.Event()

        def waits() -> int:
            begun.set()
            assert go_on.wait(WAIT)
            return 1

        def add(x: int, array: np.ndarray) -> float:
            return x + array.sum()

        a = mt.ones(1000).execute()
        task = mr.spawn(add, args=(mr.spawn(waits), a)).execute(wait=False)
        assert begun.wait(WAIT)
        session.free(a)
        go_on.set()
        assert task.result(WAIT).fetch() == 1001.0

    def test_in_a_closed_session(self, session: Session) -> None:
        a = mt.ones(3).execute()
        session.close()
        with pytest.raises(SessionClosed):
            session.free(a)


class TestRename:
    def test_it_is_found_by_its_new_name(self, session: Session) -> None:
        other = mars_nb.new_session(name="other", default=False)
        assert session.rename("etl") is session
        assert list(mars_nb.sessions) == ["etl", "other"]
        assert mars_nb.get_session("etl") is session
        assert session.is_default
        session.close()
        assert list(mars_nb.sessions) == ["other"]
        other.close()

    def test_to_its_own_name(self, session: Session) -> None:
        assert session.rename("main").name == "main"

    @pytest.mark.parametrize("name", ["other", "", "  ", 3])
    def test_refused(self, session: Session, name: object) -> None:
        with mars_nb.new_session(name="other", default=False), pytest.raises(ValueError, match=r"name|other"):
            session.rename(name)  # type: ignore[arg-type]
        assert session.name == "main"


class TestTasks:
    def test_remember_what_a_task_took(self, session: Session) -> None:
        mt.ones((1000, 100), chunk_size=100).sum().execute()
        (task,) = session.tasks
        assert (task.state, task.error) == ("done", "")
        assert task.peak >= 100 * 100 * 8
        assert task.started_at > 0

    def test_remember_what_went_wrong(self, session: Session) -> None:
        with pytest.raises(ZeroDivisionError):
            mr.spawn(lambda: 1 / 0).execute()
        assert [(task.state, task.error) for task in session.tasks] == [
            ("failed", "ZeroDivisionError: division by zero")
        ]

    def test_snapshots_know_time_memory_and_threads(self, session: Session) -> None:
        begun, go_on = threading.Event(), threading.Event()

        def waits() -> None:
            begun.set()
            assert go_on.wait(WAIT)

        task = mr.spawn(waits).execute(wait=False)
        assert begun.wait(WAIT)
        snapshot = task.snapshot()
        assert (snapshot.busy, snapshot.n_threads, snapshot.session) == (1, 2, "main")
        assert snapshot.operations[0].under_way > 0
        assert snapshot.memory.limit == session.memory_limit
        assert 0 <= snapshot.fraction < 0.5
        go_on.set()
        task.result(WAIT)
        assert task.snapshot().fraction == 1
        assert task.snapshot().operations[0].seconds > 0


def test_a_peak_is_what_was_in_memory_at_most() -> None:
    buffer = SpillBuffer(1_000_000, lambda value: value.nbytes)
    first = buffer.watch()
    held = [buffer.hold(np.zeros(10_000)) for _ in range(3)]
    second = buffer.watch()
    del held
    more = buffer.hold(np.zeros(5_000))
    assert (first.nbytes, second.nbytes) == (240_000, 240_000)
    assert buffer.watch().nbytes == more.nbytes == 40_000
    buffer.close()
