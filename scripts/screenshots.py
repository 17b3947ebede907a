"""Make the pictures of docs/notebook.md and docs/sidebar.md in a real JupyterLab, in which notebooks are run."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from jupyter_browser import Notebook, Server, open_browser, wait_for

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator

ROOT = Path(__file__).resolve().parents[1]
SETUP = """\
%load_ext mars_nb
import numpy as np, pandas as pd, mars, mars.dataframe as md
rng = np.random.default_rng(0)
data = pd.DataFrame({"city": rng.integers(0, 500, 6_000_000), "km": rng.gamma(2, 3, 6_000_000)})
mars.new_session(name="etl", n_threads=2);"""
#: What is in each picture: a cell, and what its output must show before the picture is taken.
PICTURES = {
    "progress": (
        """\
trips = md.DataFrame(data, chunk_size=150_000)
trips["fare"] = trips["km"].apply(lambda km: round(2 + 1.5 * km, 1))
fares = trips.groupby("city")["fare"].agg(["count", "mean", "max"]).execute()""",
        "done in",
    ),
    "lazy": ('trips[trips["km"] > 3].groupby("city")["fare"].mean()', "lazy"),
    "executed": ('fares.nlargest(5, "mean").execute()', "city"),
    "results": ("%mars_session results", "fares"),
    "sessions": ("%mars_session new test --no-default\n%mars_session", "etl"),
    "user-error": (
        """\
def per_mile(trip):
    return trip.fare / trip.miles

trips.apply(per_mile, axis=1).execute()""",
        "What to type",
    ),
    "isolation-error": ('fares.fetch(session=mars.get_session("test"))', "What to type"),
}
#: The notebook beside the sidebar.
TRIPS = (
    SETUP + '\nmars.new_session(name="test", memory_limit="1GiB", default=False);',
    """\
trips = md.DataFrame(data, chunk_size=150_000).execute()
cities = trips.groupby("city")["km"].agg(["count", "mean"])
longest, cities = mars.execute(trips["km"].max(), cities)
far = trips[trips["km"] > 30]""",
    """\
trips["fare"] = trips["km"].apply(lambda km: round(2 + 1.5 * km, 1))
fares = trips.groupby("city")["fare"].agg(["count", "mean", "max"]).execute()""",
)
CHANGE_THEME = "theme => jupyterapp.commands.execute('apputils:change-theme', { theme }).then(() => null)"
SIDEBAR_PX, BLANK_PX = 330, 150
#: Hides what only shows which cell is the current one.
STYLE = """\
.jp-cell-toolbar, .jp-Collapser { visibility: hidden }
.jp-Notebook .jp-Cell { border-color: transparent !important; box-shadow: none !important }"""


def main() -> int:
    """Take the pictures; give the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "images", help="where the pictures go")
    out = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    settings = {"LabApp.expose_app_in_browser": True}
    with (
        tempfile.TemporaryDirectory() as place,
        Server(Path(place), settings) as server,
        open_browser() as browser,
    ):
        cells(browser, server, out)
        sidebar(browser, server, out)
    return 0


def cells(browser: Browser, server: Server, out: Path) -> None:
    """Take pictures of cells."""
    sources = [SETUP, *(source for source, _ in PICTURES.values())]
    with Notebook(browser, server, "lab", "cells.ipynb", *sources, scale=1.5) as notebook:
        notebook.page.keyboard.press("Control+b")  # no file browser
        notebook.page.add_style_tag(content=STYLE)
        notebook.run(0)
        notebook.wait_prompt(0)
        for index, (name, (_, shown)) in enumerate(PICTURES.items(), start=1):
            notebook.run(index)
            if name == "progress":
                wait_half(partial(far, notebook, index))
                photograph(notebook, notebook.cell(index), out / "progress-live.png")
            notebook.wait_prompt(index)
            notebook.wait_text(notebook.output(index), shown)
            if name == "progress":
                notebook.output(index).locator("summary").click()
            photograph(notebook, notebook.cell(index), out / f"{name}.png")


def sidebar(browser: Browser, server: Server, out: Path) -> None:
    """Take pictures of the sidebar."""
    with Notebook(browser, server, "lab", "trips.ipynb", *TRIPS, scale=1.5, width=1200) as notebook:
        page = notebook.page
        page.keyboard.press("Control+b")  # no file browser
        page.locator(".lm-TabBar-tab[data-id='mars-nb-sidebar']").click()
        panel = page.locator("#mars-nb-sidebar")
        place = panel.bounding_box()
        assert place is not None
        page.mouse.move(place["x"] - 1, 400)
        page.mouse.down()
        page.mouse.move(place["x"] + place["width"] - SIDEBAR_PX, 400)
        page.mouse.up()
        panel.locator("[data-do='load']").wait_for()
        photograph(notebook, panel, out / "sidebar-blank.png", BLANK_PX)
        for index in (0, 1):
            notebook.run(index)
            notebook.wait_prompt(index)
        results = panel.locator("[data-section='results']")
        opener = results.locator("[data-name='cities'] [data-main]")
        fold = panel.locator("[data-section='tasks'] h3 button")  # leaves room
        fold.click()
        opener.click()
        results.locator(".mars-nb-Preview table").wait_for()
        photograph(notebook, results, out / "sidebar-preview.png")
        opener.click()
        fold.click()
        notebook.run(2)
        bar = panel.locator(".mars-nb-Card-task [role=progressbar]").first
        wait_half(partial(fraction, bar))
        photograph(notebook, panel, out / "sidebar-running.png")
        notebook.wait_prompt(2)
        results.locator("[data-name='fares']").wait_for()
        for theme in ("Light", "Dark"):
            page.evaluate(CHANGE_THEME, f"JupyterLab {theme}")
            page.locator(f"body[data-jp-theme-name='JupyterLab {theme}']").wait_for(state="attached")
            photograph(notebook, page.locator("#main"), out / f"sidebar-{theme.lower()}.png")


def wait_half(done: Callable[[], float]) -> None:
    """Wait until half of something is done."""
    wait_for("half of the run", lambda: 0.4 < done() < 0.8)


def far(notebook: Notebook, index: int) -> float:
    """Tell how far the run of a cell is, 0 while no progress is shown."""
    bar = notebook.output(index).locator("progress").first
    return float(bar.get_attribute("value") or 0) if bar.count() else 0.0


def fraction(bar: Locator) -> float:
    """Tell how far a bar of the sidebar is, 0 while it is not shown."""
    return int(bar.get_attribute("aria-valuenow") or 0) / 100 if bar.count() else 0.0


def photograph(notebook: Notebook, what: Locator, path: Path, height: float | None = None) -> None:
    """Take a picture of a part of the page, or of its upper part."""
    notebook.page.mouse.move(0, 0)
    if height is None:
        what.screenshot(path=path)
    else:
        place = what.bounding_box()
        assert place is not None
        place["height"] = height
        notebook.page.screenshot(path=path, clip=place)
    print(f"{path}: {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    sys.exit(main())
