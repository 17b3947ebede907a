"""Ways to reduce arrays part by part."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

# Lines up to so long are taken several at a time where each column is reduced: a call for each would take longer.
_SHORT_LINE, _LONG_LINE = 64, 512
# Up to so many columns are added up one by one, as numpy does it; from 8 items on it adds up in another order.
_FEW_COLUMNS = 7


class Way(ABC):
    """A way to reduce: by states of parts, which are joined. States have all dimensions, the reduced ones of length 1.

    Attributes
    ----------
    lead
        Number of dimensions that a state has before those.
    wants_blocks
        Whether it is quicker on blocks that fit a cache.
    """

    __slots__ = ()
    lead = 0
    wants_blocks = False

    @abstractmethod
    def part(self, array: Any, axes: tuple[int, ...]) -> Any:
        """Give the state of a part."""

    @abstractmethod
    def join(self, states: Sequence[Any]) -> Any:
        """Give the state of several parts together."""

    def finish(self, state: Any, count: int) -> Any:
        """Give the answer, for a number of items."""
        return state


class ByUfunc(Way):
    """By a ufunc of two arguments.

    Parameters
    ----------
    ufunc
        Such as `numpy.add`.
    dtype
        In which it is done; None: as numpy does it.
    before, after
        What is done with each item first, and with the reduced ones and the number of items last.
    """

    __slots__ = ("after", "before", "dtype", "ufunc")

    def __init__(
        self,
        ufunc: np.ufunc,
        dtype: Any = None,
        before: Callable[[Any], Any] | None = None,
        after: Callable[[Any, int], Any] | None = None,
    ) -> None:
        self.ufunc, self.dtype, self.before, self.after = ufunc, dtype, before, after

    def part(self, array: Any, axes: tuple[int, ...]) -> Any:
        """Reduce a part."""
        return reduced(self.ufunc, array if self.before is None else self.before(array), axes, self.dtype)

    def join(self, states: Sequence[Any]) -> Any:
        """Reduce states."""
        if len(states) == 1:
            return states[0]
        if states[0].size == 1:
            return self.ufunc.reduce(np.stack(states), axis=0, dtype=states[0].dtype)
        found = self.ufunc(states[0], states[1])
        for state in states[2:]:
            self.ufunc(found, state, out=found)
        return found

    def finish(self, state: Any, count: int) -> Any:
        """Give the answer."""
        return state if self.after is None else self.after(state, count)


class Moments(Way):
    """Standard deviation and variance: by number, mean and sum of squared deviations of the parts.

    Parameters
    ----------
    ddof
        Degrees of freedom.
    root
        Whether the root is taken at the end.
    dtype
        Of the answer.
    """

    __slots__ = ("ddof", "dtype", "root")
    lead = 1
    wants_blocks = True

    def __init__(self, ddof: float, root: bool, dtype: np.dtype[Any]) -> None:
        self.ddof, self.root, self.dtype = ddof, root, dtype

    def part(self, array: Any, axes: tuple[int, ...]) -> Any:
        """Give the moments of a part."""
        count = math.prod(array.shape[axis] for axis in axes)
        mean = np.true_divide(reduced(np.add, array, axes, None if array.dtype.kind == "f" else np.dtype(float)), count)
        deviations = _less(array, mean, axes)
        squares = reduced(np.add, np.square(deviations, out=deviations), axes)
        return np.stack([np.full(mean.shape, float(count)), mean, squares])

    def join(self, states: Sequence[Any]) -> Any:
        """Give the moments of several parts together."""
        if len(states) == 1:
            return states[0]
        counts, means, squares = np.stack(states, axis=1)
        count = counts.sum(axis=0)
        mean = (counts * means).sum(axis=0) / count
        more = counts * np.square(means - mean)
        return np.stack([count, mean, squares.sum(axis=0) + more.sum(axis=0)])

    def finish(self, state: Any, count: int) -> Any:
        """Give the variance or its root."""
        found = state[2] / (count - self.ddof)
        return (np.sqrt(found) if self.root else found).astype(self.dtype)


def reduced(ufunc: Any, array: Any, axes: tuple[int, ...], dtype: np.dtype[Any] | None = None) -> Any:
    """Reduce an array as ``ufunc.reduce`` does it; the dimensions stay."""
    count = math.prod(array.shape[axis] for axis in axes)
    is_all = len(axes) == array.ndim
    if is_all and ufunc is np.add and array.dtype == bool and dtype in (None, np.dtype(int), np.dtype(float)):
        return np.full((1,) * array.ndim, np.count_nonzero(array), dtype or np.dtype(int))
    options = {} if dtype is None else {"dtype": dtype}
    if axes == (array.ndim - 1,) and 1 < count <= _FEW_COLUMNS and array.dtype.kind == "f" and dtype is None:
        found = ufunc(array[..., :1], array[..., 1:2])
        for column in range(2, count):
            ufunc(found, array[..., column : column + 1], out=found)
        return found
    if _has_short_lines(array, axes):
        width = array.size // count
        lines, rest = _long_lines(array.reshape(count, width))
        found = ufunc.reduce(lines, axis=0, **options).reshape(-1, width)
        found = ufunc.reduce(np.concatenate([found, rest]), axis=0, **options)
        return found.reshape((1,) * len(axes) + array.shape[len(axes) :])
    return ufunc.reduce(array, axis=axes, keepdims=True, **options)


def _less(array: Any, mean: Any, axes: tuple[int, ...]) -> Any:
    """Give the array less its mean."""
    if not _has_short_lines(array, axes):
        return array - mean
    width = mean.size
    flat = array.reshape(-1, width)
    found = np.empty(flat.shape, np.result_type(array, mean))
    (lines, rest), (to, to_rest) = _long_lines(flat), _long_lines(found)
    np.subtract(lines, np.tile(mean.reshape(-1), lines.shape[1] // width), out=to)
    np.subtract(rest, mean.reshape(-1), out=to_rest)
    return found.reshape(array.shape)


def _has_short_lines(array: Any, axes: tuple[int, ...]) -> bool:
    """Tell arrays in C order that are reduced to a few columns."""
    width = math.prod(array.shape[len(axes) :])
    return (
        axes == tuple(range(len(axes))) and len(axes) < array.ndim and 1 < width <= _SHORT_LINE
        and array.size >= 2 * _LONG_LINE and array.flags.c_contiguous
    )  # fmt: skip


def _long_lines(array: Any) -> tuple[Any, Any]:
    """Put several lines in one, and give those that are left over as they are."""
    width = array.shape[1]
    several = _LONG_LINE // width
    lines = len(array) // several
    return array[: lines * several].reshape(lines, several * width), array[lines * several :]


def mean_of(total: Any, count: int) -> Any:
    """Divide a sum."""
    return np.true_divide(total, count)


def root_of(total: Any, count: int) -> Any:
    """Take the root of a sum of squares."""
    return np.sqrt(total)
