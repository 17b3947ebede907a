"""What a data frame operation will give, told before it runs.

Every frame carries a sample: a few of its rows, real ones where the source could give them. pandas itself is run on the samples, so that
a wrong column, argument or dtype fails on the user's line with pandas's own error, and so that whatever pandas can do can be recorded.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Hashable
from typing import Any

import numpy as np
import pandas as pd
from pandas.api.extensions import ExtensionArray

from mars_nb.graph.meta import HandleMeta, Meta, ObjectMeta, PandasMeta, TensorMeta, TupleMeta
from mars_nb.graph.node import Arguments, Node, Operation, Path
from mars_nb.graph.structure import leaves, replace

#: Rows of a sample.
SAMPLE_ROWS = 5
# Would run something with a lasting effect, so nothing is run to find out what they give.
WRITERS = frozenset(
    f"to_{name}" for name in "csv parquet sql json excel feather hdf pickle stata orc xml gbq iceberg".split()
)
# Look rows up by label or position: that a sample lacks the row proves nothing.
_ROW_LOOKUPS = {"loc", "iloc", "at", "iat", "xs", "get_group", "take", "drop", "getitem", "nth", "truncate", "asof"}
# Their errors depend on how many rows there are, or which.
_DATA_DEPENDENT = {"cut", "qcut", "interpolate", "pivot", "unstack", "squeeze", "idxmax", "idxmin"}
# On a few rows they may give very many.
_EXPANDING = {"resample", "asfreq"}


def infer(op: Operation, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Meta:
    """Tell what `op` gives for frame nodes among the arguments.

    Raises
    ------
    Exception
        What pandas raises for these columns, dtypes and arguments.
    """
    nodes = [leaf for leaf in leaves((args, kwargs)) if isinstance(leaf, Node)]
    names = set(op.names) if isinstance(op, Path) else {op.name.rpartition(".")[2]}
    if names & WRITERS or any(isinstance(n.meta, ObjectMeta) and n.meta.sample is None for n in nodes):
        return ObjectMeta()
    own_code = any(_is_user_code(leaf) for leaf in leaves((args, kwargs)))
    limit = 1 if own_code or names & _EXPANDING else SAMPLE_ROWS
    try:
        value = _evaluate(op, args, kwargs, lambda sample: sample[:limit])
    except Exception as error:
        found = _infer_again(op, args, kwargs, names, own_code, error)
        if found is None:
            return ObjectMeta()
        value = found[0]
    return meta_of(value, nodes)


def meta_of(value: Any, nodes: list[Node] | None = None) -> Meta:
    """Give the meta of a value that was computed from the samples of `nodes`."""
    if isinstance(value, pd.DataFrame | pd.Series | pd.Index):
        return PandasMeta(value[:SAMPLE_ROWS], _rows(value, nodes or []))
    if isinstance(value, np.ndarray):
        # Its length is that of a sample or found from one, so it says nothing about the whole.
        return TensorMeta((math.nan, *value.shape[1:]) if value.ndim else (), value.dtype)
    if isinstance(value, np.generic | bool | int | float | complex) and not isinstance(
        value, np.datetime64 | np.timedelta64
    ):
        return TensorMeta((), np.asarray(value).dtype)
    if type(value) in (tuple, list) and not all(isinstance(item, Hashable) for item in value):
        return TupleMeta(tuple(meta_of(item, nodes) for item in value), type(value))
    if _is_handle(value):
        return HandleMeta(value)
    return ObjectMeta(type(value), value)


def _rows(value: Any, nodes: list[Node]) -> int | None:
    """Tell the number of rows: pandas hands the same index on where an operation keeps all rows."""
    index = value if isinstance(value, pd.Index) else value.index
    for node in nodes:
        if isinstance(node.meta, PandasMeta) and not isinstance(node.meta.sample, pd.Index):
            if index is node.meta.sample.index or (index.size and index.is_(node.meta.sample.index)):
                return node.meta.rows
    return None


def _is_handle(value: Any) -> bool:
    data = isinstance(value, pd.DataFrame | pd.Series | pd.Index | ExtensionArray | pd.api.extensions.ExtensionDtype)
    scalar = pd.api.types.is_scalar(value)
    return not data and not scalar and type(value).__module__.startswith("pandas.")


def _is_user_code(leaf: Any) -> bool:
    if not callable(leaf) or isinstance(leaf, type | np.ufunc):
        return False
    return not (getattr(leaf, "__module__", None) or "").partition(".")[0] in ("pandas", "numpy", "builtins")


def _evaluate(op: Operation, args: Any, kwargs: Any, rows: Callable[[Any], Any]) -> Any:
    metas = [leaf.meta for leaf in leaves((args, kwargs)) if isinstance(leaf, Node)]
    lengths = [len(rows(meta.sample)) for meta in metas if isinstance(meta, PandasMeta)]
    length = lengths[0] if lengths else SAMPLE_ROWS

    def fill(leaf: Any) -> Any:
        if not isinstance(leaf, Node):
            return leaf
        match leaf.meta:
            case PandasMeta(sample=sample):
                # Not a view of the sample: user code may write into it. Slicing all rows would cut the index's identity.
                cut = rows(sample)
                return (sample if len(cut) == len(sample) and cut is not sample else cut).copy(deep=False)
            case TensorMeta(shape=shape, dtype=dtype):
                first = [length if math.isnan(shape[0]) or shape[0] > length else int(shape[0])] if shape else []
                array = np.ones([*first, *(length if math.isnan(n) else int(n) for n in shape[1:])], dtype)
                return array if shape else array[()]
            case ObjectMeta(sample=sample):
                return sample
            case HandleMeta(example=example):
                return example
        raise TypeError(f"several values where one is needed: {leaf.label}")

    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        return op.apply(replace(args, fill), replace(kwargs, fill))


# --- when the sample is not enough ------------------------------------------------------------------------------


def _infer_again(
    op: Operation, args: Any, kwargs: Any, names: set[str], own_code: bool, error: Exception
) -> tuple[Any] | None:
    """Find out whether `error` is the user's.

    Returns
    -------
    tuple of one value or None
        A value computed from other stand-ins, None if nothing can be told before the operation runs.

    Raises
    ------
    Exception
        The error itself, if whatever the rows are it would come.
    """
    if own_code:
        return None
    if names & _ROW_LOOKUPS and isinstance(error, LookupError):
        if _names_columns_only(op, args, kwargs):
            raise error
        return _look_up_again(op, args, kwargs)
    if names & _DATA_DEPENDENT:
        return None
    if isinstance(error, KeyError | AttributeError | TypeError | NameError):
        if not _has_empty_sample(args, kwargs):
            raise error
    for rows in (_made_up, lambda sample: sample[:0]):
        try:
            return (_evaluate(op, args, kwargs, rows),)
        except type(error):
            continue
        except Exception:
            return None
    raise error


def _has_empty_sample(args: Any, kwargs: Any) -> bool:
    metas = (leaf.meta for leaf in leaves((args, kwargs)) if isinstance(leaf, Node))
    return any(isinstance(meta, PandasMeta) and not len(meta.sample) for meta in metas)


def _made_up(sample: Any) -> Any:
    """Give two rows of the sample's dtypes that are made up."""
    from dask.dataframe.utils import meta_nonempty

    return meta_nonempty(sample[:0])


