"""The state of one run: which chunk tasks wait, which are ready, which values are still needed.

Pure: no thread, no clock, no I/O. Events go in (`RunState.take`, `RunState.finish`), what to do comes out. A caller
with several threads guards each call by one lock; every call is short.

The order is depth first. Tasks are numbered in the order in which a walk from the outputs leaves them behind, and of
the ready tasks the lowest number runs next: a chain is finished before a new source is begun, so few values are held
at a time. Numbering is linear in the number of edges.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Mapping
from dataclasses import dataclass
from heapq import heappop, heappush
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


@dataclass(slots=True, eq=False)
class Counts:
    """How far one operation is.

    Attributes
    ----------
    total, done, running
        Numbers of chunk tasks.
    seconds
        What the tasks that are done took together, as the caller of `RunState.finish` said.
    under_way
        Seconds since the running tasks began, together.
    part
        What parts of the running tasks are done, together, as far as they told; see `mars_nb.scheduler.inside`.
    """

    total: int = 0
    done: int = 0
    running: int = 0
    seconds: float = 0.0
    under_way: float = 0.0
    part: float = 0.0


class RunState:
    """The state of one run.

    Inside, tasks are known by their number in the order, so that all tables are lists and the ready tasks a heap of
    integers.

    Parameters
    ----------
    graph
        Chunk tasks by key. Tasks that no output needs are left out.
    outputs
        Keys whose values are wanted.
    counted_as
        Tells, once for each operation, what its tasks are counted under; if not given the operation itself.

    Attributes
    ----------
    keys : list
        Keys of all tasks in order: a task's number is its place here.
    tasks : list of ChunkTask
        The tasks in the same order.
    values : dict
        By number, the values that are wanted or still needed by a task that has not run.
    counts : dict
        `Counts` by operation, or what these are counted under.
    counted : list
        Those of each task, in the same order.
    unfinished : int
        Number of tasks.
    live : int
        Bytes of the values that are only there for tasks that have not run, as far as the values tell their ``nbytes``.

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
    >>> first = state.take()
    >>> state.keys[first], state.finish(first, 1)
    ('x', 1)
    >>> state.keys[state.take()]
    'y'
    """

    def __init__(
        self, graph: Graph, outputs: Iterable[Key], counted_as: Callable[[Hashable], Hashable] | None = None
    ) -> None:
        wanted = list(outputs)
        numbers = order(graph, wanted)
        self.keys = list(numbers)
        self.tasks = tasks = [graph[key] for key in self.keys]
        self.values: dict[int, Any] = {}
        self.counts: dict[Hashable, Counts] = {}
        self.unfinished = len(tasks)
        self._outputs = {numbers[key] for key in wanted}
        self.live = 0
        self._stopped = False
        self._ready: list[int] = []
        self._sources: list[int] = []  # ready, too, but without inputs: they bring new values into being
        self._working = 0  # running tasks that are no sources
        self._waiting = waiting = [0] * len(tasks)  # number of inputs that are not there yet
        self._inputs: list[Collection[int]] = []  # each once
        self._users: list[list[int] | None] = [None] * len(tasks)
        self.counted: list[Counts] = []
        known: dict[Hashable, Counts] = {}  # by operation
        for number, task in enumerate(tasks):
            inputs = _distinct([numbers[key] for key in task.inputs]) if task.inputs else ()
            self._inputs.append(inputs)
            if inputs:
                waiting[number] = len(inputs)
                for needed in inputs:
                    users = self._users[needed]
                    if users is None:
                        self._users[needed] = [number]
                    else:
                        users.append(number)
            else:
                self._sources.append(number)  # in order, so it is a heap
            counts = known.get(task.operation)
            if counts is None:
                name = task.operation if counted_as is None else counted_as(task.operation)
                counts = known[task.operation] = self.counts.setdefault(name, Counts())
            counts.total += 1
            self.counted.append(counts)
        self._needed = [0 if users is None else len(users) for users in self._users]  # by tasks that have not run
        self._numbers = numbers

    @property
    def ready(self) -> int:
        """Number of tasks that could run now."""
        return len(self._ready) + len(self._sources)

    def can_take(self, crowded: bool = False) -> bool:
        """Tell whether a task may be taken.

        Parameters
        ----------
        crowded
            Whether memory is short: then no source is begun while a task runs that may use values up.
        """
        return bool(self._ready or (self._sources and not (crowded and self._working)))

    @property
    def over(self) -> bool:
        """Whether nothing is left to run, or nothing more may run."""
        return self._stopped or not self.unfinished

    def take(self, crowded: bool = False) -> int:
        """Give the number of the task to run next; the caller runs it. See `can_take`."""
        ready, sources = self._ready, self._sources
        if ready and (crowded or not sources or ready[0] < sources[0]):
            number = heappop(ready)
            self._working += 1
        else:
            number = heappop(sources)
        self.counted[number].running += 1
        return number

    def arguments(self, number: int) -> list[Any]:
        """Give the values that a taken task needs."""
        inputs = self.tasks[number].inputs
        if not inputs:  # a comprehension takes its time
            return []
        numbers, values = self._numbers, self.values
        return [values[numbers[key]] for key in inputs]

    def finish(self, number: int, value: Any, dropped: list[Any] | None = None, seconds: float = 0.0) -> int:
        """Put a task's value in, and drop values that nobody needs any more.

        Parameters
        ----------
        number, value
            The task, and what it gave.
        dropped
            Takes the dropped values, so that the caller can let them die after letting its lock go.
        seconds
            How long the task took.

        Returns
        -------
        int
            Number of tasks that became ready.
        """
        counts = self._leave(number)
        if self._stopped:
            return 0
        self.unfinished -= 1
        counts.done += 1
        counts.seconds += seconds
        became_ready = 0
        users = self._users[number]
        if users is not None:
            self.values[number] = value
            if number not in self._outputs:
                self.live += _nbytes(value)
            waiting = self._waiting
            for user in users:
                waiting[user] -= 1
                if not waiting[user]:
                    heappush(self._ready, user)
                    became_ready += 1
        elif number in self._outputs:
            self.values[number] = value
        for needed in self._inputs[number]:
            self._needed[needed] -= 1
            if not self._needed[needed] and needed not in self._outputs:
                unneeded = self.values.pop(needed)
                self.live -= _nbytes(unneeded)
                if dropped is not None:
                    dropped.append(unneeded)
        return became_ready

    def fail(self, number: int) -> None:
        """Take note that a task raised: nothing more is run. `stop` gives the values."""
        self._leave(number)
        self._end()

    def _leave(self, number: int) -> Counts:
        counts = self.counted[number]
        counts.running -= 1
        if self._inputs[number]:
            self._working -= 1
        return counts

    def stop(self) -> dict[int, Any]:
        """Let nothing more run, and give up all values: they are returned, to die without the caller's lock."""
        self._end()
        values, self.values = self.values, {}
        self.live = 0
        return values

    def _end(self) -> None:
        self._stopped = True
        self._ready.clear()
        self._sources.clear()

    def results(self) -> dict[Key, Any]:
        """Give the outputs' values by key, when all has run."""
        return {self.keys[number]: self.values[number] for number in self._outputs}


def _nbytes(value: Any) -> int:
    """Tell the bytes of a value if it tells them; a class of the user's may do whatever it wants when asked."""
    try:
        found = getattr(value, "nbytes", 0)
    except Exception:
        return 0
    return found if type(found) is int else 0


def _distinct(numbers: list[int]) -> Collection[int]:
    return numbers if len(numbers) == 1 else set(numbers)


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
    path: set[Key] = set()  # whose inputs are being numbered
    for output in outputs:
        stack = [output]
        while stack:
            key = stack[-1]
            if key in numbers:
                stack.pop()
                continue
            inputs = graph[key].inputs
            if not inputs or key in path:
                stack.pop()
                path.discard(key)
                numbers[key] = len(numbers)
                continue
            path.add(key)
            for needed in reversed(inputs):
                if needed not in numbers:
                    if needed in path:
                        raise ValueError(f"the graph has a circle through {needed!r}")
                    stack.append(needed)
    return numbers
