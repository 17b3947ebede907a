"""Frames that both worlds are given: pandas's, and the lazy one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd


def make() -> dict[str, Any]:
    """Give frames longer than a sample."""
    numbers = np.arange(24) * 5 % 11
    words = [f"w{i % 3}" if i % 7 else None for i in range(24)]
    times = pd.date_range("2024", periods=24, freq="h")
    return {
        "df": pd.DataFrame({"a": numbers, "b": numbers[::-1].copy(), "s": words, "t": times}),
        "num": pd.DataFrame({"a": numbers * 1.0, "b": numbers[::-1] * 1.0}),
        "s": pd.Series(numbers, name="s"),
    }
