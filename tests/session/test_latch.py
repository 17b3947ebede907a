"""What is waited for while interrupts come."""

from __future__ import annotations

import queue
import signal
import threading
import time

import pytest

from mars_nb.session.latch import Latch
from mars_nb.session.task import Task

ROUNDS = 500
WAIT = 10.0


def test_it_is_waited_for() -> None:
    latch, seen = Latch(), []
    threads = [threading.Thread(target=lambda: seen.append(latch.wait())) for _ in range(3)]
    for thread in threads:
        thread.start()
    assert not latch.wait(0)
    latch.open()
    latch.open()
    for thread in threads:
        thread.join(WAIT)
    assert seen == [True] * 3
    assert latch.wait(0)


def test_interrupts_when_it_is_opened() -> None:
    """Neither who opens it nor who waits next is harmed."""
    main, failed = threading.main_thread().ident, []
    latches: queue.SimpleQueue[Latch | None] = queue.SimpleQueue()
    assert main is not None

    def open_all() -> None:
        while (latch := latches.get()) is not None:
            try:
                signal.pthread_kill(main, signal.SIGINT)
                latch.open()
            except RuntimeError as error:
                failed.append(error)

    def wait(latch: Latch) -> None:
        latches.put(latch)
        latch.wait(WAIT)
        time.sleep(WAIT)  # where an interrupt arrives that was late

    thread = threading.Thread(target=open_all)
    thread.start()
    for _ in range(ROUNDS):
        latch = Latch()
        with pytest.raises(KeyboardInterrupt):
            wait(latch)
        started = time.monotonic()
        assert latch.wait(WAIT)
        assert time.monotonic() - started < WAIT / 2
    latches.put(None)
    thread.join(WAIT)
    assert failed == []


def test_a_result_that_is_there_is_given_though_its_latch_was_never_opened() -> None:
    """As when somebody else's wait for the future was interrupted, and hurt the thread that set the result."""
    task = Task("value", (), "s")
    task._latch = Latch()
    timer = threading.Timer(0.1, task.end)
    timer.start()
    assert task.result(WAIT) == "value"
    timer.join(WAIT)
