"""A session as a scheduler for Dask: ``get(graph, keys)``."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from mars_nb.graph.callsite import capture
from mars_nb.graph.meta import ObjectMeta
from mars_nb.graph.node import Node, Source
from mars_nb.scheduler.state import Graph

if TYPE_CHECKING:
    from mars_nb.session.session import Session


def get(session: Session, dsk: Any, keys: Any, callbacks: Any = None) -> Any:
    """Compute keys of a Dask graph in a session; see `mars_nb.get`."""
    __tracebackhide__ = True
    from dask.callbacks import local_callbacks
    from dask.utils import ensure_dict

    from mars_nb.session.for_dask import callbacks as hooks

    graph = ensure_dict(dsk if isinstance(dsk, Mapping) else dsk.__dask_graph__())
    wanted: dict[Any, None] = {}
    _flatten(keys, wanted)
    operation = Node(Source("dask.get"), (), {}, "dask.get", ObjectMeta(), capture())

    def run(tasks: Graph, outputs: Collection[Any]) -> dict[Any, Any]:
        __tracebackhide__ = True
        return session._executor.compute(operation, tasks, outputs)

    with local_callbacks(hooks.normalized(callbacks)) as active:
        if active:
            return _nested(keys, hooks.observed(graph, wanted, active, operation, run))
        return _nested(keys, _plain(graph, wanted, operation, run))


def _plain(graph: Mapping[Any, Any], wanted: Collection[Any], operation: Node, run: Any) -> dict[Any, Any]:
    __tracebackhide__ = True
    from mars_nb.planner.tensors import taskspec  # loads Dask

    tasks, ours = taskspec.lower(taskspec.task_objects(graph), wanted, operation, lambda key: key)
    names = {key: ours(key) for key in wanted}
    values = run(tasks, set(names.values()))
    return {key: values[name] for key, name in names.items()}


def _flatten(keys: Any, found: dict[Any, None]) -> None:
    if isinstance(keys, list):
        for key in keys:
            _flatten(key, found)
    else:
        found[keys] = None


def _nested(keys: Any, values: Mapping[Any, Any]) -> Any:
    """Put values where their keys are: tuples for lists, as Dask does."""
    return tuple(_nested(key, values) for key in keys) if isinstance(keys, list) else values[keys]
