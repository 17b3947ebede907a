"""Dask collections (arrays, data frames, bags, delayed, xarray's objects) as lazy objects that sessions execute.

A collection is optimized by Dask when it is first executed, together with others of its type in the same call, and then
stands for a recorded source. Which collection stands for which source is known by identity, as long as the collection
is alive and unchanged: objects that are changed in place (``x[0] = 1``, ``ds["v"] = ...``) count as new ones. Nothing
here keeps a collection alive, so that its results are freed with it. The table is written by single dictionary
operations, which are atomic, because the garbage collector takes entries out in any thread at any moment.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Self

from mars_nb.graph.callsite import capture
from mars_nb.graph.claims import Claim
from mars_nb.graph.meta import ObjectMeta
from mars_nb.graph.node import Data, Node, Source
from mars_nb.graph.tileable import Tileable, flatten
from mars_nb.planner.inputs.nested import DaskGraph


class Collection(Tileable):
    """A Dask collection among tileables, for the time of one call."""

    __slots__ = ("collection",)

    collection: Any

    @classmethod
    def _around(cls, collection: Any, node: Node, claim: Claim) -> Self:
        made = cls._of(node, claim)
        made.collection = collection
        return made

    def _recorded(self) -> str:
        return repr(self.collection)

    _unexecuted = _recorded


class _Known(NamedTuple):
    state: Any  # tells whether the collection was changed in place
    node: Node
    claim: Claim


_known: dict[int, _Known] = {}  # by the collection's id


def lazy_objects(items: Iterable[Any], *, optimize: bool = True) -> list[Tileable]:
    """List the tileables and Dask collections in nested tuples and lists, all as tileables.

    Parameters
    ----------
    items
        What the user gave.
    optimize
        Let Dask prepare the collections that are not known yet. If not they stand for something that no
        session holds.

    Raises
    ------
    TypeError
        For anything else.
    """
    found = list(_leaves(items))
    unknown = {id(leaf): leaf for leaf in found if not isinstance(leaf, Tileable) and _find(leaf) is None}
    if optimize and unknown:
        _get_to_know(list(unknown.values()))
    return [leaf if isinstance(leaf, Tileable) else _tileable(leaf) for leaf in found]


def given(tileable: Tileable) -> Any:
    """Give the object that the user knows: the collection where there is one."""
    return tileable.collection if isinstance(tileable, Collection) else tileable


def known_key(value: Any) -> str | None:
    """Give the key under which a collection was executed last, None for anything else. Runs no code of its own."""
    known = _known.get(id(value))
    return None if known is None else known.node.key


def _leaves(items: Iterable[Any]) -> Iterator[Any]:
    for item in items:
        if isinstance(item, Tileable):
            yield item
        elif isinstance(item, tuple | list):
            yield from _leaves(item)
        elif _is_collection(item):
            yield item
        else:
            flatten([item])  # raises


def _is_collection(item: Any) -> bool:
    if not hasattr(type(item), "__dask_graph__"):
        return False
    from dask.base import is_dask_collection

    return bool(is_dask_collection(item))


def _state(collection: Any) -> Any:
    """Give something that differs once the collection was changed in place."""
    if hasattr(type(collection), "expr"):  # of data frames; their keys take long to tell
        from dask.tokenize import tokenize

        return tokenize(collection)
    return collection.__dask_keys__()


def _find(collection: Any) -> _Known | None:
    known = _known.get(id(collection))
    return known if known is not None and known.state == _state(collection) else None


def _tileable(collection: Any) -> Collection:
    known = _find(collection)
    if known is not None:
        return Collection._around(collection, known.node, known.claim)
    node = _node(collection, None)
    return Collection._around(collection, node, Claim(node.key))


def _node(collection: Any, graph: DaskGraph | None) -> Node:
    kind = type(collection)
    label = f"{kind.__module__.partition('.')[0]}.{kind.__name__}"
    return Node(Source(label), (Data(graph),), {}, label, ObjectMeta(), capture())


def _get_to_know(collections: Sequence[Any]) -> None:
    by_type: dict[type, list[Any]] = {}  # Dask mixes keys up when it optimizes several types together
    for collection in collections:
        if id(collection) not in _known:
            _forget_with(collection)
        by_type.setdefault(type(collection), []).append(collection)
    for several in by_type.values():
        for collection, graph in zip(several, optimized(several), strict=True):
            node = _node(collection, graph)
            _known[id(collection)] = _Known(_state(collection), node, Claim(node.key))


def _forget_with(collection: Any) -> None:
    try:
        weakref.finalize(collection, _known.pop, id(collection), None).atexit = False
    except TypeError:
        name = type(collection).__name__
        raise TypeError(
            f"results of {name} objects cannot be kept, because they have no weak references; "
            "compute them with scheduler=session.get"
        ) from None


class _Place:
    """Stands for the value of a key."""

    __slots__ = ("key",)

    def __init__(self, key: Any) -> None:
        self.key = key


def optimized(collections: Sequence[Any]) -> list[DaskGraph]:
    """Let Dask optimize collections of one type together.

    `dask.persist` does all of it and hands the graph to a scheduler. Ours gives a placeholder for each key, and Dask
    makes collections of these, which tell where the values belong.
    """
    from dask.base import persist
    from dask.local import get_sync
    from dask.utils import ensure_dict

    graph: dict[Any, Any] = {}

    def take(dsk: Any, keys: Sequence[Any], **_: Any) -> list[_Place]:
        graph.update(ensure_dict(dsk if isinstance(dsk, Mapping) else dsk.__dask_graph__()))
        return [_Place(key) for key in keys]

    found = []
    for placed in persist(*collections, traverse=False, scheduler=take):
        places = get_sync(ensure_dict(placed.__dask_graph__()), placed.__dask_keys__(), callbacks=())
        found.append(DaskGraph(graph, _keys(places), _finalizer(*placed.__dask_postcompute__())))
    return found


def _keys(places: Any) -> Any:
    return places.key if isinstance(places, _Place) else [_keys(place) for place in places]


def _finalizer(function: Callable[..., Any], extra: Sequence[Any]) -> Callable[[Any], Any]:
    return lambda values: function(values, *extra)
