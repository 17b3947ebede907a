"""A local session is taken along to a cluster."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from typing import Any

import dask.array as da
import numpy as np
import pandas as pd
import pytest
from cluster_tools import PATIENCE_S, kill, until

import mars_nb
import mars_nb.dataframe as md
import mars_nb.remote as mr
import mars_nb.tensor as mt
from mars_nb import Session
from mars_nb.errors import ClusterUnavailable, IsolationError, NotMoved, SessionClosed, TaskCancelled

FRAME = pd.DataFrame({"a": np.arange(30) % 7, "b": np.linspace(0, 1, 30), "c": list("xyzuv") * 6})


@pytest.fixture
def local() -> Iterator[Session]:
    """Give a local default session, and close what became of it."""
    with mars_nb.new_session(name="etl") as made:
        yield made
    if "etl" in mars_nb.sessions:
        mars_nb.sessions["etl"].close()


def counted(folder: Any, value: Any = 1) -> Any:
    with (folder / "calls").open("a") as file:
        file.write("x")
    return value


def calls(folder: Any) -> int:
    return len((folder / "calls").read_text())


class Stubborn:
    """Cannot be pickled, as a connection or a lock."""

    def __reduce__(self) -> Any:
        raise TypeError("cannot pickle 'Stubborn' object")


class TestResults:
    def test_are_there(self, local: Session, address: str) -> None:
        df = md.DataFrame(FRAME, chunk_size=10)
        kept = df[df.a > 2].execute()
        series = (df.b + 1).execute()
        index = md.DataFrame(FRAME.set_index("c")).index.execute()
        total = df.b.sum().execute()
        grid = (mt.arange(35, chunk_size=10).reshape(5, 7) * 2).execute()
        rand = mt.random.rand(40, 30, chunk_size=20).execute()
        thing = mr.spawn(dict, kwargs={"a": [1, 2], "b": {3}}).execute()
        given = mt.tensor(np.arange(10.0), chunk_size=4).execute()
        everything = [kept, series, index, total, grid, rand, thing, given]
        expected = [item.fetch() for item in everything]
        layouts = [local._layout(item.key) for item in everything]
        moved = local.move_to(address)
        assert moved.address is not None
        for item, value, layout in zip(everything, expected, layouts, strict=True):
            found = item.fetch(session=moved)
            assert type(found) is type(value)
            match value:
                case pd.DataFrame():
                    pd.testing.assert_frame_equal(found, value)
                case pd.Series():
                    pd.testing.assert_series_equal(found, value)
                case pd.Index():
                    pd.testing.assert_index_equal(found, value)
                case _:
                    np.testing.assert_equal(found, value)
            assert moved._layout(item.key) == layout
        assert len(moved.results) == len(everything)

    def test_are_not_computed_again(self, local: Session, address: str, tmp_path: Any) -> None:
        one = mr.spawn(counted, args=(tmp_path, 41)).execute()
        moved = local.move_to(address)
        assert one.fetch() == 41
        assert calls(tmp_path) == 1
        more = mr.spawn(lambda x: x + 1, args=(one,)).execute()  # what is recorded on it goes on from there
        assert more.fetch() == 42
        assert calls(tmp_path) == 1
        assert {result.key for result in moved.results} == {one.key, more.key}

    def test_are_computed_again_if_told(self, local: Session, address: str, tmp_path: Any) -> None:
        one = mr.spawn(counted, args=(tmp_path, 41)).execute()
        more = mr.spawn(lambda x: x + 1, args=(one,)).execute()
        local.move_to(address, results="recompute")
        assert [one.fetch(), more.fetch()] == [41, 42]
        assert calls(tmp_path) == 2

    def test_are_computed_on(self, local: Session, address: str) -> None:
        df = md.DataFrame(FRAME, chunk_size=10)
        kept = df[df.a > 2].execute()
        local.move_to(address)
        expected = FRAME[FRAME.a > 2]
        got = kept.groupby("c").b.sum().execute().fetch()
        pd.testing.assert_series_equal(got, expected.groupby("c").b.sum())
        both = (kept.b + kept.a).execute().fetch()  # chunks fit together as before
        pd.testing.assert_series_equal(both, expected.b + expected.a)
        pd.testing.assert_frame_equal(kept.head(3).fetch(), expected.head(3))

    def test_of_dask_collections(self, local: Session, address: str) -> None:
        x = da.arange(10, chunks=5) + 1
        local.execute(x)
        moved = local.move_to(address)
        assert moved.fetch(x).tolist() == list(range(1, 11))
        assert moved.results[0].kind == "Array"

    def test_that_were_restored(self, local: Session, address: str, tmp_path: Any) -> None:
        df = md.DataFrame(FRAME, chunk_size=10).execute()
        mars_nb.save(tmp_path / "saved", {"df": df})
        found = mars_nb.restore(tmp_path / "saved")["df"]
        local.move_to(address, results="recompute")
        pd.testing.assert_frame_equal(found.fetch(), FRAME)
        assert (found.b * 2).sum().execute().fetch() == pytest.approx(30.0)

    def test_that_are_restored_there(self, session: Session, tmp_path: Any) -> None:
        with mars_nb.new_session(default=False) as local:
            df = md.DataFrame(FRAME, chunk_size=10).execute(session=local)
            total = df.a.sum().execute(session=local)
            mars_nb.save(tmp_path / "saved", {"df": df, "total": total}, session=local)
        found = mars_nb.restore(tmp_path / "saved", session=session)
        pd.testing.assert_frame_equal(found["df"].fetch(), FRAME)
        assert found["total"].fetch() == FRAME.a.sum()

    def test_that_are_on_disk(self, address: str) -> None:
        with mars_nb.new_session(name="etl", memory_limit="4MiB") as local:
            t = (mt.ones((1024, 1024), chunk_size=256) * 3).execute()
            assert local.spilled > 0
            with local.move_to(address) as moved:
                assert moved.nbytes == 8 << 20
                assert (t.fetch() == 3).all()

    def test_are_freed_with_their_objects(self, local: Session, address: str) -> None:
        t = (mt.ones(10) + 1).execute()
        r = mt.random.rand(10, chunk_size=5).execute()
        moved = local.move_to(address)
        assert len(moved.results) == 2
        del t, r
        until(lambda: not moved.results)  # a thread that ends may hold one

    def test_keep_what_is_known_of_them(self, local: Session, address: str) -> None:
        def talk() -> int:
            print("hello")
            return 3

        said = mr.spawn(talk).execute()
        df = (md.DataFrame(FRAME, chunk_size=10) * 2).execute()
        local.publish(said=said, df=df)
        before = local.results
        moved = local.move_to(address)
        assert [(r.key, r.kind, r.shape, r.names, r.executed_at, r.place, r.chunks) for r in moved.results] == [
            (r.key, r.kind, r.shape, r.names, r.executed_at, r.place, r.chunks) for r in before
        ]
        assert said.fetch_log() == "hello\n"
        assert moved.results["df"].key == df.key

    def test_come_without_warnings_of_isolation(self, local: Session, address: str) -> None:
        t = mt.random.rand(10, chunk_size=5).execute()
        u = (t + 1).execute()
        local.move_to(address, results="recompute")  # warnings are errors
        assert (u.fetch() == t.fetch() + 1).all()


class TestSession:
    def test_name_and_default_mark_go_along(self, local: Session, address: str) -> None:
        with mars_nb.new_session(name="other", default=False):
            t = mt.ones(3).execute()
            moved = local.move_to(address)
            assert moved.name == "etl"
            assert mars_nb.get_default_session() is moved
            assert list(mars_nb.sessions) == ["etl", "other"]
            assert mars_nb.sessions["etl"] is moved
            assert local.closed
            assert t.fetch().tolist() == [1, 1, 1]
            with pytest.raises(SessionClosed):
                local.fetch(t)

    def test_default_mark_stays_where_it_is(self, local: Session, address: str) -> None:
        with mars_nb.new_session(name="other") as other:
            moved = local.move_to(address)
            assert mars_nb.get_default_session() is other
            assert not moved.is_default

    def test_isolation_names_the_new_one(self, local: Session, address: str) -> None:
        t = mt.ones(3).execute()
        local.move_to(address)
        with (
            mars_nb.new_session(name="other", default=False) as other,
            pytest.raises(IsolationError, match="executed in session 'etl', not in 'other'"),
        ):
            t.fetch(session=other)

    def test_without_results(self, local: Session, address: str, capsys: Any) -> None:
        moved = local.move_to(address)
        assert not moved.results
        assert capsys.readouterr().out.startswith("moving 0 results of session 'etl' to ")
        assert mt.ones(3).sum().execute().fetch() == 3

    def test_sending_is_a_task(self, local: Session, address: str) -> None:
        t = (mt.ones(30, chunk_size=10) + 1).execute()
        moved = local.move_to(address)
        assert [(task.state, task.done, task.total) for task in moved.tasks] == [("done", 3, 3)]
        assert t.key in {result.key for result in moved.results}

    def test_gateway_knows_it_all(self, local: Session, gateway: Any) -> None:
        def talk() -> int:
            print("hello")
            return 3

        said = mr.spawn(talk).execute()
        local.publish(said=said)
        moved: Any = local.move_to(gateway.url)
        facts = moved._backend.ask("GET", "/results")
        assert [(fact["key"], fact["names"], fact["log"]) for fact in facts] == [(said.key, ["said"], "hello\n")]
        moved.detach()
        with pytest.warns(mars_nb.errors.SessionWarning, match="attached to the existing session 'etl': 1 result"):
            again = mars_nb.new_session(gateway.url, name="etl")
        assert again.results["said"].fetch() == 3


class TestPlan:
    def test_is_told_first(self, local: Session, address: str, capsys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        df = md.DataFrame(FRAME, chunk_size=10)
        monkeypatch.setitem(globals(), "kept", (df.b + 1).execute())  # as in a notebook
        monkeypatch.setitem(globals(), "rand", mt.random.rand(128, 128, chunk_size=64).execute())
        local.move_to(address)
        place = address.partition("?")[0].rstrip("/")
        line = capsys.readouterr().out
        assert line.startswith("moving 2 results of session 'etl' to " + place)
        assert " uploaded (kept), " in line
        assert line.endswith("1 recomputed (rand)\n")
        assert ("of data that they are computed from" in line) == address.startswith("http")
        assert "token" not in line

    def test_alone(self, local: Session) -> None:
        df = md.DataFrame(FRAME, chunk_size=10)
        kept = (df.b + 1).execute()
        rand = mt.random.rand(128, 128, chunk_size=64).execute()
        local.publish(r=rand, kept=kept)
        plan: Any = local.move_to("http://127.0.0.1:1/?token=secret", dry_run=True)
        assert [(r.name, r.kind, r.how, r.nbytes) for r in plan.results] == [
            ("kept", "Series", "uploaded", local._backend.nbytes_of(kept.key)),
            ("r", "Tensor", "recomputed", 128 * 128 * 8),
        ]
        assert plan.nbytes == plan.results[0].nbytes + plan.data_nbytes
        assert plan.data_nbytes >= FRAME.size * 8
        assert "secret" not in repr(plan)
        assert "<table>" in plan._repr_html_()
        assert not local.closed
        direct: Any = local.move_to("tcp://127.0.0.1:1", dry_run=True)
        assert direct.data_nbytes == 0
        again: Any = local.move_to("tcp://127.0.0.1:1", "recompute", dry_run=True)
        assert {r.how for r in again.results} == {"recomputed"}
        assert again.nbytes == again.data_nbytes == plan.data_nbytes
        sent: Any = local.move_to("tcp://127.0.0.1:1", "upload", dry_run=True)
        assert {r.how for r in sent.results} == {"uploaded"}

    def test_empty_memory_is_not_made_again(self, local: Session) -> None:
        empty = mt.empty(30, chunk_size=10).execute()  # noqa: F841
        plan: Any = local.move_to("tcp://127.0.0.1:1", dry_run=True)
        assert [result.how for result in plan.results] == ["uploaded"]


class TestNotMoved:
    @pytest.fixture(autouse=True)
    def intact(self, local: Session) -> Iterator[None]:
        t = (mt.arange(30, chunk_size=10) + 1).execute()
        yield
        assert not local.closed
        assert local.is_default
        assert local.name == "etl"
        assert list(mars_nb.sessions) == ["etl"]
        assert t.fetch().tolist() == list(range(1, 31))

    @pytest.mark.parametrize("how", ["auto", "upload"])
    def test_what_cannot_be_pickled(self, local: Session, address: str, how: str, gateway: Any) -> None:
        model = mr.spawn(Stubborn).execute()
        local.publish(model=model)
        with pytest.raises(
            NotMoved, match=r"model, a result of RemoteFunction, cannot be sent to .*Stubborn"
        ) as caught:
            local.move_to(address, how)
        assert "session.free(model)  # then it is moved without it" in caught.value.hints
        assert "session 'etl' was not moved: it is as it was" in "".join(caught.value.__notes__)
        assert isinstance(model.fetch(), Stubborn)
        with mars_nb.new_session(gateway.url, name="other", default=False) as other:
            found = other._backend.requests.json("GET", "/api/v1/sessions")  # type: ignore[attr-defined]
            assert [facts["name"] for facts in found] == ["other"]  # the half that was there is closed

    def test_what_fails_there(self, local: Session, address: str) -> None:
        here = threading.get_native_id()
        one = mr.spawn(lambda: 1 / (1 if _is_here(here) else 0)).execute()
        with pytest.raises(ZeroDivisionError) as caught:
            local.move_to(address, results="recompute")
        assert "session 'etl' was not moved: it is as it was" in "".join(caught.value.__notes__)
        assert one.fetch() == 1

    def test_running_tasks(self, local: Session) -> None:
        go = threading.Event()
        task = mr.spawn(go.wait).execute(wait=False)
        with pytest.raises(NotMoved, match=rf"running tasks: {task.number}"):
            local.move_to("tcp://127.0.0.1:1")
        go.set()
        task.result(PATIENCE_S)

    def test_execution_meanwhile(self, local: Session, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
        late = mt.ones(3) + 5
        monkeypatch.setattr(Session, "_reserve", lambda self, name: late.execute(session=local))
        if address.startswith("http"):
            from mars_nb.session.backends.gateway.session import GatewaySession

            monkeypatch.delattr(GatewaySession, "_reserve")
        with pytest.raises(NotMoved, match="something was executed in session 'etl' while it was moved"):
            local.move_to(address)
        assert late.fetch().tolist() == [6, 6, 6]

    @pytest.mark.parametrize("how", ["cancel", "Ctrl-C"])
    def test_interrupt(self, local: Session, address: str, how: str, monkeypatch: pytest.MonkeyPatch) -> None:
        read = type(local._backend).read
        seen = []
        main = threading.get_ident()

        def slow(backend: Any, name: str, keys: Any) -> Any:
            seen.append(keys)
            if len(seen) == 2:
                (task,) = next(s for s in mars_nb.sessions.values() if s.name != "etl").running
                if how == "cancel":
                    task.cancel()
                else:
                    signal.pthread_kill(main, signal.SIGINT)
                    until(task.done)
            return read(backend, name, keys)

        monkeypatch.setattr(type(local._backend), "read", slow)
        with pytest.raises(TaskCancelled if how == "cancel" else KeyboardInterrupt):
            local.move_to(address)
        assert len(seen) == 2
        monkeypatch.undo()

    def test_taken_name(self, local: Session, gateway: Any) -> None:
        local.rename("free")
        with mars_nb.new_session(gateway.url, name="etl", default=False) as there:
            there.detach()
        local.rename("etl")
        with pytest.raises(NotMoved, match="there is a session 'etl' already"):
            local.move_to(gateway.url)
        local.rename("free")
        with pytest.warns(mars_nb.errors.SessionWarning, match="existing session 'etl'"):
            mars_nb.new_session(gateway.url, name="etl", default=False).close()
        local.rename("etl")

    def test_nobody_there(self, local: Session) -> None:
        with pytest.raises(ClusterUnavailable):
            local.move_to("http://127.0.0.1:1/?token=x")

    def test_wrong_words(self, local: Session) -> None:
        with pytest.raises(ValueError, match="results= takes 'auto', 'upload', 'recompute'; got 'copy'"):
            local.move_to("tcp://127.0.0.1:1", "copy")
        with pytest.raises(TypeError, match="an address is a URL"):
            local.move_to(None)  # type: ignore[arg-type]

    def test_from_a_cluster(self, local: Session, cluster: Any) -> None:
        with (
            mars_nb.new_session(cluster.address, name="there", default=False) as there,
            pytest.raises(NotMoved, match="session 'there' is on a cluster"),
        ):
            there.move_to(cluster.address)

    def test_closed(self) -> None:
        with mars_nb.new_session(default=False) as short:
            pass
        with pytest.raises(SessionClosed):
            short.move_to("tcp://127.0.0.1:1")


def _is_here(process: int) -> bool:
    return os.path.exists(f"/proc/self/task/{process}")


class TestFaults:
    @pytest.mark.parametrize("through", ["direct", "gateway"])
    def test_lost_uploads_are_computed(
        self, local: Session, own_cluster: Any, through: str, start_gateway: Callable[..., Any]
    ) -> None:
        first = own_cluster.add_worker()
        df = md.DataFrame(FRAME, chunk_size=10)
        kept = df[df.a > 2].execute()
        address = own_cluster.address if through == "direct" else start_gateway(own_cluster.address).url
        with mars_nb.new_session(own_cluster.address, name="watch", default=False) as watch:
            own_cluster.until_ready(watch, 1)
            with local.move_to(address):
                own_cluster.add_worker()
                own_cluster.until_ready(watch, 2)
                kill(first)
                total = kept.b.sum().execute()
                assert total.fetch() == pytest.approx(FRAME[FRAME.a > 2].b.sum())
                pd.testing.assert_frame_equal(kept.fetch(), FRAME[FRAME.a > 2])
