"""Sources cut into chunks: arrays made or given, random draws, frames given, files."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from mars_nb.graph.callsite import CallSite
from mars_nb.graph.meta import Meta, TensorMeta
from mars_nb.graph.node import Data, Node, Source
from mars_nb.planner.context import Building, NotPartitionable
from mars_nb.planner.inputs import reading
from mars_nb.planner.inputs.reading import version
from mars_nb.planner.layout import Grid, Layout, Rows, grid_indices, spans
from mars_nb.planner.tensors.arrays import from_dask
from mars_nb.planner.tensors.works import Drawn
from mars_nb.tensor.draws import Draw
from mars_nb.tensor.infer import dask_operation

__all__ = ["Parts", "is_generated", "lower", "of_chunks", "version"]


class Parts(NamedTuple):
    """Data of a source that is in chunks already, in place of the data.

    Attributes
    ----------
    chunks
        The chunks, or what the backend takes for them.
    partition
        Names the way in which rows are cut; see `Rows`. None for an array.
    columns
        Number of columns, in a tuple; empty for what has none.
    """

    chunks: tuple[Any, ...]
    partition: str | None = None
    columns: tuple[int, ...] = ()


def of_chunks(
    chunks: Sequence[Any],
    lengths: tuple[tuple[int, ...], ...] | None,
    label: str,
    meta: Meta,
    site: CallSite | None,
    partition: str | None = None,
    columns: tuple[int, ...] = (),
) -> Node:
    """Make a source of a result that is kept somewhere, in chunks.

    Parameters
    ----------
    chunks
        What the backend takes for them.
    lengths
        How it is cut, see `Node.chunks`; None for a single chunk.
    label, meta, site
        Of the operation that gave it.
    partition, columns
        See `Parts`.
    """
    data = chunks[0] if lengths is None else Parts(tuple(chunks), partition, columns)
    return Node(Source("restored"), (Data(data),), {}, label, meta, site, lengths)


_FILLED = {"numpy.ones", "numpy.zeros", "numpy.empty", "numpy.full"}
_SPACED = {"numpy.arange", "numpy.linspace"}


def is_generated(node: Node) -> bool:
    """Tell whether a value is made of nothing, in chunks, and always the same.

    Examples
    --------
    >>> import mars_nb.tensor as mt
    >>> made = [mt.ones(3, chunk_size=2), mt.random.rand(3, chunk_size=2), mt.tensor([1, 2, 3], chunk_size=2)]
    >>> [is_generated(t._node) for t in made], is_generated((made[0] + 1)._node)
    ([True, True, False], False)
    """
    name = node.op.name
    known = name in (_FILLED | _SPACED | {"numpy.eye"}) - {"numpy.empty"} or name.startswith("random.")
    return known and node.chunks is not None and not node.inputs and not isinstance(node.op, Source)


def lower(building: Building, node: Node) -> Layout:
    """Lower a source that was to be cut when recorded.

    Raises
    ------
    NotPartitionable
        If it must be made as one.
    """
    reader = reading.reader_of(node)
    if reader is not None:
        return reading.lower(building, node, reader)
    if node.chunks is None:
        raise NotPartitionable
    name = node.op.name
    if isinstance(node.op, Source):
        value = node.args[0].value
        if isinstance(value, Parts):
            return _given_parts(building, node, value)
        return _given_array(building, node, value) if isinstance(value, np.ndarray) else _given_rows(building, node)
    if name in _FILLED:
        shapes = [tuple(stop - start for start, stop in block) for block in _blocks(node)]
        tasks = [partial(node.op.apply, (shape, *node.args[1:]), node.kwargs) for shape in shapes]
        return Grid(tuple(building.add(node, i, task) for i, task in enumerate(tasks)), node.chunks)
    if name.startswith("random."):
        return _draws(building, node)
    if name in _SPACED:
        return _spaced(building, node)
    if name == "numpy.eye":
        eye = dask_operation(node.op)
        assert eye is not None
        return from_dask(building, node, eye.apply(node.args, {**node.kwargs, "chunks": node.chunks[0][0]}), {})
    raise NotPartitionable


def _blocks(node: Node) -> list[list[tuple[int, int]]]:
    """Give start and stop of each chunk in each dimension."""
    assert node.chunks is not None
    bounds = [spans(lengths) for lengths in node.chunks]
    return [[bounds[axis][i] for axis, i in enumerate(index)] for index in grid_indices(node.chunks)]


def _given_array(building: Building, node: Node, value: Any) -> Layout:
    assert node.chunks is not None
    windows = [tuple(slice(*span) for span in block) for block in _blocks(node)]
    return Grid(tuple(building.add(node, i, partial(value.__getitem__, w)) for i, w in enumerate(windows)), node.chunks)


def _given_rows(building: Building, node: Node) -> Layout:
    assert node.chunks is not None
    value = node.args[0].value
    cut = value.__getitem__ if isinstance(value, pd.Index) else value.iloc.__getitem__
    keys = tuple(building.add(node, i, partial(cut, slice(*span))) for i, span in enumerate(spans(node.chunks[0])))
    return Rows(keys, node.key, node.chunks[0], tuple(value.shape[1:]))


def _given_parts(building: Building, node: Node, parts: Parts) -> Layout:
    assert node.chunks is not None
    keys = tuple(building.add(node, i, partial(parts.chunks.__getitem__, i)) for i in range(len(parts.chunks)))
    if parts.partition is None:
        return Grid(keys, node.chunks)
    return Rows(keys, parts.partition, node.chunks[0], parts.columns)


def _draws(building: Building, node: Node) -> Layout:
    assert node.chunks is not None
    if isinstance(node.args[1], Data):  # as numpy draws them, one after the other
        whole = building.add(node, "whole", partial(node.evaluate, {}))
        windows = [tuple(slice(*span) for span in block) for block in _blocks(node)]
        keys = [building.add(node, i, operator.itemgetter(window), [whole]) for i, window in enumerate(windows)]
    else:
        draw = Draw(*node.args)
        keys = [building.add(node, i, Drawn(draw, block)) for i, block in enumerate(_blocks(node))]
    return Grid(tuple(keys), node.chunks)


def _spaced(building: Building, node: Node) -> Layout:
    """Make ``arange`` or ``linspace`` in chunks, rounded item by item as numpy does it."""
    assert node.chunks is not None
    assert isinstance(node.meta, TensorMeta)
    numbers = (*node.args, *(value for name, value in node.kwargs.items() if name != "dtype"))
    if len(node.chunks) != 1 or not all(isinstance(number, int | float) for number in numbers):
        raise NotPartitionable
    dtype = node.meta.dtype
    kwargs = {name: value for name, value in node.kwargs.items() if name != "dtype"}
    if node.op.name == "numpy.linspace":
        make = partial(_spread, *_bound_linspace(*node.args, **kwargs), sum(node.chunks[0]), dtype)
    else:
        make = partial(_steps, *_bound_arange(*node.args, **kwargs), dtype)
    keys = [building.add(node, i, partial(make, *span)) for i, span in enumerate(spans(node.chunks[0]))]
    return Grid(tuple(keys), node.chunks)


def _bound_arange(start: Any, stop: Any = None, step: Any = 1) -> tuple[Any, Any]:
    first = 0 if stop is None else start
    return first, first + step


def _steps(first: Any, second: Any, dtype: np.dtype[Any], start: int, stop: int) -> Any:
    # numpy brings the first two numbers into the dtype, and goes on by their difference.
    begin, then = np.array([first, second]).astype(dtype)
    return np.arange(start, stop).astype(dtype) * (then - begin) + begin


def _bound_linspace(start: Any, stop: Any, num: int = 50, endpoint: bool = True) -> tuple[Any, Any, Any]:
    return float(start), (stop - start) / (num - 1 if endpoint else num), stop if endpoint else None


def _spread(first: Any, step: Any, last: Any, count: int, dtype: np.dtype[Any], start: int, stop: int) -> Any:
    values = np.arange(start, stop) * step + first
    if last is not None and stop == count:
        values[-1] = last
    return (np.floor(values) if dtype.kind in "iu" else values).astype(dtype)
