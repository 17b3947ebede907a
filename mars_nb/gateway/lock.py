"""A file that one process holds for as long as it lives, so that others see whether it does."""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path
from typing import Self

#: Seconds for which somebody who only looks may be in the way.
_PATIENCE_S = 1.0
_UNKNOWN = 0  # it was taken in this moment


class Lock:
    """Holds a file; the system lets it go when the process ends, however that is.

    Parameters
    ----------
    path
        The file; made if it is not there. It holds the process's number.

    Raises
    ------
    BlockingIOError
        If another process holds it.
    """

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        deadline = time.monotonic() + _PATIENCE_S
        while True:
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    os.close(self._file)
                    raise
                time.sleep(0.02)
        os.truncate(self._file, 0)
        os.pwrite(self._file, str(os.getpid()).encode(), 0)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def release(self) -> None:
        """Let go."""
        os.close(self._file)


def holder(path: Path) -> int | None:
    """Give the number of the process that holds a file (0: just now taken), None if nobody does."""
    try:
        file = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return int(os.pread(file, 20, 0) or _UNKNOWN)
    else:
        return None
    finally:
        os.close(file)
