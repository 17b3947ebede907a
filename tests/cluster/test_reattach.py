"""Sessions behind a gateway outlive the process that opened them."""

from __future__ import annotations

import subprocess
import textwrap
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
import pandas as pd
import pytest
from cluster_tools import PATIENCE_S, running, until

import mars_nb
import mars_nb.dataframe as md
import mars_nb.tensor as mt
from mars_nb import Session
from mars_nb.errors import SessionClosed, SessionWarning, UnknownResult, UnknownSession


class Kernel:
    """Another process: a kernel that goes away."""

    def __init__(self, url: str) -> None:
        self._url = url

    def running(self, code: str) -> AbstractContextManager[subprocess.Popen[str]]:
        lines = [
            "import os, sys, time",
            "import mars_nb, mars_nb.dataframe as md, mars_nb.remote as mr, mars_nb.tensor as mt",
            f"session = mars_nb.new_session({self._url!r}, name='etl')",
            textwrap.dedent(code),
        ]
        return running("\n".join(lines))

    def run(self, code: str) -> str:
        with self.running(code) as process:
            return process.communicate(timeout=PATIENCE_S)[0]


@pytest.fixture
def kernel(gateway: Any) -> Kernel:
    return Kernel(gateway.url)


@pytest.fixture
def attach(gateway: Any) -> Iterator[Callable[..., Session]]:
    def attached(**how: Any) -> Session:
        with pytest.warns(SessionWarning, match="attached to the existing session 'etl'"):
            return mars_nb.new_session(gateway.url, name="etl", **how)

    yield attached
    if "etl" in mars_nb.sessions:
        mars_nb.sessions["etl"].close()
    else:
        mars_nb.new_session(gateway.url, name="etl").close()


MAKE = """
    df = md.DataFrame({"a": [3, 1, 2], "b": [1.5, 2.5, 3.5]}, chunk_size=2).execute()
    t = mt.arange(100_000, chunk_size=30_000).execute()
    said = mr.spawn(print, args=("hello",)).execute()
    session.publish(df=df, t=t, said=said)
"""


class TestResults:
    def test_are_found_by_name(self, kernel: Kernel, attach: Any) -> None:
        kernel.run(MAKE)
        session = attach()
        assert session.results.names == ["df", "said", "t"]
        df = session.results["df"]
        assert isinstance(df, md.DataFrame)
        assert list(df.columns) == ["a", "b"]
        pd.testing.assert_frame_equal(df.fetch(), pd.DataFrame({"a": [3, 1, 2], "b": [1.5, 2.5, 3.5]}))
        assert (session.results["t"].fetch() == np.arange(100_000)).all()
        result = session.results[0]
        assert (result.kind, result.shape, result.chunks, result.names) == ("DataFrame", (3, 2), 2, ("df",))
        assert session.results["said"].fetch_log() == "hello\n"

    def test_are_computed_on(self, kernel: Kernel, attach: Any) -> None:
        kernel.run(MAKE)
        session = attach()
        df = session.results["df"]
        assert df[df.a > 1].b.sum().execute().fetch() == 5.0
        assert (session.results["t"] * 2).sum().execute().fetch() == 99_999 * 100_000
        with mars_nb.new_session(default=False) as local:  # what is needed is fetched
            total = (session.results["t"] + 1).sum()
            with pytest.warns(SessionWarning, match="was executed in session 'etl'"):
                total.execute(session=local)
            assert total.fetch(session=local) == 5_000_050_000

    def test_stay_when_their_objects_go(self, kernel: Kernel, attach: Any) -> None:
        kernel.run(MAKE)
        session = attach()
        session.results["df"].fetch()
        assert "df" in session.results.names
        assert session.free(session.results["t"]) == 800_000
        assert session.results.names == ["df", "said"]
        session.detach()
        assert attach().results.names == ["df", "said"]

    def test_of_a_name_that_is_none(self, kernel: Kernel, attach: Any) -> None:
        kernel.run(MAKE)
        with pytest.raises(UnknownResult, match="no result named 'sad'; did you mean 'said'"):
            attach().results["sad"]

    def test_of_a_kernel_that_died(self, kernel: Kernel, attach: Any) -> None:
        kernel.run(MAKE + "\n    os._exit(1)")
        assert attach().results["df"].shape == (3, 2)


