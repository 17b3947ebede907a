"""The web page in a headless Chromium."""

from __future__ import annotations

import re

import pytest
from gateway_tools import TOKENS, Gateway, make_options
from jupyter_browser import wait_for

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
def gateway():
    opened = Gateway(make_options())
    yield opened
    opened.stop()


@pytest.fixture
def page(request, browser, gateway, tmp_path):
    """Give a page that was opened by the address that the command prints."""
    scheme = getattr(request, "param", "light")
    context = browser.new_context(color_scheme=scheme, viewport={"width": 1100, "height": 900})
    opened = context.new_page()
    opened.set_default_timeout(10_000)
    opened.problems = []
    opened.on("console", lambda said: said.type == "error" and opened.problems.append(said.text))
    opened.on("pageerror", lambda error: opened.problems.append(str(error)))
    opened.goto(f"http://127.0.0.1:{gateway.port}/?token={TOKENS['ann']}")
    yield opened
    opened.screenshot(path=tmp_path / f"{scheme}.png", full_page=True)
    context.close()


@pytest.mark.parametrize("page", ["light", "dark"], indirect=True)
def test_it_shows_what_there_is(page, gateway):
    assert page.url == f"http://127.0.0.1:{gateway.port}/", "the token stays in the address"
    page.get_by_text("No session is open").wait_for()
    assert page.locator("#workers tr").count() == 2
    assert "2 workers, 4 threads, 512 MiB" in page.locator("#summary").inner_text()
    row = page.locator("#workers tr").first
    assert "52 %" in row.inner_text()
    assert row.locator(".memory progress").get_attribute("value") == str(2**28)

    gateway.new_session("etl")
    card = page.locator(".session")
    card.wait_for()
    text = card.inner_text()
    assert "RemoteFunction × 2" in text
    assert "and 11 more" in text
    assert card.locator(".rows tr").first.inner_text().startswith("df")
    for part in ("etl", "etl.ipynb", "3.0 MiB", "Task 1", "DataFrameGroupBy", "DataFrameSum", "1000 × 3", "2.0 MiB"):
        assert part in text, part
    assert not page.problems


def test_progress_moves_while_the_button_stays(page, gateway):
    gateway.new_session("etl")
    bar = page.locator(".run .operations tr").nth(2).locator("progress")
    bar.wait_for()
    cancel = page.locator(".run .cancel").element_handle()
    first = float(bar.get_attribute("value"))
    wait_for("progress", lambda: float(bar.get_attribute("value")) > first, 10)
    assert page.locator(".run .cancel").evaluate("(now, before) => now === before", cancel)
    assert re.search(r"\d+ of 82 chunk tasks", page.locator(".run").inner_text())


def test_buttons(page, gateway):
    session = gateway.new_session("etl")
    with page.expect_response(lambda answer: answer.request.method == "DELETE") as cancelled:
        page.get_by_role("button", name="Cancel Task 1").click()
    assert cancelled.value.url.endswith(f"/{session}/runs/1")
    assert cancelled.value.status == 200
    with page.expect_response(lambda answer: answer.request.method == "DELETE") as freed:
        page.get_by_role("button", name="Free the result df").click()
    assert freed.value.url.endswith(f"/{session}/results/n1")
    assert freed.value.status == 200
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Close the session etl").click()
    page.get_by_text("No session is open").wait_for()
    assert gateway.request("GET", "/api/v1/sessions").json == []


def test_closing_is_asked_for_twice(page, gateway):
    gateway.new_session("etl")
    page.once("dialog", lambda dialog: dialog.dismiss())
    page.get_by_role("button", name="Close the session etl").click()
    assert len(gateway.request("GET", "/api/v1/sessions").json) == 1


def test_what_users_name_is_text(page, gateway):
    gateway.new_session("<img src=x onerror=alert(1)>")
    page.locator(".session").wait_for()
    assert page.locator(".session .name").first.inner_text() == "<img src=x onerror=alert(1)>"
    assert page.locator("main img").count() == 0
    assert not page.problems


def test_nothing_comes_from_elsewhere_and_no_script_is_run_inline(page, gateway):
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.reload()
    page.locator("#workers tr").first.wait_for()
    assert all(url.startswith(f"http://127.0.0.1:{gateway.port}/") for url in asked)
    assert TOKENS["ann"] not in " ".join(asked)
    assert page.evaluate("document.cookie") == "", "scripts can read the cookie"
    page.evaluate("document.body.append(Object.assign(document.createElement('script'), {text: 'window.ran = 1'}))")
    assert page.evaluate("window.ran") is None


def test_logging_out_and_in(page, gateway):
    page.get_by_role("button", name="Log out").click()
    page.get_by_label("Token").fill("wrong")
    page.get_by_role("button", name="Log in").click()
    page.get_by_text("This is no valid token").wait_for()
    page.goto(f"http://127.0.0.1:{gateway.port}/")
    page.get_by_label("Token").fill(TOKENS["bob"])
    page.get_by_role("button", name="Log in").click()
    page.locator("#user", has_text="bob").wait_for()
    assert page.url == f"http://127.0.0.1:{gateway.port}/"


def test_a_link_from_another_site_leads_in(page, gateway):
    """A strict cookie is not sent after a redirect that another site began: the form's page asks again."""
    page.get_by_role("button", name="Log out").click()
    page.get_by_label("Token").wait_for()
    link = f"http://127.0.0.1:{gateway.port}/?token={TOKENS['ann']}"
    page.goto(f"data:text/html,<a href='{link}'>go</a>")
    page.get_by_text("go").click()
    page.get_by_role("button", name="Log out").wait_for()
    assert page.url == f"http://127.0.0.1:{gateway.port}/"


def test_a_gateway_that_stops_is_told(page, gateway):
    page.locator("#workers tr").first.wait_for()
    gateway.stop()
    page.get_by_text("does not answer").wait_for()
