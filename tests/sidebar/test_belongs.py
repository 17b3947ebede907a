"""The panel belongs in JupyterLab: themes, keyboard, screen readers, commands, settings, status bar."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jupyter_browser import Server, wait_for
from lab_tools import SETTINGS, Document, Lab
from sidebar_tools import START, OpenNotebook, Sidebar, wait_text

pytestmark = [pytest.mark.browser, pytest.mark.slow]

EXTENSION = Path(__file__).parents[2] / "labextension"
THEMES = "JupyterLab Dark", "JupyterLab Dark High Contrast", "JupyterLab Light"
PLUGIN = "@mars-nb/labextension:plugin"
SESSIONS = "mars.new_session(name='other')\nmars.new_session(name='etl');"
RESULTS = "t = mt.ones((200, 200), chunk_size=100).execute()\nlazy = t + 1\nfew = mt.ones(3).execute()"
FAILS = "mr.spawn(lambda: 1 / 0).execute()"
STEPS = """\
from pathlib import Path
def step(number):
    if not Path('enough').exists():
        time.sleep(0.1)
mars.execute(*[mr.spawn(step, args=(number,)) for number in range(1000)]);"""
#: Where the focus is: what has it, and whether that can be seen.
FOCUS = """() => {
    const focused = document.activeElement;
    const inside = focused.closest('#mars-nb-sidebar') !== null;
    const { outlineStyle, outlineWidth } = getComputedStyle(focused);
    const name = focused.getAttribute('aria-label') ?? focused.title + focused.textContent;
    return [inside, name, outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2];
}"""
LISTEN = """() => {
    const told = window.__told = [];
    const live = document.querySelectorAll('#mars-nb-sidebar :is([role=status], [role=alert], [aria-live])');
    for (const node of live) {
        const all = { subtree: true, childList: true, characterData: true };
        new MutationObserver(() => told.push(node.textContent)).observe(node, all);
    }
    return live.length;
}"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Give a Jupyter server with an own Lab of this module."""
    with Server(tmp_path_factory.mktemp("jupyter"), SETTINGS) as running:
        yield running


@pytest.fixture(scope="module")
def page(browser: Any, server: Server) -> Iterator[Lab]:
    """Give the page that all tests use."""
    with Lab(browser, server, "belongs") as opened:
        opened.sidebar.open()
        yield opened


@pytest.fixture
def lab(page: Lab, tmp_path: Path) -> Iterator[Lab]:
    """Give JupyterLab with the panel shown and nothing open."""
    page.sidebar.open()
    yield page
    page.page.screenshot(path=tmp_path / "end.png")  # pytest keeps the folders of its last three runs
    page.clear()


@pytest.fixture
def panel(lab: Lab) -> Sidebar:
    return lab.sidebar


@pytest.fixture
def enough(server: Server) -> Iterator[Path]:
    """Give the file that ends the steps."""
    file = server.folder / "enough"
    yield file
    file.unlink(missing_ok=True)


def with_all(lab: Lab) -> Document:
    """Open a notebook with sessions, results, a failed task and a running one."""
    notebook = lab.open("all", START, SESSIONS, RESULTS, FAILS, STEPS)
    for index in range(4):
        notebook.run(index)
    notebook.run(4, wait=False)
    lab.sidebar.card("etl").locator(".mars-nb-Card-task").wait_for()
    return notebook


# --- colours, texts ------------------------------------------------------------------------------------


def test_colours_are_those_of_the_theme() -> None:
    css = re.sub(r"/\*.*?\*/", "", (EXTENSION / "style" / "base.css").read_text(encoding="utf-8"), flags=re.DOTALL)
    values = " ".join(re.findall(r":\s*([^;{}]+);", css))
    assert "var(--jp-" in values
    assert not re.findall(r"#[0-9a-f]{3,8}\b|\b(?:rgba?|hsla?)\(|\b(?:white|black|red|green|blue|gr[ae]y)\b", values)


