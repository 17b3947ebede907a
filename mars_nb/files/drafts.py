"""Writing in one step: what is written stands beside its place until it is whole.

A `Draft` is a folder beside the place. What is in it is put in place by renaming, after it has reached the disk. The
folder is removed when the write is done or given up, at the latest with the last object that holds the draft. A copy
that went to another process does not remove it.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import uuid
import weakref
from typing import Any

from mars_nb.files import places

_ATTEMPTS = 20


class Draft:
    """A folder for what is being written.

    Parameters
    ----------
    target
        Where it will be: a path or a URL.
    options
        Of the file system.
    """

    def __init__(self, target: str, options: places.Options = None) -> None:
        self.target = target
        self.options = options
        self._is_removed = False
        if places.is_url(target):
            self.folder = os.path.join(tempfile.gettempdir(), f"mars_nb-{uuid.uuid4().hex}")
        else:
            folder, name = os.path.split(os.path.abspath(target))
            self.folder = os.path.join(folder, f".{name.replace('*', '')}.{uuid.uuid4().hex[:8]}.draft")
        weakref.finalize(self, remove, self.folder)

    def __reduce__(self) -> Any:
        return _copied, (self.target, self.options, self.folder)

    def make(self) -> Draft:
        """Make the folder, once: what writes to it after it was removed fails.

        Raises
        ------
        FileNotFoundError
            If the draft was removed meanwhile: the write was given up.
        """
        if not self._is_removed:
            os.makedirs(self.parts, exist_ok=True)
        if self._is_removed:  # meanwhile: `remove` says so before it removes
            remove(self.folder)
            raise FileNotFoundError(f"the write to {self.target} was given up")
        return self

    @property
    def parts(self) -> str:
        """The folder in it for files that are put in place one by one."""
        return os.path.join(self.folder, "parts")

    def path(self, name: str) -> str:
        """Give the path of a file in the folder."""
        return os.path.join(self.folder, name)

    def remove(self) -> None:
        """Remove the folder; it is not made again."""
        self._is_removed = True
        remove(self.folder)

    # --- putting in place ----------------------------------------------------------------------------

    def publish(self, path: str, target: str | None = None) -> None:
        """Put a file of the draft in its place, in one step."""
        target = self.target if target is None else target
        if places.is_url(target):
            files, inner = places.file_system(target, self.options)
            beside = f"{inner}.{uuid.uuid4().hex[:8]}.draft"
            try:
                files.put_file(path, beside)
                files.mv(beside, inner)
            except BaseException:
                if files.exists(beside):
                    files.rm(beside)
                raise
            return
        _sync(path)
        os.replace(path, target)
        _sync(os.path.dirname(os.path.abspath(target)))

    def publish_folder(self, inside: str, is_ours: re.Pattern[str]) -> None:
        """Put a folder of the draft in its place; one that is there is replaced if all in it are files of ours.

        Raises
        ------
        FileExistsError
            If the folder that is there holds something else.
        """
        if places.is_url(self.target):
            files, inner = places.file_system(self.target, self.options)
            for name in sorted(os.listdir(inside)):
                self.publish(os.path.join(inside, name), files.unstrip_protocol(f"{inner.rstrip('/')}/{name}"))
            return
        target = self.target.rstrip(os.sep)
        refuse_foreign(target, is_ours)
        for name in os.listdir(inside):
            _sync(os.path.join(inside, name))
        old = self.path("replaced")
        is_there = os.path.isdir(target)
        if is_there:
            os.rename(target, old)
        try:
            os.rename(inside, target)
        except OSError:
            if is_there:
                os.rename(old, target)
            raise
        _sync(os.path.dirname(os.path.abspath(target)))


def remove(folder: str) -> None:
    """Remove a folder in which others may be making or removing files."""
    for _ in range(_ATTEMPTS):
        if not os.path.exists(folder):
            return
        shutil.rmtree(folder, ignore_errors=True)


def _copied(target: str, options: places.Options, folder: str) -> Draft:
    draft = object.__new__(Draft)
    draft.target, draft.options, draft.folder = target, options, folder
    draft._is_removed = False
    return draft


def refuse_foreign(folder: str, is_ours: re.Pattern[str]) -> None:
    """Refuse to replace a folder that holds more than files of ours.

    Raises
    ------
    FileExistsError
        If it does.
    """
    if not os.path.isdir(folder):
        return
    foreign = sorted(name for name in os.listdir(folder) if not is_ours.fullmatch(name))
    if foreign:
        raise FileExistsError(
            f"{folder!r} holds files that an earlier write did not make, such as {foreign[0]!r}: "
            "name another folder, or remove it"
        )


def _sync(path: str) -> None:
    """Have the disk keep what is in a file or folder."""
    try:
        handle = os.open(path, os.O_RDONLY)
    except OSError:  # a system that opens no folders
        return
    try:
        os.fsync(handle)
    except OSError:  # a file system that has nothing to wait for
        pass
    finally:
        os.close(handle)
