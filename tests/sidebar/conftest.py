"""A JupyterLab for all tests of a module, and notebooks in it."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jupyter_browser import Notebook, Server
from sidebar_tools import OpenNotebook, Sidebar
from wire import Wire


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Give a running Jupyter server."""
    with Server(tmp_path_factory.mktemp("jupyter")) as running:
        yield running


@pytest.fixture(autouse=True)
def _keep_pictures(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[None]:
    """Copy the pictures that a test takes to the folder that MARS_NB_PICTURES names, if it does."""
    yield
    if folder := os.environ.get("MARS_NB_PICTURES"):
        kept = Path(folder) / request.node.path.stem / re.sub(r"\W+", "-", request.node.name)
        for picture in tmp_path.glob("*.png"):
            kept.mkdir(parents=True, exist_ok=True)
            shutil.copy(picture, kept)


@pytest.fixture
def open_notebook(
    request: pytest.FixtureRequest, browser: Any, server: Server, tmp_path: Any
) -> Iterator[OpenNotebook]:
    """Give a function that opens a notebook of these cells, with the panel shown unless told otherwise."""
    opened: list[Notebook] = []

    def open_one(*sources: str, host: str = "lab", shown: bool = True, **how: Any) -> tuple[Notebook, Sidebar, Wire]:
        wires: list[Wire] = []
        name = re.sub(r"\W+", "-", f"{request.node.name}-{len(opened)}") + ".ipynb"
        how = {"width": 1400, "on_page": lambda page: wires.append(Wire(page)), **how}
        notebook = Notebook(browser, server, host, name, *sources, **how)  # type: ignore[arg-type]
        opened.append(notebook)
        sidebar = Sidebar(notebook.page)
        if shown:
            sidebar.open()
        return notebook, sidebar, wires[0]

    yield open_one
    for notebook in opened:
        notebook.page.screenshot(path=tmp_path / "end.png")  # pytest keeps the folders of its last three runs
        notebook.__exit__()
