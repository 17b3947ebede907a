"""What functions print: it lands where it always did, and is kept for ``fetch_log``."""

from __future__ import annotations

import contextlib
import gc
import io
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from typing import Any

import dask
import pytest
from hypothesis import given
from hypothesis import strategies as st

import mars_nb
import mars_nb.dataframe as md
import mars_nb.remote as mr
from mars_nb import Session
from mars_nb.session import logs
from mars_nb.session.logs import Log, Logs, Tees

WAIT = 10.0


@pytest.fixture(autouse=True)
def _streams_as_before() -> Iterator[None]:
    before = sys.stdout, sys.stderr
    yield
    assert (sys.stdout, sys.stderr) == before
    assert type(sys.stdout) is not logs._Tee


@pytest.fixture
def session() -> Session:
    return mars_nb.new_session(n_threads=2)


# --- the log --------------------------------------------------------------------------------------------------------


@given(st.lists(st.text(max_size=12)), st.integers(1, 30))
def test_a_log_keeps_the_end(texts: list[str], limit: int) -> None:
    log = Log(limit)
    for number, text in enumerate(texts):
        log.write(text)
        assert log.text() == "".join(texts[: number + 1])[-limit:]


def test_a_log_of_much_is_bounded(session: Session, capsys: pytest.CaptureFixture[str]) -> None:
    def chatter() -> None:
        for number in range(200):
            print(f"{number:<9999}")

    done = mr.spawn(chatter).execute()
    assert len(done.fetch_log()) == logs.LIMIT
    assert len(capsys.readouterr().out) == 2_000_000
    assert done.fetch_log().endswith(f"{199:<9999}\n")


def test_a_log_of_small_parts_has_few(session: Session) -> None:
    log = Log()
    for _ in range(100_000):
        log.write("x")
    assert len(log._parts) < 100


# --- what is kept ---------------------------------------------------------------------------------------------------


def speak(text: str) -> str:
    print(text)
    print("error of", text, file=sys.stderr)
    return text


def test_prints_land_and_are_kept(session: Session, capsys: pytest.CaptureFixture[str]) -> None:
    one, two = (mr.spawn(speak, args=(text,)).execute() for text in ("one", "two"))
    assert capsys.readouterr() == ("one\ntwo\n", "error of one\nerror of two\n")
    assert one.fetch_log() == session.fetch_log(one) == "one\nerror of one\n"
    assert mars_nb.fetch_log(one, [two]) == ["one\nerror of one\n", "two\nerror of two\n"]
    assert capsys.readouterr() == ("", "")


def test_inputs_are_part_of_an_execution(session: Session, capsys: pytest.CaptureFixture[str]) -> None:
    inner = mr.spawn(speak, args=("inner",))
    outer = mr.spawn(speak, args=(inner,))
    outer.execute()
    assert outer.fetch_log().count("inner\n") == 4
    assert inner.fetch_log() == ""


def test_functions_on_frames(session: Session, capsys: pytest.CaptureFixture[str]) -> None:
    df = md.DataFrame({"a": [1, 2]}, chunk_size=1)
    shown = df.a.map(lambda n: print("at", n) or n)
    capsys.readouterr()  # the recording ran it on a sample
    shown.execute()
    assert sorted(shown.fetch_log().split("\n")) == ["", "at 1", "at 2"]


def test_warnings() -> None:
    code = """
        import warnings, mars_nb, mars_nb.remote as mr
        with mars_nb.new_session():
            done = mr.spawn(warnings.warn, args=("careful",)).execute()
            print(done.fetch_log(), end="")
    """  # in a process of its own, because pytest takes warnings away
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=True)
    assert "UserWarning: careful" in done.stdout
    assert done.stdout == done.stderr


