"""The result store of a session: results by name, each with a description and its chunks.

Concurrency
-----------
Every method may be called from any thread. One lock guards the mapping; it is held for dictionary work only.
`release` may come out of the garbage collector, which runs in any thread at any moment, even in one that holds the
lock: then it puts the name on a list, and whoever holds the lock works the list off when done.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

D = TypeVar("D")


@dataclass(frozen=True, slots=True)
class Stored(Generic[D]):
    """One result.

    Attributes
    ----------
    description
        How it is cut; the store does not look inside.
    chunks
        Values by key.
    nbytes
        Bytes of all chunks.
    """

    description: D
    chunks: Mapping[Hashable, Any]
    nbytes: int


class ResultStore(Generic[D]):
    """Keeps results in memory.

    Parameters
    ----------
    sizeof
        Tells the bytes of a chunk.

    Examples
    --------
    >>> store = ResultStore(len)
    >>> store.put("r", "two chunks", {0: b"abc", 1: b"d"})
    >>> store.nbytes, store.read("r", [1])
    (4, [b'd'])
    >>> store.release("r")
    >>> store.nbytes
    0
    """

    def __init__(self, sizeof: Callable[[Any], int]) -> None:
        self._sizeof = sizeof
        self._lock = threading.Lock()
        self._results: dict[str, Stored[D]] = {}
        self._released: deque[str] = deque()
        self._nbytes = 0

    @property
    def nbytes(self) -> int:
        """Bytes of all results."""
        return self._nbytes

    def put(self, name: str, description: D, chunks: Mapping[Hashable, Any]) -> None:
        """Keep a result; one of the same name is replaced."""
        result = Stored(description, dict(chunks), sum(map(self._sizeof, chunks.values())))
        with self._locked():
            replaced = self._results.pop(name, None)
            self._results[name] = result
            self._nbytes += result.nbytes - (replaced.nbytes if replaced else 0)

    def get(self, name: str) -> Stored[D] | None:
        """Give a result, None if there is none of that name."""
        return self._results.get(name)

    def description(self, name: str) -> D | None:
        """Give what describes a result, None if there is none of that name."""
        result = self._results.get(name)
        return None if result is None else result.description

    def nbytes_of(self, name: str) -> int:
        """Tell the bytes of a result, 0 if there is none of that name."""
        result = self._results.get(name)
        return 0 if result is None else result.nbytes

    def read(self, name: str, keys: Sequence[Hashable]) -> list[Any]:
        """Give chunks of a result.

        Raises
        ------
        KeyError
            If the result is not there.
        """
        result = self._results[name]
        return [result.chunks[key] for key in keys]

    def names(self) -> list[str]:
        """List the results, oldest first."""
        with self._locked():
            return list(self._results)

    def release(self, name: str) -> None:
        """Let a result go; harmless if there is none of that name."""
        self._released.append(name)
        self._work_off()

    def clear(self) -> None:
        """Let all results go."""
        for name in self.names():
            self.release(name)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with self._lock:
            yield
        self._work_off()

    def _work_off(self) -> None:
        # Whoever cannot have the lock leaves the names to its holder, who looks again after letting it go.
        while self._released and self._lock.acquire(blocking=False):
            dropped = []
            try:
                while self._released:
                    result = self._results.pop(self._released.popleft(), None)
                    if result is not None:
                        self._nbytes -= result.nbytes
                        dropped.append(result)
            finally:
                self._lock.release()
            del dropped  # values die without the lock held
