"""Arrays from files and to files."""

from __future__ import annotations

import io
import os
import threading
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import zarr

import mars_nb
import mars_nb.tensor as mt
from mars_nb.errors import SessionWarning, WholeWarning

SHAPES = [(), (0,), (7,), (20, 9), (3, 4, 5)]


@pytest.fixture(autouse=True)
def _session(session: Any) -> Any:
    return session


def array_of(shape: tuple[int, ...], dtype: Any = float) -> Any:
    """Give an array of numbers."""
    return np.arange(np.prod(shape, dtype=int)).reshape(shape).astype(dtype)


def inside(folder: Path) -> list[str]:
    """List what is in a folder, hidden files as well."""
    return sorted(os.listdir(folder))


@pytest.mark.parametrize("chunk_size", [None, 3])
@pytest.mark.parametrize("shape", SHAPES)
def test_npy(shape: tuple[int, ...], chunk_size: int | None, tmp_path: Path) -> None:
    array = array_of(shape, "int16")
    mt.save(tmp_path / "found", mt.tensor(array, chunk_size=chunk_size))
    np.save(tmp_path / "expected", array)
    assert inside(tmp_path) == ["expected.npy", "found.npy"]
    assert (tmp_path / "found.npy").read_bytes() == (tmp_path / "expected.npy").read_bytes()
    lazy = mt.load(tmp_path / "found.npy", chunk_size=chunk_size)
    assert (lazy.shape, lazy.dtype) == (array.shape, array.dtype)
    np.testing.assert_array_equal(lazy.execute().fetch(), array)


def test_what_else_numpy_loads_and_saves(tmp_path: Path) -> None:
    objects = np.array([1, "a", None], dtype=object)
    np.save(tmp_path / "objects.npy", objects)
    found = mt.load(tmp_path / "objects.npy", allow_pickle=True)
    np.testing.assert_array_equal(found.execute().fetch(), objects)
    with pytest.raises(ValueError, match="allow_pickle"):
        mt.load(tmp_path / "objects.npy")
    mt.savez(tmp_path / "several.npz", a=mt.ones(3), b=np.zeros(2))
    assert sorted(mt.load(tmp_path / "several.npz")) == ["a", "b"]
    buffer = io.BytesIO()
    mt.save(buffer, mt.ones(3, chunk_size=2))
    buffer.seek(0)
    np.testing.assert_array_equal(mt.load(buffer).execute().fetch(), np.ones(3))
    mt.save(tmp_path / "frame.npy", np.ones(2))
    with pytest.raises(FileNotFoundError):
        mt.load(tmp_path / "none.npy")


def test_only_the_chunks_that_are_needed_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from mars_nb.files.arrays import NpyReader

    np.save(tmp_path / "file.npy", array_of((100,)))
    seen: list[Any] = []
    read = NpyReader._read
    monkeypatch.setattr(NpyReader, "_read", lambda self, window: seen.append(window) or read(self, window))
    assert mt.load(tmp_path / "file.npy", chunk_size=10)[35:38].sum().execute().fetch() == 35 + 36 + 37
    assert seen == [(slice(30, 40),)]


@pytest.mark.parametrize("chunk_size", [None, 3])
@pytest.mark.parametrize("shape", [s for s in SHAPES if 0 not in s])
def test_hdf5(shape: tuple[int, ...], chunk_size: int | None, tmp_path: Path) -> None:
    path, array = tmp_path / "file.h5", array_of(shape)
    with h5py.File(path, "w") as file:
        file["other"] = [1, 2]
    for _ in range(2):  # the second time it is replaced
        mt.to_hdf5(path, mt.tensor(array, chunk_size=chunk_size), "x", "group")
    assert inside(tmp_path) == ["file.h5"]
    with h5py.File(path) as file:
        np.testing.assert_array_equal(file["group/x"][()], array)
        assert list(file["other"]) == [1, 2]
        by_object = mt.from_hdf5(file["group/x"], chunk_size=chunk_size)
    lazy = mt.from_hdf5(path, "group/x", chunk_size=chunk_size)
    for found in (lazy, by_object):
        assert (found.shape, found.dtype) == (array.shape, array.dtype)
        np.testing.assert_array_equal(found.execute().fetch(), array)
    with pytest.raises(KeyError):
        mt.from_hdf5(path, "none")
    with pytest.raises(ValueError, match="dataset="):
        mt.from_hdf5(path)


