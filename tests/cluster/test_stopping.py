"""Ending chunk tasks on a worker, without a cluster."""

from __future__ import annotations

import threading

import pytest

from mars_nb.session.backends.cluster.stopping import Stopped, stop, stoppable

WAIT = 10.0


def test_what_runs_ends():
    begun, ended = threading.Event(), threading.Event()

    def spin() -> None:
        try:
            with stoppable("a", 1):
                begun.set()
                while True:
                    pass
        except Stopped:
            ended.set()

    thread = threading.Thread(target=spin)
    thread.start()
    assert begun.wait(WAIT)
    assert stop("a", 2) == stop("b", 1) == 0
    assert not ended.is_set()
    assert stop("a", 1) == 1
    thread.join(WAIT)
    assert ended.is_set()


def test_what_begins_afterwards_ends_at_once():
    assert stop("c", 1) == 0
    with pytest.raises(Stopped), stoppable("c", 1):
        pytest.fail("it has begun")
    for others in (("c", 2), ("d", 1)):
        with stoppable(*others):
            pass
