"""Values beyond the limit are on disk, and come back as they were."""

from __future__ import annotations

import errno
import gc
import os
import random
import stat
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from dask.sizeof import sizeof

from mars_nb.storage import DiskError, OnDisk, SpillBuffer, directory, frames
from mars_nb.storage.compact import compact


@pytest.fixture
def buffer(tmp_path: Path) -> Iterator[SpillBuffer]:
    made = SpillBuffer(1_000_000, sizeof, str(tmp_path))
    yield made
    made.close()
    assert os.listdir(tmp_path) == []


def spill_everything(buffer: SpillBuffer) -> list[Any]:
    return [buffer.hold(np.zeros(100_000)) for _ in range(3)]


@pytest.mark.parametrize(
    "value",
    [
        np.arange(5000).reshape(50, 100),
        np.arange(5000).reshape(50, 100).T,  # not contiguous
        np.array([{"a": i} for i in range(1000)], dtype=object),
        pd.DataFrame({"a": range(1000), "b": [f"text {i}" for i in range(1000)], "c": pd.NaT}),
        pd.Series(pd.Categorical(list("abcd") * 5000), name="c"),
        pd.MultiIndex.from_product([range(500), list("xyz") * 10]),
        {"mixed": [np.ones(2000), "text", None]},
    ],
)
def test_values_come_back_as_they_were(buffer: SpillBuffer, value: Any) -> None:
    held = buffer.hold(value)
    fillers = spill_everything(buffer)
    del fillers
    assert held.spilled
    back = held.get()
    assert type(back) is type(value)
    if isinstance(value, pd.DataFrame | pd.Series | pd.Index):
        assert back.equals(value)
    else:
        np.testing.assert_equal(back, value)


def test_arrays_are_read_back_without_a_copy() -> None:
    data = bytearray(b"".join(frames.dump([np.arange(1000), np.arange(7000, dtype="u1")])))
    first, second = frames.load(data)
    for array in (first, second):
        assert np.shares_memory(array, np.frombuffer(data, "u1"))
        assert array.ctypes.data % 8 == np.frombuffer(data, "u1").ctypes.data % 8  # as aligned as the data
    assert second[-1] == 6999 % 256


def test_the_least_recently_used_goes_first(buffer: SpillBuffer) -> None:
    a, b = buffer.hold(np.zeros(50_000)), buffer.hold(np.ones(50_000))
    a.get()
    c = buffer.hold(np.full(50_000, 2.0))
    assert (a.spilled, b.spilled, c.spilled) == (False, True, False)
    assert buffer.memory <= buffer.limit
    assert buffer.disk > 400_000


def test_a_value_is_written_once_and_comes_back_where_there_is_room(buffer: SpillBuffer, tmp_path: Path) -> None:
    held = buffer.hold(np.zeros(100_000))
    other = buffer.hold(np.ones(100_000))
    assert held.spilled
    (folder,) = tmp_path.iterdir()
    (file,) = folder.iterdir()
    written = file.stat().st_mtime_ns
    held.get()
    assert held.spilled  # no room
    del other
    held.get()
    assert not held.spilled
    again = buffer.hold(np.ones(100_000))
    assert (held.spilled, again.spilled) == (True, False)
    assert file.stat().st_mtime_ns == written


def test_dead_values_free_memory_and_files(buffer: SpillBuffer, tmp_path: Path) -> None:
    held = spill_everything(buffer)
    (folder,) = tmp_path.iterdir()
    assert len(list(folder.iterdir())) == 2
    del held
    gc.collect()
    assert (buffer.memory, buffer.disk) == (0, 0)
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("value", [1, 2.5, "text", None, b"bytes", np.float64(3), np.zeros(10), [1, 2]])
def test_small_values_are_left_alone(buffer: SpillBuffer, value: Any) -> None:
    assert buffer.hold(value) is value
    held = buffer.hold(np.zeros(1000))
    assert buffer.hold(held) is held


class Unpicklable:
    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.data = np.zeros(100_000)

    def __sizeof__(self) -> int:
        return 800_000


def test_what_cannot_be_pickled_stays_in_memory(buffer: SpillBuffer) -> None:
    value = Unpicklable()
    held = buffer.hold(value)
    fillers = spill_everything(buffer)
    assert held.get() is value
    assert not held.spilled
    del held, fillers
    assert buffer.memory == 0


def test_functions_of_a_notebook_can_be_spilled() -> None:
    double: Callable[[int], int] = lambda x: x * 2  # noqa: E731
    assert frames.load(bytearray(b"".join(frames.dump(double))))(4) == 8