def _names_columns_only(op: Operation, args: Any, kwargs: Any) -> bool:
    """Tell a lookup that can only be meant for columns."""
    base = args[0].meta if args and isinstance(args[0], Node) else None
    frame = isinstance(base, PandasMeta) and isinstance(base.sample, pd.DataFrame)
    if op.name == "getitem":
        return frame
    if op.name == "drop" and isinstance(op, Path):
        call = args[1]
        return "columns" in call.kwargs or call.kwargs.get("axis") in (1, "columns")
    return False


def _look_up_again(op: Operation, args: Any, kwargs: Any) -> tuple[Any] | None:
    """Look up in a sample whose rows bear the labels, or are as many as the positions, that are asked for."""
    key = _row_key(op, args)
    if key is None:
        return None
    base = args[0].meta
    keys = list(key) if isinstance(key, list | np.ndarray | pd.Index) else [key]

    def rows(sample: Any) -> Any:
        if sample is not base.sample or not len(sample):
            return sample
        some = sample.iloc[[0] * len(keys)] if "iloc" not in op.name and "iat" not in op.name else sample
        if some is sample:
            count = max(abs(int(k)) + 1 for k in keys)
            return None if count > 10_000 else sample.iloc[[0] * count]
        return some.set_axis(pd.Index(keys), axis=0)

    try:
        return (_evaluate(op, args, kwargs, rows),)
    except Exception:
        return None


def _row_key(op: Operation, args: Any) -> Any:
    if op.name == "getitem":
        return args[1]
    if isinstance(op, Path) and isinstance(args[-1], Arguments) and args[-1].args:
        key = args[-1].args[0]
        return key[0] if isinstance(key, tuple) and op.names[0] in ("loc", "iloc", "at", "iat") else key
    return None


