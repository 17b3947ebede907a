"""Executing without waiting, cancelling, interrupts, and errors of the user's functions."""

from __future__ import annotations

import asyncio
import signal
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import CancelledError, as_completed, wait
from concurrent.futures import TimeoutError as FutureTimeoutError

import pytest

import mars_nb
import mars_nb.dataframe as md
import mars_nb.remote as mr
import mars_nb.tensor as mt
from mars_nb import Session
from mars_nb.errors import TaskCancelled, UserExit

WAIT = 10.0


@pytest.fixture
def session() -> Session:
    return mars_nb.new_session(n_threads=2)


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """Holds functions up until the test is done with them."""
    event = threading.Event()
    yield event
    event.set()


def test_a_future_tells_the_truth_in_a_script(session: Session, gate: threading.Event) -> None:
    called = []
    obj = mr.spawn(gate.wait, args=(WAIT,))
    future = obj.execute(wait=False)
    future.add_done_callback(called.append)
    assert not future.done()
    assert future.running()
    assert future.progress() < 0.5
    assert (future.state, future.snapshot().total) == ("running", 1)
    with pytest.raises(TimeoutError, match="still running after"):
        future.result(timeout=0.01)
    gate.set()
    assert future.result(timeout=WAIT) is obj
    assert future.done()
    assert not future.cancelled()
    assert future.exception() is None
    assert future.progress() == 1
    assert called == [future]
    assert obj.fetch() is True
    assert repr(future).startswith("<Task ")


def test_futures_of_several_objects(session: Session) -> None:
    t, u = mt.ones(2), mt.zeros(2)
    futures = [mars_nb.execute(t, u, wait=False), (t + u).execute(wait=False)]
    done, not_done = wait(futures, timeout=WAIT)
    assert len(done) == 2
    assert not not_done
    assert [value.fetch().tolist() for value in futures[0].result()] == [[1, 1], [0, 0]]
    assert {f.state for f in as_completed(futures)} == {"done"}


@pytest.mark.parametrize("where", ["main", "thread"])
def test_awaiting(session: Session, where: str) -> None:
    async def both() -> list[float]:
        first = mt.ones(3).sum().execute(wait=False)
        second = await mt.ones(4).sum().execute(wait=False)
        return [float((await first).fetch()), float(second.fetch())]

    found: list[list[float]] = []
    if where == "main":
        found.append(asyncio.run(both()))
        found.append(asyncio.run(both()))  # a second loop is as good
    else:
        thread = threading.Thread(target=lambda: found.append(asyncio.run(both())))
        thread.start()
        thread.join(WAIT)
    assert found[-1] == [3.0, 4.0]


def test_an_await_that_is_cancelled_cancels_the_task(session: Session, gate: threading.Event) -> None:
    async def impatient() -> object:
        future = mr.spawn(gate.wait, args=(WAIT,)).execute(wait=False)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(future, 0.01)
        return future

    assert asyncio.run(impatient()).cancelled()  # type: ignore[attr-defined]  # a Task


def test_cancelling(session: Session, gate: threading.Event) -> None:
    entered = threading.Event()
    late = []

    def slow() -> int:
        entered.set()
        gate.wait(WAIT)
        return 1

    obj = mr.spawn(late.append, args=(mr.spawn(slow),))
    future = obj.execute(wait=False)
    assert entered.wait(WAIT)
    started = time.monotonic()
    assert future.cancel()
    assert time.monotonic() - started < 1
    assert (future.cancelled(), future.done(), future.state) == (True, True, "cancelled")
    assert not future.cancel()
    with pytest.raises(TaskCancelled, match="was cancelled"):
        future.result()
    with pytest.raises(CancelledError):
        future.exception()
    with pytest.raises(ValueError, match="Cannot fetch unexecuted"):
        obj.fetch()
    assert mt.ones(2).sum().execute().fetch() == 2  # the session goes on, while slow() still sits there
    gate.set()
    assert late == []
    assert obj.execute().fetch() is None
    assert late == [1]


