"""Partitioned forms of numpy's operations that Dask does not have, or has with another answer.

Each is made of Dask's building blocks and gives numpy's answer: the operation itself on blocks that are cut so that no
block needs another one, or on the whole after the blocks have told what matters of them.
"""

from __future__ import annotations

import inspect
import math
import operator
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from mars_nb.config import options
from mars_nb.graph.meta import TensorMeta
from mars_nb.graph.node import Function, Node, Path
from mars_nb.graph.structure import leaves, replace
from mars_nb.planner.context import NotPartitionable

Form = Callable[[Node, Mapping[Node, Any]], Any]

# Item by item, all arrays broadcast against each other.
_ITEM_BY_ITEM = frozenset(
    "select choose piecewise nan_to_num astype datetime_as_string is_busday busday_offset busday_count vectorize "
    "isneginf isposinf".split()
)
# Item by item in one argument; the others are needed as wholes.
_ITEM_BY_ITEM_IN = {"interp": "x", "digitize": "x", "searchsorted": "v", "polyval": "x"}
# Each line along an axis by itself, with the axis that is meant if none is given.
_LINE_BY_LINE = {
    **dict.fromkeys("sort argsort partition argpartition unwrap trapezoid".split(), -1),
    **dict.fromkeys("fft ifft rfft irfft hfft ihfft".split(), -1),
    **dict.fromkeys("median nanmedian quantile nanquantile percentile nanpercentile".split(), None),
    **dict.fromkeys("cumulative_sum cumulative_prod take_along_axis".split(), None),
}
_QUANTILES = frozenset("quantile nanquantile percentile nanpercentile".split())
# Reductions and scans by ufuncs, as functions.
_REDUCE = {"add": "sum", "multiply": "prod", "maximum": "max", "minimum": "min", "logical_and": "all"}
_REDUCE |= {"logical_or": "any"}
_ACCUMULATE = {"add": "cumsum", "multiply": "cumprod"}


def form(node: Node) -> Form | None:
    """Give the form for an operation, None where there is none here."""
    name = node.op.name
    stem = name.rpartition(".")[2]
    if name == "setitem":
        return _assigned
    if name == "getitem":
        return _picked
    if stem == "reshape":
        return _reshaped
    if stem in ("cumsum", "cumprod", "nancumsum", "nancumprod"):
        return _accumulated
    if name in _OTHERS:
        return _OTHERS[name]
    if name.startswith("numpy.") and stem in ("reduce", "accumulate"):
        return _by_ufunc
    if stem in _LINE_BY_LINE and (name.startswith(("numpy.", "fft.")) or isinstance(node.op, Path)):
        return _line_by_line
    texts = name.startswith(("numpy.strings.", "numpy.char.")) and stem not in ("partition", "rpartition")
    if name.startswith("numpy.") and (stem in _ITEM_BY_ITEM or stem in _ITEM_BY_ITEM_IN or texts):
        return item_by_item
    return None


# --- item by item -----------------------------------------------------------------------------------------------


class _Block:
    """Computes a node's operation on one block of each array."""

    def __init__(self, node: Node, inputs: tuple[Node, ...]) -> None:
        self.operation, self.args, self.kwargs, self.inputs = node.op, node.args, node.kwargs, inputs

    def __call__(self, *blocks: Any, **_: Any) -> Any:
        values = dict(zip(self.inputs, blocks, strict=True))

        def fill(leaf: Any) -> Any:
            return values[leaf] if isinstance(leaf, Node) else leaf

        return self.operation.apply(replace(self.args, fill), replace(self.kwargs, fill))


def _blockwise(function: Callable[..., Any], dtype: Any, arrays: list[Any]) -> Any:
    """Call a function on the blocks of arrays that are broadcast against each other."""
    import dask.array

    def labels(ndim: int) -> tuple[int, ...]:
        return tuple(range(ndim))[::-1]

    ndim = max(array.ndim for array in arrays)
    pairs = [part for array in arrays for part in (array, labels(array.ndim))]
    return dask.array.blockwise(function, labels(ndim), *pairs, dtype=dtype, meta=np.empty((0,) * ndim, dtype))


