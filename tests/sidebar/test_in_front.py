"""The panel is always about what is in front, and says why where there is nothing to show."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jupyter_browser import Server, wait_for
from lab_tools import SETTINGS, Document, Lab
from sidebar_tools import Sidebar

pytestmark = [pytest.mark.browser, pytest.mark.slow]

START = "%load_ext mars_nb\nimport time, mars"
#: A kernel that starts when a file is there.
WHEN_TOLD = """\
import os, sys, time
while not os.path.exists('start'):
    time.sleep(0.05)
os.execv(sys.executable, [sys.executable, '-m', 'ipykernel_launcher', *sys.argv[1:]])"""
DIE = "import os\nos.kill(os.getpid(), 9)"
STEPS = """\
from pathlib import Path
import mars.remote as mr
def step(number):
    if not Path('enough').exists():
        time.sleep(0.1)
mars.execute(*[mr.spawn(step, args=(number,)) for number in range(1000)]);"""
#: Notes each state of the panel together with whose it is and what it lists.
NOTE = """() => {
    const noted = window.__noted = [];
    const panel = document.querySelector('#mars-nb-sidebar');
    const look = () => {
        const { title, state } = panel.querySelector('.mars-nb-Front').dataset;
        const names = [...panel.querySelectorAll('.mars-nb-Card')].map(each => each.dataset.name);
        noted.push([title, state, names.join()]);
    };
    look();
    new MutationObserver(look).observe(panel, { subtree: true, childList: true, attributes: true });
}"""


def opening(name: str) -> str:
    return f"mars.new_session(name={name!r});"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Give a Jupyter server that restarts a kernel that died once, and notices that soon."""
    settings = {**SETTINGS, "KernelRestarter.restart_limit": 1, "KernelRestarter.time_to_dead": 0.3}
    with Server(tmp_path_factory.mktemp("jupyter"), settings) as running:
        running.add_kernel("when-told", command=(sys.executable, "-c", WHEN_TOLD))
        running.add_kernel("other", language="R")
        yield running


@pytest.fixture(scope="module")
def page(browser: Any, server: Server) -> Iterator[Lab]:
    """Give the page that all tests use."""
    with Lab(browser, server, "front") as opened:
        opened.sidebar.open()
        yield opened


@pytest.fixture
def lab(page: Lab, tmp_path: Path) -> Iterator[Lab]:
    """Give JupyterLab with nothing open."""
    yield page
    page.page.screenshot(path=tmp_path / "end.png")  # pytest keeps the folders of its last three runs
    page.clear()


@pytest.fixture
def enough(server: Server) -> Iterator[Path]:
    """Give the file that ends the steps."""
    file = server.folder / "enough"
    yield file
    file.unlink(missing_ok=True)


@pytest.fixture
def panel(lab: Lab) -> Sidebar:
    return lab.sidebar


def says(panel: Sidebar, state: str, sentence: str, title: str = "") -> None:
    """Check that the panel is in a blank state, and says so in a sentence, to everybody."""
    panel.wait_state(state, title)
    assert sentence in panel.root.inner_text()
    assert not panel.barriers()
    assert not panel.root.locator("[data-section]").count()


def sessions(panel: Sidebar) -> list[str | None]:
    return [each.get_attribute("data-name") for each in panel.root.locator(".mars-nb-Card").all()]


def with_session(lab: Lab, name: str, *more: str) -> Document:
    """Open a notebook with a session of its name."""
    notebook = lab.open(name, START, opening(name), *more)
    notebook.run(0)
    notebook.run(1)
    lab.sidebar.wait_state("live", f"{name}.ipynb")
    lab.sidebar.card(name).wait_for()
    return notebook


# --- nothing to show -----------------------------------------------------------------------------------


def test_nothing_in_front(panel: Sidebar) -> None:
    says(panel, "no-kernel", "Open a notebook or a console")


