"""The history of tasks, and the timeline of what ran on which thread and when."""

from __future__ import annotations

import itertools
import re
import statistics
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jupyter_browser import Server, wait_for
from playwright.sync_api import Locator, expect
from sidebar_tools import FRAME_MS, START, OpenNotebook, Sidebar, describe, wait_text
from wire import Message, Wire

pytestmark = [pytest.mark.browser, pytest.mark.slow]

TOLD_S = 5.0
#: Of the names of two threads, left of their rows.
GUTTER_PX = 14
CANVAS = ".mars-nb-Timeline-canvas"
SESSION = "etl = mars.new_session(name='etl', n_threads=2);"
STEPS = """\
from pathlib import Path
def step(number):
    if not Path('enough').exists():
        time.sleep(0.05)
def fail(number):
    raise ValueError(f'no {number} today')"""
ENDS = """\
mt.ones((1000, 1000), chunk_size=250).sum().execute()
failing = mr.spawn(fail, args=(3,)).execute(wait=False)
ended = failing.exception()
mars.execute(*[mr.spawn(step, args=(number,)) for number in range(1000)], wait=False);"""
TWO = """\
first = [mr.spawn(step, args=(n,)) for n in range(6)]

def other(*values):
    time.sleep(0.05)
second = [mr.spawn(other, args=(one,)) for one in first]
mars.execute(*second);"""
#: At least ten thousand chunk tasks each, of a few operations and of as many ones of one line, and one that holds on.
LARGE = {
    "tensors": "large = [(mt.random.rand(1_600_000, 100, chunk_size=(125, 100)) + 1).sum()]",
    "functions": """\
def blink(number):
    time.sleep(0.0005)
large = [mr.spawn(blink, args=(number,)) for number in range(10_000)]""",
}
RUN_LARGE = """\
from pathlib import Path
def hold():
    while not Path('enough').exists():
        time.sleep(0.02)
large = mars.execute(mr.spawn(hold), *large, wait=False)"""

#: Operation, thread, start and duration in milliseconds, chunk tasks.
Span = tuple[str, str, int, int, int]

_COLOURS = """canvas => {
    const { data, width, height } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    const rows = [];
    for (const y of [8, 24]) {
        const seen = new Set();
        for (let x = 30; x < width; x++) {
            const at = 4 * (y * width + x);
            if (data[at + 3] > 200) seen.add(data.slice(at, at + 3).join());
        }
        rows.push([...seen]);
    }
    return rows;
}"""
_MOVE = """([where, ms]) => new Promise(done => {
    const gaps = [];
    const start = performance.now();
    let last = start, number = 0;
    const frame = now => {
        gaps.push(now - last);
        last = now;
        const canvas = document.querySelector(where);
        const { left, top, width } = canvas.getBoundingClientRect();
        const place = { clientX: left + width / 2, clientY: top + 8, bubbles: true, cancelable: true };
        number++;
        const zooming = number % 40 < 20, back = number % 80 >= 40;
        const delta = zooming ? { deltaY: back ? 60 : -60 } : { deltaX: back ? -40 : 40 };
        canvas.dispatchEvent(new WheelEvent('wheel', { ...place, ...delta }));
        if (now - start < ms) requestAnimationFrame(frame); else done(gaps.slice(2));
    };
    requestAnimationFrame(frame);
})"""


@pytest.fixture
def enough(server: Server) -> Iterator[Path]:
    """Give the file that ends the steps."""
    file = server.folder / "enough"
    yield file
    file.touch()
    file.unlink()


def spans_of(wire: Wire, task: int) -> list[Span]:
    """Put together what was told of a task."""
    told: list[Span] = []
    for message in wire.told():
        spans = message.content["data"].get("spans")
        if spans and spans["task"] == task:
            items = spans["items"]
            del told[spans["first"] :]
            for at in range(0, len(items), 5):
                operation, worker, start, duration, tasks = items[at : at + 5]
                told.append((spans["operations"][operation], spans["workers"][worker], start, duration, tasks))
    return told


