from __future__ import annotations

import pytest

from mars_nb.notebook.sidebar.checking import conforms
from mars_nb.notebook.sidebar.messages import CREDIT, Default, Snapshot, Update
from mars_nb.notebook.sidebar.panel import Panel
from mars_nb.notebook.sidebar.patches import apply


def session(name, **more):
    numbers = {"order": 1, "threads": 1, "memory": 0, "spilled": 0, "limit": 9, "results_total": 0, "nbytes": 0}
    return {"name": name, "address": "", **numbers, "results": {}, "tasks": {}, **more}


EMPTY = {"sessions": {}, "default": "", "lazy": {}}
MAIN = {"sessions": {"1": session("main")}, "default": "1", "lazy": {}}
MORE = {"sessions": {"1": session("main", memory=5), "2": session("etl")}, "default": "2", "lazy": {}}
SPANS = {"session": "1", "task": 3, "operations": [], "workers": [], "first": 0, "items": []}


def watch(visible, **more):
    return {"type": "watch", "visible": visible, **more}


@pytest.fixture
def panel():
    made = Panel("1.2.3")
    made.watch(watch(True))
    return made


class TestVisible:
    def test_all_then_changes_with_numbers_without_a_gap(self, panel):
        first = panel.tell(EMPTY, 1.0)
        assert conforms(first, Snapshot)
        assert (first["number"], first["now"], first["package"]) == (0, 1.0, "1.2.3")
        state = first["state"]
        for number, after in enumerate((MAIN, MORE, EMPTY), 1):
            message = panel.tell(after, 2.0)
            assert conforms(message, Update)
            assert message["number"] == number
            state = apply(message["patch"], state)
            assert state == after

    def test_nothing_new_is_no_message(self, panel):
        panel.tell(MAIN, 1.0)
        assert panel.tell({**MAIN, "sessions": {"1": session("main")}}, 2.0) is None
        assert panel.tell(MORE, 3.0)["number"] == 1

    def test_spans_alone_are_a_message(self, panel):
        panel.tell(MAIN, 1.0)
        message = panel.tell(MAIN, 2.0, SPANS)
        assert conforms(message, Update)
        assert (message["patch"], message["spans"]) == ({}, SPANS)

    def test_one_that_lost_something_gets_all(self, panel):
        panel.tell(MAIN, 1.0)
        assert not panel.is_lost
        panel.forget()
        assert panel.is_lost
        message = panel.tell(MAIN, 2.0)
        assert (message["type"], message["number"], message["state"]) == ("snapshot", 1, MAIN)

    def test_watching_once_more_is_no_reason_to_tell_all(self, panel):
        panel.tell(MAIN, 1.0)
        panel.watch(watch(True, follow={"session": "1", "task": 3}))
        assert panel.follows == {"session": "1", "task": 3}
        assert panel.tell(MAIN, 2.0) is None
        panel.watch(watch(True))
        assert panel.follows is None

    def test_shown_anew_it_gets_all(self, panel):
        panel.tell(MAIN, 1.0)
        panel.watch(watch(False))
        panel.watch(watch(True))
        assert panel.tell(MAIN, 2.0)["type"] == "snapshot"


class TestHidden:
    def test_the_name_of_the_default_session(self):
        panel = Panel("1.2.3")
        assert not panel.listens
        first = panel.tell_default("")
        assert conforms(first, Default)
        assert panel.tell_default("") is None
        assert panel.tell_default("main")["name"] == "main"
        assert panel.tell_default("main") is None

    def test_what_it_saw_is_not_told_again(self, panel):
        panel.tell(MAIN, 1.0)
        panel.watch(watch(False))
        assert panel.tell_default("main") is None
        assert panel.tell_default("etl")["name"] == "etl"

    def test_all_once_when_it_asks(self, panel):
        panel.tell(MAIN, 1.0)
        panel.watch(watch(False))
        assert not panel.listens
        panel.ask()
        assert panel.listens
        assert conforms(panel.tell(MAIN, 2.0), Snapshot)
        assert not panel.listens


class TestCredit:
    def test_is_used_up_by_messages_and_renewed_by_the_panels_own(self, panel):
        panel.tell(EMPTY, 0.0)
        states = (MAIN, MORE)
        for number in range(CREDIT - 1):
            assert panel.listens
            assert panel.tell(states[number % 2], 1.0)
        assert not panel.listens
        panel.hear()
        assert panel.listens
        assert panel.credit == CREDIT

    def test_what_is_not_sent_costs_nothing(self, panel):
        panel.tell(MAIN, 0.0)
        before = panel.credit
        panel.tell(MAIN, 1.0)
        assert panel.credit == before == CREDIT - 1

    def test_holds_for_hidden_panels_too(self):
        panel = Panel("1.2.3")
        for number in range(CREDIT):
            assert panel.tell_default(str(number))
        assert panel.tell_default("one more") is None
        panel.hear()
        assert panel.tell_default("one more")
