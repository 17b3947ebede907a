"""What panels ask for."""

from __future__ import annotations

import threading
from queue import Queue

import pytest

import mars_nb
import mars_nb.remote as mr
import mars_nb.tensor as mt
from mars_nb.errors import TaskCancelled
from mars_nb.notebook.sidebar import known
from mars_nb.notebook.sidebar.checking import conforms
from mars_nb.notebook.sidebar.desk import Desk, explained
from mars_nb.notebook.sidebar.messages import Action, Reply

PATIENCE_S = 20


@pytest.fixture
def desk():
    made = Desk()
    yield made
    made.close()


@pytest.fixture
def ask(desk):
    replies = Queue()

    def ask(do, session=None, **more):
        action = {"do": do, **more} if session is None else {"do": do, "session": known.identity(session), **more}
        assert conforms(action, Action)
        desk.take({"type": "request", "request": 7, "action": action}, replies.put)
        reply = replies.get(timeout=PATIENCE_S)
        assert conforms(reply, Reply)
        assert reply["request"] == 7
        assert ("value" in reply) is not ("error" in reply)
        return reply.get("error") or reply["value"]

    return ask


class TestSessions:
    def test_default(self, ask, session):
        with mars_nb.new_session(default=False) as other:
            assert ask("default", other) == {}
            assert other.is_default

    def test_rename(self, ask, session):
        assert ask("rename", session, name="weather") == {}
        assert session.name == "weather"

    def test_a_name_that_is_taken(self, ask, session):
        with mars_nb.new_session(name="taken", default=False):
            assert "'taken'" in ask("rename", session, name="taken")["text"]
            assert "'taken'" in ask("new", name="taken", default=True)["text"]

    def test_close(self, ask, session):
        assert ask("close", session) == {}
        assert session.closed
        error = ask("close", session)
        assert error["text"] == "the session is not open any more"
        assert error["hints"] == ["mars_nb.sessions  # the open ones"]

    def test_new(self, ask):
        value = ask("new", name="", default=False)
        session = known.find(value["session"])
        assert session is not None
        assert not session.is_default
        full = {"name": "etl", "default": True, "threads": 3, "memory_limit": "1MiB"}
        session = known.find(ask("new", **full)["session"])
        assert (session.name, session.n_threads, session.memory_limit) == ("etl", 3, 1 << 20)
        assert session.is_default

    @pytest.mark.parametrize(
        ("wrong", "words"),
        [
            ({"memory_limit": "much"}, "much"),
            ({"threads": 0}, "n_threads"),
            ({"name": "   "}, "name"),
            ({"address": "no address"}, "an address is a URL"),
            ({"address": "http://127.0.0.1:9", "threads": 2}, "a cluster has its own"),
        ],
    )
    def test_new_with_something_wrong(self, ask, wrong, words):
        assert words in ask("new", **{"name": "", "default": True, **wrong})["text"]
        assert not mars_nb.sessions


class TestToken:
    """It is told to nobody else."""

    @pytest.mark.parametrize(
        "address", ["http://127.0.0.1:9", "http://127.0.0.1:9/x?y=1", "127.0.0.1:9", "tcp://127.0.0.1:9"]
    )
    @pytest.mark.parametrize("token", ["s3cret", "s3 cret/+&"])
    def test_is_in_no_error(self, ask, caplog, capsys, address, token):
        error = ask("new", name="", default=True, address=address, token=token)
        assert error["text"]
        told = f"{error} {caplog.text} {''.join(capsys.readouterr())}"
        assert "s3" not in told
        assert "cret" not in told

    def test_is_sent_along(self, ask, monkeypatch):
        seen = []

        def open_session(address, **_):
            seen.append(address)
            raise ValueError(f"cannot reach {address}")

        monkeypatch.setattr("mars_nb.session.api.open_session", open_session)
        error = ask("new", name="", default=True, address="https://host:1", token="a b/c")
        assert seen == ["https://host:1?token=a%20b%2Fc"]
        assert error["text"] == "cannot reach https://host:1?token=..."
        ask("new", name="", default=True, address="https://host:1/?x=2", token="t")
        assert seen[-1] == "https://host:1/?x=2&token=t"


class TestResults:
    def test_free(self, ask, session):
        t = mt.ones(1000).execute()
        assert ask("free", session, key=t.key) == {"nbytes": 8000}
        assert not session.results
        assert ask("free", session, key=t.key) == {"nbytes": 0}

    def test_preview(self, ask, session):
        t = mt.ones(3).execute()
        assert ask("preview", session, key=t.key)["text"] == "array([1., 1., 1.])"
        assert "not held" in ask("preview", session, key="unknown")["text"]

    def test_one_that_nothing_refers_to_by_name(self, ask, session):
        parts = [mr.spawn(int, args=("7",)).execute()]
        (result,) = session.results
        assert ask("preview", session, key=result.key)["text"] == "7"
        del parts


class TestCancel:
    def test_ends_whoever_waits(self, ask, session):
        go = threading.Event()
        task = mr.spawn(go.wait, args=(PATIENCE_S,)).execute(wait=False)
        assert ask("cancel", session, task=task.number) == {}
        with pytest.raises(TaskCancelled):
            task.result()
        assert ask("cancel", session, task=task.number) == {}, "over already: as was wished"
        go.set()

    def test_does_not_wait_for_what_was_asked_before(self, desk, session):
        go, begun, replies = threading.Event(), threading.Event(), Queue()
        identity = known.identity(session)

        class Slow:
            def _repr_html_(self):
                begun.set()
                go.wait(PATIENCE_S)

        slow = mr.spawn(Slow).execute()
        waiting = mr.spawn(go.wait, args=(PATIENCE_S,)).execute(wait=False)
        preview = {"do": "preview", "session": identity, "key": slow.key}
        desk.take({"type": "request", "request": 1, "action": preview}, replies.put)
        assert begun.wait(PATIENCE_S)
        cancel = {"do": "cancel", "session": identity, "task": waiting.number}
        desk.take({"type": "request", "request": 2, "action": cancel}, replies.put)
        assert replies.get(timeout=PATIENCE_S)["request"] == 2
        go.set()
        assert replies.get(timeout=PATIENCE_S)["request"] == 1


def test_errors():
    assert explained(ValueError("what was typed is wrong")) == {"text": "what was typed is wrong", "hints": []}
    assert explained(ZeroDivisionError("a\nb"))["text"] == "ZeroDivisionError: a b"
    assert len(explained(RuntimeError("x" * 10_000))["text"]) <= 1000
