"""Covariances and correlations: products of deviations in each chunk, merged in a way that loses no digits.

For each pair of columns only the rows count in which both have a value, so means and deviations are of pairs. The merge
is that of Chan, Golub and LeVeque, "Updating formulae and a pairwise algorithm for computing sample variances" (1979).
"""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from mars_nb.graph.node import Arguments, Node
from mars_nb.planner.context import Building
from mars_nb.planner.groups.aggregates import measurable
from mars_nb.planner.layout import Layout, Rows, Single
from mars_nb.planner.walks import aligned_rows, base_rows, is_series, method_call, sample_of

Array = np.ndarray[Any, Any]


class _Pairs(NamedTuple):
    """What is measured of each pair of columns, one in rows and the other in columns.

    Attributes
    ----------
    n
        Rows in which both have a value.
    mean
        Of the column in rows, over these.
    squares
        The sum of its squared deviations from that.
    products
        The sum of the products of both deviations.
    low, high
        The least and greatest value of the column in rows: where they are equal nothing deviates, not even by rounding.
    """

    n: Array
    mean: Array
    squares: Array
    products: Array
    low: Array
    high: Array


def correlation(building: Building, node: Node) -> Layout | None:
    """Lower ``corr`` and ``cov`` of a frame, or of two series that are cut alike."""
    asked = _asked(building, node)
    if asked is None:
        return None
    name, rows, labels, call = asked
    parts = []
    for i in range(len(rows.keys)):
        chunks = [building.lowered[input_].keys[i] for input_ in node.inputs]
        parts.append(building.add(node, ("part", i), partial(_measured, labels), chunks))
    least = call.kwargs.get("min_periods", 1)
    return Single(building.add(node, "whole", partial(_finished, name, labels, least), parts))


def _asked(building: Building, node: Node) -> tuple[str, Rows, list[Any] | None, Arguments] | None:
    """Give the method, how the rows are cut, the columns, None for two series, and the arguments."""
    names = getattr(node.op, "names", ())
    if names not in (("corr",), ("cov",)) or not isinstance(node.args[-1], Arguments):
        return None
    call, sample = node.args[-1], sample_of(node.args[0])
    if isinstance(sample, pd.Series):
        other = call.args[0] if len(call.args) == 1 and not call.kwargs else None
        rows = aligned_rows(building, node.inputs)
        alike = is_series(other) and rows is not None and len(node.inputs) == 2
        numbers = alike and measurable([sample.dtype, sample_of(other).dtype])
        return (names[0], rows, None, Arguments((), {})) if rows is not None and numbers else None
    base, called = base_rows(building, node), method_call(node)
    if base is None or called is None or call.args or set(call.kwargs) - {"numeric_only", "min_periods"}:
        return None
    numeric = sample.select_dtypes(["number", "bool"], exclude=["timedelta"])
    found = numeric if call.kwargs.get("numeric_only") else sample
    known = sample.columns.is_unique and measurable(list(found.dtypes)) and len(found.columns)
    return (names[0], base, list(found.columns), call) if known else None


def _measured(labels: list[Any] | None, *chunks: Any) -> _Pairs:
    columns = chunks if labels is None else [chunks[0][label] for label in labels]
    values = np.column_stack([column.to_numpy(float) for column in columns])
    valid = ~np.isnan(values)
    counts = valid.sum(axis=0)
    # Measured from the mean of the chunk, small differences of large numbers do not get lost.
    centers = np.where(valid, values, 0).sum(axis=0) / np.maximum(counts, 1)
    shifted = np.where(valid, values - centers, 0.0)
    both = valid.astype(float)
    n = both.T @ both
    means = np.divide(shifted.T @ both, n, out=np.zeros_like(n), where=n > 0)
    products = shifted.T @ shifted - n * means * means.T
    squares = (shifted**2).T @ both - n * means**2
    low, high = (
        np.column_stack(
            [extreme(np.where(valid[:, [j]] & valid, values, none), axis=0, initial=none) for j in range(len(n))]
        )
        for extreme, none in ((np.min, np.inf), (np.max, -np.inf))
    )
    return _Pairs(n, np.where(n > 0, means + centers[:, None], 0.0), squares, products, low, high)


def _merged(one: _Pairs, other: _Pairs) -> _Pairs:
    n = one.n + other.n
    share = np.divide(other.n, n, out=np.zeros_like(n), where=n > 0)
    apart = other.mean - one.mean
    return _Pairs(
        n,
        one.mean + apart * share,
        one.squares + other.squares + one.n * share * apart**2,
        one.products + other.products + one.n * share * apart * apart.T,
        np.minimum(one.low, other.low),
        np.maximum(one.high, other.high),
    )


def _finished(name: str, labels: list[Any] | None, least: int | None, *parts: _Pairs) -> Any:
    pairs = parts[0]
    for part in parts[1:]:
        pairs = _merged(pairs, part)
    constant = pairs.low >= pairs.high
    squares = np.where(constant, 0.0, pairs.squares)
    products = np.where(constant | constant.T, 0.0, pairs.products)
    with np.errstate(all="ignore"):
        correlated = np.clip(products / np.sqrt(squares * squares.T), -1, 1)
        found = products / (pairs.n - 1) if name == "cov" else correlated
        found = np.where(pairs.n >= max(least or 1, 2), found, np.nan)
    if labels is None:
        return np.float64(found[0, 1])
    index = pd.Index(labels)
    return pd.DataFrame(found, index=index, columns=index)
