"""The tensor: numpy's array, lazily."""

from __future__ import annotations

import math
import operator
import sys
import types
from collections.abc import Callable, Iterator
from typing import Any, Literal, Self

import numpy as np

from mars_nb.graph.meta import TensorMeta
from mars_nb.graph.mirror import mirror, public_names
from mars_nb.graph.names import missing
from mars_nb.graph.node import Arguments, Function, Operation
from mars_nb.graph.record import record, register_kind, walk
from mars_nb.graph.showing import label
from mars_nb.graph.structure import leaves, replace
from mars_nb.graph.tileable import ExecutableTuple, Tileable
from mars_nb.tensor.changes import FlatTensor, assigned, changed, computed_into, with_attribute
from mars_nb.tensor.chunked import map_chunk
from mars_nb.tensor.gone import INSTEAD
from mars_nb.tensor.infer import infer, infer_change
from mars_nb.tensor.interchange import Interchange
from mars_nb.tensor.show import show_array

# What works on the computed array alone and gives no array.
_IMMEDIATE = frozenset("tolist item tobytes tofile dump dumps data base flags strides ctypes device to_device".split())
_IN_PLACE = frozenset("fill put partition resize setfield sort".split())


def record_function(op: Function, args: tuple[Any, ...], kwargs: dict[str, Any], **how: Any) -> Any:
    """Record a function; where other kinds of tileables are among the arguments, the highest kind decides."""
    for leaf in leaves((args, kwargs)):
        if isinstance(leaf, Tileable) and leaf._rank > Tensor._rank:
            return leaf._record_function(op, args, kwargs)
    return record(op, args, kwargs, infer=infer, prefix="Tensor", **how)


