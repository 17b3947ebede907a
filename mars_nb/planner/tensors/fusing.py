"""Chunk tasks of arrays are put together where one takes what others give and nobody else does; see `blocks`.

From the last task to the first, each joins the tasks that take its value if these are one group already. A random
array is drawn tile by tile, so blocks end where its tiles do. A reduction of lines can be in the midst of a group if
no block cuts the lines; others can be at its end.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from mars_nb.planner.layout import ChunkKey
from mars_nb.planner.tensors.blocks import Axes, Blocks, Part
from mars_nb.planner.tensors.works import Drawn, Fold, Step
from mars_nb.scheduler.state import ChunkTask
from mars_nb.tensor.tiles import tiles_of

# Operations in one task, at most: a task should not take long.
_MOST = 64
_WORKS = (Step, Fold, Drawn)


def fused(graph: Mapping[ChunkKey, ChunkTask], kept: Collection[ChunkKey]) -> Mapping[ChunkKey, ChunkTask]:
    """Put chunk tasks together.

    Parameters
    ----------
    graph
        Chunk tasks by key. Those that can be put together come after those whose values they take.
    kept
        Keys of the values that are wanted for themselves. What they do not need is left out.

    Examples
    --------
    >>> import numpy as np
    >>> from mars_nb.graph.node import Data, Node, Source
    >>> from mars_nb.graph.meta import ObjectMeta
    >>> from mars_nb.planner.tensors.works import Slot
    >>> node = Node(Source("data"), (Data(0),), {}, "Data", ObjectMeta())
    >>> double = Step(np.multiply, (Slot(0), 2), {}, True, (3,))
    >>> graph = {"x": ChunkTask(lambda: np.arange(3), (), node), "y": ChunkTask(double, ("x",), node)}
    >>> graph["z"] = ChunkTask(double, ("y",), node)
    >>> found = fused(graph, ["z"])
    >>> sorted(found), found["z"].inputs, found["z"].function(np.arange(3))
    (['x', 'z'], ('x',), array([0, 4, 8]))
    """
    own = [key for key, task in graph.items() if isinstance(task.function, _WORKS)]
    if not own:
        return graph
    users: dict[ChunkKey, list[ChunkKey]] = defaultdict(list)
    wanted, needed = set(kept), dict.fromkeys(kept)
    for key in (todo := list(needed)):  # which grows meanwhile
        for input_ in graph[key].inputs:
            users[input_].append(key)
            if input_ not in needed:
                needed[input_] = None
                todo.append(input_)
    own = [key for key in own if key in needed]
    groups: dict[ChunkKey, _Group] = {}
    for key in reversed(own):
        group = None if key in wanted else _common([groups.get(user) for user in users[key]])
        if group is None or not group.join(key, graph[key], users[key]):
            group = _Group(key, graph[key])
        groups[key] = group
    found = {key: task for key, task in graph.items() if key in needed}
    for group in dict.fromkeys(groups.values()):
        if group.pays:
            for key in group.tasks:
                del found[key]
            found[group.root] = group.task()
    return found


def _common(groups: Sequence[_Group | None]) -> _Group | None:
    first = groups[0] if groups else None
    return first if all(group is first for group in groups) else None


class _Group:
    """Chunk tasks that are to be one.

    Attributes
    ----------
    root
        Key of the last one.
    tasks
        By key, the last one first.
    """

    def __init__(self, root: ChunkKey, task: ChunkTask) -> None:
        work: Any = task.function
        self.root = root
        self.tasks = {root: task}
        self._lengths = list(work.given if isinstance(work, Fold) else work.shape)
        self._spans: dict[int, Sequence[tuple[int, int]]] = {}
        own = tuple(range(len(self._lengths)))
        self._axes: dict[ChunkKey, Axes] = {root: own}  # of what it gives, but of the last reduction: of what it takes
        self._taken: dict[ChunkKey, Axes] = {root: own}  # of what it takes, as far as that is broadcast to it

    @property
    def pays(self) -> bool:
        """Whether to do it block by block is any better."""
        work = self.tasks[self.root].function
        return len(self.tasks) > 1 or (isinstance(work, Fold) and work.way.wants_blocks)

    def join(self, key: ChunkKey, task: ChunkTask, users: Sequence[ChunkKey]) -> bool:
        """Let a task join whose value is taken by tasks of this group alone, if that is possible."""
        work: Any = task.function
        if len(self.tasks) >= _MOST or (isinstance(work, Fold) and not work.exact):
            return False
        ndim = len(work.shape)
        possible = {self._taken[user][len(self._taken[user]) - ndim :] for user in users}
        if len(possible) != 1 or any(len(self._taken[user]) < ndim for user in users):
            return False
        (axes,) = possible
        lengths, spans, taken = list(self._lengths), dict(self._spans), axes
        if isinstance(work, Fold):
            taken = self._before(work, axes, lengths)
            if not _fits(work.given, taken, lengths):
                return False
            spans |= {taken[axis]: [(0, work.given[axis])] for axis in work.axes}
        elif isinstance(work, Drawn):
            bounds = zip(work.spans, work.draw.tile, strict=True)
            spans |= {
                axis: [(start - span[0], stop - span[0]) for start, stop in tiles_of(*span, side)]
                for axis, (span, side) in zip(axes, bounds, strict=True)
            }
            if tuple(lengths[axis] for axis in axes) != work.shape:
                return False
        if any(spans[axis] != along for axis, along in self._spans.items()) or not _fits(work.shape, axes, lengths):
            return False
        self._lengths, self._spans = lengths, spans
        self.tasks[key], self._axes[key], self._taken[key] = task, axes, taken
        return True

    def _before(self, fold: Fold, axes: Axes, lengths: list[int]) -> Axes:
        """Give the axes of what a reduction takes; those that it leaves out are new ones."""
        if fold.keepdims:
            for axis in fold.axes:
                if lengths[axes[axis]] == 1:
                    lengths[axes[axis]] = fold.given[axis]
            return axes
        left, found = iter(axes), []
        for axis, n in enumerate(fold.given):
            if axis in fold.axes:
                found.append(len(lengths))
                lengths.append(n)
            else:
                found.append(next(left))
        return tuple(found)

    def task(self) -> ChunkTask:
        """Make the one task."""
        order = list(self.tasks)[::-1]
        given: dict[tuple[ChunkKey, Axes], int] = {}  # a value may be broadcast in two ways
        for key in order:
            for input_ in self.tasks[key].inputs:
                if input_ not in self.tasks:
                    given.setdefault((input_, self._taken[key]), len(given))
        places = {key: len(given) + number for number, key in enumerate(order)}
        parts = []
        for key in order:
            inputs = self.tasks[key].inputs
            takes = [places[i] if i in places else given[i, self._taken[key]] for i in inputs]
            parts.append(Part(self.tasks[key].function, tuple(takes), self._axes[key]))  # type: ignore[arg-type]
        nodes: list[Any] = [self.tasks[key].operation for key in order]
        work = Blocks(parts, [axes for _, axes in given], self._lengths, self._spans, nodes)
        return ChunkTask(work, tuple(input_ for input_, _ in given), nodes[-1])


def _fits(shape: Sequence[int], axes: Axes, lengths: Sequence[int]) -> bool:
    return all(n in (1, lengths[axis]) for n, axis in zip(shape, axes, strict=True))
