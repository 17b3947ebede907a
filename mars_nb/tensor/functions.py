"""numpy's functions, recorded."""

from __future__ import annotations

import sys
import types
from collections.abc import Callable
from typing import Any

import numpy as np

from mars_nb.graph.mirror import mirror, public_names
from mars_nb.graph.names import missing
from mars_nb.graph.node import Function
from mars_nb.graph.structure import leaves, replace
from mars_nb.graph.tileable import Tileable
from mars_nb.tensor.core import Tensor, record_function
from mars_nb.tensor.creation import CREATORS, create

# Answered from shape and dtype alone.
_KNOWN: dict[str, Callable[..., Any]] = {
    "numpy.shape": lambda t: t.shape,
    "numpy.ndim": lambda t: t.ndim,
    "numpy.size": lambda t, axis=None: t.size if axis is None else t.shape[axis],
    "numpy.iscomplexobj": lambda t: np.issubdtype(t.dtype, np.complexfloating),
    "numpy.isrealobj": lambda t: not np.issubdtype(t.dtype, np.complexfloating),
}
# Need the computed array, and give no array.
_IMMEDIATE = {
    "array2string",
    "array_repr",
    "array_str",
    "save",
    "savetxt",
    "savez",
    "savez_compressed",
    "format_float_positional",
    "format_float_scientific",
}
# Change their first argument.
_IN_PLACE = {"copyto", "fill_diagonal", "place", "put", "put_along_axis", "putmask"}
# Have nothing to do with lazy arrays.
_PLAIN = {
    "can_cast",
    "result_type",
    "promote_types",
    "min_scalar_type",
    "common_type",
    "issubdtype",
    "isdtype",
    "isscalar",
    "iterable",
    "typename",
    "mintypecode",
    "broadcast_shapes",
    "load",
    "info",
    "show_config",
    "show_runtime",
    "test",
    "get_include",
    "geterr",
    "seterr",
    "geterrcall",
    "seterrcall",
    "getbufsize",
    "setbufsize",
    "get_printoptions",
    "set_printoptions",
    "printoptions",
    "may_share_memory",
    "shares_memory",
}


def call(name: str, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Call a numpy function on tensors: recorded, or answered at once where it must be.

    Parameters
    ----------
    name
        With its module, such as ``numpy.linalg.norm``.
    function
        numpy's own.
    """
    stem = name.rpartition(".")[2]
    if name in _KNOWN and args and isinstance(args[0], Tensor):
        return _KNOWN[name](*args, **kwargs)
    if name in CREATORS:
        return create(name, function, args, kwargs)
    if stem in _PLAIN:
        dtypes = replace(args, lambda leaf: leaf.dtype if isinstance(leaf, Tensor) else leaf)
        return function(*dtypes, **kwargs)
    if stem in _IMMEDIATE:
        values = replace((args, kwargs), lambda leaf: leaf._value() if isinstance(leaf, Tileable) else leaf)
        return function(*values[0], **values[1])
    op = Function(function, name)
    if stem in _IN_PLACE and args and isinstance(args[0], Tensor):
        return args[0]._become(record_function(Function(_changed, name), (function, *args), kwargs))
    if kwargs.get("out") is not None:
        tensor = next(leaf for leaf in leaves((args, kwargs)) if isinstance(leaf, Tensor))
        return tensor._record_numpy(op, args, kwargs)
    return record_function(op, args, kwargs)


def _changed(function: Callable[..., Any], array: Any, *args: Any, **kwargs: Any) -> Any:
    array = np.array(array)
    function(array, *args, **kwargs)
    return array


class NumpyModule(types.ModuleType):
    """A module whose functions are those of one of numpy's modules, recorded.

    Parameters
    ----------
    name
        Of the module in this package.
    original
        numpy's module.
    """

    def __init__(self, name: str, original: types.ModuleType) -> None:
        super().__init__(name, original.__doc__)
        self._original = original

    def __getattr__(self, name: str) -> Any:
        value = lazy(self._original, name, self.__name__)
        setattr(self, name, value)
        return value

    def __dir__(self) -> list[str]:
        return [name for name in dir(self._original) if not name.startswith("_")]


def lazy(original: types.ModuleType, name: str, module: str) -> Any:
    """Give a module's attribute: a recorded function, or what it is where it is no function.

    Raises
    ------
    AttributeError
        Where numpy's module has no such name.
    """
    if name.startswith("__") or name not in dir(original) or isinstance(getattr(original, name), types.ModuleType):
        raise missing(f"module {module!r}", name, dir(sys.modules[module]))
    value = getattr(original, name)
    if isinstance(value, type) or not callable(value):
        return value
    own_name = getattr(value, "__name__", name)  # ``concat`` is ``concatenate``
    full = f"{original.__name__}.{own_name if getattr(original, own_name, None) is value else name}"
    mirrored = mirror(value, lambda *args, **kwargs: call(full, value, args, kwargs), name, module)
    if isinstance(value, np.ufunc):
        for attribute in public_names(np.ufunc):  # ``add.reduce`` finds a tensor among its arguments by itself
            setattr(mirrored, attribute, getattr(value, attribute))
    return mirrored