def test_from_the_start_of_a_kernel_to_the_first_session(lab: Lab, panel: Sidebar, server: Server) -> None:
    notebook = lab.open("starts", "x = 1", kernel="when-told", wait=False)
    says(panel, "starting", "The kernel is starting", "starts.ipynb")
    (server.folder / "start").touch()
    says(panel, "not-loaded", "mars_nb is not loaded in this kernel", "starts.ipynb")
    panel.press(panel.root, "load")
    assert notebook.cell(0).locator(".cm-content").inner_text() == "%load_ext mars_nb"
    assert notebook.cell(1).locator(".cm-content").inner_text() == "x = 1"
    lab.page.keyboard.press("Shift+Enter")  # the focus is in the new cell
    panel.wait_state("live", "starts.ipynb")
    blank = panel.root.locator("[data-blank='no-session']")
    assert "No session is open" in blank.inner_text()
    assert not panel.barriers()
    panel.press(blank, "new")
    panel.press(panel.root.locator(".mars-nb-Form"), "open")
    panel.root.locator(".mars-nb-Card").wait_for()


def test_dead_kernel(lab: Lab, panel: Sidebar) -> None:
    notebook = with_session(lab, "dies", DIE)
    notebook.start(2)
    lab.accept()  # JupyterLab says that the kernel restarts
    says(panel, "not-loaded", "mars_nb is not loaded in this kernel", "dies.ipynb")
    notebook.wait_idle()
    notebook.start(2)
    says(panel, "dead", "The kernel has died", "dies.ipynb")


def test_kernel_that_was_shut_down(lab: Lab, panel: Sidebar) -> None:
    with_session(lab, "shut")
    lab.choose("Kernel", "Shut Down Kernel")
    says(panel, "no-kernel", "shut.ipynb has no kernel", "shut.ipynb")


def test_other_language(lab: Lab, panel: Sidebar) -> None:
    before = len(lab.wire.messages)
    lab.open("language", kernel="other")
    says(panel, "other-language", "does not run Python", "language.ipynb")
    opened = [message.content["target_name"] for message in lab.wire.messages[before:] if message.type == "comm_open"]
    assert "mars_nb" not in opened


def test_other_version(lab: Lab, panel: Sidebar) -> None:
    notebook = lab.open("version", "import mars_nb.notebook.sidebar.messages as m\nm.VERSION = 99", START)
    notebook.run(0)
    notebook.run(1)
    says(panel, "mismatch", "have different versions", "version.ipynb")
    assert "The kernel has mars_nb" in panel.root.inner_text()


def test_unloaded_extension(lab: Lab, panel: Sidebar) -> None:
    notebook = with_session(lab, "unloaded", "%unload_ext mars_nb")
    notebook.run(2)
    says(panel, "not-loaded", "mars_nb is not loaded in this kernel", "unloaded.ipynb")
    notebook.run(0)
    panel.card("unloaded").wait_for()  # a session outlives the extension


# --- the kernel goes and comes -------------------------------------------------------------------------


def test_restart_while_a_task_runs(lab: Lab, panel: Sidebar) -> None:
    notebook = with_session(lab, "restarted", "import mars.tensor as mt\na = mt.ones(3)", STEPS)
    notebook.run(2)
    panel.result("a").wait_for()
    notebook.run(3, wait=False)
    panel.task(1).wait_for()
    lab.restart()
    says(panel, "not-loaded", "mars_nb is not loaded in this kernel", "restarted.ipynb")
    notebook.wait_idle()
    notebook.run(0)
    panel.wait_state("live", "restarted.ipynb")
    assert not sessions(panel)
    assert not panel.root.locator(".mars-nb-Item").count()  # nor variables and tasks of before


def test_interrupted_cell(lab: Lab, panel: Sidebar) -> None:
    notebook = with_session(lab, "interrupted", STEPS)
    notebook.run(2, wait=False)
    panel.task(1).wait_for()
    lab.choose("Kernel", "Interrupt Kernel")
    notebook.wait_prompt(2)
    panel.section("tasks").locator("[data-task='1'][data-state='cancelled']").wait_for()


def test_broken_connection(lab: Lab, panel: Sidebar, enough: Path) -> None:
    notebook = with_session(lab, "broken", STEPS)
    notebook.run(2, wait=False)
    running = panel.card("broken").locator(".mars-nb-Card-task")
    running.wait_for()
    lab.page.evaluate(NOTE)
    lab.cut()
    lab.page.wait_for_function("window.__noted.some(each => each[1] !== 'live')")
    panel.wait_state("live", "broken.ipynb")
    before = running.inner_text()
    wait_for("progress", lambda: running.inner_text() != before)
    panel.press(running, "cancel")
    panel.section("tasks").locator("[data-task='1'][data-state='cancelled']").wait_for()


