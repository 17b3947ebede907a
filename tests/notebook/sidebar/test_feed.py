"""The thread that tells panels what there is."""

from __future__ import annotations

import threading
import time
from queue import Empty, Queue

import pytest

import mars_nb
from mars_nb.notebook.sidebar import feed as module
from mars_nb.notebook.sidebar.feed import Feed
from mars_nb.notebook.sidebar.panel import Panel

PATIENCE_S = 20


class Collected:
    """Stands in for the collector: tells what it is set to."""

    def __init__(self):
        self.default = 0
        self.wait = None
        self.asked = []
        self.fails = 0
        self.cleared = 0

    def clear(self):
        self.cleared += 1

    def collect(self, changed, names):
        self.asked.append((set(changed), names))
        if self.fails:
            self.fails -= 1
            raise RuntimeError("a session went away meanwhile")
        return {"sessions": {}, "default": str(self.default), "lazy": {}}


class Watcher:
    """A panel, and what it was sent."""

    def __init__(self, feed):
        self.panel = Panel("1.2.3")
        self.sent = Queue()
        self.times = []
        self.feed = feed
        feed.open(self.panel, self.send)

    def send(self, message):
        self.times.append(time.monotonic())
        self.sent.put(message)

    def next(self):
        return self.sent.get(timeout=PATIENCE_S)

    def watch(self, visible):
        self.feed.post(lambda: self.panel.watch({"type": "watch", "visible": visible}))


@pytest.fixture
def collected():
    return Collected()


@pytest.fixture
def feed(collected, monkeypatch):
    monkeypatch.setattr(module, "SETTLE", 0.01)
    made = Feed(collected)
    yield made
    made.stop()
    assert made._thread is None


@pytest.fixture
def watcher(feed):
    made = Watcher(feed)
    assert made.next()["type"] == "default"
    return made


@pytest.fixture
def visible(watcher, feed):
    watcher.watch(True)
    assert watcher.next()["type"] == "snapshot"
    rest(feed)
    return watcher


def until(condition):
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.001)


def rest(feed):
    """Wait until it has nothing to do: then it sleeps without an end."""
    until(lambda: feed._queue.empty() and feed._due is None)


def ended(feed):
    until(lambda: feed._thread is None)


class TestHidden:
    def test_there_is_no_thread(self, feed, watcher):
        ended(feed)

    def test_is_told_the_default_sessions_name_when_that_changes(self, feed, watcher, collected):
        with mars_nb.new_session(name="main"):
            feed.changed(None)
            assert watcher.next() == {"type": "default", "name": "main"}
            feed.changed(None)
            ended(feed)
            assert watcher.sent.empty()
        feed.changed(None)
        assert watcher.next()["name"] == ""
        ended(feed)
        assert not collected.asked

    def test_changes_of_results_and_tasks_wake_nobody(self, feed, watcher):
        ended(feed)
        feed.changed(object())
        feed.cell_over()
        assert feed._thread is None
        assert feed._queue.empty()

    def test_without_panels_nothing_is_started(self, collected):
        feed = Feed(collected)
        feed.changed(None)
        assert feed._thread is None

    def test_one_that_hides_is_told_no_more(self, feed, visible):
        visible.watch(False)
        ended(feed)
        assert visible.sent.empty()

    def test_one_that_asks_gets_a_snapshot_all_the_same(self, feed, watcher):
        feed.post(watcher.panel.ask)
        assert watcher.next()["type"] == "snapshot"
        ended(feed)


class TestVisible:
    def test_is_told_of_changes_and_else_sleeps(self, feed, visible, collected):
        looks = len(collected.asked)
        collected.default = 1
        feed.changed("session")
        message = visible.next()
        assert (message["number"], message["patch"]) == (1, {"default": "1"})
        rest(feed)
        assert visible.sent.empty()
        assert collected.asked[looks:] == [({"session"}, False), ({"session"}, False)], "once more when it has settled"
        assert feed._thread.is_alive()

    def test_names_are_looked_at_after_a_cell(self, feed, visible, collected):
        collected.default = 1
        feed.cell_over()
        visible.next()
        assert (set(), True) in collected.asked[1:]

    def test_what_is_known_is_forgotten_while_nobody_listens(self, feed, visible, collected):
        before = collected.cleared
        visible.watch(False)
        ended(feed)
        assert collected.cleared > before

    def test_while_something_runs_it_looks_by_itself(self, feed, visible, collected):
        collected.wait = 0.0
        feed.changed("session")
        for number in range(1, 4):
            collected.default = number
            assert visible.next()["patch"] == {"default": str(number)}
        collected.wait = None
        rest(feed)

    def test_not_more_than_ten_messages_a_second(self, feed, visible, collected):
        end = time.monotonic() + 1.6
        while time.monotonic() < end:
            collected.default += 1
            feed.changed("session")
            time.sleep(0.002)  # the rate of changes, waits for nothing
        times = list(visible.times)
        assert len(times) >= 6, "at least four a second"
        assert max(sum(begin <= at < begin + 1.0 for at in times) for begin in times) <= 10

    def test_two_are_told_the_same(self, feed, visible, collected):
        other = Watcher(feed)
        assert other.next()["type"] == "default"
        other.watch(True)
        assert other.next()["type"] == "snapshot"
        collected.default = 3
        feed.changed("session")
        assert visible.next()["patch"] == other.next()["patch"] == {"default": "3"}
        feed.close(other.panel)
        collected.default = 4
        feed.changed("session")
        visible.next()
        assert other.sent.empty()

    def test_one_whose_credit_is_used_up(self, feed, visible, collected):
        visible.panel.credit = 1
        collected.default = 1
        feed.changed("session")
        visible.next()
        ended(feed)
        collected.default = 2
        feed.changed("session")
        assert visible.sent.empty()
        feed.post(visible.panel.hear)
        assert visible.next()["patch"] == {"default": "2"}

    def test_what_goes_wrong_is_tried_again(self, feed, visible, collected, monkeypatch):
        monkeypatch.setattr(module, "AGAIN", 0.01)
        collected.fails = 2
        collected.default = 1
        feed.changed("session")
        assert visible.next()["patch"] == {"default": "1"}


def test_the_garbage_collector_may_call_in_any_moment(feed, visible, collected):
    collected.default = 1
    with feed._lock:  # it may come while this thread has it
        feed.changed("session")
    assert visible.next()


def test_stop_ends_the_thread(feed, visible):
    thread = feed._thread
    feed.stop()
    assert not thread.is_alive()
    feed.stop()
    with pytest.raises(Empty):
        visible.sent.get_nowait()


def test_many_at_once(feed, collected):
    """Panels come, look, hide and go on several threads."""

    def come_and_go():
        for _ in range(5):
            watcher = Watcher(feed)
            watcher.watch(True)
            while watcher.next()["type"] != "snapshot":
                pass
            watcher.watch(False)
            feed.close(watcher.panel)

    threads = [threading.Thread(target=come_and_go) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_S)
        assert not thread.is_alive()
    ended(feed)
