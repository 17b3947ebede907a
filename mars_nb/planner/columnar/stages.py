"""Finds the sub-plans that run in the columnar engine, and lowers them.

A node *enters* where its value comes from elsewhere (a file that Polars scans, chunks of pandas) and *leaves* where
somebody wants it: it is a target, or an operation that is not columnar stands on it. Each leaving node that is worth it
becomes an answer of a query; those that share what they are made of share the query. What lies between is not computed
for itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from mars_nb.graph.node import Node
from mars_nb.planner.columnar import inputs, rules, scans
from mars_nb.planner.columnar.query import Answer, Chunks, Query, answer_of, inputs_of
from mars_nb.planner.columnar.relations import Computed, Filtered, Input, Numbered, Relation, in_order
from mars_nb.planner.columnar.translate import Translation
from mars_nb.planner.columnar.values import NotColumnar, Value
from mars_nb.planner.context import Building
from mars_nb.planner.inputs.reading import reader_of
from mars_nb.planner.layout import ChunkKey, Layout, Single
from mars_nb.planner.settle import note

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
    """

    answers: dict[Node, Answer] = field(default_factory=dict)
    inputs: dict[Node, Input] = field(default_factory=dict)


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
    """

    nodes: list[Node]
    stages: dict[Node, Stage] = field(default_factory=dict)
    refused: dict[Node, str] = field(default_factory=dict)
    places: dict[Input, dict[str, tuple[int, Any]]] = field(default_factory=dict)

    def lower(self, building: Building, node: Node) -> Layout:
        """Lower the query that answers a node, with all its answers."""
        stage = self.stages[node]
        if node not in building.lowered:
            _lower(building, stage, self.places)
        return building.lowered[node]


def find(
    nodes: Sequence[Node],
    targets: Sequence[Node],
    is_held: Callable[[Node], bool],
    nbytes: Callable[[Node], int | None],
    always: bool = False,
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
    """
    finding = _Finding(is_held, nbytes, always)
    for node in nodes:
        finding.look_at(node)
    return finding.found(targets)


class _Finding:
    def __init__(self, is_held: Callable[[Node], bool], nbytes: Callable[[Node], int | None], always: bool) -> None:
        self.is_held = is_held
        self.nbytes = nbytes
        self.always = always
        self.translation = Translation()
        self.begins: set[Node] = set()  # nodes whose values come from elsewhere
        self.entering: dict[Relation, Node] = {}  # ... in chunks
        self.places: dict[Input, dict[str, tuple[int, Any]]] = {}

    def look_at(self, node: Node) -> None:
        translation = self.translation
        if not self.is_held(node):
            if node.inputs:
                if translation.translate(node) is not None:
                    return
            elif (reader := reader_of(node)) is not None:
                try:
                    translation.values[node] = scans.scanned(translation, reader)
                    self.begins.add(node)
                    return
                except NotColumnar as error:
                    translation.refused[node] = str(error)
        try:
            value, places = inputs.of_chunks(translation, node, self.nbytes(node))
        except NotColumnar:
            return
        translation.values[node] = value
        self.begins.add(node)
        relation = value.relation
        assert isinstance(relation, Input)
        self.entering[relation] = node
        self.places[relation] = places

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
            if value is not None and node not in self.begins:
                answer = self._worth(node, value)
                if answer is not None:
                    answers[node] = answer
                    needed = tuple(self.entering[found] for found in inputs_of([answer]) if found in self.entering)
            lowered[node] = needed
            waiting += needed
        order = _ordered(targets, lowered)
        stages = self._stages([node for node in order if node in answers], answers, lowered)
        return Found(order, stages, self.translation.refused, self.places)

    def _worth(self, node: Node, value: Value) -> Answer | None:
        """Give the answer if it is worth a query."""
        relations = in_order([value.relation])
        if not self.always and all(isinstance(relation, _LIGHT) for relation in relations):
            self.translation.refused[node] = "row by row, which is done as well chunk by chunk"
            return None
        if any(column.foreign for column in value.columns):
            self.translation.refused[node] = "columns that Polars has no type for"
            return None
        return answer_of(value, self.translation.name)

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


def _lower(building: Building, stage: Stage, places: dict[Input, dict[str, tuple[int, Any]]]) -> None:
    keys: list[ChunkKey] = []
    chunks = []
    for node, relation in stage.inputs.items():
        own = building.lowered[node].keys
        chunks.append(Chunks(relation, len(keys), len(keys) + len(own), places[relation]))
        keys += own
    last = next(reversed(stage.answers))
    query = building.add(last, "columnar", Query(list(stage.answers.values()), chunks), keys)
    for i, node in enumerate(stage.answers):
        note(building, node, Single(building.add(node, "answer", partial(_answer, i), [query])), settled=True)


def _answer(number: int, answers: list[Any]) -> Any:
    return answers[number]
