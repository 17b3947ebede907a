"""How arrays are divided: tiles, of which each has random numbers of its own and fits a cache, and chunks of tiles.

A tile's shape follows from the array's shape alone, and its sides are round numbers, so that chunks of the usual
lengths, such as 1000 by 1000 or 100,000, are made of whole tiles.
"""

from __future__ import annotations

import itertools
from bisect import bisect_right
from collections.abc import Callable, Sequence
from functools import partial

#: Items of a tile at most: 0.4 MB of doubles, drawn in 0.1 ms.
TILE = 50_000
_ROUND: list[int] = sorted({digits * 10**zeros // 100 for zeros in range(12) for digits in (100, 125, 200, 250, 500)})


def tile(shape: Sequence[int], items: int = TILE) -> tuple[int, ...]:
    """Give the shape of an array's tiles; the last ones may be smaller.

    Parameters
    ----------
    shape
        Of the array.
    items
        That a tile has at most.

    Examples
    --------
    >>> tile((10_000, 10_000)), tile((20_000_000, 2)), tile((1_000_000,)), tile((30, 40))
    ((200, 250), (25000, 2), (50000,), (30, 40))
    """
    return _sides(shape, [_rounded] * len(shape), items)


def rows(shape: Sequence[int], items: int) -> tuple[int, ...]:
    """Give the shape of blocks whose items lie together, where an array is in C order.

    Examples
    --------
    >>> rows((1000, 1000), 16_000), rows((10, 100_000), 16_000)
    ((16, 1000), (1, 16000))
    """
    found: list[int] = []
    for n in reversed(shape):
        found.append(max(1, min(n, items)))
        items //= max(1, n)
    return tuple(reversed(found))


def chunk_lengths(shape: Sequence[int], items: int) -> tuple[tuple[int, ...], ...]:
    """Cut an array into chunks of about so many items: of whole tiles, if they are not smaller than that.

    Examples
    --------
    >>> chunk_lengths((2500, 2500), 2**20)
    ((1000, 1000, 500), (1000, 1000, 500))
    """
    found = []
    sides = _sides(shape, [partial(_whole, step) for step in tile(shape)], items)
    for n, side in zip(shape, sides, strict=True):
        found.append((*(side,) * (n // side), *((n % side,) if n % side else ())) if n else (0,))
    return tuple(found)


def _sides(shape: Sequence[int], rounded: Sequence[Callable[[int], int]], items: int) -> tuple[int, ...]:
    """Make the sides alike, but for those that are shorter anyway."""
    sides = [0] * len(shape)
    left = items
    for done, axis in enumerate(sorted(range(len(shape)), key=lambda axis: shape[axis])):
        side = max(1, int(left ** (1 / (len(shape) - done)) + 1e-9))
        sides[axis] = shape[axis] if side >= shape[axis] else rounded[axis](side)
        left = max(1, left // max(1, sides[axis]))
    return tuple(sides)


def _rounded(n: int) -> int:
    return _ROUND[bisect_right(_ROUND, n) - 1]


def _whole(step: int, n: int) -> int:
    """Take whole steps, if there is one."""
    return n // step * step or _rounded(n)


def tiles_of(start: int, stop: int, side: int) -> list[tuple[int, int]]:
    """Cut a span where tiles end.

    Examples
    --------
    >>> tiles_of(30, 130, 50)
    [(30, 50), (50, 100), (100, 130)]
    """
    bounds = [start, *range((start // side + 1) * side, stop, side), stop]
    return list(itertools.pairwise(bounds)) if stop > start else []
