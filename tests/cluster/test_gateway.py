"""Sessions behind the gateway: what is sent and brought, and what breaks."""

from __future__ import annotations

import gc
import signal
import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from cluster_tools import AT_ONCE_S, PATIENCE_S, drivers_of, through, until
from tcp_proxy import Proxy

import mars_nb
import mars_nb.dataframe as md
import mars_nb.remote as mr
import mars_nb.tensor as mt
from mars_nb import Session
from mars_nb.errors import (
    ClusterLost,
    ClusterUnavailable,
    IsolationError,
    SessionClosed,
    TaskCancelled,
    WholeError,
    WholeWarning,
)
from mars_nb.session.backends.gateway import stream


@pytest.fixture
def address(gateway: Any) -> str:
    return str(gateway.url)


@pytest.fixture
def requests(session: Session, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str, int]]:
    """Note the requests that the session sends from now on: method, last parts of the path, bytes."""
    sent: list[tuple[str, str, int]] = []
    backend: Any = session._backend
    ask = backend.requests._ask

    def note(method: str, path: str, body: Any, headers: Any) -> Any:
        sent.append((method, path.partition("/sessions/")[2].partition("/")[2], 0 if body is None else len(body)))
        return ask(method, path, body, headers)

    monkeypatch.setattr(backend.requests, "_ask", note)
    return sent


class TestWhatIsSent:
    def test_known_nodes_are_not_sent_again(self, session: Session, requests: Any) -> None:
        df = md.DataFrame({"a": np.arange(50_000), "b": np.ones(50_000)})
        wide = df.assign(c=df.a * 2)
        wide.execute()
        (wide.c + 1).sum().execute()
        assert [(method, path) for method, path, _ in requests] == [("POST", "runs")] * 2
        assert requests[0][2] > 800_000
        assert requests[1][2] < 10_000

    def test_large_data_is_uploaded_once(self, session: Session, requests: Any) -> None:
        x = np.random.default_rng(0).random(1_000_000)
        t = mt.tensor(x, chunk_size=300_000)
        assert t.sum().execute().fetch() == pytest.approx(x.sum())
        assert t.max().execute().fetch() == x.max()
        again = mt.tensor(x.copy())  # the same content
        assert again.min().execute().fetch() == x.min()
        uploads = [path for method, path, _ in requests if method == "PUT"]
        assert len(uploads) == 1
        assert sum(nbytes for *_, nbytes in requests) < x.nbytes + 100_000

    def test_what_is_forgotten_is_sent_again(self, session: Session, requests: Any) -> None:
        df = md.DataFrame({"a": np.arange(1000)})
        total = df.a.sum().execute()
        backend: Any = session._backend
        for node in list(backend._sent):
            backend.release(node.key)
        until(lambda: not backend._stream._released)
        assert df.a.max().execute().fetch() == 999
        assert (df.a + 1).max().execute().fetch() == 1000
        del total

    def test_nodes_that_are_gone_are_forgotten_there(self, session: Session) -> None:
        backend: Any = session._backend
        t = mt.ones(10)
        (t + 1).execute()
        (t + 2).execute()
        assert len(backend._sent) >= 1
        del t
        gc.collect()
        assert len(backend._sent) == 0

    def test_a_long_recording(self, session: Session) -> None:
        t = mt.zeros(3)
        for _ in range(3000):
            t = t + 1
        assert t.execute().fetch().tolist() == [3000.0] * 3

    @pytest.mark.filterwarnings("ignore:Sending large graph")
    def test_large_python_objects(self, session: Session) -> None:
        words = [f"word {i}" for i in range(2_000_000)]
        assert mr.spawn(len, args=(words,)).execute().fetch() == 2_000_000