class TestRunning:
    def test_task_is_followed(self, kernel: Kernel, attach: Any, tmp_path: Any) -> None:
        code = f"""
            def slow(i):
                while not os.path.exists({str(tmp_path / "go")!r}): time.sleep(0.02)
                print("done", i)
                return i
            task = session.execute([mr.spawn(slow, args=(i,)) for i in range(4)], wait=False)
            while not task.snapshot().busy: time.sleep(0.01)
            os._exit(0)
        """
        kernel.run(code)
        session = attach()
        (task,) = session.running
        snapshot = until(lambda: task.snapshot() if task.snapshot().busy else None)
        assert (snapshot.done, snapshot.total) == (0, 4)
        assert task.info().label == "RemoteFunction ×4"
        (tmp_path / "go").touch()
        results = task.result(PATIENCE_S)
        assert sorted(result.fetch() for result in results) == [0, 1, 2, 3]
        assert len(session.results) == 4
        assert not session.running
        assert task.snapshot().fraction == 1.0

    def test_task_of_another_fails_with_its_error(self, kernel: Kernel, attach: Any, tmp_path: Any) -> None:
        code = f"""
            def slow():
                while not os.path.exists({str(tmp_path / "go")!r}): time.sleep(0.02)
                raise LookupError("it is not there")
            task = mr.spawn(slow).execute(wait=False)
            while not task.snapshot().busy: time.sleep(0.01)
            os._exit(0)
        """
        kernel.run(code)
        (task,) = attach().running
        (tmp_path / "go").touch()
        with pytest.raises(LookupError, match="it is not there") as caught:
            task.result(PATIENCE_S)
        assert caught.traceback[-1].name == "slow"


class TestTwoNotebooks:
    def test_see_each_others_results_names_and_tasks(self, kernel: Kernel, attach: Any) -> None:
        code = """
            a = mt.ones(3).execute()
            session.publish(a=a)
            print("ready", flush=True)
            sys.stdin.readline()
            while "b" not in session.results.names: time.sleep(0.02)
            print(session.results["b"].fetch(), len(session.results), flush=True)
            c = (session.results["b"] + a).execute()
            session.publish(c=c)
            session.detach()
        """
        with kernel.running(code) as other:
            assert other.stdout is not None
            assert other.stdout.readline() == "ready\n"
            session = attach()
            b = (session.results["a"] + 1).execute()
            session.publish(b=b)
            out, _ = other.communicate(timeout=PATIENCE_S)
        assert out == "[2. 2. 2.] 2\n"
        until(lambda: "c" in session.results.names)
        assert session.results["c"].fetch().tolist() == [3.0, 3.0, 3.0]


class TestEnds:
    def test_closing_is_for_all(self, kernel: Kernel, attach: Any, gateway: Any) -> None:
        kernel.run(MAKE)
        session = attach()
        df = session.results["df"]
        kernel.run("session.close()")
        until(lambda: session.is_gone)
        assert not session.results
        with pytest.raises(SessionClosed, match="session 'etl' is not on the cluster any more"):
            df.fetch()
        with pytest.raises(SessionClosed, match="is not on the cluster"):
            mt.ones(3).execute()
        fresh = mars_nb.new_session(gateway.url, name="etl")
        assert fresh is not session
        assert session.closed
        assert not fresh.results

    def test_with_statement_ends_it(self, gateway: Any) -> None:
        with mars_nb.new_session(gateway.url, name="etl2", default=False):
            pass
        with pytest.raises(UnknownSession, match="no session named 'etl2'"):
            mars_nb.new_session(gateway.url, name="etl2", new=False)

    def test_names_are_the_gateways(self, kernel: Kernel, attach: Any, gateway: Any) -> None:
        kernel.run("session.rename('other'); t = mt.ones(3).execute()")
        with pytest.warns(SessionWarning, match="existing session 'other': 1 result, 24 B"):
            session = mars_nb.new_session(gateway.url, name="other", new=False)
        session.rename("etl")
        assert kernel.run("print(len(session.results))") == "1\n"

    def test_time_is_told_and_extended(self, attach: Any, gateway: Any) -> None:
        session: Any = mars_nb.new_session(gateway.url, name="etl")
        assert 24 * 3600 - 5 < session.expires_in <= 24 * 3600
        assert session.extend(48 * 3600) == pytest.approx(48 * 3600, abs=1)
        assert session.expires_in == pytest.approx(48 * 3600, abs=5)
