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


# --- what the gauge is told ----------------------------------------------------------------------------------------


class Counted:
    """A gauge that notes the number of busy workers."""

    turn = 0

    def __init__(self) -> None:
        self.workers = 0
        self.alone = threading.Event()

    def prepare(self) -> None:
        pass

    def busy(self, scheduler: object, workers: int) -> float:
        self.workers = workers
        (self.alone.set if workers == 1 else self.alone.clear)()
        return 0.0

    def follow(self) -> int:
        return 0


class Kept:
    """A keeper that keeps values as they are."""

    limit = 2**60

    def hold(self, value: Any) -> Any:
        return value

    def get(self, held: Any) -> Any:
        return held


class Dying:
    """Takes its time to die, outside of any task."""

    def __init__(self) -> None:
        self.dies, self.may = threading.Event(), threading.Event()

    def value(self) -> Any:
        outer = self

        class Value:
            def __del__(self) -> None:
                outer.dies.set()
                outer.may.wait(WAIT)

        return Value()


@pytest.fixture
def gauge() -> Counted:
    return Counted()


@pytest.fixture
def gauged(gauge: Counted) -> Iterator[Scheduler]:
    made = Scheduler(2, "mars_nb-test", Kept(), gauge)
    yield made
    made.close()
    assert made.join(WAIT)
    assert gauge.workers == 0


def test_a_task_that_nothing_can_run_beside_is_told_of_before_it_begins(gauged: Scheduler, gauge: Counted) -> None:
    slow, told = Dying(), []

    def last(*_: Any) -> None:
        told.append(gauge.workers)
        slow.may.set()

    graph = {
        "beside": ChunkTask(lambda: slow.dies.wait(WAIT)),
        "value": ChunkTask(slow.value),
        "use": ChunkTask(lambda value: None, ("value",)),  # then the worker is on its way to rest, but not there
        "last": ChunkTask(last, ("beside", "use")),
    }
    _, error, _ = run(gauged, graph, ["last"])
    assert error is None
    assert told == [1]


def test_tasks_side_by_side_are_told_of_when_the_second_one_begins(gauged: Scheduler, gauge: Counted) -> None:
    barrier, told = threading.Barrier(2, timeout=WAIT), []

    def meet(*_: Any) -> None:
        barrier.wait()
        told.append(gauge.workers)
        barrier.wait()

    graph = {
        "first": ChunkTask(lambda: None),
        **{i: ChunkTask(meet, ("first",)) for i in range(2)},
    }
    for _ in range(20):  # the second worker was called, or had not yet gone to rest
        _, error, _ = run(gauged, graph, [0, 1])
        assert error is None
    assert told == [2] * 40


def test_a_long_task_is_alone_some_time_after_others_went_to_rest(gauged: Scheduler, gauge: Counted) -> None:
    barrier = threading.Barrier(2, timeout=WAIT)

    def long() -> bool:
        barrier.wait()
        return gauge.alone.wait(WAIT)

    values, error, _ = run(gauged, {"long": ChunkTask(long), "short": ChunkTask(barrier.wait)}, ["long", "short"])
    assert error is None
    assert values["long"]


def test_what_the_end_of_a_run_raises_is_told(scheduler: Scheduler, monkeypatch: pytest.MonkeyPatch) -> None:
    """And the workers go on: another run, on as many threads as before, ends as if nothing had been."""
    told: list[Any] = []
    monkeypatch.setattr(threading, "excepthook", lambda arguments: told.append(arguments))

    def fail(*_: Any) -> None:
        raise RuntimeError("release unlocked lock")

    for _ in range(2 * scheduler.n_threads):
        scheduler.submit({"x": ChunkTask(int)}, ["x"], fail)
    test_tasks_run_at_the_same_time(scheduler)
    assert [str(each.exc_value) for each in told] == ["release unlocked lock"] * 4
    assert {each.thread.name.rpartition("-")[0] for each in told} == {"mars_nb-test"}