class TestWhatIsBrought:
    def test_many_chunks_in_batches(self, session: Session, requests: Any) -> None:
        t = mt.random.rand(10_000_000, chunk_size=1_000_000).execute()
        whole = t.fetch()
        assert whole.shape == (10_000_000,)
        assert t.mean().execute().fetch() == pytest.approx(whole.mean())
        reads = [path for _, path, _ in requests if path == "read"]
        assert len(reads) == 5
        whole[0] = 7  # it is one's own
        assert t[0].fetch() != 7

    def test_frames(self, session: Session) -> None:
        pdf = pd.DataFrame({"n": np.arange(300_000), "s": [f"text {i % 99}" for i in range(300_000)]})
        df = md.DataFrame(pdf, chunk_size=70_000).execute()
        pd.testing.assert_frame_equal(df.fetch(), pdf)
        pd.testing.assert_frame_equal(df.iloc[69_998:70_003].fetch(), pdf.iloc[69_998:70_003])

    def test_explanations(self, session: Session) -> None:
        df = md.DataFrame(pd.DataFrame({"n": np.arange(300_000)}), chunk_size=70_000).execute()
        text = str(df[df.n > 3].n.sum().explain())
        assert f"operations would run in session {session.name!r}" in text
        assert "result in 5 chunks" in text

    def test_small_ones_come_with_the_end(self, session: Session, requests: Any) -> None:
        assert mt.ones(100).sum().execute().fetch() == 100
        assert [path for _, path, _ in requests] == ["runs"]

    def test_large_values_of_dask_graphs(self, session: Session, requests: Any) -> None:
        (x,) = session.get({"x": (np.ones, 100_000)}, ["x"])
        assert x.sum() == 100_000
        assert [path for _, path, _ in requests] == ["runs", "read"]

    def test_of_a_result_that_somebody_freed(self, session: Session) -> None:
        t = mt.random.rand(100_000).execute()
        backend: Any = session._backend
        backend.ask("POST", "/release", {"keys": [t.key]})
        until(lambda: not session.results)
        with pytest.raises(IsolationError, match="Cannot fetch unexecuted tileable"):
            t.fetch()


class TestWarnings:
    def test_come_to_the_user(self, session: Session) -> None:
        df = md.DataFrame({"a": np.arange(100)}, chunk_size=20)
        with pytest.warns(WholeWarning, match="has no form for many chunks"):
            df.apply(lambda column: column.max()).execute()

    @pytest.mark.filterwarnings("error")
    def test_may_be_errors(self, session: Session) -> None:
        df = md.DataFrame({"a": np.arange(100)}, chunk_size=20)
        with pytest.raises(WholeWarning):
            df.apply(lambda column: column.max()).execute()

    def test_may_be_forbidden_and_allowed(self, session: Session) -> None:
        df = md.DataFrame({"a": np.arange(100)}, chunk_size=20)
        with mars_nb.option_context({"on_gather": "error"}), pytest.raises(WholeError, match="many chunks"):
            df.apply(lambda column: column.max()).execute()
        with mars_nb.option_context({"on_gather": "allow"}):
            assert df.apply(lambda column: column.max()).execute().fetch().tolist() == [99]


class TestErrors:
    def test_of_classes_that_cannot_be_sent(self, session: Session) -> None:
        def fails() -> None:
            class OwnError(ValueError):
                def __init__(self, a: int, b: int) -> None:
                    super().__init__(f"{a} and {b}")
                    self.lock = threading.Lock()

            raise OwnError(1, 2)

        with pytest.raises(Exception, match="1 and 2"):
            mr.spawn(fails).execute()

    def test_of_the_notebooks_own_classes(self, session: Session) -> None:
        class OwnError(Exception):
            pass

        def fails() -> None:
            raise OwnError("mine")

        with pytest.raises(OwnError, match="mine"):
            mr.spawn(fails).execute()

    def test_keep_their_causes(self, session: Session) -> None:
        def fails() -> None:
            try:
                {}["key"]  # type: ignore[index]
            except KeyError as error:
                raise LookupError("outer") from error

        with pytest.raises(LookupError, match="outer") as caught:
            mr.spawn(fails).execute()
        assert isinstance(caught.value.__cause__, KeyError)

    def test_of_what_cannot_be_read_there(self, session: Session, tmp_path: Any, monkeypatch: Any) -> None:
        (tmp_path / "helpers_here.py").write_text("def three():\n    return 3\n")
        monkeypatch.syspath_prepend(tmp_path)
        import helpers_here  # type: ignore[import-not-found]

        with pytest.raises(ModuleNotFoundError, match="helpers_here"):
            mr.spawn(helpers_here.three).execute()
        assert mt.ones(3).sum().execute().fetch() == 3

    def test_a_wrong_token(self, gateway: Any) -> None:
        url = gateway.url.partition("?")[0]
        with pytest.raises(ClusterUnavailable, match="a valid token is needed"):
            mars_nb.new_session(f"{url}?token=wrong")

    def test_the_token_is_nowhere(self, session: Session, gateway: Any) -> None:
        token = gateway.url.partition("token=")[2]
        assert len(token) > 20
        backend: Any = session._backend
        shown = [repr(session), repr(backend.requests), str(session.address), repr(vars(backend))]
        assert not any(token in text for text in shown)


