"""Nodes: one recorded operation each, and the walk over them."""

from __future__ import annotations

import functools
import itertools
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, NamedTuple

from mars_nb.graph.callsite import CallSite
from mars_nb.graph.meta import Meta
from mars_nb.graph.structure import leaves, replace

if TYPE_CHECKING:
    from mars_nb.files.reader import Reader

# Keys of different processes never meet in one cluster by accident.
_PREFIX = os.urandom(8).hex()
_COUNTER = itertools.count()


def new_key() -> str:
    """Give a name for a node that no other one has."""
    return f"{_PREFIX}{next(_COUNTER):08x}"


class Arguments(NamedTuple):
    """The arguments of one call."""

    args: tuple[Any, ...]
    kwargs: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Function:
    """A plain function: ``target(*args, **kwargs)``.

    Attributes
    ----------
    target
        What is called.
    name
        Names the operation in the planner's tables, such as ``numpy.sin`` or ``add``.
    """

    target: Callable[..., Any]
    name: str

    def apply(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        """Compute the operation on values."""
        __tracebackhide__ = True
        return self.target(*args, **kwargs)


@dataclass(frozen=True, slots=True)
class Path:
    """A walk along attributes of the first argument: ``frame.groupby("a")["b"].sum()``.

    One node covers the whole walk, so that a node always stands for data and never for a handle such as a group-by.
    Of the recorded arguments the first is the object; one follows for each name, `Arguments` for a call
    and None for an attribute that is only read.

    Attributes
    ----------
    names
        The attributes, in order.
    """

    names: tuple[str, ...]

    @property
    def name(self) -> str:
        """Names the operation in the planner's tables, such as ``groupby.sum``."""
        return ".".join(name for name in self.names if not name.startswith("__")) or self.names[-1].strip("_")

    def apply(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        """Compute the operation on values."""
        __tracebackhide__ = True
        value, *calls = args
        for name, call in zip(self.names, calls, strict=True):
            value = getattr(value, name)
            if call is not None:
                value = value(*call.args, **call.kwargs)
        return value


@dataclass(frozen=True, slots=True, eq=False)
class Data:
    """Holds the user's data in a recording, so that nothing looks inside for other recorded objects.

    Attributes
    ----------
    value
        An array or a pandas object; never written to.
    """

    value: Any


@dataclass(frozen=True, slots=True, eq=False)
class Constant:
    """The value of a node that is known.

    Attributes
    ----------
    value
        An array, a pandas object or a scalar; never written to.
    nbytes
        About how many bytes it has.
    readers
        Of the files that it was computed from.
    """

    value: Any
    nbytes: int
    readers: frozenset[Reader] = frozenset()

    @property
    def is_current(self) -> bool:
        """Whether the files are as they were."""
        return all(reader.current_version() == reader.version for reader in self.readers)


@dataclass(frozen=True, slots=True)
class Source:
    """Data that was given by the user; the only argument is a `Data`.

    Attributes
    ----------
    name
        Names the operation.
    """

    name: str

    def apply(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        """Give the data."""
        return args[0].value


Operation = Function | Path | Source


@dataclass(eq=False, slots=True, weakref_slot=True)
class Node:
    """One recorded operation.

    All but `meta` and `constant` stays as it was made; `meta` may be replaced by better knowledge of the same value.

    Attributes
    ----------
    op
        What is done.
    args, kwargs
        The arguments, with other nodes at any depth.
    label
        The operation's name as it is shown to the user, such as ``DataFrameSum``.
    meta
        What is known of the value.
    site
        Where it was recorded.
    chunks
        How a source is to be cut: for tensors the lengths of the chunks in each dimension, for frames
        the lengths in rows (one tuple in a tuple), None for a single chunk. Decided when recorded, so
        that every session computes the same chunks.
    inputs
        The nodes among the arguments, each once.
    key
        The node's name, unlike any other's.
    constant
        The value, where it was found when this was recorded; see `mars_nb.graph.constants`.
    """

    op: Operation
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    label: str
    meta: Meta
    site: CallSite | None = None
    chunks: tuple[tuple[int, ...], ...] | None = None
    inputs: tuple[Node, ...] = field(init=False)
    key: str = field(init=False)
    constant: Constant | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        found = (leaf for leaf in leaves((self.args, self.kwargs)) if isinstance(leaf, Node))
        self.inputs = tuple(dict.fromkeys(found))
        self.key = new_key()

    def __getstate__(self) -> Any:
        """Leave out the constant, which takes room and can be computed."""
        return None, {**{name: getattr(self, name) for name in _FIELDS}, "constant": None}

    @property
    def short_name(self) -> str:
        """The operation as the user wrote it: ``read_csv``, ``groupby.sum``, a function's own name."""
        name = self.op.name
        if isinstance(self.op, Function):
            if name == "remote.RemoteFunction":
                target = getattr(self.op.target, "__wrapped__", self.op.target)
                while isinstance(target, functools.partial):
                    target = target.func
                return str(getattr(target, "__name__", type(target).__name__))
            return name.removeprefix("numpy.").removeprefix("pandas.")
        return "data" if name == "data_source" else name

    def evaluate(self, values: Mapping[Node, Any], **more: Any) -> Any:
        """Compute the operation with `values` in place of the inputs, and more keyword arguments if given."""

        def fill(leaf: Any) -> Any:
            return values[leaf] if isinstance(leaf, Node) else leaf

        __tracebackhide__ = True
        return self.op.apply(replace(self.args, fill), {**replace(self.kwargs, fill), **more})

    def __repr__(self) -> str:
        return f"<Node {self.label} {self.key}>"


_FIELDS = tuple(found.name for found in fields(Node))


def ordered(targets: Iterable[Node], known: Callable[[Node], bool] = lambda node: False) -> list[Node]:
    """List the targets and all they need, inputs first.

    Parameters
    ----------
    targets
        What is wanted.
    known
        Tells nodes whose value is there: they are listed, their inputs are not looked at.
    """
    done: dict[Node, None] = {}
    stack = list(targets)[::-1]
    while stack:
        node = stack[-1]
        missing = [] if node in done or known(node) else [i for i in node.inputs if i not in done]
        if missing:
            stack.extend(reversed(missing))
        else:
            done.setdefault(stack.pop())
    return list(done)
