"""Several executions at once, and many sessions one after the other."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import mars_nb
import mars_nb.remote as mr
import mars_nb.tensor as mt
from mars_nb.session.backends import blas

WAIT = 30.0


def big_one(entered: threading.Event) -> tuple[Any, Callable[[], int]]:
    """Give something of 2,000 tasks that computes, and what tells how many have run."""
    ran: list[int] = []

    def step(number: int) -> int:
        ran.append(number)
        entered.set()
        time.sleep(0.002)
        return number

    return [mr.spawn(step, args=(number,)) for number in range(2_000)], lambda: len(ran)


@pytest.mark.parametrize("n_sessions", [1, 2])
@pytest.mark.parametrize("n_threads", [1, 2])
def test_a_small_one_is_not_stuck_behind_a_big_one(n_sessions: int, n_threads: int) -> None:
    with mars_nb.new_session(default=False) as first:  # loads what is loaded once
        mt.ones((40, 40), chunk_size=10).sum().execute(session=first)
    sessions = [mars_nb.new_session(n_threads=n_threads, default=False) for _ in range(n_sessions)]
    entered = threading.Event()
    big, ran = big_one(entered)
    future = mars_nb.execute(*big, session=sessions[0], wait=False)
    assert entered.wait(WAIT)
    total, ends = mt.ones((40, 40), chunk_size=10).sum(), []

    def small() -> None:
        before = ran()
        total.execute(session=sessions[-1])
        ends.append((float(total.fetch(session=sessions[-1])), ran() - before))

    thread = threading.Thread(target=small)
    thread.start()
    thread.join(WAIT)
    assert not future.done()
    ((value, meanwhile),) = ends
    assert value == 1600
    assert meanwhile < 500  # of the big one's tasks, while the small one had less than 60
    future.cancel()


def test_a_thousand_sessions_leave_nothing(tmp_path: Path) -> None:
    threads = set(threading.enumerate())
    files = set(os.listdir(f"/proc/{os.getpid()}/fd")) if os.path.isdir("/proc") else set()
    with mars_nb.option_context({"spill_directory": str(tmp_path)}):
        for number in range(1000):
            with mars_nb.new_session(n_threads=2, default=False, memory_limit=100_000) as session:
                size = 40_000 if number % 20 == 0 else 100  # 320 kB: most of it is spilled
                x = mt.ones(size, chunk_size=10_000).execute(session=session)
                assert x[:3].fetch(session=session).tolist() == [1, 1, 1]
                assert bool(session.spilled) == (size > 100)
    for thread in set(threading.enumerate()) - threads:
        thread.join(WAIT)
    assert set(threading.enumerate()) <= threads
    assert os.listdir(tmp_path) == []
    if files:
        assert len(os.listdir(f"/proc/{os.getpid()}/fd")) <= len(files) + 1
    assert not mars_nb.sessions
    assert blas.gauge._workers == {}
