"""How random numbers are drawn.

A small array is what numpy's generator gives. A large one is drawn tile by tile (see `tiles`), each tile from a stream
of its own: which numbers it holds depends on the seed and its shape, not on how it is cut into chunks, and tiles can be
drawn in any order, by any thread.
"""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from mars_nb.graph.node import Data
from mars_nb.graph.structure import leaves
from mars_nb.tensor.tiles import tile, tiles_of

Spans = Sequence[tuple[int, int]]

#: Bytes of an array that is drawn as numpy draws it, at most. No option, because the numbers depend on it.
NUMPYS = 2**23

# Depend on all their numbers at once, or give arrays of another shape than ``size``.
WHOLE = frozenset(
    "permutation choice dirichlet multinomial multivariate_normal multivariate_hypergeometric bytes".split()
)
# Methods of `numpy.random.Generator` that fill an array, for what is the same but for a scale and a shift.
_FILLING = {
    **dict.fromkeys("rand random random_sample uniform".split(), "random"),
    **dict.fromkeys("randn standard_normal normal".split(), "standard_normal"),
}
_SHAPED_BY_ARGUMENTS = frozenset({"rand", "randn"})


def draw(kind: str, method: str, entropy: int, shape: tuple[int, ...] | None, args: Any, kwargs: Any) -> Any:
    """Draw random numbers.

    Parameters
    ----------
    kind
        ``RandomState`` or ``Generator``, of `numpy.random`.
    method
        A method of that class.
    entropy
        Tells the streams: same value, same numbers.
    shape
        What is drawn tile by tile; None for what can only be drawn as one.
    args, kwargs
        Of the method.
    """
    if shape is None:
        return getattr(_generator(kind, entropy, ()), method)(*args, **kwargs)
    return Draw(kind, method, entropy, shape, args, kwargs).part([(0, n) for n in shape])


def draw_again(kind: str, data: Data, method: str, args: Any, kwargs: Any) -> Any:
    """Draw random numbers from a generator in a given state.

    Parameters
    ----------
    kind, method, args, kwargs
        As of `draw`.
    data
        The state, as numpy's generators tell it.
    """
    state = data.value
    bits = getattr(np.random, state["bit_generator"])()
    generator: Any = getattr(np.random, kind)(bits)
    if kind == "RandomState":
        generator.set_state(state)
    else:
        bits.state = state
    return getattr(generator, method)(*args, **kwargs)


def _generator(kind: str, entropy: int, place: tuple[int, ...]) -> Any:
    # The quickest of numpy's bit generators; streams are told apart by `SeedSequence`.
    return getattr(np.random, kind)(np.random.SFC64(np.random.SeedSequence(entropy, spawn_key=place)))