def test_closing_cancels(session: Session, gate: threading.Event) -> None:
    future = mr.spawn(gate.wait, args=(WAIT,)).execute(wait=False)
    session.close()
    assert future.cancelled()


def test_an_interrupt_comes_through_at_once(session: Session, gate: threading.Event) -> None:
    main = threading.main_thread().ident
    assert main is not None

    def interrupt() -> bool:
        signal.pthread_kill(main, signal.SIGINT)
        return gate.wait(WAIT)

    obj = mr.spawn(interrupt)
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        obj.execute()
    assert time.monotonic() - started < 2
    (task,) = session.tasks
    assert task.state == "cancelled"
    with pytest.raises(ValueError, match="Cannot fetch unexecuted"):
        obj.fetch()
    assert mt.ones(2).sum().execute().fetch() == 2


def test_an_interrupt_while_waiting_for_a_future_leaves_it_running(session: Session, gate: threading.Event) -> None:
    main = threading.main_thread().ident
    assert main is not None

    def interrupt() -> bool:
        signal.pthread_kill(main, signal.SIGINT)
        return gate.wait(WAIT)

    ready = threading.Event()
    future = mr.spawn(lambda: ready.wait(WAIT) and interrupt()).execute(wait=False)

    def wait_for_it() -> None:
        ready.set()
        future.result()

    with pytest.raises(KeyboardInterrupt):
        wait_for_it()
    assert future.running()
    gate.set()
    assert future.result(WAIT).fetch() is True


# --- errors of the user's own functions ---------------------------------------------------------------------------


class OddError(Exception):
    def __init__(self, a: int, b: int) -> None:
        super().__init__(f"{a} and {b}")


def raises(error: BaseException) -> None:
    raise error


def test_errors_keep_their_type_and_say_where(session: Session) -> None:
    error = OddError(1, 2)
    obj = mr.spawn(raises, args=(error,))
    with pytest.raises(OddError, match="1 and 2") as caught:
        obj.execute()
    assert caught.value is error
    (note,) = error.__notes__
    assert note.startswith("while computing `raises`, recorded in test_async.py, line ")
    assert note.endswith(": `obj = mr.spawn(raises, args=(error,))`")
    assert any(entry.name == "raises" for entry in caught.traceback)
    future = obj.execute(wait=False)
    assert future.exception(WAIT) is error
    assert future.state == "failed"
    assert mt.ones(1).sum().execute().fetch() == 1
    with pytest.raises(ValueError, match="Cannot fetch unexecuted"):
        obj.fetch()


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt()])
def test_leaving_python_in_a_function_is_an_error(session: Session, error: BaseException) -> None:
    with pytest.raises(UserExit, match="raised") as caught:
        mr.spawn(raises, args=(error,)).execute()
    assert caught.value.__cause__ is error


def test_sys_exit_in_a_frame_function(session: Session) -> None:
    df = md.DataFrame({"a": [1, 2]})
    with pytest.raises(UserExit, match="SystemExit"):
        df.a.map(lambda value: sys.exit(1)).execute()


def test_retrying(session: Session) -> None:
    calls = []

    def fails_once() -> int:
        calls.append(1)
        if len(calls) == 1:
            raise OSError("once")
        return 5

    assert mr.spawn(fails_once, retry_when_fail=True).execute().fetch() == 5


def test_several_outputs(session: Session) -> None:
    low, high = mr.spawn(divmod, args=(17, 5), n_output=2)
    assert mars_nb.fetch(mars_nb.execute(low, high)) == [3, 2]
    with pytest.raises(TypeError, match="spawn needs a function"):
        mr.spawn(5)


def test_executes_from_several_threads(session: Session) -> None:
    found: dict[int, float] = {}

    def work(number: int) -> None:
        for _ in range(20):
            found[number] = float(mt.full((50, 50), number, chunk_size=20).sum().execute().fetch())

    threads = [threading.Thread(target=work, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert found == {n: n * 2500.0 for n in range(6)}


def test_timeouts_of_the_users_own_are_the_users_own(session: Session) -> None:
    with pytest.raises(FutureTimeoutError, match="mine"):
        mr.spawn(raises, args=(TimeoutError("mine"),)).execute()
