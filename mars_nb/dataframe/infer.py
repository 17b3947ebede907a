"""What a data frame operation will give, told before it runs.

Every frame carries a sample: a few of its rows, real ones where the source could give them. pandas itself is run on
the samples, so that a wrong column, argument or dtype fails on the user's line with pandas's own error, and so that
whatever pandas can do can be recorded.

A few rows prove little about the whole. Where pandas fails on them, it is tried on other stand-ins: as long as the
whole, or without equal and missing values. What fails on all of them is the user's mistake, unless the operation
looks at the data.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Hashable
from typing import Any

import numpy as np
import pandas as pd
from pandas.api.extensions import ExtensionArray

from mars_nb.dataframe.rows import rows_of
from mars_nb.dataframe.standins import LONGEST, distinct, lengthened
from mars_nb.graph.meta import HandleMeta, Meta, ObjectMeta, PandasMeta, TensorMeta, TupleMeta
from mars_nb.graph.node import Arguments, Node, Operation, Path
from mars_nb.graph.structure import leaves, replace

#: Rows of a sample.
SAMPLE_ROWS = 5
# A result that is not made of rows, such as a description, is kept whole up to so many rows.
KEPT_ROWS = 64
# Would run something with a lasting effect, so nothing is run to find out what they give.
WRITERS = frozenset(
    f"to_{name}" for name in "csv parquet sql json excel feather hdf pickle stata orc xml gbq iceberg".split()
)
# Look rows up by label or position: that a sample lacks the row proves nothing.
_ROW_LOOKUPS = {"loc", "iloc", "at", "iat", "xs", "get_group", "take", "drop", "getitem", "nth", "truncate", "asof"}
# Their errors depend on the values.
_DATA_DEPENDENT = set(
    "cut qcut interpolate pivot unstack squeeze idxmax idxmin argmax argmin to_numeric to_datetime to_timedelta "
    "astype reindex "
    "reindex_like asfreq resample item crosstab wide_to_long merge_asof searchsorted sample get_loc slice_locs "
    "at_time between_time "
    "join merge concat set_index verify_integrity".split()
)
# Make columns of values, so that a sample has but some of them.
_COLUMNS_OF_VALUES = {"T", "transpose", "unstack", "pivot", "pivot_table", "crosstab", "get_dummies"}
# Give as many rows as the arrays that they are given.
_CONSTRUCTORS = {"pandas.DataFrame", "pandas.Series"}
# On a few rows they may give very many.
_EXPANDING = {"resample", "asfreq"}

_StandIn = Callable[[PandasMeta], Any]


def infer(op: Operation, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Meta:
    """Tell what `op` gives for frame nodes among the arguments.

    Raises
    ------
    Exception
        What pandas raises for these columns, dtypes and arguments.
    """
    nodes = [leaf for leaf in leaves((args, kwargs)) if isinstance(leaf, Node)]
    names = set(op.names) if isinstance(op, Path) else {op.name.rpartition(".")[2]}
    if names & WRITERS or any(_is_unknown(node) and not _is_assigned(op, args, node) for node in nodes):
        return ObjectMeta()
    own_code = any(_is_user_code(leaf) for leaf in leaves((args, kwargs)))
    limit = 1 if own_code or names & _EXPANDING else KEPT_ROWS
    try:
        tried = _Trial(op, args, kwargs, lambda meta: meta.sample[:limit] if len(meta.sample) > limit else meta.sample)
    except (Exception, SystemExit) as error:
        found = _without_user_code(op, args) if own_code else _tried_again(op, args, kwargs, names, error)
        if found is None:
            return ObjectMeta()
        tried = found
    return tried.meta


class _Trial:
    """An operation computed on stand-ins."""

    def __init__(self, op: Operation, args: Any, kwargs: Any, stand_in: _StandIn) -> None:
        nodes = [leaf for leaf in leaves((args, kwargs)) if isinstance(leaf, Node)]
        self.stand_ins = {n: stand_in(n.meta) for n in nodes if isinstance(n.meta, PandasMeta)}
        first = next(iter(self.stand_ins), None)
        if first is None:
            rows = _length_of_arrays(nodes)
            length = _stand_in_length(rows, args, kwargs)
        else:
            rows = first.meta.rows  # type: ignore[union-attr]  # a frame
            length = len(self.stand_ins[first])

        def fill(leaf: Any) -> Any:
            if not isinstance(leaf, Node):
                return leaf
            match leaf.meta:
                case PandasMeta():
                    return self.stand_ins[leaf].copy(deep=False)  # user code may write into it
                case TensorMeta(shape=shape, dtype=dtype):
                    return _array(shape, dtype, length, rows)
                case ObjectMeta(sample=sample):
                    return sample
                case HandleMeta(example=example):
                    return example
            raise TypeError(f"several values where one is needed: {leaf.label}")

        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            value = op.apply(replace(args, fill), replace(kwargs, fill))
        is_made = first is None and op.name in _CONSTRUCTORS
        count = rows if is_made else rows_of(op, args, value, self.stand_ins) if _is_pandas(value) else None
        meta = meta_of(value, count)
        if isinstance(meta, PandasMeta) and _is_open(op, value, nodes):
            meta = PandasMeta(meta.sample, meta.rows, open=True)
        self.meta = meta


def _is_open(op: Operation, value: Any, nodes: list[Node]) -> bool:
    """Tell whether the whole may have other columns."""
    metas = [node.meta for node in nodes if isinstance(node.meta, PandasMeta)]
    names = set(op.names) if isinstance(op, Path) else {op.name.rpartition(".")[2]}
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
    first = min(shape[0], length + 1) if misfit else length
    return np.ones([int(first), *(length if math.isnan(n) else int(n) for n in shape[1:])], dtype)


def _is_unknown(node: Node) -> bool:
    return isinstance(node.meta, ObjectMeta) and node.meta.sample is None and node.meta.kind is not type(None)


def _is_assigned(op: Operation, args: tuple[Any, ...], node: Node) -> bool:
    """Tell a value that becomes a column: of whatever type it is, the other columns are known."""
    return op.name in ("setitem", "insert") and len(args) > 1 and args[0] is not node


def _is_user_code(leaf: Any) -> bool:
    if not callable(leaf) or isinstance(leaf, type | np.ufunc):
        return False
    return (getattr(leaf, "__module__", None) or "").partition(".")[0] not in ("pandas", "numpy", "builtins")


# --- metas of values --------------------------------------------------------------------------------------------


def meta_of(value: Any, rows: int | None = None) -> Meta:
    """Give the meta of a value that was computed from samples."""
    if _is_pandas(value):
        return PandasMeta(value[:KEPT_ROWS] if len(value) > KEPT_ROWS else value, rows)
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


def _is_pandas(value: Any) -> bool:
    return isinstance(value, pd.DataFrame | pd.Series | pd.Index)


def _is_handle(value: Any) -> bool:
    plain = isinstance(
        value, ExtensionArray | pd.api.extensions.ExtensionDtype | dict | list
    ) or pd.api.types.is_scalar(value)
    return not plain and type(value).__module__.startswith("pandas.")


# --- when the sample is not enough ------------------------------------------------------------------------------


def _without_user_code(op: Operation, args: Any) -> _Trial | None:
    """Tell the kind where the user's function fails on the sample: it may be made for other rows."""
    base = args[0].meta if args and isinstance(args[0], Node) else None
    if op.name == "map" and isinstance(op, Path) and isinstance(base, PandasMeta):
        return _Trial(Path(("astype",)), (args[0], Arguments((object,), {})), {}, lambda meta: meta.sample)
    return None


