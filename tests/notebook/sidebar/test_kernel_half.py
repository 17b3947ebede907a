"""The kernel's half in a real kernel: what a page says on a subshell, and what it hears."""

from __future__ import annotations

import contextlib
import itertools
import queue
import time
import uuid

import pytest

from mars_nb.notebook.sidebar.checking import conforms
from mars_nb.notebook.sidebar.messages import ANNOUNCE, TARGET, VERSION, Outgoing
from mars_nb.notebook.sidebar.patches import apply

PATIENCE_S = 30
IMPORTS = "import mars, mars.remote as mr, mars.tensor as mt, os, threading, time\nmars.new_session(name='etl')"


class Page:
    """A page with a panel: its own subshell, and all that the kernel sends."""

    def __init__(self, client):
        self.client = client
        self.messages = []
        self.subshell = self._control("create_subshell_request")["subshell_id"]
        self.numbers = itertools.count(1)

    def close(self):
        self._control("delete_subshell_request", subshell_id=self.subshell)

    def _control(self, kind, **content):
        message = self.client.session.msg(kind, content)
        self.client.control_channel.send(message)
        while True:
            reply = self.client.get_control_msg(timeout=PATIENCE_S)
            if reply["parent_header"].get("msg_id") == message["header"]["msg_id"]:
                assert reply["content"]["status"] == "ok"
                return reply["content"]

    def send(self, kind, **content):
        message = self.client.session.msg(kind, content)
        message["header"]["subshell_id"] = self.subshell
        self.client.shell_channel.send(message)

    def run(self, code, cell=None):
        """Begin a cell, and give its message id."""
        content = {"code": code, "silent": False, "store_history": True, "allow_stdin": False, "user_expressions": {}}
        message = self.client.session.msg("execute_request", content, metadata={"cellId": cell} if cell else {})
        self.client.shell_channel.send(message)
        return message["header"]["msg_id"]

    def take(self):
        """Read one message of the kernel."""
        with contextlib.suppress(queue.Empty):
            self.messages.append(self.client.get_iopub_msg(timeout=0.05))

    def until(self, found):
        deadline = time.monotonic() + PATIENCE_S
        while not (value := found()):
            assert time.monotonic() < deadline, [m["msg_type"] for m in self.messages[-20:]]
            self.take()
        return value

    def is_over(self, cell):
        return any(
            m["parent_header"].get("msg_id") == cell
            and m["msg_type"] == "status"
            and m["content"]["execution_state"] == "idle"
            for m in self.messages
        )

    def finish(self, cell):
        """Wait for a cell, and give its reply."""
        self.until(lambda: self.is_over(cell))
        while True:
            reply = self.client.get_shell_msg(timeout=PATIENCE_S)
            if reply["parent_header"].get("msg_id") == cell:
                return reply["content"]

    def open(self, panel="p", version=VERSION):
        return Panel(self, panel, version)


class Panel:
    """A panel of a page, over a comm."""

    def __init__(self, page, panel, version):
        self.page = page
        self.id = uuid.uuid4().hex
        page.send("comm_open", comm_id=self.id, target_name=TARGET, data={"version": version, "panel": panel})

    def say(self, data):
        self.page.send("comm_msg", comm_id=self.id, data=data)

    def watch(self, visible=True, **more):
        self.say({"type": "watch", "visible": visible, **more})

    @property
    def heard(self):
        mine = [m for m in self.page.messages if m["msg_type"] == "comm_msg" and m["content"]["comm_id"] == self.id]
        assert all(m["parent_header"] == {} for m in mine), "else what the panel says waits for a cell"
        return mine

    @property
    def told(self):
        found = [m["content"]["data"] for m in self.heard]
        assert all(conforms(message, Outgoing) for message in found)
        return found

    @property
    def pushed(self):
        return [message for message in self.told if message["type"] != "reply"]

    @property
    def is_closed(self):
        return any(m["msg_type"] == "comm_close" and m["content"]["comm_id"] == self.id for m in self.page.messages)

    def ask(self, **action):
        """Ask for something, and give the reply."""
        number = next(self.page.numbers)
        self.say({"type": "request", "request": number, "action": action})
        return self.reply(number)

    def reply(self, number):
        return self.page.until(lambda: next((m for m in self.told if m.get("request") == number), None))

    @property
    def state(self):
        """What it knows."""
        state, expected = None, None
        for message in self.told:
            match message["type"]:
                case "snapshot":
                    state, expected = message["state"], message["number"] + 1
                case "update":
                    assert message["number"] == expected, "there is a gap"
                    state, expected = apply(message["patch"], state), expected + 1
        return state

    def until(self, found):
        """Wait until something holds of what it knows, and give it."""
        return self.page.until(lambda: (state := self.state) is not None and found(state))


