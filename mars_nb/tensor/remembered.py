"""What was inferred of large arrays, remembered: the same operation on equal shapes and dtypes gives the same.

To ask Dask takes milliseconds, as of `numpy.linalg.svd`, which a loop would pay in each round.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

import numpy as np

from mars_nb.graph.meta import Meta, TensorMeta
from mars_nb.graph.node import Node, Operation

# Answers by what was asked. Two threads may both find one; either will do.
_answers: dict[Hashable, Meta] = {}
_MOST = 512
_PLAIN = (int, float, complex, str, bytes, type(None), type, type(...), np.dtype, np.generic)

Infer = Callable[[Operation, tuple[Any, ...], dict[str, Any]], Meta]


def remembered(infer: Infer, op: Operation, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Meta:
    """Infer what an operation gives, unless it is known from an equal one.

    Parameters
    ----------
    infer
        Finds out; it may look at shapes and dtypes alone. What it raises is not remembered.
    op, args, kwargs
        The operation and its arguments, with nodes at any depth.
    """
    try:
        asked = (infer, op, _described(args), _described(kwargs))
        found = _answers.get(asked)
    except TypeError:  # an array or another object among the arguments: what is in it may matter
        return infer(op, args, kwargs)
    if found is None:
        found = infer(op, args, kwargs)
        if len(_answers) >= _MOST:
            _answers.clear()
        _answers[asked] = found
    return found


def _described(value: Any) -> Hashable:
    """Give what tells arguments apart.

    Raises
    ------
    TypeError
        If there is something whose contents may matter.
    """
    if isinstance(value, Node) and isinstance(value.meta, TensorMeta):
        return Node, value.meta.shape, value.meta.dtype
    if isinstance(value, dict):
        return dict, tuple((key, _described(item)) for key, item in value.items())
    if isinstance(value, tuple | list):
        return type(value), tuple(map(_described, value))
    if isinstance(value, slice):
        return slice, *map(_described, (value.start, value.stop, value.step))
    if isinstance(value, _PLAIN):
        return type(value), value  # 1 and True are equal
    raise TypeError("what is in it may matter")
