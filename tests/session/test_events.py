"""The events of a session: a pure model, tested by tables, and the stream around it."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

import mars_nb
import mars_nb.remote as mr
import mars_nb.tensor as mt
from mars_nb import Session
from mars_nb.session.events import Event, OperationCounts, RunModel, Sample

WAIT = 10.0


def counts(done: int, total: int = 4, label: str = "Op") -> OperationCounts:
    return OperationCounts(label, done, 0, total)


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


TABLES: dict[str, list[tuple[Sample, list[tuple[int, str, int]]]]] = {
    # samples, and for each the numbers, kinds and changed operations of the events it gives
    "a whole life": [
        (Sample(1, "running", {"a": counts(0)}), [(1, "submitted", 0), (2, "progress", 1)]),
        (Sample(1, "running", {"a": counts(0)}), []),
        (Sample(1, "running", {"a": counts(2), "b": counts(0)}), [(3, "progress", 2)]),
        (Sample(1, "running", {"a": counts(2), "b": counts(1)}), [(4, "progress", 1)]),
        (Sample(1, "done", {"a": counts(4), "b": counts(4)}), [(5, "done", 2)]),
    ],
    "over before it was looked at": [(Sample(1, "failed", {"a": counts(1)}), [(1, "submitted", 0), (2, "failed", 1)])],
    "two tasks have one numbering": [
        (Sample(1, "running", {}), [(1, "submitted", 0)]),
        (Sample(2, "running", {"a": counts(0)}), [(2, "submitted", 0), (3, "progress", 1)]),
        (Sample(1, "cancelled", {}), [(4, "cancelled", 0)]),
        (Sample(2, "running", {"a": counts(1)}), [(5, "progress", 1)]),
    ],
}


@pytest.mark.parametrize("name", TABLES)
def test_model(name: str) -> None:
    model = RunModel(Clock())
    for sample, expected in TABLES[name]:
        assert [(e.number, e.kind, len(e.operations)) for e in model.take(sample)] == expected


def test_the_model_takes_its_time_from_the_clock() -> None:
    clock = Clock()
    model = RunModel(clock)
    clock.now = 5.0
    model.take(Sample(1, "running", {}))
    clock.now = 7.5
    (event,) = model.take(Sample(1, "done", {}, memory=10, spilled=20))
    assert (event.elapsed, event.memory, event.spilled) == (2.5, 10, 20)


class Follower:
    """Takes events, and can be waited for."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self._more = threading.Condition()

    def __call__(self, event: Event) -> None:
        with self._more:
            self.events.append(event)
            self._more.notify_all()

    def until(self, kind: str, times: int = 1) -> list[Event]:
        with self._more:
            assert self._more.wait_for(lambda: sum(e.kind == kind for e in self.events) >= times, WAIT)
            return list(self.events)


@pytest.fixture
def session() -> Iterator[Session]:
    with mars_nb.new_session() as opened:
        yield opened


def test_a_run_is_followed_from_start_to_end(session: Session) -> None:
    follower, gate = Follower(), threading.Event()
    unsubscribe = session.events.subscribe(follower)
    future = mr.spawn(gate.wait, args=(WAIT,)).execute(wait=False)
    follower.until("progress")
    gate.set()
    future.result(WAIT)
    events = follower.until("done")
    assert [event.number for event in events] == list(range(1, len(events) + 1))
    assert events[0].kind == "submitted"
    assert {event.task for event in events} == {future.number}
    (node,) = future.nodes
    told = [operation for event in events for operation in event.operations]
    assert told[-1] == OperationCounts("RemoteFunction", 1, 0, 1, node.key, node.site, node.short_name)
    unsubscribe()
    mt.ones(3).execute()
    assert len(follower.events) == len(events)


def test_failed_and_cancelled_and_several_followers(session: Session) -> None:
    first, second, gate = Follower(), Follower(), threading.Event()

    def broken(event: Event) -> None:
        raise ValueError("a view of somebody's")

    for subscriber in (broken, first, second):
        session.events.subscribe(subscriber)
    with pytest.raises(ZeroDivisionError):
        mr.spawn(lambda: 1 // 0).execute()
    first.until("failed")
    future = mr.spawn(gate.wait, args=(WAIT,)).execute(wait=False)
    future.cancel()
    gate.set()
    kinds = [event.kind for event in first.until("cancelled") if event.kind != "progress"]
    assert kinds == ["submitted", "failed", "submitted", "cancelled"]
    assert second.until("cancelled") == first.events


def test_nobody_listens_no_thread(session: Session) -> None:
    mt.ones((100, 100), chunk_size=10).sum().execute()
    assert not [t for t in threading.enumerate() if t.name.startswith("mars_nb-events")]
