"""How much memory a local session may use, and what keeps its values within it."""

from __future__ import annotations

import contextlib
import re
from functools import partial
from pathlib import Path
from typing import Any

from dask.sizeof import sizeof
from dask.utils import parse_bytes

from mars_nb.config import options
from mars_nb.planner.layout import described
from mars_nb.scheduler import Pieces
from mars_nb.session.backends.intermediates import Noticed
from mars_nb.storage import Held, SpillBuffer

#: What part of the machine's memory a session may use when no limit is given.
DEFAULT_PART = 0.6
#: What part of a session's memory is for values that are kept; running tasks need the rest for what they work on.
KEPT_PART = 0.7
_CGROUP_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")
_CGROUP_USED = ("/sys/fs/cgroup/memory.current", "/sys/fs/cgroup/memory/memory.usage_in_bytes")


def available() -> int:
    """Tell the bytes of memory that this process may use: the machine's, or less if a control group says so."""
    import psutil

    found = [int(psutil.virtual_memory().total)]
    for path in _CGROUP_LIMITS:
        with contextlib.suppress(OSError, ValueError):  # not there, or "max"
            found.append(int(Path(path).read_text()))
    return min(found)


def free() -> int:
    """Tell the bytes of memory that are free for this process: of the machine, or of its control group."""
    import psutil

    found = [int(psutil.virtual_memory().available)]
    for limit, used in zip(map(Path, _CGROUP_LIMITS), map(Path, _CGROUP_USED), strict=True):
        with contextlib.suppress(OSError, ValueError):  # not there, or "max"
            files = re.search(r"\b(?:total_)?inactive_file (\d+)", used.with_name("memory.stat").read_text())
            dropped = int(files[1]) if files else 0  # the system lets go of files that it keeps in memory
            found.append(max(0, int(limit.read_text()) - int(used.read_text()) + dropped))
    return min(found)


def limit_of(memory_limit: int | str | None) -> int:
    """Turn what a user may give into bytes.

    Parameters
    ----------
    memory_limit
        Bytes, a text such as ``"4GiB"``, or None for `DEFAULT_PART` of what is available.

    Raises
    ------
    ValueError
        If it is none of these, or not positive.

    Examples
    --------
    >>> limit_of("1 GiB")
    1073741824
    """
    wanted = options.memory_limit if memory_limit is None else memory_limit
    if wanted is None:
        return int(available() * DEFAULT_PART)
    return bytes_given(wanted, "memory_limit")


def bytes_given(wanted: Any, name: str) -> int:
    """Turn a number or text that a user gave for `name` into bytes.

    Raises
    ------
    ValueError
        If it is neither, or not positive.
    """
    try:
        found = parse_bytes(wanted) if isinstance(wanted, int | str) and not isinstance(wanted, bool) else 0
    except ValueError:
        found = 0
    if found <= 0:
        raise ValueError(f"{name} must be bytes or a text such as '4GiB', got {wanted!r}")
    return int(found)


class MemoryKeeper:
    """Keeps the values of a scheduler's tasks in a `SpillBuffer`; see `mars_nb.scheduler.Keeper`.

    Parameters
    ----------
    buffer
        Where the values are.
    """

    def __init__(self, buffer: SpillBuffer) -> None:
        self._buffer = buffer
        self.limit = buffer.limit

    def hold(self, value: Any) -> Any:
        """Give what stands for a value."""
        if type(value) is Pieces:
            value.keep(partial(self._buffer.hold, fresh=True), self.get)
            return value
        if type(value) is Noticed:
            held = self._buffer.hold(value.value)
            for take in value.takers:
                take(held)
            return held
        return self._buffer.hold(value)

    def get(self, held: Any) -> Any:
        """Give the value that something stands for."""
        return held.get() if type(held) is Held else held


def new_buffer(limit: int) -> SpillBuffer:
    """Make the buffer of a session whose memory is limited to so many bytes."""
    return SpillBuffer(int(limit * KEPT_PART), sizeof, options.spill_directory, described)


def description_of(chunk: Any) -> tuple[type, tuple[int, ...]]:
    """Tell type and shape of a chunk, wherever it is."""
    return chunk.note if type(chunk) is Held else described(chunk)


def spilled_bytes(chunk: Any) -> int:
    """Tell the bytes of a chunk that is on disk only, 0 for one in memory."""
    return chunk.nbytes if type(chunk) is Held and chunk.spilled else 0


def bytes_of(chunk: Any) -> int:
    """Tell the bytes of a chunk, wherever it is."""
    return chunk.nbytes if type(chunk) is Held else int(sizeof(chunk))
