"""Going through the rows of frames, series and indexes, of which one chunk at a time is in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from mars_nb.graph.claims import Claim
from mars_nb.graph.runtime import Shown, runtime
from mars_nb.graph.tileable import Tileable


def rows_of_parts(tileable: Tileable, rows: Callable[[Any], Iterable[Any]]) -> Iterator[Any]:
    """Execute where needed, and go through the rows of each chunk.

    Parameters
    ----------
    tileable
        A lazy object.
    rows
        Gives what is to be gone through of a chunk, which is pandas's own.
    """
    return _gone_through(runtime().readable(tileable), tileable._claim, rows)


def _gone_through(shown: Shown, claim: Claim, rows: Callable[[Any], Iterable[Any]]) -> Iterator[Any]:
    for part in shown.parts:  # the claim keeps them in the session meanwhile
        yield from rows(shown.read(part))
