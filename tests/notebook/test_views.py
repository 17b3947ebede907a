"""The views, and which is chosen, without a kernel; `test_progress_kernel` has one."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest

import mars_nb
import mars_nb.remote as mr
from mars_nb.notebook import choice, views
from mars_nb.notebook.choice import Place
from mars_nb.session import Snapshot

LAB = Place(kernel=True, cell="abc", widgets=True)
KERNEL = Place(kernel=True, widgets=True)
TERMINAL = Place(tty=True)
PIPE = Place()


@pytest.mark.parametrize(
    ("wish", "variable", "place", "kind"),
    [
        ("auto", None, LAB, "html"),
        ("auto", None, KERNEL, "widget"),
        ("auto", None, Place(kernel=True), "html"),
        ("auto", None, Place(kernel=True, tty=True), "html"),
        ("auto", None, TERMINAL, "text"),
        ("auto", None, PIPE, "plain"),
        (True, None, LAB, "html"),
        (True, None, PIPE, "plain"),
        (False, "html", LAB, None),
        ("auto", "off", LAB, None),
        ("auto", "off", PIPE, None),
        (True, "off", TERMINAL, "text"),
        ("auto", "text", LAB, "text"),
        ("auto", "text", PIPE, "plain"),
        ("auto", "plain", TERMINAL, "plain"),
        (True, "plain", LAB, "plain"),
        ("auto", "widget", TERMINAL, "text"),
        ("auto", "widget", LAB, "widget"),
        ("auto", "widget", Place(kernel=True, cell="abc"), "html"),
        ("auto", "html", KERNEL, "html"),
        ("auto", "html", PIPE, "plain"),
        ("widget", "html", LAB, "widget"),
        ("html", "off", KERNEL, "html"),
        ("text", "widget", LAB, "text"),
        ("plain", None, LAB, "plain"),
        ("html", None, TERMINAL, "text"),
    ],
)
def test_which_view(wish, variable, place, kind):
    assert choice.decide(wish, variable, place) == kind


def test_a_log_is_for_long_tasks_where_it_was_not_asked_for(monkeypatch):
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    monkeypatch.delenv(choice.VARIABLE, raising=False)
    assert choice.choose("auto").after == choice.LOGGED_AFTER
    assert choice.choose(True).after == 0.0
    assert choice.choose("plain").after == 0.0
    monkeypatch.setenv(choice.VARIABLE, " Plain ")
    assert choice.choose("auto").after == 0.0


def test_a_wrong_variable_is_told_once_and_does_not_count(monkeypatch):
    monkeypatch.setenv(choice.VARIABLE, "htm")
    choice._warn.cache_clear()
    with pytest.warns(RuntimeWarning, match="MARS_NB_PROGRESS=htm is none of widget, html, text, plain and off"):
        assert choice._variable() is None
    assert choice._variable() is None


def test_no_standard_error(monkeypatch):
    monkeypatch.setattr(sys, "stderr", None)
    assert isinstance(choice.choose("auto"), views.PlainView)


@pytest.mark.parametrize(
    ("shell", "cell"),
    [
        (SimpleNamespace(get_parent=lambda: {"metadata": {"cellId": "abc"}}), "abc"),
        (SimpleNamespace(get_parent=lambda: {"metadata": {}}), None),
        (SimpleNamespace(get_parent=dict), None),
        (SimpleNamespace(), None),
    ],
)
def test_the_cell_is_known_where_the_front_end_tells_it(shell, cell):
    assert choice._cell(shell) == cell


def running(elapsed):
    return Snapshot("running", elapsed, ())


def done(elapsed):
    return Snapshot("done", elapsed, (), 1.0)


class Displays:
    """Stands in for the front end."""

    def __init__(self):
        self.shown = []

    def __call__(self, bundle, **how):
        self.shown.append((bundle, how))


@pytest.fixture
def displays(monkeypatch):
    made = Displays()
    monkeypatch.setattr(views, "show", made)
    return made


class TestHtmlView:
    def test_is_drawn_when_something_changed(self, displays):
        view = views.HtmlView("abc")
        for elapsed in (1.0, 1.2, 1.4, 2.1):
            view.draw(running(elapsed))
        view.finish(done(2.5))
        first, second, last = displays.shown
        ids = {how["display_id"] for _, how in displays.shown}
        assert [how["update"] for _, how in displays.shown] == [False, True, True]
        assert len(ids) == 1
        marks = [how["metadata"]["mars_nb"] for _, how in displays.shown]
        assert {(mark["cell_id"], mark["progress"]) for mark in marks} == {("abc", ids.pop())}
        assert [(mark["state"], mark["fraction"]) for mark in marks] == [("running", 0), ("running", 0), ("done", 1)]
        assert "1 s" in first[0]["text/html"]
        assert "2 s" in second[0]["text/html"]
        assert "done in 2.5 s" in last[0]["text/plain"]

    def test_the_end_alone_is_a_display_of_its_own(self, displays):
        views.HtmlView().finish(done(2.5))
        ((_, how),) = displays.shown
        mark = {"progress": how["display_id"], "session": "", "fraction": 1.0, "state": "done"}
        assert (how["update"], how["metadata"]) == (False, {"mars_nb": mark})


class TestTextView:
    def test_draws_over_itself_and_leaves_a_last_line(self):
        stream = io.StringIO()
        view = views.TextView(stream)
        view.draw(running(61.0))
        view.draw(running(61.3))
        view.draw(running(2.0))
        view.finish(done(3.0))
        first, second, last = stream.getvalue().split("\r")[1:]
        assert "1 min 01 s" in first
        assert len(second) == len(first)
        assert last.rstrip() == "[####################] done in 3.0 s: 0 chunk tasks"
        assert last.endswith("\n")

    def test_several_share_the_line(self):
        stream = io.StringIO()
        one, two, three = (views.TextView(stream) for _ in range(3))
        one.draw(running(1.0))
        two.draw(running(2.0))
        three.draw(running(3.0))
        one.draw(running(1.0))
        two.finish(Snapshot("failed", 3.0, ()))
        one.draw(running(4.0))
        one.finish(done(5.0))
        three.draw(running(6.0))
        three.finish(done(7.0))
        lines = [line.strip() for line in stream.getvalue().split("\r")[1:]]
        assert [line.partition("] ")[2] for line in lines] == [
            "0%, 0 of 0 chunk tasks, 1 s",
            "0%, 0 of 0 chunk tasks, 1 s (+2 more)",
            "failed after 3.0 s: 0 of 0 chunk tasks",
            "0%, 0 of 0 chunk tasks, 4 s (+1 more)",
            "done in 5.0 s: 0 chunk tasks",
            "0%, 0 of 0 chunk tasks, 6 s",
            "done in 7.0 s: 0 chunk tasks",
        ]
        assert not views.TextView._running

    def test_a_closed_stream_frees_the_line(self):
        stream = io.StringIO()
        stream.close()
        with pytest.raises(ValueError, match="closed"):
            views.TextView(stream).draw(running(1.0))
        assert not views.TextView._running


class TestPlain:
    def test_lines(self, capsys):
        view = views.PlainView()
        view.draw(running(0.5))
        view.draw(running(10.5))
        view.finish(done(12.0))
        out, err = capsys.readouterr()
        assert out == ""
        assert err == (
            "mars_nb task 0: 0%, 0 of 0 chunk tasks, 0 s\n"
            "mars_nb task 0: 0%, 0 of 0 chunk tasks, 10 s\n"
            "mars_nb task 0: done in 12.0 s: 0 chunk tasks\n"
        )

    def test_is_what_true_gives_outside_of_terminals(self, capsys, session):
        with mars_nb.option_context({"progress_after": 0.0}):
            mr.spawn(time.sleep, args=(0.1,)).execute(show_progress=True)
            assert "done in" in capsys.readouterr().err
            mr.spawn(time.sleep, args=(0.1,)).execute()
            mr.spawn(time.sleep, args=(0.1,)).execute(show_progress=False)
        assert capsys.readouterr().err == ""

    def test_in_a_script_whose_output_goes_to_files(self):
        """With shorter times than the real ones: a long task is logged, a short one is not."""
        script = (
            "import time, mars_nb, mars_nb.remote as mr\n"
            "from mars_nb.notebook import choice, views\n"
            "choice.LOGGED_AFTER, views.PlainView.period = 1.0, 0.5\n"
            "mars_nb.new_session()\n"
            "mr.spawn(time.sleep, args=(2.2,)).execute()\n"
            "mr.spawn(time.sleep, args=(0.7,)).execute()\n"
        )
        environment = {name: value for name, value in os.environ.items() if name != choice.VARIABLE}
        ran = subprocess.run(
            [sys.executable, "-c", script], capture_output=True, text=True, env=environment, check=True
        )
        assert ran.stdout == ""
        *running, last = ran.stderr.splitlines()
        assert 2 <= len(running) <= 3
        assert all("task 1: " in line and "0 of 1 chunk task" in line and "sleep 0/1" in line for line in running)
        assert last.startswith("mars_nb task 1: done in 2.")


class TestWish:
    def test_an_argument_that_is_none(self, session):
        with pytest.raises(ValueError, match="'auto', True, False, 'widget', 'html', 'text', 'plain'"):
            mr.spawn(int).execute(show_progress="htm")

    @pytest.mark.parametrize("value", ["auto", True, False, "widget", "html", "text", "plain"])
    def test_the_option(self, value):
        with mars_nb.option_context({"show_progress": value}):
            assert mars_nb.options.show_progress == value
