"""The thread that tells panels what there is.

Concurrency
-----------
- One daemon thread, while a panel is visible or somebody said something. It alone uses the collector and the panels;
  what others want of a panel they put into its queue.
- It sleeps until it is told of a change; only while tasks run it looks by itself. Between two looks is a pause, longer
  where looking is costly.
- `changed` may be called by the garbage collector, in any thread at any moment: it takes no lock. `queue.SimpleQueue`
  is made for that, and the set of sessions that changed is only used by single operations, which are atomic. A session
  is taken out of it before it is looked at, so no change is missed.
- The lock guards whether there is a thread. Nothing is collected or sent with it held.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

from mars_nb.notebook.sidebar import entries, known
from mars_nb.notebook.sidebar.collector import Collector
from mars_nb.notebook.sidebar.following import Following
from mars_nb.notebook.sidebar.pace import MOST_SHARE, Pace
from mars_nb.notebook.sidebar.panel import Panel

if TYPE_CHECKING:
    from mars_nb.notebook.sidebar.messages import Followed
    from mars_nb.session.timeline import Timeline

_log = logging.getLogger(__name__)

#: Seconds after which is looked once more at what has changed: memory is given back a moment after a task's end.
SETTLE = 0.5
#: Seconds after which is looked again if that failed.
AGAIN = 1.0

Send = Callable[[Any], object]


class Feed:
    """Tells panels what there is.

    Parameters
    ----------
    collector
        Tells what there is.
    pace
        How often that may be.
    """

    def __init__(self, collector: Collector, pace: Pace | None = None) -> None:
        self._collector = collector
        self._pace = pace or Pace(MOST_SHARE)
        self._queue: SimpleQueue[Callable[[], object]] = SimpleQueue()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        # Written by the thread, read by others: whom to tell, and whether anybody wants to know all.
        self._panels: dict[Panel, tuple[Send, Following]] = {}
        self._watched = False
        self._changed: set[Any] = set()
        # The thread's own: what else to look at, and when.
        self._unsettled: set[Any] = set()
        self._names = False
        self._due: float | None = None

    # --- any thread ----------------------------------------------------------------------------------

    def changed(self, session: Any) -> None:
        """Take note of a change: for `mars_nb.graph.runtime.on_change`."""
        if session is not None:
            if self._watched and session not in self._changed:
                self._changed.add(session)
                self._queue.put(bool)  # nothing to do but to wake up
        elif self._panels:  # never by the garbage collector
            self.post(bool)

    def cell_over(self, *_: Any) -> None:
        """Take note that a cell is over: for IPython's event ``post_run_cell``."""
        if self._watched:
            self._queue.put(self._look_at_names)

    def open(self, panel: Panel, send: Send) -> None:
        """Tell a panel from now on."""
        self.post(lambda: self._panels.update({panel: (send, Following(_timeline, _groups))}))

    def close(self, panel: Panel) -> None:
        """Tell a panel no more."""
        self.post(lambda: self._panels.pop(panel, None))

    def post(self, call: Callable[[], object]) -> None:
        """Do something with a panel, on the thread, and tell panels what is new then."""
        self._queue.put(call)
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="mars_nb-sidebar", daemon=True)
                self._thread.start()

    def stop(self) -> None:
        """Forget all panels, and wait until the thread has ended."""
        self.post(self._panels.clear)
        thread = self._thread
        if thread is not None:
            thread.join()

    # --- the thread ----------------------------------------------------------------------------------

    def _run(self) -> None:
        while self._take():
            try:
                with self._pace.working():
                    wait = self._tell()
            except Exception:
                _log.debug("the sidebar cannot be told", exc_info=True)
                self._collector.clear()
                wait = AGAIN
            self._due = None if wait is None else time.monotonic() + max(wait, self._pace.wait)

    def _take(self) -> bool:
        """Take in what comes until it is time to tell panels; False if there is nothing to do any more."""
        while True:
            with self._lock:
                if self._due is None and not self._watched and self._queue.empty():
                    self._thread = None
                    return False
            try:
                call = self._queue.get(timeout=None if self._due is None else max(0.0, self._due - time.monotonic()))
            except Empty:
                return True
            call()
            self._watched = any(panel.listens for panel in self._panels)
            soon = time.monotonic() + self._pace.wait
            self._due = soon if self._due is None else min(self._due, soon)

    def _look_at_names(self) -> None:
        self._names = True

    def _tell(self) -> float | None:
        """Tell panels what is new; gives the seconds after which to look again though nobody tells us, if at all."""
        wait = self._tell_all() if self._watched else None
        self._watched = any(panel.listens for panel in self._panels)
        default = known.default()
        for panel, (send, _) in self._panels.items():
            message = None if panel.visible else panel.tell_default("" if default is None else default.name)
            if message is not None:
                send(message)
        if self._watched:
            return wait
        self._collector.clear()  # changes are not heard of from now on
        self._changed.clear()
        return None

    def _tell_all(self) -> float | None:
        changed = set()
        while self._changed:
            changed.add(self._changed.pop())
        before, self._unsettled = self._unsettled, changed
        names, self._names = self._names, False
        state = self._collector.collect(changed | before, names)
        waits = [self._collector.wait, SETTLE if self._unsettled else None]
        now = time.time()
        for panel, (send, following) in self._panels.items():
            if not panel.listens:
                continue
            if panel.is_lost:
                following.restart()
                message = panel.tell(state, now)
                waits.append(0.0 if panel.follows else None)
            else:
                message = panel.tell(state, now, following.next(panel.follows))
                waits.append(0.0 if following.more else None)
            if message is not None:
                send(message)
        return min((wait for wait in waits if wait is not None), default=None)


def _timeline(followed: Followed) -> Timeline | None:
    session = known.find(followed["session"])
    return None if session is None else session.timeline(followed["task"])


def _groups(followed: Followed) -> dict[str, str]:
    session = known.find(followed["session"])
    infos = () if session is None else session.tasks
    found = (entries.groups(info.operations) for info in infos if info.number == followed["task"])
    return {one.key: group[0].key for groups in found for group in groups for one in group}
