"""Who draws when: with a clock of the tests' own, and without threads but the tasks' own."""

from __future__ import annotations

import io
import logging
import threading
import time

import pytest

import mars_nb
import mars_nb.remote as mr
from mars_nb.notebook import progress, views
from mars_nb.session import Snapshot
from mars_nb.session.task import Task


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


class RecordingView:
    def __init__(self):
        self.drawn: list[float] = []
        self.finished: list[str] = []

    def draw(self, snapshot):
        self.drawn.append(snapshot.elapsed)

    def finish(self, snapshot):
        self.finished.append(snapshot.state)


class BrokenView:
    calls = 0

    def draw(self, snapshot):
        self.calls += 1
        raise RuntimeError("broken view")

    finish = draw


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def started(monkeypatch, clock):
    """Put a ticker without a thread in place; gives the list of the threads that it wanted."""
    wanted = []
    monkeypatch.setattr(progress, "ticker", progress.Ticker(clock, wanted.append))
    return wanted


@pytest.fixture
def view(monkeypatch):
    made = RecordingView()
    monkeypatch.setattr(progress, "choose", lambda wish: made)
    return made


@pytest.fixture
def task(clock):
    return Task("value", (), "s", clock=clock)


def seconds(clock, count, step=0.05):
    for _ in range(round(count / step)):
        clock.now += step
        progress.ticker.draw_due()


def test_a_long_task_is_drawn_ten_times_a_second_and_finished(clock, started, view, task):
    progress.follow(task, "auto")
    seconds(clock, 0.45)
    assert not view.drawn
    seconds(clock, 1.05)
    assert 9 <= len(view.drawn) <= 11
    assert view.drawn[0] == pytest.approx(0.5, abs=0.06)
    task.end()
    assert view.finished == ["done"]
    drawn = len(view.drawn)
    seconds(clock, 1)
    assert len(view.drawn) == drawn
    assert len(started) == 1


def test_a_short_task_is_never_shown(clock, started, view, task):
    progress.follow(task, True)
    seconds(clock, 0.4)
    task.end()
    seconds(clock, 2)
    assert (view.drawn, view.finished) == ([], [])
    assert not progress.ticker._due


@pytest.mark.parametrize(
    ("end", "state"), [(lambda t: t.end(ValueError()), "failed"), (lambda t: t.cancel(), "cancelled")]
)
def test_other_ends(clock, started, view, task, end, state):
    progress.follow(task, "auto")
    seconds(clock, 1)
    end(task)
    assert view.finished == [state]


def test_the_end_is_drawn_before_anybody_hears_of_it(clock, started, view, task):
    heard = []
    progress.follow(task, "auto")
    task.add_done_callback(lambda _: heard.append(list(view.finished)))
    seconds(clock, 1)
    task.end()
    assert heard == [["done"]]


def test_progress_after_is_an_option(clock, started, view, task):
    with mars_nb.option_context({"progress_after": 3}):
        progress.follow(task, "auto")
    seconds(clock, 2.9)
    assert not view.drawn
    seconds(clock, 0.2)
    assert view.drawn


def test_a_task_that_ended_unnoticed_is_let_go(clock, started, view, task):
    task.end()
    progress.follow(task, "auto")
    seconds(clock, 1)
    assert view.drawn == []
    assert not progress.ticker._due


def test_no_view_costs_nothing(clock, started, monkeypatch, task):
    monkeypatch.setattr(progress, "choose", lambda wish: None)
    progress.follow(task, "auto")
    assert not started
    assert not task._before_end


def test_a_broken_view_does_not_hurt(clock, started, monkeypatch, task, caplog):
    broken = BrokenView()
    monkeypatch.setattr(progress, "choose", lambda wish: broken)
    with caplog.at_level(logging.DEBUG, "mars_nb.notebook.progress"):
        progress.follow(task, "auto")
        seconds(clock, 2)
        task.end()
    assert broken.calls == 1
    assert task.result() == "value"
    assert "broken view" in caplog.text


def test_a_broken_choice_does_not_hurt(monkeypatch, task):
    monkeypatch.setattr(progress, "choose", lambda wish: 1 / 0)
    progress.follow(task, "auto")


