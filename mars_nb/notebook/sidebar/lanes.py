"""Does things that may wait: in order in each lane, several lanes at a time.

Concurrency
-----------
One lock guards the lanes; nothing is done with it held. The threads are daemons, as what they do may wait for ever, and
end when there is nothing to do.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

#: How many lanes move at a time.
LIMIT = 4

Job = Callable[[], object]


class Lanes:
    """Jobs in lanes.

    Parameters
    ----------
    start
        Starts a thread.

    Examples
    --------
    >>> lanes = Lanes(lambda run: run())
    >>> lanes.put("a", lambda: print("done"))
    done
    """

    def __init__(self, start: Callable[[Callable[[], None]], object] | None = None) -> None:
        self._start = start or _start
        self._lock = threading.Lock()
        self._lanes: dict[str, deque[Job]] = {}  # those that move, and those that wait for a thread
        self._waiting: deque[str] = deque()
        self._threads = 0

    def put(self, lane: str, job: Job) -> None:
        """Do a job after those that are in the lane already. It must not raise."""
        with self._lock:
            if lane in self._lanes:
                self._lanes[lane].append(job)
                return
            self._lanes[lane] = deque([job])
            self._waiting.append(lane)
            if self._threads == LIMIT:
                return
            self._threads += 1
        self._start(self._run)

    def clear(self) -> None:
        """Forget what was not begun."""
        with self._lock:
            for jobs in self._lanes.values():
                jobs.clear()

    def _run(self) -> None:
        while True:
            with self._lock:
                if not self._waiting:
                    self._threads -= 1
                    return
                lane = self._waiting.popleft()
            while True:
                with self._lock:
                    jobs = self._lanes[lane]
                    if not jobs:
                        del self._lanes[lane]
                        break
                    job = jobs.popleft()
                job()
                del job


def _start(run: Callable[[], None]) -> None:
    threading.Thread(target=run, name="mars_nb-sidebar-request", daemon=True).start()
