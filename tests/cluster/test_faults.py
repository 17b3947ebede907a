"""What a session does when its cluster breaks: real processes are killed."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from cluster_tools import PATIENCE_S, kill, until

import mars_nb
import mars_nb.dataframe as md
import mars_nb.remote as mr
import mars_nb.tensor as mt
from mars_nb.errors import ClusterLost


def slowly(number: int, folder: Path) -> int:
    (folder / str(number)).touch()
    time.sleep(0.3)
    return number


class TestAWorkerIsKilled:
    def test_in_the_middle_of_a_task(self, own_cluster: Any, tmp_path: Path) -> None:
        first, _ = own_cluster.add_worker(), own_cluster.add_worker()
        folder = tmp_path / "seen"
        folder.mkdir()
        with mars_nb.new_session(own_cluster.address) as session:
            own_cluster.until_ready(session)
            parts = [mr.spawn(slowly, args=(i, folder)) for i in range(8)]
            task = session.execute(parts, wait=False)
            until(lambda: len(list(folder.iterdir())) >= 2)
            kill(first)
            task.result(PATIENCE_S)
            assert [part.fetch() for part in parts] == list(range(8))

    def test_in_the_middle_of_a_shuffle(self, own_cluster: Any) -> None:
        first, _ = own_cluster.add_worker(), own_cluster.add_worker()
        frame = pd.DataFrame({"key": np.random.default_rng(3).permutation(400_000), "value": np.arange(400_000.0)})
        with mars_nb.new_session(own_cluster.address) as session:
            own_cluster.until_ready(session)
            ordered = md.DataFrame(frame, chunk_size=20_000).sort_values("key")
            task = ordered.execute(wait=False)
            until(lambda: task.snapshot().done > 3 or task.done())
            kill(first)
            task.result(PATIENCE_S)
            pd.testing.assert_frame_equal(ordered.fetch(), frame.sort_values("key"))

    def test_between_execute_and_fetch(self, own_cluster: Any) -> None:
        own_cluster.add_worker()
        x = np.arange(200_000.0)
        with mars_nb.new_session(own_cluster.address) as session:
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


def test_all_workers_are_lost(own_cluster: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MARS_NB_GRACE_S", "1")
    worker = own_cluster.add_worker()
    with mars_nb.new_session(own_cluster.address) as session:
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


def test_the_scheduler_is_gone(own_cluster: Any) -> None:
    own_cluster.add_worker()
    session = mars_nb.new_session(own_cluster.address)
    own_cluster.until_ready(session, 1)
    task = mr.spawn(time.sleep, args=(60,)).execute(wait=False)
    until(lambda: task.snapshot().busy)
    kill(own_cluster.scheduler)
    with pytest.raises(ClusterLost):
        task.result(PATIENCE_S)
    with pytest.raises(ClusterLost, match=r"the connection to the cluster at tcp://127\.0\.0\.1:\d+ broke"):
        mt.ones(3).execute()
    own_cluster.start_scheduler_again()
    until(lambda: session._backend.client.status == "running")  # type: ignore[attr-defined]
    with pytest.raises(ClusterLost, match="broke"):  # the new one knows nothing of the session
        mt.ones(3).execute()
    session.close()
