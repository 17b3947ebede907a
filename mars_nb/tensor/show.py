"""Drawing executed tensors as numpy would, reading no more than the corners of large ones."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

#: Where the corners alone have more items than this, no items are drawn.
MOST_ITEMS = 100_000


def show_array(shown: Any) -> str:
    """Draw as text."""
    settings: Any = np.get_printoptions()
    shape, edge = shown.shape, int(settings["edgeitems"])
    if not shape:
        return str(shown.read())
    if math.prod(shape) <= settings["threshold"]:
        return repr(shown.read())
    if math.prod(min(n, 2 * edge + 1) for n in shape) > MOST_ITEMS:
        one = shown.read(*(slice(0, 1) for _ in shape))
        return f"array(..., shape={shape}, dtype={one.dtype})"
    corners = _corners(shown, shape, edge)
    with np.printoptions(threshold=0):
        text = repr(corners)
    return _with_shape(text, corners.shape, shape, settings["linewidth"])


def _with_shape(text: str, drawn: tuple[int, ...], shape: tuple[int, ...], width: int) -> str:
    """Put the true shape in place of the one that was drawn, on a line of its own where it is too long."""
    items, found, rest = text.rpartition(f"shape={drawn}")
    if not found:  # numpy's older formats do not tell it
        return text
    items, end = items.rstrip(), f"shape={shape}{rest}"
    last = len(items) - (items.rfind("\n") + 1)
    return f"{items} {end}" if last + len(end) + 1 <= width else f"{items}\n{' ' * len('array(')}{end}"


def _corners(shown: Any, shape: tuple[int, ...], edge: int) -> np.ndarray[Any, Any]:
    """Read the first and last items of each dimension, with one item more that numpy draws as dots."""
    last = max(edge, 1)  # numpy draws one even where none is asked for
    pieces: list[list[slice]] = [
        [slice(0, n)] if n <= 2 * edge + 1 else [slice(0, edge + 1), slice(n - last, n)] for n in shape
    ]

    def block(windows: tuple[slice, ...]) -> Any:
        depth = len(windows)
        if depth == len(shape):
            return shown.read(*windows)
        return np.concatenate([block((*windows, piece)) for piece in pieces[depth]], axis=depth)

    return np.asarray(block(()))
