"""Answers in parts: what may be large becomes chunks, as other frames are."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import polars as pl

from mars_nb.planner.columnar.hand_over import Shape

#: Bytes from which on an answer is cut, and bytes of a part.
LEAST_BYTES, PART_BYTES = 2**26, 2**25


@dataclass(frozen=True)
class Part:
    """Some rows of an answer, which are not of pandas yet.

    Attributes
    ----------
    frame
        The rows.
    start
        Number of the first.
    shape
        What all rows together are in pandas.
    """

    frame: pl.DataFrame
    start: int
    shape: Shape

    def __sizeof__(self) -> int:
        return object.__sizeof__(self) + int(self.frame.estimated_size())

    def of_pandas(self) -> Any:
        """Give the rows as a chunk."""
        return self.shape.of_pandas(self.frame, self.start)


def parts_for(nbytes: int) -> int:
    """Tell into how many parts an answer is cut that has so many bytes at the most.

    Examples
    --------
    >>> parts_for(0), parts_for(2**25), parts_for(2**30)
    (1, 1, 32)
    """
    return -(-nbytes // PART_BYTES) if nbytes >= LEAST_BYTES else 1


def parts(found: pl.DataFrame, shape: Shape, number: int) -> list[Part]:
    """Cut an answer into parts of about equal size; where that would make them small the last ones are empty."""
    filled = min(number, -(-int(found.estimated_size()) // PART_BYTES)) or 1
    shape = shape.settled(found)
    cuts = [found.height * i // filled for i in range(filled)] + [found.height] * (number - filled + 1)
    return [Part(found[start:stop], start, shape) for start, stop in itertools.pairwise(cuts)]
