"""The result store."""

from __future__ import annotations

import gc
import threading
import weakref

import pytest

from mars_nb.storage import ResultStore


def store_of(**results: dict[int, bytes]) -> ResultStore[str]:
    store: ResultStore[str] = ResultStore(len)
    for name, chunks in results.items():
        store.put(name, f"layout of {name}", chunks)
    return store


def test_sizes_and_reading() -> None:
    store = store_of(a={0: b"123", 1: b"45"}, b={0: b"6"})
    assert store.nbytes == 6
    assert store.names() == ["a", "b"]
    assert store.read("a", [1, 0]) == [b"45", b"123"]
    found = store.get("a")
    assert found is not None
    assert (found.description, found.nbytes) == ("layout of a", 5)
    with pytest.raises(KeyError):
        store.read("none", [0])


def test_releasing_and_replacing() -> None:
    store = store_of(a={0: b"123"}, b={0: b"6"})
    store.put("a", "again", {0: b"1"})
    assert store.nbytes == 2
    store.release("a")
    store.release("a")
    store.release("unknown")
    assert (store.nbytes, store.names(), store.get("a")) == (1, ["b"], None)
    store.clear()
    assert (store.nbytes, store.names()) == (0, [])


class Chunk:
    """A value that lets another result go when it dies, as a garbage collector may at any moment."""

    def __init__(self, store: ResultStore[None], other: str) -> None:
        self.store = store
        self.other = other

    def __del__(self) -> None:
        self.store.release(self.other)


def test_a_release_may_come_out_of_a_release() -> None:
    store: ResultStore[None] = ResultStore(lambda chunk: 1)
    store.put("last", None, {0: 0})
    for i in range(100):
        store.put(f"r{i}", None, {0: Chunk(store, f"r{i + 1}" if i < 99 else "last")})
    store.release("r0")
    gc.collect()
    assert (store.nbytes, store.names()) == (0, [])


def test_a_release_that_comes_while_the_lock_is_held_is_not_lost() -> None:
    store = store_of(a={0: b"1"})
    with store._locked():  # what a thread holds when the garbage collector interrupts it
        store.release("a")
        assert store.get("a") is not None
    assert store.get("a") is None


def test_values_die_with_their_result() -> None:
    class Value:
        pass

    store: ResultStore[None] = ResultStore(lambda chunk: 1)
    value = Value()
    store.put("a", None, {0: value})
    seen = weakref.ref(value)
    del value
    store.release("a")
    assert seen() is None


def test_many_threads() -> None:
    store: ResultStore[None] = ResultStore(len)
    start = threading.Barrier(8)

    def work(number: int) -> None:
        start.wait(10)
        for i in range(300):
            store.put(f"{number}-{i}", None, {0: b"abc"})
            store.release(f"{number}-{i}")
            store.put("shared", None, {0: b"x" * (number + 1)})

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert store.names() == ["shared"]
    (shared,) = store.read("shared", [0])
    assert store.nbytes == len(shared)
