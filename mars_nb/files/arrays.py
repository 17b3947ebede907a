"""Arrays in files: numpy's own, HDF5 and zarr, of which each chunk is read by itself."""

from __future__ import annotations

import os
from abc import abstractmethod
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np

from mars_nb.files import places
from mars_nb.files.reader import Reader, noted

Chunks = tuple[tuple[int, ...], ...]
Window = tuple[slice, ...]
#: Decides the chunks, given the shape, the dtype and those of the file, where it has any.
Cut = Callable[[tuple[int, ...], np.dtype[Any], tuple[int, ...] | None], Chunks | None]


@dataclass(frozen=True, kw_only=True, eq=False)
class ArrayReader(Reader):
    """Reads an array.

    Attributes
    ----------
    path
        The file or folder.
    shape, dtype
        Of the array.
    chunks
        How it is cut; None for a single chunk.
    """

    path: str
    shape: tuple[int, ...] = ()
    dtype: np.dtype[Any] = field(default_factory=lambda: np.dtype(float))
    chunks: Chunks | None = None

    @property
    def origin(self) -> str:
        """The file."""
        return self.path

    def current_version(self) -> Hashable:
        """Tell the version of what is there now."""
        return places.version([self.path])

    def whole(self) -> Any:
        """Read all."""
        return self.read(tuple(slice(None) for _ in self.shape))

    def read(self, window: Window) -> Any:
        """Read a chunk."""
        try:
            return self._read(window)
        except Exception as error:
            raise noted(error, self.path) from None

    @abstractmethod
    def _read(self, window: Window) -> Any:
        """Read a chunk."""

    @abstractmethod
    def look(self) -> tuple[tuple[int, ...], np.dtype[Any], tuple[int, ...] | None]:
        """Tell shape, dtype, and the chunks of the file where it has any."""

    def cut(self, cut: Cut) -> ArrayReader:
        """Give a reader of what is there now, cut into chunks."""
        shape, dtype, file_chunks = self.look()
        chunks = cut(shape, dtype, file_chunks)
        count = 1 if chunks is None else int(np.prod([len(lengths) for lengths in chunks]))
        nbytes = int(np.prod(shape)) * dtype.itemsize
        how: dict[str, Any] = {"count": count, "nbytes": nbytes, "version": self.current_version()}
        return replace(self, shape=shape, dtype=dtype, chunks=chunks, again=partial(self.cut, cut), **how)


@dataclass(frozen=True, kw_only=True, eq=False)
class NpyReader(ArrayReader):
    """Reads a file of `numpy.save`, by a memory map."""

    def look(self) -> tuple[tuple[int, ...], np.dtype[Any], tuple[int, ...] | None]:
        """Read the header."""
        mapped = np.load(self.path, mmap_mode="r")
        return mapped.shape, mapped.dtype, None

    def _read(self, window: Window) -> Any:
        # A copy: the file may be written anew in place, which would change, or end, what is mapped.
        return np.array(np.load(self.path, mmap_mode="r")[window])


@dataclass(frozen=True, kw_only=True, eq=False)
class Hdf5Reader(ArrayReader):
    """Reads a data set of an HDF5 file.

    Attributes
    ----------
    dataset
        Its name.
    """

    dataset: str

    @property
    def origin(self) -> str:
        """The file and the data set."""
        return f"{self.dataset} of {self.path}"

    def look(self) -> tuple[tuple[int, ...], np.dtype[Any], tuple[int, ...] | None]:
        """Ask for shape and dtype."""
        import h5py

        with h5py.File(self.path, "r") as file:
            found = file[self.dataset]
            return found.shape, found.dtype, found.chunks

    def _read(self, window: Window) -> Any:
        import h5py

        with h5py.File(self.path, "r") as file:
            return file[self.dataset][window]


@dataclass(frozen=True, kw_only=True, eq=False)
class ZarrReader(ArrayReader):
    """Reads an array of zarr's.

    Attributes
    ----------
    name
        Of the array in its group; empty for none.
    """

    name: str = ""

    @property
    def origin(self) -> str:
        """The folder."""
        return os.path.join(self.path, self.name) if self.name else self.path

    def look(self) -> tuple[tuple[int, ...], np.dtype[Any], tuple[int, ...] | None]:
        """Ask for shape and dtype."""
        found = self._open()
        return found.shape, np.dtype(found.dtype), found.chunks

    def current_version(self) -> Hashable:
        """Tell the version of what is there now."""
        return places.version([self.origin])

    def _open(self) -> Any:
        import zarr

        return zarr.open_array(self.path, path=self.name, mode="r")

    def _read(self, window: Window) -> Any:
        return self._open()[window]
