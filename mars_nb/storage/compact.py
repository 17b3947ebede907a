"""Values that keep more in memory than they are: small views of large arrays are copied before they are kept."""

from __future__ import annotations

from itertools import islice
from typing import Any

import numpy as np
import pandas as pd

# A value may keep so many times its own bytes alive.
_WASTE = 2
# Columns of a frame that are looked at.
_COLUMNS = 16


def compact(value: Any) -> Any:
    """Copy a value that is a small part of what it keeps in memory.

    Parameters
    ----------
    value
        An array or a pandas object; anything else is given back as it is.

    Examples
    --------
    >>> large = np.zeros(1000)
    >>> compact(large[:10]).base is None, compact(large[:900]).base is large
    (True, True)
    """
    match value:
        case np.ndarray():
            return value.copy() if _owned(value)[1] > _WASTE * value.nbytes else value
        case pd.Series():
            kept, used = _kept_and_used([value])
            return value.copy() if kept > _WASTE * used else value
        case pd.DataFrame() if value.shape[1]:
            kept, used = _kept_and_used([column for _, column in islice(value.items(), _COLUMNS)])
            if value.shape[1] > _COLUMNS:
                used = int(value.memory_usage(index=False).sum())
            return value.copy() if kept > _WASTE * used else value
    return value


def _kept_and_used(columns: list[pd.Series[Any]]) -> tuple[int, int]:
    """Give the bytes that columns keep alive and have; what others than numpy's arrays keep is not known."""
    arrays = [column.to_numpy() if isinstance(column.dtype, np.dtype) else column.array for column in columns]
    kept = sum(dict(_owned(array) for array in arrays if isinstance(array, np.ndarray)).values())
    return kept, sum(array.nbytes for array in arrays)


def _owned(array: np.ndarray[Any, Any]) -> tuple[int, int]:
    """Give identity and bytes of what an array lies in."""
    root: Any = array
    while isinstance(root.base, np.ndarray):
        root = root.base
    if isinstance(root.base, memoryview):  # read from a file: the buffers of one value lie in one piece
        owner = root.base.obj
        return id(owner), memoryview(owner).nbytes
    return id(root), int(root.nbytes)
