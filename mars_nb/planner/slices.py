"""Slices of executed results: which part of a stored result answers them, without executing.

``df.head()``, ``df.iloc[5:8]``, ``t[10:12, :3]`` or ``df["a"]`` of an executed object are parts of what the session
holds. Slices of slices fall together into one window, because slices of a Python ``range`` do.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from mars_nb.graph.meta import PandasMeta, TensorMeta
from mars_nb.graph.node import Arguments, Function, Node, Path
from mars_nb.planner.layout import ChunkKey, Grid, Layout, Nested, Rows, join_grid, spans

#: Brings chunks by their keys; for each an array is given, or none for all, that may be filled in its place.
Read = Callable[[Sequence[ChunkKey], Sequence[Any]], list[Any]]


@dataclass(frozen=True, slots=True)
class Window:
    """A part of a stored result.

    Attributes
    ----------
    node
        The node whose result is stored.
    ranges
        Positions along each dimension; an int for a dimension that is gone.
    columns
        Of a frame: a label for one column, a list for several, None for all.
    taken
        Positions among these columns, None for all.
    """

    node: Node
    ranges: tuple[range | int, ...]
    columns: Hashable | list[Hashable] | None = None
    taken: Sequence[int] | None = None


def find(node: Node, held: Callable[[str], Layout | None]) -> Window | None:
    """Find the stored result that a node is a slice of.

    Parameters
    ----------
    node
        What is wanted.
    held
        Gives the layout of a stored result by its node's key.

    Returns
    -------
    Window or None
        None if the node is no slice of a stored result.
    """
    steps: list[Node] = []
    while (layout := held(node.key)) is None:
        if not node.args or not isinstance(node.args[0], Node) or len(node.inputs) != 1:
            return None
        steps.append(node)
        node = node.inputs[0]
    window: Window | None = Window(node, tuple(map(range, layout.shape)))
    for step in reversed(steps):
        if window is None:
            return None
        is_tensor = isinstance(node.meta, TensorMeta)
        window = _slice_tensor(window, step) if is_tensor else _slice_frame(window, step)
    return window


def _slice_tensor(window: Window, step: Node) -> Window | None:
    if not isinstance(step.op, Function) or step.op.name != "getitem":
        return None
    key = step.args[1] if isinstance(step.args[1], tuple) else (step.args[1],)
    if not all(_is_basic(part) or part is Ellipsis for part in key):
        return None
    left = [axis for axis, positions in enumerate(window.ranges) if isinstance(positions, range)]
    if Ellipsis in key:
        at = key.index(Ellipsis)
        key = (*key[:at], *(slice(None),) * (len(left) - len(key) + 1), *key[at + 1 :])
    ranges = list(window.ranges)
    for axis, part in zip(left, key, strict=False):
        positions = ranges[axis]
        assert isinstance(positions, range)
        ranges[axis] = positions[part]
    return replace(window, ranges=tuple(ranges))


def _is_basic(part: Any) -> bool:
    if isinstance(part, slice):
        return all(bound is None or isinstance(bound, int | np.integer) for bound in (part.start, part.stop, part.step))
    return isinstance(part, int | np.integer) and not isinstance(part, bool)


def _slice_frame(window: Window, step: Node) -> Window | None:
    rows = window.ranges[0] if window.ranges else 0
    if not isinstance(rows, range):
        return None
    one_column = window.columns is not None and not isinstance(window.columns, list)
    if isinstance(step.op, Function) and step.op.name == "getitem":
        meta, key = step.inputs[0].meta, step.args[1]
        frame = isinstance(meta, PandasMeta) and isinstance(meta.sample, pd.DataFrame)
        labels = isinstance(key, str) or (isinstance(key, list) and all(isinstance(item, str) for item in key))
        return replace(window, columns=key) if frame and labels and not one_column else None
    call = step.args[-1]
    if not isinstance(step.op, Path) or not isinstance(call, Arguments):
        return None
    match step.op.names:
        case ("head" | "tail" as name,):
            n = call.args[0] if call.args else call.kwargs.get("n", 5)
            part: Any = slice(None, n) if name == "head" else slice(-n if n else len(rows), None)
        case ("iloc", "__getitem__"):
            part = call.args[0]
            if isinstance(part, tuple) and len(part) == 2:
                part, chosen = part
                columns = _labels(step.inputs[0], chosen)
                if columns is None:
                    return None
                window = replace(window, columns=columns)
        case ("loc", "__getitem__"):
            part = _positions(window, step, call.args[0])
        case _:
            return None
    if part is None or not _is_basic(part):
        return None
    return replace(window, ranges=(rows[part], *window.ranges[1:]))


def _labels(frame: Node, chosen: Any) -> Hashable | list[Hashable] | None:
    """Turn positions of columns into labels, None where that is not one to one."""
    meta = frame.meta
    if not isinstance(meta, PandasMeta) or meta.open or not isinstance(meta.sample, pd.DataFrame):
        return None
    columns = meta.sample.columns
    if not columns.is_unique or not _is_basic(chosen):
        return None
    found: Hashable | list[Hashable] = list(columns[chosen]) if isinstance(chosen, slice) else columns[chosen]
    return found


def _positions(window: Window, step: Node, key: Any) -> Any:
    """Turn labels of a default index into positions; both ends of such a slice are meant."""
    meta = window.node.meta
    index = meta.sample.index if isinstance(meta, PandasMeta) and not isinstance(meta.sample, pd.Index) else None
    default = isinstance(index, pd.RangeIndex) and index.start == 0 and index.step == 1
    if not default or step.inputs[0] is not window.node:
        return None
    if isinstance(key, slice) and key.step is None and all(b is None or type(b) is int for b in (key.start, key.stop)):
        return slice(key.start, None if key.stop is None else key.stop + 1) if (key.start or 0) >= 0 else None
    return key if type(key) is int and key >= 0 else None


# --- reading ----------------------------------------------------------------------------------------------------


def read(window: Window, layout: Layout, read_chunks: Read) -> Any:
    """Read a window of a stored result: only the chunks that it touches.

    Returns
    -------
    object
        A value of its own: writing to it changes nothing that is stored.
    """
    if isinstance(layout, Grid):
        return _read_grid(window, layout, read_chunks)
    if isinstance(layout, Nested):
        return layout.assemble(read_chunks(layout.keys, ()))
    rows = window.ranges[0] if window.ranges else None
    if isinstance(layout, Rows) and rows is not None:
        keys, first = _touched(layout, rows)
        value = layout.assemble([_column(chunk, window) for chunk in read_chunks(keys, ())])
        return _pick_rows(value, rows, first)
    (value,) = read_chunks(layout.keys, ())
    if isinstance(value, np.ndarray):
        return _pick_array(value, window.ranges)
    return value if rows is None else _pick_rows(_column(value, window), rows, 0)


def _column(value: Any, window: Window) -> Any:
    value = value if window.columns is None else value[window.columns]
    return value if window.taken is None else value.iloc[:, list(window.taken)]


def _touched(layout: Rows, rows: range | int) -> tuple[list[ChunkKey], int]:
    """Give the chunks that hold the rows, and the position of their first row."""
    low, high = (rows, rows + 1) if isinstance(rows, int) else _extent(rows)
    bounds = spans(layout.lengths or ())
    placed = zip(layout.keys, bounds, strict=True)
    found = [(key, start) for key, (start, stop) in placed if start < high and stop > low]
    return ([key for key, _ in found], found[0][1]) if found else ([layout.keys[0]], 0)


def _extent(positions: range) -> tuple[int, int]:
    if not len(positions):
        return 0, 0
    return min(positions[0], positions[-1]), max(positions[0], positions[-1]) + 1


def _pick_rows(value: Any, rows: range | int, first: int) -> Any:
    if isinstance(rows, int):
        return value[rows - first] if isinstance(value, pd.Index) else value.iloc[rows - first]
    picked = _as_slice(rows, first)
    part = value[picked] if isinstance(value, pd.Index) else value.iloc[picked]
    return part.copy(deep=False)


def _as_slice(positions: range, first: int) -> slice:
    if not len(positions):
        return slice(0, 0)
    stop = positions.stop - first
    return slice(positions.start - first, stop if stop >= 0 else None, positions.step)


def _pick_array(value: Any, ranges: tuple[range | int, ...]) -> Any:
    picked = value[tuple(p if isinstance(p, int) else _as_slice(p, 0) for p in ranges)]
    return picked.copy() if isinstance(picked, np.ndarray) else picked


def _read_grid(window: Window, layout: Grid, read_chunks: Read) -> Any:
    extents = [(p, p + 1) if isinstance(p, int) else _extent(p) for p in window.ranges]
    touched: list[list[int]] = []
    firsts: list[int] = []
    for (low, high), lengths in zip(extents, layout.nsplits, strict=True):
        bounds = spans(lengths)
        found = [i for i, (start, stop) in enumerate(bounds) if start < high and stop > low] or [0]
        touched.append(found)
        firsts.append(bounds[found[0]][0])
    shape = [len(lengths) for lengths in layout.nsplits]
    positions = np.arange(len(layout.keys)).reshape(shape)[np.ix_(*touched)].ravel()
    sizes = [[int(along[i]) for i in found] for along, found in zip(layout.nsplits, touched, strict=True)]
    keys = [layout.keys[position] for position in positions]
    joined = _joined(window.node.meta, sizes, partial(read_chunks, keys))
    moved = tuple(
        p - first if isinstance(p, int) else range(p.start - first, p.stop - first, p.step)
        for p, first in zip(window.ranges, firsts, strict=True)
    )
    picked = joined[tuple(p if isinstance(p, int) else _as_slice(p, 0) for p in moved)]
    return picked.copy() if isinstance(picked, np.ndarray) and picked.nbytes < joined.nbytes else picked


def _joined(meta: Any, lengths: list[list[int]], read_chunks: Callable[[Sequence[Any]], list[Any]]) -> Any:
    """Read the chunks of a grid into an array of its own."""
    counts = [len(along) for along in lengths]
    if not isinstance(meta, TensorMeta) or meta.dtype.hasobject:
        return _own(read_chunks(()), counts)
    joined = np.empty([sum(along) for along in lengths], meta.dtype)
    bounds = [[slice(*span) for span in spans(along)] for along in lengths]
    parts = [joined[tuple(index)] for index in itertools.product(*bounds)]
    chunks = read_chunks(parts)
    if any(type(chunk) is not np.ndarray or chunk.dtype != meta.dtype for chunk in chunks):
        return _own(chunks, counts)
    for part, chunk in zip(parts, chunks, strict=True):
        if chunk is not part:
            part[...] = chunk
    return joined


def _own(chunks: Sequence[Any], counts: Sequence[int]) -> Any:
    joined = join_grid(chunks, counts)
    return joined.copy() if len(chunks) == 1 and isinstance(joined, np.ndarray) else joined
