"""Which Polars type stands for which dtype of pandas, and back.

What pandas shows as missing (NaN, NaT, None in strings) is null in Polars. Integers and booleans have no missing
values in pandas; where an outer join leaves gaps in them pandas changes their dtype, see `Column.gaps`.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import pandas as pd
import polars as pl

_PLAIN: dict[np.dtype[Any], Any] = {
    np.dtype(name): kind
    for name, kind in {
        "bool": pl.Boolean,
        "int8": pl.Int8,
        "int16": pl.Int16,
        "int32": pl.Int32,
        "int64": pl.Int64,
        "uint8": pl.UInt8,
        "uint16": pl.UInt16,
        "uint32": pl.UInt32,
        "uint64": pl.UInt64,
        "float32": pl.Float32,
        "float64": pl.Float64,
    }.items()
}
_UNITS = ("ms", "us", "ns")


def polars_type(dtype: Any) -> Any:
    """Give the Polars type that stands for a dtype, None if there is none that means the same.

    Examples
    --------
    >>> polars_type(np.dtype("int32")), polars_type(np.dtype("M8[ms]")), polars_type(np.dtype(object))
    (Int32, Datetime(time_unit='ms', time_zone=None), None)
    """
    if isinstance(dtype, pd.DatetimeTZDtype):
        zone = getattr(dtype.tz, "key", None) or str(dtype.tz)
        fine: Any = dtype.unit
        return pl.Datetime(fine, zone) if fine in _UNITS and zone in _zones() else None
    if is_text(dtype):
        return pl.String
    if not isinstance(dtype, np.dtype):
        return None
    if dtype.kind in "mM":
        unit: Any = np.datetime_data(dtype)[0]
        kind: Any = pl.Datetime if dtype.kind == "M" else pl.Duration
        return kind(unit) if unit in _UNITS else None
    return _PLAIN.get(dtype)


@functools.cache
def _zones() -> set[str]:
    import zoneinfo

    return zoneinfo.available_timezones()


def is_text(dtype: Any) -> bool:
    """Tell pandas's default dtype of strings, whose missing value is NaN."""
    return isinstance(dtype, pd.StringDtype) and dtype.na_value is not pd.NA


def is_plain(dtype: Any, kinds: str) -> bool:
    """Tell a numpy dtype of one of these kinds."""
    return isinstance(dtype, np.dtype) and dtype.kind in kinds


def is_number(dtype: Any) -> bool:
    """Tell integers and floats; no booleans."""
    return is_plain(dtype, "iuf")


def may_lack(dtype: Any) -> bool:
    """Tell whether values of a dtype can be missing."""
    return not is_plain(dtype, "biu")
