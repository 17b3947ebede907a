"""Each test has a default session of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import mars_nb


@pytest.fixture(autouse=True)
def _session() -> Iterator[None]:
    with mars_nb.new_session():
        yield
