"""What the frame rules ask about a recorded walk such as ``frame.groupby("a").b.sum()`` and about its inputs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pandas as pd

from mars_nb.graph.meta import PandasMeta
from mars_nb.graph.node import Arguments, Node, Path
from mars_nb.planner.context import Building
from mars_nb.planner.layout import Rows


def call_of(node: Node, *names: str) -> Arguments | None:
    """Give the arguments of the last call of a walk with these names, None for any other operation."""
    if isinstance(node.op, Path) and node.op.names == names and isinstance(node.args[-1], Arguments):
        return node.args[-1]
    return None


def method_call(node: Node) -> tuple[str, Arguments] | None:
    """Give name and arguments of a method called on the one input, None for any other operation."""
    if not isinstance(node.op, Path) or len(node.op.names) != 1 or len(node.inputs) != 1:
        return None
    call = node.args[-1]
    return (node.op.names[0], call) if isinstance(call, Arguments) else None


def base_rows(building: Building, node: Node) -> Rows | None:
    """Give the layout of the object that the operation is on, if that is all it is on."""
    layout = building.lowered[node.inputs[0]]
    return layout if len(node.inputs) == 1 and isinstance(layout, Rows) else None


def aligned_rows(building: Building, nodes: Iterable[Node]) -> Rows | None:
    """Give the layout of nodes that are cut alike, None if they are not."""
    layouts = [building.lowered[node] for node in nodes]
    first = layouts[0]
    if not isinstance(first, Rows):
        return None
    alike = all(isinstance(layout, Rows) and layout.partition == first.partition for layout in layouts)
    return first if alike else None


def sample_of(value: Any) -> Any:
    """Give the sample of a node that stands for a frame, series or index; None for anything else."""
    return value.meta.sample if isinstance(value, Node) and isinstance(value.meta, PandasMeta) else None


def is_frame(value: Any) -> bool:
    """Tell a node that stands for a data frame."""
    return isinstance(sample_of(value), pd.DataFrame)


def is_series(value: Any) -> bool:
    """Tell a node that stands for a series."""
    return isinstance(sample_of(value), pd.Series)


def is_index(value: Any) -> bool:
    """Tell a node that stands for an index."""
    return isinstance(sample_of(value), pd.Index)


def dtypes_of(sample: pd.DataFrame | pd.Series[Any]) -> list[Any]:
    """List the dtypes of the columns, or the one of a series."""
    return list(sample.dtypes) if isinstance(sample, pd.DataFrame) else [sample.dtype]


def has_categories(sample: Any) -> bool:
    """Tell a sample with categorical columns, items or labels."""
    dtypes = list(sample.dtypes) if isinstance(sample, pd.DataFrame) else [getattr(sample, "dtype", None)]
    return any(isinstance(dtype, pd.CategoricalDtype) for dtype in dtypes)
