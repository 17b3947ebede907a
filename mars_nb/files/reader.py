"""What all readers are: they read what lies in files or a database, in parts.

A reader never changes and keeps nothing open, so several threads may read parts by it at once, and it may be sent to
another process.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any

import pandas as pd


@dataclass(frozen=True, kw_only=True, eq=False)
class Reader(ABC):
    """Reads a value, in parts or whole.

    Attributes
    ----------
    count
        Number of parts; 1 if it is read as one.
    nbytes
        Bytes that it is likely to take in memory, where they can be told.
    again
        Makes a reader of what is there now.
    version
        Of the files when it was made; None for what has none.
    """

    count: int = 1
    nbytes: int | None = None
    again: Callable[[], Reader] | None = field(default=None, repr=False)
    version: Hashable = field(default=None, repr=False)

    @property
    @abstractmethod
    def origin(self) -> str:
        """What is read, in a few words."""

    @abstractmethod
    def whole(self) -> Any:
        """Read all of it, as pandas or numpy does."""

    def current_version(self) -> Hashable:
        """Tell the version of what is there now."""
        return None

    def __str__(self) -> str:
        return self.origin


@dataclass(frozen=True, kw_only=True, eq=False)
class FrameReader(Reader):
    """Reads a frame.

    Attributes
    ----------
    sample
        A few rows.
    lengths
        Rows of each part where they are known.
    """

    sample: pd.DataFrame
    lengths: tuple[int, ...] | None = None

    @property
    def rows(self) -> int | None:
        """Rows of the whole, where they are known."""
        return None if self.lengths is None else sum(self.lengths)

    @property
    def is_numbered(self) -> bool:
        """Whether the labels of the rows are their numbers; else `finish` needs no start."""
        return True

    def finish(self, frame: pd.DataFrame, start: int) -> pd.DataFrame:
        """Give a part its index; its first row is number `start` of the whole."""
        return frame.set_axis(pd.RangeIndex(start, start + len(frame)), axis=0)


class TypedReader(FrameReader):
    """A reader whose parts have the dtypes of the whole: the format says them."""

    @abstractmethod
    def read(self, part: int) -> pd.DataFrame:
        """Read a part."""

    def select(self, columns: list[Any]) -> TypedReader | None:
        """Give a reader of some columns, None where nothing is gained."""
        return None


class UntypedReader(FrameReader):
    """A reader whose parts are converted each by itself: their dtypes have to be settled against one another."""

    @abstractmethod
    def read(self, part: int) -> Any:
        """Read a part: what `repair` takes."""

    def note(self, part: Any) -> Any:
        """Tell of a part what `repair` of other parts must know; small."""
        return None

    def repair(self, number: int, part: Any, *notes: Any) -> pd.DataFrame | None:
        """Give the rows of a part, knowing of all others; None if only reading the whole tells them."""
        frame: pd.DataFrame | None = part
        return frame

    def group(self, part: int) -> int:
        """Tell the number of the file that a part is of: each is converted by itself, as `pandas.concat` has it."""
        return 0


def read(reader: Reader) -> Any:
    """Read all, in one; what reading nodes do where they have one part."""
    return reader.whole()


def noted(error: BaseException, origin: str) -> BaseException:
    """Add to an error what was read."""
    note = f"while reading {origin}"
    if note not in getattr(error, "__notes__", ()):
        error.add_note(note)
    return error
