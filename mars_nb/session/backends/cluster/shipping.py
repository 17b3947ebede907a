"""From chunk tasks to a Dask graph whose tasks a worker can run.

Dask spends one to two milliseconds on a task, so chains of chunk tasks are sent as one. And a chunk task often refers
to its node, and a node to all that was recorded before it, the user's data included; a worker needs none of that,
because the values of the inputs come as arguments. So nodes other than the task's own are sent as stubs.
"""

from __future__ import annotations

import functools
import io
import pickle
from collections import Counter
from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import cloudpickle
from dask.task_spec import Task, TaskRef

from mars_nb.graph.meta import Meta
from mars_nb.graph.node import Node, Source
from mars_nb.scheduler.state import ChunkTask, Graph, Key
from mars_nb.session.backends.cluster.describing import Description

#: Stands in the names of our groups of tasks, after the operation's name. Dask counts the tasks of a group.
MARK = "mars_nb"


@dataclass(frozen=True, slots=True)
class Held:
    """In place of a chunk task's function: the value is on the cluster already.

    Attributes
    ----------
    key
        Dask's name for it.
    description
        What is known of it.
    """

    key: Any
    description: Description

    def __call__(self) -> Any:
        """Is never called: Dask puts the value in."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Shipment:
    """What is sent to Dask's scheduler.

    Attributes
    ----------
    graph
        Dask's tasks by Dask's keys.
    keys
        Dask's keys by the keys of the chunk tasks.
    groups
        By the names of the groups of tasks: the operations that a task of it belongs to, and the number of tasks.
    """

    graph: Mapping[Any, Task]
    keys: Mapping[Key, Any]
    groups: Mapping[str, tuple[tuple[Hashable, ...], int]]


Wrap = Callable[[tuple[bytes, ...], Sequence[Key]], Callable[..., Any]]


def shipment(graph: Graph, outputs: Collection[Key], run: str, wrap: Wrap) -> Shipment:
    """Turn chunk tasks into a Dask graph.

    Parameters
    ----------
    graph, outputs
        See `mars_nb.scheduler.RunState`.
    run
        Names the run, unlike any other on the cluster.
    wrap
        Makes what a worker calls, of packed functions that are to be called one on the other's value, and their keys.
    """
    chains = fuse(graph, outputs)
    names: dict[tuple[Hashable, ...], str] = {}
    counts: Counter[str] = Counter()
    keys: dict[Key, Any] = {key: task.function.key for key, task in graph.items() if isinstance(task.function, Held)}
    for key, chain in chains.items():
        operations = tuple(dict.fromkeys(graph[link].operation for link in chain))
        label = getattr(operations[-1], "label", "task")
        name = names.setdefault(operations, f"{label}-{MARK}.{run}.{len(names)}")
        keys[key] = (name, counts[name])
        counts[name] += 1
    tasks = {}
    for key, chain in chains.items():
        call = wrap(tuple(pack(graph[link]) for link in chain), chain)
        tasks[keys[key]] = Task(keys[key], call, *(TaskRef(keys[input_]) for input_ in graph[chain[0]].inputs))
    return Shipment(tasks, keys, {name: (operations, counts[name]) for operations, name in names.items()})


def fuse(graph: Graph, outputs: Collection[Key]) -> dict[Key, list[Key]]:
    """Put chunk tasks together that can only run one after the other, and leave out what no output needs.

    Returns
    -------
    dict
        By the key of the last task of a chain, the keys of all in order: the first takes the inputs, each other one the
        value of the task before it.

    Examples
    --------
    >>> graph = {"a": ChunkTask(int), "b": ChunkTask(abs, ("a",)), "c": ChunkTask(abs, ("b",)), "no": ChunkTask(int)}
    >>> fuse(graph, ["c"]), fuse(graph, ["b", "c"])
    ({'c': ['a', 'b', 'c']}, {'b': ['a', 'b'], 'c': ['c']})
    """
    needed = list(dict.fromkeys(outputs))
    users = Counter(needed)  # whoever wants an output is a user, too
    for key in needed:  # which grows meanwhile
        for input_ in graph[key].inputs:
            if input_ not in users:
                needed.append(input_)
            users[input_] += 1
    absorbed = {
        graph[key].inputs[0]
        for key in needed
        if len(graph[key].inputs) == 1
        and users[graph[key].inputs[0]] == 1
        and not _is_held(graph, graph[key].inputs[0])
    }
    chains = {}
    for key in needed:
        if key not in absorbed and not _is_held(graph, key):
            chain = [key]
            while len(graph[chain[-1]].inputs) == 1 and graph[chain[-1]].inputs[0] in absorbed:
                chain += graph[chain[-1]].inputs
            chains[key] = chain[::-1]
    return chains


def _is_held(graph: Graph, key: Key) -> bool:
    return isinstance(graph[key].function, Held)


def pack(task: ChunkTask) -> bytes:
    """Give a chunk task's function as bytes, without the recording behind the inputs.

    Raises
    ------
    Exception
        Whatever pickling raises, for functions and arguments that cannot be pickled.
    """
    buffer = io.BytesIO()
    _Pickler(buffer, task.operation).dump(task.function)
    return buffer.getvalue()


@functools.lru_cache(maxsize=256)  # the chunks of an operation have the same function
def unpack(packed: bytes) -> Callable[..., Any]:
    """Give the function back, on the worker."""
    function: Callable[..., Any] = pickle.loads(packed)
    return function


class _Pickler(cloudpickle.Pickler):  # type: ignore[misc]  # has no types
    def __init__(self, file: io.BytesIO, operation: Any) -> None:
        super().__init__(file, protocol=5)
        self._operation = operation

    def reducer_override(self, obj: Any) -> Any:
        if type(obj) is Node and obj is not self._operation:
            return _stub, (obj.label, obj.meta)
        return super().reducer_override(obj)


def _stub(label: str, meta: Meta) -> Node:
    """Make what stands for an input: its identity matters, and what is known of its value."""
    return Node(Source("input"), (), {}, label, meta)
