"""Arrays from files and to files: ``mt.load``, ``mt.save``, HDF5 and zarr."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from mars_nb.files.arrays import ArrayReader, Chunks, Hdf5Reader, NpyReader, ZarrReader
from mars_nb.files.arraywriters import ArrayWriter, Hdf5Writer, NpyWriter, ZarrWriter
from mars_nb.files.places import is_url, settled_path
from mars_nb.files.reader import read
from mars_nb.files.writer import write
from mars_nb.graph.meta import TensorMeta
from mars_nb.graph.mirror import mirror
from mars_nb.graph.node import Function
from mars_nb.graph.record import record
from mars_nb.graph.tileable import Tileable
from mars_nb.tensor.creation import ChunkSize, cut, tensor
from mars_nb.tensor.writing import execute_writing


def load(file: Any, mmap_mode: Any = None, *args: Any, chunk_size: ChunkSize = None, **kwargs: Any) -> Any:
    """Load an array of a ``.npy`` file chunk by chunk; anything else as numpy does."""
    if isinstance(file, str | os.PathLike) and not args and not kwargs and not is_url(str(file)):
        path = settled_path(file)
        with open(path, "rb") as opened:
            is_plain = opened.read(6) == b"\x93NUMPY"
        if is_plain and not _has_objects(path):
            return _recorded("numpy.load", NpyReader(path=path), chunk_size)
    found = np.load(file, mmap_mode, *args, **kwargs)
    return tensor(found, chunk_size=chunk_size) if isinstance(found, np.ndarray) else found


def _has_objects(path: str) -> bool:
    try:
        np.load(path, mmap_mode="r")
    except ValueError:  # numpy maps none
        return True
    return False


def save(file: Any, arr: Any, *args: Any, **kwargs: Any) -> Any:
    """Save an array to a ``.npy`` file: the chunks side by side, and in one step."""
    if not isinstance(file, str | os.PathLike) or not isinstance(arr, Tileable):
        value = arr._value() if isinstance(arr, Tileable) else arr
        return np.save(file, value, *args, **kwargs)
    path = settled_path(file)
    target = path if path.endswith(".npy") else f"{path}.npy"
    session = kwargs.pop("session", None)
    return _written("numpy.save", tensor(arr), NpyWriter(target=target, arguments=kwargs), session)


def from_hdf5(hdf5_file: Any, dataset: str | None = None, chunk_size: ChunkSize = None) -> Any:
    """Make a tensor of a data set of an HDF5 file.

    Parameters
    ----------
    hdf5_file
        A path, or a file or data set of h5py's.
    dataset
        Name of the data set, where `hdf5_file` is none.
    chunk_size
        Items per dimension of a chunk; if not given, runs of the chunks of the file.
    """
    file = getattr(hdf5_file, "file", hdf5_file)
    name = dataset if dataset is not None else getattr(hdf5_file, "name", None)
    if name is None or (file is hdf5_file and dataset is None):
        raise ValueError("from_hdf5 needs dataset=, the name of the data set in the file")
    path = file if isinstance(file, str | os.PathLike) else file.filename
    return _recorded("from_hdf5", Hdf5Reader(path=settled_path(path), dataset=name), chunk_size)


def to_hdf5(hdf5_file: Any, x: Any, dataset: str | None = None, group: str | None = None, **kwargs: Any) -> Any:
    """Write a tensor to a data set of an HDF5 file; other data sets in the file stay.

    Parameters
    ----------
    hdf5_file
        A path.
    x
        The tensor.
    dataset, group
        Name of the data set, and of the group that it is in.
    **kwargs
        Of h5py's ``create_dataset``, such as ``compression="gzip"``; and ``session``, where to execute.
    """
    if not isinstance(hdf5_file, str | os.PathLike):
        raise TypeError("to_hdf5 writes to a path: a file that is open cannot be replaced in one step")
    if dataset is None:
        raise ValueError("to_hdf5 needs dataset=, the name of the data set in the file")
    name = dataset if group is None else f"{group}/{dataset}"
    session = kwargs.pop("session", None)
    writer = Hdf5Writer(target=settled_path(hdf5_file), dataset=name, arguments=kwargs)
    return _written("to_hdf5", tensor(x), writer, session)


def from_zarr(path: Any, group: str | None = None, dataset: str | None = None, chunk_size: ChunkSize = None) -> Any:
    """Make a tensor of an array of zarr's.

    Parameters
    ----------
    path
        A folder or URL, or an array of zarr's.
    group, dataset
        Where the array is in it.
    chunk_size
        Items per dimension of a chunk; if not given, runs of the chunks of the file.
    """
    name = "/".join(part for part in (group, dataset) if part)
    if not isinstance(path, str | os.PathLike):
        root = getattr(path.store, "root", None)
        if root is None:  # in memory: it is there anyway
            return tensor(path[...], chunk_size=chunk_size)
        path, name = root, path.path
    return _recorded("from_zarr", ZarrReader(path=settled_path(path), name=name), chunk_size)


def to_zarr(path: Any, x: Any, group: str | None = None, dataset: str | None = None, **kwargs: Any) -> Any:
    """Write a tensor to an array of zarr's, in one step.

    Parameters
    ----------
    path
        A folder.
    x
        The tensor.
    group, dataset
        Where the array is to be in it.
    **kwargs
        Of zarr's ``create_array``, such as ``compressors=``; and ``session``, where to execute.
    """
    if not isinstance(path, str | os.PathLike) or is_url(str(path)):
        raise TypeError("to_zarr writes to a folder of this machine")
    name = "/".join(part for part in (group, dataset) if part)
    target = settled_path(path).rstrip("/")
    session = kwargs.pop("session", None)
    return _written("to_zarr", tensor(x), ZarrWriter(target=target, name=name, arguments=kwargs), session)


def _recorded(name: str, found: ArrayReader, chunk_size: ChunkSize) -> Any:
    def decide(shape: tuple[int, ...], dtype: np.dtype[Any], of_file: tuple[int, ...] | None) -> Chunks | None:
        chunks = cut(TensorMeta(shape, dtype), chunk_size)
        if chunks is None or of_file is None or chunk_size is not None:
            return chunks
        # Whole chunks of the file, so that none is read twice.
        wanted = tuple(-(-max(lengths) // n) * n for lengths, n in zip(chunks, of_file, strict=True))
        return cut(TensorMeta(shape, dtype), wanted)

    reader = found.cut(decide)
    meta = TensorMeta(reader.shape, reader.dtype)
    return record(Function(read, name), (reader,), infer=lambda *_: meta, prefix="Tensor", chunks=reader.chunks)


def _written(name: str, value: Any, writer: ArrayWriter, session: Any) -> Any:
    writer.check()
    return execute_writing(Function(write, name), value, writer, session, "Tensor")


def _no_tiledb(*args: Any, **kwargs: Any) -> Any:
    raise NotImplementedError("TileDB is not supported: use mt.from_zarr and mt.to_zarr, or HDF5")


#: By name; in place of what numpy has.
OWN: dict[str, Any] = {
    "load": mirror(np.load, load, "load", __name__),
    "save": mirror(np.save, save, "save", __name__),
    "from_hdf5": from_hdf5,
    "to_hdf5": to_hdf5,
    "from_zarr": from_zarr,
    "to_zarr": to_zarr,
    "from_tiledb": _no_tiledb,
    "to_tiledb": _no_tiledb,
}
