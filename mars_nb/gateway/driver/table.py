"""Sessions of a user by id and name, and when they end. Pure: the clock is injected."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

S = TypeVar("S")


@dataclass(eq=False)
class Entry(Generic[S]):
    """A session.

    Attributes
    ----------
    id
        Unlike any other's.
    name
        Unlike that of any other session of the user.
    content
        The session itself.
    created, used
        Seconds since the epoch.
    until
        It does not end before then, however long nobody uses it.
    notebook, kernel
        Who opened it, or attached to it last.
    attached
        How often somebody did.
    """

    id: str
    name: str
    content: S
    created: float
    used: float
    until: float = 0.0
    notebook: str = ""
    kernel: str = ""
    attached: int = 0


class Table(Generic[S]):
    """The sessions.

    Parameters
    ----------
    timeout_s
        Seconds without use after which a session ends.
    clock
        Gives seconds since the epoch.

    Examples
    --------
    >>> now = 0.0
    >>> table = Table(timeout_s=60.0, clock=lambda: now)
    >>> entry = table.add("id", None, "content")
    >>> entry.name, table.left(entry)
    ('cluster-1', 60.0)
    >>> now = 100.0
    >>> table.expired(is_busy=lambda content: False) == [entry], table.expired(is_busy=lambda content: True)
    (True, [])
    """

    def __init__(self, timeout_s: float, clock: Callable[[], float]) -> None:
        self._timeout_s = timeout_s
        self._clock = clock
        self._entries: dict[str, Entry[S]] = {}
        self._numbers = itertools.count(1)

    def __len__(self) -> int:
        return len(self._entries)

    def all(self) -> list[Entry[S]]:
        """List them, oldest first."""
        return list(self._entries.values())

    def get(self, id_: str) -> Entry[S] | None:
        """Find a session by its id; this is no use of it."""
        return self._entries.get(id_)

    def named(self, name: str) -> Entry[S] | None:
        """Find a session by its name."""
        return next((entry for entry in self._entries.values() if entry.name == name), None)

    def add(self, id_: str, name: str | None, content: S) -> Entry[S]:
        """Add a session; one without a name gets one that is free."""
        if name is None:
            free = (f"cluster-{number}" for number in self._numbers)
            name = next(candidate for candidate in free if self.named(candidate) is None)
        now = self._clock()
        entry = self._entries[id_] = Entry(id_, name, content, now, now)
        return entry

    def remove(self, id_: str) -> None:
        """Forget a session."""
        self._entries.pop(id_, None)

    def use(self, entry: Entry[S]) -> None:
        """Take note that somebody used it."""
        entry.used = self._clock()

    def extend(self, entry: Entry[S], seconds: float) -> None:
        """Let it live for at least so many seconds from now."""
        entry.until = max(entry.until, self._clock() + seconds)

    def left(self, entry: Entry[S]) -> float:
        """Tell in how many seconds it ends if nobody uses it."""
        return max(0.0, max(entry.used + self._timeout_s, entry.until) - self._clock())

    def expired(self, is_busy: Callable[[S], bool]) -> list[Entry[S]]:
        """List the sessions whose time is over. That something runs in one counts as use."""
        for entry in self._entries.values():
            if is_busy(entry.content):
                self.use(entry)
        return [entry for entry in self._entries.values() if not self.left(entry)]
