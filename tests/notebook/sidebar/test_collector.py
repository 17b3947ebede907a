"""What there is, as a panel is told of it."""

from __future__ import annotations

import gc
import json
import subprocess
import sys
import threading

import pytest

import mars_nb
import mars_nb.dataframe as md
import mars_nb.remote as mr
import mars_nb.tensor as mt
from mars_nb.notebook.sidebar import collector as module
from mars_nb.notebook.sidebar.cellids import CellIds
from mars_nb.notebook.sidebar.checking import conforms
from mars_nb.notebook.sidebar.collector import Collector
from mars_nb.notebook.sidebar.messages import State
from mars_nb.notebook.sidebar.pace import RESULTS_SHARE, Pace
from mars_nb.notebook.sidebar.patches import diff

PATIENCE_S = 20


class Clock:
    """The time and what work costs, both at will."""

    def __init__(self):
        self.now = 100.0
        self.worked = 0.0

    def pace(self):
        return Pace(RESULTS_SHARE, clock=lambda: self.now, cost=lambda: self.worked)


@pytest.fixture
def names():
    return {}


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def collect(names, clock):
    collector = Collector(lambda: names, CellIds(), clock.pace())

    def look(*changed, names=True):
        clock.now += 1.0
        state = collector.collect(set(changed), names)
        assert conforms(state, State)
        return state

    look.collector = collector
    return look


@pytest.fixture
def gate():
    event = threading.Event()
    yield event
    event.set()


def waiting(gate):
    def wait_at_gate():
        return gate.wait(PATIENCE_S)

    return mr.spawn(wait_at_gate)


def only(mapping):
    (value,) = mapping.values()
    return value


def test_nothing(collect):
    assert collect() == {"sessions": {}, "default": "", "lazy": {}}
    assert collect.collector.wait is None


class TestSessions:
    def test_facts(self, collect):
        with (
            mars_nb.new_session(name="one", n_threads=3, memory_limit="1MiB") as one,
            mars_nb.new_session(name="two", default=False) as two,
        ):
            state = collect()
            first, second = (state["sessions"][str(session.number)] for session in (one, two))
            assert state["default"] == str(one.number)
            assert (first["name"], first["threads"], first["limit"], first["address"]) == ("one", 3, 1 << 20, "")
            assert first["order"] < second["order"]
        assert collect()["sessions"] == {}

    def test_another_name(self, collect, session):
        collect()
        session.rename("other")
        assert only(collect(names=False)["sessions"])["name"] == "other"

    def test_what_did_not_change_is_the_same_object(self, collect, names):
        with mars_nb.new_session() as one, mars_nb.new_session(default=False) as two:
            names.update(t=mt.ones(3).execute(session=one), lazy=mt.ones(4))
            before = collect(one, two)
            mt.ones(5).execute(session=two)
            after = collect(two)
            assert after["sessions"][str(one.number)] is before["sessions"][str(one.number)]
            assert after["lazy"] == before["lazy"]
            assert diff(before, after).keys() == {"sessions"}


