"""Dask's callbacks: the five hooks around a graph, and the ``state`` that they read.

Concurrency
-----------
The hooks around a task are called on the thread that runs it, right before and right after, one at a time: a lock
guards the state and is held over them. Once the run is over for its caller (`Observer.end`) no hook around a task is
called any more, though tasks may still be running.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from dask.callbacks import normalize_callback
from dask.local import finish_task, start_state_from_dask

from mars_nb.planner.tensors import taskspec
from mars_nb.scheduler.state import ChunkTask, Graph, order

Hooks = tuple[Any, ...]  # start, start_state, pretask, posttask, finish; any may be None


def normalized(callbacks: Any) -> list[Hooks] | None:
    """Give callbacks in any form that a user may pass as hooks: one, several, or None for those that are active."""
    if callbacks is None:
        return None
    one = not isinstance(callbacks, Iterable) or (
        isinstance(callbacks, tuple) and any(callable(part) or part is None for part in callbacks)
    )
    return [normalize_callback(callback) for callback in ([callbacks] if one else callbacks)]


def observed(
    dask_graph: Mapping[Any, Any],
    outputs: Collection[Any],
    callbacks: Iterable[Hooks],
    operation: Any,
    run: Callable[[Graph, Collection[Any]], dict[Any, Any]],
) -> dict[Any, Any]:
    """Run a graph with callbacks around it.

    Parameters
    ----------
    dask_graph
        In any form that Dask has.
    outputs
        The keys that are wanted.
    callbacks
        The hooks.
    operation
        What the chunk tasks belong to.
    run
        Runs chunk tasks and gives the outputs' values.
    """
    __tracebackhide__ = True
    dsk = taskspec.task_objects(dask_graph)
    observer = Observer(dsk)
    failed = True
    try:
        for hooks in callbacks:
            observer.start(hooks)
        tasks = taskspec.task_objects(dsk)  # a hook may have put values in
        graph, _ = taskspec.lower(tasks, outputs, operation, lambda key: key, keep_aliases=True)
        values = run(observer.watch(tasks, graph, outputs), outputs)
        failed = False
        return values
    finally:
        observer.end(failed)


class Observer:
    """Tells callbacks of a run.

    Parameters
    ----------
    dsk
        The whole graph, as the hooks get it.
    """

    def __init__(self, dsk: dict[Any, Any]) -> None:
        self._dsk = dsk
        self._hooks: list[Hooks] = []
        self._state: dict[str, Any] = {}
        self._wanted: set[Any] = set()
        self._numbers: dict[Any, int] = {}
        self._lock = threading.Lock()
        self._over = False

    def start(self, hooks: Hooks) -> None:
        """Tell one callback that the run begins."""
        if hooks[0]:
            hooks[0](self._dsk)
        self._hooks.append(hooks)

    def watch(self, tasks: Mapping[Any, Any], graph: Graph, outputs: Collection[Any]) -> dict[Any, ChunkTask]:
        """Give the graph with the hooks around each task."""
        self._wanted = set(outputs)
        self._numbers = order(graph, outputs)
        self._state = start_state_from_dask(tasks, keys=list(self._wanted), sortkey=self._place)
        for hooks in self._hooks:
            if hooks[1]:
                hooks[1](self._dsk, self._state)
        given = self._state["cache"]
        return {
            key: task if key in given else task._replace(function=_Watched(self, key, task.function))
            for key, task in graph.items()
        }

    def _place(self, key: Any) -> int:
        return self._numbers[key]

    def before(self, key: Any) -> None:
        """Note that a task begins."""
        with self._lock:
            if self._over:
                return
            ready = self._state["ready"]
            place = len(ready) - 1
            while ready[place] != key:  # near the end, because tasks run nearly in that order
                place -= 1
            del ready[place]
            self._state["running"].add(key)
            for hooks in self._hooks:
                if hooks[2]:
                    hooks[2](key, self._dsk, self._state)

    def after(self, key: Any, value: Any) -> None:
        """Note that a task is done."""
        with self._lock:
            if self._over:
                return
            self._state["cache"][key] = value
            finish_task(self._dsk, key, self._state, self._wanted, self._place)
            for hooks in self._hooks:
                if hooks[3]:
                    hooks[3](key, value, self._dsk, self._state, threading.get_ident())

    def end(self, failed: bool) -> None:
        """Tell all that the run is over."""
        with self._lock:
            self._over = True
        for hooks in self._hooks:
            if hooks[4]:
                hooks[4](self._dsk, self._state, failed)


class _Watched:
    """A task's function with the hooks around it."""

    __slots__ = ("function", "key", "observer")

    def __init__(self, observer: Observer, key: Any, function: Callable[..., Any]) -> None:
        self.observer = observer
        self.key = key
        self.function = function

    def __call__(self, *values: Any) -> Any:
        __tracebackhide__ = True
        self.observer.before(self.key)
        value = self.function(*values)
        self.observer.after(self.key, value)
        return value
