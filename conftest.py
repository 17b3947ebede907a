"""What holds for every test and doctest: it leaves no session, no thread and no changed option."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

import mars_nb
from mars_nb.config import OPTIONS, options

#: Seconds in which the threads of closed sessions must have ended.
PATIENCE_S = 5.0

# How long an example takes says nothing on a machine that does other things, too.
settings.register_profile("mars_nb", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("mars_nb")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the doctests that stand in docstrings of numpy and pandas, shown by our functions of the same name."""
    foreign = [item for item in items if isinstance(item, pytest.DoctestItem) and not _is_ours(item)]
    config.hook.pytest_deselected(items=foreign)
    gone = set(foreign)
    # Those that take longest come first: on several cores none is left to the end.
    items[:] = sorted(
        (item for item in items if item not in gone), key=lambda item: not item.get_closest_marker("browser")
    )


def _is_ours(item: pytest.DoctestItem) -> bool:
    source = Path(item.path).read_text(encoding="utf-8")
    return all(example.source.splitlines()[0] in source for example in item.dtest.examples)


@pytest.fixture(autouse=True)
def _options_as_before() -> Iterator[None]:
    before = options.to_dict()
    yield
    for name in OPTIONS:
        if getattr(options, name) != before[name]:
            setattr(options, name, before[name])


@pytest.fixture(autouse=True)
def _no_session_left() -> Iterator[None]:
    assert not mars_nb.sessions, "a session leaked into this test"
    assert mars_nb.get_default_session() is None
    yield
    for session in list(mars_nb.sessions.values()):
        session.close()
    assert not mars_nb.sessions
    assert mars_nb.get_default_session() is None
    _join_threads()


def _join_threads() -> None:
    progress = sys.modules.get("mars_nb.notebook.progress")
    if progress is not None:
        progress.ticker.rest()  # its thread would wait for more
    deadline = time.monotonic() + PATIENCE_S
    for thread in threading.enumerate():
        if thread.name.startswith("mars_nb") and thread.is_alive():  # an interrupt may keep one from starting
            thread.join(max(0.0, deadline - time.monotonic()))
            assert not thread.is_alive(), f"{thread.name} is alive {PATIENCE_S} s after all sessions were closed"


@pytest.fixture(autouse=True)
def _session_of_doctest(request: pytest.FixtureRequest, _no_session_left: None) -> None:
    """Open the default session of a docstring, which else would warn that it is made by itself."""
    if isinstance(request.node, pytest.DoctestItem) and request.path.suffix == ".py":
        mars_nb.new_session(name="doctest")


@pytest.fixture
def session() -> Iterator[Any]:
    """Give a new default session."""
    with mars_nb.new_session() as opened:
        yield opened


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Give a Chromium. Where there is none the test is left out, but not in continuous integration."""
    from jupyter_browser import find_chromium, open_browser

    try:
        find_chromium()
    except RuntimeError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(error))
    with open_browser() as opened:
        yield opened


@pytest.fixture(scope="session")
def ipykernel6(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder with ipykernel 6: a kernel that has it first on `PYTHONPATH` runs on that."""
    folder = tmp_path_factory.mktemp("ipykernel6")
    install = (sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(folder))
    subprocess.run([*install, "ipykernel==6.31.0"], check=True, capture_output=True, timeout=100)
    return folder
