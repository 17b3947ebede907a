"""What a session must know of a value on the cluster without bringing it."""

from __future__ import annotations

from typing import Any, NamedTuple

from dask.sizeof import sizeof

from mars_nb.planner.layout import described

#: Values of at most so many bytes are part of their description.
SMALL = 32 * 1024
_SAMPLE_ROWS = 5


class Description(NamedTuple):
    """What is known of an output without bringing it.

    Attributes
    ----------
    kind
        Type and shape; see `mars_nb.planner.layout.described`.
    nbytes
        Bytes in memory.
    sample
        First rows of what has rows, the dtype of an array.
    values
        The value itself if it is small, in a tuple.
    """

    kind: tuple[type, tuple[int, ...]]
    nbytes: int
    sample: Any
    values: tuple[Any, ...]


def describe(value: Any) -> Description:
    """Describe an output."""
    nbytes = int(sizeof(value))
    sample = value[:_SAMPLE_ROWS] if hasattr(value, "memory_usage") else getattr(value, "dtype", None)
    return Description(described(value), nbytes, sample, (value,) if nbytes <= SMALL else ())
