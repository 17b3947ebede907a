"""Requests that are not served: what the gateway and the drivers answer then."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tornado import web


class Refused(web.HTTPError):
    """A request that is not served; says why.

    Parameters
    ----------
    status
        Of HTTP.
    kind
        The error's code.
    text
        What is wrong.
    hints
        What to do next.
    more
        What else the client must know, as ``retry_after``: seconds after which it may be tried again.

    Examples
    --------
    >>> Refused(429, "too-fast", "too many requests", retry_after=0.5).body
    {'error': 'too many requests', 'kind': 'too-fast', 'hints': [], 'retry_after': 0.5}
    """

    def __init__(self, status: int, kind: str, text: str, hints: Sequence[str] = (), **more: Any) -> None:
        super().__init__(status)
        self.body: dict[str, Any] = {"error": text, "kind": kind, "hints": list(hints), **more}


def not_found() -> Refused:
    """Make the error for a path that does not exist."""
    return Refused(404, "not-found", "there is no such thing")


def no_session() -> Refused:
    """Make the error for a session that does not exist, or is another user's: the same."""
    return Refused(404, "not-found", "there is no such session", ["session = mars_nb.new_session(URL)"])
