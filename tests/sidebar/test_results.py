"""The list of results tells what sessions hold and who holds it, shows it, and gives it away."""

from __future__ import annotations

import re
import statistics
from collections.abc import Iterator
from pathlib import Path

import pytest
from jupyter_browser import Notebook, Server
from playwright.sync_api import expect
from sidebar_tools import FRAME_MS, START, OpenNotebook, Sidebar, describe

pytestmark = [pytest.mark.browser, pytest.mark.slow]

START = START + "\nimport numpy as np, pandas as pd"
DATA = """\
etl = mars.new_session(name='etl', n_threads=2)
raw = pd.DataFrame({'city': ['Rome', 'Oslo'] * 5000, 'km': np.arange(10_000.0)})
df = md.DataFrame(raw, chunk_size=1000).execute()
again = df
parts = [mt.arange(12, chunk_size=4).reshape(3, 4).execute()]
s = df.km.head(30).execute()
index = df.set_index('city').index.execute()
total = df.km.sum().execute()
answer = mr.spawn(dict, kwargs={'a': 1}).execute()
lazy = parts[0] + 1;"""
#: Each of the values is a script, if it is not taken for text.
HOSTILE = """\
evil = "<img src=x onerror='window.__evil=1'>"
raw = {evil: [evil, '<script>window.__evil=2</script>'], 'a&b': ['<b>bold</b>', '&lt;']}
hostile = md.DataFrame(raw).execute(session=other)
words = mt.tensor(np.array([evil, evil])).execute(session=other)
word = mr.spawn(str, args=(evil,)).execute(session=other)
mars.new_session(name=evil, default=False);"""
WAITING = """\
from pathlib import Path
def step(value):
    while not Path('enough').exists():
        time.sleep(0.02)
    return value
slow = mr.spawn(step, args=(7,))
after = mr.spawn(str, args=(slow,))
with mars.background():
    slow.execute()
    after.execute()"""
MANY = """\
many = [mt.full(3, number).execute() for number in range(1000)]"""


@pytest.fixture
def enough(server: Server) -> Iterator[Path]:
    """Give the file that ends the steps."""
    file = server.folder / "enough"
    yield file
    file.unlink(missing_ok=True)


def open_result(sidebar: Sidebar, name: str, pattern: str) -> str:
    """Open a result, wait until its preview matches, and give that."""
    item = sidebar.result(name)
    item.locator("[data-main]").click()
    expect(item.locator(".mars-nb-Preview")).to_contain_text(re.compile(pattern))
    return item.locator(".mars-nb-Preview").inner_text()


def close_result(sidebar: Sidebar, name: str) -> None:
    sidebar.result(name).locator("[data-main]").click()


def run_new(notebook: Notebook, source: str, output: str = "") -> None:
    """Replace the last cell, run it, and wait for its output."""
    cell = notebook.page.locator(".jp-NotebookPanel .jp-CodeCell").last
    cell.locator(".cm-content").click()
    notebook.page.keyboard.press("Control+a")
    notebook.page.keyboard.insert_text(source)
    before = cell.locator(".jp-InputPrompt").inner_text()
    notebook.page.keyboard.press("Control+Enter")
    expect(cell.locator(".jp-InputPrompt")).not_to_have_text(before)
    expect(cell.locator(".jp-InputPrompt")).to_have_text(re.compile(r"\[\d+\]"))
    if output:
        expect(cell.locator(".jp-Cell-outputArea")).to_contain_text(output)


def last_source(notebook: Notebook) -> str:
    """Give what is written in the last cell."""
    return notebook.page.locator(".jp-NotebookPanel .jp-CodeCell").last.locator(".cm-content").inner_text()


def test_results_tell_what_they_are(open_notebook: OpenNotebook, tmp_path: Path) -> None:
    notebook, sidebar, _ = open_notebook(START, DATA, "df.km.max().execute()", "")
    for index in range(3):
        notebook.run(index)
        notebook.wait_prompt(index)
    facts = {
        "df, again": ["DataFrame 10000 × 2", "KiB"],
        "parts[0]": ["Tensor 3 × 4 int64", "96 B"],
        "s": ["Series 30 float64"],
        "index": ["Index 10000"],
        "total": ["float64", "32 B"],
        "answer": ["Object"],
        "lazy": ["lazy", "Tensor 3 × 4", "In[2], line 10"],
    }
    for name, texts in facts.items():
        for text in texts:
            expect(sidebar.result(name)).to_contain_text(re.compile(re.escape(text), re.IGNORECASE))
    held = sidebar.root.locator("[data-section='results'] .mars-nb-Item[data-name*='Out[3]']")
    expect(held).to_contain_text("float64")
    expect(sidebar.result("lazy")).to_have_attribute("data-state", "lazy")
    expect(sidebar.result("s").locator("time")).to_contain_text(re.compile(r"just now|\d+ s ago"))
    # Opened, they show what they are.
    assert "Rome" in open_result(sidebar, "df, again", "10000 rows|10,000 rows")
    expect(sidebar.result("df, again")).to_contain_text("Held by df, again; in memory, 10 chunks")
    notebook.page.screenshot(path=tmp_path / "frame.png")
    close_result(sidebar, "df, again")
    for name, pattern in {
        "parts[0]": r"0\D+1\D+2\D+3",
        "s": r"km[\s\S]*9\.0",
        "index": "Rome",
        "total": "49995000",
        "answer": r"'a': 1",
    }.items():
        open_result(sidebar, name, pattern)
        close_result(sidebar, name)
    # A click on where it was recorded goes there.
    sidebar.result("s").locator("[data-main]").click()
    sidebar.press(sidebar.result("s"), "goto")
    expect(notebook.page.locator(".jp-NotebookPanel .jp-Cell.jp-mod-active")).to_contain_text("raw = pd.DataFrame")
    # The code that is put into the active cell gives the value, in the default session and in another one.
    run_new(notebook, "1")
    for session, code in (("etl", "total.fetch()"), ("later", "mars_nb.get_session('etl').fetch(total)")):
        if session == "later":
            run_new(notebook, "mars.new_session(name='later');")
            expect(sidebar.card("later")).to_have_attribute("data-default", "true")
        run_new(notebook, "2", "2")
        sidebar.press(sidebar.result("total"), "fetch")
        expect(notebook.page.locator(".jp-NotebookPanel .jp-CodeCell").last).to_contain_text(code)
        run_new(notebook, last_source(notebook), "49995000.0")
    # Freed, the object is lazy again.
    sidebar.press(sidebar.result("parts[0]"), "free")
    expect(sidebar.result("parts[0]")).to_have_attribute("data-state", "lazy")
    # Names that are gone are not shown any more.
    run_new(notebook, "del s, again")
    expect(sidebar.result("df")).to_contain_text("DataFrame")
    expect(sidebar.result("s")).to_have_count(0)
    run_new(notebook, "del index, lazy; print('gone')", "gone")
    for name in ("index", "lazy"):
        expect(sidebar.result(name)).to_have_count(0)


