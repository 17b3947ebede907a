"""The private directory that values are spilled to.

It is made when first needed, readable by its owner alone, named after the process, and removed when the process ends.
What processes left behind that were killed is removed when the next one makes its own.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import tempfile

import psutil

_PREFIX = "mars_nb-spill-"
_NAME = re.compile(re.escape(_PREFIX) + r"(?P<pid>\d+)-(?P<started>\d+)-.*")


def make(parent: str | None = None) -> str:
    """Make a directory of this process's own, and remove those of dead processes.

    Parameters
    ----------
    parent
        Where; the system's directory for temporary files if not given.

    Raises
    ------
    OSError
        If it cannot be made.
    """
    place = parent or tempfile.gettempdir()
    remove_leftovers(place)
    return tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-{_started(os.getpid())}-", dir=place)


def remove(directory: str) -> None:
    """Remove a directory of this process's own."""
    shutil.rmtree(directory, ignore_errors=True)


def remove_leftovers(place: str) -> None:
    """Remove directories of this user's processes that are dead."""
    with contextlib.suppress(OSError), os.scandir(place) as entries:
        for entry in entries:
            found = _NAME.fullmatch(entry.name)
            if found and not _alive(int(found["pid"]), int(found["started"])) and _own(entry):
                shutil.rmtree(entry.path, ignore_errors=True)


def _own(entry: os.DirEntry[str]) -> bool:
    with contextlib.suppress(OSError):
        return not hasattr(os, "getuid") or entry.stat(follow_symlinks=False).st_uid == os.getuid()
    return False


def _alive(pid: int, started: int) -> bool:
    """Tell whether a process lives; its start tells it from a later one with the same number."""
    return started == _started(pid)


def _started(pid: int) -> int | None:
    try:
        return int(psutil.Process(pid).create_time())
    except psutil.Error:
        return None
