"""How often something costly may be done."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

#: Seconds from one time to the next at least: a little more than ten messages a second would be too many.
PERIOD = 0.125
#: The share of a processor that looking at what is held and named may take, and the one of all the rest.
RESULTS_SHARE, MOST_SHARE = 0.005, 0.015


class Pace:
    """Lets something be done so often only that it takes a share of a processor.

    Parameters
    ----------
    share
        Of a processor.
    clock, cost
        Give seconds: the time, and what this thread has worked.

    Attributes
    ----------
    earliest
        When it may be done next.

    Examples
    --------
    >>> pace = Pace(0.01, clock=lambda: 5.0, cost=iter([0.0, 0.02, 0.5, 0.52]).__next__)
    >>> with pace.working():
    ...     pass
    >>> pace.earliest
    5.125
    >>> with pace.working():
    ...     pass
    >>> pace.earliest
    7.0
    """

    def __init__(
        self,
        share: float,
        clock: Callable[[], float] = time.monotonic,
        cost: Callable[[], float] = time.thread_time,
    ) -> None:
        self.earliest = 0.0
        self._share = share
        self._clock = clock
        self._cost = cost
        self._last = 0.0  # what it cost

    @property
    def wait(self) -> float:
        """Seconds until it may be done."""
        return max(0.0, self.earliest - self._clock())

    @contextmanager
    def working(self) -> Iterator[None]:
        """Measure what is done."""
        began = self._cost()
        try:
            yield
        finally:
            # The lesser of two: now and then one pays for the garbage collector, the first one for imports and caches.
            last, self._last = self._last, self._cost() - began
            self.earliest = self._clock() + max(PERIOD, min(last, self._last) / self._share)
