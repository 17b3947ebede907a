"""Giving freed memory back to the system.

The C library keeps freed memory for later. After many chunks of changing sizes, as in a shuffle, it may keep several
times what is in use, and a memory limit would mean nothing to the system. glibc can be told otherwise; elsewhere
nothing is done.
"""

from __future__ import annotations

import ctypes
import functools

import psutil

# Parameters of glibc's mallopt: from which size on memory comes from the system and goes straight back to it, and how
# much free memory at the top of the heap is kept, and how many heaps there are. Setting them ends their growth with
# what is used.
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8
_THRESHOLD = 2**20
_LARGEST = 32 * 2**20  # that glibc takes for the second


@functools.cache
def _library() -> ctypes.CDLL | None:
    try:
        found = ctypes.CDLL(None)
    except (OSError, TypeError):  # no C library to look into, as on Windows
        return None
    return found if hasattr(found, "malloc_trim") and hasattr(found, "mallopt") else None


@functools.cache
def tighten() -> None:
    """Keep no large pieces of freed memory from now on. That costs time, so it is for when memory is short."""
    library = _library()
    if library is not None:
        library.mallopt(_M_MMAP_THRESHOLD, _THRESHOLD)
        library.mallopt(_M_TRIM_THRESHOLD, _THRESHOLD)


def keep(nbytes: int) -> None:
    """Keep so many bytes of freed memory from now on: for processes through which a lot goes."""
    library = _library()
    if library is not None:
        library.mallopt(_M_MMAP_THRESHOLD, _LARGEST)
        library.mallopt(_M_TRIM_THRESHOLD, nbytes)
        library.mallopt(_M_ARENA_MAX, 1)


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
    library = _library()
    return library is not None and bool(library.malloc_trim(0))
