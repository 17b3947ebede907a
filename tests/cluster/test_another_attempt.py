"""What was lost while it was needed: the data are sent again, and all goes on as if nothing had happened."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cluster_tools import until

import mars_nb
import mars_nb.remote as mr
import mars_nb.tensor as mt
from mars_nb.errors import ClusterLost

WAIT = 60.0


def endless_at_first(array: Any, seen: Path) -> float:
    print("begun\n", end="")  # one write: the worker that is killed sends all of it, or nothing
    if not seen.exists():
        seen.touch()
        time.sleep(WAIT)
    return float(array.sum())


def test_it_prints_into_the_same_cell(own_cluster: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first, seen = own_cluster.add_worker(), tmp_path / "seen"
    with mars_nb.new_session(own_cluster.address) as session:
        own_cluster.until_ready(session, 1)
        total = mr.spawn(endless_at_first, args=(mt.tensor(np.ones(100_000)), seen))
        task = total.execute(wait=False)
        printed = until(lambda: capsys.readouterr().out)
        first.kill()  # and with it the only copy of the data
        first.wait()
        own_cluster.add_worker()
        task.result(WAIT)
        assert total.fetch() == 100_000
        assert total.fetch_log() == "begun\nbegun\n"
    assert printed + capsys.readouterr().out == "begun\nbegun\n"


def test_data_are_not_sent_over_a_broken_connection(own_cluster: Any) -> None:
    own_cluster.add_worker()
    session = mars_nb.new_session(own_cluster.address)
    own_cluster.until_ready(session, 1)
    own_cluster.scheduler.kill()
    own_cluster.scheduler.wait()
    deadline = time.monotonic() + WAIT
    while not session._backend._totals.is_lost:  # type: ignore[attr-defined]
        assert time.monotonic() < deadline
        time.sleep(0.01)
    with pytest.raises(ClusterLost, match="broke"):
        mt.tensor(np.ones(100_000)).execute()
    session.close()
