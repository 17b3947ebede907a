"""Values in memory up to a limit; beyond it the least recently used ones are on disk.

Concurrency
-----------
`SpillBuffer.hold` and `Held.get` may be called from any thread; they may write or read a file, so no lock of the
caller's may be held. Below them are a `zict.LRU` and a `zict.File`, which are made for threads and do their I/O
without their locks. (Not `zict.Buffer`: it fails when two threads bring the same value back, and writes a value again
each time it is pushed out.) A value that was written stays on disk until it dies, so that it is written once; it is
in memory again where there is room. Values are written one at a time, under ``_evicting``. A `Held` may die in any
thread at any moment, even inside a call of the buffer: then its key goes on a list, which the next call works off.
"""

from __future__ import annotations

import itertools
import threading
import weakref
from collections import deque
from collections.abc import Callable, Iterator, MutableMapping
from typing import Any, NamedTuple

import numpy as np
import zict

from mars_nb.storage import allocator, directory, frames
from mars_nb.storage.compact import compact

#: Values of fewer bytes are neither counted nor spilled.
SMALL = 4096
# Whether to give memory back to the system is looked at after so much has passed: a part of the limit.
_GIVE_BACK_PART = 16
_MISSING = object()
_PLAIN = (int, float, bool, complex, str, bytes, type(None), np.generic)


class DiskError(OSError):
    """A value could not be written to disk, and there was no room for it in memory."""


class OnDisk(NamedTuple):
    """Given to `SpillBuffer.hold` in place of a value that somebody else keeps on disk: it is read when it is needed.

    Attributes
    ----------
    read
        Reads the value.
    nbytes
        Bytes that it takes in memory.
    note
        What is to be noted of it.
    """

    read: Callable[[], Any]
    nbytes: int
    note: Any


class Held:
    """A value that may be on disk. When it dies, the memory or file is freed.

    Attributes
    ----------
    nbytes
        Bytes in memory, or that it would take there.
    note
        What was noted of the value, to know without bringing it into memory.
    """

    __slots__ = ("_buffer", "_key", "nbytes", "note")

    def __init__(self, buffer: SpillBuffer, key: str, nbytes: int, note: Any) -> None:
        self._buffer = buffer
        self._key = key
        self.nbytes = nbytes
        self.note = note

    def get(self) -> Any:
        """Give the value, from memory or disk."""
        return self._buffer._get(self._key)

    @property
    def spilled(self) -> bool:
        """Whether the value is on disk."""
        return self._buffer._on_disk(self._key)

    def __del__(self) -> None:
        self._buffer._let_go(self._key)


class Peak:
    """The most bytes that a buffer had in memory since `SpillBuffer.watch` gave this, as long as it is alive.

    Attributes
    ----------
    nbytes
        How many.
    """

    __slots__ = ("__weakref__", "nbytes")

    def __init__(self, nbytes: int) -> None:
        self.nbytes = nbytes


