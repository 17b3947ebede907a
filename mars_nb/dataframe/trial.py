"""An operation tried on stand-ins for its frames, and what its answer tells."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Hashable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from pandas.api.extensions import ExtensionArray

from mars_nb.dataframe.rows import READING, rows_of
from mars_nb.dataframe.standins import LONGEST, lengthened
from mars_nb.graph.meta import HandleMeta, Meta, ObjectMeta, PandasMeta, TensorMeta, TupleMeta
from mars_nb.graph.node import Arguments, Constant, Function, Node, Operation, Path
from mars_nb.graph.structure import leaves, replace

#: Rows of a sample.
SAMPLE_ROWS = 5
#: A result that is not made of rows, such as a description, is kept whole up to so many rows.
KEPT_ROWS = 64
# Make columns of values, so that a sample has but some of them.
_COLUMNS_OF_VALUES = {"T", "transpose", "unstack", "pivot", "pivot_table", "crosstab", "get_dummies"}
# Give as many rows as the arrays that they are given.
_CONSTRUCTORS = {"pandas.DataFrame", "pandas.Series"}
# Give an array with as many rows.
_ARRAYS = (("to_numpy",), ("values",))

StandIn = Callable[[PandasMeta], Any]
_NOTHING: Mapping[Node, Any] = {}


def names_of(op: Operation) -> set[str]:
    """List the names of the methods or the function that an operation calls."""
    return set(op.names) if isinstance(op, Path) else {op.name.rpartition(".")[2]}


class Trial:
    """An operation computed on stand-ins.

    Parameters
    ----------
    op, args, kwargs
        The operation and its arguments, with nodes at any depth.
    stand_in
        Makes a stand-in for a frame.
    constants
        The values themselves, for all nodes or for none.
    begun
        Where a walk has come to on these very stand-ins, up to its last step.

    Attributes
    ----------
    value
        The answer.
    meta
        What it tells.
    told
        Warnings, where all that is needed is known.
    """

    def __init__(
        self,
        op: Operation,
        args: Any,
        kwargs: Any,
        stand_in: StandIn,
        constants: Mapping[Node, Any] = _NOTHING,
        begun: HandleMeta | None = None,
    ) -> None:
        nodes = [leaf for leaf in leaves((args, kwargs)) if isinstance(leaf, Node)]
        self.stand_ins = {
            n: constants[n] if n in constants else stand_in(n.meta) for n in nodes if isinstance(n.meta, PandasMeta)
        }
        first = next(iter(self.stand_ins), None)
        if first is None:
            rows = _length_of_arrays(nodes)
            length = _stand_in_length(rows, args, kwargs)
        else:
            rows = first.meta.rows  # type: ignore[union-attr]  # a frame
            length = len(self.stand_ins[first])

        reads = bool(constants) and op.name in READING and isinstance(op, Function)  # others may write into them

        def fill(leaf: Any) -> Any:
            if not isinstance(leaf, Node):
                return leaf
            match leaf.meta:
                case PandasMeta():
                    stood_in = self.stand_ins[leaf]
                    if reads:
                        return stood_in
                    return stood_in.view() if isinstance(stood_in, pd.Index) else stood_in.copy(deep=False)
                case _ if leaf in constants:
                    return constants[leaf]
                case TensorMeta(shape=shape, dtype=dtype):
                    return _array(shape, dtype, length, rows)
                case ObjectMeta(sample=sample):
                    return sample
                case HandleMeta(example=example):
                    return example
            raise TypeError(f"several values where one is needed: {leaf.label}")

        last = op
        if begun is not None and isinstance(op, Path):
            last, filled = Path(op.names[-1:]), (begun.example, replace(args[-1], fill))
        else:
            filled = replace(args, fill)
        options = replace(kwargs, fill) if kwargs else {}
        with warnings.catch_warnings(record=True) as told, np.errstate(all=None if constants else "ignore"):
            warnings.simplefilter("always" if constants else "ignore")
            value = last.apply(filled, options)
        self.told = told
        is_made = first is None and op.name in _CONSTRUCTORS
        count = rows if is_made else rows_of(op, args, value, self.stand_ins) if _is_pandas(value) else None
        meta = meta_of(value, count)
        if isinstance(meta, TensorMeta) and rows is not None and isinstance(op, Path) and op.names in _ARRAYS:
            meta = TensorMeta((rows, *meta.shape[1:]), meta.dtype)
        if isinstance(meta, HandleMeta) and constants:
            meta = HandleMeta(value, folded=True)
        if isinstance(meta, PandasMeta) and _is_open(op, value, nodes):
            meta = PandasMeta(meta.sample, meta.rows, open=True)
        self.value, self.meta = value, meta

    @classmethod
    def of_constants(
        cls, op: Operation, args: Any, kwargs: Any, constants: Mapping[Node, Constant], begun: HandleMeta | None
    ) -> Trial:
        """Compute an operation on all that it needs, going on from `begun` where that is on the same."""
        values = {node: constant.value for node, constant in constants.items()}
        return cls(op, args, kwargs, lambda meta: meta.sample, values, begun if begun and begun.folded else None)


def _is_open(op: Operation, value: Any, nodes: list[Node]) -> bool:
    """Tell whether the whole may have other columns."""
    metas = [node.meta for node in nodes if isinstance(node.meta, PandasMeta)]
    names = names_of(op)
    made = names & _COLUMNS_OF_VALUES and any(meta.rows != len(meta.sample) for meta in metas)
    return isinstance(value, pd.DataFrame) and (bool(made) or any(meta.open for meta in metas))


def _length_of_arrays(nodes: list[Node]) -> int | None:
    """Tell the one length that all arrays have, None where it is not known."""
    lengths = {node.meta.shape[0] for node in nodes if isinstance(node.meta, TensorMeta) and node.meta.shape}
    return int(lengths.pop()) if len(lengths) == 1 and not any(map(math.isnan, lengths)) else None


def _stand_in_length(rows: int | None, args: Any, kwargs: Any) -> int:
    """Choose how long arrays are to be that fit the lists given beside them."""
    given = _longest_given((args, kwargs))
    if rows is None:
        return given if 0 < given <= LONGEST else SAMPLE_ROWS
    return rows if rows <= LONGEST or rows == given else SAMPLE_ROWS


def _array(shape: tuple[float, ...], dtype: np.dtype[Any], length: int, rows: int | None) -> Any:
    """Give an array that fits the frames' stand-ins as the whole array fits the whole frames."""
    if not shape:
        return np.ones((), dtype)[()]
    misfit = rows is not None and not math.isnan(shape[0]) and shape[0] != rows
    first = shape[0] if misfit else length
    return np.ones([int(first), *(length if math.isnan(n) else int(n) for n in shape[1:])], dtype)


