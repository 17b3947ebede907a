"""Who shows sessions is told when something changes."""

from __future__ import annotations

import gc
import threading

import pytest

import mars_nb
import mars_nb.remote as mr
import mars_nb.tensor as mt
from mars_nb.graph import runtime
from mars_nb.session.registry import registry


@pytest.fixture
def told(monkeypatch):
    gc.collect()  # results of other tests are released now, not later
    found = []
    monkeypatch.setattr(runtime, "on_change", lambda session: found.append(None if session is None else session.name))
    return found


def since(told):
    found, told[:] = list(told), []
    return found


def test_sessions_names_and_the_default(told):
    first = mars_nb.new_session(name="first")
    assert since(told) == [None]
    second = mars_nb.new_session(name="second", default=False)
    assert since(told) == [None]
    second.as_default()
    assert since(told) == [None]
    second.rename("other")
    assert since(told) == [None]
    first.close()
    assert None in since(told)
    second.close()
    assert None in since(told)


def test_the_default_session_that_opens_by_itself(told):
    with pytest.warns(UserWarning, match="No session found"):
        mt.ones(3).execute()
    assert since(told)[0] is None


def test_no_lock_is_held(monkeypatch):
    free = []

    def look(session):
        thread = threading.Thread(target=lambda: free.append(len(registry.sessions())))
        thread.start()
        thread.join(5)
        assert not thread.is_alive()

    monkeypatch.setattr(runtime, "on_change", look)
    with pytest.warns(UserWarning, match="No session found"):
        mt.ones(3).execute()
    mars_nb.get_default_session().rename("other")
    mars_nb.get_default_session().close()
    assert len(free) >= 5


def test_tasks_and_results(told, session):
    since(told)
    stop = threading.Event()
    task = mr.spawn(stop.wait, args=(20,)).execute(wait=False)
    assert session.name in since(told)
    stop.set()
    value = task.result()
    assert session.name in since(told)
    assert session.results
    del value, task
    gc.collect()
    assert since(told).count(session.name) == 1
    assert not session.results


def test_free_and_cancel(told, session):
    t = mt.ones(3).execute()
    since(told)
    session.free(t)
    assert since(told) == [session.name]
    stop = threading.Event()
    task = mr.spawn(stop.wait, args=(20,)).execute(wait=False)
    since(told)
    task.cancel()
    assert session.name in since(told)
    stop.set()
