"""What a chunk task does with arrays, for work that can as well be done block by block; see `blocks`.

Operations item by item, reductions, and random draws. Each is called with chunks, like any function of a chunk task.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from mars_nb.planner.tensors.ways import Way
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
