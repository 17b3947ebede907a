"""Nothing strange: the panel executes nothing, asks for nothing by itself, is told little, and nothing while hidden."""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterator
from pathlib import Path

import pytest
from jupyter_browser import Notebook, Server, wait_for
from playwright.sync_api import expect
from sidebar_tools import START, OpenNotebook, Sidebar
from wire import Message, Wire

pytestmark = [pytest.mark.browser, pytest.mark.slow]

MOST_A_SECOND, SMALL_BYTES, QUIET_MS, AFTER_MS = 10, 5_000, 3_000, 1_000
SESSIONS = "mars.new_session(name='other', default=False)\netl = mars.new_session(name='etl', n_threads=2);"
RESULTS = "total = mt.ones((200, 200), chunk_size=50).sum().execute()\nrest = mt.arange(8).execute()"
#: Many short chunk tasks of several operations, over some seconds.
RUN = """\
def step(number):
    time.sleep(0.01)
    return number
done = md.Series(list(range(400)), chunk_size=1).map(step).sum().execute()"""
#: Half a minute at the most: a test that has seen enough puts a file there.
HELD = """\
from pathlib import Path
def hold(number):
    if not Path('enough').exists():
        time.sleep(0.05)
held = mars.execute(*[mr.spawn(hold, args=(number,)) for number in range(1200)], wait=False);"""
NOTE = "inputs = len(In)\nbefore = {*globals(), 'before'}"
#: What came since, be it in the namespace or in the history: this cell.
LOOK = """\
history = get_ipython().history_manager
print(sorted({*globals()} - before), len(In) - inputs, len(list(history.get_range(start=inputs))))"""


@pytest.fixture
def enough(server: Server) -> Iterator[Path]:
    """Give the file that ends the steps."""
    file = server.folder / "enough"
    yield file
    file.touch()
    file.unlink()


def run(notebook: Notebook, *cells: int) -> None:
    """Run cells, one after the other."""
    for index in cells:
        notebook.run(index)
        notebook.wait_prompt(index)


def most_in_a_second(messages: list[Message]) -> int:
    times = [message.at for message in messages]
    return max(sum(first <= time < first + 1 for time in times) for first in times)


def size(message: Message) -> int:
    return len(json.dumps(message.content))


def settle(sidebar: Sidebar, wire: Wire) -> None:
    """Wait until nothing more is said about what was done: a second in which there was nothing."""

    def nothing_more() -> bool:
        before = len(wire.messages)
        sidebar.page.wait_for_timeout(1000)
        return len(wire.messages) == before

    wait_for("quiet", nothing_more)


def said_in(sidebar: Sidebar, wire: Wire, ms: int) -> list[str]:
    """List what is said in any direction, on any channel, in so many milliseconds."""
    before = len(wire.messages)
    sidebar.page.wait_for_timeout(ms)
    return [message.type for message in wire.messages[before:]]


def test_few_and_small_messages_and_none_when_idle(open_notebook: OpenNotebook) -> None:
    notebook, sidebar, wire = open_notebook(START, SESSIONS, RESULTS, RUN)
    run(notebook, 0, 1, 2)
    settle(sidebar, wire)
    started, asked = len(wire.told()), len(wire.asked())
    run(notebook, 3)
    expect(sidebar.task(2)).to_have_attribute("data-state", "done")
    settle(sidebar, wire)
    told = wire.told()[started:]
    sizes = [size(message) for message in told]
    most = most_in_a_second(told)
    print(f"{len(told)} messages, {most} a second, of {statistics.median(sizes):.0f} bytes, the largest {max(sizes)}")
    assert len(told) > 10  # it was live
    assert most <= MOST_A_SECOND
    assert max(sizes) < SMALL_BYTES
    # What the panel said: which task it wants to see, when that began.
    assert {message.content["data"]["type"] for message in wire.asked()[asked:]} <= {"watch"}
    assert len(wire.asked()) - asked <= 2
    # When nothing goes on, nothing is said at all, on no channel; not even about the age, which goes on.
    age = sidebar.result("total").locator("time")
    before = age.inner_text()
    assert said_in(sidebar, wire, QUIET_MS) == []
    wait_for("another age", lambda: age.inner_text() != before)


