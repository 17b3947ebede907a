"""Depth first: map-reduce graphs hold few chunk values at a time."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import mars_nb.tensor as mt
from mars_nb.planner import plan
from mars_nb.scheduler import RunState

CHUNKS = 10_000


@pytest.fixture(scope="module")
def planned() -> Any:
    x = mt.arange(CHUNKS * 10, chunk_size=10)
    total = (x + 1).sum()
    return plan([total._node], lambda name: None, lambda key: None)


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_few_values_are_live(planned: Any, workers: int) -> None:
    state = RunState(planned.graph, planned.outputs)
    width = max(len(set(task.inputs)) for task in state.tasks)  # of one step of the reduction
    levels = math.ceil(math.log(CHUNKS, width))
    taken: list[int] = []
    most_chunks = most = 0
    while not state.over:
        while len(taken) < workers and state.can_take():
            taken.append(state.take())
        number = taken.pop(0)  # all take equally long
        state.finish(number, state.tasks[number].function(*state.arguments(number)))
        most_chunks = max(most_chunks, sum(np.size(value) > 1 for value in state.values.values()))
        most = max(most, len(state.values))
    (result,) = state.results().values()
    assert result == sum(range(CHUNKS * 10)) + CHUNKS * 10
    assert len(state.tasks) > CHUNKS
    assert most_chunks <= 2 * workers + width
    # With the partial sums: a tree is reduced depth first, so some of them wait on each level.
    assert most <= 2 * workers + levels * (width - 1)
