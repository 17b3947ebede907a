"""Notebooks that are run without anybody at the screen: by nbclient, and made a page of by nbconvert."""

from __future__ import annotations

import re

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbconvert import HTMLExporter

START = "%load_ext mars_nb\nimport time, mars, mars.remote as mr\nmars.new_session(name='etl', n_threads=2);"
LONG = "mars.execute(*[mr.spawn(time.sleep, args=(0.2,)) for _ in range(10)]);"
SUMMARY = r"done\b.*\b10\b"


def run(*sources, **settings):
    """Run cells, give the notebook."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
    no_remarks = ["--log-level=ERROR"]  # on encryption
    NotebookClient(notebook, timeout=60, kernel_name="python3", extra_arguments=no_remarks, **settings).execute()
    nbformat.validate(notebook)
    return notebook


def page_of(notebook):
    html, _ = HTMLExporter().from_notebook_node(notebook)
    return html


@pytest.mark.parametrize("store_widget_state", [True, False])
@pytest.mark.parametrize("view", ["auto", "widget", "html"])
def test_progress_ends_as_a_summary(view, store_widget_state):
    cell = LONG.replace(")]", f")], show_progress={view!r}") if view != "auto" else LONG
    notebook = run(START, cell, store_widget_state=store_widget_state)
    (progress,) = notebook.cells[1].outputs
    assert progress.output_type == "display_data"
    assert set(progress.data) == {"text/plain", "text/html"}
    assert re.search(SUMMARY, progress.data["text/plain"])
    page = page_of(notebook)
    body = page[page.index("<body") :]
    assert re.search(SUMMARY, re.sub(r"<[^>]+>", "", body))
    # No widget, which would be dead, is in the page. What nbclient stores of those that were there is shown nowhere.
    assert "widget-view" not in body
    if view == "html" or not store_widget_state:
        assert "widgets" not in notebook.metadata


@pytest.mark.parametrize("view", ["text", "plain"])
def test_progress_as_text(view):
    notebook = run(START, LONG.replace(")]", f")], show_progress={view!r}"))
    outputs = notebook.cells[1].outputs
    assert {(output.output_type, output.name) for output in outputs} == {("stream", "stderr")}
    assert re.search(SUMMARY, "".join(output.text for output in outputs))


def test_an_error_is_short_and_what_ran_before_is_static():
    broken = "def step(i):\n    time.sleep(0.2)\n    return 1 / (i - 5)\n"
    cell = broken + LONG.replace("time.sleep, args=(0.2,)", "step, args=(i,)").replace("for _", "for i")
    with pytest.raises(CellExecutionError, match="ZeroDivisionError"):
        run(START, cell)
    notebook = run(START, cell, allow_errors=True)
    progress, error = notebook.cells[1].outputs
    assert set(progress.data) == {"text/plain", "text/html"}
    assert "failed" in progress.data["text/plain"]
    assert error.ename == "ZeroDivisionError"
    assert len("\n".join(error.traceback).splitlines()) <= 30
    assert "ZeroDivisionError" in page_of(notebook)