@pytest.fixture
def page(kernel):
    made = Page(kernel.client)
    yield made
    made.close()


@pytest.fixture
def panel(kernel, page):
    kernel.ok(IMPORTS)
    made = page.open()
    made.watch()
    page.until(lambda: made.state)
    return made


@pytest.fixture
def gate(kernel, tmp_path):
    """Give a file that ends what waits for it: ``is_open()``, and a function for tasks, ``step()``."""
    file = tmp_path / "gate"
    kernel.ok("import os, time")
    kernel.ok(f"def is_open():\n    return os.path.exists({str(file)!r})")
    kernel.ok("def step():\n    while not is_open():\n        time.sleep(0.01)")
    yield file
    file.touch()


def only(mapping):
    (value,) = mapping.values()
    return value


def etl(state):
    return next((session for session in state["sessions"].values() if session["name"] == "etl"), None)


class TestComing:
    def test_loading_is_announced_to_all(self, bare):
        bare.ok("%load_ext mars_nb")
        (opened,) = [m for m in bare.strays if m["msg_type"] == "comm_open"]
        assert opened["content"]["target_name"] == ANNOUNCE
        assert opened["parent_header"] == {}

    def test_before_loading_the_comm_is_closed(self, bare):
        page = Page(bare.client)
        panel = page.open()
        page.until(lambda: panel.is_closed)
        page.close()

    def test_a_good_opening_is_answered_at_once(self, page):
        panel = page.open()
        assert page.until(lambda: panel.told) == [{"type": "default", "name": ""}]

    @pytest.mark.parametrize("data", [{"version": VERSION + 1, "panel": "p"}, {}, "hello", None])
    def test_another_version(self, page, data):
        panel = page.open(version=VERSION + 1)
        page.send("comm_open", comm_id=panel.id, target_name=TARGET, data=data)
        page.until(lambda: panel.is_closed)
        first = panel.told[0]
        assert (first["type"], first["version"]) == ("mismatch", VERSION)

    def test_after_a_reload_nothing_is_told_to_the_pages_earlier_comm(self, page, panel):
        again = page.open()
        again.watch()
        assert etl(again.until(lambda state: state))
        told = len(panel.told)
        again.ask(do="rename", session=again.state["default"], name="weather")
        again.until(lambda state: state["sessions"][state["default"]]["name"] == "weather")
        assert len(panel.told) == told
        assert not panel.is_closed  # the page that had it is gone; the new one would not know what is closed
        assert not again.is_closed

    def test_pages_beside_each_other(self, page, panel):
        other = page.open("another")
        other.watch()
        page.until(lambda: other.state)
        assert "value" in panel.ask(do="rename", session=other.state["default"], name="weather")
        for one in (panel, other):
            one.until(lambda state: only(state["sessions"])["name"] == "weather")

    def test_unloading(self, kernel, page, panel):
        cell = page.run("%unload_ext mars_nb")
        assert page.finish(cell)["status"] == "ok"
        page.until(lambda: panel.is_closed)
        threads = kernel.ok("[t.name for t in threading.enumerate() if 'sidebar' in t.name]").result
        assert threads == "[]"
        again = page.open()
        page.until(lambda: again.is_closed)
        assert not again.told

    def test_loading_anew(self, kernel, page, panel):
        page.finish(page.run("%reload_ext mars_nb"))
        page.until(lambda: panel.is_closed)
        again = page.open()
        again.watch()
        assert etl(again.until(lambda state: state))


BUSY = {"python": "pass", "sleep": "time.sleep(0.5)"}


