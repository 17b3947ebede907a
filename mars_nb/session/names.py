"""The user's names for what a session holds: those that were published, and variables, as they are after each cell.

Concurrency
-----------
All methods may be called from any thread. One lock guards the tables. It is not held while others are told.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping

#: Tells others of names that changed, keys by name and None for those that name nothing any more; and whether to wait
#: until they know.
Tell = Callable[[Mapping[str, str | None], bool], object]


class Names:
    """Names of results in one session.

    Parameters
    ----------
    tell
        Is called with each change that is made here.

    Examples
    --------
    >>> names = Names(lambda changes, wait: print(dict(changes)))
    >>> names.publish({"total": "k1"})
    {'total': 'k1'}
    >>> names.follow({"df": "k2", "t": "k3"})
    {'df': 'k2', 't': 'k3'}
    >>> names.follow({"df": "k4"})
    {'df': 'k4', 't': None}
    >>> dict(names.keys)
    {'total': 'k1', 'df': 'k4'}
    """

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self._lock = threading.Lock()
        self._keys: Mapping[str, str] = {}  # replaced, never changed
        self._variables: Mapping[str, str] = {}  # those of them that are the user's variables, as of the last cell

    @property
    def keys(self) -> Mapping[str, str]:
        """Keys of results by name."""
        return self._keys

    def learn(self, changes: Mapping[str, str | None]) -> None:
        """Take note of changes that others know of."""
        with self._lock:
            found = {**self._keys, **changes}
            self._keys = {name: key for name, key in found.items() if key is not None}

    def replace(self, keys: Mapping[str, str]) -> None:
        """Take note of all names there are, as others tell them."""
        with self._lock:
            self._keys = dict(keys)

    def publish(self, changes: Mapping[str, str | None], *, wait: bool = True) -> None:
        """Change names here and for others."""
        self.learn(changes)
        self._tell(changes, wait)

    def follow(self, variables: Mapping[str, str]) -> None:
        """Give the names of all of the user's variables that hold results, in place of those of the last cell."""
        with self._lock:
            before, self._variables = self._variables, dict(variables)
        changed: dict[str, str | None] = {name: key for name, key in variables.items() if before.get(name) != key}
        changed |= dict.fromkeys(before.keys() - variables.keys())
        if changed:
            self.publish(changed, wait=False)

    def take_over(self, other: Names, keys: Collection[str]) -> None:
        """Give the names that another session has for results of these keys, and go on from its variables."""
        found = {name: key for name, key in other.keys.items() if key in keys}
        if found:
            self.publish(found)
        with self._lock:
            self._variables = other._variables