def test_nothing_while_hidden(open_notebook: OpenNotebook, enough: Path) -> None:
    notebook, sidebar, wire = open_notebook(
        START,
        SESSIONS,
        HELD,
        "mars.get_session('other').as_default()\nlate = mt.ones(3).execute()",
        "etl.as_default()\nlater = mt.ones(4).execute()",
    )
    run(notebook, 0, 1)
    sidebar.close()
    settle(sidebar, wire)
    told, asked = len(wire.told()), len(wire.asked())
    run(notebook, 2)
    said_in(sidebar, wire, QUIET_MS)
    assert wire.told()[told:] == []
    run(notebook, 3)
    told = only_default(sidebar, wire, told, "other")
    assert len(wire.asked()) == asked
    # Shown again, it knows all that was missed.
    sidebar.open()
    expect(sidebar.card("other")).to_have_attribute("data-default", "true")
    running = sidebar.card("etl").locator(".mars-nb-Card-task")
    running.wait_for()
    sidebar.result("late").wait_for()
    # Hidden by another panel of JupyterLab's, it is as quiet.
    sidebar.page.locator(".lm-TabBar-tab[data-id='jp-property-inspector']").click()
    sidebar.root.wait_for(state="hidden")
    said_in(sidebar, wire, AFTER_MS)
    told, asked = len(wire.told()), len(wire.asked())
    run(notebook, 4)
    only_default(sidebar, wire, told, "etl")
    assert len(wire.asked()) == asked
    sidebar.open()
    running.wait_for()
    enough.touch()
    expect(sidebar.task(1)).to_have_attribute("data-state", "done")


def only_default(sidebar: Sidebar, wire: Wire, before: int, name: str) -> int:
    """Check that the name of the default session is all that was told; give the number of messages now."""
    wait_for("the name of the default session", lambda: said_in(sidebar, wire, 100) and wire.told()[before:])
    said_in(sidebar, wire, AFTER_MS)
    assert [message.content["data"] for message in wire.told()[before:]] == [{"type": "default", "name": name}]
    return len(wire.told())


def test_no_code_is_executed(open_notebook: OpenNotebook) -> None:
    cells = START, SESSIONS, RESULTS, NOTE, LOOK
    notebook, sidebar, wire = open_notebook(*cells)
    run(notebook, 0, 1, 2, 3)
    # All that the panel can do.
    sidebar.result("rest").locator("[data-main]").click()
    expect(sidebar.root.locator(".mars-nb-Preview")).to_contain_text("7")
    sidebar.task(1).locator("[data-main]").click()
    sidebar.press(sidebar.card("other"), "default")
    expect(sidebar.card("other")).to_have_attribute("data-default", "true")
    sidebar.press(sidebar.card("other"), "rename")
    field = sidebar.root.get_by_label("New name of other")
    field.fill("renamed")
    field.press("Enter")
    sidebar.card("renamed").wait_for()
    sidebar.press(sidebar.section("sessions"), "new")
    form = sidebar.root.get_by_role("form", name="New session")
    form.locator("[name=name]").fill("third")
    form.locator("[name=name]").press("Enter")
    sidebar.card("third").wait_for()
    sidebar.press(sidebar.card("renamed"), "close")
    expect(sidebar.card("renamed")).to_have_count(0)
    sidebar.press(sidebar.result("rest"), "free")
    expect(sidebar.result("rest")).to_have_attribute("data-state", "lazy")
    run(notebook, 4)
    assert notebook.output(4).inner_text().strip() == "['_i5', 'history'] 1 1"
    assert wire.executed() == list(cells)
