"""What a tensor operation will give, told before it runs.

Small inputs (and all that have no partitioned form) are stood in for by made-up arrays of the same shape and dtype,
on which numpy itself is run. It is run on two different fillings: where the shapes of the results differ, the shape
depends on the data and is unknown (NaN). Large inputs are stood in for by Dask arrays of one chunk, which know shapes
without computing.
"""

from __future__ import annotations

import functools
import math
import operator
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from mars_nb.graph.meta import Meta, ObjectMeta, TensorMeta, TupleMeta
from mars_nb.graph.node import Arguments, Function, Node, Operation, Path
from mars_nb.graph.remembered import remembered
from mars_nb.graph.structure import leaves, replace
from mars_nb.tensor.results import make

#: Up to so many items in all inputs numpy itself is asked.
SMALL = 4096
_NAN = math.nan
_FILLED = {"numpy.ones", "numpy.zeros", "numpy.empty", "numpy.full"}


def infer(op: Operation, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Meta:
    """Tell what `op` gives for tensor nodes among the arguments.

    Raises
    ------
    Exception
        What numpy raises for these shapes and dtypes.
    """
    metas = [leaf.meta for leaf in leaves((args, kwargs)) if isinstance(leaf, Node)]
    if not all(isinstance(meta, TensorMeta) for meta in metas):
        return ObjectMeta()
    size = sum(math.prod(meta.shape) for meta in metas if isinstance(meta, TensorMeta) and meta.known)
    if op.name in _FILLED:
        return _infer_filled(op, *args, **kwargs)
    if size > SMALL or op.name in _CREATED:
        ways = (_infer_items, _infer_reduced, _infer_product)
        quickly = (found for way in ways if (found := way(op, args, kwargs)) is not None)
        return next(quickly, None) or remembered(_infer_large, op, args, kwargs)
    return _infer_small(op, args, kwargs)


def infer_change(op: Operation, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Meta:
    """Tell what a change of the first argument gives: the same shape and dtype, if numpy allows it.

    Raises
    ------
    Exception
        What numpy raises for these shapes and dtypes.
    """
    before = args[0].meta
    if op.name == "setitem" and before.known and before.nbytes > SMALL * before.dtype.itemsize:
        _check_assignment(*args)
        return before  # type: ignore[no-any-return]
    try:
        after = infer(op, args, kwargs)
    except (ValueError, IndexError):
        if op.name != "setitem" or all(leaf.meta.dtype != bool for leaf in leaves(args[1:]) if _is_tensor(leaf)):
            raise
        return before  # type: ignore[no-any-return]  # how many items a mask takes depends on the data
    return after if op.name == "resize" else before


def _check_assignment(array: Node, key: Any, value: Any) -> None:
    """Let numpy and Dask check that `value` fits the part of a large array that `key` takes."""
    part = infer(Function(operator.getitem, "getitem"), (array, key), {})
    assert isinstance(array.meta, TensorMeta)
    stand_in = _zeros(TensorMeta((math.nan,) * len(value.meta.shape), value.meta.dtype)) if _is_tensor(value) else value
    if not isinstance(value, Node) or _is_tensor(value):
        np.empty(np.shape(stand_in), array.meta.dtype)[...] = stand_in
    shape = value.meta.shape if _is_tensor(value) else np.shape(stand_in)
    if isinstance(part, TensorMeta) and part.known and not any(map(math.isnan, shape)):
        lengths = list(shape)
        while len(lengths) > len(part.shape) and lengths[0] == 1:
            del lengths[0]
        if np.broadcast_shapes(part.shape, lengths) != tuple(part.shape):  # type: ignore[arg-type]
            raise ValueError(f"could not broadcast input array from shape {shape} into shape {part.shape}")


def meta_of(value: Any) -> Meta:
    """Give the meta of a computed value."""
    if isinstance(value, np.ndarray | np.generic):
        return TensorMeta(tuple(value.shape), value.dtype)
    if isinstance(value, bool | int | float | complex):
        return TensorMeta((), np.asarray(value).dtype)
    if isinstance(value, tuple | list):
        fields = getattr(value, "_fields", None)
        kind = type(value) if fields is None else functools.partial(make, type(value).__name__, tuple(fields))
        return TupleMeta(tuple(map(meta_of, value)), kind)
    return ObjectMeta(type(value))


def _evaluate(op: Operation, args: Any, kwargs: Any, stand_in: Callable[[TensorMeta], Any]) -> Any:
    def fill(leaf: Any) -> Any:
        return stand_in(leaf.meta) if isinstance(leaf, Node) else leaf  # type: ignore[arg-type]  # all are tensors

    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        return op.apply(replace(args, fill), replace(kwargs, fill))


def _infer_filled(op: Operation, shape: Any, *args: Any, **kwargs: Any) -> Meta:
    """Tell shape and dtype of ``ones((3, 4))`` without making it."""
    lengths = tuple(map(operator.index, [shape] if np.ndim(shape) == 0 else shape))
    if any(length < 0 for length in lengths):
        raise ValueError("negative dimensions are not allowed")
    value: Any = args[0] if args else kwargs.get("fill_value")
    filled = np.shape(value) if op.name == "numpy.full" else ()
    if filled and np.broadcast_shapes(filled, lengths) != lengths:
        raise ValueError(f"could not broadcast input array from shape {filled} into shape {lengths}")
    return TensorMeta(lengths, op.apply((filled or 0, *args), kwargs).dtype)


# --- small: numpy on made-up arrays -----------------------------------------------------------------------------


def _zeros(meta: TensorMeta, unknown: int = 3) -> np.ndarray[Any, Any]:
    return np.zeros([unknown if math.isnan(n) else int(n) for n in meta.shape], meta.dtype)


def _rising(meta: TensorMeta) -> np.ndarray[Any, Any]:
    zeros = _zeros(meta, unknown=4)
    return np.arange(1, zeros.size + 1).reshape(zeros.shape).astype(meta.dtype)


def _ones(meta: TensorMeta) -> np.ndarray[Any, Any]:
    return _zeros(meta, unknown=5) + np.ones((), meta.dtype) if meta.dtype.kind in "biufc" else _zeros(meta, unknown=5)


def _regular(meta: TensorMeta) -> np.ndarray[Any, Any]:
    """Stand in with a positive definite matrix, for what needs an invertible one."""
    if len(meta.shape) < 2:
        return _rising(meta)
    filled = _zeros(meta, unknown=6)
    filled += np.eye(filled.shape[-2], filled.shape[-1], dtype=meta.dtype)
    return filled


def _infer_small(op: Operation, args: Any, kwargs: Any) -> Meta:
    solves = op.name.startswith("numpy.linalg.") or op.name == "numpy.polyfit"  # no use for a matrix of zeros
    results: list[Meta] = []
    errors: list[Exception] = []
    alone = not any(isinstance(leaf, Node) for leaf in leaves((args, kwargs)))
    for stand_in in (_zeros,) if alone else (_regular if solves else _zeros, _ones, _rising):
        try:
            results.append(meta_of(_evaluate(op, args, kwargs, stand_in)))
        except Exception as error:
            errors.append(error)
    if not results and isinstance(errors[0], _OF_TEXTS.get(op.name.rpartition(".")[2], ())):
        return _infer_text(op, args, kwargs)
    if not results:
        lengths_known = all(leaf.meta.known for leaf in leaves((args, kwargs)) if _is_tensor(leaf))
        of_numbers = [isinstance(e, np.linalg.LinAlgError) and "dimension" not in str(e) for e in errors]
        if lengths_known and any(of_numbers):
            return ObjectMeta()
        return _infer_unknown(op, args, kwargs, errors[0])
    return results[0] if len(results) == 1 else functools.reduce(_common, results)


#: What string functions raise of texts that do not fit, as made-up ones do not.
_OF_TEXTS: dict[str, Any] = {"index": ValueError, "rindex": ValueError, "mod": (TypeError, ValueError, KeyError)}


def _infer_text(op: Operation, args: Any, kwargs: Any) -> Meta:
    metas = [leaf.meta for leaf in leaves((args, kwargs)) if _is_tensor(leaf)]
    dtype = metas[0].dtype if op.name.endswith(".mod") else np.dtype(int)
    return TensorMeta(np.broadcast_shapes(*(meta.shape for meta in metas)), dtype)


def _is_tensor(leaf: Any) -> bool:
    return isinstance(leaf, Node) and isinstance(leaf.meta, TensorMeta)


def _infer_unknown(op: Operation, args: Any, kwargs: Any, error: Exception) -> Meta:
    """Find out whether `error` comes of lengths that are not known yet.

    Raises
    ------
    Exception
        The error, if it does not.
    """
    inputs = list(leaves((args, kwargs)))
    metas = [leaf.meta for leaf in inputs if isinstance(leaf, Node) and isinstance(leaf.meta, TensorMeta)]
    masked = any(meta.dtype == bool for meta in metas)
    if op.name == "setitem" and masked and isinstance(error, ValueError):
        return metas[0]
    if all(meta.known for meta in metas) or not isinstance(error, ValueError | IndexError):
        raise error
    arrays = [leaf for leaf in inputs if isinstance(leaf, np.ndarray)]
    shapes = [*(meta.shape for meta in metas), *(array.shape for array in arrays)]
    lengths = {int(n) for shape in shapes for n in shape if not math.isnan(n)} | {1}
    for length in sorted(lengths):
        try:
            return _unshaped(meta_of(_evaluate(op, args, kwargs, functools.partial(_zeros, unknown=length))))
        except Exception:  # another length may fit
            continue
    return ObjectMeta()


def _common(first: Meta, second: Meta) -> Meta:
    """Keep what both fillings agree on."""
    match first, second:
        case TensorMeta(), TensorMeta() if len(first.shape) == len(second.shape):
            pairs = zip(first.shape, second.shape, strict=True)
            dtype = first.dtype if first.dtype == second.dtype else np.result_type(first.dtype, second.dtype)
            return TensorMeta(tuple(a if a == b else _NAN for a, b in pairs), dtype)
        case TupleMeta(), TupleMeta() if len(first.items) == len(second.items):
            return TupleMeta(tuple(map(_common, first.items, second.items)), first.kind)
        case ObjectMeta(), ObjectMeta() if first == second:
            return first
    return ObjectMeta()


# --- large: Dask arrays of one chunk ----------------------------------------------------------------------------

_CREATED = {"numpy.arange", "numpy.eye", "numpy.linspace", "numpy.tri", "numpy.indices"}


_ITEM_BY_ITEM = frozenset(
    "add sub mul truediv floordiv mod pow and or xor lshift rshift eq ne lt le gt ge neg pos abs invert".split()
)


def _infer_items(op: Operation, args: Any, kwargs: Any) -> Meta | None:
    """Tell what an operation item by item gives: one item tells the dtype; None for others, and for mistakes."""
    if not isinstance(op, Function) or kwargs or not all(isinstance(arg, Node | int | float | complex) for arg in args):
        return None
    target = op.target
    if isinstance(target, np.ufunc):
        if target.signature is not None or target.nout != 1 or getattr(np, target.__name__, None) is not target:
            return None
    elif op.name not in _ITEM_BY_ITEM or getattr(target, "__module__", "") != "_operator":
        return None
    shapes = [_plain_shape(arg) for arg in args if isinstance(arg, Node)]
    try:
        shape = np.broadcast_shapes(*(shape for shape in shapes if shape is not None))
        return None if None in shapes else TensorMeta(shape, _evaluate(op, args, {}, _one_item).dtype)
    except TypeError:  # of dtypes, which are those of the whole
        raise
    except Exception:  # to be told as numpy tells it of the whole
        return None


_REDUCTIONS = frozenset("sum prod mean std var min max any all".split())


def _infer_reduced(op: Operation, args: Any, kwargs: Any) -> Meta | None:
    """Tell what a reduction of all items, or along one dimension, gives; None for others, and for mistakes."""
    if isinstance(op, Path) and len(op.names) == 1 and isinstance(args[1], Arguments):
        options = (*args[1].args, *args[1].kwargs.items())
    else:
        options = (*args[1:], *kwargs.items())
    axis = options[0] if len(options) == 1 else None
    axis = axis[1] if isinstance(axis, tuple) and axis[0] == "axis" else axis
    known = op.name in _REDUCTIONS if isinstance(op, Path) else op.name.removeprefix("numpy.") in _REDUCTIONS
    shape = _plain_shape(args[0]) if known and args else None
    if shape is None or len(options) > 1 or (options and type(axis) is not int):
        return None
    try:
        dtype = _evaluate(op, args, kwargs, _one_item).dtype
    except Exception:
        return None
    return TensorMeta(() if axis is None else shape[: axis % len(shape)] + shape[axis % len(shape) + 1 :], dtype)


def _infer_product(op: Operation, args: Any, kwargs: Any) -> Meta | None:
    """Tell what a product of two matrices gives; None for others, and for mistakes."""
    if op.name not in ("matmul", "numpy.matmul", "numpy.dot") or len(args) != 2 or kwargs:
        return None
    one, other = map(_plain_shape, args)
    if one is None or other is None or len(one) != 2 or len(other) != 2 or one[1] != other[0]:
        return None
    return TensorMeta((one[0], other[1]), np.result_type(*(arg.meta.dtype for arg in args)))


def _plain_shape(value: Any) -> tuple[int, ...] | None:
    """Give the shape of an array of numbers, None where it is not known, and for anything else."""
    meta = value.meta if isinstance(value, Node) else None
    plain = isinstance(meta, TensorMeta) and meta.known and meta.dtype.kind in "biufc"
    return tuple(map(int, meta.shape)) if plain else None  # type: ignore[union-attr]  # a tensor's


def _one_item(meta: TensorMeta) -> Any:
    return np.ones((1,) * len(meta.shape), meta.dtype)


def _infer_large(op: Operation, args: Any, kwargs: Any) -> Meta:
    error: Exception | None = None
    counterpart = dask_operation(op)
    if counterpart is not None:
        try:
            meta = _dask_meta(_evaluate(counterpart, args, kwargs, _dask_stand_in))
            if not isinstance(meta, TensorMeta) or not any(n < 0 for n in meta.shape):
                return meta
        except NotImplementedError:
            pass
        except Exception as raised:
            error = raised
    if not any(isinstance(leaf, Node) for leaf in leaves((args, kwargs))):
        return _infer_small(op, args, kwargs)  # nothing to be made smaller
    # The user's mistake, or Dask's limit? numpy on smaller arrays tells, though it cannot tell the shape.
    try:
        return _unshaped(_infer_small(op, *_shrunk(args, kwargs)))
    except Exception:
        if error is None:  # smaller arrays may not fit the arguments, so this is no proof of a mistake
            return ObjectMeta()
    return _infer_whole(op, args, kwargs, error)


# Functions that look at all lengths before they compute anything.
_LOOK_FIRST = frozenset(
    "matmul dot tensordot einsum concatenate stack vstack hstack dstack column_stack reshape swapaxes moveaxis".split()
)
# Up to so many items in all inputs numpy is asked also where it may compute a little before it tells.
_MODERATE = 2**20


def _infer_whole(op: Operation, args: Any, kwargs: Any, error: Exception) -> Meta:
    """Let numpy tell, of the whole, about what Dask calls a mistake in words of its own.

    Raises
    ------
    Exception
        What numpy raises; or Dask's error, where to ask numpy might take long.
    """
    metas = [leaf.meta for leaf in leaves((args, kwargs)) if _is_tensor(leaf)]
    is_moderate = sum(math.prod(meta.shape) for meta in metas) <= _MODERATE  # never where a length is unknown
    if not is_moderate and not (op.name.removeprefix("numpy.") in _LOOK_FIRST and all(meta.known for meta in metas)):
        raise error
    return _unshaped(meta_of(_evaluate(op, args, kwargs, _zeros if is_moderate else _zero)))


def _zero(meta: TensorMeta) -> np.ndarray[Any, Any]:
    return np.broadcast_to(np.zeros((), meta.dtype), meta.shape)  # type: ignore[arg-type]  # a known one


def dask_operation(op: Operation) -> Operation | None:
    """Give Dask's counterpart of a numpy operation, None where there is none."""
    import dask.array

    if isinstance(op, Function) and isinstance(op.target, np.ufunc):
        return op
    if isinstance(op, Function) and op.name == "numpy.eye":
        return Function(_dask_eye, op.name)
    if isinstance(op, Function) and op.name.startswith("numpy."):
        target: Any = dask.array
        for name in op.name.split(".")[1:]:
            target = getattr(target, name, None)
        return Function(target, op.name) if callable(target) else None
    if isinstance(op, Path) and not all(hasattr(dask.array.Array, name) for name in op.names[:1]):
        return None
    return op


def _dask_eye(N: int, M: int | None = None, k: int = 0, dtype: Any = float, **kwargs: Any) -> Any:  # noqa: N803
    import dask.array

    return dask.array.eye(N, M=M, k=k, dtype=dtype, **kwargs)


def _dask_stand_in(meta: TensorMeta) -> Any:
    import dask.array

    # The graph is never run: only shapes and dtypes are asked for.
    name = f"stand-in-{meta.shape}-{meta.dtype}"  # Dask takes arrays of one name for one array
    key = (name, *(0 for _ in meta.shape))
    return dask.array.Array({key: None}, name, tuple((n,) for n in meta.shape), dtype=meta.dtype)


def _dask_meta(value: Any) -> Meta:
    import dask.array

    if isinstance(value, dask.array.Array):
        return TensorMeta(tuple(_NAN if math.isnan(n) else int(n) for n in value.shape), value.dtype)
    if isinstance(value, tuple | list):
        return TupleMeta(tuple(map(_dask_meta, value)), type(value))
    return meta_of(value)


def _shrunk(args: Any, kwargs: Any) -> tuple[Any, Any]:
    """Put nodes with small lengths in place of large ones: equal lengths stay equal."""
    small: dict[float, int] = {}

    def shrink(leaf: Any) -> Any:
        if not isinstance(leaf, Node) or not isinstance(leaf.meta, TensorMeta):
            return leaf
        shape = tuple(n if math.isnan(n) or n <= 8 else small.setdefault(n, 9 + len(small)) for n in leaf.meta.shape)
        return Node(leaf.op, (), {}, leaf.label, TensorMeta(shape, leaf.meta.dtype))

    return replace(args, shrink), replace(kwargs, shrink)


def _unshaped(meta: Meta) -> Meta:
    match meta:
        case TensorMeta(shape, dtype):
            return TensorMeta(tuple(_NAN for _ in shape), dtype)
        case TupleMeta(items, kind):
            return TupleMeta(tuple(map(_unshaped, items)), kind)
    return meta
