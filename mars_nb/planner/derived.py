"""Steps that a rule takes in place of a recorded operation: nodes of its own, lowered by the same rules.

``frame.agg(["sum", "mean"])`` is made of sums and means, each of which has a partitioned form. A rule describes
it by a `Recipe`; the tasks count as those of the recorded operation.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from mars_nb.graph.meta import Meta, ObjectMeta, PandasMeta, TensorMeta
from mars_nb.graph.node import Arguments, Function, Node, Operation, Path
from mars_nb.planner.context import Building, NotPartitionable, whole
from mars_nb.planner.layout import Layout, Single
from mars_nb.planner.settle import note


class Recipe:
    """Takes steps for a recorded operation.

    Parameters
    ----------
    building
        Where the tasks go.
    node
        The recorded operation.
    """

    def __init__(self, building: Building, node: Node) -> None:
        self.building = building
        self.node = node

    def method(self, base: Node, name: str, *args: Any, **kwargs: Any) -> Node:
        """Take the step ``base.name(*args, **kwargs)``."""
        return self.walk(base, (name, Arguments(args, kwargs)))

    def walk(self, base: Node, *steps: tuple[str, Arguments | None]) -> Node:
        """Take a walk along attributes as one step."""
        return self._step(Path(tuple(name for name, _ in steps)), (base, *(call for _, call in steps)))

    def function(self, function: Callable[..., Any], *args: Any, name: str = "", **kwargs: Any) -> Node:
        """Take the step ``function(*args, **kwargs)``."""
        return self._step(Function(function, name or function.__name__), args, kwargs)

    def columns(self, base: Node) -> dict[Any, Node]:
        """Give each column of a frame as a series."""
        return {label: self.function(_item, base, label, name="getitem") for label in _sample(base)}

    def layout(self, node: Node) -> Layout:
        """Give the layout of a step."""
        return self.building.lowered[node]

    def _step(self, op: Operation, args: tuple[Any, ...], kwargs: dict[str, Any] | None = None) -> Node:
        step = Node(op, args, kwargs or {}, self.node.label, ObjectMeta(), self.node.site)
        step.meta = _meta(step)
        self.building.owners[step] = self.node
        note(self.building, step, self._lowered(step))
        return step

    def _lowered(self, step: Node) -> Layout:
        from mars_nb.planner.rules import partitioned  # which asks the rules, this one among them

        if all(isinstance(self.building.lowered[input_], Single) for input_ in step.inputs):
            return whole(self.building, step)
        return partitioned(self.building, step)


def _item(frame: Any, label: Any) -> Any:
    return frame[label]


def _sample(node: Node) -> Any:
    if isinstance(node.meta, PandasMeta | ObjectMeta):
        return node.meta.sample
    assert isinstance(node.meta, TensorMeta)
    return np.zeros((), node.meta.dtype)[()]


def _meta(step: Node) -> Meta:
    """Tell what a step gives, by taking it on the samples."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # they are about the sample
            sample = step.evaluate({input_: _sample(input_) for input_ in step.inputs})
    except Exception as error:  # the sample has not what the data may have
        raise NotPartitionable from error
    if isinstance(sample, pd.DataFrame | pd.Series | pd.Index):
        return PandasMeta(sample)
    if isinstance(sample, np.ndarray | np.generic):
        return TensorMeta(sample.shape, sample.dtype)
    return ObjectMeta(type(sample), sample)