class TestLive:
    @pytest.mark.parametrize("how", BUSY)
    def test_while_a_cell_keeps_the_kernel_busy(self, page, panel, gate, how):
        cell = page.run(f"task = mr.spawn(step).execute(wait=False)\nwhile not is_open():\n    {BUSY[how]}")

        def fraction(state):
            tasks = etl(state)["tasks"]
            return only(tasks)["fraction"] if tasks else None

        seen = set()
        page.until(lambda: seen.add(fraction(panel.state)) or len(seen) > 4)  # progress moves
        session = panel.state["default"]
        assert "value" in panel.ask(do="rename", session=session, name="busy")  # and it is answered
        assert not page.is_over(cell)
        gate.touch()
        assert page.finish(cell)["status"] == "ok"
        panel.until(lambda state: only(only(state["sessions"])["tasks"])["state"] == "done")
        task = only(only(panel.state["sessions"])["tasks"])
        assert (task["label"], task["fraction"], task["done"]) == ("step", 1.0, 1)

    def test_cancel_ends_the_cell_that_waits(self, page, panel, gate):
        cell = page.run("mr.spawn(step).execute()")
        task = panel.until(lambda state: next(iter(etl(state)["tasks"].values()), None))
        reply = panel.ask(do="cancel", session=panel.state["default"], task=task["number"])
        assert reply["value"] == {}
        ended = page.finish(cell)
        assert ended["ename"] == "TaskCancelled"
        panel.until(lambda state: only(etl(state)["tasks"])["state"] == "cancelled")

    def test_never_more_than_ten_messages_a_second(self, page, panel):
        page.finish(page.run("for number in range(60):\n    t = mt.ones(10).execute()\n    time.sleep(0.03)"))
        panel.until(lambda state: len(etl(state)["tasks"]) == 60)
        sent = [message["header"]["date"].timestamp() for message in panel.heard]
        assert max(sum(begin <= at < begin + 1 for at in sent) for begin in sent) <= 10
        assert len(sent) >= 8, "the cell took two seconds"

    def test_spans_of_a_task_that_is_followed(self, page, panel):
        page.finish(page.run("t = mt.ones((400, 10), chunk_size=10) + 1\nt.execute();"))
        panel.until(lambda state: [task["state"] for task in etl(state)["tasks"].values()] == ["done"])
        task = only(etl(panel.state)["tasks"])
        session = panel.state["default"]
        panel.watch(follow={"session": session, "task": task["number"]})
        spans = page.until(lambda: [m["spans"] for m in panel.told if "spans" in m])[0]
        assert set(spans["operations"]) == set(task["operations"])
        assert sum(spans["items"][4::5]) == 80
        assert spans["workers"]


class TestState:
    def test_cells_by_their_ids(self, page, panel):
        page.finish(page.run("t = mt.ones(3)\nu = t + 1", cell="aaa"))
        page.finish(page.run("u.execute()", cell="bbb"))
        found = panel.until(lambda state: etl(state)["results"] and state["lazy"] and state)
        result, task, lazy = only(etl(found)["results"]), only(etl(found)["tasks"]), only(found["lazy"])
        assert (result["cell"], result["line"], result["names"][0]) == ("aaa", 2, "u")
        assert (task["cell"], task["line"]) == ("bbb", 1)
        assert (lazy["cell"], lazy["line"], lazy["names"]) == ("aaa", 1, ["t"])
        assert {op["cell"] for op in task["operations"].values()} == {"aaa"}

    def test_names_follow_the_cells(self, page, panel):
        page.finish(page.run("t = mt.ones(3).execute()"))
        panel.until(lambda state: [r["names"] for r in etl(state)["results"].values()] == [["t"]])
        page.finish(page.run("other = [t]\ndel t"))
        panel.until(lambda state: [r["names"] for r in etl(state)["results"].values()] == [["other[0]"]])
        page.finish(page.run("del other"))
        panel.until(lambda state: etl(state)["results"] == {})


class TestSilence:
    def test_a_hidden_panel_hears_the_default_sessions_name_only(self, page, panel):
        panel.watch(visible=False)
        panel.ask(do="default", session="0")  # from here on it is hidden
        before = len(panel.told)
        page.finish(page.run("mt.ones(3).execute()\nmars.new_session(name='second')\nt = mt.ones(4).execute()"))
        panel.ask(do="default", session="0")
        page.until(lambda: len(panel.told) >= before + 2)
        told = [message for message in panel.told[before:] if message["type"] != "reply"]
        assert told == [{"type": "default", "name": "second"}]

    def test_nothing_is_said_where_nothing_changes(self, page, panel):
        page.finish(page.run("t = mt.ones(3).execute()"))
        panel.until(lambda state: etl(state)["results"])
        # Two cells, each of which makes the kernel look: there is nothing new.
        before = len(panel.pushed)
        for _ in range(2):
            page.finish(page.run("time.sleep(0.7)"))
        panel.ask(do="default", session="0")
        assert len(panel.pushed) == before

    def test_nonsense_is_no_harm(self, page, panel):
        for nonsense in (5, None, "x", [], {}, {"type": "watch"}, {"type": "request"}, {"type": "watch", "visible": 1}):
            panel.say(nonsense)
        panel.say({"type": "request", "request": 99, "action": {"do": "explode"}})
        assert "does not know such a request" in panel.reply(99)["error"]["text"]
        assert "value" in panel.ask(do="snapshot")

    def test_a_snapshot_that_was_asked_for(self, page, panel):
        before = sum(message["type"] == "snapshot" for message in panel.told)
        panel.ask(do="snapshot")
        page.until(lambda: sum(message["type"] == "snapshot" for message in panel.told) > before)

    def test_no_code_runs_in_the_users_namespace(self, page, panel):
        page.finish(page.run("before = sorted(globals())"))
        panel.ask(do="new", name="by hand", default=False)
        panel.until(lambda state: len(state["sessions"]) == 2)
        cell = page.run("assert {name for name in {*globals()} - {*before} if not name.startswith('_i')} == {'before'}")
        assert page.finish(cell)["status"] == "ok"
