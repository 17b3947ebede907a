"""Follows running tasks and draws them, each as often as its view wants.

Concurrency
-----------
- `follow` is called on the thread that starts a task. It registers the task and returns; a task that is over within
  ``options.progress_after`` costs no more than that.
- One daemon thread for all tasks, the `Ticker`'s, draws those that are due. It is started when first needed and ends
  when there was nothing to follow for a while. It is not woken for each new task: it looks again anyway before that
  task is due.
- The end is drawn on the thread that ends the task, before anybody who waits for the task goes on. So the last line
  stands above what the caller prints next, and the output is complete when the cell is.
- A `Follower`'s lock keeps its view from being drawn by two threads at once. The ticker's lock is never held over
  drawing.
- All drawing happens in a copy of the context of the starting thread: Jupyter sends output to the cell that this
  context belongs to.
- Whatever goes wrong in drawing ends the drawing, never the task.
"""

from __future__ import annotations

import contextvars
import logging
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from mars_nb.config import options
from mars_nb.notebook.choice import choose
from mars_nb.notebook.views import View

if TYPE_CHECKING:
    from mars_nb.session import Snapshot, Task

_log = logging.getLogger(__name__)

#: The share of a processor that drawing a task may take: what is costly to draw is drawn less often.
MOST_SHARE = 0.01
#: Seconds without anything to follow after which the thread ends.
IDLE = 1.0
#: Seconds after which the idle thread looks again: less than tasks are left unshown by default, so that none wakes it.
PAUSE = 0.25


class Follower:
    """Draws one task in one view.

    Parameters
    ----------
    task
        What is drawn.
    view
        Where it is drawn.
    after
        Seconds that a task may take without being shown.
    cost
        Gives the seconds that this thread has worked.

    Attributes
    ----------
    pause
        Seconds until it should be drawn again.
    """

    def __init__(self, task: Task, view: View, after: float, cost: Callable[[], float] = time.thread_time) -> None:
        self.pause = view.period
        self._cost = cost
        self._last = 0.0  # what the last drawing cost
        self._task = task
        self._view = view
        self._after = after
        self._context = contextvars.copy_context()
        self._lock = threading.RLock()
        self._over = False

    def draw(self) -> bool:
        """Draw the task as it stands; tells whether there will be more to draw."""
        with self._lock:
            if self._task.done():
                self.finish(self._task.snapshot())
            elif not self._over:
                began = self._cost()
                self._guarded(self._view.draw, self._task.snapshot())
                last, self._last = self._last, self._cost() - began
                # The lesser of two: now and then one pays for the garbage collector, the first one for imports.
                self.pause = max(self._view.period, min(last, self._last) / MOST_SHARE)
            return not self._over

    def finish(self, snapshot: Snapshot) -> None:
        """Draw the end of the task, if it took long enough. Harmless when that was done already."""
        with self._lock:
            if not self._over and snapshot.elapsed >= self._after:
                self._guarded(self._view.finish, snapshot)
            self._over = True

    def _guarded(self, call: Callable[[Snapshot], None], snapshot: Snapshot) -> None:
        try:
            self._context.run(call, snapshot)
        except Exception:
            _log.debug("progress cannot be shown", exc_info=True)
            self._over = True


def _start(target: Callable[[], None]) -> None:
    threading.Thread(target=target, name="mars_nb-progress", daemon=True).start()


class Ticker:
    """Draws followers when they are due.

    Parameters
    ----------
    clock
        Gives seconds.
    start
        Starts the thread.
    """

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, start: Callable[[Callable[[], None]], None] = _start
    ) -> None:
        self._clock = clock
        self._start = start
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._due: dict[Follower, float] = {}
        self._alive = False  # the thread says so itself: an interrupt may come when it was just started
        self._looks_at = 0.0  # when the thread looks next
        self._idle = IDLE

    def add(self, follower: Follower, after: float) -> None:
        """Draw a follower in so many seconds, and from then on until it is over."""
        due = self._clock() + after
        with self._lock:
            self._due[follower] = due
            self._idle = IDLE
            if not self._alive:
                self._start(self.run)
            if due < self._looks_at:
                self._changed.notify()

    def discard(self, follower: Follower) -> None:
        """Draw a follower no more."""
        with self._lock:
            self._due.pop(follower, None)

    def rest(self) -> None:
        """Let the thread end as soon as there is nothing to follow."""
        with self._lock:
            self._idle = 0.0
            self._changed.notify()

    def draw_due(self) -> bool:
        """Draw what is due; tells whether anything was."""
        with self._lock:
            now = self._clock()
            due = [follower for follower, at in self._due.items() if at <= now]
        for follower in due:
            goes_on = follower.draw()
            with self._lock:
                if not goes_on:
                    self._due.pop(follower, None)
                elif follower in self._due:
                    self._due[follower] = self._clock() + follower.pause
        return bool(due)

    def run(self) -> None:
        """Draw until there is nothing to follow: what the thread does."""
        with self._lock:
            if self._alive:  # there is one already
                return
            self._alive = True
        idle_since = None
        while True:
            if self.draw_due():
                continue
            with self._lock:
                now = self._clock()
                idle_since = None if self._due else idle_since or now
                if idle_since is not None and now - idle_since >= self._idle:
                    self._alive = False
                    return
                # One that is due late may be discarded long before.
                self._looks_at = min([now + (IDLE if self._due else PAUSE), *self._due.values()])
                self._changed.wait(max(0.0, self._looks_at - now))


ticker = Ticker()


def follow(task: Task, wish: bool | str) -> None:
    """Show the progress of a task that was started, if it takes long enough.

    Parameters
    ----------
    task
        What was started, on this thread.
    wish
        What was wished; see `mars_nb.notebook.choice.choose`.
    """
    try:
        view = choose(wish)
        if view is None:
            return
        after = max(options.progress_after, view.after)
        follower = Follower(task, view, after)
        over = False

        def end(snapshot: Snapshot) -> None:
            nonlocal over
            over = True  # first: it may come before the follower is added
            ticker.discard(follower)
            follower.finish(snapshot)

        if task.before_end(end):
            ticker.add(follower, after)
            if over:
                ticker.discard(follower)
    except Exception:
        _log.debug("progress cannot be shown", exc_info=True)
