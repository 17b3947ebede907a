"""What we take from a private part of Dask is still there, and still does what `planner.taskspec` needs of it.

When Dask moves it: `mars_nb.planner.tensors.taskspec` is the one module to change.
"""

from __future__ import annotations

import inspect

import dask._task_spec as private
import dask.array as da
import dask.task_spec as public
import numpy as np

import mars_nb.tensor as mt
from mars_nb.planner import plan
from mars_nb.planner.layout import Grid


def test_the_private_names_are_there() -> None:
    assert list(inspect.signature(private.convert_legacy_graph).parameters)[:2] == ["dsk", "all_keys"]
    assert private.Alias is public.Alias
    assert not hasattr(public, "convert_legacy_graph"), "it has a public name now"


def test_tuples_become_tasks_that_know_their_inputs() -> None:
    graph = {"a": 1, "b": (np.add, "a", 2), "c": "b"}
    tasks = private.convert_legacy_graph(graph, all_keys=set(graph))
    assert set(tasks["b"].dependencies) == {"a"}
    assert tasks["b"]({"a": tasks["a"]({})}) == 3
    assert isinstance(tasks["c"], private.Alias)


def test_an_array_operation_of_dask_becomes_chunk_tasks_of_ours() -> None:
    tensor = mt.tensor(np.arange(12).reshape(3, 4), chunk_size=2)
    result = tensor.T + 1
    planned = plan([result._node])
    layout = planned.layouts[result._node]
    assert isinstance(layout, Grid)
    assert layout.nsplits == ((2, 2), (2, 1))
    assert {task.operation for task in planned.graph.values()} >= {tensor._node, result._node}
    assert not any(isinstance(task.function, da.Array) for task in planned.graph.values())
