"""Errors that come up while an operation is recorded: they are raised on the user's line."""

from __future__ import annotations

from collections.abc import Callable


def _nothing(error: BaseException) -> None:
    """Tell nobody."""


#: Hears of each such error before it reaches the user; whoever puts the parts together may replace it.
tell: Callable[[BaseException], None] = _nothing
