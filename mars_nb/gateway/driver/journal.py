"""The events of a session, kept for those who come back. Pure."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Mapping
from typing import Any


class Journal:
    """Numbers events from 1 without a gap, and keeps the last ones.

    Parameters
    ----------
    most, most_bytes
        How many are kept.

    Examples
    --------
    >>> journal = Journal(most=2)
    >>> [journal.add({"event": name}) for name in "abc"][2]
    '{"seq":3,"event":"c"}'
    >>> len(journal.since(1)), journal.since(3), journal.since(0) is None
    (2, [], True)
    """

    def __init__(self, most: int = 10_000, most_bytes: int = 8 << 20) -> None:
        self._most = most
        self._most_bytes = most_bytes
        self._kept: deque[str] = deque()
        self._nbytes = 0
        #: Number of the last event.
        self.last = 0

    def add(self, event: Mapping[str, Any]) -> str:
        """Add an event under the next number, and give its text."""
        self.last += 1
        text = json.dumps({"seq": self.last, **event}, separators=(",", ":"))
        self._kept.append(text)
        self._nbytes += len(text)
        while len(self._kept) > self._most or (self._nbytes > self._most_bytes and len(self._kept) > 1):
            self._nbytes -= len(self._kept.popleft())
        return text

    def since(self, number: int) -> list[str] | None:
        """Give the events after that number, None if some are not kept any more or never were."""
        wanted = self.last - number
        if not 0 <= wanted <= len(self._kept):
            return None
        return [self._kept[index] for index in range(len(self._kept) - wanted, len(self._kept))]
