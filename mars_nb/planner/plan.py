"""Planning: lower each node that the targets need, inputs first."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

from mars_nb.errors import WholeWarning
from mars_nb.graph.node import Node, ordered
from mars_nb.planner import nested
from mars_nb.planner.context import Building, NotPartitionable, whole
from mars_nb.planner.layout import ChunkKey, Layout, Single
from mars_nb.planner.settle import settled
from mars_nb.scheduler.state import ChunkTask

_warned: dict[str | tuple[str, type[Warning], int], int] = {}  # the registry that lets each line warn once


@dataclass(frozen=True)
class Plan:
    """What to run.

    Attributes
    ----------
    graph
        Chunk tasks by key.
    layouts
        How the value of each target will be cut.
    """

    graph: Mapping[ChunkKey, ChunkTask]
    layouts: Mapping[Node, Layout]

    @property
    def outputs(self) -> list[ChunkKey]:
        """Keys of the chunks that are wanted."""
        return [key for layout in self.layouts.values() for key in layout.keys]


def plan(
    targets: Sequence[Node],
    held: Callable[[str], Layout | None] = lambda key: None,
    load: Callable[[ChunkKey], Any] = lambda key: None,
) -> Plan:
    """Plan the computation of `targets`.

    Parameters
    ----------
    targets
        The nodes whose values are wanted.
    held
        Gives the layout of a result by its node's key, None where there is none: what is held is not computed again.
    load
        Gives a held chunk by its key; called inside the tasks.

    Examples
    --------
    >>> import mars_nb.tensor as mt
    >>> t = mt.ones((4, 4), chunk_size=2).sum()
    >>> sorted(plan([t._node]).layouts.values(), key=str)  # doctest: +ELLIPSIS
    [Single(...)]
    """
    building = Building()
    found: dict[Node, Layout | None] = {}

    def is_held(node: Node) -> bool:
        if node not in found:
            found[node] = held(node.key)
        return found[node] is not None

    for node in ordered(targets, is_held):
        layout = found.get(node)
        if layout is not None:
            for key in layout.keys:
                building.graph[key] = ChunkTask(partial(load, key))
        elif (graph := nested.graph_of(node)) is not None:
            layout = nested.lower(building, node, graph)
        elif node.chunks is None and all(isinstance(building.lowered[i], Single) for i in node.inputs):
            layout = whole(building, node)
        else:
            layout = _lowered(building, node)
        building.lowered[node] = layout
    return Plan(building.graph, {node: settled(building, node) for node in targets})


def _lowered(building: Building, node: Node) -> Layout:
    """Lower a node partitioned where a rule allows it, else whole with a warning."""
    from mars_nb.planner.rules import partitioned

    with suppress(NotPartitionable):
        return partitioned(building, node)
    _warn(node, building)  # may raise, so not while another error is handled
    return whole(building, node)


def _warn(node: Node, building: Building) -> None:
    many = [len(building.lowered[i].keys) for i in node.inputs if not isinstance(building.lowered[i], Single)]
    if not many:
        return
    message = (
        f"{node.label} has no form for many chunks here: {sum(many)} chunks are gathered into one for it, "
        "which takes the memory of all and one thread"
    )
    if node.site is None:
        warnings.warn(message, WholeWarning, stacklevel=2)
    else:
        warnings.warn_explicit(message, WholeWarning, node.site.filename, node.site.lineno, registry=_warned)
