"""Ends chunk tasks of cancelled runs on a worker, so that it is free for others: as far as they are Python code.

An exception is raised in the thread that runs the task (``PyThreadState_SetAsyncExc``). It arrives between two steps of
Python; a call into C code, such as a sleep or a matrix product, goes on to its end. A worker may hear of it before Dask
takes the next tasks of the run from its queue: these end as soon as they begin.

Concurrency
-----------
One lock guards the table of running tasks and what was stopped. It is held while an exception is sent, so that none
reaches a thread that has left its task meanwhile.
"""

from __future__ import annotations

import ctypes
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

_lock = threading.Lock()
_running: dict[int, tuple[str, int]] = {}  # session and run, by the thread's identity
_stopped: deque[tuple[str, int]] = deque(maxlen=100)  # the last ones: what they left in a queue goes in no time


class Stopped(BaseException):
    """Is raised in a chunk task whose run was cancelled."""


@contextmanager
def stoppable(session: str, run: int) -> Iterator[None]:
    """Let `stop` end the code inside the block, which then ends in `Stopped`."""
    thread = threading.get_ident()
    with _lock:
        if (session, run) in _stopped:
            raise Stopped
        _running[thread] = session, run
    try:
        yield
    finally:
        with _lock:
            del _running[thread]
        _arrive()


def is_stopped(session: str, run: int) -> bool:
    """Tell whether a run was cancelled."""
    with _lock:
        return (session, run) in _stopped


def _arrive() -> None:
    """Give an exception that was sent the chance to arrive: it does when a function begins."""


def stop(session: str, run: int) -> int:
    """End the chunk tasks of a run in this process; gives the number of threads that were told."""
    with _lock:
        _stopped.append((session, run))
        threads = [thread for thread, inside in _running.items() if inside == (session, run)]
        for thread in threads:
            ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(Stopped))
    return len(threads)
