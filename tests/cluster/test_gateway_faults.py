"""What a session behind a gateway does when something breaks: real processes are killed, real connections cut."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cluster_tools import AT_ONCE_S, PATIENCE_S, drivers_of, kill, port_of, running, through, until
from tcp_proxy import Proxy

import mars_nb
import mars_nb.remote as mr
import mars_nb.tensor as mt
from mars_nb.errors import ClusterLost, MarsError, SessionClosed, SessionWarning
from mars_nb.gateway.auth import hash_token

TOKENS = {name: f"{name}-{'x' * 40}" for name in ("ann", "bob")}

pytestmark = pytest.mark.slow


def uploads_of(gateway: Any) -> Iterator[int]:
    """Give the sizes of the files that drivers have open for uploads."""
    for driver in drivers_of(gateway):
        for file in Path(f"/proc/{driver.pid}/fd").iterdir():
            with contextlib.suppress(FileNotFoundError):  # closed meanwhile
                if "mars_nb-uploads-" in os.readlink(file):
                    yield file.stat().st_size


def gated(folder: Path) -> Callable[[], int]:
    """Give a function that has begun when there is one file, and ends when there is another."""

    def wait() -> int:
        (folder / "begun").touch()
        while not (folder / "go").exists():
            time.sleep(0.01)
        return 7

    return wait


@pytest.fixture
def users(tmp_path: Path) -> str:
    """Give the option for a file of two users."""
    file = tmp_path / "users"
    file.write_text("".join(f"{name}:{hash_token(token)}\n" for name, token in TOKENS.items()))
    return f"--token-file={file}"


class TestWorkers:
    def test_one_is_killed_between_execute_and_fetch(self, own_cluster: Any, start_gateway: Any) -> None:
        own_cluster.add_worker()
        x = np.arange(200_000.0)
        with mars_nb.new_session(start_gateway(own_cluster.address).url) as session:
            own_cluster.until_ready(session, 1)
            given = mt.tensor(x, chunk_size=50_000).execute()
            doubled = (given * 2).execute()
            own_cluster.add_worker()
            own_cluster.until_ready(session, 2)
            kill(own_cluster.workers[0])
            until(lambda: session.n_threads == 1)
            np.testing.assert_array_equal(doubled.fetch(), x * 2)
            np.testing.assert_array_equal((doubled + given).execute().fetch(), x * 3)
            np.testing.assert_array_equal(given.fetch(), x)

    def test_all_are_lost(self, own_cluster: Any, start_gateway: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("MARS_NB_GRACE_S", "1")  # for the driver
        worker = own_cluster.add_worker()
        with mars_nb.new_session(start_gateway(own_cluster.address).url) as session:
            own_cluster.until_ready(session, 1)
            before = mt.ones(100_000).execute()
            task = mr.spawn(time.sleep, args=(60,)).execute(wait=False)
            until(lambda: task.snapshot().busy)
            kill(worker)
            with pytest.raises(ClusterLost, match="no workers for 1 s"):
                task.result(PATIENCE_S)
            own_cluster.add_worker()
            own_cluster.until_ready(session, 1)
            assert mt.ones(3).sum().execute().fetch() == 3
            assert before.sum().execute().fetch() == 100_000

    def test_nonsense_for_how_long_that_may_be(
        self, own_cluster: Any, start_gateway: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("MARS_NB_GRACE_S", "soon")
        gateway = start_gateway(own_cluster.address)
        with pytest.raises(MarsError, match="MARS_NB_GRACE_S is a number of seconds above 0, got 'soon'"):
            mars_nb.new_session(gateway.url)


def test_the_scheduler_is_gone(own_cluster: Any, start_gateway: Any) -> None:
    own_cluster.add_worker()
    gateway = start_gateway(own_cluster.address)
    session = mars_nb.new_session(gateway.url, name="etl")
    own_cluster.until_ready(session, 1)
    kept = mt.ones(100_000).execute()
    task = mr.spawn(time.sleep, args=(60,)).execute(wait=False)
    until(lambda: task.snapshot().busy)
    kill(own_cluster.scheduler)
    started = time.monotonic()
    with pytest.raises(ClusterLost):
        task.result(PATIENCE_S)
    with pytest.raises(ClusterLost, match=r"the connection to the cluster at tcp://127\.0\.0\.1:\d+ broke"):
        mt.ones(3).execute()
    with pytest.raises(ClusterLost):
        kept.fetch()
    assert time.monotonic() - started < 10

    (driver,) = drivers_of(gateway)
    own_cluster.start_scheduler_again()
    own_cluster.add_worker()
    until(lambda: not driver.is_running())
    with pytest.raises(SessionClosed, match="the connection to the Dask cluster behind the gateway broke"):
        mt.ones(3).execute()
    again = mars_nb.new_session(gateway.url, name="etl")
    own_cluster.until_ready(again, 1)
    assert mt.ones(3).sum().execute().fetch() == 3


def test_a_users_driver_is_killed(cluster: Any, start_gateway: Any, users: str, tmp_path: Path) -> None:
    gateway = start_gateway(cluster.address, users)
    address = gateway.url.split(" ")[0]
    ann, bob = (mars_nb.new_session(f"{address}?token={TOKENS[name]}", name=name) for name in ("ann", "bob"))
    cluster.until_ready(ann)
    theirs = mt.ones(100_000).execute(session=bob)
    mine = mt.ones(100_000).execute(session=ann)
    task = mr.spawn(gated(tmp_path)).execute(session=ann, wait=False)
    until((tmp_path / "begun").exists)
    kill(min(drivers_of(gateway), key=lambda driver: driver.create_time()))
    for what in (
        lambda: task.result(PATIENCE_S),
        lambda: mine.fetch(session=ann),
        lambda: mt.ones(3).execute(session=ann),
    ):
        with pytest.raises(
            SessionClosed, match="session 'ann' is not on the cluster any more: its driver process ended"
        ):
            what()
    (tmp_path / "go").touch()
    assert theirs.fetch(session=bob).sum() == 100_000
    again = mars_nb.new_session(f"{address}?token={TOKENS['ann']}", name="ann")
    assert mt.ones(3).sum().execute(session=again).fetch(session=again) == 3


class TestTheGatewayIsRestarted:
    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
    def test_with_a_state_directory(self, cluster: Any, start_gateway: Any, tmp_path: Path, number: int) -> None:
        option = f"--state-dir={tmp_path / 's'}"
        first = start_gateway(cluster.address, option)
        session = mars_nb.new_session(first.url, name="etl")
        cluster.until_ready(session)
        t = mt.arange(100_000, chunk_size=30_000).execute()
        task = mr.spawn(gated(tmp_path)).execute(wait=False)
        session.publish(t=t)
        until((tmp_path / "begun").exists)
        first.process.send_signal(number)
        first.process.wait(PATIENCE_S)
        with pytest.raises(ClusterLost, match=r"the gateway at .* does not answer"):
            t.fetch()
        second = start_gateway(cluster.address, option, f"--port={port_of(first.url)}")
        assert second.url == first.url
        (tmp_path / "go").touch()
        assert task.result(PATIENCE_S).fetch() == 7
        np.testing.assert_array_equal(t.fetch(), np.arange(100_000))
        assert (t * 2).sum().execute().fetch() == 99_999 * 100_000
        session.detach()
        with pytest.warns(SessionWarning, match="attached to the existing session 'etl'"):
            found = mars_nb.new_session(second.url, name="etl")
        np.testing.assert_array_equal(found.results["t"].fetch(), np.arange(100_000))

    def test_without_one(self, cluster: Any, start_gateway: Any, users: str, tmp_path: Path) -> None:
        first = start_gateway(cluster.address, users)
        address = f"{first.url.split(' ')[0]}?token={TOKENS['ann']}"
        session: Any = mars_nb.new_session(address, name="etl")
        cluster.until_ready(session)
        t = mt.arange(100_000, chunk_size=30_000).execute()
        task = mr.spawn(gated(tmp_path)).execute(wait=False)
        until((tmp_path / "begun").exists)
        kill(first.process)
        (tmp_path / "go").touch()
        start_gateway(cluster.address, users, f"--port={port_of(first.url)}")
        with pytest.raises(MarsError, match="session 'etl' is not on the cluster any more"):
            task.result(PATIENCE_S)
        with pytest.raises(SessionClosed, match="session 'etl' is not on the cluster any more"):
            t.fetch()
        again = mars_nb.new_session(address, name="etl")
        assert mt.ones(3).sum().execute(session=again).fetch(session=again) == 3


class TestConnections:
    def test_cut_and_delayed_miss_no_event(
        self, cluster: Any, gateway: Any, proxy: Proxy, capsys: pytest.CaptureFixture[str]
    ) -> None:
        def count(to: int) -> int:
            for number in range(to):
                print("line", number)
                time.sleep(0.02)
            return to

        said = ""

        def lines() -> int:
            nonlocal said
            said += capsys.readouterr().out
            return said.count("\n")

        session = mars_nb.new_session(through(proxy, gateway.url))
        cluster.until_ready(session)
        task = mr.spawn(count, args=(100,)).execute(wait=False, show_progress=False)
        for seen, delay_s in ((5, 0.0), (20, 0.05), (35, 0.2), (50, 0.0), (65, 0.1)):
            until(lambda seen=seen: lines() > seen)
            proxy.delay_s = delay_s
            proxy.is_open = not delay_s
            connections = proxy.connections
            proxy.cut()
            time.sleep(delay_s)  # so long nothing gets through
            proxy.is_open = True
            until(lambda connections=connections: proxy.connections > connections)
        proxy.delay_s = 0.0
        assert task.result(PATIENCE_S).fetch() == 100
        assert lines() == 100
        assert said == "".join(f"line {number}\n" for number in range(100))
        assert task.snapshot().fraction == 1.0

    def test_a_kernel_is_killed_in_mid_upload(self, cluster: Any, gateway: Any, proxy: Proxy) -> None:
        code = f"""
            import numpy as np, mars_nb, mars_nb.tensor as mt
            mars_nb.new_session({through(proxy, gateway.url)!r}, name="upload")
            mt.tensor(np.arange(8 << 20), chunk_size=1 << 20).sum().execute()
        """
        proxy.most = 20 << 20
        with running(code):
            until(lambda: any(size > 15 << 20 for size in uploads_of(gateway)), "upload", 0.2)
        until(lambda: not list(uploads_of(gateway)), "end of it", 0.2)
        with pytest.warns(SessionWarning, match="attached to the existing session 'upload'"):
            session = mars_nb.new_session(gateway.url, name="upload")
        assert not session.running
        assert session.nbytes == 0


class TestCancelling:
    def test_gives_control_back_and_frees_the_workers(self, cluster: Any, gateway: Any) -> None:
        def spin() -> None:
            while True:
                pass

        with mars_nb.new_session(gateway.url) as session:
            cluster.until_ready(session)
            task = session.execute([mr.spawn(spin) for _ in range(4)], wait=False)
            until(lambda: sum(operation.running for operation in task.snapshot().operations) == 2)
            started = time.monotonic()
            assert task.cancel()
            back = time.monotonic()
            session.execute([mr.spawn(os.getpid) for _ in range(4)])
            free = time.monotonic()
        assert back - started < AT_ONCE_S
        assert free - back < PATIENCE_S
        assert all(worker.poll() is None for worker in cluster.workers)

    def test_by_an_interrupt(self, cluster: Any, gateway: Any) -> None:
        code = f"""
            import time, mars_nb, mars_nb.remote as mr
            def spin():
                print("spins\\n", end="")  # one write, so that two of them stay two lines
                while True: pass
            session = mars_nb.new_session({gateway.url!r})
            try:
                session.execute([mr.spawn(spin), mr.spawn(spin)])
            except KeyboardInterrupt:
                print(time.time(), flush=True)
            session.execute([mr.spawn(int) for _ in range(4)])
            print(time.time(), flush=True)
            session.close()
        """
        with running(code) as kernel:
            assert kernel.stdout is not None
            assert [kernel.stdout.readline() for _ in range(2)] == ["spins\n"] * 2
            sent = time.time()
            kernel.send_signal(signal.SIGINT)
            back, free = (float(line) for line in kernel.communicate(timeout=PATIENCE_S)[0].splitlines())
        assert back - sent < AT_ONCE_S
        assert free - back < PATIENCE_S
        assert all(worker.poll() is None for worker in cluster.workers)
