"""The tensor: numpy's array, lazily."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from mars_nb.graph.meta import TensorMeta
from mars_nb.graph.mirror import mirror, public_names
from mars_nb.graph.names import missing
from mars_nb.graph.node import Arguments, Function, Operation
from mars_nb.graph.record import record, register_kind, walk
from mars_nb.graph.showing import label
from mars_nb.graph.structure import leaves
from mars_nb.graph.tileable import Tileable
from mars_nb.tensor.infer import infer
from mars_nb.tensor.show import show_array

# What works on the computed array alone and gives no array.
_IMMEDIATE = {"tolist", "item", "tobytes", "tofile", "dump", "dumps", "flat", "data", "base", "flags", "strides"} | {
    "ctypes",
    "device",
    "to_device",
}
_IN_PLACE = {"fill", "put", "partition", "resize", "setfield", "setflags", "sort", "byteswap"}


def record_function(op: Function, args: tuple[Any, ...], kwargs: dict[str, Any], **how: Any) -> Any:
    """Record a function; where other kinds of tileables are among the arguments, the highest kind decides."""
    for leaf in leaves((args, kwargs)):
        if isinstance(leaf, Tileable) and leaf._rank > Tensor._rank:
            return leaf._record_function(op, args, kwargs)
    return record(op, args, kwargs, infer=infer, prefix="Tensor", **how)


def assigned(array: Any, key: Any, value: Any) -> Any:
    """Copy `array` and set items in the copy."""
    array = np.array(array)
    array[key] = value
    return array


def rounded(number: Any) -> Any:
    """Round a number to an integer of Python's, as ``round`` does it."""
    scalar: Any = np.asarray(number)[()]
    return round(scalar)


