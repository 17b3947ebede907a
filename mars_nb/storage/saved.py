"""Snapshots: directories of values that outlive the process.

A snapshot has a file for each value, named after the hash of what is in it, so that equal values are one file and no
file ever changes; and ``manifest.json``, which lists the files with their sizes and says what they are. It is there as
a whole or not at all: everything is written to a directory next to it and brought to disk before it gets its name. To
replace a snapshot, the new files are put beside the old ones, the new manifest takes the old one's place in one step,
and only then the old files go. Those that this process may still read, because it restored and holds them, stay.

Nothing that is read is trusted: a file is what its name says, lies in the directory itself, and is no link.

Concurrency
-----------
A `Writer` belongs to one thread. `SavedValue.read` may be called from any. One lock guards the set of saved values that
this process holds; it is held for that alone. Processes that replace the same snapshot take turns, by a lock on the
directory where the system has such locks.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import secrets
import shutil
import stat
import threading
import weakref
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Self

from mars_nb.storage import formats

MANIFEST = "manifest.json"
FORMAT = "mars_nb snapshot"
VERSION = 1
_NAME = re.compile(r"[0-9a-f]{64}\.(?:arrow|npy|json)")


class Damaged(Exception):
    """A snapshot is not what it was when it was saved, or is none; the text says which file and what is wrong."""


class SavedValue:
    """A value in a file of a snapshot.

    Attributes
    ----------
    path
        Of the file.
    kind
        One of `mars_nb.storage.formats.KINDS`.
    nbytes
        Size of the file.
    """

    __slots__ = ("__weakref__", "kind", "nbytes", "path")

    def __init__(self, path: Path, kind: str, nbytes: int) -> None:
        self.path = path
        self.kind = kind
        self.nbytes = nbytes
        with _held_lock:
            _held.add(self)

    def read(self) -> Any:
        """Read the value, and check that it is the one that was saved.

        Raises
        ------
        Damaged
            If it is not.
        OSError
            If the file cannot be read.
        """
        data = self.path.read_bytes()
        if _hash(data) != self.path.stem:
            raise Damaged(f"{self.path.name} was changed since it was saved")
        try:
            return formats.load(self.kind, data)
        except Exception as error:  # whatever Arrow, numpy or pandas says
            raise Damaged(f"{self.path.name} cannot be read as {self.kind}: {error}") from error


_held_lock = threading.Lock()
_held: weakref.WeakSet[SavedValue] = weakref.WeakSet()


def _hash(data: Any) -> str:
    return hashlib.blake2b(data, digest_size=32).hexdigest()


# --- writing --------------------------------------------------------------------------------------------------------


class Writer:
    """Writes a snapshot, in a ``with`` block; it gets its name at `finish`, and without that nothing is left.

    Parameters
    ----------
    path
        Name of the directory.
    overwrite
        Whether a snapshot of that name is replaced.

    Raises
    ------
    FileExistsError
        If there is something of that name, other than a snapshot that is to be replaced.
    OSError
        If it cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as place:
    ...     with Writer(Path(place, "results")) as writer:
    ...         saved = writer.add([1, 2])
    ...         writer.finish({"numbers": saved})
    ...     snapshot = Snapshot(Path(place, "results"))
    ...     snapshot.value(snapshot.content["numbers"]).read()
    [1, 2]
    """

    def __init__(self, path: Path, overwrite: bool = False) -> None:
        self.path = Path(os.path.realpath(path))
        self._overwrite = overwrite
        self._files: dict[str, int] = {}
        self._check_free()
        self._partial = self.path.with_name(f"{self.path.name}.partial-{secrets.token_hex(4)}")

    @property
    def nbytes(self) -> int:
        """Bytes of the files so far."""
        return sum(self._files.values())

    def __enter__(self) -> Self:
        self._partial.mkdir()
        return self

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self._partial, ignore_errors=True)

    def add(self, value: Any) -> dict[str, Any]:
        """Write a value to a file of its own.

        Returns
        -------
        dict
            What stands for it in the content; see `Snapshot.value`.

        Raises
        ------
        NotExact
            If it would not come back as it is.
        OSError
            If it cannot be written.
        """
        encoded = formats.dump(value)
        name = f"{_hash(encoded.data)}.{formats.KINDS[encoded.kind][1]}"
        if name not in self._files:
            _write(self._partial / name, encoded.data)
            self._files[name] = memoryview(encoded.data).nbytes
        return {"file": name, "kind": encoded.kind}

    def finish(self, content: Any) -> None:
        """Let the snapshot be there, with the values that were added.

        Parameters
        ----------
        content
            What they are: anything that `json` can write.
        """
        body = {"files": self._files, "content": content}
        head = {"format": FORMAT, "version": VERSION, "checksum": _hash(_canonical(body))}
        _write(self._partial / MANIFEST, json.dumps({**head, **body}, indent=1).encode())
        _sync_directory(self._partial)
        if os.path.lexists(self.path):
            self._replace()
        else:
            self._partial.rename(self.path)
        _sync_directory(self.path.parent)

    def _replace(self) -> None:
        with _alone(self.path):
            self._check_free()
            for name in self._files:
                os.replace(self._partial / name, self.path / name)
            _sync_directory(self.path)
            os.replace(self._partial / MANIFEST, self.path / MANIFEST)
            _sync_directory(self.path)
            with _held_lock:
                held = {value.path for value in _held}
            for entry in self.path.iterdir():
                if _NAME.fullmatch(entry.name) and entry.name not in self._files and entry not in held:
                    entry.unlink()

    def _check_free(self) -> None:
        if not os.path.lexists(self.path):
            return
        if not _is_snapshot(self.path):
            raise FileExistsError("there is something of that name that is no snapshot")
        if not self._overwrite:
            raise FileExistsError("there is a snapshot of that name")


def _is_snapshot(path: Path) -> bool:
    try:
        with open(path / MANIFEST, "rb") as file:
            return json.dumps(FORMAT).encode() in file.read(100)
    except OSError:
        return False


def _write(path: Path, data: Any) -> None:
    with open(path, "xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _canonical(body: Any) -> bytes:
    return json.dumps(body, sort_keys=True, separators=(",", ":")).encode()


def _sync_directory(path: Path) -> None:
    if os.name == "posix":  # elsewhere directories cannot be opened
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@contextlib.contextmanager
def _alone(directory: Path) -> Iterator[None]:
    """Let no other process replace the snapshot meanwhile."""
    if os.name != "posix":
        yield
        return
    import fcntl

    descriptor = os.open(directory, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


# --- reading --------------------------------------------------------------------------------------------------------


class Snapshot:
    """A snapshot whose files are all there and as they were saved.

    Parameters
    ----------
    path
        The directory.

    Attributes
    ----------
    path
        The directory.
    content
        What was given to `Writer.finish`.

    Raises
    ------
    Damaged
        If anything is missing, was changed, or is not known to this version.
    OSError
        If something cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self.path = Path(os.path.abspath(path))
        self.content, self._files = _manifest(self.path)
        for name, size in self._files.items():
            _check(self.path / name, size)

    @property
    def nbytes(self) -> int:
        """Bytes of the files."""
        return sum(self._files.values())

    def value(self, saved: Mapping[str, Any]) -> SavedValue:
        """Give the value that something in the content stands for.

        Raises
        ------
        Damaged
            If the snapshot has no such file.
        """
        name, kind = saved["file"], saved["kind"]
        if name not in self._files or kind not in formats.KINDS:
            raise Damaged(f"{MANIFEST} names a file that is not listed: {name!r}")
        return SavedValue(self.path / name, kind, self._files[name])