def _tried_again(op: Operation, args: Any, kwargs: Any, names: set[str], error: BaseException) -> _Trial | None:
    """Find out whether `error` is the user's.

    Returns
    -------
    _Trial or None
        None if nothing can be told before the operation runs.

    Raises
    ------
    Exception
        The error, if it would come whatever the rows are.
    """
    metas = [leaf.meta for leaf in leaves((args, kwargs)) if isinstance(leaf, Node)]
    if isinstance(error, KeyError) and any(isinstance(meta, PandasMeta) and meta.open for meta in metas):
        return _with_columns(op, args, kwargs)
    if names & _ROW_LOOKUPS and isinstance(error, LookupError):
        return look_up(op, args, kwargs, error)
    data_dependent = bool(names & _DATA_DEPENDENT)
    unproven = _proves_nothing(args, kwargs)
    for stand_in in (_as_long(args, kwargs), _distinct, *([_empty] if data_dependent or unproven else [])):
        try:
            if stand_in is not None:
                return _Trial(op, args, kwargs, stand_in)
        except Exception as again:
            if stand_in is not _distinct and stand_in is not _empty and type(again) is type(error):
                error = again  # it names the true lengths
    if unproven or (data_dependent and not isinstance(error, KeyError | TypeError | AttributeError | NameError)):
        return None
    raise error


