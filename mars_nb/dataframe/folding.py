"""Which operations are computed when they are recorded: on small frames, and where the answer is small for sure.

pandas takes the user's thread for it, as it would without us, so nothing may take longer or need more memory than that
suggests: what can give many times as much as it is given is left to a session, unless there are but a few rows.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from mars_nb.config import options
from mars_nb.graph.constants import Folded, kept, nbytes_of
from mars_nb.graph.meta import Meta, PandasMeta
from mars_nb.graph.node import Arguments, Constant, Node

# On a few rows they may give very many: a row for each second between two times.
_UNBOUNDED = frozenset({"resample", "asfreq", "repeat"})
# Rows that may come of times for each row that there is.
_FILLED = 100
# Give as many rows, or columns, as there are different values, or pairs of them.
_MULTIPLYING = frozenset(
    "merge join merge_asof merge_ordered pivot pivot_table crosstab get_dummies unstack stack explode corr cov dot "
    "matmul T transpose align combine reindex".split()
)
# Rows up to which, and pairs of rows up to which, even those are harmless.
_FEW, _PAIRS = 1000, 1_000_000
# What is done with two frames item by item pairs all rows of equal labels, but these have the rows of the first, or of
# both.
_ALIGNED_TO_ONE = frozenset({"concat", "isin", "setitem", "insert", "fillna", "where", "mask", "map", "combine_first"})
# How much larger an answer may be than all that it is made of.
_GROWTH = 4
_NO_READERS: frozenset[Any] = frozenset()
_SCALARS = (np.generic, bool, int, float, str, pd.Timestamp, pd.Timedelta)


def is_source(dtypes: Iterable[Any], nbytes: int) -> bool:
    """Tell whether data that the user gave is a constant.

    Parameters
    ----------
    dtypes
        Of a frame's columns, of a series or an index.
    nbytes
        Its bytes. Of Python's objects these are not known, and what they do when they are added up is not either.
    """
    if nbytes > options.fold_bytes:
        return False
    return not any(isinstance(dtype, np.dtype) and dtype.hasobject for dtype in dtypes)


def most_read() -> int:
    """Tell up to how many bytes of files are read at once; what readers expect is on the high side."""
    return 2 * int(options.fold_bytes)


def constants(names: set[str], args: Sequence[Any], nodes: Sequence[Node]) -> dict[Node, Constant] | None:
    """Give what an operation needs, None where it is not to be computed at once.

    Parameters
    ----------
    names
        Of the operation's methods, or function.
    args
        Its arguments.
    nodes
        What it needs.
    """
    there = {node: kept.use(node) for node in nodes}
    found = {node: constant for node, constant in there.items() if constant is not None}
    if not found or len(found) < len(there):
        return None
    if not names.isdisjoint(_UNBOUNDED) and not (len(found) == 1 and _is_regular(args, *found.values())):
        return None
    if sum(constant.nbytes for constant in found.values()) > options.fold_bytes:
        return None
    frames = [constant.value for node, constant in found.items() if isinstance(node.meta, PandasMeta)]
    rows = [len(frame) for frame in frames]
    if math.prod(rows) <= (_FEW if len(rows) == 1 else _PAIRS):
        return found
    if not names.isdisjoint(_MULTIPLYING):
        return found if len(frames) == 1 and _is_small_pivot(names, args, frames[0]) else None
    first = _index(frames[0])
    return found if names & _ALIGNED_TO_ONE or all(first.is_(_index(frame)) for frame in frames[1:]) else None


def _is_regular(args: Sequence[Any], constant: Constant) -> bool:
    """Tell a change of frequency that gives not many more rows: so many as steps fit between the first and the last."""
    call, times = (*args, None)[1], getattr(constant.value, "index", None)
    if not isinstance(call, Arguments):
        return False
    step = call.args[0] if call.args else call.kwargs.get("rule")
    if not isinstance(step, str) or not isinstance(times, pd.DatetimeIndex) or not len(times):
        return False
    first, last = times.min(), times.max()
    try:
        width = first + pd.tseries.frequencies.to_offset(step) - first
        return bool(width > pd.Timedelta(0) and (last - first) / width <= _FILLED * len(times))
    except (ValueError, OverflowError):  # to be told by pandas
        return False


def _is_small_pivot(names: set[str], args: Sequence[Any], frame: Any) -> bool:
    """Tell a pivot of few cells: so many as there are pairs of different values."""
    call = args[-1]
    if names not in ({"pivot"}, {"pivot_table"}) or not isinstance(call, Arguments) or call.args:
        return False
    if not isinstance(frame, pd.DataFrame) or not frame.columns.is_unique:
        return False
    given = [call.kwargs.get(axis) for axis in ("index", "columns")]
    labels = [label for axis in given for label in (axis if isinstance(axis, list) else [axis])]
    if not all(isinstance(label, str) and label in frame for label in labels):
        return False
    pairs = math.prod(int(frame[label].nunique()) for label in labels)
    return len(frame.columns) * pairs <= _PAIRS


def folded(meta: Meta, value: Any, of: Iterable[Constant]) -> Meta | Folded:
    """Give what was found of an operation on constants: the value, too, where it is to be kept."""
    return Folded(meta, value, _NO_READERS.union(*(each.readers for each in of))) if _is_kept(value) else meta


def _is_kept(value: Any) -> bool:
    """Tell small data, no handle and no object with a life of its own."""
    if isinstance(value, pd.DataFrame | pd.Series | pd.Index):
        return nbytes_of(value) <= _GROWTH * int(options.fold_bytes)
    if isinstance(value, np.ndarray):
        return not value.dtype.hasobject and value.nbytes <= _GROWTH * int(options.fold_bytes)
    return isinstance(value, _SCALARS)


def _index(frame: Any) -> pd.Index[Any]:
    return frame if isinstance(frame, pd.Index) else frame.index
