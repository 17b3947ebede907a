"""Writing: a chunk task for each chunk, and one that puts all in place."""

from __future__ import annotations

from functools import partial
from typing import Any

from mars_nb.files.arrays import Chunks, Window
from mars_nb.files.arraywriters import ArrayWriter, ZarrWriter, is_regular
from mars_nb.files.drafts import Draft
from mars_nb.files.writer import PartWriter, Writer
from mars_nb.graph.node import Function, Node
from mars_nb.planner.context import Building
from mars_nb.planner.layout import Grid, Layout, Rows, Single, grid_indices, spans
from mars_nb.planner.settle import settled


def writing(building: Building, node: Node) -> Layout | None:
    """Lower a node that writes, None if it does not, or cannot write in parts."""
    writer = node.args[1] if isinstance(node.op, Function) and len(node.args) == 2 else None
    if not isinstance(writer, Writer):
        return None
    layout = settled(building, node.inputs[0])  # numbers of one column are written alike in all chunks
    if isinstance(writer, PartWriter) and isinstance(layout, Rows):
        return _rows(building, node, writer, layout)
    if isinstance(writer, ArrayWriter) and isinstance(layout, Grid) and layout.known:
        return _grid(building, node, writer, layout)
    return None


def _rows(building: Building, node: Node, writer: PartWriter, layout: Rows) -> Layout:
    draft = writer.begun()
    count = len(layout.keys)
    begun = building.add(node, "begun", partial(_begin, draft))
    starts = building.add(node, "starts", tuple)
    if writer.needs_starts:
        lengths = [building.add(node, ("rows", i), len, [key]) for i, key in enumerate(layout.keys)]
        starts = building.add(node, "starts", _starts, lengths)
    parts = [
        building.add(node, ("part", i), partial(_part, writer, draft, i, count), [key, begun, starts])
        for i, key in enumerate(layout.keys)
    ]
    return Single(building.add(node, "finish", partial(_finish, writer, draft), parts))


def _starts(*lengths: int) -> list[int]:
    return [start for start, _ in spans(lengths)]


def _begin(draft: Draft) -> None:
    draft.make()


def _part(writer: PartWriter, draft: Draft, number: int, count: int, frame: Any, begun: None, starts: Any) -> Any:
    return writer.part(draft, number, count, frame, starts[number] if starts else 0)


def _finish(writer: PartWriter, draft: Draft, *parts: Any) -> Any:
    try:
        return writer.finish(draft, list(parts))
    finally:
        draft.remove()


# --- arrays -----------------------------------------------------------------------------------------------------


def _grid(building: Building, node: Node, writer: ArrayWriter, layout: Grid) -> Layout | None:
    chunks = tuple(tuple(int(length) for length in lengths) for lengths in layout.nsplits)
    if isinstance(writer, ZarrWriter) and not is_regular(chunks):
        return None  # two of them would write to one file of zarr's
    draft = writer.begun()
    begun = building.add(node, "begun", partial(_begin_array, writer, draft, chunks), [layout.keys[0]])
    bounds = [spans(lengths) for lengths in chunks]
    parts = []
    for i, (key, index) in enumerate(zip(layout.keys, grid_indices(chunks), strict=True)):
        window = tuple(slice(*bounds[axis][place]) for axis, place in enumerate(index))
        parts.append(building.add(node, ("part", i), partial(_array_part, writer, draft, window), [key, begun]))
    return Single(building.add(node, "finish", partial(_finish_array, writer, draft), parts))


def _begin_array(writer: ArrayWriter, draft: Draft, chunks: Chunks, example: Any) -> None:
    writer.begin(draft.make(), chunks, example)


def _array_part(writer: ArrayWriter, draft: Draft, window: Window, chunk: Any, begun: None) -> None:
    writer.part(draft, window, chunk)


def _finish_array(writer: ArrayWriter, draft: Draft, *parts: None) -> None:
    try:
        writer.finish(draft)
    finally:
        draft.remove()
