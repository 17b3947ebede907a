"""Giving freed memory back to the system.

The C library keeps freed memory for later. After many chunks of changing sizes, as in a shuffle, it may keep several
times what is in use, and a memory limit would mean nothing to the system. glibc has a call for that; elsewhere nothing
is done.
"""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Callable

import psutil


@functools.cache
def _malloc_trim() -> Callable[[int], int] | None:
    try:
        found: Callable[[int], int] | None = getattr(ctypes.CDLL(None), "malloc_trim", None)
    except (OSError, TypeError):  # no C library to look into, as on Windows
        return None
    return found


def resident() -> int:
    """Tell the bytes of this process that are in memory."""
    return int(psutil.Process().memory_info().rss)


def give_back() -> bool:
    """Give memory that is free back to the system.

    Returns
    -------
    bool
        Whether there was any, and a way to do so.
    """
    trim = _malloc_trim()
    return trim is not None and bool(trim(0))
