"""In the background: executes that start and do not wait, and waiting for what runs instead of computing it twice.

Concurrency
-----------
Whether executes wait is a context variable: it holds for the code inside ``with background()`` and the asynchronous
tasks that it starts, not for chunk tasks. Nothing here has a lock. What `after` calls runs on the thread that ended the
last task.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar, copy_context
from typing import TYPE_CHECKING

from mars_nb.scheduler.run import Worker

if TYPE_CHECKING:
    from mars_nb.session.task import Task

_started: ContextVar[list[Task] | None] = ContextVar("mars_nb_background", default=None)


@contextmanager
def background() -> Iterator[list[Task]]:
    """Let ``execute()`` start and not wait, in a ``with`` block; it gives the object as ever, not a task.

    Code that needs a result, such as ``fetch()`` or ``float()``, waits for it. ``wait=`` has its say as ever.

    Yields
    ------
    list of Task
        What was started in the block.

    Examples
    --------
    >>> import mars_nb, mars_nb.tensor as mt
    >>> with mars_nb.background() as tasks:
    ...     total = mt.ones(1000).sum().execute()
    >>> total.fetch(), len(tasks)
    (np.float64(1000.0), 1)
    """
    tasks: list[Task] = []
    token = _started.set(tasks)
    try:
        yield tasks
    finally:
        with suppress(ValueError):  # left in another context, as by cells that await: it was set in theirs only
            _started.reset(token)


def collector() -> list[Task] | None:
    """Give the list of what the `background` block around us started; None outside of one."""
    return _started.get()


def in_foreground(start: Callable[[], object]) -> None:
    """Start something as if outside of the `background` block around us: its chunk tasks get our context."""
    if _started.get() is None:
        start()
        return
    token = _started.set(None)
    try:
        start()
    finally:
        _started.reset(token)


def may_wait() -> bool:
    """Tell whether this thread may wait for tasks: one that carries chunk tasks out would wait for itself."""
    return not isinstance(threading.current_thread(), Worker)


def wait_for(tasks: Sequence[Task]) -> None:
    """Wait until tasks are over, however they end."""
    for task in tasks:
        with suppress(Exception):  # it is of no interest here why there is no result
            task.result()


def after(tasks: Sequence[Task], call: Callable[[], object]) -> None:
    """Call when all tasks are over, in a copy of this context. At once if they are."""
    context = copy_context()
    left = itertools.count(len(tasks) - 1, -1)  # one step of an iterator is atomic

    def over(_: object) -> None:
        if next(left) == 0:
            context.run(call)

    if not tasks:
        call()
    for task in tasks:
        task.add_done_callback(over)
