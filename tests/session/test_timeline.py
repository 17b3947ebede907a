"""What ran where and when: a pure picture, tested by tables and at random, and timelines of local sessions."""

from __future__ import annotations

import itertools
import threading
from collections import Counter, defaultdict
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

import mars_nb
import mars_nb.remote as mr
import mars_nb.tensor as mt
from mars_nb import Session
from mars_nb.errors import TaskCancelled
from mars_nb.session import history
from mars_nb.session.picture import RESOLUTION, Picture, Ran, Span
from mars_nb.session.timeline import Part, Position, Timeline

WAIT = 10.0
R = RESOLUTION

TABLES: dict[str, tuple[list[tuple[str, str, float, float]], list[tuple[int, int, float, float, int]]]] = {
    # operation, worker, start and end of chunk tasks; operation, worker, start, end and number of spans
    "one": ([("a", "1", 0.5, 2.0)], [(0, 0, 0.5, 2.0, 1)]),
    "a gap that can be seen": ([("a", "1", 0, 1), ("a", "1", 1.1, 2)], [(0, 0, 0, 1, 1), (0, 0, 1.1, 2, 1)]),
    "one that cannot": ([("a", "1", 0, 1), ("a", "1", 1.001, 2)], [(0, 0, 0, 2, 2)]),
    "another operation": ([("a", "1", 0, 1), ("b", "1", 1, 2)], [(0, 0, 0, 1, 1), (1, 0, 1, 2, 1)]),
    "another worker": ([("a", "1", 0, 1), ("a", "2", 0, 1)], [(0, 0, 0, 1, 1), (0, 1, 0, 1, 1)]),
    "short ones in turn": (
        [("a", "1", 0, 0.2 * R), ("b", "1", 0.2 * R, 0.4 * R), ("a", "1", 0.4 * R, 0.9 * R)],
        [(0, 0, 0, 0.7 * R, 2), (1, 0, 0.7 * R, 0.9 * R, 1)],
    ),
    "a long one goes on after short ones": (
        [("a", "1", 0, 0.2 * R), ("b", "1", 0.2 * R, 0.4 * R), ("b", "1", 0.4 * R, 1)],
        [(0, 0, 0, 0.2 * R, 1), (1, 0, 0.2 * R, 1, 2)],
    ),
}


def ran(operation: str, worker: str, start: float, end: float) -> Ran:
    return Ran(operation, worker, start, end - start)


def rounded(spans: list[Span]) -> list[tuple[int, int, float, float, int]]:
    return sorted((s.operation, s.worker, round(s.start, 9), round(s.end, 9), s.tasks) for s in spans)


@pytest.mark.parametrize("name", TABLES)
def test_what_is_put_together(name: str) -> None:
    took, expected = TABLES[name]
    picture = Picture()
    for one in took:
        picture.add(ran(*one))
    assert rounded(picture.spans()) == sorted((o, w, round(s, 9), round(e, 9), n) for o, w, s, e, n in expected)


SECONDS = st.one_of(st.just(0.0), st.floats(1e-6, 1e-4), st.floats(1e-4, 1e-2), st.floats(1e-2, 5.0))
ROWS = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("12"), SECONDS, SECONDS), max_size=200)


@given(rows=ROWS, limit=st.sampled_from([2, 10, 20_000]))
def test_nothing_is_left_out_and_nothing_overlaps(rows: list[tuple[str, str, float, float]], limit: int) -> None:
    picture = Picture(limit)
    free = defaultdict[str, float](float)
    took: Counter[tuple[str, str]] = Counter()
    for operation, worker, gap, seconds in rows:
        start = free[worker] + gap
        picture.add(Ran(operation, worker, start, seconds))
        free[worker] = start + seconds
        took[operation, worker] += 1
    spans = picture.spans()
    operations, workers = list(picture.operations), list(picture.workers)
    told: Counter[tuple[str, str]] = Counter()
    for span in spans:
        told[operations[span.operation], workers[span.worker]] += span.tasks
    assert told == took
    for number, worker in enumerate(workers):
        of = [span for span in spans if span.worker == number]
        assert all(before.end <= after.start + 1e-9 for before, after in itertools.pairwise(of))
        assert not of or of[-1].end <= free[worker] + 1e-9