def test_what_is_on_disk_and_what_runs(open_notebook: OpenNotebook, enough: Path, tmp_path: Path) -> None:
    notebook, sidebar, _ = open_notebook(
        START,
        "other = mars.new_session(name='other', default=False)\n" + HOSTILE,
        "small = mars.new_session(name='small', n_threads=2, memory_limit='2MiB')\n"
        "big = mt.arange(1 << 20, chunk_size=1 << 16).execute()",
        WAITING,
    )
    for index in range(4):
        notebook.run(index)
        notebook.wait_prompt(index)
    big = sidebar.result("big")
    expect(big).to_have_attribute("data-state", "disk")
    expect(big.get_by_role("img")).to_have_attribute("aria-label", re.compile("on disk"))
    open_result(sidebar, "big", "1048575")
    close_result(sidebar, "big")
    slow, after = sidebar.result("slow"), sidebar.result("after")
    expect(slow).to_have_attribute("data-state", "running")
    expect(slow.get_by_role("progressbar")).to_be_visible()
    expect(after).to_have_attribute("data-state", "waiting")
    notebook.page.screenshot(path=tmp_path / "running.png")
    enough.touch()
    for item in (slow, after):
        expect(item).to_have_attribute("data-state", "memory")
    open_result(sidebar, "after", "'7'")
    # What is in data and names is text.
    open_result(sidebar, "hostile", "onerror")
    assert "<b>bold</b>" in sidebar.result("hostile").locator(".mars-nb-Preview").inner_text()
    open_result(sidebar, "words", "onerror")
    open_result(sidebar, "word", "onerror")
    notebook.page.screenshot(path=tmp_path / "hostile.png")
    assert sidebar.root.locator("img:not([role]), script, b").count() == 0
    assert notebook.page.evaluate("window.__evil") is None


def test_a_thousand_results_scroll_smoothly(open_notebook: OpenNotebook, tmp_path: Path) -> None:
    notebook, sidebar, wire = open_notebook(
        START, "mars.new_session(name='etl')\nextra = mt.ones(5).execute()", MANY, "more = mt.ones(4).execute()", ""
    )
    for index in range(4):
        notebook.run(index)
        notebook.wait_prompt(index)
    section = sidebar.section("results")
    expect(section.locator("h3")).to_contain_text("1002")
    expect(sidebar.result("more")).to_be_visible()
    frames = sidebar.scroll("[data-section='results'] .mars-nb-Section-body")
    expect(section).to_contain_text("2 older results are not listed")
    notebook.page.screenshot(path=tmp_path / "many.png")
    print(f"1000 results: {describe(frames)}")
    assert statistics.median(frames) < FRAME_MS
    assert section.locator(".mars-nb-Item").count() < 60
    # Filtered, one is found, and looked at.
    section.get_by_role("searchbox").fill("many[123]")
    expect(section.locator(".mars-nb-Item")).to_have_count(1)
    open_result(sidebar, "many[123]", "123")
    close_result(sidebar, "many[123]")
    # The newest come first; what is opened far down is seen whole.
    section.get_by_role("searchbox").fill("many[12")
    shown = section.locator(".mars-nb-Item-name")
    expect(shown).to_have_text([*(f"many[{number}]" for number in range(129, 119, -1)), "many[12]"])
    open_result(sidebar, "many[125]", "125")
    expect(sidebar.result("many[125]").locator(".mars-nb-Preview")).to_be_in_viewport(ratio=0.99)
    notebook.page.screenshot(path=tmp_path / "opened.png")
    section.get_by_role("searchbox").fill("")
    run_new(notebook, "many.clear()")
    expect(section.locator("h3")).to_contain_text("2")
    expect(sidebar.result("extra")).to_be_visible()
    assert max(len(str(m.content)) for m in wire.told()) < 1_000_000