class TestBrokenConnections:
    def test_events_are_resumed(self, proxy: Proxy, gateway: Any, capsys: pytest.CaptureFixture[str]) -> None:
        def tells(number: int) -> int:
            for step in range(10):
                print(f"{number}.{step}")
                time.sleep(0.05)
            return number

        with mars_nb.new_session(through(proxy, gateway.url), name="cut") as session:
            task = session.execute([mr.spawn(tells, args=(i,)) for i in range(4)], wait=False)
            until(lambda: proxy.cut() or task.done(), every_s=0.1)
            assert [t.fetch() for t in task.result()] == [0, 1, 2, 3]
        expected = [f"{number}.{step}\n" for number in range(4) for step in range(10)]
        assert sorted(capsys.readouterr().out) == sorted("".join(expected))  # the lines of two workers may mix

    def test_what_was_missed_is_asked_for(self, proxy: Proxy, gateway: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        with mars_nb.new_session(through(proxy, gateway.url), name="missed") as session:
            backend: Any = session._backend
            proxy.is_open = False
            proxy.cut()
            backend._stream._since = 10**6  # as if the driver had forgotten what comes next
            proxy.is_open = True
            task = mr.spawn(abs, args=(-3,)).execute(wait=False)
            assert task.result(PATIENCE_S).fetch() == 3

    def test_a_gateway_that_does_not_come_back(
        self, proxy: Proxy, gateway: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(stream, "LOST_S", 0.5)
        monkeypatch.setattr(stream, "MOST_S", 0.2)
        session = mars_nb.new_session(through(proxy, gateway.url), name="lost")
        task = mr.spawn(time.sleep, args=(4.0,)).execute(wait=False)
        proxy.is_open = False
        proxy.cut()
        with pytest.raises(ClusterLost, match=r"the gateway at .* does not answer"):
            task.result(PATIENCE_S)
        with pytest.raises(ClusterLost, match="does not answer"):
            mt.ones(3).execute()
        proxy.is_open = True
        assert until(lambda: _try(lambda: mt.ones(3).sum().execute().fetch())) == 3
        session.close()


def _try(call: Callable[[], Any]) -> Any:
    try:
        return call()
    except ClusterLost:
        return None


class TestCancel:
    def test_by_somebody_else(self, session: Session) -> None:
        task = mr.spawn(time.sleep, args=(1.0,)).execute(wait=False)
        until(lambda: task.snapshot().busy)
        backend: Any = session._backend
        (number,) = backend._runs
        backend.ask("DELETE", f"/runs/{number}")
        with pytest.raises(TaskCancelled, match="by somebody else"):
            task.result(PATIENCE_S)

    def test_while_it_is_sent(self, session: Session, requests: Any) -> None:
        x = np.random.default_rng(0).random(3_000_000)
        backend: Any = session._backend
        send = backend._send

        def stopped(*args: Any) -> None:
            send(*args)
            raise KeyboardInterrupt

        backend._send = stopped
        with pytest.raises(KeyboardInterrupt):
            mt.tensor(x).sum().execute()
        backend._send = send
        assert not session.running
        assert mt.tensor(x).sum().execute().fetch() == pytest.approx(x.sum())


class TestDriver:
    def test_killed(self, session: Session, gateway: Any) -> None:
        t = mt.random.rand(100_000).execute()
        task = mr.spawn(time.sleep, args=(1.0,)).execute(wait=False)
        until(lambda: task.snapshot().busy)
        (driver,) = drivers_of(gateway)
        driver.kill()
        with pytest.raises(SessionClosed, match="its driver process ended"):
            task.result(PATIENCE_S)
        with pytest.raises(SessionClosed, match="its driver process ended, and its results with it"):
            t.fetch()
        session.close()


def test_interrupt_of_a_large_fetch_gives_control_back(session: Session) -> None:
    t = mt.random.rand(30_000_000, chunk_size=1_000_000).execute()
    timer = threading.Timer(0.1, lambda: signal.raise_signal(signal.SIGINT))
    timer.start()
    start = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        t.fetch(force=True)
    assert time.monotonic() - start < AT_ONCE_S
    timer.join()
    assert t.size == 30_000_000
