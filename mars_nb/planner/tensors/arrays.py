"""Arrays of many chunks: Dask's algorithm for one operation at a time.

Dask is asked for those operations only whose answer is numpy's. Its arrays stand for chunks of ours by placeholders;
the graph that it makes becomes chunk tasks of the node.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

import numpy as np

from mars_nb.graph.meta import TensorMeta
from mars_nb.graph.node import Arguments, Function, Node, Path
from mars_nb.graph.structure import leaves, replace
from mars_nb.planner.chunks.absorbing import absorbed
from mars_nb.planner.context import Building, NotPartitionable
from mars_nb.planner.layout import ChunkKey, Grid, Layout, Single, grid_indices
from mars_nb.planner.tensors import folds, items, products, scans
from mars_nb.planner.tensors.arrayforms import Finished, form, item_by_item
from mars_nb.planner.tensors.taskspec import chunk_tasks
from mars_nb.tensor.infer import dask_operation

_OPERATORS = frozenset(
    "add sub mul truediv floordiv mod pow matmul and or xor lshift rshift eq ne lt le gt ge neg pos abs invert "
    "getitem".split()
)
_FUNCTIONS = frozenset(
    # elementwise (besides the ufuncs)
    "where clip round around isclose isin nan_to_num real imag angle fix sinc i0 iscomplex isreal "
    # reductions and scans
    "sum prod mean std var min max amin amax any all argmin argmax nansum nanprod nanmean nanstd nanvar nanmin nanmax "
    "nanargmin nanargmax count_nonzero ptp average cumsum cumprod nancumsum nancumprod diff trace "
    # shapes
    "reshape ravel transpose swapaxes moveaxis rollaxis squeeze expand_dims broadcast_to concatenate stack vstack "
    "hstack dstack flip fliplr flipud roll rot90 tile repeat pad triu tril take append "
    # products
    "dot matmul tensordot vdot outer einsum norm ones_like zeros_like full_like "
    # others
    "diag diagonal gradient ediff1d block cov corrcoef compress delete".split()
)
_METHODS = frozenset(
    "sum prod mean std var min max any all argmin argmax cumsum cumprod reshape ravel flatten transpose T swapaxes "
    "squeeze astype round clip dot conj conjugate real imag repeat trace copy".split()
)


_SCANS = frozenset("cumsum cumprod nancumsum nancumprod".split())
_EACH_WITH_ITEMS, _ENDS = _SCANS | {"std", "var"}, frozenset("max min amax amin ptp".split())
_PRODUCTS = frozenset("dot matmul tensordot vdot outer einsum trace".split())


# Where Dask's answer is another one.
_NOT_IF: dict[str, Callable[[Node], bool]] = {
    "norm": lambda node: any(i.meta.dtype.kind not in "fc" for i in node.inputs if isinstance(i.meta, TensorMeta)),
    "pad": lambda node: any(map(callable, leaves((node.args, node.kwargs)))),
}


def lower(building: Building, node: Node) -> Layout:
    """Lower an operation on arrays of which some have many chunks.

    Raises
    ------
    NotPartitionable
        If Dask has no algorithm with numpy's answer.
    """
    for lower_own in (items.lower, folds.lower, products.lower, scans.lower):
        layout = lower_own(building, node)
        if layout is not None:
            return layout
    placeholders: dict[Any, ChunkKey] = {}
    arrays = {input_: _stand_in(building, input_, placeholders) for input_ in node.inputs}
    if sum(not _known(array) for array in arrays.values()) and len(arrays) > 1:
        raise NotPartitionable  # Dask would take for granted that chunks of unknown lengths fit
    if any(0 in _shape(input_) for input_ in node.inputs):
        raise NotPartitionable
    operation = dask_operation(node.op) if partitionable(building, node) else None

    def fill(leaf: Any) -> Any:
        return arrays[leaf] if isinstance(leaf, Node) else leaf

    if operation is not None:
        with suppress(Exception):  # Dask's own limits; a mistake of the user's was found when it was recorded
            result = operation.apply(replace(_with_axis(node), fill), replace(node.kwargs, fill))
            return from_dask(building, node, result, placeholders)
    absorbs = absorbed(building, node)
    if absorbs is not None:
        return absorbs
    ours = form(node)
    if ours is None or not (ours is item_by_item or all(map(_known, arrays.values()))):
        raise NotPartitionable
    try:
        found = ours(node, arrays)
        if isinstance(found, Finished):
            single = from_dask(building, node, found.array, placeholders)
            return Single(building.add(node, "finished", found.function, single.keys))
        return from_dask(building, node, found, placeholders)
    except Exception:
        raise NotPartitionable from None


def partitionable(building: Building, node: Node) -> bool:
    """Tell operations for which Dask's answer on many chunks is numpy's, where it has one."""
    return _trusted(node, building) and not _overflows(node) and not any(0 in _shape(i) for i in node.inputs)


def _with_axis(node: Node) -> tuple[Any, ...]:
    """Give the arguments; Dask's running sums must be told the axis, also where there is only one."""
    if not _runs_over_all(node):
        return node.args
    return (node.args[0], Arguments((), {"axis": 0})) if isinstance(node.op, Path) else (node.args[0], 0)


