"""What the panel does in cells of notebooks and consoles: code that it inserts, places that it goes to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jupyter_browser import Server, wait_for
from lab_tools import SETTINGS, Document, Lab
from sidebar_tools import START, Sidebar

pytestmark = [pytest.mark.browser, pytest.mark.slow]

RESULTS = """\
etl = mars.new_session(name='etl', default=False)
mars.new_session(name='main')
t = mt.arange(3).execute()
other = (mt.arange(3) + 1).execute(session=etl)
class Holder: pass
holder = Holder()
holder.t = mt.arange(7).execute();"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("jupyter"), SETTINGS) as running:
        yield running


@pytest.fixture
def lab(browser: Any, server: Server, tmp_path: Path) -> Iterator[Lab]:
    """Give JupyterLab with nothing open but the panel."""
    with Lab(browser, server, "cells") as opened:
        opened.sidebar.open()
        yield opened
        opened.page.screenshot(path=tmp_path / "end.png")  # pytest keeps the folders of its last three runs
        opened.clear()


@pytest.fixture
def panel(lab: Lab) -> Sidebar:
    return lab.sidebar


def source(document: Document, index: int) -> str:
    return document.cell(index).locator(".cm-content").inner_text()


def is_source(document: Document, index: int, text: str) -> None:
    wait_for(f"{text!r} in cell {index}, not {source(document, index)!r}", lambda: source(document, index) == text)


def fetch(panel: Sidebar, name: str) -> None:
    result = panel.result(name)
    result.hover()
    panel.press(result, "fetch")


def go_to(panel: Sidebar, name: str) -> None:
    result = panel.result(name)
    result.locator("[data-main]").click()
    panel.press(result, "goto")


def test_code_that_fetches(lab: Lab, panel: Sidebar) -> None:
    notebook = lab.open("fetches", START, RESULTS, "", "x = ", "y = 1", "# text")
    press = lab.page.keyboard.press
    notebook.run(0)
    notebook.run(1)

    notebook.cell(2).locator(".cm-content").click()  # an empty cell
    fetch(panel, "t")
    is_source(notebook, 2, "t.fetch()")
    press("Control+Enter")  # the focus is in the cell
    wait_for("the value", lambda: "array([0, 1, 2])" in notebook.cell(2).inner_text())

    notebook.cell(3).locator(".cm-content").click()  # a value is waited for
    press("End")
    fetch(panel, "t")
    is_source(notebook, 3, "x = t.fetch()")
    press("Control+z")
    is_source(notebook, 3, "x = ")

    notebook.cell(4).locator(".cm-content").click()  # a line that is complete, and a result of another session
    fetch(panel, "other")
    is_source(notebook, 4, "y = 1\nimport mars_nb\nmars_nb.get_session('etl').fetch(other)")
    press("Control+Enter")
    wait_for("the value", lambda: "array([1, 2, 3])" in notebook.cell(4).inner_text())
    press("Control+z")
    is_source(notebook, 4, "y = 1")

    notebook.cell(5).locator(".cm-content").click()
    press("Escape")
    press("m")  # no cell for code
    fetch(panel, "TensorArange")  # it has no name
    wait_for("a new cell", lambda: "get_session('main')" in source(notebook, 5))
    press("Control+Enter")
    wait_for("the value", lambda: "array([0, 1, 2, 3, 4, 5, 6])" in notebook.cell(5).inner_text())


def test_where_things_were_recorded(lab: Lab, panel: Sidebar) -> None:
    notebook = lab.open(
        "places", START, "mars.new_session(name='main')", "a = 1\nt = mt.arange(3).execute()", *["1"] * 60
    )
    for index in range(3):
        notebook.run(index)
    notebook.cell(3).locator(".cm-content").click()
    lab.command("notebook:move-cell-up")  # ids stay, numbers would do, too
    lab.command("notebook:select-all")
    lab.page.keyboard.press("End")
    go_to(panel, "t")
    active = notebook.root.locator(".jp-Notebook-cell.jp-mod-active")
    wait_for("the cell", lambda: "arange" in active.inner_text())
    lab.page.keyboard.type("# ")  # the cursor is at the beginning of the line
    wait_for("the line", lambda: active.locator(".cm-line").nth(1).inner_text() == "# t = mt.arange(3).execute()")


def test_consoles(lab: Lab, panel: Sidebar) -> None:
    console = lab.console("")
    prompt = console.root.locator(".jp-CodeConsole-promptCell .cm-content")
    press = lab.page.keyboard.press
    panel.wait_state("not-loaded", "Console 1")
    prompt.click()
    lab.page.keyboard.type("import mars_nb, mars_nb.tensor as mt; t = mt.arange(3).execute()")
    panel.press(panel.root, "load")
    press("Control+End")
    press("Shift+Enter")
    fetch(panel, "t")
    wait_for("the code", lambda: prompt.inner_text() == "t.fetch()")
    press("Shift+Enter")
    wait_for("the value", lambda: "array([0, 1, 2])" in console.root.inner_text())
    go_to(panel, "t")
    assert not panel.root.locator("[role=alert]:not(:empty)").count()
