"""What is kept of a chunk task that failed, and for how long."""

from __future__ import annotations

import asyncio
import copy
import gc
import linecache
import pickle
import re
import signal
import subprocess
import sys
import threading
import time
import weakref
from typing import Any

import numpy as np
import pandas as pd
import pytest

import mars_nb
import mars_nb.dataframe as md
import mars_nb.remote as mr
import mars_nb.tensor as mt
from mars_nb import Session
from mars_nb.errors import SessionClosed, UserExit
from mars_nb.graph.callsite import CallSite
from mars_nb.scheduler import ChunkTask
from mars_nb.session.failures import Failures, attach, failure, located
from mars_nb.session.task import Task

WAIT = 10.0


@pytest.fixture
def session() -> Session:
    return mars_nb.new_session(name="etl", n_threads=1)


@pytest.fixture
def strings() -> Any:
    return md.Series(["1"] * 77 + ["x"] * 23, chunk_size=10)


def failed(thing: Any) -> BaseException:
    """Give the error that comes when something is executed."""
    with pytest.raises(Exception) as caught:  # noqa: PT011  # whatever it is
        thing.execute()
    return caught.value


def boom(*_: Any) -> None:
    raise ZeroDivisionError("boom")


# --- what is known --------------------------------------------------------------------------------------------------


def test_facts(session: Session, strings: Any) -> None:
    numbers = strings.astype(int)
    doubled = numbers * 2
    error = failed(doubled)
    failure = mars_nb.last_error
    assert failure is error.mars_nb_failure  # type: ignore[attr-defined]
    assert failure.error == str(f"{type(error).__name__}: {error}")
    assert (failure.operation, failure.label) == ("astype", "DataFrameAstype")
    assert failure.site is not None
    assert failure.site.source == "numbers = strings.astype(int)"
    assert failure.executed is not None
    assert failure.executed.source == "thing.execute()"
    assert (failure.chunk, failure.chunks) == (8, 10)
    assert (failure.session, failure.task) == ("etl", session.tasks[-1].number)
    assert failure.story.startswith("while computing `astype`, recorded in test_failures.py, line ")
    assert failure.story.endswith(": `numbers = strings.astype(int)`, chunk 8 of 10")
    assert error.__notes__ == [failure.story]
    assert repr(failure).splitlines() == [
        failure.error,
        f"  {failure.story}",
        f"  in session 'etl', task {failure.task}",
        "  1 input",
        "    [0] Series of 10, of `data`",
    ]


def test_one_chunk_has_no_number(session: Session) -> None:
    failed(mr.spawn(boom))
    assert mars_nb.last_error.story.endswith("`failed(mr.spawn(boom))`")


