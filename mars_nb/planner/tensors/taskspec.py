"""Dask's task graphs as chunk tasks.

The one place that touches a private part of Dask: ``dask._task_spec.convert_legacy_graph`` turns the documented tuple
form of a graph into task objects, and there is no public name for it yet. `tests/planner/test_taskspec.py` tells when
that changes.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import Any

from dask._task_spec import convert_legacy_graph
from dask.task_spec import Alias

from mars_nb.graph.node import Node
from mars_nb.planner.layout import ChunkKey
from mars_nb.scheduler.state import ChunkTask


class _Call:
    """Calls a Dask task with the values of its inputs."""

    __slots__ = ("inputs", "task")

    def __init__(self, task: Any, inputs: tuple[Any, ...]) -> None:
        self.task = task
        self.inputs = inputs

    def __call__(self, *values: Any) -> Any:
        __tracebackhide__ = True
        return self.task(dict(zip(self.inputs, values, strict=True)))


def task_objects(dask_graph: Mapping[Any, Any], all_keys: Iterable[Any] | None = None) -> dict[Any, Any]:
    """Give the tasks of a Dask graph, in any form that Dask has, as Dask's task objects.

    Parameters
    ----------
    dask_graph
        Tasks by key.
    all_keys
        What is a key and no text, where that is more than the graph's own keys.
    """
    found: dict[Any, Any] = convert_legacy_graph(dask_graph, None if all_keys is None else set(all_keys))
    return found


def lower(
    tasks: Mapping[Any, Any],
    outputs: Iterable[Any],
    operation: Hashable,
    name: Callable[[Any], ChunkKey],
    placeholders: Mapping[Any, ChunkKey] | None = None,
    *,
    keep_aliases: bool = False,
) -> tuple[dict[ChunkKey, ChunkTask], Callable[[Any], ChunkKey]]:
    """Turn Dask's task objects into chunk tasks.

    Parameters
    ----------
    tasks
        Dask's task objects by Dask's key.
    outputs
        Keys of Dask's that are wanted; what they do not need is left out.
    operation
        What the chunk tasks belong to.
    name
        Gives our key for one of Dask's.
    placeholders
        Keys of Dask's that stand for chunks of ours.
    keep_aliases
        Make a task of an alias too, instead of looking through it.

    Returns
    -------
    tuple
        The chunk tasks, and a function from a key of Dask's to the key of ours.

    Raises
    ------
    KeyError
        If an output is not there.
    ValueError
        If what a task needs is not there, or aliases go round in a circle.
    """
    known = placeholders or {}
    wanted = list(outputs)

    def task_of(key: Any) -> Any:
        try:
            return tasks[key]
        except KeyError:
            if key in wanted:
                raise
            raise ValueError(f"Missing dependency {key!r}") from None

    def ours(key: Any) -> ChunkKey:
        for _ in range(len(tasks) + 1):
            if key in known:
                return known[key]
            task = task_of(key)
            if keep_aliases or not isinstance(task, Alias):
                return name(key)
            key = task.target
        raise ValueError(f"the graph has a circle through {key!r}")

    found: dict[ChunkKey, ChunkTask] = {}
    seen: set[Any] = set()
    stack = list(wanted)
    while stack:
        key = stack.pop()
        if key in known or key in seen:
            continue
        seen.add(key)
        task = task_of(key)
        inputs = tuple(task.dependencies)
        stack.extend(inputs)
        if keep_aliases or not isinstance(task, Alias):
            found[name(key)] = ChunkTask(_Call(task, inputs), tuple(map(ours, inputs)), operation)
    return found, ours


def chunk_tasks(
    dask_graph: Mapping[Any, Any], placeholders: Mapping[Any, ChunkKey], node: Node, outputs: Iterable[Any]
) -> tuple[dict[ChunkKey, ChunkTask], Callable[[Any], ChunkKey]]:
    """Turn a Dask graph into chunk tasks that belong to `node`; see `lower`.

    Parameters
    ----------
    dask_graph
        Tasks in any form that Dask has.
    placeholders
        Keys of the Dask graph that stand for chunks of ours.
    node
        What the chunk tasks belong to; its key is part of theirs.
    outputs
        Keys of the Dask graph that are wanted; what they do not need is left out.
    """
    given = {key: task for key, task in dask_graph.items() if key not in placeholders}
    return lower(task_objects(given, dask_graph), outputs, node, lambda key: (node.key, key), placeholders)
