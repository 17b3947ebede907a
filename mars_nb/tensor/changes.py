"""Changes of a tensor in place: each gives a changed copy of the array, for which the user's object stands then.

What was recorded from the object before keeps the array as it was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from mars_nb.tensor.core import Tensor


def assigned(array: Any, key: Any, value: Any) -> Any:
    """Copy `array` and set items in the copy."""
    array = np.array(array, subok=True)
    array[key] = value
    return array


def changed(array: Any, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Copy `array` and call a function that changes the copy in place."""
    array = np.array(array, subok=True)
    function(array, *args, **kwargs)
    return array


def computed_into(array: Any, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Copy `array` and call a function that writes its result into the copy."""
    array = np.array(array, subok=True)
    function(*args, out=array, **kwargs)
    return array


def with_attribute(array: Any, name: str, value: Any) -> Any:
    """Copy `array` and set an attribute of the copy."""
    array = np.array(array, subok=True)
    setattr(array, name, value)
    return array


def set_flat(array: Any, key: Any, value: Any) -> None:
    """Set items by their positions in the flattened array."""
    array.flat[key] = value


class FlatTensor:
    """The items of a tensor as if it had one dimension: `numpy.ndarray.flat`, lazily.

    Parameters
    ----------
    base
        The tensor.
    """

    __slots__ = ("base",)

    def __init__(self, base: Tensor) -> None:
        self.base = base

    def __getitem__(self, key: Any) -> Any:
        return self.base.ravel()[key]

    def __setitem__(self, key: Any, value: Any) -> None:
        self.base._change("flat", set_flat, (key, value), {})

    def __len__(self) -> int:
        return len(self.base.ravel())

    def __iter__(self) -> Iterator[Any]:
        return iter(self.base._value().flat)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        return np.asarray(self.base._value().ravel(), dtype=dtype)

    def copy(self) -> Any:
        """Give the items as a tensor of one dimension."""
        return self.base.flatten()
