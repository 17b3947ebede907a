"""The timeline of a run on a cluster, as Dask's scheduler tells of it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Sequence
from typing import Any

from mars_nb.graph.node import Node
from mars_nb.session.picture import Ran
from mars_nb.session.timeline import Timeline

#: Takes what ended, what runs, and the time there; see `Timeline.add`.
Listener = Callable[[Collection[Ran], Collection[Ran], float], object]


class ToldTimeline(Timeline):
    """A timeline that messages of a `mars_nb.session.backends.cluster.tracing.Tracer` make.

    Parameters
    ----------
    operations
        Those that the groups of Dask's tasks count for, in the order of the groups. What is no node is not shown.

    Attributes
    ----------
    listener
        Is told, too, on the client's event loop.
    """

    def __init__(self, operations: Sequence[Hashable]) -> None:
        super().__init__({node.key: node.label for node in operations if isinstance(node, Node)})
        self.listener: Listener | None = None
        self._keys = [node.key if isinstance(node, Node) else None for node in operations]

    def hear(self, message: dict[str, Any]) -> None:
        """Take a message."""
        keys = self._keys
        ended = [Ran(key, *rest) for group, *rest in message["ran"] if (key := keys[group])]
        running = [Ran(key, worker, start, 0.0) for group, worker, start in message["running"] if (key := keys[group])]
        self.add(ended, running, message["now"])
        if self.listener is not None:
            self.listener(ended, running, message["now"])