@pytest.mark.parametrize("chunk_size", [None, 3])
@pytest.mark.parametrize("shape", [(7,), (20, 9), (3, 4, 5)])
@pytest.mark.parametrize("group", [None, "some/group"])
def test_zarr(group: str | None, shape: tuple[int, ...], chunk_size: int | None, tmp_path: Path) -> None:
    path, array = tmp_path / "file.zarr", array_of(shape)
    dataset = None if group is None else "x"
    for _ in range(2):
        mt.to_zarr(path, mt.tensor(array, chunk_size=chunk_size), group, dataset)
    assert inside(tmp_path) == ["file.zarr"]
    written = zarr.open_array(path, path="" if group is None else f"{group}/x", mode="r")
    np.testing.assert_array_equal(written[...], array)
    for found in (mt.from_zarr(path, group, dataset, chunk_size=chunk_size), mt.from_zarr(written)):
        assert (found.shape, found.dtype) == (array.shape, array.dtype)
        np.testing.assert_array_equal(found.execute().fetch(), array)


def test_zarr_in_memory_and_uneven_chunks(tmp_path: Path) -> None:
    array = array_of((20, 9))
    np.testing.assert_array_equal(mt.from_zarr(zarr.array(array)).execute().fetch(), array)
    uneven = mt.concatenate([mt.tensor(array[:3], chunk_size=2), mt.tensor(array[3:], chunk_size=5)])
    with pytest.warns(WholeWarning):
        mt.to_zarr(tmp_path / "file.zarr", uneven)
    np.testing.assert_array_equal(zarr.open_array(tmp_path / "file.zarr", mode="r")[...], array)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("mine")
    with pytest.raises(FileExistsError, match="no array of zarr"):
        mt.to_zarr(tmp_path / "mine", mt.ones(3))
    assert inside(tmp_path / "mine") == ["notes.txt"]


def test_chunks_of_a_file_are_read_once(tmp_path: Path) -> None:
    zarr.create_array(tmp_path / "file.zarr", shape=(100, 100), chunks=(30, 100), dtype=float)
    with mars_nb.option_context({"chunk_bytes": 20_000}):
        lazy = mt.from_zarr(tmp_path / "file.zarr")
    assert all(length % 30 == 0 for length in lazy._node.chunks[0][:-1])


@pytest.mark.parametrize(
    "write", [mt.save, lambda p, t: mt.to_hdf5(p, t, "x"), mt.to_zarr], ids=["npy", "hdf5", "zarr"]
)
def test_a_write_that_fails_leaves_what_was_there(write: Any, tmp_path: Path, session: Any) -> None:
    path = tmp_path / "file.npy"
    write(path, mt.ones((20, 9), chunk_size=3))
    before = {file: file.read_bytes() for file in sorted(tmp_path.rglob("*")) if file.is_file()}

    def fail(chunk: Any) -> Any:
        if chunk[0, 0] == 81:
            raise RuntimeError("no value")
        return chunk

    bad = mt.tensor(array_of((20, 9)), chunk_size=3)
    with pytest.raises(RuntimeError, match="no value"):
        write(path, bad.map_chunk(fail, dtype=float))
    session.close()
    for thread in threading.enumerate():
        if thread.name.startswith(f"mars_nb-{session.name}"):
            thread.join(60)  # a task that ran on may still be removing what it made
    assert inside(tmp_path) == ["file.npy"]
    assert {file: file.read_bytes() for file in sorted(tmp_path.rglob("*")) if file.is_file()} == before


def test_a_file_that_changes_is_read_anew(tmp_path: Path) -> None:
    path = tmp_path / "file.npy"
    np.save(path, np.arange(10.0))
    lazy = mt.load(path, chunk_size=3)
    assert lazy.sum().execute().fetch() == 45
    np.save(path, np.arange(12.0))
    with pytest.warns(SessionWarning, match="has changed"):
        assert (lazy * 1).sum().execute().fetch() == 66


def test_tiledb_is_refused() -> None:
    with pytest.raises(NotImplementedError, match="zarr"):
        mt.from_tiledb("x")
