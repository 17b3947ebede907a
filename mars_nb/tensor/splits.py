"""``split`` and its like: slices of the tensor, so that each part is computed by itself."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np

from mars_nb.graph.tileable import ExecutableTuple
from mars_nb.tensor.core import Tensor

#: The axis that each function cuts.
SPLITS = {"split": 0, "array_split": 0, "hsplit": 1, "vsplit": 0, "dsplit": 2}


def split(name: str, tensor: Any, sections: Any, axis: int | None = None) -> ExecutableTuple | None:
    """Cut a tensor into slices; None where the function itself has to be recorded.

    Parameters
    ----------
    name
        Of the function, one of `SPLITS`.
    tensor
        What is cut.
    sections
        Number of parts, or positions where they begin.
    axis
        That is cut; of functions without such an argument their own.

    Raises
    ------
    ValueError
        If there is no such number of equal parts.
    """
    own = axis is not None and name not in ("split", "array_split")
    if not isinstance(tensor, Tensor) or isinstance(sections, Tensor) or own:
        return None
    if axis is None:
        axis = 0 if name == "hsplit" and tensor.ndim == 1 else SPLITS[name]
    if not -tensor.ndim <= axis < tensor.ndim or math.isnan(tensor.shape[axis]):
        return None
    axis %= tensor.ndim
    length = int(tensor.shape[axis])
    if np.ndim(sections):
        bounds = [0, *map(int, sections), length]
    elif int(sections) < 1:
        return None
    else:
        size, more = divmod(length, int(sections))
        if more and name != "array_split":
            raise ValueError("array split does not result in an equal division")
        bounds = [i * size + min(i, more) for i in range(int(sections) + 1)]
    before = (slice(None),) * axis
    return ExecutableTuple(tensor[(*before, slice(start, stop))] for start, stop in itertools.pairwise(bounds))
