"""Snapshots: there as a whole or not at all, and refused when anything in them changed."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import signal
import stat
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mars_nb.storage import saved
from mars_nb.storage.plain import NotExact
from mars_nb.storage.saved import MANIFEST, Damaged, Snapshot, Writer

VALUES = {"frame": pd.DataFrame({"a": [1, 2]}), "array": np.arange(1000), "text": "hello"}


def write(path: Path, values=None, *, overwrite: bool = False) -> Path:
    with Writer(path, overwrite) as writer:
        writer.finish({name: writer.add(value) for name, value in (values or VALUES).items()})
    return path


def read(path: Path) -> dict[str, object]:
    snapshot = Snapshot(path)
    return {name: snapshot.value(ref).read() for name, ref in snapshot.content.items()}


@pytest.fixture
def place(tmp_path):
    """Give a path for a snapshot, and see that nothing is left next to it."""
    yield tmp_path / "results"
    assert {entry.name for entry in tmp_path.iterdir()} <= {"results"}


def test_round_trip(place):
    found = read(write(place))
    pd.testing.assert_frame_equal(found["frame"], VALUES["frame"])
    np.testing.assert_array_equal(found["array"], VALUES["array"])
    assert found["text"] == "hello"
    assert Snapshot(place).nbytes == sum(entry.stat().st_size for entry in place.iterdir() if entry.name != MANIFEST)


def test_equal_values_are_one_file(place):
    write(place, {"a": np.ones(10), "b": np.ones(10), "c": np.zeros(10)})
    assert len(list(place.glob("*.npy"))) == 2


def test_nothing_is_there_before_the_end(place):
    with Writer(place) as writer:
        writer.add(1)
        assert not place.exists()
    assert not place.exists()


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_what_ends_the_writing_leaves_nothing(place, error):
    def write_and_fail():
        with Writer(place) as writer:
            writer.add(1)
            raise error

    with pytest.raises(error):
        write_and_fail()
    assert not place.exists()


def test_a_value_that_is_refused_spoils_nothing(place):
    with Writer(place) as writer:
        with pytest.raises(NotExact):
            writer.add(len)
        writer.finish({"one": writer.add(1)})
    assert read(place) == {"one": 1}


# --- replacing ------------------------------------------------------------------------------------------------------


def test_a_snapshot_is_replaced_only_when_asked_for(place):
    write(place, {"a": 1})
    with pytest.raises(FileExistsError, match="there is a snapshot of that name"):
        write(place, {"a": 2})
    assert read(place) == {"a": 1}
    write(place, {"a": 2, "b": 3}, overwrite=True)
    assert read(place) == {"a": 2, "b": 3}
    assert len(list(place.iterdir())) == 3


@pytest.mark.parametrize("make", ["directory", "manifest of another program", "file", "dangling link"])
def test_what_is_no_snapshot_is_never_replaced(place, make):
    if make == "file":
        place.write_text("mine")
    elif make == "dangling link":
        place.symlink_to(place / "nowhere")
    else:
        place.mkdir()
        if make != "directory":
            (place / MANIFEST).write_text('{"name": "my app"}')
    before = sorted(place.iterdir()) if place.is_dir() else None
    with pytest.raises(OSError):  # noqa: PT011  # a link gives another text than the rest
        write(place, overwrite=True)
    assert before == (sorted(place.iterdir()) if place.is_dir() else None)


def test_files_of_the_user_stay_when_a_snapshot_is_replaced(place):
    write(place, {"a": 1})
    (place / "notes.txt").write_text("mine")
    write(place, {"a": 2}, overwrite=True)
    assert (place / "notes.txt").read_text() == "mine"
    assert read(place) == {"a": 2}


def test_values_in_use_can_still_be_read_when_the_snapshot_is_replaced(place):
    write(place, {"a": 1, "b": 2})
    snapshot = Snapshot(place)
    held = snapshot.value(snapshot.content["a"])
    write(place, {"c": 3}, overwrite=True)
    assert held.read() == 1
    assert len(list(place.glob("*.json"))) == 3  # with the manifest; that of b is gone
    del held
    write(place, {"c": 4}, overwrite=True)
    assert len(list(place.glob("*.json"))) == 2
    assert read(place) == {"c": 4}


def test_a_snapshot_through_a_link_is_replaced_where_it_is(tmp_path):
    write(tmp_path / "there", {"a": 1})
    (tmp_path / "here").symlink_to(tmp_path / "there")
    write(tmp_path / "here", {"a": 2}, overwrite=True)
    assert (tmp_path / "here").is_symlink()
    assert read(tmp_path / "there") == {"a": 2}


# --- damage ---------------------------------------------------------------------------------------------------------


def the_file(place: Path, ending: str) -> Path:
    (found,) = place.glob(f"*.{ending}")
    return found


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def edit(path: Path, **changes) -> None:
    """Change the manifest, and make it look whole again."""
    manifest = json.loads(path.read_text()) | changes
    body = {"files": manifest["files"], "content": manifest["content"]}
    manifest["checksum"] = saved._hash(saved._canonical(body))
    path.write_text(json.dumps(manifest))


DAMAGE = {
    "truncated": (lambda p: os.truncate(the_file(p, "npy"), 100), r"\.npy has 100 bytes instead of 8,128"),
    "longer": (
        lambda p: the_file(p, "npy").write_bytes(the_file(p, "npy").read_bytes() + b"x"),
        "has 8,129 bytes instead",
    ),
    "flipped": (lambda p: flip(the_file(p, "arrow")), r"\.arrow was changed since"),
    "missing": (lambda p: the_file(p, "arrow").unlink(), r"\.arrow is missing"),
    "no manifest": (lambda p: (p / MANIFEST).unlink(), "no manifest.json: .* cut short"),
    "garbled manifest": (lambda p: (p / MANIFEST).write_text("{"), "manifest.json is damaged"),
    "cut manifest": (lambda p: os.truncate(p / MANIFEST, 200), "manifest.json is damaged"),
    "changed manifest": (
        lambda p: (p / MANIFEST).write_text((p / MANIFEST).read_text().replace('"text"', '"test"')),
        "manifest.json was changed",
    ),
    "other manifest": (lambda p: (p / MANIFEST).write_text('{"format": "x", "version": 1}'), "is none of a snapshot"),
    "list": (lambda p: (p / MANIFEST).write_text("[]"), "is none of a snapshot"),
    "later version": (
        lambda p: edit(p / MANIFEST, version=2),
        "another version of mars_nb: format 2, this one reads 1",
    ),
    "nothing": (lambda p: [entry.unlink() for entry in p.iterdir()], "cut short"),
    "other place": (lambda p: edit(p / MANIFEST, files={"../" + "a" * 64 + ".npy": 1}), "names a file that is none"),
    "other name": (lambda p: edit(p / MANIFEST, files={"/etc/passwd": 1}), "names a file that is none"),
    "a size that is none": (lambda p: edit(p / MANIFEST, files={"a" * 64 + ".npy": "1"}), "names a file that is none"),
    "files that are none": (
        lambda p: (p / MANIFEST).write_text('{"format": "mars_nb snapshot", "version": 1}'),
        "chan",
    ),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_damage_is_found_before_anything_is_read(place, name):
    damage, message = DAMAGE[name]
    damage(write(place))
    with pytest.raises(Damaged, match=message):
        Snapshot(place)


def test_every_byte_counts(place):
    write(place, {"a": 1})
    for path in list(place.iterdir()):
        data = path.read_bytes()
        for position in range(len(data)):
            path.write_bytes(data[:position] + bytes([data[position] ^ 4]) + data[position + 1 :])
            try:
                snapshot = Snapshot(place)
            except Damaged:
                pass
            else:  # blanks between words of the manifest mean nothing
                assert path.name == MANIFEST
                assert snapshot.content == json.loads(data)["content"]
        path.write_bytes(data)


def test_a_link_is_no_file(place):
    found = the_file(write(place), "npy")
    found.rename(place / "elsewhere")
    found.symlink_to(place / "elsewhere")
    with pytest.raises(Damaged, match="is no plain file"):
        Snapshot(place)


def test_a_file_that_is_not_listed_is_not_read(place):
    snapshot = Snapshot(write(place))
    for ref in ({"file": "../x.npy", "kind": "array"}, {**snapshot.content["text"], "kind": "pickle"}):
        with pytest.raises(Damaged, match="not listed"):
            snapshot.value(ref)


def test_there_is_none(place):
    with pytest.raises(Damaged, match="there is no such directory"):
        Snapshot(place)
    place.write_text("")
    with pytest.raises(Damaged, match="it is no directory"):
        Snapshot(place)


def test_what_changes_after_it_was_checked_is_found_when_read(place):
    snapshot = Snapshot(write(place))
    value = snapshot.value(snapshot.content["array"])
    flip(value.path)
    with pytest.raises(Damaged, match="was changed since it was saved"):
        value.read()
    value.path.unlink()
    with pytest.raises(FileNotFoundError):
        value.read()


def test_a_file_of_the_right_hash_and_the_wrong_form_is_damaged(place):
    with Writer(place) as writer:
        ref = writer.add("hello")
        writer.finish({"a": {**ref, "kind": "frame"}})
    with pytest.raises(Damaged, match="cannot be read as frame"):
        read(place)


# --- the disk -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("call", range(1, 9))
def test_a_full_disk_leaves_what_was_there(place, monkeypatch, call):
    write(place, {"old": 1})
    left = call
    real = os.fsync

    def fsync(descriptor):
        nonlocal left
        left -= 1
        if left == 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    with contextlib.suppress(OSError):  # the last sync comes when all is done
        write(place, overwrite=True)
    assert left <= 0, "so many calls were not made"
    assert read(place) == {"old": 1} or set(read(place)) == set(VALUES)


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_place_that_cannot_be_written_to(tmp_path):
    tmp_path.chmod(stat.S_IRUSR | stat.S_IXUSR)
    with pytest.raises(PermissionError):
        write(tmp_path / "results")


def test_a_parent_that_is_not_there(place):
    with pytest.raises(FileNotFoundError):
        write(place / "results")


DYING = """
    import os, signal, sys
    from pathlib import Path
    from mars_nb.storage.saved import Writer

    left = int(sys.argv[2])

    def counted(real):
        def call(*args, **kwargs):
            global left
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*args, **kwargs)
        return call

    for name in ("fsync", "replace", "rename", "unlink", "mkdir"):
        setattr(os, name, counted(getattr(os, name)))
    with Writer(Path(sys.argv[1]), overwrite=True) as writer:
        writer.finish({name: writer.add(name * 100) for name in "abc"})
"""


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs signals")
@pytest.mark.parametrize("replacing", [False, True], ids=["new", "replacing"])
def test_killed_at_any_step(tmp_path, replacing):
    """The old snapshot is there or the new one, whole; where there was none, none or the new one."""
    seen = set()
    for step in range(1, 40):
        place = tmp_path / f"results{step}"
        if replacing:
            write(place, {"old": 1})
        command = [sys.executable, "-c", textwrap.dedent(DYING), str(place), str(step)]
        done = subprocess.run(command, check=False, timeout=60)
        if replacing or place.exists():
            seen.add(tuple(read(place)))
        else:
            seen.add(())
        if done.returncode == 0:
            break
        assert done.returncode == -signal.SIGKILL
        for partial in tmp_path.glob(f"{place.name}.partial-*"):
            if not (partial / MANIFEST).exists():
                with pytest.raises(Damaged, match="cut short"):
                    Snapshot(partial)
    assert step > 5
    assert seen == {("old",) if replacing else (), ("a", "b", "c")}
