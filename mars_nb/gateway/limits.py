"""How much is let through: rates, sizes, numbers at a time. Pure: the clock is injected."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

Clock = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Limits:
    """What the gateway lets through.

    Attributes
    ----------
    json, recording, upload
        Bytes of one body.
    rate, burst
        Requests a second of one user, and how many may come at once after a pause.
    requests, sockets
        Requests and event streams of one user at a time.
    """

    json: int = 2**20
    recording: int = 64 * 2**20
    upload: int = 4 * 2**30
    rate: float = 1000.0
    burst: int = 2000
    requests: int = 256
    sockets: int = 256


class Bucket:
    """Tokens that come back at a rate, as many as the burst at most; each request takes one.

    >>> bucket = Bucket(rate=2.0, burst=1, now=0.0)
    >>> bucket.take(0.0), bucket.take(0.0), bucket.take(0.5)
    (0.0, 0.5, 0.0)
    """

    def __init__(self, rate: float, burst: int, now: float) -> None:
        self._rate = rate
        self._burst = burst
        self._left = float(burst)
        self._at = now

    def take(self, now: float) -> float:
        """Take one and give 0; if there is none, give the seconds until there is one."""
        self._left = min(self._burst, self._left + max(0.0, now - self._at) * self._rate)
        self._at = now
        if self._left >= 1:
            self._left -= 1
            return 0.0
        return (1 - self._left) / self._rate


class Rates:
    """A bucket for each user."""

    def __init__(self, limits: Limits, clock: Clock) -> None:
        self._limits = limits
        self._clock = clock
        self._buckets: dict[str, Bucket] = {}  # as many as there are users

    def take(self, name: str) -> float:
        """Let one request of a user through and give 0, or give the seconds to wait."""
        now = self._clock()
        if name not in self._buckets:
            self._buckets[name] = Bucket(self._limits.rate, self._limits.burst, now)
        return self._buckets[name].take(now)


class AtATime:
    """Counts what is under way for each user."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._counts: Counter[str] = Counter()

    def __len__(self) -> int:
        return self._counts.total()

    def full(self, name: str) -> bool:
        """Tell whether a user has as many as there may be."""
        return self._counts[name] >= self._most

    @contextmanager
    def one(self, name: str) -> Iterator[None]:
        """Count one for as long as the block runs."""
        self._counts[name] += 1
        try:
            yield
        finally:
            self._counts[name] -= 1