@given(rows=ROWS, looks=st.sets(st.integers(0, 200)), limit=st.sampled_from([5, 20_000]))
def test_parts_make_the_whole(rows: list[tuple[str, str, float, float]], looks: set[int], limit: int) -> None:
    timeline = Timeline({}, limit=limit)
    position, told, at = Position(), list[Span](), defaultdict[str, float](float)
    for number, (operation, worker, gap, seconds) in enumerate(rows):
        if number in looks:
            position = follow(timeline, position, told)
        timeline.add([Ran(operation, worker, at[worker] + gap, seconds)])
        at[worker] += gap + seconds
    follow(timeline, position, told)
    assert told == timeline.spans


def follow(timeline: Timeline, position: Position, told: list[Span]) -> Position:
    """Do as a sidebar does."""
    part = timeline.since(position)
    told[part.first :] = part.spans
    return part.position


def test_it_is_bounded() -> None:
    picture = Picture(limit=500)
    at = 0.0
    for number in range(20_000):  # in turn, and too long to be put together
        picture.add(Ran("ab"[number % 2], "1", at, 0.01))
        at += 0.01
    assert len(picture.spans()) <= 502
    assert sum(span.tasks for span in picture.spans()) == 20_000


def test_there_may_be_as_many_as_workers_times_operations() -> None:
    picture = Picture(limit=10)
    for number in range(50):
        picture.add(Ran(f"o{number}", f"w{number}", 0.0, 1.0))
        picture.add(Ran("last", f"w{number}", 1.0, 1.0))
    assert sum(span.tasks for span in picture.spans()) == 100


class TestWhatRuns:
    def test_is_there(self) -> None:
        spans = Picture().spans(running=[Ran("a", "1", 1.0, 2.0)])
        assert spans == [Span(0, 0, 1.0, 2.0, 1)]

    def test_goes_on_with_what_ended(self) -> None:
        picture = Picture()
        picture.add(Ran("a", "1", 0.0, 1.0))
        picture.add(Ran("a", "2", 0.0, 1.0))
        spans = picture.spans(running=[Ran("a", "2", 1.0, 0.5), Ran("b", "1", 1.0, 0.5)])
        assert spans == [Span(0, 0, 0.0, 1.0, 1), Span(0, 1, 0.0, 1.5, 2), Span(1, 0, 1.0, 0.5, 1)]

    def test_may_be_the_first_of_its_worker(self) -> None:
        picture = Picture()
        picture.spans(running=[Ran("a", "1", 0.0, 1.0)])
        picture.add(Ran("a", "2", 0.0, 1.0))
        picture.add(Ran("a", "1", 0.0, 1.5))
        assert picture.spans() == [Span(0, 0, 0.0, 1.5, 1), Span(0, 1, 0.0, 1.0, 1)]


