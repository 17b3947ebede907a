"""Gateways with stand-ins for drivers: see `gateway_tools` and `gateway_double`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from gateway_tools import Gateway, make_options

collect_ignore = ["gateway_double.py"]  # a program


@pytest.fixture(scope="module", autouse=True)
def _doubles_are_found() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(Path(__file__).parent))
        yield


@pytest.fixture(scope="module")
def gateway(_doubles_are_found: None) -> Iterator[Gateway]:
    """Give a gateway with the users above, which the tests of a module share."""
    opened = Gateway(make_options())
    yield opened
    opened.stop()


@pytest.fixture
def start(_doubles_are_found: None) -> Iterator[Callable[..., Gateway]]:
    """Give a function that starts a gateway with changed options; it is stopped after the test."""
    opened: list[Gateway] = []

    def start(**changes: Any) -> Gateway:
        opened.append(Gateway(make_options(**changes)))
        return opened[-1]

    yield start
    for each in opened:
        each.stop()