# --- several notebooks and consoles --------------------------------------------------------------------


def test_quick_switches(lab: Lab, panel: Sidebar) -> None:
    first = with_session(lab, "first")
    second = with_session(lab, "second")
    lab.page.evaluate(NOTE)
    for document in [first, second] * 10:
        document.show()
    panel.card("second").wait_for()
    noted = lab.page.evaluate("window.__noted")
    assert {title for title, *_ in noted} == {"first.ipynb", "second.ipynb"}
    assert all(f"{names}.ipynb" == title for title, _, names in noted if names)
    assert all(names for _, state, names in noted if state == "live")


def test_side_by_side(lab: Lab, panel: Sidebar) -> None:
    left, right = with_session(lab, "left"), with_session(lab, "right")
    lab.move(right, left)
    for document, name in [(left, "left"), (right, "right"), (left, "left")]:
        document.cell(0).locator(".cm-content").click()
        panel.wait_state("live", f"{name}.ipynb")
        panel.card(name).wait_for()
        assert sessions(panel) == [name]


def test_closed_notebook(lab: Lab, panel: Sidebar) -> None:
    stays, goes = with_session(lab, "stays"), with_session(lab, "goes")
    goes.close()
    panel.wait_state("live", "stays.ipynb")
    panel.card("stays").wait_for()
    stays.close()
    says(panel, "no-kernel", "Open a notebook or a console")


def test_renamed_notebook(lab: Lab, panel: Sidebar, server: Server) -> None:
    notebook = with_session(lab, "old", opening("more"))
    lab.page.evaluate("window.jupyterapp.serviceManager.contents.rename('old.ipynb', 'new.ipynb')")
    panel.wait_state("live", "new.ipynb")
    notebook.run(2)
    panel.card("more").wait_for()


def test_two_notebooks_with_one_kernel(lab: Lab, panel: Sidebar) -> None:
    with_session(lab, "one")
    kernel = lab.page.evaluate("window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.id")
    other = lab.open("same", opening("same"), wait=False)
    other.wait_idle()
    lab.use_kernel(other, kernel)
    panel.wait_state("live", "same.ipynb")
    panel.card("one").wait_for()
    other.run(0)
    panel.card("same").wait_for()


def test_console(lab: Lab, panel: Sidebar) -> None:
    notebook = with_session(lab, "notebook")
    lab.console("")
    panel.wait_state("not-loaded", "Console 1")
    panel.press(panel.root, "load")
    lab.page.keyboard.press("Shift+Enter")
    panel.wait_state("live", "Console 1")
    lab.page.keyboard.type("import mars_nb; c = mars_nb.new_session(name='console')")
    lab.page.keyboard.press("Shift+Enter")
    panel.card("console").wait_for()
    assert sessions(panel) == ["console"]
    notebook.show()
    panel.card("notebook").wait_for()
    assert sessions(panel) == ["notebook"]


def test_console_of_a_notebook(lab: Lab, panel: Sidebar) -> None:
    notebook = with_session(lab, "shared")
    notebook.cell(0).click(button="right")
    lab.page.get_by_role("menuitem", name="New Console for Notebook").click()
    lab.page.locator(".jp-CodeConsole-promptCell .cm-content").click()
    panel.card("shared").wait_for()
    lab.page.keyboard.type("c = mars.new_session(name='typed', default=False)")
    lab.page.keyboard.press("Shift+Enter")
    panel.card("typed").wait_for()
    assert sessions(panel) == ["shared", "typed"]
    notebook.show()
    panel.card("typed").wait_for()


def test_two_pages(lab: Lab, panel: Sidebar, browser: Any, server: Server, tmp_path: Path) -> None:
    with_session(lab, "twice")
    other = Lab(browser, server, "twin", lab.context)
    try:
        other.sidebar.open()
        Document(other, other.command("docmanager:open", path="twice.ipynb"))
        other.sidebar.card("twice").wait_for()
        other.sidebar.press(other.sidebar.card("twice"), "rename")
        other.page.keyboard.type("renamed")
        other.page.keyboard.press("Enter")
        for each in other.sidebar, panel:
            each.card("renamed").wait_for()
    finally:
        other.page.screenshot(path=tmp_path / "other.png")
        other.page.close()
