"""The cards of sessions tell what sessions are and do, and their buttons do what they say."""

from __future__ import annotations

import json
import re
import signal
import statistics
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from jupyter_browser import Server
from playwright.sync_api import Locator, expect
from sidebar_tools import FRAME_MS, START, STEPS, OpenNotebook, Sidebar, describe, wait_text

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PATIENCE_S = 30.0
ONE = ("--n-workers=1", "--threads-per-worker=1", "--memory-limit=1GiB", "--port=0")
FILL = "t = mt.ones((1024, 1024), chunk_size=256).execute()"
MANY = """\
from time import perf_counter
start = perf_counter()
for number in range(1000):
    mars.new_session(name=f's{number}', default=False, n_threads=1)
print(f'{perf_counter() - start:.1f} s')"""


@pytest.fixture
def enough(server: Server) -> Iterator[Path]:
    """Give the file that ends the steps."""
    file = server.folder / "enough"
    yield file
    file.unlink(missing_ok=True)


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Give the URL, with its token, of a gateway to a cluster of one worker."""
    folder = tmp_path_factory.mktemp("gateway")
    with (folder / "log").open("wb") as log:
        command = [sys.executable, "-m", "mars_nb.gateway", *ONE]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True, cwd=folder)
    assert process.stdout is not None
    try:
        url = process.stdout.readline().strip()
        assert url.startswith("http"), (folder / "log").read_text()
        yield url
    finally:
        process.send_signal(signal.SIGINT)
        process.stdout.close()
        process.wait(PATIENCE_S)


def memory_of(card: Locator) -> Locator:
    return card.get_by_role("meter")


def rename(sidebar: Sidebar, old: str, new: str) -> Locator:
    """Type another name for a session, and give the field."""
    sidebar.press(sidebar.card(old), "rename")
    field = sidebar.root.get_by_label(f"New name of {old}")
    field.fill(new)
    field.press("Enter")
    return field


def open_form(sidebar: Sidebar, **fields: str) -> Locator:
    """Open the form of a new session, and fill it in."""
    sidebar.press(sidebar.section("sessions"), "new")
    form = sidebar.root.get_by_role("form", name="New session")
    if "address" in fields:
        form.get_by_label("Cluster").check()
    for name, text in fields.items():
        form.locator(f"[name={name}]").fill(text)
    return form


def names(sidebar: Sidebar) -> list[str]:
    cards = sidebar.section("sessions").locator("[data-session]")
    return [str(card.get_attribute("data-name")) for card in cards.all()]


def test_cards_tell_what_sessions_are_and_do(open_notebook: OpenNotebook, enough: Path, tmp_path: Path) -> None:
    run = (
        "numbers = md.Series(list(range(400)), chunk_size=1)\n"
        "steps = numbers.map(step)\n"
        "task = steps.execute(wait=False)\n"
        "with mars.background():\n"
        "    last = steps.head(1).execute()"
    )
    notebook, sidebar, _ = open_notebook(
        START,
        "plain = mars.new_session(name='plain', n_threads=1)\n"
        "etl = mars.new_session(name='etl', n_threads=2, memory_limit='4MiB')",
        FILL,
        STEPS.format(enough=str(enough)) + run,
    )
    notebook.run_all()
    etl, plain = sidebar.card("etl"), sidebar.card("plain")
    expect(etl).to_have_attribute("data-default", "true")
    expect(etl.get_by_text("default", exact=True)).to_be_visible()
    expect(plain).to_have_attribute("data-default", "false")
    expect(plain).to_contain_text("local, 1 thread, 0 results")
    expect(etl).to_contain_text("local, 2 threads, 1 result, 8.00 MiB")
    meter = memory_of(etl)
    expect(meter).to_have_attribute("aria-valuemax", str(4 << 20))
    assert int(str(meter.get_attribute("aria-valuenow"))) <= 4 << 20
    expect(etl).to_contain_text(re.compile(r"MiB of 4\.00 MiB, [\d.]+ MiB on disk"))
    held, spilled = meter.locator(".mars-nb-Bar-part").all()
    assert held.bounding_box()["width"] > 0 < spilled.bounding_box()["width"]  # type: ignore[index]
    # What runs: operation by operation, how long it is going to take, and what waits.
    task = etl.locator(".mars-nb-Card-task").first
    expect(task).to_contain_text(re.compile(r"\d+ of \d+ chunk tasks, \d+ s, about \d+ s left"), timeout=15_000)
    counts = task.locator(".mars-nb-Operation .mars-nb-count")
    expect(counts).to_have_count(2)
    before = counts.last.inner_text()
    expect(counts.last).not_to_have_text(before)
    expect(etl.locator("[data-queue]")).to_contain_text("1 task waits")
    expect(plain).to_have_attribute("data-state", "idle")
    notebook.page.screenshot(path=tmp_path / "running.png")
    # Cancelled from here, it is over here and there.
    sidebar.press(task, "cancel")
    wait_text(sidebar.section("tasks"), "cancelled")
    enough.touch()
    expect(etl.locator(".mars-nb-Card-task")).to_have_count(0)
    expect(etl).to_have_attribute("data-state", "idle")


def test_buttons_of_sessions(open_notebook: OpenNotebook, tmp_path: Path) -> None:
    look = "print(sorted(mars.sessions), mars.get_default_session())"
    notebook, sidebar, wire = open_notebook(
        START, "mars.new_session(name='a')\n" + FILL, "mars.new_session(name='b', default=False);", look
    )
    notebook.run_all()
    sidebar.press(sidebar.card("b"), "default")
    expect(sidebar.card("b")).to_have_attribute("data-default", "true")
    expect(sidebar.card("a")).to_have_attribute("data-default", "false")
    # A name that is taken: nothing changes, and what was typed is still there.
    field = rename(sidebar, "b", "a")
    assert "'a'" in sidebar.alert()
    notebook.page.screenshot(path=tmp_path / "taken.png")
    expect(field).to_have_value("a")
    field.fill("c")
    field.press("Enter")
    expect(sidebar.card("c")).to_have_attribute("data-default", "true")
    expect(sidebar.root.locator("[role=alert]:not(:empty)")).to_have_count(0)
    rename(sidebar, "c", "")  # none: as it was
    expect(sidebar.card("c").locator("[data-main]")).to_have_text("c")
    # A session with results is closed after a question; one without at once.
    sidebar.press(sidebar.card("a"), "close")
    dialog = notebook.page.get_by_role("dialog")
    expect(dialog).to_contain_text("It holds 1 result (8.00 MiB).")
    notebook.page.screenshot(path=tmp_path / "asks.png")
    dialog.get_by_role("button", name="Cancel").click()
    expect(dialog).to_have_count(0)
    assert sorted(names(sidebar)) == ["a", "c"]
    sidebar.press(sidebar.card("c"), "close")
    expect(sidebar.card("c")).to_have_count(0)
    sidebar.press(sidebar.card("a"), "close")
    dialog.get_by_role("button", name="Close Session").click()
    expect(sidebar.root.locator("[data-blank='no-session']")).to_be_visible()
    notebook.run(3)
    wait_text(notebook.output(3), r"\[\] None")
    assert wire.executed().count(look) == 2, "only what the user ran"
    assert len(wire.executed()) == 5


def test_new_sessions(open_notebook: OpenNotebook, tmp_path: Path) -> None:
    look = "{name: (each.n_threads, each.memory_limit, each.spilled > 0) for name, each in mars.sessions.items()}"
    notebook, sidebar, _ = open_notebook(START, FILL, look)
    notebook.run(0)
    sidebar.wait_state("live")
    form = open_form(sidebar, name="small", threads="3", memory="4 apples")
    sidebar.press(form, "open")
    assert "4 apples" in sidebar.alert()
    notebook.page.screenshot(path=tmp_path / "refused.png")
    assert names(sidebar) == []
    expect(form.locator("[name=name]")).to_have_value("small")  # nothing is lost
    form.locator("[name=memory]").fill("4MiB")
    sidebar.press(form, "open")
    expect(form).to_have_count(0)
    expect(sidebar.card("small")).to_contain_text("local, 3 threads")
    expect(sidebar.card("small")).to_have_attribute("data-default", "true")
    # A name that is taken is refused; without a name it gets one; it need not be the default.
    form = open_form(sidebar, name="small")
    sidebar.press(form, "open")
    assert "'small'" in sidebar.alert()
    form.locator("[name=name]").fill("")
    form.get_by_label("Make it the default session").uncheck()
    form.locator("[name=name]").press("Enter")
    expect(form).to_have_count(0)
    expect(sidebar.section("sessions").locator("[data-session]")).to_have_count(2)
    expect(sidebar.card("small")).to_have_attribute("data-default", "true")
    # Escape gives up.
    open_form(sidebar, name="never").locator("[name=name]").press("Escape")
    expect(form).to_have_count(0)
    notebook.run(1)
    notebook.wait_prompt(1)
    notebook.run(2)
    wait_text(notebook.output(2), r"'small': \(3, 4194304, True\)")
    expect(sidebar.card("small")).to_contain_text("on disk")


def test_a_session_on_a_cluster(open_notebook: OpenNotebook, gateway: str, tmp_path: Path) -> None:
    url = gateway.partition("?")[0]
    (token,) = parse_qs(urlsplit(gateway).query)["token"]
    notebook, sidebar, wire = open_notebook(
        START, "t = mt.arange(1000, chunk_size=100).execute(); print(mars.sessions)", "t.fetch().sum()"
    )
    notebook.run(0)
    sidebar.wait_state("live")
    wrong = token[:-4] + "wxyz"
    form = open_form(sidebar, name="far", address=url, token=wrong)
    sidebar.press(form, "open")
    assert wrong not in sidebar.alert()
    notebook.page.screenshot(path=tmp_path / "wrong.png")
    form.locator("[name=token]").fill(token)
    assert form.locator("[name=token]").get_attribute("type") == "password"
    sidebar.press(form, "open")
    far = sidebar.card("far")
    expect(far).to_contain_text(urlsplit(url).netloc)
    expect(far).to_contain_text("1 thread,")
    expect(form).to_have_count(0)
    notebook.run(1)
    notebook.wait_prompt(1)
    t = sidebar.result("t")
    expect(t).to_contain_text("1000 int64")
    t.locator("[data-main]").click()
    expect(t.locator(".mars-nb-Preview")).to_contain_text("999")
    notebook.run(2)
    wait_text(notebook.output(2), "499500")
    notebook.page.screenshot(path=tmp_path / "far.png")
    # The token is in none of what is shown, kept, or told by the kernel.
    storage = notebook.page.evaluate("JSON.stringify([localStorage, sessionStorage])")
    told = json.dumps([[m.content, m.header, m.parent] for m in wire.messages if not m.sent])
    assert urlsplit(url).netloc in told
    for place in (notebook.page.content(), storage, told, json.dumps(notebook.save())):
        assert token not in place
        assert wrong not in place
    sidebar.press(far, "close")
    notebook.page.get_by_role("dialog").get_by_role("button", name="Close Session").click()
    expect(far).to_have_count(0)


def test_a_thousand_sessions_scroll_smoothly(open_notebook: OpenNotebook, tmp_path: Path) -> None:
    notebook, sidebar, _ = open_notebook(START, MANY, "for each in list(mars.sessions.values()): each.close()")
    notebook.run(0)
    notebook.run(1)
    opened = wait_text(notebook.output(1), r"[\d.]+ s")
    expect(sidebar.section("sessions").locator("h3")).to_contain_text("1000")
    scrolled = sidebar.scroll("[data-section='sessions'] .mars-nb-Section-body")
    expect(sidebar.card("s999")).to_be_visible()
    notebook.page.screenshot(path=tmp_path / "many.png")
    print(f"1000 sessions opened in {opened.strip()}; {describe(scrolled)}")
    assert statistics.median(scrolled) < FRAME_MS
    assert sidebar.section("sessions").locator("[data-session]").count() < 60  # the others are not in the page
    sidebar.press(sidebar.card("s999"), "default")
    expect(sidebar.card("s999")).to_have_attribute("data-default", "true")
    notebook.run(2)
    notebook.wait_prompt(2)
    expect(sidebar.root.locator("[data-blank='no-session']")).to_be_visible()