def changed(array: Any, method: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Copy `array` and call a method that changes the copy in place."""
    array = np.array(array)
    getattr(array, method)(*args, **kwargs)
    return array


def changed_at(array: Any, ufunc: np.ufunc, *args: Any) -> Any:
    """Copy `array` and apply a ufunc to some of its items in place."""
    array = np.array(array)
    ufunc.at(array, *args)
    return array


class Tensor(Tileable):
    """A lazy numpy array.

    Methods, operators and numpy's own functions on it record what is to be done; `execute` computes it.
    Made by the functions of `mars_nb.tensor`, such as `ones` and `tensor`.

    Examples
    --------
    >>> import mars_nb.tensor as mt
    >>> t = mt.ones((2, 3)) + 1
    >>> t.shape
    (2, 3)
    >>> t.sum().execute().fetch()
    np.float64(12.0)
    """

    __slots__ = ()
    __array_priority__ = 1000.0
    _prefix = "Tensor"
    _rank = 1

    @property
    def _meta(self) -> TensorMeta:
        meta = self._node.meta
        assert isinstance(meta, TensorMeta)
        return meta

    # --- what is known at once -----------------------------------------------------------------------

    @property
    def shape(self) -> tuple[float, ...]:
        """Length of each dimension, in items; NaN where it depends on data that was not computed yet."""
        return self._meta.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the items."""
        return self._meta.dtype

    @property
    def ndim(self) -> int:
        """Number of dimensions."""
        return len(self._meta.shape)

    @property
    def size(self) -> float:
        """Number of items; NaN where it depends on data that was not computed yet."""
        return math.prod(self._meta.shape)

    @property
    def itemsize(self) -> int:
        """Bytes of an item."""
        return self._meta.dtype.itemsize

    @property
    def nbytes(self) -> float:
        """Bytes of all items; NaN where it depends on data that was not computed yet."""
        return self._meta.nbytes

    @property
    def nsplits(self) -> tuple[tuple[int, ...], ...] | None:
        """Lengths of the chunks in each dimension where the tensor was cut when made."""
        return self._node.chunks

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("len() of unsized object")
        length = self.shape[0]
        return len(self._value()) if math.isnan(length) else int(length)

    def __iter__(self) -> Iterator[Any]:
        if not self.shape:
            raise TypeError("iteration over a 0-d tensor")
        return iter(self._value())

    def __contains__(self, item: Any) -> bool:
        return bool((self == item).any())

    def __bool__(self) -> bool:
        if not math.isnan(self.size) and self.size > 1:
            raise ValueError(
                "The truth value of a tensor with more than one element is ambiguous. Use t.any() or t.all()"
            )
        return bool(self._value())

    # --- recording -----------------------------------------------------------------------------------

    def _record_function(self, op: Function, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        return record_function(op, args, kwargs)

    def _record_path(self, *steps: tuple[str, Arguments | None]) -> Any:
        op, args = walk(self, steps)
        return record(op, args, infer=infer, prefix=self._prefix)

    def _set(self, op: Operation, args: tuple[Any, ...]) -> None:
        self._become(record(op, args, infer=infer, prefix=self._prefix))

    def __getitem__(self, key: Any) -> Any:
        return record_function(Function(operator.getitem, "getitem"), (self, key), {})

    def __setitem__(self, key: Any, value: Any) -> None:
        self._set(Function(assigned, "setitem"), (self, key, value))

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        module = "numpy" if getattr(np, ufunc.__name__, None) is ufunc else "ufunc"
        target, name = ufunc, f"{module}.{ufunc.__name__}"
        if method == "at":
            first, *others = inputs
            return first._set(Function(changed_at, name), (first, ufunc, *others))
        if method != "__call__":
            target, name = getattr(ufunc, method), f"{name}.{method}"
        return self._record_numpy(Function(target, name), inputs, kwargs)

    def __array_function__(self, func: Any, types: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        from mars_nb.tensor.functions import call

        return call(f"{func.__module__}.{func.__name__}", func, args, kwargs)

    def _record_numpy(self, op: Function, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        out = kwargs.pop("out", None)
        result = record_function(op, args, kwargs)
        if out is None:
            return result
        (target,) = out if isinstance(out, tuple) else (out,)
        if not isinstance(target, Tensor):
            raise TypeError("out= must be a tensor, because the result is lazy; use .fetch() for an array")
        target._become(result)
        return target

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        return np.asarray(self._value(), dtype=dtype)

    def __round__(self, decimals: int | None = None) -> Any:
        if decimals is None and not self.shape:
            return record_function(Function(rounded, "round"), (self,), {})
        return self._record_path(("round", Arguments((decimals or 0,), {})))

    def __format__(self, spec: str) -> str:
        if spec and self.shape:
            raise TypeError("a tensor with dimensions takes no format; use .fetch() for an array")
        return super().__format__(spec)

    def __copy__(self) -> Any:
        return self._of(self._node, self._claim)

    def __deepcopy__(self, memo: Any) -> Any:
        return self._of(self._node, self._claim)

    def to_numpy(self, session: Any = None) -> np.ndarray[Any, Any]:
        """Execute where needed, and fetch as a numpy array."""
        return np.asarray(self._value() if session is None else self.execute(session=session).fetch(session=session))

    def __hash__(self) -> int:
        return object.__hash__(self)

    def __getattr__(self, name: str) -> Any:
        raise missing(f"{type(self).__name__!r} object", name, () if name.startswith("_") else dir(self))

    # --- showing -------------------------------------------------------------------------------------

    def __dir__(self) -> list[str]:
        return sorted({*object.__dir__(self)} - {"_meta"})

    def _describe(self) -> str:
        return f", shape={self.shape}"

    def _facts(self) -> dict[str, str]:
        return {"shape": label(self.shape), "dtype": label(self.dtype)}

    def _show(self, shown: Any) -> str:
        return show_array(shown)


# --- mirrors of numpy.ndarray ------------------------------------------------------------------------------------

_BINARY = "add sub mul truediv floordiv mod pow matmul and or xor lshift rshift".split()
_COMPARE = "eq ne lt le gt ge".split()
_UNARY = "neg pos abs invert".split()


def add_operators(cls: type[Tileable], record_operator: Callable[[Function, tuple[Any, ...]], Any]) -> None:
    """Give a class Python's operators, each recorded as a function of the ``operator`` module."""

    def add(name: str, function: Any, swap: bool = False) -> None:
        label = name.strip("_")

        def binary(self: Any, other: Any) -> Any:
            if isinstance(other, Tileable) and other._rank > self._rank:
                return NotImplemented
            return record_operator(Function(function, label), (other, self) if swap else (self, other))

        def unary(self: Any) -> Any:
            return record_operator(Function(function, label), (self,))

        method = unary if name in _UNARY else binary
        dunder = f"__r{name}__" if swap else f"__{name}__"
        method.__name__, method.__qualname__ = dunder, f"{cls.__name__}.{dunder}"
        setattr(cls, dunder, method)

    for name in (*_BINARY, *_COMPARE, *_UNARY):
        function = getattr(operator, {"and": "and_", "or": "or_"}.get(name, name))
        add(name, function)
        if name in _BINARY:
            add(name, function, swap=True)
    add("divmod", divmod)
    add("divmod", divmod, swap=True)


def _method(name: str, original: Any) -> Callable[..., Any]:
    def call(self: Tensor, *args: Any, **kwargs: Any) -> Any:
        if name in _IMMEDIATE:
            return getattr(self._value(), name)(*args, **kwargs)
        if name in _IN_PLACE:
            return self._set(Function(changed, name), (self, name, args, kwargs))
        return self._record_path((name, Arguments(args, kwargs)))

    return mirror(original, call, f"Tensor.{name}", __name__)


def _attribute(name: str, original: Any) -> property:
    def read(self: Tensor) -> Any:
        return getattr(self._value(), name) if name in _IMMEDIATE else self._record_path((name, None))

    def write(self: Tensor, value: Any) -> None:
        if name in ("real", "imag"):
            return self._set(Function(_attribute_set, f"set_{name}"), (self, name, value))
        raise AttributeError(f"attribute {name!r} of a tensor cannot be set")

    return property(read, write, doc=original.__doc__)


def _attribute_set(array: Any, name: str, value: Any) -> Any:
    array = np.array(array)
    setattr(array, name, value)
    return array


for _name in public_names(np.ndarray):
    if _name not in vars(Tensor) and _name not in vars(Tileable):
        _original = getattr(np.ndarray, _name)
        setattr(Tensor, _name, (_method if callable(_original) else _attribute)(_name, _original))

add_operators(Tensor, lambda op, args: record_function(op, args, {}))
register_kind(TensorMeta, lambda meta: Tensor)
