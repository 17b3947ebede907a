"""The parts of a driver and of the client that need no process."""

from __future__ import annotations

import gc
import hashlib
import json
import pickle
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import mars_nb.dataframe as md
import mars_nb.tensor as mt
from mars_nb.gateway.driver.journal import Journal
from mars_nb.gateway.driver.table import Table
from mars_nb.gateway.driver.uploads import KEPT_S, Uploads, WrongDigest
from mars_nb.graph.node import ordered
from mars_nb.session.backends.gateway import faults, recordings
from mars_nb.storage import frames


class TestJournal:
    def test_numbers_without_a_gap(self) -> None:
        journal = Journal()
        texts = [journal.add({"event": "progress", "run": i}) for i in range(100)]
        assert [json.loads(text)["seq"] for text in texts] == list(range(1, 101))
        assert journal.since(97) == texts[97:]
        assert journal.since(100) == []

    def test_keeps_so_many_bytes(self) -> None:
        journal = Journal(most_bytes=1000)
        for _ in range(100):
            journal.add({"event": "x" * 80})
        kept = next(number for number in range(101) if journal.since(number) is not None)
        assert 88 <= kept <= 92
        assert journal.since(kept - 1) is None

    def test_keeps_the_last_however_large(self) -> None:
        journal = Journal(most_bytes=10)
        journal.add({"event": "a"})
        text = journal.add({"event": "b" * 100})
        assert journal.since(1) == [text]

    @pytest.mark.parametrize("number", [-1, 6, 10**12])
    def test_knows_what_it_never_had(self, number: int) -> None:
        journal = Journal()
        for _ in range(5):
            journal.add({"event": "a"})
        assert journal.since(number) is None


class TestTable:
    def table(self) -> tuple[Table[str], list[float]]:
        now = [0.0]
        return Table(100.0, lambda: now[0]), now

    def test_use_lets_a_session_live(self) -> None:
        table, now = self.table()
        entry = table.add("1", "etl", "")
        now[0] = 90.0
        table.use(entry)
        now[0] = 180.0
        assert table.left(entry) == 10.0
        assert not table.expired(lambda content: False)

    def test_busy_is_not_idle(self) -> None:
        table, now = self.table()
        entry = table.add("1", "etl", "")
        for now[0] in range(0, 1000, 50):
            assert not table.expired(lambda content: True)
        now[0] += 99.0
        assert not table.expired(lambda content: False)
        now[0] += 1.0
        assert table.expired(lambda content: False) == [entry]

    def test_extended(self) -> None:
        table, now = self.table()
        entry = table.add("1", "etl", "")
        table.extend(entry, 500.0)
        table.extend(entry, 5.0)  # takes nothing away
        now[0] = 499.0
        assert table.left(entry) == 1.0

    def test_free_names(self) -> None:
        table, _ = self.table()
        table.add("1", "cluster-1", "")
        assert table.add("2", None, "").name == "cluster-2"
        assert table.named("cluster-2") is table.get("2")


class TestUploads:
    def test_are_kept_for_a_while_and_while_they_are_used(self, tmp_path: Path) -> None:
        now = [0.0]
        uploads = Uploads(str(tmp_path), lambda: now[0])
        data = b"abc" * 1000
        digest = recordings.digest(data)
        incoming = uploads.begin()
        incoming.write(data[:7])
        incoming.write(data[7:])
        uploads.add(digest, incoming.mapped(digest))
        incoming.close()
        (buffer,) = uploads.get([digest])
        assert buffer[:] == data
        assert not list(tmp_path.iterdir())  # the file has no name
        array = np.frombuffer(buffer, np.uint8)
        del buffer
        now[0] = KEPT_S + 1
        uploads.forget_old()
        assert digest in uploads
        del array
        gc.collect()
        assert digest not in uploads

    def test_of_wrong_content(self, tmp_path: Path) -> None:
        incoming = Uploads(str(tmp_path), lambda: 0.0).begin()
        incoming.write(b"half")
        with pytest.raises(WrongDigest):
            incoming.mapped(recordings.digest(b"half of it"))
        incoming.close()
        assert not list(tmp_path.iterdir())


class TestRecordings:
    def test_known_nodes_are_referred_to(self) -> None:
        df = md.DataFrame({"a": np.arange(100)})
        total = (df.a + 1).sum()
        node, source = total._node, df._node
        packed = recordings.pack(ordered([node]), [node], lambda known: known is source)
        envelope = recordings.opened(packed.body)
        assert envelope.known == (source.key,)
        made, (again,) = recordings.unpack(envelope, {source.key: source}, ())
        assert source.key not in made
        assert again.key == node.key
        assert source in ordered([again])

    def test_large_buffers_are_apart(self) -> None:
        x = np.random.default_rng(0).random(recordings.LARGE)
        node = mt.tensor(x)._node
        packed = recordings.pack([node], node, lambda known: False)
        assert len(packed.body) < 10_000
        ((name, buffer),) = packed.uploads.items()
        assert name == hashlib.blake2b(x, digest_size=20).hexdigest()
        _, again = recordings.unpack(recordings.opened(packed.body), {}, [bytes(buffer)])
        assert (again.args[0].value == x).all()

    @pytest.mark.parametrize("body", [b"", b"abc", b"\xff\xff\xff\xff", b"\x02\x00\x00\x00{}", b"\x02\x00\x00\x00[]"])
    def test_what_is_none(self, body: bytes) -> None:
        with pytest.raises(ValueError, match=r"no recording|Expecting"):
            recordings.opened(body)


class Stubborn(KeyError):
    def __init__(self, one: int, two: int) -> None:
        super().__init__(f"{one}, {two}")
        self.lock = threading.Lock()


class TestFaults:
    def raised(self, error: BaseException) -> BaseException:
        try:
            raise error
        except type(error) as caught:
            return caught

    def test_with_frames_notes_and_causes(self) -> None:
        error = self.raised(ValueError("wrong"))
        error.add_note("a note")
        error.__cause__ = self.raised(OSError(2, "no file"))
        again = faults.unpack(faults.pack(error), "")
        assert (type(again), str(again), again.__notes__) == (ValueError, "wrong", ["a note"])
        assert again.__traceback__ is not None
        assert again.__traceback__.tb_frame.f_code.co_name == "raised"
        assert isinstance(again.__cause__, OSError)

    def test_that_cannot_be_pickled(self) -> None:
        again = faults.unpack(faults.pack(self.raised(Stubborn(1, 2))), "")
        assert type(again) is KeyError
        assert again.args == ("'1, 2'",)
        assert "raised as Stubborn, which cannot be sent" in again.__notes__[0]

    def test_whose_class_is_not_here(self) -> None:
        again = faults.unpack(b"cno_such_module\nError\n.", "Error: what it said")
        assert (type(again), str(again)) == (RuntimeError, "Error: what it said")
        assert "no_such_module" in again.__notes__[0]


class TestFrames:
    @pytest.mark.parametrize("value", [np.arange(5000), np.asfortranarray(np.ones((70, 90))), "text", np.arange(3)])
    def test_into_an_array(self, value: Any) -> None:
        data = memoryview(b"".join(frames.dump(value)))
        position = 0

        def fill(buffer: memoryview) -> None:
            nonlocal position
            buffer[:] = data[position : position + len(buffer)]
            position += len(buffer)

        into = np.empty(np.shape(value), getattr(value, "dtype", float))
        found = frames.load_from(fill, len(data), into)
        assert position == len(data)
        assert np.array_equal(found, value)
        assert pickle.loads(pickle.dumps(found)) is not None
