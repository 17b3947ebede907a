"""Dask collections: sources that come with a graph of their own.

Dask's keys tell values apart, so tasks of the same key are one chunk task, even of several collections.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mars_nb.graph.meta import TensorMeta
from mars_nb.graph.node import Node, Source
from mars_nb.planner.context import Building
from mars_nb.planner.layout import Grid, Layout, Nested, Rows, Single


@dataclass(frozen=True, slots=True, eq=False)
class DaskGraph:
    """What is to be computed for a collection.

    Attributes
    ----------
    graph
        The optimized graph, maybe with tasks that others need.
    keys
        What the collection needs of it, in nested lists.
    finalize
        Makes the collection's value of the keys' values, nested in the same way.
    """

    graph: Mapping[Any, Any]
    keys: Any
    finalize: Callable[[Any], Any]


def graph_of(node: Node) -> DaskGraph | None:
    """Give a collection's graph, None if the node is something else."""
    held = node.args[0] if isinstance(node.op, Source) and node.args else None
    value = getattr(held, "value", None)
    return value if isinstance(value, DaskGraph) else None


def lower(building: Building, node: Node, dask: DaskGraph) -> Nested:
    """Lower a collection with the tasks that Dask made of it."""
    from mars_nb.planner.tensors import taskspec  # loads Dask

    wanted: dict[Any, None] = {}
    _collect(dask.keys, wanted)
    tasks, ours = taskspec.lower(taskspec.task_objects(dask.graph), wanted, node, lambda key: ("dask", key))
    for key, task in tasks.items():
        building.graph.setdefault(key, task)
    positions: dict[Any, int] = {}
    numbers = {key: positions.setdefault(ours(key), len(positions)) for key in wanted}
    names = Counter(map(_name, wanted))
    alone = frozenset(number for key, number in numbers.items() if names[_name(key)] == 1)

    def place(part: Any) -> Any:
        return [place(item) for item in part] if isinstance(part, list) else numbers[part]

    return Nested(tuple(positions), place(dask.keys), dask.finalize, alone)


def taken(building: Building, node: Node) -> Layout:
    """Lower what makes a lazy frame or tensor of a collection: Dask's chunks are taken as they are."""
    base = building.lowered[node.inputs[0]]
    assert isinstance(base, Nested)
    keys = tuple(base.keys[position] for position in _flat(base.structure))
    if len(keys) == 1:
        return Single(keys[0])
    return Grid(keys, node.args[1]) if isinstance(node.meta, TensorMeta) else Rows(keys, node.key)


def _flat(part: Any) -> Iterator[int]:
    if isinstance(part, list):
        for item in part:
            yield from _flat(item)
    else:
        yield part


def _collect(part: Any, keys: dict[Any, None]) -> None:
    if isinstance(part, list):
        for item in part:
            _collect(item, keys)
    else:
        keys[part] = None


def _name(key: Any) -> Any:
    """Give what the chunks of one array or frame have in common: Dask's keys are ``name`` or ``(name, i, j)``."""
    return key[0] if isinstance(key, tuple) else key
