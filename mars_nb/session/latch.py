"""What somebody waits for whom an interrupt may call away."""

from __future__ import annotations

import threading
import time

# A signal that comes right before a wait begins does not end it, so an interrupt may have to wait for the next round.
_ROUND_S = 0.05


class Latch:
    """Is opened once, and can be waited for, with interrupts at any moment.

    `threading.Event` is not made for that: an interrupt inside its ``wait`` lets go a lock that by then may be
    another's, and ``set`` fails with "release unlocked lock" (so do `concurrent.futures.wait` and all that stands on
    conditions). A lock by itself is taken and let go in one step.

    Examples
    --------
    >>> latch = Latch()
    >>> latch.wait(0.01)
    False
    >>> latch.open()
    >>> latch.wait()
    True
    """

    def __init__(self) -> None:
        self._is_open = False
        self._lock = threading.Lock()  # taken until it is open
        self._lock.acquire()

    def open(self) -> None:
        """Let all go on who wait. One thread may call it, at the first time; later it does nothing."""
        if not self._is_open:
            self._is_open = True
            self._lock.release()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until it is open, or for so many seconds; tells whether it is."""
        deadline = None if timeout is None else time.monotonic() + timeout
        left = _ROUND_S
        # The lock stays taken when an interrupt comes in between; others see in the next round that it is open.
        while not self._is_open and left > 0:
            if self._lock.acquire(timeout=min(left, _ROUND_S)):
                self._lock.release()
            elif deadline is not None:
                left = deadline - time.monotonic()
        return self._is_open
