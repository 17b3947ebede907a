"""Executes that do not wait, and what waits for them."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

import mars_nb
import mars_nb.remote as mr
import mars_nb.tensor as mt
from mars_nb.errors import IsolationError, TaskCancelled
from mars_nb.session.background import after, collector
from mars_nb.session.task import Task


class Gate:
    """A function of the user's that waits until it is let through, and counts its calls."""

    def __init__(self, value: object = 7) -> None:
        self.value, self.calls, self.open, self.entered = value, 0, threading.Event(), threading.Event()

    def __call__(self, *_: object) -> object:
        self.calls += 1
        self.entered.set()
        assert self.open.wait(30)
        if isinstance(self.value, Exception):
            raise self.value
        return self.value


def open_soon(gate: Gate) -> threading.Thread:
    """Open the gate once somebody else had time to begin to wait."""
    thread = threading.Timer(0.2, gate.open.set)
    thread.start()
    return thread


def test_execute_in_the_background_gives_the_object_at_once(session):
    gate = Gate()
    with mars_nb.background() as tasks:
        value = mr.spawn(gate)
        assert value.execute() is value
        assert mars_nb.execute(value, mt.ones(2))[0] is value
        assert session.running
    first, second = tasks
    assert not first.done()
    assert not session.holds(value)
    gate.open.set()
    assert first.result() is value
    second.result()
    assert value.fetch() == 7
    assert gate.calls == 1  # the second waited for the first
    assert collector() is None


def test_wait_has_its_say(session):
    with mars_nb.background() as tasks:
        assert session.holds(mt.ones(2).execute(wait=True))
        task = mt.ones(3).execute(wait=False)
        assert isinstance(task, Task)
        task.result()
    assert tasks == []


def test_what_is_held_starts_nothing(session):
    t = mt.ones(2).execute()
    with mars_nb.background() as tasks:
        assert t.execute() is t
        assert mars_nb.ExecutableTuple([t]).execute() == (t,)
    assert tasks == []


def test_values_are_waited_for(session):
    gate = Gate(3)
    with mars_nb.background():
        value = mr.spawn(gate).execute()
        thread = open_soon(gate)
        assert float(value) == 3.0
        assert value.fetch() == 3
    thread.join()
    assert gate.calls == 1


def test_fetch_waits_for_what_runs(session):
    gate = Gate(5)
    value = mr.spawn(gate)
    task = value.execute(wait=False)
    gate.entered.wait(30)
    thread = open_soon(gate)
    assert value.fetch() == 5
    assert task.done()
    thread.join()


def test_fetch_of_a_slice_waits_for_the_whole(session):
    gate, t = Gate(), mt.ones(10)
    before = mr.spawn(gate).execute(wait=False)
    with ThreadPoolExecutor(1) as pool:
        t.execute(wait=False)
        part = pool.submit(t[2:4].fetch)
        gate.open.set()
        assert part.result(30).tolist() == [1.0, 1.0]
    before.result()


def test_fetch_gives_the_error_of_what_it_waited_for(session):
    gate = Gate(ValueError("no"))
    value = mr.spawn(gate)
    value.execute(wait=False)
    thread = open_soon(gate)
    with pytest.raises(ValueError, match="no"):
        value.fetch()
    thread.join()
    with pytest.raises(IsolationError):
        value.fetch()


def test_fetch_of_a_cancelled_task_ends(session):
    gate = Gate()
    value = mr.spawn(gate)
    task = value.execute(wait=False)
    gate.entered.wait(30)
    timer = threading.Timer(0.2, task.cancel)
    timer.start()
    with pytest.raises(TaskCancelled):
        value.fetch()
    timer.join()
    gate.open.set()


def test_other_sessions_are_not_waited_for(session):
    gate = Gate()
    value = mr.spawn(gate)
    task = value.execute(wait=False)
    with mars_nb.new_session(default=False) as other, pytest.raises(IsolationError):
        value.fetch(session=other)
    gate.open.set()
    task.result()


def test_execute_waits_for_inputs_that_run(session):
    gate = Gate(2)
    value = mr.spawn(gate)
    task = value.execute(wait=False)
    gate.entered.wait(30)
    thread = open_soon(gate)
    assert mr.spawn(lambda x: x + 1, args=(value,)).execute().fetch() == 3
    thread.join()
    task.result()
    assert gate.calls == 1


def test_dependents_in_the_background_start_when_their_inputs_are_there(session):
    gate = Gate(2)
    with mars_nb.background() as tasks:
        value = mr.spawn(gate).execute()
        more = mr.spawn(lambda x: x + 1, args=(value,)).execute()
        most = mr.spawn(lambda x: x + 1, args=(more,)).execute()
    assert [task.state for task in tasks] == ["running"] * 3
    gate.open.set()
    assert most.fetch() == 4
    assert (value.fetch(), more.fetch()) == (2, 3)
    assert gate.calls == 1


def test_dependents_of_a_failure_fail_alike(session):
    gate = Gate(ValueError("no"))
    with mars_nb.background() as tasks:
        value = mr.spawn(gate).execute()
        mr.spawn(lambda x: x, args=(value,)).execute()
    gate.open.set()
    for task in tasks:
        with pytest.raises(ValueError, match="no"):
            task.result(30)


def test_waiting_tasks_are_cancelled_with_the_session(session):
    gate = Gate()
    with mars_nb.background() as tasks:
        value = mr.spawn(gate).execute()
        mr.spawn(lambda x: x, args=(value,)).execute()
    gate.entered.wait(30)
    session.close()
    assert [task.state for task in tasks] == ["cancelled"] * 2
    gate.open.set()


def test_a_cancelled_one_does_not_start_later(session):
    gate, second = Gate(), Gate()
    second.open.set()
    with mars_nb.background() as tasks:
        value = mr.spawn(gate).execute()
        mr.spawn(second, args=(value,)).execute()
    tasks[1].cancel()
    assert session.running == [tasks[0]]
    gate.open.set()
    tasks[0].result()
    mt.ones(2).execute()
    assert second.calls == 0


def test_chunk_tasks_are_not_in_the_background(session):
    with mars_nb.background():
        inner = mr.spawn(lambda: (collector() is None, session.holds(mt.ones(2).execute())))
        assert inner.execute().fetch() == (True, True)


def test_a_chunk_task_does_not_wait_for_itself():
    with mars_nb.new_session(n_threads=1):
        value = mr.spawn(lambda: _raised(lambda: value.fetch()))
        assert value.execute().fetch() == "IsolationError"


def _raised(call) -> str:
    try:
        call()
    except Exception as error:
        return type(error).__name__
    return "nothing"


def test_after_nothing_is_now():
    called: list[int] = []
    after([], lambda: called.append(1))
    assert called == [1]


def test_after_all_is_once():
    tasks = [Task(None, (), "s") for _ in range(20)]
    called: list[float] = []
    after(tasks, lambda: called.append(time.monotonic()))
    with ThreadPoolExecutor(8) as pool:
        assert not called
        list(pool.map(Task.end, tasks))
    assert len(called) == 1


def test_what_was_started_is_waited_for_by_what_needs_it(session):
    """Also where both were started by ``wait=False``."""
    gate = Gate(3)
    a = mr.spawn(gate)
    b = mr.spawn(lambda x: x + 1, args=(a,))
    first, second, third = a.execute(wait=False), b.execute(wait=False), a.execute(wait=False)
    assert gate.entered.wait(30)
    assert second.info().waiting
    gate.open.set()
    assert (first.result(), second.result(), third.result()) == (a, b, a)
    assert (a.fetch(), b.fetch(), gate.calls) == (3, 4, 1)