def test_a_full_disk_is_an_error_and_nothing_is_lost(buffer: SpillBuffer, monkeypatch: pytest.MonkeyPatch) -> None:
    a = buffer.hold(np.full(100_000, 7.0))

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("zict.File.__setitem__", full)
        with pytest.raises(DiskError, match="No space left on device"):
            buffer.hold(np.zeros(100_000))
    gc.collect()
    assert a.get()[0] == 7
    b = buffer.hold(np.zeros(100_000))
    assert (a.get()[0], b.get()[0]) == (7, 0)


def test_an_unwritable_directory_is_an_error(tmp_path: Path) -> None:
    buffer = SpillBuffer(1_000_000, sizeof, str(tmp_path / "missing"))
    a = buffer.hold(np.full(100_000, 7.0))
    with pytest.raises(DiskError):
        buffer.hold(np.zeros(100_000))
    assert a.get()[0] == 7
    buffer.close()


def test_the_directory_is_private(buffer: SpillBuffer, tmp_path: Path) -> None:
    held = spill_everything(buffer)
    (folder,) = tmp_path.iterdir()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert len(held) == 3


def test_leftovers_of_dead_processes_are_removed(tmp_path: Path) -> None:
    code = f"from mars_nb.storage import directory; print(directory.make({str(tmp_path)!r}))"
    dead = Path(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.strip())
    assert dead.is_dir()
    (dead / "chunk").write_bytes(b"x")
    foreign = tmp_path / "mars_nb-spill-notes"
    foreign.mkdir()
    own = Path(directory.make(str(tmp_path)))
    assert not dead.exists()
    again = Path(directory.make(str(tmp_path)))
    assert own.is_dir()
    assert foreign.is_dir()
    directory.remove(str(again))
    assert not again.exists()


def test_many_threads_read_and_write(buffer: SpillBuffer) -> None:
    shared = [buffer.hold(np.full(30_000, i)) for i in range(10)]
    errors: list[BaseException] = []

    def work(seed: int) -> None:
        draw = random.Random(seed)
        mine: dict[int, tuple[Any, int]] = {}
        try:
            for step in range(300):
                number = draw.randrange(10)
                assert shared[number].get()[-1] == number
                if number in mine:
                    held, expected = mine[number]
                    assert held.get()[0] == expected
                mine[number] = buffer.hold(np.full(draw.randrange(600, 40_000), step)), step
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert errors == []
    shared.clear()
    gc.collect()
    assert (buffer.memory, buffer.disk) == (0, 0)


def test_small_views_of_large_arrays_are_copied() -> None:
    large = np.zeros(1000)
    assert compact(large) is large
    assert compact(large[:900]).base is large
    assert compact(large[:10]).base is None
    frame = pd.DataFrame(np.zeros((1000, 8)))
    assert compact(frame) is frame
    assert not np.shares_memory(compact(frame[[3]]).to_numpy(), frame.to_numpy())
    assert not np.shares_memory(compact(frame[3]).to_numpy(), frame.to_numpy())
    assert not np.shares_memory(compact(frame.iloc[:100]).to_numpy(), frame.to_numpy())


def test_what_is_derived_does_not_keep_what_was_read(buffer: SpillBuffer) -> None:
    frame = pd.DataFrame({"a": np.arange(50_000), "b": np.arange(50_000.0), "c": "text"})

    class Data(bytearray):  # a bytearray itself cannot be referred to weakly
        pass

    data = Data(b"".join(frames.dump(frame)))
    read = frames.load(data)
    alive = weakref.ref(data)
    few = read[read.a < 10]
    one = compact(read["a"].iloc[:100])
    del read, data
    gc.collect()
    assert alive() is None
    assert (len(few), len(one)) == (10, 100)


def test_a_value_that_somebody_else_keeps_on_disk(buffer: SpillBuffer) -> None:
    reads = []

    def read() -> np.ndarray:
        reads.append(1)
        return np.ones(100_000)

    held = buffer.hold(OnDisk(read, 800_000, "noted"))
    assert (held.nbytes, held.note, held.spilled, buffer.memory, buffer.disk) == (800_000, "noted", True, 0, 0)
    assert held.get().sum() == held.get().sum() == 100_000
    assert len(reads) == 1
    assert not held.spilled
    others = spill_everything(buffer)
    assert held.spilled  # pushed out, and not written: it is there
    assert held.get().sum() == 100_000
    assert len(reads) == 2
    del held, others
    assert (buffer.memory, buffer.disk) == (0, 0)