def test_a_screen_reader_and_every_theme(lab: Lab, panel: Sidebar, enough: Path, tmp_path: Path) -> None:
    found = {}
    notebook = with_all(lab)
    panel.result("t").locator("[data-main]").click()
    panel.root.locator(".mars-nb-Preview").wait_for()
    panel.press(panel.section("sessions"), "new")
    for theme in THEMES:
        lab.command("apputils:change-theme", theme=theme)
        lab.page.locator(f"body[data-jp-theme-name='{theme}']").wait_for(state="attached")
        found[theme] = panel.barriers()
        lab.page.screenshot(path=tmp_path / f"{theme}.png")
    enough.touch()
    notebook.wait_prompt(4)
    assert not {theme: barriers for theme, barriers in found.items() if barriers}


def test_live_regions_tell_ends_only(lab: Lab, panel: Sidebar, enough: Path) -> None:
    notebook = with_all(lab)
    progress = panel.card("etl").locator(".mars-nb-Card-task")
    assert lab.page.evaluate(LISTEN) >= 2
    for _ in range(5):
        before = progress.inner_text()
        wait_for("progress", lambda before=before: progress.inner_text() != before)
    assert lab.page.evaluate("window.__told") == []
    enough.touch()
    notebook.wait_prompt(4)
    told = wait_for("the end of the task", lambda: lab.page.evaluate("window.__told"))
    assert told == ["Task 4 is done."]


# --- keyboard ------------------------------------------------------------------------------------------


def test_everything_is_reached_by_keyboard(lab: Lab, panel: Sidebar) -> None:
    with_all(lab)
    panel.root.locator("canvas").wait_for()
    panel.result("t").locator("[data-main]").focus()
    press = lab.page.keyboard.press
    panel.section("sessions").locator("h3 button").focus()
    names = []
    press("Tab")
    while (focus := lab.page.evaluate(FOCUS))[0]:
        assert focus[2], f"the focus on {focus[1]!r} is not to be seen"
        names.append(focus[1])
        press("Tab")
    together = "\n".join(names)
    for wanted in (
        "New session",
        "Make other the default session",
        "Rename other",
        "Close other",
        "Results",
        "Insert code that fetches",
        "Free",
        "Tasks",
        "Cancel task 4",
        "Timeline of task 4",
    ):
        assert wanted in together
    assert "Close etl" not in together  # one row of a list takes part, the arrow keys go to the others


def test_lists_and_forms_by_keyboard(lab: Lab, panel: Sidebar) -> None:
    notebook = lab.open("keys", START, SESSIONS, RESULTS)
    for index in range(3):
        notebook.run(index)
    press = lab.page.keyboard.press
    panel.card("other").locator("[data-main]").focus()
    press("ArrowDown")
    assert lab.page.evaluate(FOCUS)[1].startswith("etl")
    press("Home")
    assert lab.page.evaluate(FOCUS)[1].startswith("other")
    press("Tab")
    press("Enter")  # make it the default
    panel.root.locator(".mars-nb-Card[data-name='other'][data-default='true']").wait_for()
    panel.card("other").locator("[data-do='rename']").focus()
    press("Enter")
    press("Escape")
    panel.card("other").locator("[data-do='rename']").wait_for()
    panel.result("t").locator("[data-main]").focus()
    press("Space")
    panel.root.locator(".mars-nb-Preview").wait_for()
    press("Space")
    panel.root.locator(".mars-nb-Preview").wait_for(state="detached")
    panel.section("sessions").locator("[data-do='new']").focus()
    press("Enter")
    lab.page.keyboard.type("typed")  # the focus is in the name
    press("Escape")
    assert not panel.root.locator(".mars-nb-Form").count()
    press("Enter")  # the focus is back on the button
    lab.page.keyboard.type("typed")
    press("Enter")
    panel.card("typed").wait_for()


# --- commands, settings, status bar, running -----------------------------------------------------------


def test_commands(lab: Lab, panel: Sidebar, enough: Path) -> None:
    def choose(label: str) -> None:
        lab.command("apputils:activate-command-palette")
        lab.page.locator("#modal-command-palette input").fill(label)
        lab.page.locator("#modal-command-palette .lm-CommandPalette-item").get_by_text(label).first.click()

    notebook = lab.open("commands", SESSIONS, STEPS)
    choose("Insert %load_ext mars_nb")
    lab.page.keyboard.press("End")
    lab.page.keyboard.type("\n" + START.partition("\n")[2])
    for index in range(2):
        notebook.run(index)
    choose("Hide the Panel")
    panel.root.wait_for(state="hidden")
    choose("Choose the Default Session")
    lab.page.locator(".jp-Dialog select").select_option("other")
    lab.accept()
    wait_text(lab.page.locator("#mars-nb-status"), "other")
    notebook.run(2, wait=False)
    wait_text(lab.page.locator("#mars-nb-status"), "%")
    choose("Cancel What Runs in the Default Session")
    notebook.wait_prompt(2)
    choose("Show the Panel")
    panel.section("tasks").locator("[data-task='1'][data-state='cancelled']").wait_for()
    choose("Hide the Panel")
    choose("New Session")
    panel.root.locator(".mars-nb-Form").wait_for()


