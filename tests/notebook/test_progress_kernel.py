"""Progress in a real kernel, seen through the messages that it sends."""

from __future__ import annotations

import re
from contextlib import contextmanager
from itertools import pairwise

import pytest

IMPORTS = "import mars, mars.remote as mr, mars.tensor as mt\nimport os, sys, time\nmars.new_session(name='etl')"
SLOW = "mr.spawn(time.sleep, args=({seconds},)).execute()"
CELL = "0123-abcd"
SILENT = {"status", "execute_input"}
STATIC = {"text/plain", "text/html"}
WIDGET = "application/vnd.jupyter.widget-view+json"


@pytest.fixture
def kernel(kernel):
    kernel.ok(IMPORTS)
    return kernel


@contextmanager
def variable(kernel, value):
    kernel.ok(f"os.environ['MARS_NB_PROGRESS'] = {value!r}")
    try:
        yield
    finally:
        kernel.ok("del os.environ['MARS_NB_PROGRESS']")


@contextmanager
def without_ipywidgets(kernel):
    """Let the kernel's Python not find them, as where they are not installed."""
    kernel.ok(
        "from mars_nb.notebook import choice\n"
        "choice._has_widgets.cache_clear()\n"
        "hidden = sys.modules.get('ipywidgets')\n"
        "sys.modules['ipywidgets'] = None"
    )
    try:
        yield
    finally:
        kernel.ok("del sys.modules['ipywidgets']\nchoice._has_widgets.cache_clear()")
        kernel.ok("if hidden:\n    sys.modules['ipywidgets'] = hidden")


def kinds(ran):
    return {message["msg_type"] for message in ran.messages}


def drawn(ran):
    """Give what was displayed, first and last, and how often in between."""
    (first,) = ran.of("display_data")
    *between, last = ran.of("update_display_data")
    assert {content["transient"]["display_id"] for content in (first, *between, last)} == {
        first["transient"]["display_id"]
    }
    return first, last, len(between)


class TestHtml:
    """In front ends that tell which cell runs."""

    def test_is_updated_and_leaves_a_summary(self, kernel):
        ran = kernel.ok(SLOW.format(seconds=2.7) + ";", cell=CELL)
        assert kinds(ran) == SILENT | {"display_data", "update_display_data"}
        first, last, updates = drawn(ran)
        assert 4 <= updates <= 10, "four times a second at the most"
        assert set(first["data"]) == set(last["data"]) == STATIC
        assert re.search(r'<progress value="0\.\d+"', first["data"]["text/html"])
        assert "sleep" in first["data"]["text/html"]
        assert re.fullmatch(
            r"done in 2\.[7-9] s: 1 chunk task.*\nslowest: sleep 2\.[7-9] s \(100%\)",
            last["data"]["text/plain"],
        )
        assert "<progress" not in last["data"]["text/html"]
        assert "session &#x27;etl&#x27;" in last["data"]["text/html"]

    def test_moves_inside_a_chunk_task(self, kernel):
        ran = kernel.ok(SLOW.format(seconds=2.0) + ";", cell=CELL)
        found = [content["data"]["text/html"] for content in (*ran.of("display_data"), *ran.of("update_display_data"))]
        bars = [float(re.search(r'<progress value="([\d.]+)"', html)[1]) for html in found[:-1]]
        assert len(bars) >= 3
        assert all(after > before for before, after in pairwise(bars))

    def test_bears_a_mark_by_which_a_reloaded_page_finds_its_cell(self, kernel):
        first, last, _ = drawn(kernel.ok(SLOW.format(seconds=1.2) + ";", cell=CELL))
        mark = {"cell_id": CELL, "progress": first["transient"]["display_id"], "session": "etl"}
        assert last["metadata"]["mars_nb"] == {**mark, "fraction": 1.0, "state": "done"}
        fraction = first["metadata"]["mars_nb"]["fraction"]
        assert first["metadata"]["mars_nb"] == {**mark, "fraction": fraction, "state": "running"}
        assert 0 <= fraction < 1

    def test_elsewhere_without_ipywidgets(self, kernel):
        with without_ipywidgets(kernel):
            ran = kernel.ok(SLOW.format(seconds=1.2) + ";")
        first, last, _ = drawn(ran)
        assert "comm_open" not in kinds(ran)
        assert set(first["data"]) == STATIC
        assert "cell_id" not in first["metadata"]["mars_nb"]
        assert "done in" in last["data"]["text/plain"]

    def test_widgets_that_are_not_there(self, kernel):
        with without_ipywidgets(kernel):
            ran = kernel.ok("mr.spawn(time.sleep, args=(1.2,)).execute(show_progress='widget');")
        assert set(drawn(ran)[0]["data"]) == STATIC

    def test_several_at_once_are_in_the_cells_that_started_them(self, kernel):
        one = kernel.ok("a = mr.spawn(time.sleep, args=(1.6,)).execute(wait=False)", cell="one")
        two = kernel.ok("b = mr.spawn(time.sleep, args=(1.8,)).execute(wait=False)", cell="two")
        other = kernel.ok("print('other cell')\na.result(), b.result();", cell="three")
        assert kinds(other) == SILENT | {"stream"}
        shown = [message for message in kernel.strays if "display_data" in message["msg_type"]]
        for started, cell in ((one, "one"), (two, "two")):
            own = [message for message in shown if message["parent_header"]["msg_id"] == started.message_id]
            assert [message["msg_type"] for message in own[:2]] == ["display_data", "update_display_data"]
            assert {message["content"]["metadata"]["mars_nb"]["cell_id"] for message in own} == {cell}
            assert "done in 1." in own[-1]["content"]["data"]["text/plain"]

    def test_an_interrupted_task_leaves_that(self, kernel):
        ran = kernel.run(SLOW.format(seconds=20), interrupt_at="display_data", cell=CELL)
        assert ran.reply["ename"] == "KeyboardInterrupt"
        _, last, _ = drawn(ran)
        assert "cancelled after" in last["data"]["text/plain"]
        assert "unfinished: sleep 0/1" in last["data"]["text/plain"]
        assert "cancelled</b> after" in last["data"]["text/html"]

    def test_a_failed_task_leaves_that(self, kernel):
        kernel.ok("def fail():\n    time.sleep(0.8)\n    1 / 0")
        ran = kernel.run("mr.spawn(fail).execute()", cell=CELL)
        assert ran.reply["ename"] == "ZeroDivisionError"
        _, last, _ = drawn(ran)
        assert "failed after 0." in last["data"]["text/plain"]
        assert "0 of 1 chunk task" in last["data"]["text/html"]