def _with_columns(op: Operation, args: Any, kwargs: Any) -> _Trial | None:
    """Try with the columns that are asked for, which the whole may have."""
    key = args[1] if op.name == "getitem" else None
    labels = key if isinstance(key, list) else [key]

    def stand_in(meta: PandasMeta) -> Any:
        if not meta.open or not isinstance(meta.sample, pd.DataFrame):
            return meta.sample
        first = meta.sample.iloc[:, 0] if meta.sample.shape[1] else None
        return pd.DataFrame(dict.fromkeys(labels, first), index=meta.sample.index)

    try:
        return None if key is None else _Trial(op, args, kwargs, stand_in)
    except Exception:  # nothing can be told before the operation runs
        return None


def _as_long(args: Any, kwargs: Any) -> _StandIn | None:
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


def _distinct(meta: PandasMeta) -> Any:
    return distinct(meta.sample)


def _empty(meta: PandasMeta) -> Any:
    return meta.sample[:0]


def _proves_nothing(args: Any, kwargs: Any) -> bool:
    """Tell samples without rows, or of nothing but missing values: their dtypes may not be those of the whole."""
    metas = [leaf.meta for leaf in leaves((args, kwargs)) if isinstance(leaf, Node)]
    samples = [meta.sample for meta in metas if isinstance(meta, PandasMeta)]
    return any(not len(s) or (isinstance(s, pd.Series) and bool(s.isna().all())) for s in samples)


# --- lookups of rows --------------------------------------------------------------------------------------------


def look_up(op: Operation, args: Any, kwargs: Any, error: BaseException) -> _Trial | None:
    """Look up in stand-ins that bear the labels, or are as long as the positions, that are asked for.

    Raises
    ------
    LookupError
        If there is no such column, or the index is known and has no such label.
    """
    base = args[0].meta if args and isinstance(args[0], Node) else None
    if not isinstance(base, PandasMeta) or _names_columns_only(op, args, base):
        raise error
    if isinstance(op, Path) and op.names[-1] == "get_group":
        group = Path((*op.names[:-1], "head"))
        return _Trial(group, (*args[:-1], Arguments((0,), {})), {}, lambda meta: meta.sample)
    positional = bool(isinstance(op, Path) and {"iloc", "iat", "take"} & set(op.names))
    index = base.sample if isinstance(base.sample, pd.Index) else base.sample.index
    stand_in = _as_long(args, kwargs) if base.rows is not None else None
    if stand_in is not None:
        try:
            return _Trial(op, args, kwargs, stand_in)
        except LookupError as again:
            if positional or isinstance(index, pd.RangeIndex):
                raise again from None
    if isinstance(index, pd.MultiIndex | pd.DatetimeIndex | pd.PeriodIndex):
        return None
    key = _row_key(op, args)
    if key is None or isinstance(key, Node):
        raise error
    keys = list(key) if isinstance(key, list | np.ndarray | pd.Index) else [key]
    try:
        return _Trial(
            op, args, kwargs, lambda meta: _bearing(meta.sample, keys, positional) if meta is base else meta.sample
        )
    except Exception:
        return None


def _bearing(sample: Any, keys: list[Any], positional: bool) -> Any:
    """Give rows of the sample with these labels, or as many as these positions need."""
    if not len(sample):
        return sample
    count = max(abs(int(key)) + 1 for key in keys) if positional else len(keys)
    rows = sample.iloc[np.zeros(min(count, LONGEST), int)]
    return rows if positional else rows.set_axis(pd.Index(keys), axis=0)


def _names_columns_only(op: Operation, args: Any, base: PandasMeta) -> bool:
    """Tell a lookup that can only be meant for columns."""
    if op.name == "getitem":
        return isinstance(base.sample, pd.DataFrame)
    if op.name == "drop" and isinstance(op, Path):
        call = args[1]
        return "columns" in call.kwargs or call.kwargs.get("axis") in (1, "columns")
    return False


def _row_key(op: Operation, args: Any) -> Any:
    if op.name == "getitem":
        return args[1]
    if isinstance(op, Path) and isinstance(args[-1], Arguments):
        call = args[-1]
        key = call.args[0] if call.args else call.kwargs.get("index", call.kwargs.get("key"))
        return key[0] if isinstance(key, tuple) and op.names[0] in ("loc", "iloc", "at", "iat") else key
    return None