def test_the_thread_ends_when_idle_and_comes_back(monkeypatch, view):
    monkeypatch.setattr(progress, "IDLE", 0.05)
    monkeypatch.setattr(progress, "PAUSE", 0.01)
    monkeypatch.setattr(progress, "ticker", progress.Ticker())
    for expected in (1, 2):
        task = Task("value", (), "s")
        with mars_nb.option_context({"progress_after": 0.0}):
            progress.follow(task, "auto")
        wait_for(lambda: view.drawn)
        view.drawn.clear()
        task.end()
        assert len(view.finished) == expected
        wait_for(lambda: not progress.ticker._alive)


def wait_for(condition, patience=5.0):
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.005)


def test_real_tasks_on_many_threads(monkeypatch, session):
    """Each is drawn in its own view and finished once, however they end at the same time."""
    made = []

    def choose(wish):
        made.append(RecordingView())
        return made[-1]

    monkeypatch.setattr(progress, "choose", choose)
    monkeypatch.setattr(progress, "ticker", progress.Ticker())
    monkeypatch.setattr(progress, "IDLE", 0.05)
    go = threading.Event()
    with mars_nb.option_context({"progress_after": 0.0}):
        tasks = [mr.spawn(go.wait, args=(10,)).execute(wait=False) for _ in range(10)]
        wait_for(lambda: all(view.drawn for view in made))
        for task in tasks[:3]:
            task.cancel()
        go.set()
        for task in tasks[3:]:
            task.result()
    assert [view.finished for view in made] == [["cancelled"]] * 3 + [["done"]] * 7
    wait_for(lambda: not progress.ticker._alive)


@pytest.mark.parametrize(
    ("wish", "variable", "where", "kind"),
    [
        ("auto", None, "kernel widgets", "widget"),
        ("auto", None, "kernel", None),
        ("auto", None, "tty", "text"),
        ("auto", None, "", None),
        (True, None, "", "plain"),
        (True, None, "kernel", "plain"),
        ("auto", "off", "kernel widgets", None),
        ("auto", "off", "tty", None),
        (True, "off", "tty", "text"),
        ("auto", "text", "kernel widgets", "text"),
        ("auto", "text", "", "plain"),
        ("auto", "widget", "tty", "text"),
        ("auto", "widget", "kernel widgets", "widget"),
        ("auto", "nonsense", "tty", "text"),
    ],
)
def test_which_view(wish, variable, where, kind):
    places = {place: place in where.split() for place in ("kernel", "widgets", "tty")}
    assert views.decide(wish, variable, **places) == kind


def running(elapsed):
    return Snapshot("running", elapsed, ())


class TestTextView:
    def test_draws_over_itself_and_leaves_a_last_line(self):
        stream = io.StringIO()
        view = views.TextView(stream)
        view.draw(running(61.0))
        view.draw(running(2.0))
        view.finish(Snapshot("done", 3.0, ()))
        first, second, last = stream.getvalue().split("\r")[1:]
        assert "1 min 01 s" in first
        assert len(second) == len(first)
        assert last.rstrip() == "[####################] done, 0/0 chunk tasks, 3.0 s"
        assert last.endswith("\n")

    def test_two_share_the_line(self):
        stream = io.StringIO()
        one, two = views.TextView(stream), views.TextView(stream)
        one.draw(running(1.0))
        two.draw(running(2.0))
        two.finish(Snapshot("failed", 3.0, ()))
        one.draw(running(4.0))
        one.finish(Snapshot("done", 5.0, ()))
        assert [
            word for word in stream.getvalue().split() if "." in word and word[0].isdigit()
        ] == "1.0 3.0 4.0 5.0".split()

    def test_a_closed_stream_frees_the_line(self):
        stream = io.StringIO()
        stream.close()
        with pytest.raises(ValueError, match="closed"):
            views.TextView(stream).draw(running(1.0))
        assert views.TextView._on_line is None


def test_plain_view_and_true_outside_of_terminals(capsys, session):
    with mars_nb.option_context({"progress_after": 0.0}):
        mr.spawn(int).execute(show_progress=True)
        assert "done, 1/1 chunk tasks" in capsys.readouterr().err
        mr.spawn(int).execute()
        mr.spawn(int).execute(show_progress=False)
    assert capsys.readouterr().err == ""
