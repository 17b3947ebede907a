"""What the frame tests share: data of all kinds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest
from answers import check, compute

import mars_nb
import mars_nb.dataframe as md

ROWS = 23


class Data:
    """The frame and the table, as pandas has them and as lazy objects of as many chunks as wanted."""

    def pandas(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Give pandas's own."""
        return make_frame(), make_table()

    def lazy(self, rows: int | None = None, table_rows: int | None = None) -> tuple[Any, Any]:
        """Give lazy ones with so many rows in a chunk."""
        return md.from_pandas(make_frame(), rows), md.from_pandas(make_table(), table_rows)


@pytest.fixture(autouse=True)
def _session() -> Iterator[None]:
    with mars_nb.new_session():
        yield


@pytest.fixture(scope="session", name="data")
def _data() -> Data:
    return Data()


@pytest.fixture(scope="session", name="compute")
def _compute() -> Callable[[Any], Any]:
    return compute


@pytest.fixture(scope="session", name="check")
def _check() -> Callable[[Any, Any], None]:
    return check


def make_frame() -> pd.DataFrame:
    """Give a frame with a column of each kind, with duplicates and missing values."""
    rng = np.random.default_rng(5)
    return pd.DataFrame(
        {
            "i": rng.integers(-5, 6, ROWS),
            "u": rng.integers(0, 200, ROWS).astype("uint8"),
            "x": np.where(rng.random(ROWS) < 0.2, np.nan, rng.integers(-9, 10, ROWS) / 4),
            "y": rng.random(ROWS),
            "s": rng.choice(["ab", "Cd", "e-f", None], ROWS),
            "b": rng.random(ROWS) < 0.5,
            "t": pd.Timestamp("2024-02-27 22:00") + pd.to_timedelta(rng.integers(0, 99, ROWS), "h"),
            "c": pd.Categorical(rng.choice(["lo", "hi", "mid"], ROWS), ["lo", "mid", "hi", "never"]),
        }
    )


def make_table() -> pd.DataFrame:
    """Give a frame to merge with the other: keys twice, keys that the other lacks."""
    return pd.DataFrame({"i": [3, -1, 0, 3, 77, 5], "s": ["ab", "Cd", None, "zz", "ab", "e-f"], "w": np.arange(6.0)})
