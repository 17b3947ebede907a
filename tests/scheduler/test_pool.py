"""The threads around the run state."""

from __future__ import annotations

import contextvars
import operator
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from mars_nb.scheduler import ChunkTask, FailedTask, Graph, Key, Scheduler

WAIT = 10.0  # seconds that nothing here comes near


class Outcome:
    """Takes what a run reports."""

    def __init__(self) -> None:
        self.over = threading.Event()
        self.calls: list[tuple[Any, Any, Any]] = []

    def __call__(self, values: Any, error: BaseException | None, failed: FailedTask | None) -> None:
        self.calls.append((values, error, failed))
        self.over.set()

    @property
    def only(self) -> tuple[Any, Any, Any]:
        assert self.over.wait(WAIT)
        (call,) = self.calls
        return call


@pytest.fixture
def scheduler() -> Iterator[Scheduler]:
    made = Scheduler(2, "mars_nb-test")
    yield made
    made.close()
    assert made.join(WAIT)


def run(scheduler: Scheduler, graph: Graph, outputs: list[Key]) -> tuple[Any, Any, Any]:
    outcome = Outcome()
    scheduler.submit(graph, outputs, outcome)
    return outcome.only


def test_values_come_back(scheduler: Scheduler) -> None:
    graph = {i: ChunkTask(lambda *v: sum(v) + 1, tuple(range(max(0, i - 3), i))) for i in range(50)}
    values, error, _ = run(scheduler, graph, [49, 10])
    assert error is None
    assert values[10] == 600  # as many as all before and one more: 1, 2, 4, 8, 15 ...


def test_tasks_run_at_the_same_time(scheduler: Scheduler) -> None:
    barrier = threading.Barrier(2, timeout=WAIT)
    values, error, _ = run(scheduler, {i: ChunkTask(barrier.wait) for i in range(2)}, [0, 1])
    assert error is None
    assert sorted(values.values()) == [0, 1]


def test_an_empty_run_is_over_at_once(scheduler: Scheduler) -> None:
    assert run(scheduler, {}, []) == ({}, None, None)


@pytest.mark.parametrize("error", [ZeroDivisionError("x"), SystemExit(3), KeyboardInterrupt(), GeneratorExit()])
def test_whatever_a_task_raises_is_reported(scheduler: Scheduler, error: BaseException) -> None:
    def fail() -> None:
        raise error

    values, raised, failed = run(scheduler, {"bad": ChunkTask(fail), "next": ChunkTask(abs, ("bad",))}, ["next"])
    assert (values, raised, failed) == (None, error, FailedTask("bad", []))


def test_what_a_failed_task_was_given_is_reported(scheduler: Scheduler) -> None:
    graph = {"x": ChunkTask(lambda: 1), "y": ChunkTask(lambda: 0), "bad": ChunkTask(operator.truediv, ("x", "y"))}
    _, error, failed = run(scheduler, graph, ["bad"])
    assert isinstance(error, ZeroDivisionError)
    assert failed == FailedTask("bad", [1, 0])
    assert run(scheduler, {"x": ChunkTask(lambda: 5)}, ["x"])[0] == {"x": 5}  # the workers live on


def test_context_variables_reach_the_tasks(scheduler: Scheduler) -> None:
    variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable")
    variable.set("mine")
    assert run(scheduler, {i: ChunkTask(variable.get) for i in range(4)}, [3])[0] == {3: "mine"}


def test_a_cancelled_run_reports_at_once_and_starts_nothing_more(scheduler: Scheduler) -> None:
    started, go_on, ran = threading.Event(), threading.Event(), []

    def block() -> None:
        started.set()
        go_on.wait(WAIT)

    graph = {0: ChunkTask(block), 1: ChunkTask(ran.append, (0,))}
    outcome = Outcome()
    handle = scheduler.submit(graph, [1], outcome)
    assert started.wait(WAIT)
    assert handle.cancel()
    assert outcome.only == (None, None, None)
    assert not handle.cancel()  # over already
    go_on.set()
    assert run(scheduler, {"x": ChunkTask(lambda: 1)}, ["x"])[0] == {"x": 1}
    assert ran == []


def test_blocked_workers_of_a_cancelled_run_are_replaced(scheduler: Scheduler) -> None:
    go_on = threading.Event()
    both_in = threading.Barrier(3, timeout=WAIT)

    def block() -> None:
        both_in.wait()
        go_on.wait(WAIT)

    handle = scheduler.submit({i: ChunkTask(block) for i in range(2)}, [0, 1], Outcome())
    both_in.wait()
    handle.cancel()
    try:
        assert run(scheduler, {"x": ChunkTask(lambda: 1)}, ["x"])[0] == {"x": 1}
    finally:
        go_on.set()


def test_runs_take_turns() -> None:
    scheduler = Scheduler(1, "mars_nb-test")
    go_on, finished = threading.Event(), []

    def step(name: str) -> Callable[[], None]:
        return lambda: finished.append(name)

    first, second = Outcome(), Outcome()
    scheduler.submit({"wait": ChunkTask(lambda: go_on.wait(WAIT))}, ["wait"], Outcome())
    scheduler.submit({i: ChunkTask(step("big")) for i in range(100)}, range(100), first)
    scheduler.submit({i: ChunkTask(step("small")) for i in range(3)}, range(3), second)
    go_on.set()
    assert first.only
    assert second.only
    assert finished.index("small") < 3
    assert len(finished) - 1 - finished[::-1].index("small") < 8
    scheduler.close()
    assert scheduler.join(WAIT)


def test_a_closed_scheduler_says_so_and_has_no_threads() -> None:
    scheduler = Scheduler(4, "mars_nb-test")
    assert run(scheduler, {i: ChunkTask(lambda: 1) for i in range(10)}, [9])[0] == {9: 1}
    scheduler.close()
    scheduler.close()
    assert scheduler.join(WAIT)
    with pytest.raises(RuntimeError, match="closed"):
        scheduler.submit({}, [], Outcome())


def test_idle_workers_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mars_nb.scheduler.pool.IDLE_SECONDS", 0.01)
    scheduler = Scheduler(2, "mars_nb-test")
    run(scheduler, {"x": ChunkTask(lambda: 1)}, ["x"])
    assert scheduler.join(WAIT)
    assert run(scheduler, {"x": ChunkTask(lambda: 2)}, ["x"])[0] == {"x": 2}  # and come back
    scheduler.close()
    assert scheduler.join(WAIT)


def test_values_are_not_kept_by_idle_workers(scheduler: Scheduler) -> None:
    import gc
    import weakref

    class Big:
        pass

    kept = []

    def make() -> Big:
        big = Big()
        kept.append(weakref.ref(big))
        return big

    outcome = Outcome()
    scheduler.submit({"x": ChunkTask(make), "y": ChunkTask(lambda x: 1, ("x",))}, ["y"], outcome)
    assert outcome.only[0] == {"y": 1}
    # The worker leaves its frame right after it reported; a second run on it proves that it has.
    for _ in range(4):
        run(scheduler, {"z": ChunkTask(lambda: 1)}, ["z"])
    gc.collect()
    assert kept[0]() is None
