"""What a run computes on the way and the user has a variable for: kept as long as there is room, and used again.

An intermediate is no result: it cannot be fetched and is not listed among the results. Its chunks are taken while the
run goes on, and never put on disk: they are let go before anything else has to leave memory. So a run that streams
through more than memory holds is as it would be without. What is being taken goes first, the largest first, because it
may not fit at all; then what the user has no variable for any more; then what was not used for the longest time.

Concurrency
-----------
Every method may be called from any thread, `Intermediates.release` by the garbage collector at any moment. There is no
lock: tables are changed by single operations of dictionaries, and a chunk that comes in after its value was given up
is dropped.
"""

from __future__ import annotations

import itertools
import time
import weakref
from collections.abc import Callable, Collection, Hashable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from mars_nb.graph.claims import Hand, held_by_user
from mars_nb.graph.node import Node
from mars_nb.planner.layout import ChunkKey, described, stored
from mars_nb.planner.plan import Intermediate, Plan
from mars_nb.scheduler import Graph
from mars_nb.storage import Held

Take = Callable[[Any], object]
# What functions that are given it cannot change. A list or an iterator would be another one the next time.
_UNCHANGED = (np.ndarray, np.generic, pd.DataFrame, pd.Series, pd.Index, int, float, complex, str, bytes, type(None))


class Noticed(NamedTuple):
    """Given by a chunk task in place of its value, which others take, too.

    Attributes
    ----------
    value
        The task's value.
    takers
        Are given what stands for it, in memory or on disk.
    """

    value: Any
    takers: tuple[Take, ...]


class _Noticing:
    """The function of a chunk task whose value is taken."""

    __slots__ = ("function", "takers")

    def __init__(self, function: Callable[..., Any], takers: tuple[Take, ...]) -> None:
        self.function = function
        self.takers = takers

    def __call__(self, *arguments: Any) -> Noticed:
        __tracebackhide__ = True
        return Noticed(self.function(*arguments), self.takers)


@dataclass(eq=False, slots=True)
class Kept:
    """An intermediate.

    Attributes
    ----------
    node
        What it is the value of.
    what
        How it is cut, and of which version of which files.
    chunks
        What stands for the chunks, by key.
    nbytes
        Bytes of all.
    hand
        Of the user; it gives None when the user has no variable for it any more.
    at
        When it was computed, in seconds since the epoch.
    used
        The higher, the later it was used.
    """

    node: Node
    what: Intermediate
    chunks: Mapping[ChunkKey, Any]
    nbytes: int
    hand: weakref.ref[Hand]
    at: float
    used: int

    @property
    def worth(self) -> tuple[bool, int]:
        """What is lowest is let go first."""
        return self.hand() is not None, self.used


class _Growing:
    """The chunks of one value, while a run computes them."""

    __slots__ = ("_given_up", "chunks", "nbytes")

    def __init__(self) -> None:
        self.chunks: dict[ChunkKey, Any] = {}
        self.nbytes = 0
        self._given_up = False

    def take(self, key: ChunkKey, chunk: Any) -> None:
        self.nbytes += chunk.nbytes if type(chunk) is Held else 0  # others are small
        self.chunks[key] = chunk
        if self._given_up:
            self.chunks.clear()

    def give_up(self) -> None:
        self._given_up = True
        self.chunks.clear()