@pytest.mark.slow
def test_a_million_are_not_many() -> None:
    picture = Picture()
    for number in range(1_000_000):
        picture.add(Ran("abcde"[number % 5], "12"[number % 2], 2e-6 * (number // 2), 1.9e-6))
    spans = picture.spans()
    assert len(spans) < 20_000
    assert sum(span.tasks for span in spans) == 1_000_000


# --- told from elsewhere ----------------------------------------------------------------------------------------------


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class TestTold:
    def test_times_count_from_the_start_of_the_task(self) -> None:
        clock = Clock()
        timeline = Timeline({}, clock=clock)
        timeline.begin(2.0)  # the task was started at 98
        clock.now = 105.0
        timeline.add([Ran("a", "1", 0.5, 1.0)], now=4.0)  # it began at 101 there
        assert timeline.spans == [Span(0, 0, 3.5, 1.0, 1)]

    def test_what_was_told_sooner_tells_more_of_when_it_began(self) -> None:
        clock = Clock()
        timeline = Timeline({}, clock=clock)
        clock.now = 103.0
        timeline.add([], now=1.0)
        timeline.add([Ran("a", "1", 0.5, 0.5)], now=1.5)
        timeline.add([Ran("b", "1", 1.5, 0.5)], now=1.0)
        assert [span.start for span in timeline.spans] == [2.0, 3.0]

    def test_what_runs_grows_until_the_task_is_cancelled(self) -> None:
        clock = Clock()
        timeline = Timeline({}, clock=clock)
        timeline.add([], [Ran("a", "1", 0.0, 0.0)])
        clock.now = 101.0
        assert timeline.spans == [Span(0, 0, 0.0, 1.0, 1)]
        timeline.end(cancelled=True)
        clock.now = 102.0
        assert timeline.spans == [Span(0, 0, 0.0, 1.0, 1)]
        timeline.add([], [])  # nothing runs there any more
        assert timeline.spans == [Span(0, 0, 0.0, 1.0, 1)]
        timeline.add([Ran("a", "1", 0.0, 1.5)])
        assert timeline.spans == [Span(0, 0, 0.0, 1.5, 1)]

    def test_nothing_runs_in_a_task_that_is_done(self) -> None:
        timeline = Timeline({})
        timeline.add([], [Ran("a", "1", 0.0, 0.0)])
        timeline.end(cancelled=False)
        assert timeline.spans == []

    def test_all_can_be_told_to_others_and_replaces_what_they_have(self) -> None:
        clock = Clock()
        first, second = Timeline({}, clock=clock), Timeline({}, clock=clock)
        clock.now = 110.0
        first.add([Ran("a", "1", 0.0, 5.0)], [Ran("b", "1", 5.0, 0.0)], now=8.0)
        second.add([Ran("a", "1", 0.0, 1.0), Ran("c", "1", 1.0, 1.0)], now=9.0)
        position = second.since().position
        second.replace(*first.told())
        part = second.since(position)
        assert part.first == 0
        assert part.spans == first.spans == [Span(0, 0, 2.0, 5.0, 1), Span(1, 0, 7.0, 3.0, 1)]


# --- local sessions ---------------------------------------------------------------------------------------------------


@pytest.fixture
def session() -> Iterator[Session]:
    with mars_nb.new_session(n_threads=2) as opened:
        yield opened


def timeline_of(session: Session, number: int) -> Timeline:
    timeline = session.timeline(number)
    assert timeline is not None
    return timeline


def tasks_of(part: Part) -> dict[str, int]:
    counts: Counter[str] = Counter()
    for span in part.spans:
        counts[part.operations[span.operation]] += span.tasks
    return dict(counts)


def test_all_chunk_tasks_are_there(session: Session) -> None:
    t = mt.random.rand(4000, chunk_size=10)
    total = (t + 1).sum()
    task = session.execute(total, wait=False)
    task.result(WAIT)
    part = timeline_of(session, task.number).since()
    (info,) = session.tasks
    assert tasks_of(part) == {counts.key: counts.done for counts in info.operations}
    assert sum(tasks_of(part).values()) == info.done > 800
    assert set(part.workers) <= {"thread 1", "thread 2"}
    assert all(0 <= span.start <= span.end <= info.elapsed + RESOLUTION for span in part.spans)


def test_workers_have_the_places_of_those_that_ended(session: Session) -> None:
    for _ in range(3):  # cancelled runs leave workers behind, which others take the place of
        began, gate = threading.Event(), threading.Event()
        stuck = mr.spawn(lambda began=began, gate=gate: (began.set(), gate.wait(WAIT))).execute(wait=False)
        assert began.wait(WAIT)
        stuck.cancel()
        task = session.execute(mt.ones(100, chunk_size=10) * 2, wait=False)
        task.result(WAIT)
        gate.set()
        assert set(timeline_of(session, task.number).workers) <= {"thread 1", "thread 2"}


def test_what_runs_grows(session: Session) -> None:
    began, gate = threading.Event(), threading.Event()
    task = mr.spawn(lambda: (began.set(), gate.wait(WAIT))).execute(wait=False)
    assert began.wait(WAIT)
    timeline = timeline_of(session, task.number)
    (first,) = timeline.since().spans
    (second,) = timeline.since().spans
    gate.set()
    task.result(WAIT)
    (last,) = timeline.since().spans
    assert first.tasks == second.tasks == last.tasks == 1
    assert first.start == second.start == last.start
    assert first.end < second.end < last.end


def test_a_task_that_failed(session: Session) -> None:
    def work(number: int) -> float:
        return 1 / (3 - number)

    done = mr.spawn(work, args=(0,)).execute()
    task = mr.spawn(lambda value: 1 / (value - value), args=(done,)).execute(wait=False)
    with pytest.raises(ZeroDivisionError):
        task.result(WAIT)
    assert sum(tasks_of(timeline_of(session, task.number).since()).values()) == 1


def test_a_cancelled_task_ends_with_what_ran(session: Session) -> None:
    began, gate = threading.Event(), threading.Event()
    task = mr.spawn(lambda: (began.set(), gate.wait(WAIT))).execute(wait=False)
    assert began.wait(WAIT)
    timeline = timeline_of(session, task.number)
    task.cancel()
    (span,) = timeline.spans
    gate.set()
    with pytest.raises(TaskCancelled):
        task.result(WAIT)
    mt.ones(10).execute()  # the thread has come back meanwhile, or another one has its place
    assert timeline.spans == [span]
    (info, _) = session.tasks
    assert span.end <= info.elapsed + RESOLUTION


def test_a_task_of_chunk_tasks_within_a_chunk_task_runs_on_its_thread(session: Session) -> None:
    numbers: list[int] = []

    def work() -> float:
        task = session.execute(mt.ones(100, chunk_size=10) + 1, wait=False)
        numbers.append(task.number)
        return float(task.result(WAIT).sum().execute(session=session).fetch(session=session))

    outer = mr.spawn(work).execute(wait=False)
    outer.result(WAIT)
    inner = timeline_of(session, numbers[0])
    assert inner.workers == timeline_of(session, outer.number).workers


def test_it_starts_with_the_task(session: Session) -> None:
    began, gate = threading.Event(), threading.Event()
    with mars_nb.background() as tasks:
        first = mr.spawn(lambda: (began.set(), gate.wait(WAIT))).execute()
        second = mr.spawn(lambda _: 1, args=(first,)).execute()
        assert began.wait(WAIT)
        assert [task.waiting for task in tasks] == [False, True]
        assert [info.waiting for info in session.tasks] == [False, True]
        assert session.timeline(tasks[1].number) is None
        gate.set()
    assert second.fetch() == 1
    (waited,) = (info for info in session.tasks if info.number == tasks[0].number)
    (span,) = timeline_of(session, tasks[1].number).spans
    assert span.start >= waited.elapsed - (tasks[1].started_at - tasks[0].started_at) - RESOLUTION
    assert not any(info.waiting for info in session.tasks)


def test_those_of_the_last_tasks_are_remembered(session: Session) -> None:
    numbers = []
    for _ in range(7):
        task = session.execute(mt.ones(10), wait=False)
        task.result(WAIT)
        numbers.append(task.number)
    assert [session.timeline(number) is None for number in numbers] == [True] * 2 + [False] * 5
    assert session.timeline(10**9) is None


def test_what_is_noted_down_and_never_looked_at_is_bounded(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "_NOTED", 150)
    numbers = []
    for _ in range(4):
        task = session.execute(mt.ones(1000, chunk_size=10), wait=False)
        task.result(WAIT)
        numbers.append(task.number)
    assert [session.timeline(number) is None for number in numbers] == [True] * 3 + [False]
    last = timeline_of(session, numbers[-1])
    assert last.unread == 100
    assert sum(span.tasks for span in last.spans) == 100
    assert last.unread == 0


def test_how_it_is_shown(session: Session) -> None:
    task = session.execute(mt.ones(100, chunk_size=10), wait=False)
    task.result(WAIT)
    lines = repr(timeline_of(session, task.number)).splitlines()
    assert lines[0].startswith("<Timeline of 10 chunk tasks in ")
    assert lines[1] == "  TensorOnes: 10 chunk tasks"
    assert all(line.startswith("  thread ") and " busy for " in line for line in lines[2:])
