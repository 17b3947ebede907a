"""The state of one run: which chunk tasks wait, which are ready, which values are still needed.

Pure: no thread, no clock, no I/O. Events go in (`RunState.take`, `RunState.finish`), what to do comes out. A caller
with several threads guards each call by one lock; every call is short.

The order is depth first. Tasks are numbered in the order in which a walk from the outputs leaves them behind, and of
the ready tasks the lowest number runs next: a chain is finished before a new source is begun, so few values are held
at a time. Numbering is linear in the number of edges.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

Key = Hashable


class ChunkTask(NamedTuple):
    """A unit of work.

    Attributes
    ----------
    function
        Called with the values of `inputs`, in order.
    inputs
        Keys of the tasks whose values are needed.
    operation
        What the task belongs to; progress is counted by it.
    """

    function: Callable[..., Any]
    inputs: tuple[Key, ...] = ()
    operation: Hashable = None


Graph = Mapping[Key, ChunkTask]


@dataclass
class Counts:
    """How far one operation is.

    Attributes
    ----------
    total, done, running
        Numbers of chunk tasks.
    """

    total: int = 0
    done: int = 0
    running: int = 0


class RunState:
    """The state of one run.

    Parameters
    ----------
    graph
        Chunk tasks by key. Tasks that no output needs are left out.
    outputs
        Keys whose values are wanted.

    Attributes
    ----------
    values : dict
        Values that are wanted or still needed by a task that has not run.
    counts : dict
        `Counts` by operation.

    Raises
    ------
    KeyError
        If a task needs a key that the graph lacks.
    ValueError
        If tasks need one another in a circle.

    Examples
    --------
    >>> from mars_nb.scheduler.state import ChunkTask, RunState
    >>> state = RunState({"x": ChunkTask(lambda: 1), "y": ChunkTask(lambda x: x + 1, ("x",))}, ["y"])
    >>> state.take()
    'x'
    >>> state.finish("x", 1)
    1
    >>> state.take()
    'y'
    """

    def __init__(self, graph: Graph, outputs: Iterable[Key]) -> None:
        self.graph = graph
        self.outputs = frozenset(outputs)
        self.values: dict[Key, Any] = {}
        self.counts: dict[Hashable, Counts] = {}
        self._order = order(graph, self.outputs)
        self._waiting: dict[Key, int] = {}  # number of inputs that are not there yet
        self._users: dict[Key, list[Key]] = {key: [] for key in self._order}
        self._needed: dict[Key, int] = {}  # number of tasks that have yet to use the value
        self._ready: list[tuple[int, Key]] = []
        self._stopped = False
        self.unfinished = len(self._order)
        self.running = 0
        for key, number in self._order.items():
            task = graph[key]
            inputs = set(task.inputs)
            self._waiting[key] = len(inputs)
            for needed in inputs:
                self._users[needed].append(key)
            if not inputs:
                self._ready.append((number, key))
            self.counts.setdefault(task.operation, Counts()).total += 1
        for key, users in self._users.items():
            self._needed[key] = len(users)
        heapq.heapify(self._ready)

    @property
    def ready(self) -> int:
        """Number of tasks that could run now."""
        return 0 if self._stopped else len(self._ready)

    @property
    def over(self) -> bool:
        """Whether nothing is left to run, or nothing more may run."""
        return self._stopped or not self.unfinished

    def take(self) -> Key:
        """Give the task to run next; the caller runs it."""
        _, key = heapq.heappop(self._ready)
        self.running += 1
        self.counts[self.graph[key].operation].running += 1
        return key

    def arguments(self, key: Key) -> list[Any]:
        """Give the values that a taken task needs."""
        return [self.values[needed] for needed in self.graph[key].inputs]

    def finish(self, key: Key, value: Any) -> int:
        """Put a task's value in, and drop values that nobody needs any more.

        Returns
        -------
        int
            Number of tasks that became ready.
        """
        self._leave(key)
        if self._stopped:
            return 0
        self.unfinished -= 1
        self.counts[self.graph[key].operation].done += 1
        if self._needed[key] or key in self.outputs:
            self.values[key] = value
        became_ready = 0
        for user in self._users[key]:
            self._waiting[user] -= 1
            if not self._waiting[user]:
                heapq.heappush(self._ready, (self._order[user], user))
                became_ready += 1
        for needed in set(self.graph[key].inputs):
            self._needed[needed] -= 1
            if not self._needed[needed] and needed not in self.outputs:
                del self.values[needed]
        return became_ready

    def fail(self, key: Key) -> None:
        """Take note that a task raised: nothing more is run."""
        self._leave(key)
        self.stop()

    def stop(self) -> None:
        """Let nothing more run, and drop all values."""
        self._stopped = True
        self._ready.clear()
        self.values.clear()

    def _leave(self, key: Key) -> None:
        self.running -= 1
        self.counts[self.graph[key].operation].running -= 1


@dataclass
class _Visit:
    key: Key
    inputs: list[Key] = field(default_factory=list)


def order(graph: Graph, outputs: Iterable[Key]) -> dict[Key, int]:
    """Give a number to each task that the outputs need, depth first: inputs before what uses them.

    Raises
    ------
    KeyError
        If a task needs a key that the graph lacks.
    ValueError
        If tasks need one another in a circle.
    """
    numbers: dict[Key, int] = {}
    open_: set[Key] = set()
    for output in sorted(outputs, key=str):
        stack = [] if output in numbers else [_Visit(output, list(graph[output].inputs)[::-1])]
        open_.update(visit.key for visit in stack)
        while stack:
            visit = stack[-1]
            while visit.inputs and visit.inputs[-1] in numbers:
                visit.inputs.pop()
            if not visit.inputs:
                stack.pop()
                open_.discard(visit.key)
                numbers[visit.key] = len(numbers)
                continue
            needed = visit.inputs[-1]
            if needed in open_:
                raise ValueError(f"the graph has a circle through {needed!r}")
            open_.add(needed)
            stack.append(_Visit(needed, list(graph[needed].inputs)[::-1]))
    return numbers