def wait_spans(sidebar: Sidebar, wire: Wire, count: int) -> list[Span]:
    """Wait until all that was told of the first task is of so many chunk tasks, and give it."""

    def look() -> list[Span] | None:
        sidebar.page.evaluate("0")  # messages are taken in while something is asked of the page
        spans = spans_of(wire, 1)
        return spans if sum(span[4] for span in spans) == count else None

    return list(wait_for("all spans", look))


def open_task(sidebar: Sidebar, number: int) -> Locator:
    """Open a task of the history, and give it."""
    item = sidebar.task(number)
    main = item.locator("[data-main]")
    if main.get_attribute("aria-expanded") == "false":
        main.click()
    return item


def active_cell(sidebar: Sidebar) -> Locator:
    return sidebar.page.locator(".jp-NotebookPanel .jp-Cell.jp-mod-active")


def test_history(open_notebook: OpenNotebook, enough: Path, tmp_path: Path) -> None:
    notebook, sidebar, _ = open_notebook(START, SESSION, STEPS, ENDS)
    notebook.run_all()
    running = sidebar.task(3)
    expect(running).to_have_attribute("data-state", "running")
    sidebar.press(running, "cancel")
    expect(running).to_have_attribute("data-state", "cancelled")
    done, failed = sidebar.task(1), sidebar.task(2)
    expect(done).to_contain_text(re.compile(r"\d+ ms|\d\.\d s"))
    expect(done).to_contain_text(re.compile(r"done\s*peak [\d.]+ [kM]iB"))
    expect(failed).to_contain_text("failed")
    expect(open_task(sidebar, 2).locator(".mars-nb-Error")).to_contain_text("ValueError: no 3 today")
    sidebar.press(failed, "goto")
    expect(active_cell(sidebar)).to_contain_text("failing = ")
    expect(open_task(sidebar, 3)).to_contain_text("Started in In[4], line 4")
    notebook.page.screenshot(path=tmp_path / "history.png")
    # The newest first.
    numbers = sidebar.section("tasks").locator("[data-task]").evaluate_all("all => all.map(one => one.dataset.task)")
    assert numbers == ["3", "2", "1"]
    # After a reload it is all there, also what ran when.
    before = open_task(sidebar, 1).locator(".mars-nb-Timeline").get_attribute("data-spans")
    notebook.reload()
    sidebar.wait_state("live")
    for number, state in ((1, "done"), (2, "failed"), (3, "cancelled")):
        expect(sidebar.task(number)).to_have_attribute("data-state", state)
    expect(open_task(sidebar, 1).locator(".mars-nb-Timeline")).to_have_attribute("data-spans", str(before))


def test_timeline_shows_what_ran(open_notebook: OpenNotebook, tmp_path: Path) -> None:
    notebook, sidebar, wire = open_notebook(START, SESSION, STEPS, "1", TWO, "2")
    notebook.run_all()
    task = sidebar.task(1)
    expect(task).to_have_attribute("data-state", "done")
    canvas = task.locator(CANVAS)
    expect(canvas).to_be_visible()
    spans = wait_spans(sidebar, wire, 12)
    # Each chunk task once, on two threads, none before its time, no two at once on a thread.
    assert len({span[1] for span in spans}) == 2
    assert len({span[0] for span in spans}) >= 2
    for worker in {span[1] for span in spans}:
        mine = sorted(span[2:4] for span in spans if span[1] == worker)
        assert all(a[0] + a[1] <= b[0] + 2 for a, b in itertools.pairwise(mine))
        assert 250 < sum(duration for _, duration in mine) < 3000
    # Two rows are painted, in the colours of two operations.
    rows = wait_for("a painted timeline", lambda: (told := canvas.evaluate(_COLOURS)) and all(told) and told)
    assert all(len(row) >= 2 for row in rows), rows
    assert len({colour for row in rows for colour in row}) >= 2
    notebook.page.screenshot(path=tmp_path / "timeline.png")
    # The rows have the order of their names.
    task.locator("summary").click()
    named = task.locator(".mars-nb-Busy table").last.locator("tbody th")
    expect(named).to_have_text(sorted({span[1] for span in spans}))
    task.locator("summary").click()
    # A click on what runs last goes to the line that recorded it; one on what runs first to another one.
    box: Any = canvas.bounding_box()
    lines = {}
    first_row = sorted(span[2:4] for span in spans if span[1] == min(span[1] for span in spans))
    end = max(start + duration for *_, start, duration, _ in spans)
    for place, (start, duration) in (("last", first_row[-1]), ("first", first_row[0])):
        notebook.cell(0).click()
        share = (start + duration / 2) / end
        canvas.click(position={"x": GUTTER_PX + share * (box["width"] - GUTTER_PX), "y": 8})
        expect(active_cell(sidebar)).to_contain_text("def other")
        lines[place] = wait_text(notebook.page.locator("#jp-main-statusbar"), r"Ln \d+")
    assert "Ln 5," in lines["last"]
    assert "Ln 1," in lines["first"]
    # So does the Enter key, after arrow keys; plus zooms, 0 shows all.
    notebook.cell(0).click()
    canvas.focus()
    for key in ("ArrowRight", "+", "+"):
        notebook.page.keyboard.press(key)
    expect(canvas).to_have_attribute("data-zoomed", "true")
    expect(sidebar.root.get_by_role("status")).to_contain_text(re.compile(r" on .*1 chunk task"))
    notebook.page.keyboard.press("0")
    expect(canvas).to_have_attribute("data-zoomed", "false")
    notebook.page.keyboard.press("Enter")
    expect(active_cell(sidebar)).to_contain_text("def other")
    # So does a click on an operation's name.
    notebook.cell(0).click()
    task.locator(".mars-nb-Operation").last.get_by_role("button").click()
    expect(active_cell(sidebar)).to_contain_text("def other")


