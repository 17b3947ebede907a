"""Operations item by item on arrays that are cut alike: numpy's own, on each chunk."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from mars_nb.graph.meta import TensorMeta
from mars_nb.graph.node import Arguments, Function, Node, Path
from mars_nb.planner.context import Building
from mars_nb.planner.layout import ChunkKey, Grid, Layout, Single, grid_indices, spans
from mars_nb.planner.tensors.calls import Cast, Method, Where, power
from mars_nb.planner.tensors.works import Slot, Step

#: Kinds of numbers that numpy's loops take as they are.
PLAIN = frozenset("biufc")
_OPERATORS = {
    **{name: getattr(np, name) for name in "add invert".split()},
    "sub": np.subtract, "mul": np.multiply, "truediv": np.true_divide, "floordiv": np.floor_divide,
    "mod": np.remainder, "pow": power, "neg": np.negative, "pos": np.positive, "abs": np.absolute,
    "and": np.bitwise_and, "or": np.bitwise_or, "xor": np.bitwise_xor, "lshift": np.left_shift,
    "rshift": np.right_shift, "eq": np.equal, "ne": np.not_equal, "lt": np.less, "le": np.less_equal,
    "gt": np.greater, "ge": np.greater_equal,
}  # fmt: skip
# They give arrays of their own, never views; those of the first line can be told where to write.
_FUNCTIONS: dict[str, tuple[Callable[..., Any], bool]] = {
    **{f"numpy.{name}": (getattr(np, name), True) for name in ("clip", "round", "around")},
    **{f"numpy.{name}": (getattr(np, name), False) for name in ("isclose", "nan_to_num")},
}


class _Call(NamedTuple):
    function: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    takes_out: bool


def lower(building: Building, node: Node) -> Layout | None:
    """Lower an operation item by item, None if it is none, or its arrays are cut in different ways."""
    call = _call(node)
    if call is None or not isinstance(node.meta, TensorMeta) or not node.meta.known:
        return None
    if any(not _is_plain(each) for each in (node, *node.inputs)):
        return None
    nsplits = _common_cut(building, node)
    if nsplits is None:
        return None
    slots = {input_: Slot(number) for number, input_ in enumerate(node.inputs)}
    args = tuple(slots.get(arg, arg) if isinstance(arg, Node) else arg for arg in call.args)
    sources = [_chunks(building, node, input_, nsplits) for input_ in node.inputs]
    keys = []
    for index in grid_indices(nsplits):
        shape = tuple(int(lengths[i]) for lengths, i in zip(nsplits, index, strict=True))
        step = Step(call.function, args, call.kwargs, call.takes_out, shape)
        keys.append(building.add(node, index, step, [chunk(index) for chunk in sources]))
    return Single(keys[0]) if len(keys) == 1 else Grid(tuple(keys), nsplits)


def _is_plain(node: Node) -> bool:
    return isinstance(node.meta, TensorMeta) and node.meta.dtype.kind in PLAIN


def _call(node: Node) -> _Call | None:
    """Tell what is called with which arguments; None for what is no operation item by item."""
    op, args, kwargs = node.op, node.args, node.kwargs
    takes_out = True
    if isinstance(op, Path):
        found = _method(op, args)
    elif not isinstance(op, Function):
        found = None
    elif isinstance(op.target, np.ufunc):
        known = getattr(np, op.target.__name__, None) is op.target and op.target.signature is None
        found = (op.target, args, kwargs) if known and op.target.nout == 1 and kwargs.keys() <= {"dtype"} else None
    elif op.name in _OPERATORS and getattr(op.target, "__module__", "") == "_operator":
        found = (_OPERATORS[op.name], args, kwargs)
    elif op.name in _FUNCTIONS and op.target is _FUNCTIONS[op.name][0]:
        takes_out = _FUNCTIONS[op.name][1]
        found = op.target, args, kwargs
    elif op.target is np.where and len(args) == 3:
        found = Where(), args, kwargs
    else:
        found = None
    if found is None or not all(_is_number(value) for value in found[1]):
        return None
    if any(isinstance(value, Node | np.ndarray | list | tuple) for value in found[2].values()) or "copy" in found[2]:
        return None
    return _Call(*found, takes_out)


def _method(op: Path, args: tuple[Any, ...]) -> tuple[Any, tuple[Any, ...], Mapping[str, Any]] | None:
    array, call = args[0], args[1]
    if len(op.names) != 1 or not isinstance(call, Arguments):
        return None
    if op.names[0] == "astype" and len(call.args) == 1 and not call.kwargs:
        dtype = np.dtype(call.args[0])
        return (Cast(dtype), (array,), {}) if dtype.kind in PLAIN else None
    if op.names[0] in ("clip", "round"):
        return Method(op.names[0]), (array, *call.args), call.kwargs
    return None


def _is_number(value: Any) -> bool:
    return isinstance(value, Node | int | float | complex | np.number | np.bool | None)


def _common_cut(building: Building, node: Node) -> tuple[tuple[int, ...], ...] | None:
    """Tell how the answer is cut, None if the arrays do not agree or that is not known."""
    assert isinstance(node.meta, TensorMeta)
    ndim = len(node.meta.shape)
    found: dict[int, tuple[int, ...]] = {}
    whole: dict[int, tuple[int, ...]] = {}
    for input_ in node.inputs:
        layout = building.lowered[input_]
        assert isinstance(input_.meta, TensorMeta)
        if not input_.meta.known or (isinstance(layout, Grid) and not layout.known):
            return None
        for axis, n in enumerate(input_.meta.shape, ndim - len(input_.meta.shape)):
            if isinstance(layout, Grid):
                lengths = tuple(int(length) for length in layout.nsplits[axis - ndim])
                if (lengths != (1,) and found.setdefault(axis, lengths) != lengths) or 0 in lengths:
                    return None
            elif n != 1:
                whole[axis] = (int(n),)
    cut = tuple(found.get(axis) or whole.get(axis, (1,)) for axis in range(ndim))
    return cut if tuple(map(sum, cut)) == tuple(node.meta.shape) else None


def _chunks(
    building: Building, node: Node, input_: Node, nsplits: tuple[tuple[int, ...], ...]
) -> Callable[[tuple[int, ...]], ChunkKey]:
    """Give what tells the chunk of an input for a chunk of the answer."""
    layout = building.lowered[input_]
    assert isinstance(input_.meta, TensorMeta)
    shape = input_.meta.shape
    if isinstance(layout, Grid):
        by_index = dict(zip(grid_indices(layout.nsplits), layout.keys, strict=True))
        counts = tuple(map(len, layout.nsplits))
        return lambda index: by_index[_own(index, counts)]
    single = building.single(input_).key
    cuts = nsplits[len(nsplits) - len(shape) :]
    bounds = [spans(lengths) if n != 1 else [(0, 1)] for n, lengths in zip(shape, cuts, strict=True)]
    if all(len(along) == 1 for along in bounds):
        return lambda index: single
    counts = tuple(map(len, bounds))
    made: dict[tuple[int, ...], ChunkKey] = {}
    for index in grid_indices(bounds):  # type: ignore[arg-type]
        window = tuple(slice(*along[i]) for along, i in zip(bounds, index, strict=True))
        made[index] = building.add(node, ("part of", input_.key, index), operator.itemgetter(window), [single])
    return lambda index: made[_own(index, counts)]


def _own(index: tuple[int, ...], counts: tuple[int, ...]) -> tuple[int, ...]:
    """Give the place of a chunk in an array that is broadcast."""
    return tuple(0 if count == 1 else i for i, count in zip(index[len(index) - len(counts) :], counts, strict=True))