class TestResults:
    def test_facts_and_names(self, collect, names, session):
        t = mt.ones((20, 30), chunk_size=10)
        names.update(t=t, parts=[t], _oh={5: t}, _=t)
        t.execute()
        found = only(collect(session)["sessions"])
        result = found["results"][t.key]
        assert result["names"] == ["t", "parts[0]", "Out[5]", "_"]
        assert (result["kind"], result["dtype"], result["shape"]) == ("Tensor", "float64", [20, 30])
        assert (result["nbytes"], result["spilled"], result["chunks"]) == (4800, 0, 6)
        assert "test_collector.py" in result["place"]
        assert (found["results_total"], found["nbytes"]) == (1, 4800)

    def test_another_name(self, collect, names, session):
        t = mt.ones(3).execute()
        names["t"] = t
        collect(session)
        names["u"] = names.pop("t")
        assert only(only(collect()["sessions"])["results"])["names"] == ["u"]

    def test_one_that_is_released(self, collect, names, session):
        names["t"] = mt.ones(3).execute()
        assert only(collect(session)["sessions"])["results"]
        del names["t"]
        found = only(collect(session)["sessions"])
        assert (found["results"], found["results_total"], found["nbytes"]) == ({}, 0, 0)

    def test_what_goes_to_disk_is_seen_without_being_told(self, collect, names):
        with mars_nb.new_session(memory_limit="1MiB") as small:
            names["t"] = mt.ones(30_000, chunk_size=10_000).execute()
            assert not only(collect(small)["sessions"])["spilled"]
            names["u"] = mt.ones(100_000, chunk_size=10_000)
            task = names["u"].execute(wait=False)
            collect(small)
            task.result()
            found = only(collect(small)["sessions"])
            assert 0 < sum(result["spilled"] for result in found["results"].values()) <= found["spilled"]

    def test_looking_keeps_nothing_alive(self, collect, names, session, gate):
        names["t"] = mt.ones(3).execute()
        task = waiting(gate).execute(wait=False)
        collect(session)
        names.clear()
        gate.set()
        task.result()
        del task
        gc.collect()
        assert not session.results

    def test_what_is_fetched_from_disk_is_seen_after_the_cell(self, collect, names):
        with mars_nb.new_session(memory_limit="1MiB") as small:
            names["many"] = [mt.ones(60_000).execute() for _ in range(3)]
            del names["many"][2]  # there is room
            first = names["many"][0].key
            before = only(collect(small)["sessions"])
            assert before["results"][first]["spilled"]
            names["many"][0].fetch()
            assert only(collect(names=False)["sessions"]) == before
            after = only(collect(names=True)["sessions"])
            assert not after["results"][first]["spilled"]

    def test_all_can_be_forgotten(self, collect, names, session):
        names.update(t=mt.ones(3).execute(), u=mt.ones(4))
        before = collect(session)
        collect.collector.clear()
        assert collect(names=False) == before

    def test_what_is_costly_is_looked_at_less_often(self, collect, names, session, clock):
        def cost(*_):
            clock.worked += 0.05
            return real()

        real = collect.collector._look_at_names
        collect.collector._look_at_names = cost
        names["t"] = mt.ones(3).execute()
        for _ in range(2):
            assert collect(session)
        names["u"] = mt.ones(4).execute()
        found = only(collect(session)["sessions"])
        assert len(found["results"]) == 1
        assert len(found["tasks"]) == 2, "tasks are looked at all the same"
        wait = collect.collector.wait
        assert 0.05 / RESULTS_SHARE - 3.0 < wait < 0.05 / RESULTS_SHARE
        clock.now += wait
        assert len(only(collect(names=False)["sessions"])["results"]) == 2
        assert collect.collector.wait is None