def test_calls_in_one_line_are_one_operation(open_notebook: OpenNotebook) -> None:
    notebook, sidebar, _ = open_notebook(START, SESSION, STEPS, TWO)
    notebook.run_all()
    task = sidebar.task(1)
    expect(task).to_have_attribute("data-state", "done")
    expect(task.locator("[data-main]")).to_contain_text("other")
    operations = task.locator(".mars-nb-Operation")
    expect(operations.locator(".mars-nb-count")).to_have_text(["6/6", "6/6"])
    expect(operations).to_contain_text(["step", "other"])


@pytest.mark.parametrize("of", ["tensors", "functions"])
def test_ten_thousand_chunk_tasks(open_notebook: OpenNotebook, enough: Path, tmp_path: Path, of: str) -> None:
    session = "mars.new_session(name='etl', n_threads=3);"
    notebook, sidebar, wire = open_notebook(START, session, LARGE[of], RUN_LARGE)
    notebook.run_all()
    task = sidebar.task(1)
    task.locator(".mars-nb-Timeline").wait_for()
    running = notebook.page.evaluate(_MOVE, [CANVAS, 2000])
    (count,) = re.findall(r"of (\d+) chunk tasks", wait_text(task, "chunk tasks"))
    notebook.page.screenshot(path=tmp_path / "running.png")
    # All but the last one are over at some time; then that one is, too.
    expect(task).to_contain_text(f"{int(count) - 1} of {count} chunk tasks", timeout=60_000)
    assert task.get_attribute("data-state") == "running"
    enough.touch()
    expect(task).to_have_attribute("data-state", "done")
    began = time.monotonic()
    spans = wait_spans(sidebar, wire, int(count))
    told = time.monotonic() - began
    over = notebook.page.evaluate(_MOVE, [CANVAS, 2000])
    print(f"{of}: while running {describe(running)}; then {describe(over)}")
    print(f"{len(spans)} spans of {count} chunk tasks; all were told {told:.1f} s after the end")
    print(f"the longest message has {max(map(_length, wire.told()))} characters")
    assert int(count) > 10_000
    assert statistics.median(running) < FRAME_MS
    assert statistics.median(over) < FRAME_MS
    assert told < TOLD_S
    notebook.reload()
    sidebar.wait_state("live")
    expect(open_task(sidebar, 1).locator(".mars-nb-Timeline")).to_have_attribute("data-spans", str(len(spans)))
    notebook.page.screenshot(path=tmp_path / "reloaded.png")


def _length(message: Message) -> int:
    return len(str(message.content))
