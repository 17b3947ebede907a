"""Sources cut into chunks: arrays made or given, random draws, frames given, CSV files."""

from __future__ import annotations

import io
from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from mars_nb.graph.callsite import CallSite
from mars_nb.graph.meta import Meta, TensorMeta
from mars_nb.graph.node import Data, Node, Source
from mars_nb.planner.arrays import from_dask
from mars_nb.planner.context import Building, NotPartitionable
from mars_nb.planner.layout import ChunkKey, Grid, Layout, Rows, grid_indices, spans
from mars_nb.tensor.infer import dask_operation


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
    if name == "pandas.read_csv":
        return _csv(building, node)
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
    from mars_nb.tensor.random import Generator, RandomState, draw

    assert node.chunks is not None
    kind, method, entropy, _, args, kwargs = node.args
    found = {"RandomState": RandomState, "Generator": Generator}[kind].sized(method, args, kwargs)
    assert found is not None  # else it would not have been cut
    keys = []
    for i, (index, block) in enumerate(zip(grid_indices(node.chunks), _blocks(node), strict=True)):
        block_args, block_kwargs = found[1](tuple(stop - start for start, stop in block))
        keys.append(building.add(node, i, partial(draw, kind, method, entropy, index, block_args, block_kwargs)))
    return Grid(tuple(keys), node.chunks)


def _spaced(building: Building, node: Node) -> Layout:
    """Make ``arange`` or ``linspace`` in chunks, rounded item by item as numpy does it."""
    assert node.chunks is not None
    assert isinstance(node.meta, TensorMeta)
    numbers = (*node.args, *(value for name, value in node.kwargs.items() if name != "dtype"))
    if len(node.chunks) != 1 or not all(isinstance(number, int | float) for number in numbers):
        raise NotPartitionable
    bind = _bound_linspace if node.op.name == "numpy.linspace" else _bound_arange
    kwargs = {name: value for name, value in node.kwargs.items() if name != "dtype"}
    first, step, last = bind(*node.args, **kwargs)
    make = partial(_steps, first, step, last, sum(node.chunks[0]), node.meta.dtype)
    keys = [building.add(node, i, partial(make, *span)) for i, span in enumerate(spans(node.chunks[0]))]
    return Grid(tuple(keys), node.chunks)


def _bound_arange(start: Any, stop: Any = None, step: Any = 1) -> tuple[Any, Any, Any]:
    first = 0 if stop is None else start
    return first, (first + step) - first, None


def _bound_linspace(start: Any, stop: Any, num: int = 50, endpoint: bool = True) -> tuple[Any, Any, Any]:
    return float(start), (stop - start) / (num - 1 if endpoint else num), stop if endpoint else None


def _steps(first: Any, step: Any, last: Any, count: int, dtype: np.dtype[Any], start: int, stop: int) -> Any:
    values = np.arange(start, stop) * step + first
    if last is not None and stop == count:
        values[-1] = last
    return values.astype(dtype)


# --- CSV --------------------------------------------------------------------------------------------------------
#
# Each part of the file is parsed by itself. What depends on all parts is settled in one small task between: the index
# runs through, and a column has the dtype that all its parts have in common. The file is read as one after all if a
# line break inside quotes was cut through (an odd number of quotes in a part tells), or if a column is text in one
# part and numbers in another, because the text of those numbers is lost.


def _csv(building: Building, node: Node) -> Layout:
    assert node.chunks is not None
    path, kwargs = node.args[0], node.kwargs
    parts: list[ChunkKey] = []
    for i, (start, stop) in enumerate(spans(node.chunks[0])):
        parts.append(building.add(node, ("part", i), partial(_parse_part, path, start, stop, kwargs)))
    facts = [building.add(node, ("facts", i), _facts, [part]) for i, part in enumerate(parts)]
    settled = building.add(node, "settled", partial(_settle, path, kwargs), facts)
    keys = [building.add(node, i, partial(_finish, i), [part, settled]) for i, part in enumerate(parts)]
    columns = node.meta.sample.shape[1:]  # type: ignore[union-attr]  # recorded with a sample
    return Rows(tuple(keys), node.key, None, tuple(columns))


def _parse_part(path: str, start: int, stop: int, kwargs: dict[str, Any]) -> tuple[pd.DataFrame, bool]:
    """Parse the lines that begin in a part of the file.

    Returns
    -------
    tuple
        The rows, and whether a quoted text may have been cut through.
    """
    with open(path, "rb") as file:
        header = file.readline() if kwargs.get("header", "infer") == 0 or kwargs.get("names") is None else b""
        begin = max(start, len(header))
        if begin > len(header):
            file.seek(begin - 1)
            begin += len(file.readline()) - 1
        else:
            file.seek(begin)
        if begin >= stop:
            body = b""
        else:
            file.seek(begin)
            body = file.read(stop - begin)
            if not body.endswith(b"\n"):
                body += file.readline()
    cut = bool(body.count(b'"') % 2 or header.count(b'"') % 2)
    try:
        return (pd.DataFrame() if cut else pd.read_csv(io.BytesIO(header + body), **kwargs)), cut
    except ValueError:  # begins in the middle of a quoted text, or the file is wrong: reading all of it tells
        return pd.DataFrame(), True


class _Facts(NamedTuple):
    """What must be known of a part of the file."""

    rows: int
    dtypes: dict[Any, Any]
    empty: set[Any]  # columns without a value
    cut: bool


def _facts(part: tuple[pd.DataFrame, bool]) -> _Facts:
    frame, cut = part
    return _Facts(len(frame), frame.dtypes.to_dict(), {name for name in frame if frame[name].isna().all()}, cut)


def _settle(path: str, kwargs: dict[str, Any], *facts: _Facts) -> Any:
    """Find where each part starts and the dtypes that all have in common, or read the file as one."""
    dtypes = None if any(part.cut for part in facts) else _common_dtypes(facts)
    if dtypes is None:
        frame = pd.read_csv(path, **kwargs)
        size = -(-len(frame) // len(facts))
        return [frame.iloc[i * size : (i + 1) * size] for i in range(len(facts))]
    return np.cumsum([0, *(part.rows for part in facts)]), dtypes


def _common_dtypes(facts: tuple[_Facts, ...]) -> dict[Any, Any] | None:
    common = {}
    for name in facts[0].dtypes:
        found = {part.dtypes[name] for part in facts if name not in part.empty}
        gaps = any(name in part.empty and part.rows for part in facts)
        if np.dtype("u8") in found and (len(found) > 1 or gaps):
            return None  # next to these, pandas makes of other numbers texts, or numbers without a sign
        if not found:
            common[name] = facts[0].dtypes[name]
        elif len(found) == 1:
            (dtype,) = found
            common[name] = dtype
        elif all(isinstance(dtype, np.dtype) and dtype.kind in "iuf" for dtype in found):
            common[name] = np.result_type(*found)
        else:
            return None
        if gaps and common[name].kind in "iub":
            if common[name].kind == "b":
                return None
            common[name] = np.dtype(float)
    return common


def _finish(number: int, part: tuple[pd.DataFrame, bool], settled: Any) -> pd.DataFrame:
    if isinstance(settled, list):
        frame: pd.DataFrame = settled[number]
        return frame
    starts, dtypes = settled
    frame = part[0]
    changed = {name: dtype for name, dtype in dtypes.items() if frame.dtypes[name] != dtype}
    frame = frame.astype(changed) if changed else frame
    return frame.set_axis(pd.RangeIndex(starts[number], starts[number + 1]), axis=0)
