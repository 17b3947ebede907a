"""The run state, tested by tables: what is ready, what is kept, in which order."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mars_nb.scheduler import ChunkTask, RunState
from mars_nb.scheduler.state import order


def add(*values: int) -> int:
    return 1 + sum(values)


def graph_of(edges: dict[str, str]) -> dict[str, ChunkTask]:
    """Make tasks from ``{"c": "ab"}``: c needs a and b."""
    return {key: ChunkTask(add, tuple(inputs), "op") for key, inputs in edges.items()}


def run_all(state: RunState) -> list[Any]:
    ran = []
    while not state.over:
        number = state.take()
        ran.append(state.keys[number])
        state.finish(number, state.tasks[number].function(*state.arguments(number)))
    return ran


@pytest.mark.parametrize(
    ("edges", "outputs", "expected"),
    [
        ({"a": "", "b": "a", "c": "b"}, "c", "abc"),
        ({"a": "", "b": "", "c": "a", "d": "b", "e": "cd"}, "e", "acbde"),  # a chain is finished first
        ({"a": "", "b": "a", "x": ""}, "b", "ab"),  # x is not needed
        ({"a": "", "b": "aa"}, "b", "ab"),  # the same input twice
        ({"a": "", "b": "", "c": "", "d": ""}, "abcd", "abcd"),
    ],
)
def test_order_is_depth_first(edges: dict[str, str], outputs: str, expected: str) -> None:
    assert "".join(run_all(RunState(graph_of(edges), outputs))) == expected


def test_values_are_dropped_after_their_last_use() -> None:
    state = RunState(graph_of({"a": "", "b": "a", "c": "ab"}), "c")
    held = []
    for value in (1, 2, 3):
        state.finish(state.take(), value)
        held.append("".join(state.keys[number] for number in sorted(state.values)))
    assert held == ["a", "ab", "c"]
    assert state.results() == {"c": 3}


def test_few_values_are_alive_in_a_map_and_reduce() -> None:
    width, fan = 1000, 10
    graph: dict[Any, ChunkTask] = {}
    level = []
    for i in range(width):
        graph["source", i] = ChunkTask(add)
        graph["map", i] = ChunkTask(add, (("source", i),))
        level.append(("map", i))
    depth = 0
    while len(level) > 1:
        groups = [tuple(level[i : i + fan]) for i in range(0, len(level), fan)]
        level = [("reduce", depth, i) for i in range(len(groups))]
        graph.update(zip(level, (ChunkTask(add, group) for group in groups), strict=True))
        depth += 1
    state = RunState(graph, level)
    most = 0
    while not state.over:
        number = state.take()
        state.finish(number, add(*state.arguments(number)))
        most = max(most, len(state.values))
    assert most <= fan * (depth + 1)


def test_failure_and_stop_leave_nothing_to_run() -> None:
    state = RunState(graph_of({"a": "", "b": "", "c": "ab"}), "c")
    first, second = state.take(), state.take()
    state.fail(first)
    assert state.over
    assert state.ready == 0
    assert state.finish(second, 1) == 0  # a late value is dropped
    assert state.stop() == {}
    assert state.values == {}


def test_sources_are_held_back_while_memory_is_short() -> None:
    state = RunState(graph_of({"a": "", "b": "a", "c": "", "d": "c", "e": "bd"}), "e")
    state.finish(state.take(), Sized(5))
    assert state.live == 5
    work = state.take(crowded=True)
    assert state.keys[work] == "b"  # uses values up
    assert state.can_take()
    assert not state.can_take(crowded=True)  # only the source c is left
    dropped: list[Sized] = []
    state.finish(work, Sized(2), dropped)
    assert (state.live, [value.nbytes for value in dropped]) == (2, [5])
    assert state.can_take(crowded=True)  # nothing else runs
    source = state.take(crowded=True)
    assert state.keys[source] == "c"
    assert not state.can_take(crowded=True)
    state.finish(source, Sized(1))
    for _ in range(2):
        state.finish(state.take(crowded=True), Sized(9))
    assert state.live == 0  # what is wanted does not count


class Sized:
    def __init__(self, nbytes: int) -> None:
        self.nbytes = nbytes


def test_counts_by_operation() -> None:
    graph = {"a": ChunkTask(add, (), "read"), "b": ChunkTask(add, ("a",), "sum"), "c": ChunkTask(add, (), "read")}
    state = RunState(graph, "bc")
    state.finish(state.take(), 1)
    state.take()
    counts = {name: (c.done, c.running, c.total) for name, c in state.counts.items()}
    assert counts == {"read": (1, 0, 2), "sum": (0, 1, 1)}


def test_operations_may_be_counted_together() -> None:
    graph = {name: ChunkTask(add, (), name) for name in ("sum 1", "sum 2", "mean 1")}
    asked: list[Any] = []

    def kind(name: Any) -> Any:
        asked.append(name)
        return name.partition(" ")[0]

    state = RunState({**graph, "more": ChunkTask(add, (), "sum 2")}, [*graph, "more"], kind)
    while not state.over:
        state.finish(state.take(), 1, seconds=0.5)
    counts = {name: (c.done, c.total, c.seconds) for name, c in state.counts.items()}
    assert counts == {"sum": (3, 3, 1.5), "mean": (1, 1, 0.5)}
    assert sorted(asked) == sorted(graph), "each once"


@pytest.mark.parametrize(("edges", "error"), [({"a": "b", "b": "a"}, ValueError), ({"a": "z"}, KeyError)])
def test_bad_graphs_are_refused(edges: dict[str, str], error: type[Exception]) -> None:
    with pytest.raises(error):
        RunState(graph_of(edges), "a")


def test_long_chains_do_not_recurse() -> None:
    graph = {i: ChunkTask(add, (i - 1,) if i else ()) for i in range(20_000)}
    assert len(order(graph, [19_999])) == 20_000


@given(st.lists(st.sets(st.integers(0, 30), max_size=4), min_size=1, max_size=30), st.data())
def test_random_graphs_give_what_plain_recursion_gives(needs: list[set[int]], data: st.DataObject) -> None:
    graph = {i: ChunkTask(add, tuple(sorted(n for n in need if n < i))) for i, need in enumerate(needs)}
    expected: dict[int, int] = {}
    for key, task in graph.items():
        expected[key] = add(*(expected[n] for n in task.inputs))
    outputs = data.draw(st.sets(st.sampled_from(sorted(graph)), min_size=1))
    state = RunState(graph, outputs)
    while not state.over:  # up to three tasks at a time, finished in any order
        taken = [state.take() for _ in range(min(3, state.ready))]
        for number in data.draw(st.permutations(taken)):
            state.finish(number, add(*state.arguments(number)))
    assert state.results() == {key: expected[key] for key in outputs}
