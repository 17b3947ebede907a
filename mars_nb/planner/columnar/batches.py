"""Operations of pandas itself inside a columnar plan, on batches of rows.

For what goes row by row and Polars has not, or not with the same answer to the last bit: on Polars's threads, pandas
gets a batch of rows and gives a column back. That costs about as much as functions of Polars's own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import polars as pl

from mars_nb.graph.node import Node, Operation
from mars_nb.graph.structure import replace
from mars_nb.planner.columnar.dtypes import is_plain, polars_type
from mars_nb.planner.columnar.hand_over import as_pandas, taken
from mars_nb.planner.columnar.values import Column, NotColumnar, derived


@dataclass(frozen=True, slots=True)
class Slot:
    """The place of a column among the arguments of an operation.

    Attributes
    ----------
    number
        Which column.
    """

    number: int


@dataclass(frozen=True, slots=True)
class Batchwise:
    """Runs an operation on the columns of a batch.

    Attributes
    ----------
    op
        What is done; nothing in one row may depend on other rows.
    args, kwargs
        Of the operation, with slots for the columns.
    dtypes
        Of the columns.
    dtype
        That was foretold of the answer.
    """

    op: Operation
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    dtypes: tuple[Any, ...]
    dtype: Any

    def __call__(self, columns: Sequence[pl.Series]) -> pl.Series:
        """Compute a batch.

        Raises
        ------
        NotColumnar
            If the answer has another dtype than was foretold.
        """
        if not len(columns[0]):
            return pl.Series([], dtype=polars_type(self.dtype))
        series = [_series(column, dtype) for column, dtype in zip(columns, self.dtypes, strict=True)]

        def filled(leaf: Any) -> Any:
            return series[leaf.number] if isinstance(leaf, Slot) else leaf

        try:
            found = self.op.apply(replace(self.args, filled), replace(dict(self.kwargs), filled))
        except Exception as error:  # pandas says it again, of all rows
            raise NotColumnar(f"pandas: {error!r}") from None
        if is_plain(self.dtype, "iu") and found.dtype == np.dtype("float64"):  # because something is missing
            return pl.Series("", found.to_numpy(), nan_to_null=True).cast(polars_type(self.dtype))
        if is_plain(self.dtype, "mM") and found.isna().all():  # in a unit of its own
            found = found.astype(self.dtype)
        return taken(found, "", self.dtype)


def _series(column: pl.Series, dtype: Any) -> pd.Series[Any]:
    """Give a column of a batch to pandas.

    In a branch of a choice, Polars makes null what the other branch is for. Integers and booleans, of which nothing can
    be missing, have any value there: nobody looks at what comes of it.
    """
    present = column.fill_null(strategy="one") if is_plain(dtype, "iu") else column
    present = present.fill_null(True) if is_plain(dtype, "b") else present
    return pd.Series(as_pandas(present, dtype, "none"), copy=False)


def by_pandas(node: Node, dtype: Any, columns: Mapping[Node, Column], full: bool = False) -> Column:
    """Make a column by a recorded operation, run by pandas itself.

    Parameters
    ----------
    node
        The operation.
    dtype
        Of the answer.
    columns
        What stands for each of the nodes among the arguments.
    full
        Whether integers in the answer are never missing.

    Raises
    ------
    NotColumnar
        If pandas and Polars do not have the columns, or the answer, in common.
    """
    return batchwise(node.op, node.args, node.kwargs, dtype, columns, full)


def batchwise(
    op: Operation,
    args: tuple[Any, ...],
    kwargs: Mapping[str, Any],
    dtype: Any,
    columns: Mapping[Node, Column] | None = None,
    full: bool = False,
) -> Column:
    """Make a column by any operation; nodes and columns among the arguments stand for the rows of a batch."""
    if polars_type(dtype) is None:
        raise NotColumnar(f"dtype {dtype}")
    found: list[Column] = []

    def slot(leaf: Any) -> Any:
        if not isinstance(leaf, Node | Column):
            return leaf
        found.append(leaf if isinstance(leaf, Column) else (columns or {})[leaf])
        return Slot(len(found) - 1)

    run = Batchwise(op, replace(args, slot), replace(dict(kwargs), slot), tuple(c.dtype for c in found), dtype)
    for column in found:
        if column.gaps or column.kind is None:
            raise NotColumnar("integers or booleans with gaps after a join")
    exprs = [column.expr for column in found]
    expr = pl.map_batches(exprs, run, return_dtype=polars_type(dtype), is_elementwise=True)
    result = derived(expr, dtype, *found, nan=True)
    return result if full or not is_plain(dtype, "iu") else with_gaps(result)


def with_gaps(column: Column) -> Column:
    """Give integers or booleans of which some may be missing."""
    return Column(column.expr, column.dtype, gaps=True, attached=column.attached, running=column.running)
