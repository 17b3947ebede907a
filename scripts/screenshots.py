"""Make the pictures of docs/notebook.md in a real JupyterLab: a notebook is run, its cells are photographed."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from jupyter_browser import Notebook, Server, open_browser, wait_for

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
    sources = [SETUP, *(source for source, _ in PICTURES.values())]
    with (
        tempfile.TemporaryDirectory() as place,
        Server(Path(place)) as server,
        open_browser() as browser,
        Notebook(browser, server, "lab", "trips.ipynb", *sources, scale=1.5) as notebook,
    ):
        notebook.page.keyboard.press("Control+b")  # no file browser
        notebook.page.add_style_tag(content=STYLE)
        notebook.run(0)
        notebook.wait_prompt(0)
        for index, (name, (_, shown)) in enumerate(PICTURES.items(), start=1):
            notebook.run(index)
            if name == "progress":
                wait_for("half of the run", lambda index=index: 0.4 < far(notebook, index) < 0.8)
                photograph(notebook, index, out / "progress-live.png")
            notebook.wait_prompt(index)
            notebook.wait_text(notebook.output(index), shown)
            if name == "progress":
                notebook.output(index).locator("summary").click()
            photograph(notebook, index, out / f"{name}.png")
    return 0


def far(notebook: Notebook, index: int) -> float:
    """Tell how far the run of a cell is, 0 while no progress is shown."""
    bar = notebook.output(index).locator("progress").first
    return float(bar.get_attribute("value") or 0) if bar.count() else 0.0


def photograph(notebook: Notebook, index: int, path: Path) -> None:
    """Take a picture of a cell."""
    notebook.page.mouse.move(0, 0)
    notebook.cell(index).screenshot(path=path)
    print(f"{path}: {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    sys.exit(main())
