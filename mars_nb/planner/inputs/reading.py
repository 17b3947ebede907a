"""Files and tables read in parts: a chunk for each part.

Parts of a format that says its dtypes are what they are. Those of a text are converted each by itself, so small tasks
between tell what all have in common.
"""

from __future__ import annotations

import warnings
from collections.abc import Hashable, Sequence
from functools import partial
from typing import Any
from weakref import WeakKeyDictionary

import pandas as pd

from mars_nb.errors import SessionWarning
from mars_nb.files.arrays import ArrayReader
from mars_nb.files.reader import FrameReader, Reader, TypedReader, UntypedReader
from mars_nb.files.settling import Facts, Settled, converted, facts, settle
from mars_nb.graph.node import Function, Node
from mars_nb.planner.context import Building
from mars_nb.planner.layout import ChunkKey, Grid, Layout, Rows, Single, grid_indices, spans

# Readers of what is there now, for nodes whose files were changed since they were recorded. Two threads that plan the
# same node at once may both make one; either will do.
_renewed: WeakKeyDictionary[Node, Reader] = WeakKeyDictionary()


def reader_of(node: Node) -> Reader | None:
    """Give what a node reads, None if it reads nothing."""
    found = node.args[0] if node.args and isinstance(node.op, Function) else None
    return found if isinstance(found, Reader) else None


def version(node: Node) -> Hashable:
    """Tell the version of what a node reads, as it is now; None of a node that reads nothing.

    Where it cannot be told, as of most databases, each answer is unlike all others.
    """
    reader = reader_of(node)
    found = None if reader is None else reader.current_version()
    return object() if found is None and reader is not None else found


def outline(node: Node, reader: Reader) -> Layout:
    """Tell how a value will be cut, without a look at the files."""
    if reader.count < 2:
        return Single(node.key)
    if isinstance(reader, ArrayReader):
        assert reader.chunks is not None
        return Grid(tuple((node.key, i) for i in range(reader.count)), reader.chunks)
    assert isinstance(reader, FrameReader)
    return Rows(tuple((node.key, i) for i in range(reader.count)), node.key, reader.lengths)


def lower(building: Building, node: Node, reader: Reader) -> Layout:
    """Lower a node that reads, in parts. Files that have changed since they were recorded are cut anew."""
    recorded, reader = reader, up_to_date(node, reader)
    # What was computed of the files as they were is cut in another way.
    partition = node.key if reader.version == recorded.version else f"{node.key}.{hash(reader.version):x}"
    if node in building.pruned and isinstance(reader, TypedReader):
        reader = reader.select(building.pruned[node]) or reader
    if reader.count < 2:
        return Single(building.add(node, "whole", reader.whole))
    if isinstance(reader, ArrayReader):
        return _array(building, node, reader)
    assert isinstance(reader, FrameReader)
    columns = tuple(reader.sample.shape[1:])
    if isinstance(reader, UntypedReader):
        return Rows(tuple(_untyped(building, node, reader)), partition, None, columns)
    assert isinstance(reader, TypedReader)
    lengths = reader.lengths
    numbers = range(reader.count)
    if lengths is not None or not reader.is_numbered:
        starts = [0] * reader.count if lengths is None else [start for start, _ in spans(lengths)]
        keys = [building.add(node, i, partial(_read_from, reader, i, starts[i])) for i in numbers]
        return Rows(tuple(keys), partition, lengths, columns)
    parts = [building.add(node, ("part", i), partial(reader.read, i)) for i in numbers]
    counts = [building.add(node, ("rows", i), len, [part]) for i, part in enumerate(parts)]
    begins = building.add(node, "starts", _starts, counts)
    keys = [building.add(node, i, partial(_finish_from, reader, i), [part, begins]) for i, part in enumerate(parts)]
    return Rows(tuple(keys), partition, None, columns)


def _array(building: Building, node: Node, reader: ArrayReader) -> Layout:
    assert reader.chunks is not None
    bounds = [spans(lengths) for lengths in reader.chunks]
    keys = []
    for i, index in enumerate(grid_indices(reader.chunks)):
        window = tuple(slice(*bounds[axis][place]) for axis, place in enumerate(index))
        keys.append(building.add(node, i, partial(reader.read, window)))
    return Grid(tuple(keys), reader.chunks)


def up_to_date(node: Node, recorded: Reader) -> Reader:
    """Give a reader of the files as they are now, with a warning if they are others than were recorded."""
    reader = _renewed.get(node, recorded)
    if reader.version is None or reader.again is None or reader.current_version() == reader.version:
        return reader
    try:
        renewed = reader.again()
    except FileNotFoundError:
        return reader  # reading it tells
    message = f"{reader.origin} has changed since it was read or recorded: it is read anew"
    if node.site is None:
        warnings.warn(message, SessionWarning, stacklevel=2)
    else:
        warnings.warn_explicit(message, SessionWarning, node.site.filename, node.site.lineno)
    _renewed[node] = renewed
    return renewed


def _read_from(reader: TypedReader, number: int, start: int) -> pd.DataFrame:
    return reader.finish(reader.read(number), start)


def _starts(*lengths: int) -> list[int]:
    return [start for start, _ in spans(lengths)]


def _finish_from(reader: FrameReader, number: int, frame: pd.DataFrame, starts: Sequence[int]) -> pd.DataFrame:
    return reader.finish(frame, starts[number])


# --- parts that must be settled ---------------------------------------------------------------------------------


def _untyped(building: Building, node: Node, reader: UntypedReader) -> list[ChunkKey]:
    numbers = range(reader.count)
    parts = [building.add(node, ("part", i), partial(reader.read, i)) for i in numbers]
    notes = [building.add(node, ("note", i), reader.note, [part]) for i, part in enumerate(parts)]
    all_notes = building.add(node, "notes", _together, notes)
    good = [
        building.add(node, ("good", i), partial(_repaired, reader, i), [part, all_notes])
        for i, part in enumerate(parts)
    ]
    known = [building.add(node, ("facts", i), partial(facts, reader.group(i)), [good[i]]) for i in numbers]
    settled = building.add(node, "settled", partial(_settled, reader), known)
    return [building.add(node, i, partial(_finished, reader, i), [good[i], settled]) for i in numbers]


def _together(*notes: Any) -> tuple[Any, ...]:
    return notes


def _repaired(reader: UntypedReader, number: int, part: Any, notes: tuple[Any, ...]) -> pd.DataFrame | None:
    return reader.repair(number, part, *notes)


def _settled(reader: UntypedReader, *parts: Facts | None) -> Settled | list[pd.DataFrame]:
    """Settle the parts, or read all as one and cut that."""
    found = settle(parts)
    if found is not None:
        return found
    frame = reader.whole()
    size = -(-len(frame) // len(parts))
    return [frame.iloc[i * size : (i + 1) * size] for i in range(len(parts))]


def _finished(
    reader: UntypedReader, number: int, frame: pd.DataFrame | None, settled: Settled | list[pd.DataFrame]
) -> pd.DataFrame:
    if isinstance(settled, list):
        return settled[number]
    assert frame is not None
    return reader.finish(converted(frame, settled.dtypes), settled.starts[number])
