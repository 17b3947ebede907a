"""A frame of all dtypes, with values that are hard to get right, and lines of pandas that are run on it."""

from __future__ import annotations

import datetime as dt
import warnings
from typing import Any

import numpy as np
import pandas as pd
from columnar_tools import answers


def nasty(rows: int = 24) -> pd.DataFrame:
    """Make the frame; every value comes at least once."""
    rng = np.random.default_rng(0)

    def some(*values: Any, dtype: Any = None) -> Any:
        picked = [values[i % len(values)] for i in rng.permutation(rows)]
        return pd.Series(picked, dtype=dtype)

    return pd.DataFrame(
        {
            "i": some(0, 1, 2, 3, 4, -5, -1),
            "j": some(0, 1, -1, 2**63 - 1, -(2**63), 2**53 + 1, 7),
            "h": some(0, 1, -100, 100, dtype="int8"),
            "k": some(0, 1, -9, 8, 2, dtype="int32"),
            "u": some(0, 1, 250, 255, dtype="uint8"),
            "w": some(0, 1, 2**64 - 1, 2**63, dtype="uint64"),
            "f": some(0.0, -0.0, 1.5, -2.5, np.nan, np.inf, -np.inf, 1e308, 3.0, 2.675),
            "g": some(1.0, 2.0, np.nan, 0.1),
            "e": some(0.1, np.nan, 3.5, -1.0, dtype="float32"),
            "b": some(True, False),
            "c": some(True, False, False),
            "s": some("ab", "Ab c", "", "éß", "straße", None, "a.b", "12", "xyz  ", "a\nb", "ab\n", dtype="str"),
            "p": some("b", "12", None, "a,b,c", ",x", dtype="str"),
            "t": some(
                "2020-01-31", "1969-12-31T23:59:59.5", "2024-02-29T12:34:56.789012", None, "1900-03-01", dtype="M8[us]"
            ),
            "v": some("2020-01-31", "1999-12-31T23:59:59", None, dtype="M8[ns]"),
            "y": some("2020-01-31", "1999-12-31T23:59:59", dtype="M8[us]"),
            "d": some(*(pd.Timedelta(n, "us") for n in (0, 1, -86400 * 10**6, 10**12)), None, dtype="m8[us]"),
            "z": some("2020-03-29T01:30", "2020-10-25T00:30", None, "2021-06-01", dtype="M8[us]")
            .dt.tz_localize("UTC")
            .dt.tz_convert("Europe/Berlin"),
        }
    )


X = nasty()


def lines(text: str) -> list[str]:
    """List the lines that say something."""
    return [line for line in text.strip().splitlines() if line and not line.startswith("#")]


def groups(text: str, size: int = 8) -> list[list[str]]:
    """List the lines in groups, which are computed at once: that is quicker."""
    found = lines(text)
    return [found[i : i + size] for i in range(0, len(found), size)]


def check(line: str, **options: Any) -> None:
    """Run a line of pandas on the frame `x`, by pandas and by the columnar engine."""
    answers(lambda library, x: _value(line, library, x), X, **options)


def check_all(group: list[str]) -> None:
    """Run lines together; where that fails, one by one."""
    for line in group:
        with warnings.catch_warnings(action="ignore"):
            _value(line, pd, X.copy())  # what raises would hide the others
    try:
        reasons = answers(lambda library, x: tuple(_value(line, library, x) for line in group), X)
        assert set(reasons.values()) <= {"an array of numpy beside rows"}, reasons
    except AssertionError:
        for line in group:
            check(line)
        raise


def _value(line: str, library: Any, x: Any) -> Any:
    return eval(line, {"md": library, "pd": pd, "np": np, "dt": dt, "x": x})
