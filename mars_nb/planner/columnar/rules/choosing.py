"""Columns chosen, dropped and renamed; rows chosen by a mask.

Which columns a key stands for, pandas tells itself: it gets a frame of one row that has the position of each column.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from mars_nb.graph.node import Node
from mars_nb.graph.structure import leaves
from mars_nb.planner.columnar.dtypes import is_plain
from mars_nb.planner.columnar.translate import Step, rule
from mars_nb.planner.columnar.values import Column, Frame, NotColumnar, Rows, Series, Value

ALL = slice(None)


@rule("getitem")
def getitem(step: Step) -> Value:
    """``df["a"]``, ``df[["a", "b"]]`` and ``df[mask]``."""
    base = step.base
    if len(step.node.args) != 2 or not isinstance(base, Frame | Series):
        raise NotColumnar("arguments")
    key = step.value(step.node.args[1])
    if isinstance(key, Series):
        return masked(step, base, key)
    if isinstance(base, Series) or isinstance(key, slice) or is_plain(getattr(key, "dtype", None), "b"):
        raise NotColumnar("rows by label or position")
    return _by_key(base, key)


def _by_key(base: Frame, key: Any) -> Value:
    """Give columns by their labels, without asking pandas where that is plain."""
    if isinstance(key, str) and base.names.nlevels == 1:
        return base.series(base.place(key))
    if isinstance(key, list) and base.names.nlevels == 1 and base.names.is_unique:
        return base.select([base.place(name) for name in key])
    return chosen(base, places_of(base)[key])


@rule("loc.__getitem__")
def loc(step: Step) -> Value:
    """``df.loc[mask]``, ``df.loc[mask, columns]`` and ``df.loc[:, columns]``."""
    base = step.rows
    (key,) = step.arguments("key")
    rows, columns = key if isinstance(key, tuple) and len(key) == 2 else (key, ALL)
    if isinstance(key, tuple) and not isinstance(base, Frame):
        raise NotColumnar("rows by label")
    found = step.value(rows)
    if isinstance(found, Series):
        base = masked(step, base, found)
    elif not is_all(found):
        raise NotColumnar("rows by label")
    if is_all(columns) or not isinstance(base, Frame):
        return base
    if any(isinstance(leaf, Node) for leaf in leaves(columns)):
        raise NotColumnar("columns that depend on values")
    return chosen(base, places_of(base).loc[:, columns])


@rule("iloc.__getitem__")
def iloc(step: Step) -> Value:
    """``df.iloc[:, columns]``."""
    (key,) = step.arguments("key")
    base = step.rows
    if not (isinstance(base, Frame) and isinstance(key, tuple) and len(key) == 2 and is_all(key[0])):
        raise NotColumnar("rows by position")
    if any(isinstance(leaf, Node) for leaf in leaves(key)):
        raise NotColumnar("columns that depend on values")
    return chosen(base, places_of(base).iloc[:, key[1]])


@rule("filter", "reindex", "xs")
def by_label(step: Step) -> Value:
    """``df.filter(like="a")``, ``df.reindex(columns=["a"])``, ``df.xs("a", axis=1)``."""
    base = step.base
    call = step.calls[-1]
    if not isinstance(base, Frame) or call is None:
        raise NotColumnar("rows by label")
    given = set(call.kwargs)
    name = step.node.op.name
    if name == "reindex" and (call.args or given != {"columns"}):
        raise NotColumnar("rows by label")
    if name == "xs" and call.kwargs.get("axis") not in (1, "columns"):
        raise NotColumnar("rows by label")
    if name == "filter" and call.kwargs.get("axis", 1) not in (None, 1, "columns"):
        raise NotColumnar("rows by label")
    return chosen(base, getattr(places_of(base), name)(*call.args, **call.kwargs))


@rule("select_dtypes")
def select_dtypes(step: Step) -> Value:
    """``df.select_dtypes("number")``."""
    base, call = step.base, step.calls[-1]
    if not isinstance(base, Frame) or call is None or any(column.gaps for column in base.columns):
        raise NotColumnar("columns whose dtypes depend on values")
    empty = pd.DataFrame({i: pd.Series(dtype=column.dtype) for i, column in enumerate(base.columns)})
    return base.select([int(i) for i in empty.select_dtypes(*call.args, **call.kwargs).columns])


def is_all(rows: Any) -> bool:
    """Tell the key of all rows."""
    return isinstance(rows, slice) and rows == ALL


def places_of(base: Frame) -> pd.DataFrame:
    """Give a frame with the same columns, which hold their positions."""
    return pd.DataFrame(np.arange(len(base.columns)).reshape(1, -1), columns=base.names)


def chosen(base: Frame, places: Any) -> Value:
    """Give the columns whose positions were found.

    Parameters
    ----------
    base
        The frame.
    places
        What came of `places_of`.

    Raises
    ------
    NotColumnar
        If there are other columns among them.
    """
    if isinstance(places, pd.DataFrame) and len(places) == 1:
        found = places.to_numpy()[0]
        if is_plain(found.dtype, "i"):
            return replace(base.select([int(i) for i in found]), names=places.columns)
    if isinstance(places, pd.Series) and len(places) == 1 and is_plain(places.dtype, "i"):
        return replace(base.series(int(places.iloc[0])), name=places.name)
    raise NotColumnar("columns that are not in the frame")


def masked(step: Step, base: Rows, mask: Series) -> Rows:
    """Give the rows for which a mask is true."""
    base, mask = step.together(base, mask)
    if mask.column.dtype != np.dtype(bool) or mask.column.gaps:
        raise NotColumnar("rows by label")
    return kept(step, base, mask.column)


def kept(step: Step, base: Rows, column: Column) -> Rows:
    """Give the rows for which a column of them is true."""
    base = step.translation.labelled(base)
    base, (column,) = step.translation.fixed(base, column)
    return replace(base, relation=step.translation.filtered(base.relation, column))


# --- names ------------------------------------------------------------------------------------------------------


@rule("drop", "delitem")
def drop(step: Step) -> Value:
    """``df.drop(columns=...)``, ``del df["a"]``."""
    base = step.base
    if not isinstance(base, Frame):
        raise NotColumnar("rows by label")
    if step.node.op.name == "delitem":
        dropped = step.node.args[1]
    else:
        labels, axis, columns = step.arguments(
            "labels", "axis", "columns", index=None, level=None, inplace=False, errors="raise"
        )
        if (columns is None) == (axis not in (1, "columns")):
            raise NotColumnar("rows by label")
        dropped = labels if columns is None else columns
    places = {base.place(name) for name in (dropped if isinstance(dropped, list | pd.Index) else [dropped])}
    return base.select([i for i in range(len(base.columns)) if i not in places])


@rule("rename", "add_prefix", "add_suffix", "set_axis", "set_columns")
def rename(step: Step) -> Value:
    """``df.rename(columns={...})``, ``df.add_prefix("a")``, ``df.columns = [...]``, ``series.rename(name)``."""
    base, name = step.rows, step.node.op.name
    if name == "set_columns":
        call = step.node.args[1:]
        if isinstance(base, Frame) and call[0] == "columns":
            return replace(base, names=step.sample.columns)
        raise NotColumnar("labels of rows")
    arguments = step.calls[-1]
    if arguments is None:
        raise NotColumnar("arguments")
    args, given = arguments
    if isinstance(base, Series):
        if name == "rename" and len(args) == 1 and not given and (isinstance(args[0], str | int | tuple)):
            return replace(base, name=step.sample.name)
        raise NotColumnar("labels of rows")
    of_columns = {
        "rename": not args and given.keys() <= {"columns", "copy"},
        "set_axis": given.get("axis") in (1, "columns"),
        "add_prefix": given.get("axis", 1) in (None, 1, "columns"),
        "add_suffix": given.get("axis", 1) in (None, 1, "columns"),
    }
    if not of_columns[name]:
        raise NotColumnar("labels of rows")
    return replace(base, names=step.sample.columns)


@rule("to_frame")
def to_frame(step: Step) -> Value:
    """``series.to_frame()``."""
    base = step.base
    if not isinstance(base, Series):
        raise NotColumnar("no series")
    return step.frame(base, [base.column])


@rule("copy")
def copy(step: Step) -> Value:
    """``df.copy()``."""
    step.arguments("deep")
    return step.rows
