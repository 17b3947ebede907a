"""Stand-ins for frames of which only a sample is known: what an operation is tried on when it fails on the sample."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

# Up to so many rows a stand-in is made as long as the whole.
LONGEST = 200_000


def lengthened(sample: Any, rows: int) -> Any:
    """Give a stand-in of so many rows that bears the labels of a default index.

    Parameters
    ----------
    sample
        A frame or series with at least one row.
    rows
        How many.
    """
    if isinstance(sample, pd.Index):
        return _labels(sample, rows)
    value = sample.iloc[np.arange(rows) % len(sample)]
    return value.set_axis(_labels(sample.index, rows), axis=0) if isinstance(sample.index, pd.RangeIndex) else value


def _labels(index: pd.Index[Any], rows: int) -> pd.Index[Any]:
    if isinstance(index, pd.RangeIndex):
        return pd.RangeIndex(index.start, index.start + rows * index.step, index.step, name=index.name)
    taken = index.take(np.arange(rows) % len(index))
    return taken


def distinct(sample: Any, rows: int = 5) -> Any:
    """Give a stand-in of the sample's dtypes in which no value comes twice, rising from row to row."""
    if isinstance(sample, pd.Index):
        return _distinct_labels(sample, rows)
    index = _distinct_labels(sample.index, rows)
    if isinstance(sample, pd.Series):
        return pd.Series(_distinct_values(sample.dtype, rows), index=index, name=sample.name)
    columns = {i: pd.Series(_distinct_values(dtype, rows), index=index) for i, dtype in enumerate(sample.dtypes)}
    return pd.DataFrame(columns, index=index).set_axis(sample.columns, axis=1)


def _distinct_labels(index: pd.Index[Any], rows: int) -> pd.Index[Any]:
    if isinstance(index, pd.MultiIndex):
        levels = [_distinct_values(level.dtype, rows) for level in index.levels]
        return pd.MultiIndex.from_arrays(levels, names=index.names)
    if isinstance(index, pd.RangeIndex):
        return pd.RangeIndex(rows, name=index.name)
    labels: pd.Index[Any] = pd.Index(_distinct_values(index.dtype, rows), name=index.name)
    return labels


def _distinct_values(dtype: Any, rows: int) -> Any:
    numbers = np.arange(1, rows + 1)
    if isinstance(dtype, pd.CategoricalDtype):
        codes = numbers % len(dtype.categories) if len(dtype.categories) else np.full(rows, -1)
        return pd.Categorical.from_codes(codes, dtype=dtype)
    if isinstance(dtype, pd.PeriodDtype):
        return pd.period_range("2000-01-01", periods=rows, freq=dtype.freq)
    if isinstance(dtype, pd.IntervalDtype):
        return pd.interval_range(0, rows, rows)
    match getattr(dtype, "kind", "O"):
        case "M":
            days = pd.date_range("2000-01-01", periods=rows, freq="D", tz=getattr(dtype, "tz", None))
            return days.astype(dtype)
        case "m":
            return pd.to_timedelta(numbers, unit="D").astype(dtype)
        case "b":
            return pd.array(numbers % 2 == 0, dtype=dtype)
        case "i" | "u" | "f" | "c":
            return pd.array(numbers, dtype=dtype)
    texts = [f"a{number:03}" for number in numbers]
    return pd.array(texts, dtype=dtype) if dtype != np.dtype(object) else np.array(texts, dtype=object)