def test_warnings_of_chunks_come_once() -> None:
    code = """
        import warnings, numpy as np, mars_nb, mars_nb.tensor as mt, mars_nb.remote as mr

        def careful(number):
            warnings.warn("careful")
            return number

        with mars_nb.new_session(n_threads=2):
            halves = mt.full(100, -1.0, chunk_size=10)
            roots = mars_nb.execute(mt.sqrt(halves), [mr.spawn(careful, args=(n,)) for n in range(10)])
            print(roots[0].fetch_log(), end="")
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=True)
    assert done.stdout == done.stderr
    assert done.stderr.count("UserWarning: careful") == 1
    assert done.stderr.count("RuntimeWarning: invalid value") == 1


def test_nothing(session: Session) -> None:
    quiet = mr.spawn(abs, args=(1,))
    assert quiet.fetch_log() == ""
    assert quiet.execute().fetch_log() == ""
    session.close()
    assert quiet.fetch_log() == ""
    assert mars_nb.fetch_log(quiet, quiet) == ["", ""]
    with pytest.raises(mars_nb.errors.SessionClosed):
        session.fetch_log(quiet)


def test_another_session(session: Session, capsys: pytest.CaptureFixture[str]) -> None:
    other = mars_nb.new_session(default=False)
    done = mr.spawn(speak, args=("x",)).execute(session=other)
    assert done.fetch_log() == ""
    assert done.fetch_log(session=other) == "x\nerror of x\n"
    with pytest.raises(TypeError, match="session= takes a session"):
        done.fetch_log(session="other")


def test_after_an_error(session: Session, capsys: pytest.CaptureFixture[str]) -> None:
    def fail() -> None:
        print("before")
        raise RuntimeError

    failing = mr.spawn(fail)
    with pytest.raises(RuntimeError):
        failing.execute()
    assert failing.fetch_log() == "before\n"


def test_freed_with_the_result(session: Session, capsys: pytest.CaptureFixture[str]) -> None:
    done = mr.spawn(speak, args=("x",)).execute()
    assert session._logs._logs
    del done
    deadline = time.monotonic() + WAIT
    while session._logs._logs and time.monotonic() < deadline:
        gc.collect()
    assert not session._logs._logs


def test_dask_collections(session: Session, capsys: pytest.CaptureFixture[str]) -> None:
    x = dask.delayed(speak)("delayed")
    session.execute(x)
    assert mars_nb.fetch_log(x) == "delayed\nerror of delayed\n"


# --- at the same time -----------------------------------------------------------------------------------------------


class Steps:
    """A function that prints in steps, each let through from outside."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.gates = [threading.Event() for _ in range(2)]
        self.said = [threading.Event() for _ in range(2)]

    def __call__(self) -> None:
        for number, (gate, said) in enumerate(zip(self.gates, self.said, strict=True)):
            assert gate.wait(WAIT)
            print(self.name, number)
            said.set()

    def step(self, number: int) -> None:
        self.gates[number].set()
        assert self.said[number].wait(WAIT)


def test_the_text_so_far(session: Session, capsys: pytest.CaptureFixture[str]) -> None:
    steps = Steps("s")
    obj = mr.spawn(steps)
    task = obj.execute(wait=False)
    assert obj.fetch_log() == ""
    steps.step(0)
    assert obj.fetch_log() == "s 0\n"
    steps.step(1)
    task.result(WAIT)
    assert obj.fetch_log() == "s 0\ns 1\n"


def test_executions_do_not_mix(session: Session, capsys: pytest.CaptureFixture[str]) -> None:
    a, b = Steps("a"), Steps("b")
    objects = [mr.spawn(steps) for steps in (a, b)]
    running = [obj.execute(wait=False) for obj in objects]
    for steps, number in ((a, 0), (b, 0), (b, 1)):
        steps.step(number)
    print("from the main thread")
    other = threading.Thread(target=print, args=("from another thread",))
    other.start()
    other.join()
    a.step(1)
    for task in running:
        task.result(WAIT)
    assert mars_nb.fetch_log(*objects) == ["a 0\na 1\n", "b 0\nb 1\n"]
    assert capsys.readouterr().out == "a 0\nb 0\nb 1\nfrom the main thread\nfrom another thread\na 1\n"


