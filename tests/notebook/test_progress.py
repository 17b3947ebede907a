"""Who draws when: with a clock of the tests' own, and without threads but the tasks' own."""

from __future__ import annotations

import logging
import threading
import time

import pytest

import mars_nb
import mars_nb.remote as mr
from mars_nb.notebook import progress
from mars_nb.session.task import Task


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


class RecordingView:
    period = 0.1
    after = 0.0

    def __init__(self):
        self.drawn: list[float] = []
        self.finished: list[str] = []

    def draw(self, snapshot):
        self.drawn.append(snapshot.elapsed)

    def finish(self, snapshot):
        self.finished.append(snapshot.state)


class BrokenView(RecordingView):
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


@pytest.mark.parametrize(("period", "times"), [(0.1, range(9, 12)), (0.25, range(4, 6)), (10.0, range(1, 2))])
def test_a_long_task_is_drawn_as_often_as_the_view_wants_and_finished(clock, started, view, task, period, times):
    view.period = period
    progress.follow(task, "auto")
    seconds(clock, 0.45)
    assert not view.drawn
    seconds(clock, 1.05)
    assert len(view.drawn) in times
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


def test_what_is_costly_to_draw_is_drawn_less_often(clock, view, task):
    costs = iter([9.0, 0.02, 0.02, 7.0, 0.03])
    spent = 0.0

    def draw(snapshot):
        nonlocal spent
        spent += next(costs)

    view.draw = draw
    follower = progress.Follower(task, view, 0.0, cost=lambda: spent)
    pauses = [follower.pause for _ in range(5) if follower.draw()]
    assert pauses == pytest.approx([0.1, 2.0, 2.0, 2.0, 3.0]), "one that is costly by chance does not count"


def test_a_view_may_wait_longer(clock, started, view, task):
    view.after = 10.0
    progress.follow(task, "auto")
    seconds(clock, 9.9)
    assert not view.drawn
    seconds(clock, 0.2)
    assert view.drawn


def test_a_task_that_ended_unnoticed_is_let_go(clock, started, view, task):
    task.end()
    progress.follow(task, "auto")
    seconds(clock, 1)
    assert view.drawn == []
    assert not progress.ticker._due


def test_a_task_that_ends_while_it_is_taken_up_is_let_go(clock, started, view, task, monkeypatch):
    add = progress.ticker.add
    monkeypatch.setattr(progress.ticker, "add", lambda *arguments: (task.end(), add(*arguments)))
    progress.follow(task, "auto")
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


def test_an_interrupt_when_the_thread_was_started(monkeypatch, view):
    """There is one thread all the same."""
    monkeypatch.setattr(progress, "IDLE", 0.05)
    started = []

    def start(run):
        started.append(threading.Thread(target=run))
        started[-1].start()
        raise KeyboardInterrupt

    ticker = progress.Ticker(start=start)
    tasks = [Task("value", (), "s") for _ in range(2)]
    followers = [progress.Follower(task, view, 0.0) for task in tasks]
    with pytest.raises(KeyboardInterrupt):
        ticker.add(followers[0], 0.0)
    wait_for(lambda: view.drawn)
    ticker.add(followers[1], 0.0)
    ticker.run()  # what a second thread would do: nothing
    (thread,) = started
    assert thread.is_alive()
    for task in tasks:
        task.end()
    thread.join(5.0)
    assert not thread.is_alive()


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
