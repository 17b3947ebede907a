"""What ran where and when on clusters, straight and behind a gateway."""

from __future__ import annotations

import time
from collections import Counter
from typing import Any

import pytest
from cluster_tools import through, until
from tcp_proxy import Proxy

import mars_nb
import mars_nb.remote as mr
import mars_nb.tensor as mt
from mars_nb import Session
from mars_nb.errors import SessionWarning
from mars_nb.session.timeline import Timeline


def timeline_of(session: Session, number: int) -> Timeline:
    timeline = session.timeline(number)
    assert timeline is not None
    return timeline


def tasks_of(timeline: Timeline) -> dict[str, int]:
    part = timeline.since()
    counts: Counter[str] = Counter()
    for span in part.spans:
        counts[part.operations[span.operation]] += span.tasks
    return dict(counts)


def test_all_that_ran_is_there(session: Session) -> None:
    t = mt.ones(2000, chunk_size=10).execute()  # on both workers
    task = session.execute(t + 1, wait=False)
    task.result()
    (node,) = task.nodes
    timeline = timeline_of(session, task.number)
    until(lambda: tasks_of(timeline) == {node.key: 200}, "all chunk tasks")  # what ran last is told a moment later
    info = session.tasks[-1]
    assert len(timeline.workers) == 2
    assert all("127.0.0.1" in worker for worker in timeline.workers)
    assert all(0 <= span.start <= span.end <= info.elapsed + 0.2 for span in timeline.spans)
    assert f"{node.label}: 200 chunk tasks" in repr(timeline)


def sleeping(seconds: float) -> float:
    time.sleep(seconds)
    return seconds


def test_what_runs_is_there_and_grows(session: Session) -> None:
    task = mr.spawn(sleeping, args=(2.0,)).execute(wait=False)
    timeline = until(lambda: session.timeline(task.number), "timeline")
    (first,) = until(lambda: timeline.spans, "spans")
    assert first.tasks == 1
    assert until(lambda: [span for span in timeline.spans if span.end > first.end], "growth")
    task.result()
    (last,) = until(lambda: [span for span in timeline.spans if span.seconds >= 1.99], "the end")
    assert last.tasks == 1
    assert last.seconds < 2.5


def failing(number: float) -> float:
    return 1 / (number - number)


def test_a_task_that_failed(session: Session) -> None:
    task = mr.spawn(failing, args=(1.0,)).execute(wait=False)
    with pytest.raises(ZeroDivisionError):
        task.result()
    timeline = timeline_of(session, task.number)
    until(lambda: list(tasks_of(timeline).values()) == [1], "the chunk task")


def test_a_cancelled_task_ends_with_what_ran(session: Session) -> None:
    task = mr.spawn(sleeping, args=(3.0,)).execute(wait=False)
    timeline = until(lambda: session.timeline(task.number), "timeline")
    until(lambda: timeline.spans, "spans")
    task.cancel()
    (span,) = timeline.spans
    mt.ones(10).execute()
    assert timeline.spans == [span]


def test_results_that_are_there_take_no_time(session: Session) -> None:
    t = mt.ones(100, chunk_size=10).execute()
    task = session.execute(t, wait=False)
    task.result()
    assert session.timeline(task.number) is None


class TestBehindAGateway:
    def test_those_who_come_later_are_told_what_ran(self, gateway: Any) -> None:
        with mars_nb.new_session(gateway.url, name="later") as session:
            quick = [mr.spawn(sleeping, args=(0.01,)) for _ in range(5)]
            slow = mr.spawn(sleeping, args=(3.0,))
            task = session.execute(*quick, slow, wait=False)
            timeline = until(lambda: session.timeline(task.number), "timeline")
            until(lambda: len(tasks_of(timeline)) >= 2, "what ran")
            session.detach()
            with pytest.warns(SessionWarning, match="attached"):
                again = mars_nb.new_session(gateway.url, name="later")
            with again:
                (other,) = again.running
                found = timeline_of(again, other.number)
                assert found.spans  # at once
                until(lambda: set(tasks_of(found).values()) == {1} and len(tasks_of(found)) == 6, "all of it")
                other.result()
                assert all(span.end < other.info().elapsed + 0.2 for span in found.spans)

    def test_what_was_missed_is_told_once(self, proxy: Proxy, gateway: Any) -> None:
        with mars_nb.new_session(through(proxy, gateway.url), name="cut") as session:
            rest = [mr.spawn(sleeping, args=(0.2,)) for _ in range(10)]
            task = session.execute(*rest, wait=False)
            timeline = until(lambda: session.timeline(task.number), "timeline")
            until(lambda: timeline.spans, "spans")
            proxy.cut()
            task.result()
            until(lambda: sum(tasks_of(timeline).values()) == 10, "all chunk tasks")
            spans = timeline.spans
            for worker in range(len(timeline.workers)):
                of = [span for span in spans if span.worker == worker]
                assert sum(span.seconds for span in of) < 1.0 + 0.5
