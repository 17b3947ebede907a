"""Planning: lower each node that the targets need, inputs first."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from mars_nb.graph.node import Node, Source, ordered
from mars_nb.planner import gathering
from mars_nb.planner.context import Building, NotPartitionable, whole
from mars_nb.planner.inputs import nested
from mars_nb.planner.inputs.pruning import pruned
from mars_nb.planner.inputs.reading import reader_of
from mars_nb.planner.layout import ChunkKey, Layout, Single
from mars_nb.planner.settle import note, settled
from mars_nb.planner.tensors.fusing import fused
from mars_nb.planner.worth import is_dear
from mars_nb.scheduler.state import ChunkTask

if TYPE_CHECKING:
    from mars_nb.planner.columnar.stages import Found

Columnar = Callable[[Sequence[Node], Sequence[Node], Callable[[Node], bool]], "Found | None"]
Sources = frozenset[tuple[Node, Hashable]]
_NONE: Sources = frozenset()
#: In what way a node is lowered: as a result, an intermediate or a constant that is there, as an answer of a columnar
#: stage, in chunks, as one chunk of what is one chunk, as one of what is many, or as Dask's graph.
How = Literal["held", "kept", "constant", "columnar", "partitioned", "whole", "gathered", "dask"]


class Lowered(NamedTuple):
    """How a node was lowered, and into how many chunks."""

    how: How
    chunks: int


@dataclass(frozen=True, slots=True)
class Intermediate:
    """A value that is computed on the way to others.

    Attributes
    ----------
    layout
        How it is cut.
    differs
        Whether its chunks may have different dtypes; see `settle`.
    sources
        The reading nodes that it is computed from, each with the version of its files.
    """

    layout: Layout
    differs: bool
    sources: Sources


@dataclass(frozen=True)
class Plan:
    """What to run.

    Attributes
    ----------
    graph
        Chunk tasks by key.
    layouts
        How the value of each target will be cut.
    intermediates
        What is computed on the way of that which was wished for.
    lowered
        How each node was lowered, inputs first.
    pruned
        The columns that are computed, of frames of which only some are.
    stages
        The sub-plans of the columnar engine; None where it was not asked.
    """

    graph: Mapping[ChunkKey, ChunkTask]
    layouts: Mapping[Node, Layout]
    intermediates: Mapping[Node, Intermediate] = field(default_factory=dict)
    lowered: Mapping[Node, Lowered] = field(default_factory=dict)
    pruned: Mapping[Node, list[Any]] = field(default_factory=dict)
    stages: Found | None = None

    @property
    def outputs(self) -> list[ChunkKey]:
        """Keys of the chunks that are wanted."""
        return [key for layout in self.layouts.values() for key in layout.keys]


def plan(
    targets: Sequence[Node],
    held: Callable[[str], Layout | None] = lambda key: None,
    load: Callable[[ChunkKey], Any] = lambda key: None,
    kept: Callable[[str], Intermediate | None] = lambda key: None,
    constant: Callable[[Node], Single | None] = lambda node: None,
    wished: Callable[[Node], bool] = lambda node: False,
    version: Callable[[Node], Hashable | None] = lambda node: None,
    columnar: Columnar | None = None,
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
    kept
        Gives what was kept of an earlier run though it was no result, by its node's key; it is loaded like a result.
    constant
        Gives the layout of a value that was found when it was recorded; it is loaded like a result. Queries of the
        columnar engine do without: they know more of what they compute themselves.
    wished
        Tells whether a node that is computed on the way is to be kept.
    version
        Tells the version of the files that a node reads, None for one that reads none.
    columnar
        Finds the sub-plans that run in the columnar engine; None if none is to.

    Examples
    --------
    >>> import mars_nb.tensor as mt
    >>> t = mt.ones((4, 4), chunk_size=2).sum()
    >>> sorted(plan([t._node]).layouts.values(), key=str)  # doctest: +ELLIPSIS
    [Single(...)]
    """
    building = Building()
    found: dict[Node, Layout | Intermediate | None] = {}
    constants: set[Node] = set()
    sources: dict[Node, Sources] = {}
    intermediates: dict[Node, Intermediate] = {}
    lowered: dict[Node, Lowered] = {}
    dear: set[Node] = set()  # and not kept
    wanted = set(targets)

    def is_held(node: Node) -> bool:
        if node not in found:
            found[node] = held(node.key) or kept(node.key)
        return found[node] is not None

    def is_there(node: Node) -> bool:
        if is_held(node):
            return True
        found[node] = constant(node)
        if found[node] is not None:
            constants.add(node)
        return node in constants

    stages = None
    if not all(is_there(target) for target in targets):
        found.clear()
        constants.clear()
        nodes = ordered(targets, is_held)
        stages = None if columnar is None else columnar(nodes, targets, is_held)
    nodes = ordered(targets, is_there) if stages is None else stages.nodes
    taken = [] if stages is None else stages.taken
    building.pruned.update(pruned([node for node in nodes if found.get(node) is None], [*targets, *taken]))
    for node in nodes:
        known = found.get(node)
        if known is not None:
            layout = known.layout if isinstance(known, Intermediate) else known
            for key in layout.keys:
                building.graph[key] = ChunkTask(partial(load, key))
            note(building, node, layout, settled=True)
            how: How = "constant" if node in constants else "kept" if isinstance(known, Intermediate) else "held"
            lowered[node] = Lowered(how, len(layout.keys))
            if isinstance(known, Intermediate):
                sources[node] = known.sources
                if known.differs:
                    building.differing.add(node)
            continue
        if stages is not None and node in stages.stages:
            lowered[node] = Lowered("columnar", len(stages.lower(building, node).keys))
            sources[node] = _NONE.union(
                *(sources.get(i) or _sources(i, sources, version) for i in stages.stages[node].begins)
            )
        else:
            how, layout = _lowered(building, node)
            lowered[node] = Lowered(how, len(layout.keys))
            note(building, node, layout)
            sources[node] = _sources(node, sources, version)
        if node in wanted or not is_dear(node, dear):
            continue
        if node not in building.pruned and wished(node) and _may_be_asked_for(sources[node]):
            intermediates[node] = Intermediate(building.lowered[node], node in building.differing, sources[node])
        else:
            dear.add(node)
    layouts = {node: settled(building, node) for node in targets}
    kept_layouts = [*layouts.values(), *(kept.layout for kept in intermediates.values())]
    graph = fused(building.graph, [key for layout in kept_layouts for key in layout.keys])
    return Plan(graph, layouts, intermediates, lowered, building.pruned, stages)


