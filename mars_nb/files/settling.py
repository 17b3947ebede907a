"""One dtype a column for parts that were converted each by itself, as pandas would have converted the whole."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd


class Facts(NamedTuple):
    """What must be known of a part.

    Attributes
    ----------
    rows
        Their number.
    dtypes
        By column.
    empty
        Columns without a value.
    group
        Number of the file.
    """

    rows: int
    dtypes: dict[Any, Any]
    empty: set[Any]
    group: int


class Settled(NamedTuple):
    """What the parts have in common.

    Attributes
    ----------
    starts
        Number of the first row of each part.
    dtypes
        By column.
    """

    starts: Sequence[int]
    dtypes: dict[Any, Any]


def facts(group: int, frame: pd.DataFrame | None) -> Facts | None:
    """Tell of a part what must be known of it; None of one that cannot be told by itself."""
    if frame is None:
        return None
    return Facts(len(frame), frame.dtypes.to_dict(), {name for name in frame if frame[name].isna().all()}, group)


def settle(parts: Sequence[Facts | None]) -> Settled | None:
    """Find where each part starts and the dtypes of all; None if only reading the whole tells them."""
    known = [part for part in parts if part is not None]
    if len(known) < len(parts):
        return None
    names = list(known[0].dtypes)
    if any(list(part.dtypes) != names for part in known):
        return None
    groups = sorted({part.group for part in known})
    found = [_common([part for part in known if part.group == group]) for group in groups]
    of_files = [dtypes for dtypes in found if dtypes is not None]
    dtypes = _concatenated(of_files) if len(of_files) == len(found) else None
    if dtypes is None:
        return None
    starts = np.cumsum([0, *(part.rows for part in known)])
    return Settled([int(start) for start in starts[:-1]], dtypes)


def _common(parts: Sequence[Facts]) -> dict[Any, Any] | None:
    """Find the dtypes that pandas would give to all rows of one file."""
    common = {}
    some = next((part for part in parts if part.rows), parts[0])
    for name in parts[0].dtypes:
        found = {part.dtypes[name] for part in parts if name not in part.empty}
        gaps = any(name in part.empty and part.rows for part in parts)
        if np.dtype("u8") in found and (len(found) > 1 or gaps):
            return None  # next to these, pandas makes of other numbers texts, or numbers without a sign
        dtype = _one(found) if found else some.dtypes[name]
        if dtype is not None and gaps and found and dtype.kind in "iub" and isinstance(dtype, np.dtype):
            dtype = np.dtype(float) if dtype.kind != "b" else None
        if dtype is None:
            return None
        common[name] = dtype
    return common


def _one(found: set[Any]) -> Any:
    """Give the one dtype for items that are of several, None if converting loses something."""
    if len(found) == 1:
        return next(iter(found))
    if all(isinstance(dtype, np.dtype) and dtype.kind in "iuf" for dtype in found):
        return np.result_type(*found)
    if all(isinstance(dtype, pd.CategoricalDtype) and not dtype.ordered for dtype in found):
        kinds = {dtype.categories.dtype for dtype in found}
        if len(kinds) == 1:
            return pd.CategoricalDtype(_sorted_union(dtype.categories for dtype in found))
    return None


def _sorted_union(indexes: Iterable[pd.Index[Any]]) -> pd.Index[Any]:
    first, *others = indexes
    for other in others:
        first = first.union(other, sort=False)
    return first.sort_values()


def _concatenated(files: Sequence[dict[Any, Any]]) -> dict[Any, Any] | None:
    """Find the dtypes that `pandas.concat` gives to files one after the other."""
    common = {}
    for name, first in files[0].items():
        found = {dtypes[name] for dtypes in files}
        if len(found) == 1:
            common[name] = first
        elif all(isinstance(dtype, np.dtype) and dtype.kind in "if" for dtype in found):
            common[name] = np.result_type(*found)
        else:
            return None
    return common


def converted(frame: pd.DataFrame, dtypes: dict[Any, Any]) -> pd.DataFrame:
    """Give a part the dtypes of all."""
    changed = {name: dtype for name, dtype in dtypes.items() if frame.dtypes[name] != dtype}
    return frame.astype(changed) if changed else frame