def item_by_item(node: Node, arrays: Mapping[Node, Any]) -> Any:
    """Compute an operation on each block by itself; lengths need not be known."""
    if not isinstance(node.meta, TensorMeta) or isinstance(node.op, Path):
        raise NotPartitionable
    assert isinstance(node.op, Function)
    stem = node.op.name.rpartition(".")[2]
    if stem == "vectorize" and (node.op.target.otypes is None or node.op.target.signature is not None):  # type: ignore[attr-defined]
        raise NotPartitionable  # the first item tells the dtype
    if stem == "piecewise" and any(map(callable, leaves(node.args))):
        raise NotPartitionable  # which is given all items of a condition at once
    if stem in _ITEM_BY_ITEM_IN:
        given = _bound(node)[_ITEM_BY_ITEM_IN[stem]]
        if not isinstance(given, Node) or list(arrays) != [given] or node.meta.shape != given.meta.shape:  # type: ignore[union-attr]
            raise NotPartitionable
    elif any(map(_is_array, _given(node))):
        raise NotPartitionable  # an array of the user's own is not cut
    return _blockwise(_Block(node, tuple(arrays)), node.meta.dtype, list(arrays.values()))


def _given(node: Node) -> Iterator[Any]:
    """Give the arguments; of those that are lists of arrays the arrays."""
    lists = node.op.name in ("numpy.select", "numpy.choose", "numpy.piecewise")
    for value in (*node.args, *node.kwargs.values()):
        yield from value if lists and isinstance(value, list | tuple) else [value]


def _is_array(value: Any) -> bool:
    return isinstance(value, list | tuple) or (isinstance(value, np.ndarray) and value.ndim > 0)


def _bound(node: Node) -> dict[str, Any]:
    """Give the arguments by name."""
    if isinstance(node.op, Path):
        array, call = node.args
        args, kwargs, target = (array, *call.args), call.kwargs, getattr(np, node.op.name)
    else:
        assert isinstance(node.op, Function)
        args, kwargs, target = node.args, node.kwargs, node.op.target
    try:
        signature = inspect.signature(target)
        found = signature.bind(*args, **kwargs)
    except (TypeError, ValueError):
        raise NotPartitionable from None
    found.apply_defaults()
    return found.arguments


# --- line by line -----------------------------------------------------------------------------------------------


def _line_by_line(node: Node, arrays: Mapping[Node, Any]) -> Any:
    """Give each block all of the axis."""
    bound, stem, meta = _bound(node), node.op.name.rpartition(".")[2], node.meta
    first = next(iter(bound.values()))
    axis = bound.get("axis", _LINE_BY_LINE[stem])
    plain = isinstance(first, Node) and all(_has_shape(input_, first) for input_ in arrays if stem != "take_along_axis")
    if not plain or not isinstance(meta, TensorMeta) or not isinstance(axis, int) or first.meta.shape[1:] == ():
        raise NotPartitionable
    if (stem == "trapezoid" and bound["x"] is not None) or bound.get("out") is not None:
        raise NotPartitionable
    ndim = arrays[first].ndim
    axis %= ndim
    cut = [_uncut(array, [axis]) for array in arrays.values()]
    labels = tuple(range(ndim))
    result = [label for label in labels if label != axis]
    lengths: dict[int, int] = {}
    if stem in _QUANTILES and np.ndim(bound["q"]):
        result, lengths = [ndim + 1, *result], {ndim + 1: len(bound["q"])}
    if bound.get("keepdims") is True or len(result) < len(meta.shape):
        place = axis + len(lengths)
        result.insert(place, ndim)
        lengths[ndim] = int(meta.shape[place])
    import dask.array

    pairs = [part for array in cut for part in (array, labels)]
    block = _Block(node, tuple(arrays))
    empty = np.empty((0,) * len(result), meta.dtype)
    return dask.array.blockwise(
        block, result, *pairs, new_axes=lengths, dtype=meta.dtype, meta=empty, concatenate=True, align_arrays=True
    )


def _has_shape(node: Node, other: Node) -> bool:
    return getattr(node.meta, "shape", None) == getattr(other.meta, "shape", ())


# --- ufuncs and scans -------------------------------------------------------------------------------------------


def _by_ufunc(node: Node, arrays: Mapping[Node, Any]) -> Any:
    _, ufunc, method = node.op.name.split(".")
    name = (_REDUCE if method == "reduce" else _ACCUMULATE).get(ufunc)
    bound = dict(zip(("array", "axis", "dtype"), node.args, strict=False)) | node.kwargs
    array = bound.pop("array", None)
    if name is None or not isinstance(array, Node) or set(bound) - {"axis", "dtype", "keepdims"}:
        raise NotPartitionable
    bound.setdefault("axis", 0)
    if ufunc.startswith("logical") or bound.get("dtype") is None:
        bound.pop("dtype", None)
    import dask.array

    return getattr(dask.array, name)(arrays[array], **bound)