def _lowered(building: Building, node: Node) -> tuple[How, Layout]:
    """Lower a node: as it came from Dask, partitioned where a rule allows it, else whole."""
    graph = nested.graph_of(node)
    if graph is not None:
        return "dask", nested.lower(building, node, graph)
    is_read = reader_of(node) is not None  # maybe in another number of chunks than when it was recorded
    is_single = all(isinstance(building.lowered[i], Single) for i in node.inputs)
    if node.chunks is None and not is_read and is_single:
        return "whole", whole(building, node)
    from mars_nb.planner.rules import partitioned

    with suppress(NotPartitionable):
        return "partitioned", partitioned(building, node)
    gathering.tell(building, node)  # may raise, so not while another error is handled
    return "whole" if is_single else "gathered", whole(building, node)


def _may_be_asked_for(sources: Sources) -> bool:
    """Tell whether it can be found out later that nothing has changed; see `reading.version`."""
    return not any(type(version) is object for _, version in sources)


def _sources(node: Node, known: Mapping[Node, Sources], version: Callable[[Node], Hashable | None]) -> Sources:
    """Tell what a node is read from; of results that are held nothing is told: they stay as they are."""
    if not node.inputs:
        found = None if isinstance(node.op, Source) else version(node)
        return _NONE if found is None else frozenset(((node, found),))
    below = {found for i in node.inputs if (found := known.get(i, _NONE))}
    return below.pop() if len(below) == 1 else _NONE.union(*below)
