"""Joins: pandas's own merge of each chunk of one side with those rows of the other side that it may meet.

pandas gives the rows of an inner or left join in the order of the left side, of a right join in that of the right
side, and of an outer join in the order of the keys. So the side that decides stays where it is. Of the other side all
is brought together where that is little; else each chunk gets the rows whose keys it has, found by an exchange of keys.
For an order of keys both sides are exchanged.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from mars_nb.graph.node import Node
from mars_nb.planner.chunks.renumber import columns_of, renumbered
from mars_nb.planner.context import Building, Evaluation
from mars_nb.planner.exchanges.exchange import ByKeys, Piece, Side, exchanged, orderable, pieces_of, together
from mars_nb.planner.layout import ChunkKey, Layout, Rows, Single
from mars_nb.planner.walks import call_of, is_frame, is_series, sample_of
from mars_nb.scheduler.pieces import Pieces

#: A side of so few chunks is brought together for each chunk of the other.
FEW_CHUNKS = 4
_POSITIONAL = ("right", "how", "on", "left_on", "right_on", "left_index", "right_index", "sort", "suffixes")
_MERGE = frozenset({*_POSITIONAL, "indicator", "validate", "copy"})
_JOIN = frozenset({"other", "on", "how", "lsuffix", "rsuffix", "sort"})

Extract = Callable[[Any], list[Any]]


class _Join(NamedTuple):
    """What was asked for.

    Attributes
    ----------
    left, right
        The sides.
    how
        The kind of join.
    left_keys, right_keys
        Give the keys of a chunk of the sides.
    sort
        Whether the rows are in the order of the keys.
    numbered
        Whether the rows are numbered anew.
    """

    left: Node
    right: Node
    how: str
    left_keys: Extract
    right_keys: Extract
    sort: bool
    numbered: bool


def join(building: Building, node: Node) -> Layout | None:
    """Lower ``merge`` and ``join`` of two frames, or a frame and a series."""
    asked = _merge(node) or _join(node)
    if asked is None or len(node.inputs) != 2:
        return None
    left, right = building.lowered[asked.left], building.lowered[asked.right]
    if asked.how == "cross" or not asked.sort:
        stays, other = (right, left) if asked.how == "right" else (left, right)
        rows = Rows((stays.key,), node.key) if isinstance(stays, Single) else stays
        return _staying(building, node, asked, rows, other) if isinstance(rows, Rows) else None
    if not _comparable(asked):
        return None
    sides = [
        Side([(key,) for key in layout.keys], ByKeys(keys))
        for layout, keys in ((left, asked.left_keys), (right, asked.right_keys))
    ]
    count, (left_cuts, right_cuts) = exchanged(building, node, sides)
    bucket = partial(_merged_bucket, Evaluation(node, (asked.left, asked.right)), len(left_cuts))
    parts = [building.add(node, ("bucket", i), partial(bucket, i), [*left_cuts, *right_cuts]) for i in range(count)]
    return _laid_out(building, node, asked, parts)


def _laid_out(building: Building, node: Node, asked: _Join, parts: list[ChunkKey]) -> Rows:
    return (
        renumbered(building, node, parts, None)
        if asked.numbered
        else Rows(tuple(parts), node.key, None, columns_of(node))
    )


def _merged_bucket(evaluate: Evaluation, split: int, number: int, *cuts: Pieces) -> Any:
    sides = (cuts[:split], cuts[split:])
    return evaluate(*(together(pieces_of(side, number), side)[0] for side in sides))


# --- one side stays where it is -----------------------------------------------------------------------------------


def _staying(building: Building, node: Node, asked: _Join, stays: Rows, other: Layout) -> Layout:
    swapped = asked.how == "right"
    few = len(other.keys) <= FEW_CHUNKS or asked.how == "cross" or not _comparable(asked)
    if few:
        met = [building.single(asked.left if swapped else asked.right).key] * len(stays.keys)
    else:
        keys = (asked.right_keys, asked.left_keys) if swapped else (asked.left_keys, asked.right_keys)
        met = rows_met(building, node, stays, other, *keys)
    evaluate = Evaluation(node, (asked.right, asked.left) if swapped else (asked.left, asked.right))
    parts = [
        building.add(node, ("part", i), evaluate, [key, rows])
        for i, (key, rows) in enumerate(zip(stays.keys, met, strict=True))
    ]
    return _laid_out(building, node, asked, parts)


def rows_met(
    building: Building, node: Node, stays: Rows, other: Layout, keys: Extract, other_keys: Extract
) -> list[ChunkKey]:
    """Find for each chunk of a side the rows of the other side whose keys it has, in their order.

    Parameters
    ----------
    building, node
        Where the tasks go.
    stays, other
        The sides.
    keys, other_keys
        Give the keys of a chunk.
    """
    distinct = partial(_distinct, keys)
    wanted = [(building.add(node, ("keys", i), distinct, [key]),) for i, key in enumerate(stays.keys)]
    sides = [Side(wanted, ByKeys(_columns)), Side([(key,) for key in other.keys], ByKeys(other_keys))]
    count, (wanted_cuts, cuts) = exchanged(building, node, sides)
    match = partial(_matched, other_keys, len(wanted_cuts))
    buckets = [building.add(node, ("met", i), partial(match, i), [*wanted_cuts, *cuts]) for i in range(count)]
    return [building.add(node, ("rows met", i), partial(_in_order, i), buckets) for i in range(len(stays.keys))]


def _distinct(keys: Extract, chunk: Any) -> pd.DataFrame:
    return ByKeys(keys).keys(chunk).drop_duplicates()


def _columns(table: pd.DataFrame) -> list[Any]:
    return [table[label] for label in table]


def _matched(keys: Extract, split: int, number: int, *cuts: Pieces) -> Pieces:
    """Give the rows of a bucket that each chunk of the staying side may meet, with numbers that tell their order."""
    wanted, found = pieces_of(cuts[:split], number), pieces_of(cuts[split:], number)
    (rows,) = together(found, cuts[split:])
    # Chunks are in order, and positions in a chunk are less than 2**40.
    places = [(i << 40) + piece.positions for i, piece in enumerate(found) if piece is not None]
    numbers = np.concatenate(places) if places else np.empty(0, "int64")
    tables = [piece.values[0].assign(chunk=i) for i, piece in enumerate(wanted) if piece is not None]
    answers: list[Any] = [None] * split
    if tables and len(rows):
        table = pd.concat(tables)
        own = ByKeys(keys).keys(rows)
        by = list(own.columns)
        own, table = _with_common_dtypes(own, table, by)
        pairs = own.assign(row=np.arange(len(own))).merge(table, on=by)[["chunk", "row"]]
        for chunk, group in pairs.groupby("chunk").row:
            positions = group.to_numpy()
            answers[chunk] = Piece((rows.take(positions),), numbers[positions])  # type: ignore[index]  # a number
    return Pieces([*answers, Piece((rows.take([]),), numbers[:0])])


def _with_common_dtypes(one: pd.DataFrame, other: pd.DataFrame, by: list[Any]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Let integers and floats be compared without a warning; rows too many do no harm, pandas joins what is found."""
    both = pd.concat([one[by][:0], other[by][:0]]).dtypes
    return one.astype(dict(both)), other.astype(dict(both))