class Draw:
    """Draws parts of a large random array.

    Parameters
    ----------
    kind, method, entropy, shape, args, kwargs
        As of `draw`.

    Attributes
    ----------
    tile
        Shape of the tiles.
    """

    def __init__(
        self, kind: str, method: str, entropy: int, shape: tuple[int, ...], args: Any, kwargs: Mapping[str, Any]
    ) -> None:
        if kind == "RandomState" and method == "randint":
            kind, method = "Generator", "integers"  # the same, and quicker
        self.kind, self.method, self.entropy, self.shape = kind, method, entropy, shape
        self.tile = tile(shape)
        found = sized(kind, method, args, kwargs)
        assert found is not None  # else it would not be drawn in tiles
        self._arguments = found[1]
        self._filling = _filling(method, *self._arguments((1,) * len(shape)))

    def part(self, spans: Spans) -> Any:
        """Draw a part, given by start and stop in each dimension."""
        whole: Any = None
        windows = itertools.product(*(tiles_of(*span, side) for span, side in zip(spans, self.tile, strict=True)))
        for window in windows:
            found = self.within(window)
            if whole is None:
                whole = np.empty([stop - start for start, stop in spans], found.dtype)
            offsets = zip(window, spans, strict=True)
            whole[tuple(slice(start - first, stop - first) for (start, stop), (first, _) in offsets)] = found
        return whole

    def within(self, spans: Spans, out: Any = None) -> Any:
        """Draw a part that is within one tile.

        Parameters
        ----------
        spans
            Start and stop in each dimension.
        out
            May be filled with the numbers, if they are numbers of its type.
        """
        place = tuple(start // side for (start, _), side in zip(spans, self.tile, strict=True))
        first = [number * side for number, side in zip(place, self.tile, strict=True)]
        lengths = tuple(map(_length, self.shape, first, self.tile))
        window = tuple(slice(start - f, stop - f) for (start, stop), f in zip(spans, first, strict=True))
        is_all = all(stop - start == n for (start, stop), n in zip(spans, lengths, strict=True))
        found = self._fill(place, lengths, out if is_all else None)
        return found if is_all else found[window]

    def _fill(self, place: tuple[int, ...], lengths: tuple[int, ...], out: Any) -> Any:
        if self._filling is None:
            args, kwargs = self._arguments(lengths)
            return getattr(_generator(self.kind, self.entropy, place), self.method)(*args, **kwargs)
        fill, scale, shift = self._filling
        array = np.empty(lengths) if out is None else out
        getattr(_generator("Generator", self.entropy, place), fill)(out=array)
        if scale != 1:
            array *= scale
        if shift != 0:
            array += shift
        return array


def _length(n: int, first: int, side: int) -> int:
    return min(side, n - first)


def _filling(method: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> tuple[str, float, float] | None:
    """Tell how to fill an array: by a method, and what to multiply by and to add; None where that is not the same."""
    fill = _FILLING.get(method)
    if fill is None:
        return None
    if method in _SHAPED_BY_ARGUMENTS:
        return fill, 1, 0
    if method not in ("uniform", "normal"):
        return (fill, 1, 0) if not args and set(kwargs) == {"size"} else None
    names = ("low", "high") if method == "uniform" else ("loc", "scale")
    given = dict(zip(names, (0.0, 1.0), strict=True)) | dict(zip(names, args, strict=False)) | dict(kwargs)
    first, second = (float(given[name]) for name in names)
    return fill, second - first if method == "uniform" else second, first


def sized(
    kind: str, method: str, args: Any, kwargs: Mapping[str, Any]
) -> tuple[tuple[int, ...], Callable[[tuple[int, ...]], tuple[Any, Any]]] | None:
    """Tell the shape of a draw, and how to draw another shape.

    Parameters
    ----------
    kind, method, args, kwargs
        As of `draw`.

    Returns
    -------
    tuple or None
        The shape and a function from another shape to ``(args, kwargs)``; None if the draw cannot be cut.

    Examples
    --------
    >>> shape, again = sized("Generator", "normal", (1, 2, (3, 4)), {})
    >>> shape, again((5,))
    ((3, 4), ((1, 2), {'size': (5,)}))
    """
    if any(not isinstance(leaf, int | float | str | None | type | np.generic) for leaf in leaves((args, kwargs))):
        return None
    if method in _SHAPED_BY_ARGUMENTS and kind == "RandomState":
        return (tuple(map(int, args)), lambda shape: (shape, kwargs)) if args else None
    if method in WHOLE:
        return None
    signature = inspect.signature(getattr(getattr(np.random, kind), method))
    if "size" not in signature.parameters:
        return None
    bound = signature.bind(None, *args, **kwargs)
    size = bound.arguments.get("size")
    if size is None:
        return None
    shape = tuple(map(int, size)) if isinstance(size, tuple | list) else (int(size),)
    del bound.arguments["size"]
    plain = (bound.args[1:], bound.kwargs)

    def again(shape: tuple[int, ...]) -> Any:
        return plain[0], {**plain[1], "size": shape}

    return shape, again
