"""Writing: a chunk task for each chunk, and one that puts all in place."""

from __future__ import annotations

from functools import partial
from typing import Any

from mars_nb.files.drafts import Draft
from mars_nb.files.writer import PartWriter
from mars_nb.graph.node import Function, Node
from mars_nb.planner.context import Building
from mars_nb.planner.layout import Layout, Rows, Single, spans


def writing(building: Building, node: Node) -> Layout | None:
    """Lower a node that writes a frame in parts."""
    writer = node.args[1] if isinstance(node.op, Function) and len(node.args) == 2 else None
    layout = building.lowered[node.inputs[0]]
    if not isinstance(writer, PartWriter) or not isinstance(layout, Rows):
        return None
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
