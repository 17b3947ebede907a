"""Numeric libraries have one thread while chunk tasks run side by side, and all when one runs alone."""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from threadpoolctl import ThreadpoolController, threadpool_info, threadpool_limits

import mars_nb
import mars_nb.remote as mr
import mars_nb.tensor as mt
from mars_nb import Session
from mars_nb.session.backends import blas
from mars_nb.session.backends.blas import ThreadGauge

WAIT = 10.0
WIDE = 3  # as if the machine had three cores, so that the tests say the same everywhere

pytestmark = pytest.mark.skipif(
    not any(library["user_api"] == "blas" for library in threadpool_info()), reason="numpy's BLAS has no threads here"
)


@pytest.fixture(autouse=True)
def _wide() -> Iterator[None]:
    pytest.importorskip("scipy.linalg")  # Dask's arrays would import it, and its BLAS, later
    with threadpool_limits(WIDE):
        yield
        assert blas_threads() == {WIDE}


@pytest.fixture
def session() -> Session:
    return mars_nb.new_session(n_threads=2)


def blas_threads() -> set[int]:
    return {library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"}


def seen(*_: Any) -> set[int]:
    np.ones((100, 100)) @ np.ones((100, 100))
    return blas_threads()


def meet(barrier: threading.Barrier, *_: Any) -> set[int]:
    barrier.wait(WAIT)
    found = seen()
    barrier.wait(WAIT)
    return found


def side_by_side(barrier: threading.Barrier) -> list[Any]:
    return [mr.spawn(meet, args=(barrier,)) for _ in range(2)]


def test_one_that_runs_alone_has_all_cores(session: Session) -> None:
    assert mr.spawn(seen).execute().fetch() == {WIDE}


def test_two_side_by_side_have_one_each_and_the_next_one_has_all(session: Session) -> None:
    pair = side_by_side(threading.Barrier(2))
    last = mr.spawn(lambda found: (found, seen()), args=(pair,))
    pair_again = mr.spawn(lambda found, *more: [found, *more], args=(last, *pair))
    assert pair_again.execute().fetch() == [([{1}, {1}], {WIDE}), {1}, {1}]
    assert blas_threads() == {WIDE}


def test_two_sessions_are_two_side_by_side(session: Session) -> None:
    other, barrier = mars_nb.new_session(n_threads=1, default=False), threading.Barrier(2)
    one, two = side_by_side(barrier)
    futures = one.execute(wait=False), two.execute(session=other, wait=False)
    assert [future.result(WAIT) for future in futures]
    # The first may have begun before the second was there.
    assert two.fetch(session=other) == {1}
    assert one.fetch() == {1}


def test_matrix_products_are_right(session: Session) -> None:
    a = np.arange(90_000.0).reshape(300, 300)
    found = (mt.tensor(a, chunk_size=100) @ mt.tensor(a.T, chunk_size=100)).execute().fetch()
    np.testing.assert_allclose(found, a @ a.T)
    assert blas_threads() == {WIDE}


def test_cancelled_tasks_hold_nothing_back(session: Session) -> None:
    barrier, gate = threading.Barrier(3), threading.Event()

    def block() -> None:
        barrier.wait(WAIT)
        gate.wait(WAIT)

    future = mars_nb.execute(*(mr.spawn(block) for _ in range(2)), wait=False)
    barrier.wait(WAIT)
    assert blas_threads() == {1}
    future.cancel()
    assert blas_threads() == {WIDE}
    assert mr.spawn(seen).execute().fetch() == {WIDE}
    gate.set()


def test_closing_gives_back(session: Session) -> None:
    barrier, gate = threading.Barrier(3), threading.Event()

    def block() -> None:
        barrier.wait(WAIT)
        gate.wait(WAIT)

    mars_nb.execute(*(mr.spawn(block) for _ in range(2)), wait=False)
    barrier.wait(WAIT)
    session.close()
    assert blas_threads() == {WIDE}
    gate.set()


# --- the gauge by itself --------------------------------------------------------------------------------------------


class Library:
    """A library whose number of threads is one for all, or one for each thread."""

    def __init__(self, user_api: str, filepath: str = "lib.so") -> None:
        self.user_api = user_api
        self.filepath = filepath
        self.calls: list[int] = []
        self._all = {"threads": 8}
        self._mine = threading.local()

    def _place(self) -> dict[str, Any]:
        return self._all if self.user_api == "blas" else self._mine.__dict__

    def get_num_threads(self) -> int:
        return int(self._place().get("threads", 8))

    def set_num_threads(self, num_threads: int) -> None:
        self.calls.append(num_threads)
        self._place()["threads"] = num_threads


@pytest.fixture
def libraries(monkeypatch: pytest.MonkeyPatch) -> list[Library]:
    found = [Library("blas"), Library("openmp", "omp.so")]
    monkeypatch.setattr(blas, "_loaded", lambda: list(found))
    return found


def test_nothing_is_looked_for_without_need(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[int] = []
    monkeypatch.setattr(blas, "_loaded", lambda: looked.append(1) or [])
    monkeypatch.setattr(blas, "gauge", ThreadGauge())
    with mars_nb.new_session(n_threads=2, default=False) as session:
        mt.ones(3).sum().execute(session=session)
        assert looked == []
        for _ in range(2):
            mt.ones(30, chunk_size=10).sum().execute(session=session)
        assert looked == [1]


def test_changes_between_one_and_two_only(libraries: list[Library]) -> None:
    gauge, (library, _) = ThreadGauge(), libraries
    gauge.prepare()
    for workers in (1, 2, 3, 4, 2, 1, 0, 1, 0, 2, 0):
        gauge.busy(1, workers)
    assert library.calls == [1, 8, 1, 8]


def test_very_many_changes_are_not_all_followed(libraries: list[Library]) -> None:
    now = 100.0
    gauge, (library, _) = ThreadGauge(lambda: now), libraries
    gauge.prepare()
    answers = []
    for _ in range(1000):
        gauge.busy(1, 2)
        answers.append(gauge.busy(1, 1))
    assert library.calls == [1, 8] * blas.BURST + [1]
    assert answers == [0.0] * blas.BURST + [blas.INTERVAL] * (1000 - blas.BURST)
    now += 1.5 * blas.INTERVAL
    assert gauge.busy(1, 1) == 0  # it is told again
    assert library.get_num_threads() == 8
    gauge.busy(1, 2)
    assert gauge.busy(1, 1) > 0
    assert gauge.busy(1, 0) == 0  # nothing runs: that is followed always
    assert library.get_num_threads() == 8


def test_libraries_that_come_later(libraries: list[Library], monkeypatch: pytest.MonkeyPatch) -> None:
    gauge, (first, _) = ThreadGauge(), libraries
    gauge.prepare()
    gauge.busy(1, 2)
    late = Library("blas", "late.so")
    libraries[:] = [Library("blas"), late]  # the first one again, as another object
    monkeypatch.setattr(gauge, "_modules", 0)
    gauge.prepare()
    assert (first.get_num_threads(), late.get_num_threads(), libraries[0].calls) == (1, 1, [])
    gauge.busy(1, 0)
    assert (first.get_num_threads(), late.get_num_threads(), libraries[0].calls) == (8, 8, [])


def test_what_the_user_sets_meanwhile_is_found_next_time(libraries: list[Library]) -> None:
    gauge, (library, _) = ThreadGauge(), libraries
    gauge.prepare()
    gauge.busy(1, 2)
    gauge.busy(1, 0)
    library.set_num_threads(5)
    gauge.busy(1, 2)
    assert library.get_num_threads() == 1
    gauge.busy(1, 1)
    library.set_num_threads(1)  # as a task does that limits the library, and puts back what it found
    gauge.busy(1, 0)
    assert library.get_num_threads() == 5


def test_openmp_is_each_threads_own(libraries: list[Library]) -> None:
    gauge, (_, library) = ThreadGauge(), libraries
    gauge.prepare()
    steps: list[tuple[bool, int]] = []
    turn = 0

    def worker() -> None:
        nonlocal turn
        for workers in (2, 1, 2, 2, 0):
            gauge.busy(1, workers)
            if turn != gauge.turn:
                turn = gauge.follow()
            steps.append((bool(turn % 2), library.get_num_threads()))
        gauge.busy(1, 2)
        gauge.follow()
        for workers in (0, 2):  # a turn that is missed
            gauge.busy(1, workers)
        gauge.follow()
        gauge.busy(1, 0)
        gauge.follow()

    thread = threading.Thread(target=worker)
    thread.start()
    thread.join()
    assert steps == [(True, 1), (False, 8), (True, 1), (True, 1), (False, 8)]
    assert library.calls == [1, 8, 1, 8, 1, 8]
    assert library.get_num_threads() == 8  # of this thread


def test_real_openmp() -> None:
    try:
        ctypes.CDLL("libgomp.so.1")
    except OSError:
        pytest.skip("no OpenMP here")
    controller = ThreadpoolController().select(user_api="openmp")

    def threads(*_: Any) -> int:
        (library, *_) = controller.lib_controllers
        return int(library.get_num_threads())

    def together(barrier: threading.Barrier) -> int:
        barrier.wait(WAIT)
        return threads()

    fresh: list[int] = []  # what a thread has that nobody limited
    thread = threading.Thread(target=lambda: fresh.append(threads()))
    thread.start()
    thread.join()
    with mars_nb.new_session(n_threads=2) as session:
        session._backend._scheduler._gauge._modules = 0  # type: ignore[attr-defined]  # loaded without any import
        barrier = threading.Barrier(2)
        pair = [mr.spawn(together, args=(barrier,)) for _ in range(2)]
        last = mr.spawn(lambda found: (found, threads()), args=(pair,))
        assert last.execute().fetch() == ([1, 1], *fresh)
