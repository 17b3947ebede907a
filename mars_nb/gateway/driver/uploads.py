"""Large buffers of recordings: files that are mapped into memory, named by their content.

The system takes their pages from memory and brings them back as it needs, and an array is a view of them. A file has no
name once it is complete, so it is gone when nothing refers to the mapping any more, and with the process in any case.
What a recording is to refer to is kept for a while until it comes.
"""

from __future__ import annotations

import hashlib
import mmap
import tempfile
import weakref
from collections.abc import Callable, Iterable

from mars_nb.session.backends.gateway.recordings import DIGEST_BYTES

#: Seconds for which a buffer is kept that nothing refers to.
KEPT_S = 120.0


class WrongDigest(ValueError):
    """The content is not what its name says, or not all of it came."""


class Incoming:
    """A buffer that is being uploaded; to be closed, which lets a half go."""

    def __init__(self, folder: str) -> None:
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115  # see close
        self._hash = hashlib.blake2b(digest_size=DIGEST_BYTES)

    def write(self, piece: bytes) -> None:
        """Take the next piece."""
        self._file.write(piece)
        self._hash.update(piece)

    def mapped(self, digest: str) -> mmap.mmap:
        """Give the whole, once it is complete.

        Raises
        ------
        WrongDigest
            If it is not what was announced.
        """
        if self._hash.hexdigest() != digest:
            raise WrongDigest
        self._file.flush()
        return mmap.mmap(self._file.fileno(), 0, access=mmap.ACCESS_READ)

    def close(self) -> None:
        """Let the file go; what was mapped stays."""
        self._file.close()


class Uploads:
    """The buffers of all sessions of a driver. Used on one thread.

    Parameters
    ----------
    folder
        Takes the files.
    clock
        Gives seconds.
    """

    def __init__(self, folder: str, clock: Callable[[], float]) -> None:
        self._folder = folder
        self._clock = clock
        self._known: weakref.WeakValueDictionary[str, mmap.mmap] = weakref.WeakValueDictionary()
        self._kept: dict[str, tuple[float, mmap.mmap]] = {}  # until something refers to them

    def __contains__(self, digest: str) -> bool:
        return digest in self._known

    def begin(self) -> Incoming:
        """Begin to take a buffer."""
        return Incoming(self._folder)

    def add(self, digest: str, buffer: mmap.mmap) -> None:
        """Keep a buffer for a while."""
        self._known[digest] = buffer
        self._kept[digest] = (self._clock() + KEPT_S, buffer)

    def get(self, digests: Iterable[str]) -> list[mmap.mmap]:
        """Give buffers.

        Raises
        ------
        KeyError
            If one is not there.
        """
        return [self._known[digest] for digest in digests]

    def forget_old(self) -> None:
        """Let go of what was kept long enough."""
        now = self._clock()
        self._kept = {digest: kept for digest, kept in self._kept.items() if kept[0] > now}
