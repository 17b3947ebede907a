"""What the frame tests share: data of all kinds, and the comparison of lazy answers with pandas's own."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest

import mars_nb
import mars_nb.dataframe as md
from mars_nb.graph.tileable import Tileable

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


def compute(lazy: Any) -> Any:
    """Execute and fetch whatever an operation gave."""
    if isinstance(lazy, Tileable):
        return lazy.execute().fetch()
    if isinstance(lazy, tuple | list):
        return type(lazy)(map(compute, lazy)) if type(lazy) is list else tuple(map(compute, lazy))
    return lazy


def check(found: Any, expected: Any) -> None:
    """Compare exactly; floats to rounding, because sums over chunks are added in another order."""
    near: Any = {"check_exact": False, "rtol": 1e-11, "atol": 1e-13}
    if isinstance(expected, pd.DataFrame):
        pd.testing.assert_frame_equal(found, expected, **near)
    elif isinstance(expected, pd.Series):
        pd.testing.assert_series_equal(found, expected, **near)
    elif isinstance(expected, pd.Index):
        pd.testing.assert_index_equal(found, expected, **near)
    elif isinstance(expected, np.ndarray):
        assert found.dtype == expected.dtype
        np.testing.assert_allclose(found, expected, 1e-11, 1e-13) if expected.dtype.kind in "fc" else (
            np.testing.assert_array_equal(found, expected)
        )
    elif isinstance(expected, pd.api.extensions.ExtensionArray):
        pd.testing.assert_extension_array_equal(found, expected)
    elif isinstance(expected, dict):
        assert list(found) == list(expected)
        check(list(found.values()), list(expected.values()))
    elif isinstance(expected, tuple | list):
        assert len(found) == len(expected)
        for one, other in zip(found, expected, strict=True):
            check(one, other)
    elif isinstance(expected, float) and not isinstance(found, str):
        assert isinstance(found, float), type(found)
        assert math.isnan(found) if math.isnan(expected) else found == pytest.approx(expected, rel=1e-11, abs=1e-13)
    else:
        assert type(found) is type(expected) or isinstance(expected, bool | np.bool), (type(found), type(expected))
        assert found == expected or (pd.isna(expected) and pd.isna(found))
