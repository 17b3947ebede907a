"""What a task may tell and ask while it runs: how far it is, and whether anybody still waits for it.

Most tasks are short and do neither. One that takes long on threads of its own, such as a query of a columnar engine,
asks for the `current` place on the thread that it was called on, and may call it from any other.

Concurrency
-----------
`Place.reached` may be called from any thread, and takes no lock.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol


class Unwanted(Exception):
    """Is raised in a task whose run is over: nobody waits for its value."""


class Place(Protocol):
    """Where a task runs."""

    def reached(self, part: float) -> None:
        """Take note of what part of the running task is done, from 0 to 1.

        Raises
        ------
        Unwanted
            If nobody waits for the task any more.
        """


class _Nowhere:
    """The place of a function that is called outside of a run."""

    def reached(self, part: float) -> None:
        """Take note of nothing."""


class Nested:
    """The place of tasks of a run that a task carries out itself.

    Parameters
    ----------
    is_over
        Tells whether that run is over.
    outer
        Where the task runs.
    """

    def __init__(self, is_over: Callable[[], bool], outer: Place) -> None:
        self._is_over = is_over
        self._outer = outer

    def reached(self, part: float) -> None:
        """Take note of nothing: what part of the outer task this is nobody knows."""
        if self._is_over():
            raise Unwanted("the run is over")
        self._outer.reached(0.0)


_nowhere = _Nowhere()
_here = threading.local()


def current() -> Place:
    """Give the place of the task that runs on this thread.

    Examples
    --------
    >>> from mars_nb.scheduler.inside import at, current
    >>> class Bar:
    ...     def reached(self, part):
    ...         print(f"{part:.0%}")
    >>> with at(Bar()):
    ...     current().reached(0.25)
    25%
    """
    place: Place = getattr(_here, "place", _nowhere)
    return place


@contextmanager
def at(place: Place) -> Iterator[None]:
    """Let tasks that run on this thread be at a place, for the time of the block."""
    before = current()
    _here.place = place
    try:
        yield
    finally:
        _here.place = before