def _accumulated(node: Node, arrays: Mapping[Node, Any]) -> Any:
    """Run over all items, where no axis is given."""
    import dask.array

    bound = _bound(node)
    array = next(iter(bound.values()))
    if not isinstance(array, Node) or bound.get("axis") is not None or bound.get("out") is not None:
        raise NotPartitionable
    name = node.op.name.rpartition(".")[2]
    return getattr(dask.array, name)(_flat(arrays[array]), axis=0, dtype=bound.get("dtype"))


# --- shapes, parts and assignments ------------------------------------------------------------------------------


def _flat(array: Any) -> Any:
    """Give all items in order, in chunks of whole lines."""
    if array.ndim == 0:
        return array.reshape(1)
    return _uncut(array, range(1, array.ndim)).reshape(-1)


def _uncut(array: Any, axes: Iterable[int]) -> Any:
    """Cut an array in the other dimensions only, and finer there where the chunks would be large."""
    whole = dict.fromkeys(axes, -1)
    found = array.rechunk(whole)
    if math.prod(found.chunksize) * array.dtype.itemsize <= options.chunk_bytes:
        return found
    others = {axis: "auto" for axis in range(array.ndim) if axis not in whole}
    return array.rechunk({**whole, **others}, block_size_limit=options.chunk_bytes)


