"""JupyterLab and Notebook in a real browser.

One module, because playwright keeps an event loop on the main thread as long as its browser is open.
"""

from __future__ import annotations

import re

import pytest
from jupyter_browser import HOSTS, Notebook, Server, wait_for

pytestmark = [pytest.mark.browser, pytest.mark.slow]

START = """\
%load_ext mars_nb
import time, mars, mars.remote as mr, mars.tensor as mt
mars.new_session(name='etl', n_threads=2);"""
#: Twenty seconds at the most: a test that has seen enough puts a file there, and the rest takes no time.
LONG = """\
from pathlib import Path
def step(number):
    if not Path("enough").exists():
        time.sleep(0.1)
mars.execute(*[mr.spawn(step, args=(number,)) for number in range(400)])
print('cell over')"""
ENDLESS = "mr.spawn(time.sleep, args=(60,)).execute();"
SUMMARY = r"done\b.*\b400\b"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with Server(tmp_path_factory.mktemp("jupyter")) as running:
        yield running


@pytest.fixture(params=HOSTS)
def notebook(request, browser, server, tmp_path):
    """Give a function that opens a notebook of these cells."""
    opened = []

    def open_notebook(*sources):
        name = re.sub(r"\W+", "-", request.node.name) + ".ipynb"
        opened.append(Notebook(browser, server, request.param, name, *sources))
        return opened[-1]

    yield open_notebook
    enough(server).unlink(missing_ok=True)
    for each in opened:
        each.page.screenshot(path=tmp_path / "end.png")  # pytest keeps the folders of its last three runs
        each.__exit__()


def enough(server):
    """Give the file that ends `LONG`."""
    return server.folder / "enough"


def bar(notebook, index):
    """Give how far the progress bar of a cell is, None while there is none."""
    found = notebook.output(index).locator(".mars-nb-progress progress").first
    return float(found.get_attribute("value")) if found.count() else None


def moves(notebook, index, beyond=-1.0):
    """Wait until the bar has moved twice, and give where it is."""
    for _ in range(2):
        beyond = wait_for(
            "progress", lambda beyond=beyond: beyond < (bar(notebook, index) or -1) and bar(notebook, index), 10
        )
    return beyond


def assert_static(saved, index):
    """Assert that what is saved shows the end of the run, and needs no kernel."""
    outputs = saved["cells"][index]["outputs"]
    progress = [output for output in outputs if output["output_type"] == "display_data"]
    assert len(progress) == 1
    assert set(progress[0]["data"]) == {"text/plain", "text/html"}
    assert re.search(SUMMARY, "".join(progress[0]["data"]["text/plain"]))
    assert "widgets" not in saved["metadata"]


class TestProgress:
    def test_moves_and_ends_as_a_summary(self, notebook, server):
        opened = notebook(START, LONG)
        opened.run(0)
        opened.wait_prompt(0)
        opened.run(1)
        moves(opened, 1)
        enough(server).touch()
        opened.wait_text(opened.output(1), "cell over")
        opened.wait_text(opened.output(1), SUMMARY)
        assert_static(opened.save(), 1)

    @pytest.mark.parametrize("saved", [False, True])
    def test_moves_again_after_a_reload(self, notebook, server, saved):
        opened = notebook(START, LONG)
        opened.run(0)
        opened.wait_prompt(0)
        opened.run(1)
        before = moves(opened, 1)
        if saved:
            opened.save()
        opened.reload()
        moves(opened, 1, beyond=before)
        enough(server).touch()
        opened.wait_text(opened.output(1), SUMMARY)
        assert opened.output(1).locator(".mars-nb-progress").count() == 1
        assert_static(opened.save(), 1)
        # The page of a finished run shows the same, without the kernel's help.
        opened.reload()
        opened.wait_text(opened.output(1), SUMMARY)

    def test_another_page_of_the_notebook_stays_as_it_is(self, notebook, server):
        opened = notebook(START, LONG)
        opened.run(0)
        opened.wait_prompt(0)
        other = opened.page.context.new_page()
        other.goto(opened.page.url)
        other.wait_for_selector(".jp-Notebook-ExecutionIndicator[data-status=idle]")
        opened.page.bring_to_front()
        opened.run(1)
        moves(opened, 1)
        enough(server).touch()
        opened.wait_text(opened.output(1), SUMMARY)
        assert not other.locator(".mars-nb-progress").count()


class TestStop:
    def test_the_button_gives_control_back(self, notebook):
        opened = notebook(START, ENDLESS, "print('next', mars.get_default_session().name)")
        opened.run(0)
        opened.wait_prompt(0)
        opened.run(1)
        opened.wait_prompt(1, r"\[\*\]")
        opened.stop()
        opened.wait_prompt(1, patience_s=5)
        opened.wait_text(opened.output(1), "KeyboardInterrupt")
        opened.run(2)
        opened.wait_text(opened.output(2), "next etl")

    def test_run_all_stops(self, notebook):
        opened = notebook(START, ENDLESS, "print('never')")
        opened.run_all()
        opened.wait_prompt(1, r"\[\*\]")
        wait_for("progress", lambda: bar(opened, 1) is not None)
        opened.stop()
        opened.wait_text(opened.output(1), "KeyboardInterrupt")
        opened.wait_prompt(2, r"\[ \]", patience_s=5)
        assert not opened.output(2).all_inner_texts()[0].strip()
        # The kernel is free, and takes up where it was.
        opened.run(2)
        opened.wait_text(opened.output(2), "never")


class TestShown:
    def test_tables_and_errors(self, notebook):
        opened = notebook(
            START + "\nt = mt.ones((3, 2)).execute()",
            "%mars_session",
            "t.fetch(session=mars.new_session(name='other', default=False))",
        )
        opened.run_all()
        opened.wait_text(opened.output(2), "IsolationError")
        assert "etl" in opened.wait_text(opened.output(1).locator("table"), "default")
        assert "mars.get_session('etl')" in opened.wait_text(opened.output(2), "What to type")