def meta_of(value: Any, rows: int | None = None) -> Meta:
    """Give the meta of a value that was computed from samples."""
    if _is_pandas(value):
        return PandasMeta(value[:SAMPLE_ROWS] if len(value) > KEPT_ROWS else value, rows)
    if isinstance(value, np.ndarray):
        # Its length is that of a sample or found from one, so it says nothing about the whole.
        return TensorMeta((math.nan, *value.shape[1:]) if value.ndim else (), value.dtype)
    if isinstance(value, np.generic | bool | int | float | complex) and not isinstance(
        value, np.datetime64 | np.timedelta64
    ):
        return TensorMeta((), np.asarray(value).dtype)
    if type(value) in (tuple, list) and not all(isinstance(item, Hashable) for item in value):
        return TupleMeta(tuple(meta_of(item) for item in value), type(value))
    return HandleMeta(value) if _is_handle(value) else ObjectMeta(type(value), value)


def first_rows(sample: Any, rows: int) -> Any:
    """Give so many rows of a sample at the most."""
    return sample[:rows] if len(sample) > rows else sample


def _is_pandas(value: Any) -> bool:
    return isinstance(value, pd.DataFrame | pd.Series | pd.Index)


def _is_handle(value: Any) -> bool:
    plain = isinstance(
        value, ExtensionArray | pd.api.extensions.ExtensionDtype | dict | list
    ) or pd.api.types.is_scalar(value)
    return not plain and type(value).__module__.startswith("pandas.")


def as_long(args: Any, kwargs: Any) -> StandIn | None:
    """Give a way to make stand-ins as long as the whole, or as what was given beside a frame of unknown length."""
    metas = [leaf.meta for leaf in leaves((args, kwargs)) if isinstance(leaf, Node)]
    frames = [meta for meta in metas if isinstance(meta, PandasMeta)]
    if not frames or any(not len(meta.sample) or (meta.rows or 0) > LONGEST for meta in frames):
        return None
    given = _longest_given((args, kwargs))
    if given > LONGEST or (not given and all(meta.rows is None for meta in frames)):
        return None
    return lambda meta: (
        lengthened(meta.sample, given if meta.rows is None else meta.rows) if len(meta.sample) else meta.sample
    )


def _longest_given(value: Any) -> int:
    """Tell the length of the longest list or array among arguments."""
    if isinstance(value, Arguments | tuple | dict):
        items = value.values() if isinstance(value, dict) else value
        return max(map(_longest_given, items), default=0)
    sized = isinstance(value, list | range | np.ndarray | pd.Series | pd.Index | ExtensionArray)
    return len(value) if sized and np.ndim(value) else 0
