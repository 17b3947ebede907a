from __future__ import annotations

import pytest

from mars_nb.notebook.sidebar.checking import conforms
from mars_nb.notebook.sidebar.following import MOST_SPANS, Following
from mars_nb.notebook.sidebar.messages import Spans
from mars_nb.session.picture import Ran
from mars_nb.session.timeline import Timeline

TASK = {"session": "1", "task": 3}


class Sheet:
    """What a panel draws from."""

    def __init__(self):
        self.items = []

    def take(self, spans):
        assert conforms(spans, Spans)
        assert len(spans["items"]) % 5 == 0
        assert len(spans["items"]) <= 5 * MOST_SPANS
        first = 5 * spans["first"]
        assert first <= len(self.items), "there is a gap"
        self.items[first:] = spans["items"]


@pytest.fixture
def timeline():
    return Timeline({"a": "TensorAdd"})


@pytest.fixture
def following(timeline):
    return Following(lambda followed: timeline if followed == TASK else None, lambda followed: {"c": "a"})


def ran(first, last):
    """Chunk tasks of two operations in turn, so that none are put together."""
    return [Ran("ab"[n % 2], "thread 1", float(n), 0.9) for n in range(first, last)]


def told(following, sheet):
    count = 0
    while (spans := following.next(TASK)) is not None:
        sheet.take(spans)
        count += 1
        if not following.more:
            break
    return count


def expected(timeline):
    return [
        number
        for s in timeline.spans
        for number in (s.operation, s.worker, round(1000 * s.start), round(1000 * s.seconds), s.tasks)
    ]


def test_parts_make_the_whole(timeline, following):
    sheet = Sheet()
    for first, last in ((0, 3), (3, 1503), (1503, 1504)):
        timeline.add(ran(first, last))
        assert told(following, sheet) >= (last - first) / MOST_SPANS
        assert sheet.items == expected(timeline)
    assert len(sheet.items) == 5 * 1504


def test_nothing_new_is_nothing_to_tell(timeline, following):
    timeline.add(ran(0, 3))
    assert following.next(TASK)
    assert following.next(TASK) is None
    timeline.add([Ran("a", "thread 1", 3.5, 0.1)])
    assert following.next(TASK)["workers"] == ["thread 1"]


def test_another_task_begins_anew(timeline, following):
    timeline.add(ran(0, 3))
    assert following.next(TASK)
    assert following.next(None) is None
    assert following.next({"session": "1", "task": 4}) is None, "nobody remembers it"
    assert following.next(TASK)["first"] == 0


def test_so_does_one_that_lost_something(timeline, following):
    timeline.add(ran(0, 1200))
    following.next(TASK)
    assert following.more
    following.restart()
    assert following.next(TASK)["first"] == 0


def test_operations_that_are_told_together(timeline, following):
    timeline.add([Ran(key, "thread 1", float(n), 0.5) for n, key in enumerate("abcab")])
    spans = following.next(TASK)
    assert spans["operations"] == ["a", "b"]
    assert spans["items"][::5] == [0, 1, 0, 0, 1]
    timeline.add([Ran(key, "thread 1", 5.0 + n, 0.5) for n, key in enumerate("cd")])
    spans = following.next(TASK)
    assert spans["operations"] == ["a", "b", "d"]
    assert spans["items"][::5][-2:] == [0, 2]
