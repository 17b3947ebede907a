"""What a session remembers: its tasks, and what was executed in it.

Concurrency
-----------
All methods may be called from any thread. One lock guards the tables of tasks; it is not held while others are told of
a change. The table of executed nodes is written by single dictionary operations only, because `forget` is called by the
garbage collector, in any thread at any moment.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from mars_nb.graph import record
from mars_nb.graph.meta import dtype_of
from mars_nb.graph.node import Node
from mars_nb.planner.layout import Layout
from mars_nb.session.backends.base import Backend
from mars_nb.session.snapshot import TaskInfo
from mars_nb.session.task import Task
from mars_nb.session.timeline import Timeline

#: How many ended tasks a session remembers, and of how many of them it knows what ran where and when.
REMEMBERED_TASKS = 100
REMEMBERED_TIMELINES = 5
#: ... as long as so many chunk tasks or less are noted down for them, some 90 bytes each.
_NOTED = 1_000_000


@dataclass(frozen=True, slots=True)
class Result:
    """A result that a session holds.

    Attributes
    ----------
    key
        Names the recorded value; the same as the object's ``key``.
    kind
        Class of the executed object, such as ``DataFrame``.
    label
        The operation's name, such as ``DataFrameSum``.
    dtype
        Of a tensor, series or index; empty for others.
    shape
        Of the value; empty for what has none.
    nbytes
        Bytes of the value in memory, or that it would take there.
    spilled
        How many of them are on disk.
    chunks
        Number of chunks.
    executed_at
        Seconds since the epoch.
    place
        Where it was recorded, such as ``In[3], line 2``.
    names
        Those under which it was published; see `Session.publish`.
    """

    key: str
    kind: str
    label: str
    dtype: str
    shape: tuple[int, ...]
    nbytes: int
    spilled: int
    chunks: int
    executed_at: float
    place: str
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Executed:
    node: Node
    kind: str
    at: float


class History:
    """The tables of one session.

    Parameters
    ----------
    changed
        Is called when a task began or ended, or something was executed.
    """

    def __init__(self, changed: Callable[[], object] = bool) -> None:
        self._changed = changed
        self._lock = threading.Lock()
        self._running: dict[int, Task] = {}
        self._ended: deque[TaskInfo] = deque(maxlen=REMEMBERED_TASKS)
        self._timelines: deque[tuple[int, Timeline]] = deque(maxlen=REMEMBERED_TIMELINES)
        self._executed: dict[str, _Executed] = {}  # by the node's key

    def begin(self, task: Task) -> None:
        """Take note of a task that runs."""
        with self._lock:
            self._running[task.number] = task
        self._changed()

    def end(self, task: Task) -> None:
        """Take note that a task is over."""
        info = task.info()
        with self._lock:
            self._running.pop(task.number, None)
            self._ended.append(info)
            if task.timeline is not None:
                self._remember(task.number, task.timeline)
        self._changed()

    def _remember(self, number: int, timeline: Timeline) -> None:
        self._timelines.append((number, timeline))
        while len(self._timelines) > 1 and sum(one.unread for _, one in self._timelines) > _NOTED:
            self._timelines.popleft()

    def timeline(self, number: int) -> Timeline | None:
        """Find what ran where and when in a task that runs, or was among the last that ended."""
        with self._lock:
            task = self._running.get(number)
            return dict(self._timelines).get(number) if task is None else task.timeline

    @property
    def running(self) -> list[Task]:
        """The tasks that run, oldest first."""
        with self._lock:
            running = list(self._running.values())
        return [task for task in running if not task.done()]  # who waits for a task may hear of its end before this

    @property
    def tasks(self) -> list[TaskInfo]:
        """The tasks that ended last and those that run, oldest first."""
        with self._lock:
            ended, running = list(self._ended), list(self._running.values())
        return [*ended, *(task.info() for task in running)]

    def executed(self, kinds: Mapping[Node, str], at: float | None = None) -> None:
        """Take note of nodes whose values are kept, from now on or since a time, with the classes of their objects."""
        now = time.time() if at is None else at
        self._executed.update({node.key: _Executed(node, kind, now) for node, kind in kinds.items()})
        self._changed()

    def executed_at(self, key: str) -> float | None:
        """Tell when a node was executed, in seconds since the epoch; None if it was not."""
        found = self._executed.get(key)
        return None if found is None else found.at

    def forget(self, key: str) -> None:
        """Forget a node whose value is gone."""
        self._executed.pop(key, None)

    def node(self, key: str) -> Node | None:
        """Find what was executed by its key."""
        found = self._executed.get(key)
        return None if found is None else found.node

    def results(self, backend: Backend, keys: Mapping[str, str]) -> list[Result]:
        """List what was executed and is held by `backend`, oldest first, with the user's names: keys by name."""
        found = []
        names: dict[str, list[str]] = {}
        for name, key in keys.items():
            names.setdefault(key, []).append(name)
        for key, executed in dict(self._executed).items():
            layout = backend.layout(key)
            if layout is not None:
                sizes = backend.nbytes_of(key), backend.spilled_of(key)
                found.append(_listed(executed, layout, *sizes, tuple(names.get(key, ()))))
        return found


def intermediates(backend: Backend) -> list[Result]:
    """List what `backend` computed on the way to results and keeps, oldest first."""
    return [
        _listed(_Executed(node, record.class_of(node.meta).__name__, at), layout, nbytes)
        for node, layout, nbytes, at in backend.intermediates()
    ]


def _listed(executed: _Executed, layout: Layout, nbytes: int, spilled: int = 0, names: tuple[str, ...] = ()) -> Result:
    node = executed.node
    return Result(
        key=node.key,
        kind=executed.kind,
        label=node.label,
        dtype=dtype_of(node.meta),
        shape=layout.shape,
        nbytes=nbytes,
        spilled=spilled,
        chunks=len(layout.keys),
        executed_at=executed.at,
        place="" if node.site is None else node.site.place,
        names=names,
    )
