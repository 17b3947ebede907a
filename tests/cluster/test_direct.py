"""Sessions straight on a Dask scheduler: what holds for local sessions holds for them."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Callable
from typing import Any

import dask.array as da
import numpy as np
import pandas as pd
import pytest
from cluster_tools import AT_ONCE_S, until

import mars_nb
import mars_nb.dataframe as md
import mars_nb.remote as mr
import mars_nb.tensor as mt
from mars_nb import Session
from mars_nb.errors import ClusterUnavailable, IsolationError, SessionClosed, TaskCancelled, UserExit

FRAME = pd.DataFrame({"a": np.arange(100) % 7, "b": np.arange(100) / 4, "c": list("abcde") * 20})

OPERATIONS: dict[str, Callable[[Any], Any]] = {
    "rows": lambda df: df[df.b > 3].assign(d=df.b * 2),
    "groups": lambda df: df.groupby("a").agg({"b": ["sum", "mean"]}),
    "sorted": lambda df: df.sort_values(["c", "b"], ascending=False),
    "joined": lambda df: df.merge(df.groupby("a", as_index=False).b.max(), on="a"),
    "a number": lambda df: df.b.std(),
    "user's functions": lambda df: df.b.map(lambda value: value + 1),
    "a part": lambda df: df.iloc[10:55:3],
    "gathered": lambda df: df.b.median(),
}


@pytest.mark.parametrize("name", OPERATIONS)
@pytest.mark.filterwarnings("ignore::mars_nb.errors.WholeWarning")
def test_frames(session: Session, name: str) -> None:
    expected = OPERATIONS[name](FRAME)
    found = OPERATIONS[name](md.DataFrame(FRAME, chunk_size=30)).execute().fetch()
    if isinstance(expected, pd.DataFrame):
        pd.testing.assert_frame_equal(found, expected)
    elif isinstance(expected, pd.Series):
        pd.testing.assert_series_equal(found, expected)
    else:
        assert found == expected


def test_tensors(session: Session) -> None:
    x = np.arange(600.0).reshape(20, 30)
    t = mt.tensor(x, chunk_size=7)
    np.testing.assert_allclose((t @ t.T + t.mean()).execute().fetch(), x @ x.T + x.mean())


def test_what_it_is(session: Session, address: str) -> None:
    shown = address.partition("/?")[0]
    assert session.address == shown
    assert session.n_threads == 2
    assert session.memory_limit == 2 * 2**30
    assert f"({shown}, " in repr(session)


class TestResults:
    def test_stay_and_are_not_computed_again(self, session: Session) -> None:
        t = mt.random.rand(1000, chunk_size=100).execute()
        first = t.fetch()
        more = (t + 1).execute()
        assert (more.fetch() == first + 1).all()
        result, _ = session.results
        assert (result.kind, result.shape, result.nbytes, result.chunks) == ("Tensor", (1000,), 8000, 10)

    def test_only_the_chunks_that_are_needed_travel(self, session: Session) -> None:
        t = mt.ones((100_000, 10), chunk_size=10_000).execute()
        assert t[5:8, 2].fetch().tolist() == [1.0, 1.0, 1.0]

    def test_are_freed_with_their_objects(self, session: Session) -> None:
        t = mt.ones(100_000).execute()
        assert session.nbytes == 800_000
        del t
        gc.collect()
        assert session.nbytes == 0

    @pytest.mark.parametrize("address", ["direct"], indirect=True)
    def test_data_is_uploaded_once(self, session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
        sent: list[int] = []
        client = session._backend.client  # type: ignore[attr-defined]
        scatter = client.scatter
        monkeypatch.setattr(client, "scatter", lambda data, **how: sent.append(len(data)) or scatter(data, **how))
        t = mt.tensor(np.arange(100), chunk_size=25)
        t.sum().execute()
        (t + 1).execute()
        t.execute()
        assert sent == [1] * 4

    def test_are_isolated(self, session: Session, address: str) -> None:
        t = mt.ones(3).execute()
        with (
            mars_nb.new_session(address, name="other", default=False) as other,
            pytest.raises(IsolationError, match="executed in session 'main', not in 'other'"),
        ):
            t.fetch(session=other)

    def test_dask_collections(self, session: Session) -> None:
        x = da.arange(100, chunks=10)
        assert session.fetch(session.execute((x + 1).sum())) == 5050
        assert x.sum().compute(scheduler=session.get) == 4950


class TestErrors:
    def test_of_the_users(self, session: Session) -> None:
        df = md.DataFrame(FRAME, chunk_size=30)
        wrong = df.b.map(lambda value: 1 / (value - 10))
        with pytest.raises(ZeroDivisionError, match="division by zero") as caught:
            wrong.execute()
        frames = [entry.name for entry in caught.traceback]
        assert frames[-1] == "<lambda>"
        assert "while computing `map`, recorded in test_direct.py" in caught.value.__notes__[0]
        assert "chunk 2 of 4" in caught.value.__notes__[0]
        assert mars_nb.last_error.operation == "map"

    def test_an_exit_does_not_end_the_worker(self, session: Session) -> None:
        def leaves() -> None:
            raise SystemExit(3)

        with pytest.raises(UserExit, match=r"SystemExit\(3\)"):
            mr.spawn(leaves).execute()
        assert session.n_threads == 2
        assert mt.ones(3).sum().execute().fetch() == 3

    def test_what_cannot_be_sent(self, session: Session) -> None:
        lock = threading.Lock()
        with pytest.raises(TypeError, match="pickle"):
            mr.spawn(lambda: lock).execute()
        assert mt.ones(3).sum().execute().fetch() == 3

    def test_closed(self, session: Session) -> None:
        session.close()
        with pytest.raises(SessionClosed):
            mt.ones(3).execute(session=session)

    def test_nobody_answers(self, monkeypatch: pytest.MonkeyPatch) -> None:
        from mars_nb.session.backends.cluster import connecting

        monkeypatch.setattr(connecting, "TIMEOUT_S", 0.5)
        with pytest.raises(ClusterUnavailable, match=r"no Dask scheduler answers at tcp://127\.0\.0\.1:1 "):
            mars_nb.new_session("tcp://127.0.0.1:1")

    @pytest.mark.parametrize("text", ["soon", "0", "-1", "nan", "inf"])
    def test_nonsense_in_the_environment(self, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("MARS_NB_GRACE_S", text)
        with pytest.raises(ClusterUnavailable, match=f"MARS_NB_GRACE_S is a number of seconds above 0, got '{text}'"):
            mars_nb.new_session("tcp://127.0.0.1:1")


class TestPrints:
    def test_land_here_and_in_the_log(self, session: Session, capsys: pytest.CaptureFixture[str]) -> None:
        import sys

        def tells(number: int) -> int:
            print("number", number)
            print("to stderr", file=sys.stderr)
            return number

        greeting = mr.spawn(tells, args=(7,)).execute()
        out, err = capsys.readouterr()
        assert (out, err) == ("number 7\n", "to stderr\n")
        assert greeting.fetch_log() == "number 7\nto stderr\n"


class TestCancel:
    def test_gives_control_back_at_once(self, session: Session) -> None:
        task = mr.spawn(time.sleep, args=(2 * AT_ONCE_S,)).execute(wait=False)
        until(lambda: task.snapshot().busy)
        start = time.monotonic()
        assert task.cancel()
        assert time.monotonic() - start < AT_ONCE_S
        with pytest.raises(TaskCancelled):
            task.result()
        assert mt.ones(3).sum().execute().fetch() == 3

    def test_frees_the_workers(self, session: Session) -> None:
        def never_ends() -> None:
            while True:
                sum(range(1000))

        task = session.execute([mr.spawn(never_ends) for _ in range(2)], wait=False)
        until(lambda: task.snapshot().busy == 2)
        task.cancel()
        assert session.execute([mr.spawn(int) for _ in range(4)])[0].fetch() == 0

    def test_nothing_more_starts(self, session: Session, tmp_path: Any) -> None:
        def leaves_a_trace(number: int) -> None:
            time.sleep(0.2)
            (tmp_path / str(number)).touch()

        task = session.execute([mr.spawn(leaves_a_trace, args=(i,)) for i in range(20)], wait=False)
        until(lambda: task.snapshot().busy)
        task.cancel()
        mt.ones(3).sum().execute()  # after it
        assert len(list(tmp_path.iterdir())) <= 6


def test_progress_moves(session: Session) -> None:
    task = session.execute([mr.spawn(time.sleep, args=(0.2,)) for _ in range(8)], wait=False)
    seen: list[int] = []

    def look() -> bool:
        snapshot = task.snapshot()
        seen.append(snapshot.done)
        assert snapshot.n_threads == 2
        assert snapshot.busy <= 2
        return task.done()

    until(look, every_s=0.05)
    task.result()
    assert seen == sorted(seen)
    assert len(set(seen)) >= 3
    assert task.snapshot().done == task.snapshot().total == 8
