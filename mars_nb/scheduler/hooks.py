"""What a scheduler may be given by whoever uses it."""

from __future__ import annotations

from typing import Any, Protocol


class Keeper(Protocol):
    """Keeps the values of tasks, in memory or elsewhere. Called without a lock held; may take its time."""

    @property
    def limit(self) -> int:
        """Bytes beyond which memory is short."""

    def hold(self, value: Any) -> Any:
        """Give what stands for a value from now on."""

    def get(self, held: Any) -> Any:
        """Give the value that something stands for."""


class Gauge(Protocol):
    """Knows how many tasks run side by side, to share the cores out.

    Attributes
    ----------
    turn
        Changes when workers have to `follow`.
    """

    turn: int

    def prepare(self) -> None:
        """Get ready for tasks side by side. Called without a lock held; may take its time."""

    def busy(self, scheduler: object, workers: int) -> float:
        """Take note of how many workers of a scheduler do not rest, 1 if only one can have anything to do.

        Called with the scheduler's lock held, when that changes and not for each task. Must be quick.

        Returns
        -------
        float
            Seconds after which it wants to hear the number again if nothing changes, 0 if it does not.
        """

    def follow(self) -> int:
        """Change what belongs to the calling thread; gives `turn`. Called by workers, without a lock held."""
