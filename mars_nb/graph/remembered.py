"""What was inferred, remembered: the same operation on what is known alike gives the same.

To ask numpy, pandas or Dask takes up to milliseconds, as of a join or of `numpy.linalg.svd`, which a cell would pay
each time that it is run again, and a loop in each round.
"""

from __future__ import annotations

import datetime as dt
import decimal
import math
from collections.abc import Callable, Hashable
from typing import Any

import numpy as np

from mars_nb.graph.meta import Meta, PandasMeta, TensorMeta
from mars_nb.graph.node import Node, Operation

# Answers by what was asked. Two threads may both find one; either will do.
_answers: dict[Hashable, Meta] = {}
_MOST = 2048
# Items of a sample, beyond which nothing is remembered: frames of very many columns.
_LARGE = 1024
_PLAIN = (int, float, complex, str, bytes, type(None), type, type(...), np.dtype, decimal.Decimal)
_OF_UNITS = (np.generic, dt.date, dt.time, dt.timedelta)


def remembered(
    infer: Callable[..., Meta], op: Operation, args: tuple[Any, ...], kwargs: dict[str, Any], **more: Any
) -> Meta:
    """Infer what an operation gives, unless it is known from an equal one.

    Parameters
    ----------
    infer
        Finds out, as ``infer(op, args, kwargs, **more)``: of arrays by shapes and dtypes alone, of frames by their
        samples and numbers of rows. What it raises is not remembered.
    op, args, kwargs
        The operation and its arguments, with nodes at any depth.
    more
        What helps, and makes no difference to the answer.
    """
    try:
        asked = (infer, op, _described(args), _described(kwargs))
        found = _answers.get(asked)
    except TypeError:  # an array or another object among the arguments: what is in it may matter
        return infer(op, args, kwargs, **more)
    if found is None:
        found = infer(op, args, kwargs, **more)
        if len(_answers) >= _MOST:
            _answers.clear()
        if not isinstance(found, PandasMeta) or math.prod(found.sample.shape) <= _LARGE:
            _answers[asked] = found
    return found


class _Same:
    """Equal to what holds the very same object, which lives as long as this."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.value is self.value

    def __hash__(self) -> int:
        return id(self.value)


def _described(value: Any) -> Hashable:
    """Give what tells arguments apart.

    Raises
    ------
    TypeError
        If there is something whose contents may matter.
    """
    if isinstance(value, _PLAIN):
        return type(value), value  # 1 and True are equal
    if isinstance(value, _OF_UNITS):  # a day and its first second are equal
        return type(value), value, getattr(value, "dtype", None), getattr(value, "unit", None)
    if isinstance(value, Node):
        match value.meta:
            case TensorMeta(shape=shape, dtype=dtype):
                return shape, dtype
            case PandasMeta(sample=sample, rows=rows, open=is_open) if math.prod(sample.shape) <= _LARGE:
                return _Same(sample), rows, is_open
    elif isinstance(value, dict):
        return dict, tuple([(key, _described(item)) for key, item in value.items()])
    elif isinstance(value, tuple | list):
        return type(value), tuple(map(_described, value))
    elif isinstance(value, slice):
        return slice, *map(_described, (value.start, value.stop, value.step))
    raise TypeError("what is in it may matter")
