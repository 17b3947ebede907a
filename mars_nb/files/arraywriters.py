"""Arrays to files: each chunk goes to its place in a draft, which is put in place at last."""

from __future__ import annotations

import os
import shutil
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mars_nb.files.arrays import Chunks, Window
from mars_nb.files.drafts import Draft
from mars_nb.files.writer import Writer


@dataclass(frozen=True, kw_only=True, eq=False)
class ArrayWriter(Writer, ABC):
    """Writes an array, chunk by chunk.

    `begin` is called once, `part` for several chunks at once, and `finish` once, when all are there.
    """

    method: str = ""
    arguments: Mapping[str, Any] = field(default_factory=dict)

    def write(self, value: Any) -> None:
        """Write all."""
        array = np.asanyarray(value)
        chunks = tuple((length,) for length in array.shape)
        draft = self.begun().make()
        try:
            self.begin(draft, chunks, array)
            self.part(draft, tuple(slice(0, length) for length in array.shape), array)
            self.finish(draft)
        finally:
            draft.remove()

    @abstractmethod
    def begin(self, draft: Draft, chunks: Chunks, example: Any) -> None:
        """Make room for an array that is cut so; `example` is one of its chunks."""

    @abstractmethod
    def part(self, draft: Draft, window: Window, chunk: Any) -> None:
        """Write a chunk."""

    @abstractmethod
    def finish(self, draft: Draft) -> None:
        """Put all in place."""


@dataclass(frozen=True, kw_only=True, eq=False)
class NpyWriter(ArrayWriter):
    """Writes a file as `numpy.save` does: the chunks side by side."""

    def write(self, value: Any) -> None:
        """Write all, with numpy."""
        draft = self.begun().make()
        try:
            with open(draft.path("array.npy"), "wb") as file:
                np.save(file, value, **self.arguments)
            self.finish(draft)
        finally:
            draft.remove()

    def begin(self, draft: Draft, chunks: Chunks, example: Any) -> None:
        """Make a file that is as large."""
        shape = tuple(map(sum, chunks))
        if example.dtype.hasobject:
            raise TypeError("an array of objects can be saved in one chunk only: use rechunk(-1) first")
        np.lib.format.open_memmap(draft.path("array.npy"), "w+", example.dtype, shape).flush()

    def part(self, draft: Draft, window: Window, chunk: Any) -> None:
        """Write a chunk."""
        mapped = np.lib.format.open_memmap(draft.path("array.npy"), "r+")
        mapped[window] = chunk
        mapped.flush()

    def finish(self, draft: Draft) -> None:
        """Put the file in place."""
        draft.publish(draft.path("array.npy"))


@dataclass(frozen=True, kw_only=True, eq=False)
class Hdf5Writer(ArrayWriter):
    """Writes a data set of an HDF5 file; the other ones in the file stay.

    HDF5 takes one chunk at a time, so the chunks wait in files.

    Attributes
    ----------
    dataset
        Its name.
    """

    dataset: str

    def begin(self, draft: Draft, chunks: Chunks, example: Any) -> None:
        """Make the data set in a copy of the file."""
        import h5py

        path = draft.path("array.h5")
        if os.path.exists(self.target):
            shutil.copyfile(self.target, path)
        with h5py.File(path, "a") as file:
            if self.dataset in file:
                del file[self.dataset]
            file.create_dataset(self.dataset, tuple(map(sum, chunks)), example.dtype, **self.arguments)

    def part(self, draft: Draft, window: Window, chunk: Any) -> None:
        """Keep a chunk."""
        name = "-".join(f"{span.start}_{span.stop}" for span in window)
        np.save(os.path.join(draft.parts, f"{name}.npy"), chunk)

    def finish(self, draft: Draft) -> None:
        """Write all chunks, and put the file in place."""
        import h5py

        path = draft.path("array.h5")
        with h5py.File(path, "a") as file:
            for name in os.listdir(draft.parts):
                spans = [tuple(map(int, span.split("_"))) for span in name.removesuffix(".npy").split("-") if span]
                chunk = np.load(os.path.join(draft.parts, name), mmap_mode="r")
                file[self.dataset][tuple(slice(*span) for span in spans)] = chunk
        draft.publish(path)


@dataclass(frozen=True, kw_only=True, eq=False)
class ZarrWriter(ArrayWriter):
    """Writes an array of zarr's: the chunks side by side, each to the files of its own.

    Attributes
    ----------
    name
        Of the array in its group; empty for none.
    """

    name: str = ""

    def begin(self, draft: Draft, chunks: Chunks, example: Any) -> None:
        """Make an array that is cut alike."""
        import zarr

        shape = tuple(map(sum, chunks))
        how = {"chunks": tuple(max(1, *lengths) if lengths else 1 for lengths in chunks), **self.arguments}
        zarr.create_array(draft.path("array.zarr"), shape=shape, dtype=example.dtype, **how)

    def part(self, draft: Draft, window: Window, chunk: Any) -> None:
        """Write a chunk."""
        import zarr

        zarr.open_array(draft.path("array.zarr"), mode="r+")[window] = chunk

    def finish(self, draft: Draft) -> None:
        """Put the array in place of one that is there."""
        import zarr

        target = self.target
        if self.name:
            zarr.open_group(target, mode="a").require_group(os.path.dirname(self.name) or "/")
            target = os.path.join(target, self.name)
        if os.path.exists(target):
            _refuse_others(target)
            os.rename(target, draft.path("replaced"))
        os.rename(draft.path("array.zarr"), target)


def _refuse_others(folder: str) -> None:
    """Refuse to replace what is no array of zarr's.

    Raises
    ------
    FileExistsError
        If it is something else.
    """
    import zarr

    try:
        zarr.open_array(folder, mode="r")
    except Exception:
        raise FileExistsError(f"{folder!r} is there, and is no array of zarr's: name another folder") from None


def is_regular(chunks: Chunks) -> bool:
    """Tell chunks that are equal but for the last one, as zarr has them.

    Examples
    --------
    >>> is_regular(((3, 3, 1),)), is_regular(((3, 1, 3),)), is_regular(((3, 4),))
    (True, False, False)
    """
    return all(len(set(lengths[:-1])) <= 1 and lengths[-1] <= lengths[0] for lengths in chunks if lengths)