def _meets_empty_chunks(node: Node) -> bool:
    """Tell where Dask goes wrong with a chunk without items, as a mask may leave it."""
    stem = node.op.name.rpartition(".")[2]
    unknown = [shape for shape in map(_shape, node.inputs) if any(map(math.isnan, shape))]
    return bool(unknown) and (stem in _EACH_WITH_ITEMS or (stem in _ENDS and any(len(shape) > 1 for shape in unknown)))


def _runs_over_all(node: Node) -> bool:
    """Tell running sums and the like without an axis."""
    scan = node.op.name.rpartition(".")[2] in _SCANS
    return (
        scan
        and not node.kwargs
        and (node.args[1:] == (((), {}),) if isinstance(node.op, Path) else len(node.args) == 1)
    )


def _trusted(node: Node, building: Building) -> bool:
    """Tell operations for which Dask's answer is numpy's."""
    op = node.op
    if _runs_over_all(node) and len(_shape(node.inputs[0])) != 1:
        return False
    if _meets_empty_chunks(node):
        return False
    if isinstance(op, Path):
        return len(op.names) == 1 and op.names[0] in _METHODS
    if not isinstance(op, Function):
        return False
    if op.name == "getitem":
        return _plain_key(node, building)
    stem = op.name.rpartition(".")[2]
    if stem in _NOT_IF and _NOT_IF[stem](node):
        return False
    is_elementwise = isinstance(op.target, np.ufunc) and op.target.signature is None
    return op.name in _OPERATORS or is_elementwise or stem in _FUNCTIONS


def _shape(node: Node) -> tuple[float, ...]:
    return node.meta.shape if isinstance(node.meta, TensorMeta) else ()


def _overflows(node: Node) -> bool:
    """Tell products of objects, and of small integers, in whose dtype numpy adds up and Dask does not."""
    name = node.op.names[0] if isinstance(node.op, Path) else node.op.name.rpartition(".")[2]
    dtypes = [i.meta.dtype for i in node.inputs if isinstance(i.meta, TensorMeta)]
    is_small = any(dtype.kind in "biu" and dtype.itemsize < 8 for dtype in dtypes)
    return name in _PRODUCTS and (is_small or any(dtype.hasobject for dtype in dtypes))


def _plain_key(node: Node, building: Building) -> bool:
    """Tell keys of basic slicing, one list of positions, or a mask along the first dimension."""
    key = node.args[1]
    masks = [leaf for leaf in leaves(key) if isinstance(leaf, Node)]
    if not masks:
        parts = key if isinstance(key, tuple) else (key,)
        arrays = [axis for axis, part in enumerate(parts) if isinstance(part, list | np.ndarray)]
        # Dask picks no positions where the length is not known.
        return not arrays or (len(arrays) == 1 and not any(map(math.isnan, _shape(node.args[0])[: arrays[0] + 1][-1:])))
    mask = key
    if not isinstance(mask, Node) or not isinstance(mask.meta, TensorMeta) or mask.meta.dtype != bool:
        return False
    layout = building.lowered[mask]
    if not isinstance(layout, Grid):
        return False
    # Items come chunk after chunk, which is numpy's order only if the first dimension alone is cut.
    return all(len(lengths) == 1 for lengths in layout.nsplits[1:])


def _stand_in(building: Building, node: Node, placeholders: dict[Any, ChunkKey]) -> Any:
    import dask.array

    if not isinstance(node.meta, TensorMeta):
        raise NotPartitionable
    layout = building.lowered[node]
    if isinstance(layout, Grid):
        nsplits = layout.nsplits
    elif node.meta.known:
        nsplits = tuple((n,) for n in node.meta.shape)
    else:
        raise NotPartitionable
    name = f"array-{node.key}"
    graph: dict[Any, Any] = {}
    for index, key in zip(grid_indices(nsplits), layout.keys, strict=True):
        placeholders[(name, *index)] = key
        graph[(name, *index)] = (placeholder, name, index)
    return dask.array.Array(graph, name, nsplits, dtype=node.meta.dtype)


def placeholder(name: str, index: Any) -> Any:
    """Stand in a Dask graph for a chunk of ours. Never called."""
    raise AssertionError(f"placeholder {name} {index} was run")


def _known(array: Any) -> bool:
    return not any(math.isnan(n) for n in array.shape)


def from_dask(building: Building, node: Node, result: Any, placeholders: Mapping[Any, ChunkKey]) -> Layout:
    """Add the graph of a Dask array to the graph being built.

    Raises
    ------
    NotPartitionable
        If `result` is no array.
    """
    import dask.array

    if not isinstance(result, dask.array.Array):
        raise NotPartitionable
    outputs = [(result.name, *index) for index in grid_indices(result.chunks)]
    try:
        tasks, ours = chunk_tasks(dict(result.__dask_graph__()), placeholders, node, outputs)
    except KeyError:  # of empty chunks Dask leaves tasks out that it refers to
        raise NotPartitionable from None
    building.graph.update(tasks)
    keys = tuple(map(ours, outputs))
    if len(keys) == 1:
        return Single(keys[0])
    return Grid(keys, tuple(tuple(lengths) for lengths in result.chunks))