class TestLazy:
    def test_until_it_is_computed(self, collect, names, session, gate):
        t = waiting(gate)
        names.update(t=t, other=md.DataFrame({"a": [1, 2]}))
        assert collect()["lazy"][t.key]["tasks"] == []
        task = t.execute(wait=False)
        state = collect(session)
        assert state["lazy"][t.key]["tasks"] == [task.number]
        assert state["lazy"][t.key]["names"] == ["t"]
        gate.set()
        task.result()
        state = collect(session)
        assert list(state["lazy"]) == [names["other"].key]
        assert t.key in only(state["sessions"])["results"]

    def test_looking_loads_nothing(self):
        code = (
            "import sys\n"
            "from mars_nb.notebook.sidebar.cellids import CellIds\n"
            "from mars_nb.notebook.sidebar.collector import Collector\n"
            "names = {'a': 1, 'b': [2]}\n"
            "print(Collector(lambda: names, CellIds()).collect(()))\n"
            "assert not {'numpy', 'dask', 'mars_nb.session'} & {*sys.modules}\n"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert done.stdout.strip() == "{'sessions': {}, 'default': '', 'lazy': {}}"


class TestTasks:
    def test_one_that_runs_and_ends(self, collect, session, gate):
        task = waiting(gate).execute(wait=False)
        found = only(only(collect(session)["sessions"])["tasks"])
        assert (found["number"], found["state"], found["total"]) == (task.number, "running", 1)
        assert found["label"] == "wait_at_gate"
        assert only(found["operations"])["label"] == "wait_at_gate"
        assert collect.collector.wait == 0.0
        gate.set()
        task.result()
        found = only(only(collect(names=False)["sessions"])["tasks"])
        assert (found["state"], found["done"], found["fraction"]) == ("done", 1, 1.0)
        assert only(found["operations"])["done"] == 1
        assert collect.collector.wait is None

    def test_one_that_waits_for_another(self, collect, session, gate):
        with mars_nb.background() as tasks:
            first = waiting(gate).execute()
            mr.spawn(str, args=(first,)).execute()
        states = [task["state"] for task in only(collect(session)["sessions"])["tasks"].values()]
        assert states == ["running", "waiting"]
        gate.set()
        for task in tasks:
            task.result()

    def test_many_calls_of_one_line_are_one_operation(self, collect, session):
        def step(number):
            return number

        mars_nb.execute(*[mr.spawn(step, args=(number,)) for number in range(100)])
        task = only(only(collect(session)["sessions"])["tasks"])
        assert task["label"] == "step ×100"
        operation = only(task["operations"])
        assert (operation["label"], operation["done"], operation["total"]) == ("step", 100, 100)


class TestLimits:
    """A snapshot must be well below what jupyter_server lets through, and show what is new."""

    def size(self, state):
        return len(json.dumps(state))

    def test_many_results(self, collect, names, session):
        names["many"] = [mt.ones(2).execute() for _ in range(1100)]
        names.update({f"variable_{n}": thing for n, thing in enumerate(names["many"])})
        state = collect(session)
        found = only(state["sessions"])
        assert found["results_total"] == 1100
        assert list(found["results"]) == [thing.key for thing in names["many"][-module.MOST_RESULTS :]]
        assert self.size(state) < 600_000

    def test_many_lazy_objects(self, collect, names):
        names.update({f"variable_{n}": mt.ones(2) for n in range(1100)})
        state = collect()
        last = [names[f"variable_{n}"].key for n in range(100, 1100)]
        assert list(state["lazy"]) == last
        assert self.size(state) < 600_000

    def test_many_sessions(self, collect, monkeypatch):
        monkeypatch.setattr(module, "MOST_RESULTS", 30)
        monkeypatch.setattr(module, "MOST_TASKS", 20)
        monkeypatch.setattr(module, "MOST_OPERATIONS", 15)
        sessions = [mars_nb.new_session(n_threads=1, default=False) for _ in range(20)]
        kept = [mt.ones(2).execute(session=session) for session in sessions for _ in range(3)]
        state = collect(*sessions)
        found = list(state["sessions"].values())
        assert sum(len(one["results"]) for one in found) == 30
        assert {one["results_total"] for one in found} == {3}
        assert sum(len(one["tasks"]) for one in found) == 20
        assert sum(len(task["operations"]) for one in found for task in one["tasks"].values()) <= 15
        assert len(kept) == 60

    def test_what_runs_is_always_told(self, collect, gate, monkeypatch):
        monkeypatch.setattr(module, "MOST_TASKS", 2)
        monkeypatch.setattr(module, "MOST_OPERATIONS", 0)
        sessions = [mars_nb.new_session(n_threads=1, default=False) for _ in range(3)]
        kept = [mt.ones(2).execute(session=session) for session in sessions]
        tasks = [waiting(gate).execute(session=session, wait=False) for session in sessions]
        found = collect(*sessions)["sessions"].values()
        running = [task for one in found for task in one["tasks"].values() if task["state"] == "running"]
        assert [task["number"] for task in running] == [task.number for task in tasks]
        assert all(task["operations"] for task in running)
        assert sum(len(one["tasks"]) for one in found) == 2 + len(tasks)
        gate.set()
        for task in tasks:
            task.result()
        del kept

    def test_operations_of_what_is_long_over_are_left_out_first(self, collect, session, monkeypatch):
        monkeypatch.setattr(module, "MOST_OPERATIONS", 3)
        for _ in range(5):
            mt.ones(2).execute()
        tasks = only(collect(session)["sessions"])["tasks"]
        assert [len(task["operations"]) for task in tasks.values()] == [0, 0, 1, 1, 1]