def _reshaped(node: Node, arrays: Mapping[Node, Any]) -> Any:
    """Reshape by way of one dimension, cut where lines of the result end."""
    array, meta = node.args[0], node.meta
    named = {**node.kwargs, **(node.args[1].kwargs if isinstance(node.op, Path) else {})}
    if not isinstance(meta, TensorMeta) or not meta.known or named or len(node.args) > 2:
        raise NotPartitionable
    flat = _flat(arrays[array])
    shape = tuple(map(int, meta.shape))
    line = math.prod(shape[1:])
    lines = max(1, max(flat.chunks[0]) // max(line, 1))
    if not line or len(shape) < 2:
        raise NotPartitionable
    return flat.rechunk((line * lines,)).map_blocks(
        _into_lines,
        shape[1:],
        chunks=(tuple(n // line for n in flat.rechunk((line * lines,)).chunks[0]), *((n,) for n in shape[1:])),
        new_axis=list(range(1, len(shape))),
        dtype=meta.dtype,
        meta=np.empty((0,) * len(shape), meta.dtype),
    )


def _into_lines(block: Any, shape: tuple[int, ...]) -> Any:
    return block.reshape(-1, *shape)


def _picked(node: Node, arrays: Mapping[Node, Any]) -> Any:
    """Pick items by a mask of the same shape, by positions in each dimension, or lines by a mask."""
    source, key = node.args
    array = arrays[source]
    if isinstance(key, Node) and _is_mask(key) and _has_shape(key, source):
        return _flat(array)[_flat(arrays[key])]
    parts = key if isinstance(key, tuple) else (key,)
    masks = [part for part in parts if isinstance(part, Node)]
    others = [part for part in parts if not isinstance(part, Node)]
    if len(masks) == 1 and _is_mask(masks[0]) and len(masks[0].meta.shape) == 1:  # type: ignore[union-attr]
        numbers = [part for part in others if _is_int(part)]
        if len(numbers) + sum(isinstance(part, slice) for part in others) < len(others):
            raise NotPartitionable
        if numbers and (len(parts) != 2 or array.ndim != 2):
            raise NotPartitionable  # numpy may move dimensions
        # First what is plain, then the mask in the dimension where it is now.
        place = parts.index(masks[0])
        plain = array[tuple(slice(None) if isinstance(part, Node) else part for part in parts)]
        place -= sum(_is_int(part) for part in parts[:place])
        return plain[(*(slice(None),) * place, arrays[masks[0]])]
    lists = [part for part in parts if isinstance(part, list | np.ndarray)]
    if not masks and len(lists) == len(parts) == array.ndim > 1 and all(_are_positions(part) for part in lists):
        return array.vindex[tuple(map(np.asarray, parts))]
    raise NotPartitionable


def _is_mask(node: Node) -> bool:
    return isinstance(node.meta, TensorMeta) and node.meta.dtype == bool


def _is_int(part: Any) -> bool:
    return isinstance(part, int | np.integer) and not isinstance(part, bool | np.bool)


def _are_positions(part: Any) -> bool:
    return np.asarray(part).dtype.kind in "iu" and np.ndim(part) == 1


def _assigned(node: Node, arrays: Mapping[Node, Any]) -> Any:
    """Set the items of a mask, or of slices, positions and masks along dimensions."""
    target, key, value = node.args
    array, meta = arrays[target], target.meta
    assert isinstance(meta, TensorMeta)
    values = arrays[value] if isinstance(value, Node) else value
    if isinstance(value, Node) and not isinstance(value.meta, TensorMeta):
        raise NotPartitionable
    if isinstance(key, Node) and _is_mask(key) and _has_shape(key, target):
        if np.ndim(values) or isinstance(values, Node):
            raise NotPartitionable
        if isinstance(value, Node):
            return _blockwise(_masked, meta.dtype, [array, arrays[key], values])
        return _blockwise(partial(_masked, value=value), meta.dtype, [array, arrays[key]])
    parts = key if isinstance(key, tuple) else (key,)
    if any(not _is_int(part) and not isinstance(part, slice) for part in parts):
        raise NotPartitionable
    if np.ndim(values) or meta.dtype.kind not in "biufc":
        part = tuple(
            len(range(*p.indices(n))) for p, n in zip(parts, array.shape, strict=False) if isinstance(p, slice)
        )
        if np.shape(values) != (*part, *array.shape[len(parts) :]):
            raise NotPartitionable  # Dask would not repeat it
    if not isinstance(value, Node):
        values = np.asarray(value).astype(meta.dtype)
    elif values.dtype != meta.dtype:
        values = values.astype(meta.dtype)
    changed = array.copy()
    operator.setitem(changed, key, values)
    return changed


def _masked(block: Any, mask: Any, value: Any) -> Any:
    block = np.array(block)
    block[mask] = value
    return block


# --- positions and comparisons ----------------------------------------------------------------------------------


def _flatnonzero(node: Node, arrays: Mapping[Node, Any]) -> Any:
    import dask.array

    (flat,) = map(_flat, arrays.values())
    return dask.array.arange(flat.size, chunks=flat.chunks)[flat.astype(bool)]


def _argwhere(node: Node, arrays: Mapping[Node, Any]) -> Any:
    (array,) = arrays.values()
    found = _flatnonzero(node, arrays)
    locate = partial(_located, shape=array.shape)
    chunks = (found.chunks[0], (array.ndim,))
    return found.map_blocks(locate, chunks=chunks, new_axis=1, dtype=np.intp, meta=np.empty((0, 0), np.intp))


def _located(positions: Any, shape: tuple[int, ...]) -> Any:
    return np.stack(np.unravel_index(positions, shape), axis=1)


def _extracted(node: Node, arrays: Mapping[Node, Any]) -> Any:
    condition, array = node.args
    if not isinstance(condition, Node) or not isinstance(array, Node) or not _has_shape(condition, array):
        raise NotPartitionable
    return _flat(arrays[array])[_flat(arrays[condition]).astype(bool)]


def _agree(node: Node, arrays: Mapping[Node, Any]) -> Any:
    """Compare item by item; numpy gives a number of Python's."""
    import dask.array

    bound = _bound(node)
    (first, one), (second, other) = list(bound.items())[:2]
    options_ = {name: value for name, value in bound.items() if name not in (first, second)}
    pair = [arrays[value] if isinstance(value, Node) else np.asarray(value) for value in (one, other)]
    if node.op.name == "numpy.allclose":
        return Finished(dask.array.isclose(*pair, **options_).all(), bool)
    if pair[0].shape != pair[1].shape or any(options_.values()):
        raise NotPartitionable
    return Finished((pair[0] == pair[1]).all(), bool)


class Finished(NamedTuple):
    """An array of one chunk, and what makes the answer of it."""

    array: Any
    function: Callable[[Any], Any]


_OTHERS: dict[str, Form] = {
    "numpy.flatnonzero": _flatnonzero,
    "numpy.argwhere": _argwhere,
    "numpy.extract": _extracted,
    "numpy.allclose": _agree,
    "numpy.array_equal": _agree,
    "numpy.array_equiv": _agree,
}