class Intermediates:
    """The intermediates of a session.

    Parameters
    ----------
    describe, sizeof
        Tell type and shape, and the bytes, of what stands for a chunk.
    """

    def __init__(
        self,
        describe: Callable[[Any], tuple[type, tuple[int, ...]]] = described,
        sizeof: Callable[[Any], int] = lambda chunk: int(chunk.nbytes),
    ) -> None:
        self._describe = describe
        self._sizeof = sizeof
        self._kept: dict[str, Kept] = {}
        self._growing: dict[_Growing, None] = {}  # in all runs
        self._uses = itertools.count()
        self._closed = False

    def find(self, key: str, version: Callable[[Node], Hashable | None]) -> Kept | None:
        """Give an intermediate by its node's key; None if there is none, or what it was read from has changed."""
        kept = self._kept.get(key)
        if kept is None:
            return None
        if any(version(node) != then for node, then in kept.what.sources):
            self.release(key)
            return None
        kept.used = next(self._uses)
        return kept

    def all(self) -> list[Kept]:
        """List the intermediates, oldest first."""
        return list(self._kept.values())

    def release(self, key: str) -> None:
        """Let an intermediate go; harmless if there is none."""
        self._kept.pop(key, None)

    def relieve(self) -> bool:
        """Let go of what can be missed best, because memory is short; tells whether there was anything."""
        growing = max(list(self._growing), key=lambda one: one.nbytes, default=None)
        if growing is not None:
            self._growing.pop(growing, None)
            growing.give_up()
            return True
        kept = min(self.all(), key=lambda kept: kept.worth, default=None)
        return kept is not None and self._kept.pop(kept.node.key, None) is not None

    def forget_nameless(self, keys: Collection[str]) -> None:
        """Let go of what the user has no variable for any more: what was made of it is kept now."""
        for key in keys:
            kept = self._kept.get(key)
            if kept is not None and kept.hand() is None:
                self.release(key)

    def close(self) -> None:
        """Let all go, and keep nothing any more."""
        self._closed = True
        self._kept.clear()

    def taking(self, planned: Plan, used: Collection[str]) -> Taking:
        """Take what a run computes on the way; see `Taking`."""
        growing = {node: _Growing() for node in planned.intermediates}
        self._growing.update(dict.fromkeys(growing.values()))
        return Taking(self, planned, growing, used)

    def _end(self, growing: Mapping[Node, _Growing]) -> None:
        for one in growing.values():
            self._growing.pop(one, None)

    def _keep(self, node: Node, what: Intermediate, chunks: Mapping[ChunkKey, Any]) -> bool:
        """Keep a value if all of its chunks are there and the user still has a variable for it."""
        hand = held_by_user(node.key)
        if self._closed or hand is None or not all(key in chunks for key in what.layout.keys):
            return False
        if not all(issubclass(self._describe(chunk)[0], _UNCHANGED) for chunk in chunks.values()):
            return False
        layout, own = stored(what.layout, node.key, chunks, self._describe)
        nbytes = sum(map(self._sizeof, own.values()))
        what = replace(what, layout=layout)
        self._kept[node.key] = Kept(node, what, own, nbytes, weakref.ref(hand), time.time(), next(self._uses))
        hand.claim.on_release(self.release)
        return True


class Taking:
    """Takes the intermediates of one run. Made by `Intermediates.taking`.

    Attributes
    ----------
    graph
        What is to be run in place of the planned graph.
    """

    def __init__(
        self, owner: Intermediates, planned: Plan, growing: Mapping[Node, _Growing], used: Collection[str]
    ) -> None:
        self._owner = owner
        self._planned = planned
        self._growing = growing
        self._used = used
        takers: dict[ChunkKey, tuple[Take, ...]] = {}
        for node, one in growing.items():
            for key in planned.intermediates[node].layout.keys:
                takers[key] = (*takers.get(key, ()), partial(one.take, key))
        tasks = planned.graph
        watched = {
            key: tasks[key]._replace(function=_Noticing(tasks[key].function, who)) for key, who in takers.items()
        }
        self.graph: Graph = {**tasks, **watched} if watched else tasks

    def end(self) -> None:
        """Keep what was computed. The run is over, however it ended."""
        growing, self._growing = self._growing, {}
        self._owner._end(growing)
        new = [self._owner._keep(node, self._planned.intermediates[node], one.chunks) for node, one in growing.items()]
        if any(new):
            self._owner.forget_nameless(self._used)
