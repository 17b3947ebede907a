"""Dask's task graphs as chunk tasks.

The one place that touches a private part of Dask: ``dask._task_spec.convert_legacy_graph`` turns the documented tuple form of a graph into
task objects, and there is no public name for it yet. `tests/planner/test_taskspec.py` tells when that changes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from dask._task_spec import Alias, convert_legacy_graph

from mars_nb.graph.node import Node
from mars_nb.planner.layout import ChunkKey
from mars_nb.scheduler.state import ChunkTask


class _Call:
    """Calls a Dask task with the values of its inputs."""

    __slots__ = ("inputs", "task")

    def __init__(self, task: Any, inputs: tuple[ChunkKey, ...]) -> None:
        self.task = task
        self.inputs = inputs

    def __call__(self, *values: Any) -> Any:
        return self.task(dict(zip(self.inputs, values, strict=True)))


def chunk_tasks(
    dask_graph: Mapping[Any, Any], placeholders: Mapping[Any, ChunkKey], node: Node, outputs: Iterable[Any]
) -> tuple[dict[ChunkKey, ChunkTask], Callable[[Any], ChunkKey]]:
    """Turn a Dask graph into chunk tasks that belong to `node`.

    Parameters
    ----------
    dask_graph
        Tasks in any form that Dask has.
    placeholders
        Keys of the Dask graph that stand for chunks of ours.
    outputs
        Keys of the Dask graph that are wanted; what they do not need is left out.

    Returns
    -------
    tuple
        The chunk tasks, and a function from a key of Dask's to the key of ours.
    """
    tasks = convert_legacy_graph(
        {key: task for key, task in dask_graph.items() if key not in placeholders}, all_keys=set(dask_graph)
    )

    def ours(key: Any) -> ChunkKey:
        while key not in placeholders:
            task = tasks[key]
            if not isinstance(task, Alias):
                return (node.key, key)
            (key,) = task.dependencies
        return placeholders[key]

    found: dict[ChunkKey, ChunkTask] = {}
    stack = list(outputs)
    while stack:
        key = stack.pop()
        if key in placeholders or ours(key) in found:
            continue
        task = tasks[key]
        inputs = tuple(task.dependencies)
        stack.extend(inputs)
        if not isinstance(task, Alias):
            found[ours(key)] = ChunkTask(_Call(task, inputs), tuple(map(ours, inputs)), node)
    return found, ours