def test_a_cancelled_execution_takes_its_tees_along(session: Session) -> None:
    before, gate = sys.stdout, threading.Event()
    task = mr.spawn(gate.wait, args=(WAIT,)).execute(wait=False)
    assert sys.stdout is not before
    task.cancel()
    assert sys.stdout is before
    gate.set()


# --- others replace the streams -------------------------------------------------------------------------------------


def test_redirected_in_a_block(session: Session) -> None:
    with contextlib.redirect_stdout(io.StringIO()) as caught:
        done = mr.spawn(print, args=("x",)).execute()
    assert done.fetch_log() == caught.getvalue() == "x\n"


def test_redirected_while_it_runs(session: Session, capsys: pytest.CaptureFixture[str]) -> None:
    steps = Steps("s")
    obj = mr.spawn(steps)
    task = obj.execute(wait=False)
    steps.step(0)
    with contextlib.redirect_stdout(io.StringIO()) as caught:
        steps.step(1)
        task.result(WAIT)
        assert sys.stdout is caught
    assert caught.getvalue() == "s 1\n"
    assert type(sys.stdout) is logs._Tee  # what the block put back; without a log it is transparent
    print("transparent")
    again = mr.spawn(print, args=("x",)).execute()
    assert again.fetch_log() == "x\n"
    assert capsys.readouterr().out == "s 0\ntransparent\nx\n"


def test_a_wrapper_around_a_tee_does_not_double(session: Session) -> None:
    class Wrapper(io.TextIOBase):
        def __init__(self, inner: Any) -> None:
            self.inner = inner

        def write(self, text: str) -> int:
            return int(self.inner.write(text))

    before, steps = sys.stdout, Steps("s")
    task = mr.spawn(steps).execute(wait=False)
    sys.stdout = Wrapper(sys.stdout)
    try:
        assert mr.spawn(print, args=("x",)).execute().fetch_log() == "x\n"
    finally:
        sys.stdout = before
    steps.step(0)
    steps.step(1)
    task.result(WAIT)


def test_no_streams_at_all(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    assert mr.spawn(print, args=("x",)).execute().fetch_log() == ""


class Stream(io.StringIO):
    encoding = "koi8-r"
    note = 1

    def isatty(self) -> bool:
        return True

    def fileno(self) -> int:
        return 77


def test_a_tee_is_transparent(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = Stream()
    monkeypatch.setattr(sys, "stdout", stream)
    one, two = Tees(), Tees()
    one.release()
    one.acquire()
    two.acquire()
    tee: Any = sys.stdout
    assert tee is not stream
    assert isinstance(tee, Stream)
    assert (tee.isatty(), tee.fileno(), tee.encoding, repr(tee)) == (True, 77, "koi8-r", repr(stream))
    tee.note = 2
    assert stream.note == 2
    tee.writelines(["a\n", "b"])
    tee.write("\n")
    tee.flush()
    tee.seek(0)
    assert list(tee) == ["a\n", "b\n"]
    with pytest.raises(AttributeError):
        tee.no_such_thing
    one.release()
    one.release()
    assert sys.stdout is tee
    two.release()
    assert sys.stdout is stream
    with tee as entered:
        assert entered is stream
    assert stream.closed


def test_writing_is_patched_while_a_tee_is_in(session: Session, capsys: pytest.CaptureFixture[str]) -> None:
    steps, patched = Steps("s"), []
    obj = mr.spawn(steps)
    task = obj.execute(wait=False)
    stream: Any = sys.stdout
    original = stream.write
    stream.write = lambda text: (patched.append(text), original(text))[1]
    steps.step(0)
    stream.write = original
    steps.step(1)
    task.result(WAIT)
    assert "".join(patched) == "s 0\n"
    assert obj.fetch_log() == capsys.readouterr().out == "s 0\ns 1\n"


def test_the_submitter_is_not_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    tees, table = Tees(), Logs()
    tees.acquire()
    with table.recording(["k"]):
        print("planning")
    tees.release()
    assert table.text("k") == ""
    assert sys.stdout.getvalue() == "planning\n"
