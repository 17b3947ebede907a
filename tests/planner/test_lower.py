"""Dask's graphs as chunk tasks: what is left out, looked through and kept."""

from __future__ import annotations

from typing import Any

from mars_nb.planner.tensors import taskspec
from mars_nb.scheduler import Graph, Key, RunState


def run_here(graph: Graph, outputs: list[Key]) -> dict[Key, Any]:
    state = RunState(graph, outputs)
    while not state.over:
        number = state.take()
        state.finish(number, state.tasks[number].function(*state.arguments(number)))
    return state.results()


def lower(graph: dict[Any, Any], outputs: list[Any], **options: Any) -> Any:
    return taskspec.lower(taskspec.task_objects(graph), outputs, "operation", lambda key: ("ours", key), **options)


def test_what_is_not_needed_is_left_out_and_aliases_are_looked_through() -> None:
    graph = {"x": -1, "y": (abs, "a"), "a": "b", "b": "x", "other": (abs, "x"), "z": "y"}
    tasks, ours = lower(graph, ["z"])
    assert list(tasks) == [("ours", "y"), ("ours", "x")]
    assert ours("z") == ("ours", "y")
    assert tasks[ours("z")].inputs == (("ours", "x"),)
    assert run_here(tasks, [ours("z")]) == {("ours", "y"): 1}


def test_aliases_are_kept_on_demand() -> None:
    tasks, ours = lower({"x": -1, "a": "x", "z": "a"}, ["z"], keep_aliases=True)
    assert len(tasks) == 3
    assert run_here(tasks, [ours("z")]) == {("ours", "z"): -1}


def test_placeholders() -> None:
    graph = {"p": (print, "never called"), "y": (abs, "p"), "a": "p"}
    tasks, ours = lower(graph, ["y", "a", "p"], placeholders={"p": "chunk"})
    assert list(tasks) == [("ours", "y")]
    assert tasks["ours", "y"].inputs == ("chunk",)
    assert ours("a") == ours("p") == "chunk"


def test_one_task_where_an_alias_stands_twice() -> None:
    tasks, ours = lower({"x": -1, "a": "x", "y": (max, "x", "a")}, ["y"])
    assert run_here(tasks, [ours("y")]) == {("ours", "y"): -1}
