"""Several values that one task gives, for tasks that need one of them each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any


class Pieces:
    """What a task gives that cuts a value up: a shuffle's first half.

    The pieces are kept one by one, so that a task which needs one piece of each of many values does not have to bring
    all of them into memory.

    Parameters
    ----------
    items
        The pieces, none of them a view of something larger.

    Examples
    --------
    >>> pieces = Pieces(["a", "b"])
    >>> pieces.take(1)
    'b'
    """

    __slots__ = ("_get", "_items", "nbytes")

    def __init__(self, items: Sequence[Any]) -> None:
        self._items: list[Any] = list(items)
        self._get: Callable[[Any], Any] | None = None
        self.nbytes = 0

    def keep(self, hold: Callable[[Any], Any], get: Callable[[Any], Any]) -> None:
        """Let a keeper hold the pieces: `hold` gives what stands for one, `get` turns that back."""
        self._items = [hold(item) for item in self._items]
        self._get = get
        self.nbytes = sum(getattr(item, "nbytes", 0) for item in self._items)

    def __iter__(self) -> Iterator[Any]:
        """Give what stands for the pieces that were not taken."""
        return (item for item in self._items if item is not None)

    def take(self, number: int) -> Any:
        """Give a piece and let it go: each piece is taken once."""
        item = self.peek(number)
        self._items[number] = None
        return item

    def peek(self, number: int) -> Any:
        """Give a piece and keep it."""
        item = self._items[number]
        return item if self._get is None else self._get(item)