def _in_order(number: int, *buckets: Pieces) -> Any:
    pieces = [piece for piece in (bucket.take(number) for bucket in buckets) if piece is not None]
    if not pieces:
        return buckets[0].peek(-1).values[0]
    rows = pd.concat([piece.values[0] for piece in pieces])
    return rows.take(np.argsort(np.concatenate([piece.positions for piece in pieces]), kind="stable"))


# --- what was asked for -------------------------------------------------------------------------------------------


def _comparable(asked: _Join) -> bool:
    """Tell keys that can be exchanged: those of both sides have one order."""
    pairs = zip(asked.left_keys(sample_of(asked.left)), asked.right_keys(sample_of(asked.right)), strict=True)
    return all(
        (one.dtype == other.dtype and orderable(one.dtype))
        or (pd.api.types.is_numeric_dtype(one.dtype) and pd.api.types.is_numeric_dtype(other.dtype))
        for one, other in pairs
    )


def _merge(node: Node) -> _Join | None:
    call = call_of(node, "merge")
    if call is not None:
        left, args, kwargs = node.args[0], call.args, call.kwargs
    elif node.op.name == "pandas.merge":
        given = {**dict(zip(("left", *_POSITIONAL), node.args, strict=False)), **node.kwargs}
        left, args, kwargs = given.pop("left", None), (), given
    else:
        return None
    asked = {**dict(zip(_POSITIONAL, args, strict=False)), **kwargs}
    right, how = asked.get("right"), asked.get("how", "inner")
    if set(asked) - _MERGE or not is_frame(left) or not (is_frame(right) or is_series(right)) or left is right:
        return None
    if asked.get("validate") not in (None, "m:m", "many_to_many"):
        return None  # the whole side must be looked at
    if how not in ("inner", "left", "right", "outer", "cross"):
        return None
    assert isinstance(left, Node)
    assert isinstance(right, Node)
    keys = _keys_of(asked, left, right) if how != "cross" else (_no_keys, _no_keys)
    if keys is None:
        return None
    by_labels = [bool(asked.get(f"{side}_index")) for side in ("left", "right")]
    if by_labels in ([True, False], [False, True]) and how != "inner" and by_labels != [how == "right", how == "left"]:
        return None  # labels of rows that have none on the other side depend on all rows
    if all(by_labels) and (how == "outer" or asked.get("sort")):
        return None  # which of equal labels comes first depends on all rows
    on = asked.get("on")
    levels = on is not None and all(set(_listed(on)) <= set(sample_of(side).index.names) for side in (left, right))
    return _Join(left, right, how, *keys, how == "outer" or bool(asked.get("sort")), not any(by_labels) and not levels)