class TestWidget:
    def test_shows_a_block_and_leaves_html(self, kernel):
        ran = kernel.ok(SLOW.format(seconds=2.2) + ";")
        models = [content["data"]["state"].get("_model_name") for content in ran.of("comm_open")]
        assert "HTMLModel" in models
        first, last, between = drawn(ran)
        assert between == 0
        assert set(first["data"]) == STATIC | {WIDGET}
        assert "sleep 0/1" in first["data"]["text/plain"]
        moved = [content["data"]["state"] for content in ran.of("comm_msg") if "state" in content["data"]]
        assert 2 <= len(moved) <= 9
        assert all("<progress" in state["value"] for state in moved)
        assert set(last["data"]) == STATIC
        assert "done in 2." in last["data"]["text/plain"]
        opened = [content["comm_id"] for content in ran.of("comm_open")]
        assert sorted(opened) == sorted(content["comm_id"] for content in ran.of("comm_close"))

    def test_can_be_asked_for(self, kernel):
        ran = kernel.ok("mr.spawn(time.sleep, args=(0.8,)).execute(show_progress='widget');", cell=CELL)
        assert set(drawn(ran)[0]["data"]) == STATIC | {WIDGET}


class TestChoice:
    @pytest.mark.parametrize("cell", [None, CELL])
    def test_a_short_task_shows_nothing(self, kernel, cell):
        ran = kernel.ok(SLOW.format(seconds=0.1) + ";", cell=cell)
        assert kinds(ran) == SILENT

    def test_false(self, kernel):
        ran = kernel.ok("mr.spawn(time.sleep, args=(0.7,)).execute(show_progress=False);")
        assert kinds(ran) == SILENT

    def test_the_variable(self, kernel):
        with variable(kernel, "off"):
            assert kinds(kernel.ok(SLOW.format(seconds=0.7) + ";")) == SILENT
        with variable(kernel, "html"):
            assert kinds(kernel.ok(SLOW.format(seconds=0.7) + ";")) == SILENT | {"display_data", "update_display_data"}
        with variable(kernel, "text"):
            written = kernel.ok(SLOW.format(seconds=0.8) + ";").stream("stderr")
        assert re.match(r"\r\[#*\.+\] \d+%, 0 of 1 chunk task, 0 s.*: sleep 0/1", written)
        assert "] done in 0." in written
        with variable(kernel, "plain"):
            written = kernel.ok(SLOW.format(seconds=0.8) + ";").stream("stderr")
        first, last = written.splitlines()
        assert re.match(r"mars_nb task \d+: \d+%, 0 of 1 chunk task", first)
        assert re.match(r"mars_nb task \d+: done in 0\.\d s: 1 chunk task", last)

    def test_an_argument_that_is_none(self, kernel):
        ran = kernel.run("mt.ones(3).execute(show_progress='progressbar')")
        assert ran.reply["ename"] == "ValueError"
        assert "'widget', 'html', 'text', 'plain'" in ran.reply["evalue"]
