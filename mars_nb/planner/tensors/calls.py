"""Operations item by item as functions that can be told where to write, each item as numpy gives it."""

from __future__ import annotations

from typing import Any

import numpy as np


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
    kind = array.dtype.kind if isinstance(array, np.ndarray) else ""
    if kind == "c":
        return np.positive(array**exponent, out=out)
    if type(exponent) in (int, float) and kind == "f":
        ufunc = _POWERS.get(exponent, np.power)
    elif type(exponent) is int and exponent == 2 and kind in "iub":
        ufunc = np.square
    return np.power(array, exponent, out=out) if ufunc is np.power else ufunc(array, out=out)


_POWERS: dict[float, Any] = {2: np.square, 0.5: np.sqrt, -1: np.reciprocal, 1: np.positive}


class Where:
    """`numpy.where`, which can be told where to write, and then chooses bit by bit.

    A choice for each item is a jump that the processor guesses wrong half of the time where the condition is as good as
    random: that takes five times as long.
    """

    __slots__ = ()
    __name__ = "where"

    def __call__(self, condition: Any, one: Any, other: Any, out: Any = None) -> Any:
        """Take the items of one array where a condition holds, and else those of another."""
        if out is None:
            return np.where(condition, one, other)
        bits = _BITS.get(out.dtype.itemsize)
        if bits is None or not (isinstance(condition, np.ndarray) and condition.dtype.kind == "b"):
            out[...] = np.where(condition, one, other)
            return out
        first, second, found = _bits(one, out.dtype, bits), _bits(other, out.dtype, bits), out.view(bits)
        mask = np.negative(condition.view(np.int8)).astype(bits)
        if np.may_share_memory(second, found):  # what is written must not be read afterwards
            first, second, mask = second, first.copy() if np.may_share_memory(first, found) else first, ~mask
        np.bitwise_xor(first, second, out=found)
        np.bitwise_and(found, mask, out=found)
        return np.bitwise_xor(found, second, out=found).view(out.dtype)


_BITS = {1: np.int8, 2: np.int16, 4: np.int32, 8: np.int64}


def _bits(value: Any, dtype: np.dtype[Any], bits: Any) -> Any:
    return np.asarray(value, dtype).view(bits)
