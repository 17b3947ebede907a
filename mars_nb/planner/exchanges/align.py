"""Operations on frames and series that are not cut alike: rows are brought together by their labels, as pandas does.

pandas takes two objects of equal labels row by row, even where a label comes more than once. Whether the labels are
equal shows only when the data is there. So both ways are planned and one of them is left empty: *by position*, the
rows of one object are cut as those of the other are; *by label*, they are exchanged. What is set into a frame, or
selects its rows, follows the labels of the frame; operands give the labels of both, sorted.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from pandas.api.types import is_list_like

from mars_nb.graph.meta import TensorMeta
from mars_nb.graph.node import Data, Function, Node, Path, Source
from mars_nb.planner.chunks.renumber import columns_of
from mars_nb.planner.chunks.rowmethods import ARITHMETIC, OPERATORS
from mars_nb.planner.chunks.rowrules import keeps_rows
from mars_nb.planner.chunks.rowwise import RowEvaluation, by_columns, is_plain
from mars_nb.planner.context import Building
from mars_nb.planner.exchanges.exchange import ByKeys, Side, exchanged, orderable, pieces_of, together
from mars_nb.planner.exchanges.joins import FEW_CHUNKS, rows_met
from mars_nb.planner.layout import ChunkKey, Grid, Layout, Rows, Single, spans
from mars_nb.planner.walks import is_frame, is_series, sample_of
from mars_nb.scheduler.pieces import Pieces

# Operands of these must have equal labels, or it is an error.
_COMPARISONS = frozenset("eq ne lt le gt ge".split())
# What is given may be as long as the frame.
_GIVEN = (list, range, np.ndarray, pd.api.extensions.ExtensionArray)
_FOLLOWING = frozenset({"setitem", "getitem", "insert"})
_FOLLOWING_METHODS = frozenset({"where", "mask", "fillna", "str.cat", "loc"})


def aligned(building: Building, node: Node) -> Layout | None:
    """Lower an operation on rows whose inputs are cut in two ways."""
    follows = _follows(node)
    node = node if follows is None else _lifted(building, node)
    keeps = None if follows is None else keeps_rows(node)
    if keeps is None or (found := _sides(building, node)) is None:
        return None
    own, other = found
    layout = _rows(building.lowered[own[0]], node)
    other_layout = building.lowered[other]
    array = isinstance(other.meta, TensorMeta)
    if layout is None or (array and not _is_column(other_layout)):
        return None
    if not array and not _comparable(own[0], other):
        return None
    aligning = _Aligning(building, node, own, other, layout)
    if array:
        chunks = aligning.recut("rows", other_layout.keys, strict=True)
        return aligning.evaluated(chunks, keeps=keeps)
    return aligning.following(keeps=keeps) if follows else aligning.operands()


class _Aligning:
    """The tasks of one such operation.

    Parameters
    ----------
    building, node
        Where the tasks go.
    own
        The inputs that are cut as the first is.
    other
        The one that is not.
    rows
        How the first input is cut.
    """

    def __init__(self, building: Building, node: Node, own: Sequence[Node], other: Node, rows: Rows) -> None:
        self.building, self.node, self.own, self.other, self.rows = building, node, own, other, rows
        self.other_keys = building.lowered[other].keys
        self.lengths = self._lengths("own", rows.keys)

    def following(self, *, keeps: bool) -> Layout:
        """Let the other follow the labels of the first; a frame without rows takes what it is given."""
        same = self._same(or_none=True)
        by_position = self.recut("rows", self._if("other", same, True, self.other_keys))
        if len(self.other_keys) <= FEW_CHUNKS:
            by_label = [self.building.single(self.other).key] * len(self.rows.keys)
        else:
            own, other = (Rows(tuple(keys), self.node.key) for keys in self._if_by_label(same))
            by_label = rows_met(self.building, self.node, own, other, _labels, _labels)
        chosen = [
            self.building.add(self.node, ("chosen", i), _choose, [same, *three])
            for i, three in enumerate(zip(self.rows.keys, by_position, by_label, strict=True))
        ]
        return self.evaluated(chosen, keeps=keeps)

    def operands(self) -> Layout:
        """Give the labels of both."""
        same = self._same(or_none=False)
        own, other = (self._if(name, same, True, keys) for name, keys in self._both())
        by_position = self._evaluated(own, self.recut("rows", other))
        sides = [Side([(key,) for key in keys], ByKeys(_labels)) for keys in self._if_by_label(same)]
        count, (cuts, other_cuts) = exchanged(self.building, self.node, sides)
        bucket = partial(_of_bucket, RowEvaluation(self.node, (self.own[0], self.other)), len(cuts))
        by_label = [
            self.building.add(self.node, ("bucket", i), partial(bucket, i), [*cuts, *other_cuts]) for i in range(count)
        ]
        return Rows((*by_position, *by_label), self.node.key, None, columns_of(self.node))

    def evaluated(self, others: Sequence[ChunkKey], *, keeps: bool) -> Layout:
        """Compute each chunk with the rows of the other that belong to it."""
        inputs = [i for i in self.node.inputs if i is not self.other]
        evaluate = RowEvaluation(self.node, (*inputs, self.other))
        keys = [
            self.building.add(self.node, i, evaluate, [*(self._chunk(input_, i) for input_ in inputs), other])
            for i, other in enumerate(others)
        ]
        if isinstance(self.node.meta, TensorMeta):
            nan = (float("nan"),) * len(keys)
            known = self.rows.lengths if keeps and self.rows.lengths else nan
            return Grid(tuple(keys), (known,), self.rows.partition if keeps else None)
        partition = self.rows.partition if keeps else self.node.key
        return Rows(tuple(keys), partition, self.rows.lengths if keeps else None, columns_of(self.node))

    def recut(self, name: str, keys: Sequence[ChunkKey], *, strict: bool = False) -> list[ChunkKey]:
        """Cut the rows of the other as those of the first are, by position; `strict` if they must be as many."""
        add, lengths = self.building.add, self._lengths(name, keys)
        cuts = [
            add(self.node, ("recut", name, i), partial(_cut, i, strict), [key, self.lengths, lengths])
            for i, key in enumerate(keys)
        ]
        return [add(self.node, ("recut to", name, i), partial(_joined, i), cuts) for i in range(len(self.rows.keys))]

    def _evaluated(self, own: Sequence[ChunkKey], others: Sequence[ChunkKey]) -> list[ChunkKey]:
        evaluate = RowEvaluation(self.node, (self.own[0], self.other))
        return [self.building.add(self.node, i, evaluate, both) for i, both in enumerate(zip(own, others, strict=True))]

    def _chunk(self, input_: Node, number: int) -> ChunkKey:
        keys = self.building.lowered[input_].keys
        return keys[number] if input_ in self.own else keys[0]

    def _same(self, *, or_none: bool) -> ChunkKey:
        """Tell whether both have equal labels, or the first has none; only labels are looked at."""
        labels = [self.building.add(self.node, ("labels", i), _bare, [key]) for i, key in enumerate(self.other_keys)]
        recut = self.recut("labels", labels)
        equal = [
            self.building.add(self.node, ("equal", i), _equal, both)
            for i, both in enumerate(zip(self.rows.keys, recut, strict=True))
        ]
        return self.building.add(self.node, "same", partial(_all_equal, or_none), [self.lengths, *equal])

    def _both(self) -> list[tuple[str, Sequence[ChunkKey]]]:
        return [("own", self.rows.keys), ("other", self.other_keys)]

    def _if_by_label(self, same: ChunkKey) -> list[list[ChunkKey]]:
        return [self._if(name, same, False, keys) for name, keys in self._both()]

    def _if(self, name: str, same: ChunkKey, wanted: bool, keys: Sequence[ChunkKey]) -> list[ChunkKey]:
        """Give chunks, but without rows if the labels are not as wanted."""
        only = partial(_only_if, wanted)
        return [self.building.add(self.node, ("if", name, wanted, i), only, [same, key]) for i, key in enumerate(keys)]

    def _lengths(self, name: str, keys: Sequence[ChunkKey]) -> ChunkKey:
        counts = [self.building.add(self.node, ("length", name, i), len, [key]) for i, key in enumerate(keys)]
        return self.building.add(self.node, ("lengths", name), _listed, counts)


# --- which operations, which sides --------------------------------------------------------------------------------


def _follows(node: Node) -> bool | None:
    """Tell whether the labels of the first input decide, None for operations that do not align."""
    if isinstance(node.op, Path):
        if node.op.name in ARITHMETIC:
            return False
        return True if node.op.name in _FOLLOWING_METHODS else None
    assert isinstance(node.op, Function)
    if node.op.name in _FOLLOWING:
        return True
    binary = (node.op.name in OPERATORS and node.op.name not in _COMPARISONS) or isinstance(node.op.target, np.ufunc)
    return False if binary and len(node.args) == 2 and not node.kwargs else None


def _lifted(building: Building, node: Node) -> Node:
    """Make an input of an array or list that was given, so that it is cut as the frame is."""
    given = [i for i, arg in enumerate(node.args) if isinstance(arg, _GIVEN)]
    binary = node.op.name in OPERATORS or (isinstance(node.op, Function) and isinstance(node.op.target, np.ufunc))
    beside_rows = binary and not any(map(is_frame, node.args))  # a list beside a frame is as long as its columns
    sets_column = node.op.name == "setitem" and given == [2] and len(node.args) == 3 and not is_list_like(node.args[1])
    if len(given) != 1 or not (beside_rows or sets_column):
        return node
    (number,) = given
    value = node.args[number]
    column = value if isinstance(value, np.ndarray) else pd.Series(value).array
    if column.ndim != 1 or not len(column):
        return node
    dtype = column.dtype if isinstance(column.dtype, np.dtype) else np.dtype(object)
    source = Node(Source("data_source"), (Data(column),), {}, node.label, TensorMeta((len(column),), dtype), node.site)
    lifted = Node(
        node.op,
        tuple(source if i == number else arg for i, arg in enumerate(node.args)),
        node.kwargs,
        node.label,
        node.meta,
        node.site,
    )
    building.owners.update({source: node, lifted: node})
    building.lowered[source] = Single(building.add(source, "data", partial(source.op.apply, source.args, {})))
    return lifted


def _sides(building: Building, node: Node) -> tuple[list[Node], Node] | None:
    """Give the inputs that are cut like the first one, and the one that is not."""
    first = node.args[0]
    if not (is_frame(first) or is_series(first)):
        return None
    own, others = [first], list[Node]()
    for input_ in node.inputs:
        if input_ is first or is_plain(input_):
            continue
        if by_columns(node, input_) or (isinstance(input_.meta, TensorMeta) and len(input_.meta.shape) != 1):
            return None
        (own if _cut_alike(building, first, input_) else others).append(input_)
    if len(others) != 1 or (len(own) > 1 and _follows(node) is False):
        return None
    rows = is_frame(others[0]) or is_series(others[0]) or isinstance(others[0].meta, TensorMeta)
    return (own, others[0]) if rows else None


def _cut_alike(building: Building, first: Node, other: Node) -> bool:
    one, two = building.lowered[first], building.lowered[other]
    return isinstance(one, Rows) and isinstance(two, Rows | Grid) and one.partition == two.partition


def _rows(layout: Layout, node: Node) -> Rows | None:
    if isinstance(layout, Single):
        return Rows((layout.key,), node.key)
    return layout if isinstance(layout, Rows) else None


def _is_column(layout: Layout) -> bool:
    return isinstance(layout, Single) or (isinstance(layout, Grid) and len(layout.nsplits) == 1)


def _comparable(one: Node, other: Node) -> bool:
    indexes = sample_of(one).index, sample_of(other).index
    plain = all(not isinstance(index, pd.MultiIndex) and orderable(index.dtype) for index in indexes)
    numbers = all(pd.api.types.is_numeric_dtype(index.dtype) for index in indexes)
    return plain and (numbers or indexes[0].dtype == indexes[1].dtype)


# --- what is computed ---------------------------------------------------------------------------------------------


def _labels(chunk: Any) -> list[Any]:
    return [chunk.index]


def _bare(chunk: Any) -> pd.DataFrame:
    return pd.DataFrame(index=chunk.index)


def _equal(chunk: Any, labels: pd.DataFrame) -> bool:
    return bool(chunk.index.equals(labels.index))


def _all_equal(or_none: bool, lengths: tuple[int, ...], *equal: bool) -> bool:
    return all(equal) or (or_none and not sum(lengths))


def _only_if(wanted: bool, same: bool, chunk: Any) -> Any:
    return chunk if same is wanted else chunk[:0]


def _choose(same: bool, chunk: Any, by_position: Any, by_label: Any) -> Any:
    if same:
        return by_position
    if not by_label.index.is_unique:
        raise ValueError("cannot reindex on an axis with duplicate labels")  # as pandas says of the whole
    return by_label if len(chunk) else by_label[:0]  # a frame without rows would take what it is given


def _listed(*numbers: int) -> tuple[int, ...]:
    return numbers


def _cut(number: int, strict: bool, chunk: Any, lengths: tuple[int, ...], others: tuple[int, ...]) -> Pieces:
    if strict and sum(lengths) != sum(others):
        raise ValueError(f"Length of values ({sum(others)}) does not match length of index ({sum(lengths)})")
    start, stop = spans(others)[number]
    bounds = spans(lengths)
    bounds[-1] = (bounds[-1][0], max(bounds[-1][1], sum(others)))  # what is too much goes to the last
    parts = [(max(first, start) - start, min(last, stop) - start) for first, last in bounds]
    pieces = [chunk[first:last] if first < last else None for first, last in parts]
    return Pieces([*(None if piece is None else piece.copy() for piece in pieces), chunk[:0]])


def _joined(number: int, *cuts: Pieces) -> Any:
    pieces = [piece for piece in (cut.take(number) for cut in cuts) if piece is not None] or [cuts[0].peek(-1)]
    if len(pieces) == 1:
        return pieces[0]
    return np.concatenate(pieces) if isinstance(pieces[0], np.ndarray) else pd.concat(pieces)


def _of_bucket(evaluate: RowEvaluation, split: int, number: int, *cuts: Pieces) -> Any:
    one, other = (together(pieces_of(side, number), side)[0] for side in (cuts[:split], cuts[split:]))
    if one.index.equals(other.index):
        # The labels of all are not equal, so pandas would take each with each, and sort.
        tables = [pd.DataFrame({"label": rows.index, "row": np.arange(len(rows))}) for rows in (one, other)]
        pairs = tables[0].merge(tables[1], on="label").sort_values("label", kind="stable")
        one, other = one.take(pairs["row_x"]), other.take(pairs["row_y"])
    return evaluate(one, other)
