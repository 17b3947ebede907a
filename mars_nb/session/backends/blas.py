"""Numeric libraries with threads of their own: one thread each while chunk tasks run side by side, else all.

A matrix product takes all cores by itself. Two at a time on as many threads each would fight for the cores, so BLAS
and OpenMP are held to one thread as long as two or more workers are busy, in any sessions of this process, and get back
what they had when one worker is left or none. Programs of single chunks never come here.

Concurrency
-----------
- ``_lock`` is held for the counts and for setting numbers of threads, which takes microseconds. Schedulers call
  `ThreadGauge.busy` with their own lock held, so nothing here may call a scheduler.
- Libraries are searched in `ThreadGauge.prepare` (milliseconds), without a scheduler's lock.
- BLAS has one number for the process: whoever notes the change sets it. OpenMP has one for each thread: workers set
  their own before their next task (`ThreadGauge.follow`).
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from typing import Protocol

#: Seconds for each change that is followed, and how many may come at once. Trivial tasks may change between one and
#: several workers 50,000 times a second; a change takes about 5 us.
INTERVAL, BURST = 0.005, 20


class Library(Protocol):
    """What `threadpoolctl` has for a library."""

    user_api: str
    filepath: str

    def get_num_threads(self) -> int | None:
        """Tell how many threads it uses; None if it does not say."""

    def set_num_threads(self, num_threads: int) -> object:
        """Change that."""


class ThreadGauge:
    """Holds numeric libraries to one thread while several workers are busy; see `mars_nb.scheduler.Gauge`.

    Parameters
    ----------
    clock
        Gives seconds.

    Attributes
    ----------
    turn : int
        Odd while OpenMP is held back. Stays as it is without OpenMP.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.turn = 0
        self._clock = clock
        self._saved, self._counted = float(BURST), clock()  # changes to one worker that may be followed, and since when
        self._lock = threading.Lock()
        self._workers: dict[int, int] = {}  # busy ones, by scheduler
        self._modules = 0  # that were loaded when the libraries were looked for
        self._blas: list[Library] = []
        self._openmp: list[Library] = []
        self._found: list[tuple[Library, int]] = []  # what BLAS had when the first two workers were busy
        self._held = False
        self._of_thread = threading.local()

    def prepare(self) -> None:
        """Look for libraries, if some may have been loaded since the last time."""
        modules = len(sys.modules)
        if modules != self._modules:
            libraries = _loaded()
            with self._lock:
                self._modules = modules
                self._blas = _more(self._blas, libraries, "blas")
                self._openmp = _more(self._openmp, libraries, "openmp")
                if self._held:
                    self._hold()

    def busy(self, scheduler: object, workers: int) -> float:
        """Take note of how many workers of a scheduler are busy; see `Gauge.busy`."""
        with self._lock:
            if workers > 0:
                self._workers[id(scheduler)] = workers
            else:
                self._workers.pop(id(scheduler), None)
            if len(self._workers) > 1 or workers > 1:
                if not self._held:
                    self._change(True)
            elif not self._workers:
                if self._held:
                    self._change(False)
                elif self._found:
                    self._give_back()  # what a task changed, and put back too late
                self._found = []
            elif self._held:
                if not self._affordable():
                    return INTERVAL
                self._change(False)
        return 0.0

    def _affordable(self) -> bool:
        """Tell whether to follow a change; when there are very many only some are followed."""
        now = self._clock()
        self._saved = min(BURST, self._saved + (now - self._counted) / INTERVAL)
        self._counted = now
        if self._saved < 1:
            return False
        self._saved -= 1
        return True

    def _change(self, hold: bool) -> None:
        self._held = hold
        if hold:
            self._hold()
        else:
            self._give_back()
        if self._openmp and self.turn % 2 != hold:
            self.turn += 1

    def _hold(self) -> None:
        known = [library for library, _ in self._found]
        self._found += [(library, library.get_num_threads() or 1) for library in self._blas if library not in known]
        for library, number in self._found:
            if number > 1:
                _set(library, 1)

    def _give_back(self) -> None:
        for library, number in self._found:
            if library.get_num_threads() != number:
                _set(library, number)

    def follow(self) -> int:
        """Hold OpenMP back on this thread, or let it go."""
        with self._lock:
            turn, libraries = self.turn, self._openmp
        mine = self._of_thread
        if turn % 2:
            if not hasattr(mine, "found"):  # else it missed a turn
                mine.found = [(library, library.get_num_threads() or 1) for library in libraries]
                for library in libraries:
                    _set(library, 1)
        else:
            for library, number in mine.__dict__.pop("found", []):
                _set(library, number)
        return turn


def _more(known: list[Library], libraries: list[Library], user_api: str) -> list[Library]:
    """Add libraries of a kind: one object for each, so that what was found of it stays known."""
    paths = {library.filepath for library in known}
    return [*known, *(found for found in libraries if found.user_api == user_api and found.filepath not in paths)]


def _set(library: Library, number: int) -> None:
    # Since 3.8 threadpoolctl lets one thread only change OpenBLAS, until that one gives it up. We change it on the
    # thread that notes the need, and a limit that the user set in a block is put back all the same.
    release: Callable[..., object] = getattr(library, "clear_controlling_thread", lambda force: None)
    release(force=True)
    library.set_num_threads(number)
    release(force=True)


def _loaded() -> list[Library]:
    from threadpoolctl import ThreadpoolController

    return list(ThreadpoolController().lib_controllers)


#: For all schedulers of this process, because they share its libraries.
gauge = ThreadGauge()
