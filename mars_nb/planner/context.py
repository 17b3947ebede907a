"""What the lowering rules work on: the graph being built."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from mars_nb.graph.node import Node
from mars_nb.planner.layout import ChunkKey, Grid, Layout, Nested, Rows, Single
from mars_nb.scheduler.state import ChunkTask


class NotPartitionable(Exception):
    """A rule cannot lower this node with the same answer; it is to be lowered whole."""


@dataclass
class Building:
    """A graph being built.

    Attributes
    ----------
    graph
        The chunk tasks so far.
    lowered
        The layout of each node that was lowered.
    differing
        Those of them whose chunks may have different dtypes; see `settle`.
    owners
        The recorded operation that a step of a rule belongs to; see `derived`.
    pruned
        Frames of which only some columns are computed; see `pruning`.
    """

    graph: dict[ChunkKey, ChunkTask] = field(default_factory=dict)
    lowered: dict[Node, Layout] = field(default_factory=dict)
    differing: set[Node] = field(default_factory=set)
    owners: dict[Node, Node] = field(default_factory=dict)
    pruned: dict[Node, list[Any]] = field(default_factory=dict)
    _gathered: dict[Node, Single] = field(default_factory=dict)

    def add(self, node: Node, part: Any, function: Callable[..., Any], inputs: Sequence[ChunkKey] = ()) -> ChunkKey:
        """Add a task that belongs to `node`; `part` tells it from the node's other tasks.

        Returns
        -------
        key
            Of the task.
        """
        key = (node.key, part)
        self.graph[key] = ChunkTask(function, tuple(inputs), self.owners.get(node, node))
        return key

    def single(self, node: Node) -> Single:
        """Give a lowered node as one chunk, gathering its chunks where there are many."""
        layout = self.lowered[node]
        if isinstance(layout, Single):
            return layout
        if node not in self._gathered:
            self._gathered[node] = Single(self.add(node, "gathered", _Assemble(layout), layout.keys))
        return self._gathered[node]

    def evaluation(self, node: Node, part: Any, chunks: Mapping[Node, ChunkKey]) -> ChunkKey:
        """Add the task that computes the node's operation on one chunk of each input."""
        inputs = tuple(chunks)
        return self.add(node, part, Evaluation(node, inputs), [chunks[input_] for input_ in inputs])


class _Assemble:
    """Puts the chunks of a layout together."""

    def __init__(self, layout: Rows | Grid | Nested) -> None:
        self.layout = layout

    def __call__(self, *chunks: Any) -> Any:
        return self.layout.assemble(chunks)


# Operations that give arrays to the user's functions, which may write into them: the arrays are copies.
_GIVE_AWAY = frozenset({"map_chunk", "numpy.apply_along_axis", "numpy.apply_over_axes"})


class Evaluation:
    """Computes a node's operation on values of its inputs.

    Pandas objects are handed on as shallow copies (pandas copies on write), and arrays to the user's own functions as
    copies, or if these get the whole of them as read-only views: no function can change a value that others share.
    """

    __slots__ = ("inputs", "node")

    def __init__(self, node: Node, inputs: tuple[Node, ...]) -> None:
        self.node = node
        self.inputs = inputs

    def __call__(self, *values: Any) -> Any:
        """Compute the operation."""
        __tracebackhide__ = True
        return self.node.evaluate(self.shielded(values))

    def shielded(self, values: Sequence[Any]) -> dict[Node, Any]:
        """Give the values by their nodes, so that they cannot be changed."""
        name = self.node.op.name
        return {n: _shielded(v, name) for n, v in zip(self.inputs, values, strict=True)}


def _shielded(value: Any, operation: str) -> Any:
    if isinstance(value, pd.DataFrame | pd.Series):
        return value.copy(deep=False)
    if isinstance(value, np.ndarray):
        if operation in _GIVE_AWAY:
            return value.copy()
        if operation == "remote.RemoteFunction":
            value = value.view()
            value.flags.writeable = False
    return value


def whole(building: Building, node: Node) -> Single:
    """Lower a node whole: its own operation, in one task, on its inputs as one chunk each."""
    return Single(building.evaluation(node, "whole", {i: building.single(i).key for i in node.inputs}))
