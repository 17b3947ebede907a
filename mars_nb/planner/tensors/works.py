"""What a chunk task does with arrays, for work that can as well be done block by block; see `blocks`.

Operations item by item, reductions, and random draws. Each is called with chunks, like any function of a chunk task.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from mars_nb.tensor.draws import Draw

Shape = tuple[int, ...]


class Slot(NamedTuple):
    """Stands among arguments for a value."""

    number: int


class Step:
    """An operation item by item, of arrays that are broadcast against each other.

    Parameters
    ----------
    function
        What is called.
    args
        Its arguments, with a `Slot` for each value.
    kwargs
        More arguments, the same for all blocks.
    takes_out
        Whether it can be told by ``out=`` where to write.
    shape
        Of what it gives.
    """

    __slots__ = ("args", "function", "kwargs", "shape", "takes_out")

    def __init__(
        self,
        function: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: Mapping[str, Any],
        takes_out: bool,
        shape: Shape,
    ) -> None:
        self.function, self.args, self.kwargs, self.takes_out, self.shape = function, args, kwargs, takes_out, shape

    def __call__(self, *values: Any) -> Any:
        """Compute it."""
        __tracebackhide__ = True
        args = [values[arg[0]] if type(arg) is Slot else arg for arg in self.args]
        return self.function(*args, **self.kwargs)

    def into(self, out: Any, values: Sequence[Any]) -> Any:
        """Compute it, into an array."""
        __tracebackhide__ = True
        args = [values[arg[0]] if type(arg) is Slot else arg for arg in self.args]
        return self.function(*args, out=out, **self.kwargs)

    @property
    def name(self) -> str:
        """What numpy calls it in warnings."""
        return getattr(self.function, "__name__", "")


class Cast:
    """``astype``, which can be told where to write."""

    __slots__ = ("dtype",)
    __name__ = "cast"

    def __init__(self, dtype: np.dtype[Any]) -> None:
        self.dtype = dtype

    def __call__(self, array: Any, out: Any = None) -> Any:
        """Cast an array."""
        if out is None:
            return array.astype(self.dtype)
        np.copyto(out, array, casting="unsafe")
        return out


class Method:
    """A method of arrays, as a function."""

    def __init__(self, name: str) -> None:
        self.__name__ = name

    def __call__(self, array: Any, *args: Any, **kwargs: Any) -> Any:
        """Call it."""
        __tracebackhide__ = True
        return getattr(array, self.__name__)(*args, **kwargs)


def power(array: Any, exponent: Any, out: Any = None) -> Any:
    """Raise to a power as the operator does it, which is not always `numpy.power`, and can be told where to write."""
    ufunc: Any = np.power
    if type(exponent) in (int, float) and isinstance(array, np.ndarray):
        kind = array.dtype.kind
        if kind in "fc":
            ufunc = _POWERS.get(exponent, np.power)
        elif kind in "iu" and type(exponent) is int and exponent == 2:
            ufunc = np.square
    return np.power(array, exponent, out=out) if ufunc is np.power else ufunc(array, out=out)


_POWERS: dict[float, Any] = {2: np.square, 0.5: np.sqrt, -1: np.reciprocal, 1: np.positive}


class Drawn:
    """A part of a large random array.

    Parameters
    ----------
    draw
        The array.
    spans
        Which part: start and stop in each dimension.
    """

    __slots__ = ("draw", "shape", "spans")
    takes_out, name = True, ""

    def __init__(self, draw: Draw, spans: Sequence[tuple[int, int]]) -> None:
        self.draw, self.spans = draw, spans
        self.shape = tuple(stop - start for start, stop in spans)

    def __call__(self) -> Any:
        """Draw it."""
        return self.draw.part(self.spans)

    def block(self, window: Sequence[slice], out: Any = None) -> Any:
        """Draw a block of it that is within one tile."""
        spans = [(first + w.start, first + w.stop) for (first, _), w in zip(self.spans, window, strict=True)]
        return self.draw.within(spans, out)


class Fold:
    """A reduction along some dimensions.

    Parameters
    ----------
    way
        How it is done.
    axes
        Along which dimensions.
    keepdims
        Whether these stay, with one item.
    exact
        Whether nothing else is to be reduced with it: then it gives the answer, else a state to be joined with others.
    given
        Shape of what it gets.
    """

    __slots__ = ("axes", "exact", "given", "keepdims", "way")
    takes_out, name = False, "reduce"

    def __init__(self, way: Way, axes: tuple[int, ...], keepdims: bool, exact: bool, given: Shape) -> None:
        self.way, self.axes, self.keepdims, self.exact, self.given = way, axes, keepdims, exact, given

    @property
    def shape(self) -> Shape:
        """Of the answer."""
        if self.keepdims:
            return tuple(1 if axis in self.axes else n for axis, n in enumerate(self.given))
        return tuple(n for axis, n in enumerate(self.given) if axis not in self.axes)

    def __call__(self, array: Any) -> Any:
        """Reduce an array."""
        __tracebackhide__ = True
        state = self.way.part(array, self.axes)
        return self.finished(state, math.prod(array.shape[axis] for axis in self.axes)) if self.exact else state

    def finished(self, state: Any, count: int) -> Any:
        """Give the answer, for a number of items."""
        found = self.way.finish(state, count)
        return (found if self.keepdims else found.squeeze(self.axes))[()]


class Join:
    """Puts the states of a reduction together, and gives the answer where these are all.

    Parameters
    ----------
    fold
        Of the reduction.
    count
        The number of items of all, None where these are not all states.
    """

    __slots__ = ("count", "fold")

    def __init__(self, fold: Fold, count: int | None) -> None:
        self.fold, self.count = fold, count

    def __call__(self, *states: Any) -> Any:
        """Join them."""
        __tracebackhide__ = True
        state = self.fold.way.join(states)
        return state if self.count is None else self.fold.finished(state, self.count)


# --- ways to reduce ---------------------------------------------------------------------------------------------


class Way:
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

    def part(self, array: Any, axes: tuple[int, ...]) -> Any:
        """Give the state of a part."""
        raise NotImplementedError

    def join(self, states: Sequence[Any]) -> Any:
        """Give the state of several parts together."""
        raise NotImplementedError

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
        array = array if self.before is None else self.before(array)
        options = {} if self.dtype is None else {"dtype": self.dtype}
        if axes == (array.ndim - 1,) and 1 < array.shape[-1] <= _SHORT and array.dtype.kind == "f" and not options:
            # As numpy does it, but without a call for each line. From 8 items on numpy adds up in another order.
            found = self.ufunc(array[..., :1], array[..., 1:2])
            for column in range(2, array.shape[-1]):
                self.ufunc(found, array[..., column : column + 1], out=found)
            return found
        return self.ufunc.reduce(array, axis=axes, keepdims=True, **options)

    def join(self, states: Sequence[Any]) -> Any:
        """Reduce states."""
        if len(states) == 1:
            return states[0]
        if states[0].size == 1:
            return self.ufunc.reduce(np.stack(states), axis=0)
        found = self.ufunc(states[0], states[1])
        for state in states[2:]:
            self.ufunc(found, state, out=found)
        return found

    def finish(self, state: Any, count: int) -> Any:
        """Give the answer."""
        return state if self.after is None else self.after(state, count)


_SHORT = 7


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
        mean = array.mean(axis=axes, keepdims=True)
        deviations = array - mean
        squares = np.add.reduce(np.square(deviations, out=deviations), axis=axes, keepdims=True)
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


def mean_of(total: Any, count: int) -> Any:
    """Divide a sum."""
    return np.true_divide(total, count)


def root_of(total: Any, count: int) -> Any:
    """Take the root of a sum of squares."""
    return np.sqrt(total)
