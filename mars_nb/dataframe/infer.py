"""What a data frame operation will give, told before it runs.

Every frame carries a sample: a few of its rows, real ones where the source could give them. pandas itself is run on
the samples, so that a wrong column, argument or dtype fails on the user's line with pandas's own error, and so that
whatever pandas can do can be recorded.

A few rows prove little about the whole. Where pandas fails on them, it is tried on other stand-ins: as long as the
whole, or without equal and missing values. What fails on all of them is the user's mistake, unless the operation
looks at the data.
"""

from __future__ import annotations

import re
from contextlib import suppress
from typing import Any

import numpy as np
import pandas as pd

from mars_nb.dataframe import folding
from mars_nb.dataframe.lookups import ROW_LOOKUPS, look_up, look_up_assigned
from mars_nb.dataframe.rows import rows_stood_in, rows_taken
from mars_nb.dataframe.standins import distinct
from mars_nb.dataframe.trial import KEPT_ROWS, SAMPLE_ROWS, Trial, as_long, first_rows, names_of
from mars_nb.graph.callsite import warn_user
from mars_nb.graph.constants import Folded
from mars_nb.graph.meta import HandleMeta, Meta, ObjectMeta, PandasMeta, TensorMeta
from mars_nb.graph.names import nearest
from mars_nb.graph.node import Arguments, Node, Operation, Path
from mars_nb.graph.remembered import remembered
from mars_nb.graph.structure import leaves

# Would run something with a lasting effect, so nothing is run to find out what they give.
WRITERS = frozenset(
    f"to_{name}" for name in "csv parquet sql json excel feather hdf pickle stata orc xml gbq iceberg".split()
)
# Their errors depend on the values.
_DATA_DEPENDENT = set(
    "cut qcut interpolate pivot unstack squeeze idxmax idxmin argmax argmin to_numeric to_datetime to_timedelta "
    "astype reindex "
    "reindex_like asfreq resample item crosstab wide_to_long merge_asof searchsorted sample get_loc slice_locs "
    "at_time between_time "
    "join merge concat set_index verify_integrity".split()
)
# Their errors depend on how many rows there are.
_SIZE_DEPENDENT = {"sample", "item", "interpolate"}
# On a few rows they may give very many.
_EXPANDING = {"resample", "asfreq"}


def infer(op: Operation, args: tuple[Any, ...], kwargs: dict[str, Any], walked: Meta | None = None) -> Meta | Folded:
    """Tell what `op` gives for frame nodes among the arguments.

    Parameters
    ----------
    op, args, kwargs
        The operation and its arguments, with nodes at any depth.
    walked
        Of the handle where a walk has come to, up to its last step.

    Returns
    -------
    Meta or Folded
        The value, too, where all that is needed is known and small.

    Raises
    ------
    Exception
        What pandas raises for these columns, dtypes and arguments.
    """
    given = leaves((args, kwargs))
    nodes = [leaf for leaf in given if isinstance(leaf, Node)]
    names = names_of(op)
    if names & WRITERS or any(_is_unknown(node) and not _is_assigned(op, args, node) for node in nodes):
        return ObjectMeta()
    sliced = _sliced(op, args) if len(nodes) == 1 else None
    own_code = any(map(is_user_code, given))
    handle = walked if isinstance(walked, HandleMeta) and not own_code else None
    constants = None if own_code else folding.constants(names, args, nodes)
    folded = None
    if constants is not None:
        with suppress(Exception):  # what is wrong is told below, as it is of frames of any size
            folded = Trial.of_constants(op, args, kwargs, constants, handle)
    if folded is not None and constants is not None:
        for warning in folded.told:
            warn_user(warning.category, str(warning.message))
        return folding.folded(sliced or folded.meta, folded.value, constants.values())
    if sliced is not None:
        return sliced
    if own_code:
        return _tried(op, args, kwargs)
    return remembered(_tried, op, args, kwargs, begun=None if handle is None or handle.folded else handle)


def _tried(op: Operation, args: tuple[Any, ...], kwargs: dict[str, Any], begun: HandleMeta | None = None) -> Meta:
    """Try an operation on samples; see `infer`."""
    given = leaves((args, kwargs))
    own_code = any(map(is_user_code, given))
    names = names_of(op)
    limit = 1 if own_code or names & _EXPANDING else KEPT_ROWS
    begun = begun if limit == KEPT_ROWS else None
    try:
        return Trial(op, args, kwargs, lambda meta: first_rows(meta.sample, limit), begun=begun).meta
    except (Exception, SystemExit) as error:
        try:
            found = _without_user_code(op, args) if own_code else _tried_again(op, args, kwargs, names, error)
        except (KeyError, NameError) as mistake:
            _suggest(mistake, [leaf for leaf in given if isinstance(leaf, Node)])
            raise
        return ObjectMeta() if found is None else found.meta


def _sliced(op: Operation, args: tuple[Any, ...]) -> Meta | None:
    """Tell what a slice of rows by position gives: which rows these are is known where the length is."""
    base = args[0].meta if isinstance(args[0], Node) else None
    taken = rows_taken(op, args)
    if taken is None or not isinstance(base, PandasMeta) or base.rows is None or not len(base.sample):
        return None
    rows = rows_stood_in(base, taken)
    if isinstance(args[-1], Arguments) and args[-1].args and isinstance(args[-1].args[0], tuple):  # and columns
        rows = rows.iloc[(slice(None), *args[-1].args[0][1:])]
    return PandasMeta(rows, len(range(base.rows)[taken]), base.open)


