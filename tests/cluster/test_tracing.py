"""What is noted down on Dask's scheduler of what runs where: without a cluster, by a clock of the test's."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from mars_nb.session.backends.cluster.tracing import MOST, Tracer
from mars_nb.session.backends.gateway.spans import pack, unpack
from mars_nb.session.picture import Ran

RUN = ("session", 3)


@dataclass(frozen=True)
class Task:
    key: Any
    state: str = "processing"


@dataclass
class Worker:
    name: str
    nthreads: int = 1
    last_seen: float = 0.0
    executing: dict[Task, float] = field(default_factory=dict)

    @property
    def address(self) -> str:
        return f"tcp://{self.name}"


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def key(number: int, group: int = 0) -> tuple[str, int]:
    return f"Sum-mars_nb.session.3.{group}", number


def computed(start: float, stop: float) -> list[dict[str, Any]]:
    return [{"action": "transfer", "start": 0, "stop": 1}, {"action": "compute", "start": start, "stop": stop}]


def traced() -> tuple[Tracer, Clock]:
    clock = Clock()
    tracer = Tracer(clock)
    tracer.heard(key(0))
    return tracer, clock


def test_what_ended_is_told_once() -> None:
    tracer, clock = traced()
    one = Worker("one")
    tracer.ended(key(0), one, 77, computed(1001.0, 1003.5))
    tracer.ended("somebody-else", one, 77, computed(1001.0, 1003.5))
    clock.now = 1004.0
    assert tracer.look([one], {RUN}) == [(RUN, {"ran": [(0, "one", 1.0, 2.5)], "running": [], "now": 4.0})]
    assert tracer.look([one], {RUN}) == []


def test_a_worker_of_several_threads_has_a_row_for_each() -> None:
    tracer, _ = traced()
    two = Worker("two", 2)
    for number, thread in enumerate([11, 22, 11]):
        tracer.ended(key(number), two, thread, computed(1001.0 + number, 1002.0 + number))
    ((_, told),) = tracer.look([two], {RUN})
    assert [worker for _, worker, *_ in told["ran"]] == ["two, thread 1", "two, thread 2", "two, thread 1"]


def test_what_runs_is_told_when_it_changes() -> None:
    tracer, _ = traced()
    one = Worker("one", 1, 1005.0, {Task(key(0)): 2.0})
    ((_, told),) = tracer.look([one], {RUN})
    assert told["running"] == [(0, "one", 3.0)]
    one.last_seen, one.executing = 1005.5, {Task(key(0)): 2.6}  # nearly the same start
    assert tracer.look([one], {RUN}) == []
    one.executing = {Task(key(0), "memory"): 2.6}  # it ended since the last heartbeat
    ((_, told),) = tracer.look([one], {RUN})
    assert told["running"] == []


def test_threads_of_what_runs_are_those_that_are_free() -> None:
    tracer, _ = traced()
    two = Worker("two", 2, 1010.0)
    tracer.ended(key(0), two, 11, computed(1001.0, 1009.0))
    tracer.ended(key(1), two, 22, computed(1001.0, 1004.0))
    two.executing = {Task(key(2)): 5.0}
    ((_, told),) = tracer.look([two], {RUN})
    assert told["running"] == [(0, "two, thread 2", 5.0)]
    two.executing[Task(key(3))] = 0.5
    ((_, told),) = tracer.look([two], {RUN})
    assert told["running"] == [(0, "two, thread 2", 5.0), (0, "two, thread 1", 9.5)]


def test_messages_are_bounded() -> None:
    tracer, _ = traced()
    one = Worker("one")
    for number in range(2 * MOST + 1):
        tracer.ended(key(number), one, 1, computed(1001.0, 1002.0))
    assert [len(told["ran"]) for _, told in tracer.look([one], {RUN})] == [MOST, MOST, 1]


def test_what_is_gone_is_forgotten() -> None:
    tracer, _ = traced()
    one = Worker("one", 1, 1001.0, {Task(key(0)): 1.0})
    tracer.ended(key(1), one, 1, computed(1001.0, 1002.0))
    tracer.look([one], {RUN})
    one.executing = {}
    tracer.look([], set())
    assert not any(vars(tracer)[name] for name in vars(tracer) if name != "_clock")


def test_spans_are_put_together_for_the_way() -> None:
    ended = [Ran("a", "w", number / 10_000, 0.0001) for number in range(500)] + [Ran("b", "v", 0.00001, 1.0)]
    told = pack(ended, [Ran("b", "w", 0.05, 0.0)], 1.5)
    assert len(told["ended"]) == 2
    again, running, now = unpack(told)
    assert [(one.operation, one.worker, one.tasks) for one in again] == [("a", "w", 500), ("b", "v", 1)]
    assert running == [Ran("b", "w", 0.05, 0.0)]
    assert now == 1.5