def _join(node: Node) -> _Join | None:
    call = call_of(node, "join")
    if call is None or not is_frame(node.args[0]):
        return None
    asked = {**dict(zip(("other", "on", "how"), call.args, strict=False)), **call.kwargs}
    left, right, how = node.args[0], asked.get("other"), asked.get("how", "left")
    if set(asked) - _JOIN or not (is_frame(right) or is_series(right)) or left is right or how == "cross":
        return None
    assert isinstance(right, Node)
    if (
        how not in ("inner", "left", "right")
        or asked.get("sort")
        or any(isinstance(sample_of(side).index, pd.MultiIndex) for side in (left, right))
    ):
        return None
    keys = _extract(asked["on"], left) if asked.get("on") is not None else _labels
    return None if keys is None else _Join(left, right, how, keys, _labels, sort=False, numbered=False)


def _keys_of(asked: dict[str, Any], left: Node, right: Node) -> tuple[Extract, Extract] | None:
    on = asked.get("on")
    sides: list[Extract] = []
    for side, node in (("left", left), ("right", right)):
        if asked.get(f"{side}_index"):
            if isinstance(sample_of(node).index, pd.MultiIndex):
                return None
            sides.append(_labels)
            continue
        by = on if on is not None else asked.get(f"{side}_on")
        if by is None and asked.get("left_on") is None and not asked.get("left_index") and not asked.get("right_index"):
            if not is_frame(right):
                return None
            by = [label for label in sample_of(left).columns if label in sample_of(right).columns]
        found = _extract(by, node)
        if found is None:
            return None
        sides.append(found)
    one, other = sides
    same = len(one(sample_of(left))) == len(other(sample_of(right)))
    return (one, other) if same else None


def _extract(by: Any, node: Node) -> Extract | None:
    """Give the keys by columns or levels of the index; None for what is neither."""
    labels, sample = _listed(by), sample_of(node)
    if not isinstance(sample, pd.DataFrame) or not sample.columns.is_unique or not labels:
        return None
    known = (label in sample.columns or label in sample.index.names for label in labels if isinstance(label, str | int))
    return partial(_of_columns, labels) if len(found := list(known)) == len(labels) and all(found) else None


def _listed(by: Any) -> list[Any]:
    return by if isinstance(by, list) else [by]


def _of_columns(labels: list[Any], chunk: Any) -> list[Any]:
    return [chunk[label] if label in chunk.columns else chunk.index.get_level_values(label) for label in labels]


def _labels(chunk: Any) -> list[Any]:
    return [chunk.index]


def _no_keys(chunk: Any) -> list[Any]:
    return []