def _is_unknown(node: Node) -> bool:
    return isinstance(node.meta, ObjectMeta) and node.meta.sample is None and node.meta.kind is not type(None)


def _is_assigned(op: Operation, args: tuple[Any, ...], node: Node) -> bool:
    """Tell a value that becomes a column: of whatever type it is, the other columns are known."""
    return op.name in ("setitem", "insert") and len(args) > 1 and args[0] is not node


def is_user_code(leaf: Any) -> bool:
    """Tell a function of the user's."""
    if not callable(leaf) or isinstance(leaf, type | np.ufunc):
        return False
    return (getattr(leaf, "__module__", None) or "").partition(".")[0] not in ("pandas", "numpy", "builtins")


# --- when the sample is not enough ------------------------------------------------------------------------------


def _without_user_code(op: Operation, args: Any) -> Trial | None:
    """Tell the kind where the user's function fails on the sample: it may be made for other rows."""
    base = args[0].meta if args and isinstance(args[0], Node) else None
    if op.name == "map" and isinstance(op, Path) and isinstance(base, PandasMeta):
        return Trial(Path(("astype",)), (args[0], Arguments((object,), {})), {}, lambda meta: meta.sample)
    return None


def _tried_again(op: Operation, args: Any, kwargs: Any, names: set[str], error: BaseException) -> Trial | None:
    """Find out whether `error` is the user's.

    Returns
    -------
    Trial or None
        None if nothing can be told before the operation runs.

    Raises
    ------
    Exception
        The error, if it would come whatever the rows are.
    """
    metas = [leaf.meta for leaf in leaves((args, kwargs)) if isinstance(leaf, Node)]
    if isinstance(error, KeyError) and any(isinstance(meta, PandasMeta) and meta.open for meta in metas):
        return _with_columns(op, args, kwargs)
    if names & ROW_LOOKUPS and isinstance(error, LookupError):
        return look_up(op, args, kwargs, error)
    if op.name == "setitem" and isinstance(error, LookupError | ValueError):
        found = look_up_assigned(op, args, kwargs, error)
        if found is not None:
            return found
    data_dependent = bool(names & _DATA_DEPENDENT)
    unproven = _proves_nothing(args, kwargs)
    # What does not fit into a few rows, for its type, does not fit into all.
    misfit = op.name == "setitem" and isinstance(error, TypeError)
    others = [] if misfit else [_distinct]
    texts = {_text(error)}
    for stand_in in (as_long(args, kwargs), *others, *([_empty] if data_dependent or unproven else [])):
        try:
            if stand_in is not None:
                return Trial(op, args, kwargs, stand_in)
        except Exception as again:
            texts.add(_text(again))
            if stand_in is not _distinct and stand_in is not _empty and type(again) is type(error):
                error = again  # it names the true lengths
    # What is said of any rows is said of an argument, but for arrays, whose values are made up.
    same = len(texts) == 1 and not any(isinstance(meta, TensorMeta) for meta in metas)
    of_argument = isinstance(error, KeyError | TypeError | AttributeError | NameError) or (
        same and not names & _SIZE_DEPENDENT
    )
    if unproven or (data_dependent and not of_argument):
        return None
    raise error


def _suggest(error: BaseException, nodes: list[Node]) -> None:
    """Add to an error that names a column that is not there the nearest one that is."""
    frames = [node.meta.sample for node in nodes if isinstance(node.meta, PandasMeta)]
    columns: set[Any] = {label for frame in frames if isinstance(frame, pd.DataFrame) for label in frame.columns}
    known = {label for label in columns if isinstance(label, str)}
    text = str(error.args[0]) if error.args else ""
    for name in re.findall(r"'([^']+)'", text) or (text, text.rpartition(": ")[2]):
        near = None if name in known else nearest(name, sorted(known))
        if near is not None:
            error.add_note(f"There is no {name!r}: did you mean {near!r}?")


def _text(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"


def _with_columns(op: Operation, args: Any, kwargs: Any) -> Trial | None:
    """Try with the columns that are asked for, which the whole may have."""
    key = args[1] if op.name == "getitem" else None
    labels = key if isinstance(key, list) else [key]

    def stand_in(meta: PandasMeta) -> Any:
        if not meta.open or not isinstance(meta.sample, pd.DataFrame):
            return meta.sample
        first = meta.sample.iloc[:, 0] if meta.sample.shape[1] else None
        return pd.DataFrame(dict.fromkeys(labels, first), index=meta.sample.index)

    try:
        return None if key is None else Trial(op, args, kwargs, stand_in)
    except Exception:  # nothing can be told before the operation runs
        return None


def _distinct(meta: PandasMeta) -> Any:
    return distinct(meta.sample, SAMPLE_ROWS if meta.rows is None else min(meta.rows, SAMPLE_ROWS))


def _empty(meta: PandasMeta) -> Any:
    return meta.sample[:0]


def _proves_nothing(args: Any, kwargs: Any) -> bool:
    """Tell samples without rows, or of nothing but missing values: their dtypes may not be those of the whole."""
    metas = [leaf.meta for leaf in leaves((args, kwargs)) if isinstance(leaf, Node)]
    samples = [meta.sample for meta in metas if isinstance(meta, PandasMeta)]
    return any(not len(s) or (isinstance(s, pd.Series) and bool(s.isna().all())) for s in samples)


__all__ = ["SAMPLE_ROWS", "WRITERS", "infer", "is_user_code"]
