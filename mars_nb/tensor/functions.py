"""numpy's functions, recorded."""

from __future__ import annotations

import functools
import inspect
import math
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
from mars_nb.tensor import kinds
from mars_nb.tensor.core import Tensor, record_into, record_ufunc
from mars_nb.tensor.creation import CREATORS, create, from_data
from mars_nb.tensor.gone import INSTEAD
from mars_nb.tensor.infer import SMALL
from mars_nb.tensor.splits import SPLITS, split


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
    if name in kinds.KNOWN and args and isinstance(args[0], Tensor):
        return kinds.KNOWN[name](*args, **kwargs)
    if len(args) == 1 and isinstance(args[0], Tensor) and args[0].ndim >= kinds.AT_LEAST.get(name, math.inf):
        return args[0]
    if name in CREATORS:
        return create(name, function, args, kwargs)
    if name.startswith("numpy.testing.") or stem in kinds.IMMEDIATE or any(isinstance(a, np.poly1d) for a in args):
        values = replace((args, kwargs), _value)
        return function(*values[0], **values[1])
    if stem in kinds.PLAIN:
        return function(*replace(args, _stand_in), **kwargs)
    if stem in kinds.READ_AT_ONCE:
        chunk_size = kwargs.pop("chunk_size", None)
        args, kwargs = replace((args, kwargs), _value)
        return from_data(function, args, kwargs, chunk_size)
    if stem in SPLITS and 2 <= len(args) <= 3 and set(kwargs) <= {"axis"}:
        parts = split(stem, *args, **kwargs)
        if parts is not None:
            return parts
    if stem in kinds.TAKE_FUNCTIONS:
        args, kwargs = replace((args, kwargs), original)
    op = Function(function, name)
    if stem in kinds.IN_PLACE and args and isinstance(args[0], Tensor):
        return args[0]._change(name, function, args[1:], kwargs)
    args, kwargs = _with_named_out(function, args, kwargs)
    if not any(isinstance(leaf, Tileable) for leaf in leaves((args, kwargs))):
        args = tuple(map(_as_source, args))
    return record_into(op, args, kwargs)


def _as_source(value: Any) -> Any:
    """Make a tensor of a large array of the user's, so that it is cut like one."""
    large = type(value) is np.ndarray and value.size > SMALL
    return from_data(np.asarray, (value,), {}, None) if large else value


def _value(leaf: Any) -> Any:
    return leaf._value() if isinstance(leaf, Tileable) else leaf


def _stand_in(leaf: Any) -> Any:
    """Give an array of the same dtype; of a number the value decides."""
    if not isinstance(leaf, Tensor):
        return leaf
    return np.empty((0,) * leaf.ndim, leaf.dtype) if leaf.ndim else np.asarray(leaf._value())


def original(value: Any) -> Any:
    """Give numpy's own function for a recorded one, and anything else as it is."""
    own = str(getattr(value, "__module__", "")).startswith("mars_nb.tensor")
    return getattr(value, "__wrapped__", value) if own else value


@functools.cache
def _out_position(function: Any) -> tuple[int, tuple[str, ...]] | None:
    """Tell where ``out`` may be given by position, and the names from there on."""
    if isinstance(function, np.ufunc):
        return function.nin, ()
    try:
        parameters = inspect.signature(function).parameters
    except (TypeError, ValueError):  # a C function that does not tell
        return None
    names = [name for name, parameter in parameters.items() if parameter.kind is not parameter.KEYWORD_ONLY]
    return (names.index("out"), tuple(names[names.index("out") :])) if "out" in names else None


def _with_named_out(
    function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Turn an ``out`` that is given by position into a keyword."""
    found = _out_position(function)
    if found is None or len(args) <= found[0]:
        return args, kwargs
    position, names = found
    if isinstance(function, np.ufunc) and len(args) > function.nargs:
        return args, kwargs  # numpy says what is wrong
    if isinstance(function, np.ufunc):
        return args[:position], {"out": args[position:], **kwargs}
    return args[:position], {**dict(zip(names, args[position:], strict=False)), **kwargs}


class NumpyModule(types.ModuleType):
    """A module whose functions are those of another library's module, recorded.

    Parameters
    ----------
    name
        Of the module in this package.
    original
        numpy's module, or a function that imports it when first needed.
    own
        What is to stand in it besides.
    """

    def __init__(
        self, name: str, original: types.ModuleType | Callable[[], types.ModuleType], own: dict[str, Any] | None = None
    ) -> None:
        super().__init__(name, getattr(original, "__doc__", None))
        self._source = original
        vars(self).update(own or {})

    @functools.cached_property
    def _original(self) -> types.ModuleType:
        return self._source if isinstance(self._source, types.ModuleType) else self._source()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        value = lazy(self._original, name, self.__name__)
        setattr(self, name, value)
        return value

    def __dir__(self) -> list[str]:
        own = (name for name in vars(self) if not name.startswith("_"))
        return sorted({*own, *(name for name in dir(self._original) if not name.startswith("_"))})


def lazy(module: types.ModuleType, name: str, own_module: str) -> Any:
    """Give a module's attribute: a recorded function, or what it is where it is no function.

    Raises
    ------
    AttributeError
        Where numpy's module has no such name.
    """
    if name.startswith("__") or name not in dir(module):
        raise missing(f"module {own_module!r}", name, dir(sys.modules[own_module]), INSTEAD.get(name))
    value = getattr(module, name)
    if isinstance(value, type | types.ModuleType) or not callable(value):
        return value
    own_name = getattr(value, "__name__", name)
    if own_name != name and getattr(module, own_name, None) is value:  # ``concat`` is ``concatenate``
        return getattr(sys.modules[own_module], own_name)
    return recorded(f"{module.__name__}.{name}", value, own_module)


def recorded(full: str, value: Callable[..., Any], module: str) -> Any:
    """Make the recording mirror of a function; its name with its module is `full`."""
    name = full.rpartition(".")[2]
    mirrored: Any = mirror(value, lambda *args, **kwargs: call(full, value, args, kwargs), name, module)
    if isinstance(value, np.ufunc):
        for attribute in public_names(np.ufunc):
            own = getattr(value, attribute)
            if callable(own):
                own = mirror(own, functools.partial(_ufunc_method, value, attribute), f"{name}.{attribute}", module)
            setattr(mirrored, attribute, own)
    return mirrored


def _ufunc_method(ufunc: np.ufunc, method: str, *args: Any, **kwargs: Any) -> Any:
    if method == "resolve_dtypes":
        return ufunc.resolve_dtypes(*args, **kwargs)
    if method == "at" and not isinstance(args[0], Tensor):
        return ufunc.at(*args, **kwargs)  # into an array of the user's
    return record_ufunc(ufunc, method, args, kwargs)