def test_settings(lab: Lab, panel: Sidebar) -> None:
    notebook = lab.open("settings", START, SESSIONS)
    notebook.run(0)
    notebook.run(1)
    status = lab.page.locator("#mars-nb-status")
    wait_text(status, "etl")
    lab.command("settingeditor:open", query="Mars")
    editor = lab.page.locator("#setting-editor, .jp-SettingsPanel").first
    side = editor.locator("select[id$='area']")
    side.select_option(label="Left")
    left = lab.page.locator("#jp-left-stack #mars-nb-sidebar")
    left.wait_for(state="attached")
    panel.open()
    panel.card("etl").wait_for()
    shown = editor.locator("input[id$='statusItem']")
    shown.uncheck()
    status.wait_for(state="detached")
    shown.check()
    wait_text(status, "etl")
    side.select_option(label="Right")
    left.wait_for(state="detached")


def test_status_item(lab: Lab, panel: Sidebar, enough: Path) -> None:
    panel.close()
    notebook = lab.open("status", START, "s = mars.new_session(name='etl')", STEPS, "s.rename('renamed');")
    status = lab.page.locator("#mars-nb-status")
    for index in range(2):
        notebook.run(index)
    assert wait_text(status, "etl").strip() == "etl"
    notebook.run(2, wait=False)
    first = wait_text(status, r"\d+ %")
    wait_for("progress", lambda: status.inner_text() != first)
    status.get_by_role("button").focus()
    lab.page.keyboard.press("Enter")
    panel.card("etl").wait_for()
    panel.close()
    enough.touch()
    notebook.wait_prompt(2)
    wait_for("no progress any more", lambda: status.inner_text().strip() == "etl")
    notebook.run(3)
    wait_text(status, "renamed")
    notebook.close()
    status.wait_for(state="hidden")


def test_running_sessions(lab: Lab, panel: Sidebar) -> None:
    notebook = lab.open("running", START, SESSIONS, RESULTS)
    for index in range(3):
        notebook.run(index)
    panel.close()
    lab.page.locator(".lm-TabBar-tab[data-id='jp-running-sessions']").click()
    running = lab.page.locator("#jp-running-sessions")
    items = running.locator(".jp-RunningSessions-item[data-context='mars-nb-session']")
    wait_text(running, r"etl\s+default, 2 results")
    assert [name.split()[0] for name in items.all_inner_texts()] == ["other", "etl"]
    items.first.locator(".jp-RunningSessions-itemLabel").click()
    panel.root.wait_for(state="visible")
    items.first.hover()
    items.first.locator(".jp-RunningSessions-itemShutdown").click()
    wait_for("one less", lambda: items.count() == 1)
    items.first.hover()
    items.first.locator(".jp-RunningSessions-itemShutdown").click()
    lab.accept()  # it holds results
    wait_for("none", lambda: items.count() == 0)
    lab.page.locator(".lm-TabBar-tab[data-id='filebrowser']").click()


# --- Notebook ------------------------------------------------------------------------------------------


def test_notebook(open_notebook: OpenNotebook, enough: Path) -> None:
    notebook, sidebar, _ = open_notebook(START, SESSIONS, STEPS, host="notebook", shown=False)
    notebook.page.locator(".lm-MenuBar-item", has_text="View").click()
    items = notebook.page.locator(".lm-Menu-item")
    items.filter(has_text="Right Sidebar").hover()
    items.filter(has_text="Show Mars").click()
    sidebar.root.wait_for(state="visible")
    for index in range(2):
        notebook.run(index)
        notebook.wait_prompt(index)
    notebook.run(2)
    sidebar.press(sidebar.card("etl").locator(".mars-nb-Card-task"), "cancel")
    notebook.wait_prompt(2)
