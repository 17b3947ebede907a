"""Finds the sub-plans that run in the columnar engine, and lowers them.

A node *enters* where its value comes from elsewhere (a file that Polars scans, chunks of pandas) and *leaves* where
somebody wants it: it is a target, or an operation that is not columnar stands on it. Each leaving node that is worth it
becomes an answer of a query; those that share what they are made of share the query. What lies between is not computed
for itself.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from mars_nb.graph.node import Node, Source
from mars_nb.planner.chunks.renumber import columns_of
from mars_nb.planner.columnar import inputs, rules, scans
from mars_nb.planner.columnar.bounds import bound
from mars_nb.planner.columnar.parts import Part, parts_for
from mars_nb.planner.columnar.query import Answer, Chunks, Query, answer_of, inputs_of
from mars_nb.planner.columnar.relations import Computed, Filtered, Input, Numbered, Relation, in_order
from mars_nb.planner.columnar.translate import Translation
from mars_nb.planner.columnar.values import Array, NotColumnar, Value
from mars_nb.planner.context import Building
from mars_nb.planner.engines import Memory
from mars_nb.planner.inputs.reading import reader_of, up_to_date
from mars_nb.planner.layout import ChunkKey, Layout, Rows, Single
from mars_nb.planner.settle import note
from mars_nb.scheduler.pieces import Pieces
from mars_nb.scheduler.state import ChunkTask

__all__ = ["Found", "find", "rules"]

#: Steps that a task a chunk does as well.
_LIGHT = (Input, Computed, Filtered, Numbered)


@dataclass
class Stage:
    """A query and the nodes that it answers.

    Attributes
    ----------
    answers
        By node.
    inputs
        The nodes whose chunks it takes.
    begins
        These, and the nodes whose files it scans.
    """

    answers: dict[Node, Answer] = field(default_factory=dict)
    inputs: dict[Node, Input] = field(default_factory=dict)
    begins: set[Node] = field(default_factory=set)


@dataclass
class Found:
    """What is computed, and how.

    Attributes
    ----------
    nodes
        All that is lowered, inputs first.
    stages
        By each of the nodes that they answer.
    refused
        Why nodes are not columnar.
    begins
        The nodes whose values come from elsewhere, by what they are in the plan.
    places
        Where the columns of inputs are in their chunks.
    room
        Bytes that a query may take; None for any number.
    """

    nodes: list[Node]
    stages: dict[Node, Stage] = field(default_factory=dict)
    refused: dict[Node, str] = field(default_factory=dict)
    begins: dict[Relation, Node] = field(default_factory=dict)
    places: dict[Input, dict[str, tuple[int, Any]]] = field(default_factory=dict)
    room: int | None = None

    @property
    def taken(self) -> set[Node]:
        """The nodes whose chunks queries take."""
        return {node for stage in self.stages.values() for node in stage.inputs}

    def lower(self, building: Building, node: Node) -> Layout:
        """Lower the query that answers a node, with all its answers."""
        stage = self.stages[node]
        if node not in building.lowered:
            _lower(building, stage, self.places, self.room)
        return building.lowered[node]


def find(
    nodes: Sequence[Node],
    targets: Sequence[Node],
    is_held: Callable[[Node], bool],
    nbytes: Callable[[Node], int | None],
    always: bool = False,
    memory: Memory | None = None,
    near: bool = False,
) -> Found:
    """Find the sub-plans.

    Parameters
    ----------
    nodes
        All that the targets need, inputs first.
    targets
        What is wanted.
    is_held
        Tells nodes whose value is there.
    nbytes
        Tells about how many bytes a value has, None where that is not known.
    always
        Take whatever means the same, also what a task a chunk does as well.
    memory
        What queries may take; None for any amount.
    near
        Whether queries run in this process, where the data is that the user gave.
    """
    finding = _Finding(is_held, nbytes, always, memory, near)
    for node in nodes:
        finding.look_at(node)
    return finding.found(targets)


class _Finding:
    def __init__(
        self,
        is_held: Callable[[Node], bool],
        nbytes: Callable[[Node], int | None],
        always: bool,
        memory: Memory | None,
        near: bool,
    ) -> None:
        self.is_held = is_held
        self.nbytes = nbytes
        self.always = always
        self.memory = memory
        self.near = near
        self.translation = Translation()
        self.begins: dict[Relation, Node] = {}  # nodes whose values come from elsewhere
        self.entering: dict[Relation, Node] = {}  # ... in chunks
        self.places: dict[Input, dict[str, tuple[int, Any]]] = {}

    def look_at(self, node: Node) -> None:
        translation = self.translation
        if not self.is_held(node):
            if node.inputs:
                if translation.translate(node) is not None:
                    return
            else:
                try:
                    begin = self._begin(node)
                    translation.values[node] = begin
                    self.begins[begin.relation] = node
                    return
                except NotColumnar as error:
                    translation.refused[node] = str(error)
        try:
            value, places = inputs.of_chunks(translation, node, self.nbytes(node))
        except NotColumnar:
            return
        translation.values[node] = value
        relation = value.relation
        self.begins[relation] = node
        assert isinstance(relation, Input)
        self.entering[relation] = node
        self.places[relation] = places

    def _begin(self, node: Node) -> Value:
        """Give what a query reads by itself."""
        if self.near and isinstance(node.op, Source):
            return inputs.of_source(self.translation, node, self.nbytes(node))
        reader = reader_of(node)
        if reader is None:
            raise NotColumnar("neither a file nor a frame")
        return scans.scanned(self.translation, up_to_date(node, reader))

    def found(self, targets: Sequence[Node]) -> Found:
        """Walk back from the targets to all that is lowered."""
        lowered: dict[Node, tuple[Node, ...]] = {}  # with what it needs
        answers: dict[Node, Answer] = {}
        waiting = list(targets)
        while waiting:
            node = waiting.pop()
            if node in lowered:
                continue
            needed: tuple[Node, ...] = () if self.is_held(node) else node.inputs
            value = self.translation.values.get(node)
            if value is not None and self.begins.get(value.relation) is not node:
                answer = self._worth(node, value)
                if answer is not None:
                    answers[node] = answer
                    needed = tuple(self.entering[found] for found in inputs_of([answer]) if found in self.entering)
            lowered[node] = needed
            waiting += needed
        order = _ordered(targets, lowered)
        stages = self._stages([node for node in order if node in answers], answers, lowered)
        room = None if self.memory is None else self.memory.left
        return Found(order, stages, self.translation.refused, self.begins, self.places, room)

    def _worth(self, node: Node, value: Value) -> Answer | None:
        """Give the answer if it is worth a query."""
        relations = in_order([value.relation])
        is_light = all(isinstance(relation, _LIGHT) for relation in relations)
        if not self.always and is_light and not any(column.running for column in value.columns):
            self.translation.refused[node] = "row by row, which is done as well chunk by chunk"
            return None
        if isinstance(value, Array):
            self.translation.refused[node] = "an array of numpy beside rows"
            return None
        answer = answer_of(value, self.translation.name)
        try:
            most = bound(answer, Query([answer], []).needs)
        except NotColumnar as error:
            self.translation.refused[node] = str(error)
            return None
        why = "" if self.memory is None else self.memory.why_not(*most)
        if why:
            self.translation.refused[node] = why
            return None
        return answer if answer.shape.kind == "items" else replace(answer, parts=parts_for(most.answer))

    def _stages(
        self, nodes: Sequence[Node], answers: dict[Node, Answer], lowered: dict[Node, tuple[Node, ...]]
    ) -> dict[Node, Stage]:
        """Put answers together that share what they are made of, unless one is made of another."""
        stages: dict[Node, Stage] = {}
        by_input: dict[tuple[int, Relation], Stage] = {}
        depth: dict[Node, int] = {}
        for node in nodes:
            answer = answers[node]
            depth[node] = 1 + max((_depth(below, depth, lowered) for below in lowered[node]), default=0)
            keys = [(depth[node], found) for found in inputs_of([answer])]
            stage = next((by_input[key] for key in keys if key in by_input), None) or Stage()
            stage.answers[node] = answer
            stage.inputs.update((self.entering[found], found) for _, found in keys if found in self.entering)
            by_input.update(dict.fromkeys(keys, stage))
            stage.begins.update(self.begins[found] for _, found in keys)
            stages[node] = stage
        return stages


def _depth(node: Node, depth: dict[Node, int], lowered: dict[Node, tuple[Node, ...]]) -> int:
    """Tell how many queries come before a node."""
    if node not in depth:
        depth[node] = max((_depth(below, depth, lowered) for below in lowered[node]), default=0)
    return depth[node]


def _ordered(targets: Sequence[Node], needed: dict[Node, tuple[Node, ...]]) -> list[Node]:
    """List nodes, what they need first."""
    done: dict[Node, None] = {}
    stack = list(reversed(targets))
    while stack:
        missing = [node for node in needed[stack[-1]] if node not in done]
        if stack[-1] in done or not missing:
            done.setdefault(stack.pop())
        else:
            stack += reversed(missing)
    return list(done)


def _lower(building: Building, stage: Stage, places: dict[Input, dict[str, tuple[int, Any]]], room: int | None) -> None:
    keys: list[ChunkKey] = []
    chunks = []
    for node, relation in stage.inputs.items():
        own = building.lowered[node].keys
        chunks.append(Chunks(relation, len(keys), len(keys) + len(own), places[relation]))
        keys += own
    answers = list(stage.answers.values())
    last = next(reversed(stage.answers))
    query = building.add(last, "columnar", Query(answers, chunks, room), keys)
    if [answer.parts for answer in answers] == [1]:
        note(building, last, Single(query), settled=True)
        return
    numbers = itertools.count()
    for node, answer in stage.answers.items():
        names = tuple((node.key, f"answer {i}") for i in range(answer.parts))
        for name in names:
            # Not counted for the operation: it would be expected to take as long as the query.
            building.graph[name] = ChunkTask(_Taken(node, next(numbers)), (query,))
        layout = Single(names[0]) if answer.parts == 1 else Rows(names, node.key, None, columns_of(node))
        note(building, node, layout, settled=True)


class _Taken:
    """Takes an answer of a node, or a part of one, out of those of a query."""

    def __init__(self, node: Node, number: int) -> None:
        self.node = node
        self.number = number

    def __call__(self, answers: Pieces) -> Any:
        found = answers.take(self.number)
        return found.of_pandas() if isinstance(found, Part) else found

    def failed(self, error: BaseException) -> Node:
        """Tell which operation failed; see `mars_nb.session.failures`."""
        return self.node
