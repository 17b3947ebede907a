"""The panel with ipykernel 6, which handles what it is sent between cells only."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from jupyter_browser import Server, wait_for
from playwright.sync_api import expect
from sidebar_tools import START, OpenNotebook

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SESSIONS = "mars.new_session(name='other')\nmars.new_session(name='etl');"
STEPS = """\
from pathlib import Path
def step(number):
    if not Path('enough').exists():
        time.sleep(0.1)
mars.execute(*[mr.spawn(step, args=(number,)) for number in range(1000)]);"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, ipykernel6: Path) -> Iterator[Server]:
    """Give a Jupyter server that has a kernel with ipykernel 6."""
    with Server(tmp_path_factory.mktemp("jupyter")) as running:
        running.add_kernel("old", PYTHONPATH=str(ipykernel6))
        yield running


def test_progress_is_live_and_buttons_wait(open_notebook: OpenNotebook, server: Server, tmp_path: Path) -> None:
    check = "import ipykernel\nassert ipykernel.version_info[0] == 6"
    notebook, sidebar, _ = open_notebook(check, START, SESSIONS, STEPS, kernel="old")
    for index in range(3):
        notebook.run(index)
        notebook.wait_prompt(index)
    sidebar.press(sidebar.card("other"), "default")  # nothing runs: at once
    sidebar.root.locator(".mars-nb-Card[data-name='other'][data-default='true']").wait_for()
    note = sidebar.root.locator("[data-note='waits']")
    assert "answers when the cell ends" in note.inner_text()
    notebook.run(3)
    progress = sidebar.card("other").locator(".mars-nb-Card-task")
    progress.wait_for()
    sidebar.press(sidebar.card("etl"), "default")
    for _ in range(3):
        before = progress.inner_text()
        wait_for("progress", lambda before=before: progress.inner_text() != before)
    notebook.page.screenshot(path=tmp_path / "waits.png")
    assert sidebar.card("etl").get_attribute("data-default") == "false"
    # Loaded anew while the cell runs, it says what it waits for, and is there when the cell is over.
    notebook.reload()
    sidebar.wait_state("starting")
    assert "has not answered yet" in sidebar.root.inner_text()
    notebook.page.screenshot(path=tmp_path / "reloaded.png")
    (server.folder / "enough").touch()
    sidebar.wait_state("live")
    sidebar.root.locator(".mars-nb-Card[data-name='etl'][data-default='true']").wait_for()
    expect(sidebar.task(1)).to_have_attribute("data-state", "done")
