"""A real Dask cluster for the tests of this folder: a scheduler and workers as processes of their own."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cluster_tools import PATIENCE_S, environment, kill, port_of, until
from tcp_proxy import Proxy

import mars_nb
from mars_nb import Session

WORKERS = 2


class Cluster:
    """Starts and ends the processes.

    Parameters
    ----------
    folder
        Takes their files and logs.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file = folder / "scheduler.json"
        self.workers: list[subprocess.Popen[bytes]] = []
        self.scheduler = self._start("scheduler", "--port", "0", "--no-dashboard", "--host", "127.0.0.1")
        until(lambda: self._file.exists() and self._file.stat().st_size, "the scheduler's file")
        self.address: str = json.loads(self._file.read_text())["address"]

    def _start(self, kind: str, *options: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "dask", kind, "--scheduler-file", str(self._file), *options]
        with (self._folder / f"{kind}.log").open("ab") as log:
            return subprocess.Popen(command, stdout=log, stderr=log, cwd=self._folder, env=environment())

    def start_scheduler_again(self) -> None:
        """Start another one in its place, when it was killed."""
        port = self.address.rpartition(":")[2]
        self.scheduler = self._start("scheduler", "--port", port, "--no-dashboard", "--host", "127.0.0.1")

    def add_worker(self) -> subprocess.Popen[bytes]:
        """Start a worker of one thread."""
        options = ("--nthreads", "1", "--no-nanny", "--no-dashboard", "--host", "127.0.0.1", "--memory-limit", "1GiB")
        self.workers.append(self._start("worker", *options))
        return self.workers[-1]

    def until_ready(self, session: Session, threads: int = WORKERS) -> None:
        """Wait until the session knows of so many threads."""
        until(lambda: session.n_threads >= threads, f"{threads} workers")

    def close(self) -> None:
        """End all processes: a worker that is asked to would wait for the scheduler, and for its tasks."""
        for process in (*self.workers, self.scheduler):
            kill(process)


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Give a cluster that all tests share."""
    made = Cluster(tmp_path_factory.mktemp("cluster"))
    try:
        for _ in range(WORKERS):
            made.add_worker()
        yield made
    finally:
        made.close()


@pytest.fixture
def own_cluster(tmp_path: Path) -> Iterator[Cluster]:
    """Give a cluster of the test's own, without workers, to break."""
    made = Cluster(tmp_path)
    try:
        yield made
    finally:
        made.close()


class Gateway:
    """Starts and ends a gateway.

    Parameters
    ----------
    address
        Of the scheduler.
    folder
        Takes its log.
    options
        For the command line.
    """

    def __init__(self, address: str, folder: Path, *options: str) -> None:
        command = [sys.executable, "-m", "mars_nb.gateway", "--scheduler", address, "--port", "0", *options]
        self._log = folder / "gateway.log"
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=log, text=True, cwd=folder, env=environment()
            )
        assert self.process.stdout is not None
        self.url = self.process.stdout.readline().strip()
        assert self.url.startswith("http"), self._log.read_text()

    def close(self) -> None:
        """End it, and its drivers in any case."""
        assert self.process.stdout is not None
        self.process.send_signal(signal.SIGINT)
        self.process.stdout.close()
        self.process.wait(PATIENCE_S)


@pytest.fixture(scope="session")
def gateway(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """Give a gateway to the shared cluster."""
    made = Gateway(cluster.address, tmp_path_factory.mktemp("gateway"))
    try:
        yield made
    finally:
        made.close()


@pytest.fixture
def start_gateway(tmp_path: Path) -> Iterator[Callable[..., Gateway]]:
    """Give a function that starts gateways of the test's own, to break; takes a scheduler's address and options."""
    started: list[Gateway] = []

    def start(address: str, *options: str) -> Gateway:
        started.append(Gateway(address, tmp_path, *options))
        return started[-1]

    yield start
    for session in list(mars_nb.sessions.values()):
        session.close()
    for made in started:
        made.close()


@pytest.fixture
def proxy(gateway: Gateway) -> Iterator[Proxy]:
    """Give a proxy in front of the shared gateway; sessions through it are closed at the end."""
    made = Proxy(port_of(gateway.url))
    yield made
    for session in list(mars_nb.sessions.values()):
        session.close()
    made.close()


@pytest.fixture(params=["direct", "gateway"])
def address(request: pytest.FixtureRequest, cluster: Cluster) -> str:
    """Give an address of the shared cluster, for `mars_nb.new_session`."""
    return cluster.address if request.param == "direct" else request.getfixturevalue("gateway").url


@pytest.fixture
def session(cluster: Cluster, address: str) -> Iterator[Session]:
    """Give a default session on the cluster."""
    with mars_nb.new_session(address, name="main") as made:
        cluster.until_ready(made)
        yield made