def _manifest(directory: Path) -> tuple[Any, dict[str, int]]:
    try:
        manifest = json.loads((directory / MANIFEST).read_bytes())
        version = manifest["version"] if manifest["format"] == FORMAT else None
    except (FileNotFoundError, NotADirectoryError):
        raise Damaged(_why_no_manifest(directory)) from None
    except (ValueError, KeyError, TypeError, RecursionError):
        version = None
    if version is None:
        raise Damaged(f"{MANIFEST} is damaged, or is none of a snapshot")
    if version != VERSION:
        raise Damaged(f"it was saved by another version of mars_nb: format {version!r}, this one reads {VERSION}")
    try:
        files, body = manifest["files"], {"files": manifest["files"], "content": manifest["content"]}
        right = manifest["checksum"] == _hash(_canonical(body))
        sound = all(_NAME.fullmatch(name) and type(size) is int for name, size in files.items())
    except (KeyError, AttributeError, TypeError):
        right = False
    if not right:
        raise Damaged(f"{MANIFEST} was changed since it was saved")
    if not sound:
        raise Damaged(f"{MANIFEST} names a file that is none of a snapshot")
    return body["content"], files


def _why_no_manifest(directory: Path) -> str:
    if not os.path.lexists(directory):
        return "there is no such directory"
    if not directory.is_dir():
        return "it is no directory"
    return f"it has no {MANIFEST}: it is no snapshot, or its writing was cut short"


def _check(path: Path, size: int) -> None:
    try:
        found = path.lstat()
    except FileNotFoundError:
        raise Damaged(f"{path.name} is missing") from None
    if not stat.S_ISREG(found.st_mode):
        raise Damaged(f"{path.name} is no plain file")
    if found.st_size != size:
        raise Damaged(f"{path.name} has {found.st_size:,} bytes instead of {size:,}")
    with open(path, "rb") as file:
        digest = hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=32))
    if digest.hexdigest() != path.stem:
        raise Damaged(f"{path.name} was changed since it was saved")
