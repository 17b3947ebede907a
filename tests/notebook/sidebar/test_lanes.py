from __future__ import annotations

import threading

from mars_nb.notebook.sidebar.lanes import LIMIT, Lanes

PATIENCE_S = 10


def test_in_order_in_a_lane():
    lanes, found, over = Lanes(), [], threading.Event()
    for number in range(100):
        lanes.put("a", lambda number=number: found.append(number))
    lanes.put("a", over.set)
    assert over.wait(PATIENCE_S)
    assert found == list(range(100))


def test_one_that_waits_holds_nobody_else_up():
    lanes, go, waiting, over = Lanes(), threading.Event(), threading.Event(), threading.Event()
    lanes.put("a", lambda: (waiting.set(), go.wait(PATIENCE_S)))
    assert waiting.wait(PATIENCE_S)
    lanes.put("b", over.set)
    assert over.wait(PATIENCE_S)
    go.set()


def test_not_more_than_some_at_a_time():
    lanes, lock, go, all_over = Lanes(), threading.Lock(), threading.Event(), threading.Event()
    moving, most, over, full = 0, 0, 0, threading.Event()

    def job():
        nonlocal moving, most, over
        with lock:
            moving += 1
            most = max(most, moving)
            if moving == LIMIT:
                full.set()
        go.wait(PATIENCE_S)
        with lock:
            moving -= 1
            over += 1
            if over == 3 * LIMIT:
                all_over.set()

    for number in range(3 * LIMIT):
        lanes.put(str(number), job)
    assert full.wait(PATIENCE_S)
    go.set()
    assert all_over.wait(PATIENCE_S)
    assert most == LIMIT


def test_what_was_not_begun_can_be_forgotten():
    lanes, go, begun, over, found = Lanes(), threading.Event(), threading.Event(), threading.Event(), []
    lanes.put("a", lambda: (begun.set(), go.wait(PATIENCE_S)))
    lanes.put("a", lambda: found.append(1))
    assert begun.wait(PATIENCE_S)
    lanes.clear()
    lanes.put("a", over.set)
    go.set()
    assert over.wait(PATIENCE_S)
    assert not found


def test_threads_end():
    started = []
    lanes = Lanes(lambda run: started.append(run))
    lanes.put("a", lambda: None)
    started.pop()()
    lanes.put("a", lambda: None)
    assert len(started) == 1, "a new one for what comes later"
    started.pop()()
