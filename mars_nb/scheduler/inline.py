"""Running a graph on the thread that asks for it.

A chunk task that itself wants a graph computed must not wait for its own thread's turn: with all workers
waiting like that nothing would ever go on.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Any

from mars_nb.scheduler.pool import _Worker
from mars_nb.scheduler.state import Graph, Key, RunState


def on_worker() -> bool:
    """Tell whether this thread is one that runs chunk tasks."""
    return isinstance(threading.current_thread(), _Worker)


def run_here(graph: Graph, outputs: Iterable[Key]) -> dict[Key, Any]:
    """Run a graph on this thread.

    Parameters
    ----------
    graph, outputs
        See `RunState`.

    Returns
    -------
    dict
        The outputs' values by key.

    Examples
    --------
    >>> from mars_nb.scheduler.state import ChunkTask
    >>> run_here({"x": ChunkTask(lambda: 1), "y": ChunkTask(lambda x: x + 1, ("x",))}, ["y"])
    {'y': 2}
    """
    __tracebackhide__ = True
    state = RunState(graph, outputs)
    while not state.over:
        number = state.take()
        state.finish(number, state.tasks[number].function(*state.arguments(number)))
    return state.results()