def test_chunks_of_other_steps_of_the_operation_do_not_count(session: Session) -> None:
    failed(md.Series(range(100), chunk_size=10).apply(lambda x: 1 // (x - 77)))
    assert (mars_nb.last_error.chunk, mars_nb.last_error.chunks) == (8, 10)


def test_long_lines_are_cut() -> None:
    site = CallSite("nowhere.py", 1)
    linecache.cache["nowhere.py"] = (200, None, ["x" * 200], "nowhere.py")
    try:
        assert located(site) == f"in nowhere.py, line 1: `{'x' * 160}...`"
    finally:
        del linecache.cache["nowhere.py"]
    assert located(site) == "in nowhere.py, line 1"


def test_there_is_none_before_anything_failed() -> None:
    code = (
        "import sys, mars_nb; assert mars_nb.last_error is None; assert 'mars_nb.session.failures' not in sys.modules;"
        "import mars_nb.tensor as mt; mars_nb.new_session(); mt.ones(2).execute(); assert mars_nb.last_error is None"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)


def test_the_next_failure_takes_its_place(session: Session) -> None:
    first = failed(mr.spawn(boom, args=(1,)))
    second = failed(mr.spawn(boom, args=(2,)))
    assert mars_nb.last_error is second.mars_nb_failure is not first.mars_nb_failure  # type: ignore[attr-defined]


def test_what_cannot_be_recorded_is_no_failure(session: Session) -> None:
    failed(mr.spawn(boom))
    before = mars_nb.last_error
    with pytest.raises(KeyError):
        md.DataFrame({"a": [1]})["b"]
    assert mars_nb.last_error is before


# --- inputs ---------------------------------------------------------------------------------------------------------


def test_inputs_are_copies(session: Session, strings: Any) -> None:
    strings.execute()
    failed(strings.astype(int))
    inputs = mars_nb.last_error.inputs
    assert len(inputs) == 1
    pd.testing.assert_series_equal(inputs[0], strings.fetch()[70:80])
    for chunk in (inputs[0], *inputs[0:1]):
        chunk.iloc[:] = "changed"
    assert "changed" not in set(inputs[0]) | set(strings.fetch())


def test_arrays_among_inputs_are_copies(session: Session) -> None:
    ones = mt.ones(2000).execute()
    failed(mr.spawn(boom, args=(ones,)))
    mars_nb.last_error.inputs[0][:] = 7
    assert set(mars_nb.last_error.inputs[0]) == set(ones.fetch()) == {1.0}


def test_a_source_has_no_inputs(session: Session) -> None:
    failed(mr.spawn(boom))
    assert list(mars_nb.last_error.inputs) == []
    assert repr(mars_nb.last_error.inputs) == "0 inputs"


def test_inputs_may_be_on_disk() -> None:
    with mars_nb.new_session(name="small", n_threads=1, memory_limit="4MiB") as session:
        t = mt.arange(1_000_000, chunk_size=100_000).execute()
        failed(mr.spawn(boom, args=(t[:100_000],)))
        u = (mt.arange(1_000_000, chunk_size=100_000) + 1).execute()
        assert session.spilled
        np.testing.assert_array_equal(mars_nb.last_error.inputs[0], np.arange(100_000))
        del u


# --- how long -------------------------------------------------------------------------------------------------------


class Chunk:
    """A value that can be watched as it dies."""


def test_closing_the_session_lets_all_go() -> None:
    made: list[weakref.ref[Chunk]] = []

    def make() -> Chunk:
        chunk = Chunk()
        made.append(weakref.ref(chunk))
        return chunk

    with mars_nb.new_session(name="etl"):
        error = failed(mr.spawn(boom, args=(mr.spawn(make),)))
        failure = error.mars_nb_failure  # type: ignore[attr-defined]
        del error
        gc.collect()
        assert isinstance(failure.inputs[0], Chunk)
    gc.collect()
    assert made[0]() is None
    assert failure is mars_nb.last_error
    assert failure.traceback is None
    assert repr(failure).endswith("its session was closed")
    with pytest.raises(SessionClosed, match="gone with their session, 'etl'"):
        failure.inputs


def test_a_failure_that_comes_after_the_session_was_closed_keeps_nothing() -> None:
    node = mr.spawn(boom)._node
    task = Task(None, (node,), "etl")
    book, error = Failures(), ValueError()
    attach(error, failure(error, {"x": ChunkTask(boom, (), node)}, "x", []))
    book.close()
    book.note(error, task)
    assert error.mars_nb_failure.traceback is None  # type: ignore[attr-defined]
    with pytest.raises(SessionClosed):
        error.mars_nb_failure.inputs  # type: ignore[attr-defined]
    task.cancel()


def test_results_are_freed_though_a_failure_is_remembered(session: Session) -> None:
    def work() -> None:
        large = mt.ones(1_000_000, chunk_size=100_000).execute()
        assert session.nbytes == 8_000_000
        failed(mr.spawn(boom, args=(large[:1000] + 1,)))

    work()
    gc.collect()
    assert session.nbytes == 0  # neither the caller's variables nor the run's results are kept
    assert mars_nb.last_error.inputs[0].tolist() == [2.0] * 1000


# --- exceptions of all kinds ----------------------------------------------------------------------------------------


class Needy(Exception):
    def __init__(self, a: int, b: int, c: int) -> None:
        super().__init__(f"{a}, {b}, {c}")


class Refusing(Exception):
    __slots__ = ("x",)

    def __setattr__(self, name: str, value: Any) -> None:
        raise RuntimeError("no attributes")

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError("no attributes")


class Mute(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no text")

    __repr__ = __str__


class StrangeNotes(Exception):
    __notes__ = "a text"  # type: ignore[assignment]

    def __init__(self) -> None:
        self.__notes__ = 7  # type: ignore[assignment]


class Drawn(Exception):
    def _render_traceback_(self) -> list[str]:
        return ["drawn by itself"]


ERRORS = [
    Needy(1, 2, 3),
    Refusing(),
    Mute(),
    StrangeNotes(),
    Drawn(),
    ExceptionGroup("several", [ValueError(1), KeyError(2)]),
    StopIteration(3),
    SyntaxError("bad", ("file", 1, 2, "text")),
    UnicodeDecodeError("utf-8", b"x", 0, 1, "why"),
    OSError(2, "missing", "file"),
    MemoryError(),
    RecursionError("deep"),
    AssertionError("one\ntwo"),
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_any_exception_comes_through(session: Session, error: Exception) -> None:
    def fail() -> None:
        raise error

    with pytest.raises(type(error)) as caught:
        mr.spawn(fail).execute()
    assert caught.value is error
    assert mars_nb.last_error is vars(error)["mars_nb_failure"]
    if not isinstance(error, StrangeNotes):
        assert error.__notes__ == [mars_nb.last_error.story]
    assert error._render_traceback_()  # type: ignore[attr-defined]
    assert mars_nb.last_error.error.startswith(type(error).__name__)
    assert mr.spawn(abs, args=(-1,)).execute().fetch() == 1  # the session goes on


def test_a_class_that_draws_its_exceptions_goes_on_to_do_so(session: Session) -> None:
    error = failed(mr.spawn(lambda: (_ for _ in ()).throw(Drawn())))
    assert error._render_traceback_() == ["drawn by itself"]  # type: ignore[attr-defined]


def test_leaving_python_is_a_failure(session: Session) -> None:
    error = failed(mr.spawn(sys.exit, args=(3,)))
    assert isinstance(error, UserExit)
    assert mars_nb.last_error is error.mars_nb_failure  # type: ignore[attr-defined]
    assert mars_nb.last_error.error == "SystemExit: 3"
    assert mars_nb.last_error.traceback is not None


def test_an_error_that_is_raised_again_is_noted_once(session: Session) -> None:
    error = ValueError()

    def fail() -> None:
        raise error

    thing = mr.spawn(fail)
    for _ in range(3):
        failed(thing)
    assert error.__notes__ == [mars_nb.last_error.story]


def test_exceptions_can_be_pickled_and_copied(session: Session) -> None:
    error = failed(mr.spawn(boom, args=(mt.ones(1000),)))
    for other in (pickle.loads(pickle.dumps(error)), copy.deepcopy(error)):
        assert type(other) is ZeroDivisionError
        assert other.__notes__ == error.__notes__  # type: ignore[attr-defined]
        assert other.mars_nb_failure.story == mars_nb.last_error.story
        assert other.mars_nb_failure.traceback is None
        assert "boom" in "\n".join(other._render_traceback_())
        with pytest.raises(SessionClosed):
            other.mars_nb_failure.inputs
    shallow = copy.copy(error)
    assert shallow.mars_nb_failure is mars_nb.last_error  # type: ignore[attr-defined]
    assert mars_nb.last_error.inputs[0].sum() == 1000  # still there


def test_tasks_inside_tasks_tell_the_innermost_failure(session: Session) -> None:
    def outer() -> None:
        mr.spawn(boom, args=(5,)).execute(session=session)

    error = failed(mr.spawn(outer))
    assert mars_nb.last_error is error.mars_nb_failure  # type: ignore[attr-defined]
    assert mars_nb.last_error.operation == "boom"
    assert ["`boom`" in note for note in error.__notes__] == [True, False]
    assert "`outer`" in error.__notes__[1]


# --- all ways in which errors come ----------------------------------------------------------------------------------


def test_without_waiting(session: Session) -> None:
    task = mr.spawn(boom).execute(wait=False)
    error = task.exception(WAIT)
    assert error.mars_nb_failure is mars_nb.last_error
    with pytest.raises(ZeroDivisionError):
        task.result()

    async def wait() -> None:
        await task

    with pytest.raises(ZeroDivisionError) as caught:
        asyncio.run(wait())
    assert caught.value is error


def test_graphs_of_dask(session: Session) -> None:
    with pytest.raises(ZeroDivisionError) as caught:
        session.get({"x": 3, ("y", 0): (boom, "x")}, ("y", 0))
    failure = mars_nb.last_error
    assert failure is caught.value.mars_nb_failure  # type: ignore[attr-defined]
    assert failure.story.startswith("while computing ('y', 0) of a Dask graph, recorded in test_failures.py, line ")
    assert list(failure.inputs) == [3]
    assert failure.task == session.tasks[-1].number


def test_an_interrupt_says_what_it_cancelled(session: Session) -> None:
    main, gate, sent = threading.main_thread().ident, threading.Event(), threading.Event()
    assert main is not None

    def work(x: float) -> float:
        if x == 5 and not sent.is_set():
            sent.set()
            signal.pthread_kill(main, signal.SIGINT)
            gate.wait(WAIT)
        return x

    thing = md.Series(np.arange(10.0), chunk_size=1).map(work)
    started = time.perf_counter()
    with pytest.raises(KeyboardInterrupt) as caught:
        thing.execute()
    assert time.perf_counter() - started < WAIT / 2
    (note,) = caught.value.__notes__
    number = session.tasks[-1].number
    wanted = (
        rf"cancelled: task {number} \(DataFrameMap\) in session 'etl', \d+ of \d+ chunk tasks were done; the object can"
    )
    assert re.match(f"{wanted} be executed again$", note)
    gate.set()
    assert thing.execute().fetch().tolist() == list(range(10))
