"""What a query tells while it runs, and what ends it: rows are looked at as they come from the inputs.

Polars runs a query in one call, on threads of its own, and knows neither progress nor a way to stop it. So a column of
each input passes by a function, together with the numbers of its rows: the last number tells how far the input was
read, whatever filters leave out. An exception there ends the query at the next batch of rows.

Concurrency
-----------
`Watch` is called by Polars's threads, several at a time. What they write are single items, and what is lost of them is
written anew by the next batch.

When the program ends, queries that still run are ended, too, and waited for: Polars's threads must not call an
interpreter that is gone.
"""

from __future__ import annotations

import atexit
import os
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import partial
from pathlib import Path
from typing import Any
from weakref import WeakSet

import polars as pl

from mars_nb.planner.columnar.values import NotColumnar
from mars_nb.scheduler.inside import Place, Unwanted
from mars_nb.text import size

#: What part of the work is done when all rows were read: groups are still to be put together, and rows to be sorted.
_READ = 0.9
#: Seconds between two looks at the memory.
_PERIOD = 0.05
#: Seconds that the end of the program waits for queries.
_PATIENCE = 2.0


def process_memory() -> int:
    """Tell the bytes of memory that this process has for itself; files that it looks into are not counted."""
    try:
        resident, shared = Path("/proc/self/statm").read_text().split()[1:3]
    except OSError:  # another system
        import psutil

        return int(psutil.Process().memory_info().rss)
    return (int(resident) - int(shared)) * os.sysconf("SC_PAGE_SIZE")


_ending = threading.Event()


def _end() -> None:
    """End the queries that run, and wait for it."""
    _ending.set()
    until = time.monotonic() + _PATIENCE
    for watch in list(_watches):
        watch.running.acquire(timeout=max(0.0, until - time.monotonic()))


atexit.register(_end)


class Watch:
    """Watches one query.

    Parameters
    ----------
    place
        Is told how far it is, and says whether to go on.
    room
        Bytes that the query may take; None for any number.
    memory
        Tells the bytes that the process has.
    clock
        Gives seconds.

    Attributes
    ----------
    running
        Is held while the query runs. A lock, because it is let go whatever exception comes at whatever moment.
    """

    def __init__(
        self,
        place: Place,
        room: int | None = None,
        memory: Callable[[], int] = process_memory,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.running = threading.Lock()
        self._place = place
        self._room = room
        self._memory = memory
        self._clock = clock
        self._before = 0 if room is None else memory()
        self._looked = clock()
        self._rows: list[int] = []  # of each input
        self._read: list[int] = []
        _watches.add(self)

    def past(self, lazy: pl.LazyFrame, column: str, kind: Any, number: str, rows: int | None) -> pl.LazyFrame:
        """Let rows pass by.

        Parameters
        ----------
        lazy
            An input.
        column, kind
            Name and type of a column that the query needs.
        number
            Name of the column with the numbers of rows, which the query does not need.
        rows
            How many there are, None if that is not known: then nothing is told of them.
        """
        self._rows.append(rows or 0)
        self._read.append(0)
        look = partial(self._look, len(self._rows) - 1)
        passed = pl.map_batches([column, number], look, return_dtype=kind, is_elementwise=True)
        return lazy.with_columns(passed.alias(column)).drop(number)

    def _look(self, which: int, columns: Sequence[pl.Series]) -> pl.Series:
        if _ending.is_set():
            raise Unwanted("the program ends")
        values, numbers = columns
        if len(numbers):
            self._read[which] = max(self._read[which], min(numbers[-1] + 1, self._rows[which]))
        every = sum(self._rows)
        self._place.reached(_READ * sum(self._read) / every if every else 0.0)
        self._look_at_memory()
        return values

    def _look_at_memory(self) -> None:
        now = self._clock()
        if self._room is None or now - self._looked < _PERIOD:
            return
        self._looked = now
        taken = self._memory() - self._before
        if taken > self._room:
            raise NotColumnar(f"{size(taken)} of memory taken, where the session has {size(self._room)} left")


_watches: WeakSet[Watch] = WeakSet()


def carrier(kinds: Mapping[str, Any], names: Iterable[str], decisive: AbstractSet[str]) -> str | None:
    """Choose the column that passes by.

    Parameters
    ----------
    kinds
        Polars types of columns.
    names
        Of those that there are.
    decisive
        Names of those that tell which rows are wanted: Polars could not look at one in the scan if it passed by.

    Returns
    -------
    str or None
        None if all are decisive.

    Examples
    --------
    >>> carrier({"c1": pl.Int64, "c2": pl.String, "c3": pl.Float64}, ["c1", "c2", "c3"], {"c1"})
    'c3'
    """
    spare = [name for name in names if name not in decisive]
    return min(spare, key=lambda name: (not kinds[name].is_numeric(), name), default=None)
