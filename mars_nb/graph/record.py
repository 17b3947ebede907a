"""Recording: from a call with tileables among its arguments to a new tileable."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

from mars_nb.config import options
from mars_nb.graph import mistakes
from mars_nb.graph.callsite import capture
from mars_nb.graph.claims import Claim
from mars_nb.graph.constants import Folded, kept
from mars_nb.graph.meta import HandleMeta, Meta, ObjectMeta, TupleMeta
from mars_nb.graph.node import Function, Node, Operation, Path
from mars_nb.graph.runtime import runtime
from mars_nb.graph.structure import leaves, replace
from mars_nb.graph.tileable import ExecutableTuple, Object, Tileable

Infer = Callable[[Operation, tuple[Any, ...], dict[str, Any]], Meta | Folded]

# Which class shows a value to the user. Filled by the front ends when they are imported.
_KINDS: dict[type, Callable[[Any], type[Tileable]]] = {}
#: Imports the front ends, for whoever presents nodes without them; put in place by `mars_nb._wiring`.
load_front_ends: Callable[[], object] = dict  # nothing to import


def register_kind(meta: type[Meta], choose: Callable[[Any], type[Tileable]]) -> None:
    """Let `choose` give the front-end class for a meta of this type."""
    _KINDS[meta] = choose


@functools.cache
def camel(name: str) -> str:
    """Turn ``groupby.sum`` or ``read_csv`` into ``GroupbySum`` and ``ReadCsv``, as Mars named its operations."""
    return "".join(part[:1].upper() + part[1:] for part in name.replace(".", "_").split("_"))


def record(
    op: Operation,
    args: tuple[Any, ...],
    kwargs: dict[str, Any] | None = None,
    *,
    infer: Infer,
    prefix: str,
    chunks: tuple[tuple[int, ...], ...] | None = None,
    claims: Sequence[Claim] = (),
) -> Any:
    """Record an operation.

    Parameters
    ----------
    op, args, kwargs
        The operation and its arguments, with tileables at any depth.
    infer
        Tells what the result will be, or what it is, given the arguments with nodes in place of tileables.
        What it raises is the user's error, at the user's line.
    prefix
        Begins the operation's shown name: ``Tensor``, ``DataFrame`` ...
    chunks
        See `Node`.
    claims
        Kept besides those of the tileables among the arguments.

    Returns
    -------
    Tileable or ExecutableTuple
        Several tileables where the operation gives several values.
    """
    held = list(claims)

    def node_of(leaf: Any) -> Any:
        if isinstance(leaf, Tileable):
            held.append(leaf._claim)
            return leaf._node
        return leaf

    args = replace(args, node_of)
    kwargs = replace(kwargs, node_of) if kwargs else {}
    try:
        found = infer(op, args, kwargs)
    except BaseException as error:
        mistakes.tell(error)
        raise
    stem = op.name.rpartition(".")[2] if isinstance(op, Function) else op.name
    stem = {"getitem": "Index"}.get(stem, stem)
    meta = found.meta if isinstance(found, Folded) else found
    node = Node(op, args, kwargs, prefix + camel(stem), meta, capture(), chunks)
    if isinstance(found, Folded):
        kept.put(node, found)
    result = present(node, Claim(node.key, tuple(held)), prefix)
    if options.eager_mode:
        made = [
            leaf for leaf in leaves(result) if isinstance(leaf, Tileable) and not isinstance(leaf._meta, HandleMeta)
        ]
        if made:
            runtime().execute(made, None, True, {})
    return result


def class_of(meta: Meta) -> type[Tileable]:
    """Tell of which class an object is that the user gets for a value."""
    choose = _KINDS.get(type(meta))
    return choose(meta) if choose else Object


def present(node: Node, claim: Claim, prefix: str) -> Any:
    """Give a node to the user: as one tileable, or as several for a node of several values."""
    if not isinstance(node.meta, TupleMeta):
        return class_of(node.meta)._of(node, claim)
    items = []
    for index, meta in enumerate(node.meta.items):
        item = Node(Function(_pick, "pick"), (node, index), {}, node.label, meta, node.site)
        items.append(present(item, Claim(item.key, (claim,)), prefix))
    return ExecutableTuple(items) if node.meta.kind in (tuple, list) else node.meta.kind(items)


def _pick(values: Any, index: int) -> Any:
    return values[index]


def walk(base: Tileable, steps: tuple[tuple[str, Any], ...]) -> tuple[Path, tuple[Any, ...]]:
    """Give the operation and the arguments for a walk along attributes of `base`."""
    return Path(tuple(name for name, _ in steps)), (base, *(call for _, call in steps))


def unknown(op: Operation, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Meta:
    """Infer nothing."""
    return ObjectMeta()
