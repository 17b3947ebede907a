"""The user's data on the cluster: each chunk is sent once, as long as it is recorded.

Concurrency
-----------
`Uploads.chunk` may be called from any thread; two that send the same chunk at once do no harm. The table is written by
single dictionary operations, because the garbage collector takes entries out in any thread at any moment.
"""

from __future__ import annotations

import itertools
import weakref
from typing import Any

from distributed import Client

from mars_nb.graph.node import Data, Node, Source
from mars_nb.planner.inputs.nested import graph_of
from mars_nb.scheduler import ChunkTask, Key
from mars_nb.session.backends.cluster.describing import describe
from mars_nb.session.backends.cluster.run import Chunk
from mars_nb.storage import OnDisk


class Uploads:
    """What was sent to one cluster.

    Parameters
    ----------
    client
        Connected to it.
    name
        Begins the names of what is sent.
    """

    def __init__(self, client: Client, name: str) -> None:
        self._client = client
        self._name = name
        self._numbers = itertools.count()
        self._sent: dict[str, dict[Key, Chunk]] = {}  # by the key of the recorded node

    def chunk(self, key: Key, task: ChunkTask) -> Chunk | None:
        """Give a chunk of data that the user gave, sent if it was not or was lost; None for any other chunk task."""
        node = task.operation
        if not isinstance(node, Node) or not _is_data(node, task):
            return None
        if node.key not in self._sent:
            self._sent[node.key] = {}
            weakref.finalize(node, self._sent.pop, node.key, None).atexit = False
        sent = self._sent[node.key]
        if key not in sent or not sent[key].is_there:
            sent[key] = self.send(task.function())
        return sent[key]

    def send(self, value: Any) -> Chunk:
        """Send a value, which stays as long as the chunk does."""
        value = value.read() if isinstance(value, OnDisk) else value
        name = f"upload-{self._name}-{next(self._numbers)}"
        return Chunk(self._client.scatter({name: value}, hash=False)[name], describe(value))

    def clear(self) -> None:
        """Let all go."""
        self._sent.clear()


def _is_data(node: Node, task: ChunkTask) -> bool:
    is_source = isinstance(node.op, Source) and not task.inputs and bool(node.args)
    return is_source and isinstance(node.args[0], Data) and graph_of(node) is None
