"""Places of files: patterns, other file systems by fsspec, and whether a file has changed."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Hashable, Iterable, Mapping
from typing import Any

_COMPRESSED = (".gz", ".bz2", ".zip", ".xz", ".zst", ".tar")

Options = Mapping[str, Any] | None


def is_url(path: str) -> bool:
    """Tell a file of another file system, such as ``s3://bucket/file.csv``.

    Examples
    --------
    >>> is_url("s3://bucket/file.csv"), is_url("C:/file.csv"), is_url("simplecache::s3://bucket/file.csv")
    (True, False, True)
    """
    return bool(re.match(r"[A-Za-z][A-Za-z0-9+\-.]*(::[A-Za-z][A-Za-z0-9+\-.]*)*://", path))


def listed(target: Any, options: Options = None, suffix: str = "") -> list[str] | None:
    """List the files that are meant, in order; None for what is no path, such as a buffer.

    Parameters
    ----------
    target
        A path, a pattern such as ``data/*.csv``, or a list of these.
    options
        Of the file system.
    suffix
        Takes the files of a folder that end so; folders are left as they are if it is empty.

    Raises
    ------
    FileNotFoundError
        If nothing fits a pattern.
    """
    if isinstance(target, list | tuple):
        several = [listed(item, options, suffix) for item in target]
        if not several or any(found is None for found in several):
            return None
        return [path for found in several for path in found or ()]
    if not isinstance(target, str | os.PathLike):
        return None
    path = settled_path(target)
    if is_url(path):
        return _listed_elsewhere(path, options)
    if glob.has_magic(path) and not os.path.exists(path):
        return _found(path, sorted(glob.glob(path)))
    if suffix and os.path.isdir(path):
        return _found(path, sorted(glob.glob(os.path.join(glob.escape(path), f"*{suffix}"))))
    return [path]


def settled_path(target: str | os.PathLike[str]) -> str:
    """Give a path that stays right when the user goes to another folder; URLs stay as they are."""
    path = os.path.expanduser(os.fspath(target))
    if is_url(path):
        return path
    return os.path.abspath(path) + os.sep * path.endswith(("/", os.sep))


def _found(pattern: str, paths: list[str]) -> list[str]:
    if not paths:
        raise FileNotFoundError(f"no file matches {pattern!r}")
    return paths


def _listed_elsewhere(url: str, options: Options) -> list[str]:
    if not glob.has_magic(url) or url.startswith(("http://", "https://")):
        return [url]
    files, path = file_system(url, options)
    return _found(url, [files.unstrip_protocol(name) for name in sorted(files.glob(path))])


def file_system(url: str, options: Options = None) -> tuple[Any, str]:
    """Give the file system of a URL, and the path in it."""
    from fsspec.core import url_to_fs

    files, path = url_to_fs(url, **(options or {}))
    return files, str(path)


def open_to_read(path: str, options: Options = None) -> Any:
    """Open a file to read its bytes, at any place of it."""
    if not is_url(path):
        return open(path, "rb")
    files, inner = file_system(path, options)
    return files.open(inner, "rb")


def size_of(path: str, options: Options = None) -> int | None:
    """Tell the bytes of a file; None for a folder, or where they cannot be told."""
    if not is_url(path):
        return os.path.getsize(path) if os.path.isfile(path) else None
    files, inner = file_system(path, options)
    size = files.info(inner).get("size")
    return None if size is None else int(size)


def is_compressed(path: str, compression: Any = "infer") -> bool:
    """Tell a file that can be read from its beginning only."""
    return path.endswith(_COMPRESSED) if compression == "infer" else compression is not None


def version(paths: Iterable[str], options: Options = None) -> Hashable:
    """Tell sizes and times of files: another value says that one of them was changed.

    A file that is not there has a version as well, which is unlike that of any file.
    """
    return tuple(_version(path, options) for path in paths)


def check_unchanged(path: str, versions: Hashable) -> None:
    """Refuse what was read of a file of this machine that is not as it was: parts of two files would be mixed.

    Parameters
    ----------
    path
        The file that was read.
    versions
        Of it and maybe others, as `version` told them.

    Raises
    ------
    OSError
        If it has changed.
    """
    if is_url(path) or not isinstance(versions, tuple):
        return
    if _version(path, None) not in versions:
        raise OSError(f"{path} was changed while it was read: execute again to read it anew")


def _version(path: str, options: Options) -> Hashable:
    if not is_url(path):
        if os.path.isdir(path):
            inside = sorted(os.path.join(top, name) for top, _, names in os.walk(path) for name in names)
            return path, version(inside)
        try:
            found = os.stat(path)
        except OSError:
            return path, None
        return path, found.st_size, found.st_mtime_ns
    try:
        files, inner = file_system(path, options)
        files.invalidate_cache(files._parent(inner))
        return path, files.ukey(inner)
    except (OSError, ImportError):
        return path, None