def record_ufunc(ufunc: np.ufunc, method: str, inputs: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Record a call of a ufunc, or of one of its methods such as ``reduce``."""
    module = "numpy" if getattr(np, ufunc.__name__, None) is ufunc else "ufunc"
    name = f"{module}.{ufunc.__name__}"
    if method == "at":
        first, *others = inputs
        return first._change(name, ufunc.at, tuple(others), {})
    if method == "__call__":
        return record_into(Function(ufunc, name), inputs, kwargs)
    return record_into(Function(getattr(ufunc, method), f"{name}.{method}"), inputs, kwargs)


def record_into(op: Function, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Record a numpy function; with ``out=`` the tensors given there stand for the result."""
    kwargs = dict(kwargs)
    out = kwargs.pop("out", None)
    targets = out if isinstance(out, tuple) else (out,)
    if all(target is None for target in targets):
        return record_function(op, args, kwargs)
    if not all(isinstance(target, Tensor | None) for target in targets):  # an array of the user's is filled at once
        values = replace((args, kwargs), lambda leaf: leaf._value() if isinstance(leaf, Tileable) else leaf)
        return op.target(*values[0], out=out, **values[1])
    if len(targets) == 1:
        return targets[0]._take(op, args, kwargs)
    results = record_function(op, args, kwargs)
    pairs = zip(targets, results, strict=True)
    return ExecutableTuple(result if target is None else target._take_result(result) for target, result in pairs)


def rounded(number: Any) -> Any:
    """Round a number to an integer of Python's, as ``round`` does it."""
    scalar: Any = np.asarray(number)[()]
    return round(scalar)


class Tensor(Interchange):
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
    __class_getitem__: Any = classmethod(types.GenericAlias)
    _prefix = "Tensor"
    _rank = 1

    def __new__(
        cls,
        shape: Any,
        dtype: Any = float,
        buffer: Any = None,
        offset: int = 0,
        strides: Any = None,
        order: Literal["C", "F"] | None = None,
    ) -> Any:
        """Make a tensor as `numpy.ndarray` makes an array: of nothing, or of a buffer."""
        from mars_nb.tensor.creation import from_data

        if isinstance(buffer, Tensor):
            buffer = buffer._value()
        return from_data(np.ndarray, (shape, dtype, buffer, offset, strides, order), {}, None)

    map_chunk = map_chunk

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

    @shape.setter
    def shape(self, shape: Any) -> None:
        self._become(self._record_path(("reshape", Arguments((shape,), {}))))

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the items."""
        return self._meta.dtype

    @dtype.setter
    def dtype(self, dtype: Any) -> None:
        self._become(self._record_path(("view", Arguments((dtype,), {}))))

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

    def _change(self, name: str, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Record a change in place, by a function that changes the array given to it."""
        self._set(Function(changed, name), (self, function, args, kwargs))

    def _set(self, op: Operation, args: tuple[Any, ...]) -> None:
        self._become(record(op, args, infer=infer_change, prefix=self._prefix))

    def __getitem__(self, key: Any) -> Any:
        return record_function(Function(operator.getitem, "getitem"), (self, key), {})

    def __setitem__(self, key: Any, value: Any) -> None:
        self._set(Function(assigned, "setitem"), (self, key, value))

    def __delitem__(self, key: Any) -> None:
        raise ValueError("cannot delete array elements")

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        return record_ufunc(ufunc, method, inputs, kwargs)

    def __array_function__(self, func: Any, kinds: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        from mars_nb.tensor.functions import call

        return call(f"{func.__module__}.{func.__name__}", func, args, kwargs)

    def __array_namespace__(self, *, api_version: str | None = None) -> Any:
        return sys.modules["mars_nb.tensor"]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        if copy is False:
            raise ValueError("an array of a lazy tensor is always a new one; use copy=None")
        return np.asarray(self._value(), dtype=dtype)

    def __dlpack__(self, **kwargs: Any) -> Any:
        return self._value().__dlpack__(**kwargs)

    def __dlpack_device__(self) -> tuple[int, int]:
        return (1, 0)  # the processor's memory

    def __round__(self, decimals: int | None = None) -> Any:
        if decimals is None and not self.shape:
            return record_function(Function(rounded, "round"), (self,), {})
        return self._record_path(("round", Arguments((decimals or 0,), {})))

    def __format__(self, spec: str) -> str:
        if spec and self.shape:
            raise TypeError("a tensor with dimensions takes no format; use .fetch() for an array")
        return super().__format__(spec)

    def to_numpy(self, session: Any = None) -> np.ndarray[Any, Any]:
        """Execute where needed, and fetch as a numpy array."""
        return np.asarray(self._value() if session is None else self.execute(session=session).fetch(session=session))

    def __hash__(self) -> int:
        return object.__hash__(self)

    def __getattr__(self, name: str) -> Any:
        if issubclass(self.dtype.type, np.record) and name in (self.dtype.names or ()):
            return self[name]
        known = () if name.startswith("_") else dir(self)
        raise missing(f"{type(self).__name__!r} object", name, known, INSTEAD.get(name))

    # --- changes in place ----------------------------------------------------------------------------

    def _take(self, op: Function, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Self:
        """Stand for the result of a function that is to be written into this tensor."""
        result = None if kwargs.get("where") is not None else record_function(op, args, kwargs)
        if isinstance(result, Tensor) and (result.shape, result.dtype) == (self.shape, self.dtype):
            self._become(result)
        else:
            self._set(Function(computed_into, op.name), (self, op.target, args, kwargs))
        return self

    def _take_result(self, result: Any) -> Self:
        """Stand for a result that is to be written into this tensor."""
        self._change("copyto", np.copyto, (result,), {})
        return self

    @property
    def flat(self) -> FlatTensor:
        """The items as if there were one dimension: to read and to set."""
        return FlatTensor(self)

    @flat.setter
    def flat(self, value: Any) -> None:
        self.flat[:] = value

    def byteswap(self, inplace: bool = False) -> Any:
        """Swap the bytes of the items."""
        swapped = self._record_path(("byteswap", Arguments((), {})))
        if inplace:
            self._become(swapped)
        return self if inplace else swapped

    def setflags(self, write: Any = None, align: Any = None, uic: Any = None) -> None:
        """Refuse: a lazy tensor has no memory of its own that could be protected."""
        raise TypeError("a lazy tensor has no flags to set; use .fetch() for an array")

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
            return self._change(name, original, args, kwargs)
        if kwargs.get("out") is not None:
            own = name == "compress"  # its function has the arguments in another order
            op = Function(original, "ndarray.compress") if own else Function(getattr(np, name), f"numpy.{name}")
            return record_into(op, (self, *args), kwargs)
        return self._record_path((name, Arguments(args, kwargs)))

    return mirror(original, call, f"Tensor.{name}", __name__)


def _attribute(name: str, original: Any) -> property:
    def read(self: Tensor) -> Any:
        return getattr(self._value(), name) if name in _IMMEDIATE else self._record_path((name, None))

    def write(self: Tensor, value: Any) -> None:
        if name not in ("real", "imag"):
            raise AttributeError(f"attribute {name!r} of a tensor cannot be set")
        self._set(Function(with_attribute, f"set_{name}"), (self, name, value))

    return property(read, write, doc=original.__doc__)


for _name in public_names(np.ndarray):
    if _name not in vars(Tensor) and _name not in vars(Tileable):
        _original = getattr(np.ndarray, _name)
        setattr(Tensor, _name, (_method if callable(_original) else _attribute)(_name, _original))


def _in_place(ufunc: np.ufunc) -> Callable[[Tensor, Any], Any]:
    def change(self: Tensor, other: Any) -> Any:
        is_scalar = not self.shape  # numpy gives numbers there, which do not change
        if is_scalar or (isinstance(other, Tileable) and other._rank > self._rank):
            return NotImplemented
        return self._take(Function(ufunc, f"numpy.{ufunc.__name__}"), (self, other), {})

    return change


_UFUNCS = {
    "sub": "subtract", "mul": "multiply", "truediv": "true_divide", "floordiv": "floor_divide", "mod": "remainder",
    "pow": "power", "and": "bitwise_and", "or": "bitwise_or", "xor": "bitwise_xor", "lshift": "left_shift",
    "rshift": "right_shift",
}  # fmt: skip
for _name in _BINARY:
    _change = _in_place(getattr(np, _UFUNCS.get(_name, _name)))
    _change.__name__, _change.__qualname__ = f"__i{_name}__", f"Tensor.__i{_name}__"
    setattr(Tensor, _change.__name__, _change)
add_operators(Tensor, lambda op, args: record_function(op, args, {}))
register_kind(TensorMeta, lambda meta: Tensor)