class _Unspillable:
    """What stands on "disk" for a value that cannot be pickled: the value."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value


class _Disk(MutableMapping[str, Any]):
    """Files by key, in a directory that is made when first needed; values that cannot be pickled stay in memory."""

    def __init__(self, parent: str | None) -> None:
        self._parent = parent
        self._lock = threading.Lock()
        self._file: zict.File | None = None
        self._unspillable: dict[str, _Unspillable] = {}
        self._elsewhere: dict[str, Callable[[], Any]] = {}
        self._sizes: dict[str, int] = {}

    @property
    def nbytes(self) -> int:
        """Bytes of the files."""
        return sum(list(self._sizes.values()))

    def has_file(self, key: str) -> bool:
        """Tell whether a value is in a file, ours or somebody else's."""
        return key in self._sizes or key in self._elsewhere

    def __setitem__(self, key: str, value: Any) -> None:
        try:
            pieces = frames.dump(value)
        except Exception:  # whatever a class of the user's raises when pickled
            self._unspillable[key] = _Unspillable(value)
            return
        try:
            self._files()[key] = pieces
        except OSError as error:
            raise DiskError(error.errno, f"cannot write to disk ({error.strerror})", error.filename) from error
        self._sizes[key] = sum(memoryview(piece).nbytes for piece in pieces)

    def _files(self) -> zict.File:
        with self._lock:
            if self._file is None:
                self._file = zict.File(directory.make(self._parent))
            return self._file

    def adopt(self, key: str, read: Callable[[], Any]) -> None:
        """Take a value that somebody else keeps."""
        self._elsewhere[key] = read

    def __getitem__(self, key: str) -> Any:
        kept = self._unspillable.get(key)
        if kept is not None:
            return kept.value
        read = self._elsewhere.get(key)
        if read is not None:
            return read()
        if self._file is None:
            raise KeyError(key)
        return frames.load(self._file[key])

    def __delitem__(self, key: str) -> None:
        if key not in self:
            raise KeyError(key)
        self.discard(key)

    def discard(self, key: str) -> None:
        """Delete a value where it is there, without reading it. Two threads may do so at once."""
        self._sizes.pop(key, None)
        self._unspillable.pop(key, None)
        self._elsewhere.pop(key, None)
        if self._file is not None:
            self._file.discard(key)

    def __contains__(self, key: object) -> bool:
        kept = key in self._unspillable or key in self._elsewhere
        return kept or (self._file is not None and key in self._file)

    def __iter__(self) -> Iterator[str]:
        return iter([*self._unspillable, *self._elsewhere, *(self._file or ())])

    def __len__(self) -> int:
        return len(self._unspillable) + len(self._elsewhere) + len(self._file or ())

    def close(self) -> None:
        """Remove the directory."""
        with self._lock:
            file, self._file = self._file, None
        self._unspillable.clear()
        self._elsewhere.clear()
        self._sizes.clear()
        if file is not None:
            directory.remove(file.directory)


class SpillBuffer:
    """Holds values in memory up to a limit, and the least recently used ones beyond it on disk.

    Parameters
    ----------
    limit
        Bytes in memory.
    sizeof
        Tells the bytes of a value.
    parent
        Where the private directory is made; the system's place for temporary files if not given.
    note
        Tells what is to be noted of a value.

    Attributes
    ----------
    relieve
        Lets go of values that can be missed, some at each call, and tells whether there were any. It is called before
        values are put on disk.

    Examples
    --------
    >>> import numpy as np
    >>> buffer = SpillBuffer(100_000, lambda value: value.nbytes)
    >>> held = [buffer.hold(np.full(10_000, i)) for i in range(3)]
    >>> buffer.memory, buffer.disk > 160_000, [h.get()[0] for h in held]
    (80000, True, [np.int64(0), np.int64(1), np.int64(2)])
    >>> del held
    >>> buffer.memory, buffer.disk
    (0, 0)
    >>> buffer.close()
    """

    def __init__(
        self,
        limit: int,
        sizeof: Callable[[Any], int],
        parent: str | None = None,
        note: Callable[[Any], Any] = lambda value: None,
    ) -> None:
        self.limit = limit
        self.relieve: Callable[[], bool] = bool  # nothing can be missed
        self._sizeof = sizeof
        self._note = note
        self._disk = _Disk(parent)
        self._weights: dict[str, int] = {}
        self._memory: zict.LRU[str, Any] = zict.LRU(
            limit, {}, weight=self._weight, on_evict=self._write, on_cancel_evict=self._unwrite
        )
        self._names = map(str, itertools.count())
        self._peaks: tuple[weakref.ref[Peak], ...] = ()  # replaced, never changed: `hold` reads it without a lock
        self._watching = threading.Lock()
        self._released: deque[str] = deque()
        self._passed = 0  # bytes that were held or read from disk since memory was given back to the system
        self._inside = threading.local()
        self._evicting = threading.Lock()

    @property
    def memory(self) -> int:
        """Bytes of the values that are in memory."""
        return int(self._memory.total_weight)

    @property
    def disk(self) -> int:
        """Bytes of the files."""
        return self._disk.nbytes

    def watch(self) -> Peak:
        """Note from now on how much is in memory at most."""
        peak = Peak(self.memory)
        with self._watching:
            self._peaks = (*(old for old in self._peaks if old() is not None), weakref.ref(peak))
        return peak

    def hold(self, value: Any, *, fresh: bool = False) -> Any:
        """Take a value.

        Parameters
        ----------
        value
            Anything, or an `OnDisk`.
        fresh
            Whether it is known to be no view of something larger.

        Returns
        -------
        object
            A `Held`, or the value itself if it is small or held already.

        Raises
        ------
        DiskError
            If other values had to make room and could not be written. The value is not held; all others still are.
        """
        if isinstance(value, _PLAIN) or type(value) is Held:
            return value
        if type(value) is OnDisk:
            return self._adopt(value)
        value = value if fresh else compact(value)
        nbytes = int(self._sizeof(value))
        if nbytes < SMALL:
            return value
        while self.memory + nbytes > self.limit and self.relieve():
            pass
        key = next(self._names)
        self._weights[key] = nbytes
        held = Held(self, key, nbytes, self._note(value))
        self._inside.depth = getattr(self._inside, "depth", 0) + 1
        try:
            self._memory.set_noevict(key, value)
            self._note_peaks(min(self.memory, self.limit))
            if self.memory > self.limit:
                # One at a time: a second thread would spin over the value that the first is writing.
                with self._evicting:
                    allocator.tighten()
                    self._memory.evict_until_below_target()
        finally:
            self._inside.depth -= 1
            self._work_off()
        self._count(nbytes)
        return held

    def _adopt(self, value: OnDisk) -> Held:
        key = next(self._names)
        self._weights[key] = value.nbytes
        self._disk.adopt(key, value.read)
        return Held(self, key, value.nbytes, value.note)

    def _note_peaks(self, nbytes: int) -> None:
        for watched in self._peaks:
            peak = watched()
            if peak is not None and peak.nbytes < nbytes:
                peak.nbytes = nbytes

    def close(self) -> None:
        """Let all values go and remove the directory."""
        self._memory.clear()
        self._disk.close()

    def _weight(self, key: str, value: Any) -> float:
        return self._weights.get(key, 0)

    def _count(self, nbytes: int) -> None:
        """Give memory back when much has passed and the process has more than it needs. A lost update does no harm."""
        self._passed += nbytes
        if self._passed > self.limit // _GIVE_BACK_PART:
            self._passed = 0
            if allocator.resident() > self.limit:
                allocator.give_back()

    def _write(self, key: str, value: Any) -> None:
        if key not in self._disk:
            self._disk[key] = value

    def _unwrite(self, key: str, value: Any) -> None:
        """Forget a value that died while it was being written."""
        self._disk.discard(key)

    def _get(self, key: str) -> Any:
        self._inside.depth = getattr(self._inside, "depth", 0) + 1
        try:
            value = self._memory.get(key, _MISSING)
            if value is _MISSING:
                value = self._disk[key]
                self._count(self._weights[key])
                # Back into memory only where there is room: else it would push out what is used as much.
                if self.memory + self._weights[key] <= self.limit:
                    self._memory.set_noevict(key, value)
            return value
        finally:
            self._inside.depth -= 1
            self._work_off()

    def _on_disk(self, key: str) -> bool:
        return key not in self._memory and self._disk.has_file(key)

    def _let_go(self, key: str) -> None:
        self._released.append(key)
        if not getattr(self._inside, "depth", 0):
            self._work_off()

    def _work_off(self) -> None:
        if getattr(self._inside, "depth", 0):
            return
        while self._released:
            try:
                key = self._released.popleft()
            except IndexError:  # another thread was quicker
                return
            self._weights.pop(key, None)
            self._memory.discard(key)
            self._disk.discard(key)
