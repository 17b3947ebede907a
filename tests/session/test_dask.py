"""Sessions as schedulers for Dask."""

from __future__ import annotations

import signal
import threading
import time
import traceback
import zlib
from typing import Any

import dask
import dask.array as da
import pytest
from dask._task_spec import Dict
from dask.callbacks import Callback
from dask.diagnostics import CacheProfiler, Profiler, ProgressBar, ResourceProfiler
from dask.task_spec import Alias, DataNode, List, Task, TaskRef
from hypothesis import given, settings
from hypothesis import strategies as st
from tqdm.dask import TqdmCallback

import mars_nb
from mars_nb import Session

WAIT = 10.0


@pytest.fixture
def session() -> Session:
    return mars_nb.new_session(n_threads=2)


# --- the law: what dask.get gives -----------------------------------------------------------------------------------


def mix(*args: Any, **kwargs: Any) -> int:
    """Give a number that tells all arguments and their nesting."""
    return zlib.crc32(repr((args, sorted(kwargs.items()))).encode())


LITERALS = st.one_of(st.integers(-9, 9), st.floats(0, 1), st.sampled_from(["text", ""]), st.none(), st.just([1, [2]]))


@st.composite
def tasks(draw: Any, keys: list[Any]) -> Any:
    """Draw a task, in any form, that needs some of the keys."""
    refs = st.sampled_from(keys) if keys else LITERALS
    plain = st.recursive(refs | LITERALS, lambda inner: st.lists(inner, max_size=3), max_leaves=5)
    kind = draw(st.sampled_from(["literal", "alias", "legacy", "nested", "dict", "new", "new alias", "node"]))
    match kind:
        case "alias" if keys:
            return draw(refs)
        case "new alias" if keys:
            target = draw(refs)
            return lambda key: Alias(key, target)
        case "legacy":
            return (mix, *draw(st.lists(plain, max_size=4)))
        case "nested":
            return (mix, (mix, *draw(st.lists(plain, max_size=2))), [(mix, draw(plain))])
        case "dict":
            return (dict, [["a", draw(plain)], ["b", (mix, draw(plain))]])
        case "new" if keys:
            args = [TaskRef(key) for key in draw(st.lists(refs, max_size=3))]
            one, two, three = (TaskRef(draw(refs)) for _ in range(3))
            return lambda key: Task(key, mix, *args, List(one, 1), last=Dict({"x": two}), first=three, plain="text")
        case "node":
            value = draw(LITERALS)
            return lambda key: DataNode(key, value)
    return draw(LITERALS)


@st.composite
def graphs(draw: Any) -> tuple[dict[Any, Any], Any]:
    """Draw a graph, and nested keys of it."""
    names = st.one_of(
        st.text("abc", min_size=1, max_size=3).map("k-{}".format), st.tuples(st.just("t"), st.integers(0, 9))
    )
    graph: dict[Any, Any] = {}
    for key in draw(st.lists(names, min_size=1, max_size=12, unique=True)):
        task = draw(tasks(list(graph)))
        graph[key] = task(key) if callable(task) else task
    keys = st.recursive(st.sampled_from(list(graph)), lambda inner: st.lists(inner, max_size=3), max_leaves=6)
    return graph, draw(keys)


@settings(max_examples=150)
@given(graphs())
def test_the_same_as_dask_get(drawn: tuple[dict[Any, Any], Any]) -> None:
    graph, keys = drawn
    before = dict(graph)
    with mars_nb.new_session(n_threads=2, default=False) as session:
        assert repr(session.get(graph, keys)) == repr(dask.get(graph, keys))
    assert list(graph) == list(before)


class Record(Callback):
    """Notes what it is told."""

    def __init__(self) -> None:
        super().__init__()
        self.begun: list[Any] = []
        self.done: dict[Any, Any] = {}
        self.totals: tuple[int, ...] = ()
        self.ends: list[bool] = []

    def _start(self, dsk: Any) -> None:
        self.size = len(dsk)

    def _start_state(self, dsk: Any, state: Any) -> None:
        self.totals = tuple(sum(len(state[name]) for name in ("ready", "waiting", "running", "finished")) for _ in "x")
        self.state = state

    def _pretask(self, key: Any, dsk: Any, state: Any) -> None:
        assert key in state["running"]
        assert key not in state["ready"]
        assert key not in state["waiting"]
        self.begun.append(key)

    def _posttask(self, key: Any, result: Any, dsk: Any, state: Any, worker_id: Any) -> None:
        assert key in state["finished"]
        self.done[key] = result

    def _finish(self, dsk: Any, state: Any, failed: bool) -> None:
        self.ends.append(failed)


@settings(max_examples=100)
@given(graphs())
def test_callbacks_hear_what_they_hear_from_dask(drawn: tuple[dict[Any, Any], Any]) -> None:
    graph, keys = drawn
    theirs, ours = Record(), Record()
    with theirs:
        expected = dask.get(graph, keys)
    with mars_nb.new_session(n_threads=2, default=False) as session, ours:
        assert repr(session.get(graph, keys)) == repr(expected)
    assert sorted(map(str, ours.begun)) == sorted(map(str, theirs.begun))
    assert {str(k): repr(v) for k, v in ours.done.items()} == {str(k): repr(v) for k, v in theirs.done.items()}
    assert (ours.size, ours.totals, ours.ends) == (theirs.size, theirs.totals, theirs.ends)
    for name in ("ready", "waiting", "running", "finished", "released"):
        assert sorted(map(str, ours.state[name])) == sorted(map(str, theirs.state[name])), name


# --- get ------------------------------------------------------------------------------------------------------------


def test_a_session_is_made_quietly() -> None:
    assert mars_nb.get({"x": (abs, -1)}, "x", num_workers=7, pool=None, cache=None) == 1
    assert mars_nb.get_default_session() is not None
    assert mars_nb.get({}, []) == ()


def test_what_is_missing(session: Session) -> None:
    with pytest.raises(KeyError, match="nope"):
        session.get({"x": 1}, "nope")
    with pytest.raises(ValueError, match="Missing dependency 'x'"):
        session.get({"y": Task("y", abs, TaskRef("x"))}, "y")


@pytest.mark.parametrize("callbacks", [None, (Record(),)])
@pytest.mark.parametrize(
    "graph",
    [{"x": (abs, "y"), "y": (abs, "x")}, {"x": Alias("x", "y"), "y": Alias("y", "x")}],
    ids=["tasks", "aliases"],
)
def test_circles(session: Session, graph: Any, callbacks: Any) -> None:
    with pytest.raises(ValueError, match="circle"):
        session.get(graph, "x", callbacks=callbacks)


class OwnError(Exception):
    pass


def broken(value: int) -> int:
    raise OwnError(value)


@pytest.mark.parametrize("callbacks", [None, [Record()]])
def test_errors_keep_type_and_frames(session: Session, callbacks: Any) -> None:
    with pytest.raises(OwnError, match="1") as caught:
        session.get({"x": 1, "y": (broken, "x"), "z": (abs, "y")}, "z", callbacks=callbacks)
    assert "broken" in [frame.name for frame in traceback.extract_tb(caught.value.__traceback__)]
    assert not hasattr(caught.value, "__notes__")
    assert session.tasks[-1].state == "failed"
    assert session.get({"x": (abs, -1)}, "x") == 1


def test_an_exit_comes_through(session: Session) -> None:
    with pytest.raises(SystemExit):
        session.get({"x": (exit, 3)}, "x")
    assert session.get({"x": (abs, -1)}, "x") == 1


def test_closed(session: Session) -> None:
    session.close()
    with pytest.raises(mars_nb.errors.SessionClosed):
        session.get({"x": 1}, "x")
    with pytest.raises(mars_nb.errors.SessionClosed), session.as_dask_scheduler():
        pass


def test_one_thread_computes_inside_what_it_computes() -> None:
    with mars_nb.new_session(n_threads=1) as session, session.as_dask_scheduler():
        inner = da.ones(6, chunks=2).sum()
        assert dask.delayed(lambda: float(inner.compute()) + 1)().compute() == 7


def test_as_dask_scheduler(session: Session) -> None:
    x = da.arange(10, chunks=3).sum()
    with session.as_dask_scheduler():
        assert x.compute() == 45
    assert [task.label for task in session.tasks] == ["dask.get"]
    x.compute(scheduler="sync")
    assert len(session.tasks) == 1
    assert dask.config.get("scheduler", None) is None


def test_an_interrupt_comes_through_at_once(session: Session) -> None:
    gate, ends = threading.Event(), Record()

    def interrupt() -> bool:
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
        return gate.wait(WAIT)

    started = time.monotonic()
    try:
        with pytest.raises(KeyboardInterrupt), ends:
            session.get({"x": (interrupt,), "y": (abs, "x")}, "y")
        assert time.monotonic() - started < 2
        assert session.tasks[-1].state == "cancelled"
        assert session.get({"x": (abs, -1)}, "x") == 1
    finally:
        gate.set()
    assert ends.ends == [True]
    assert ends.done == {}
    assert not Callback.active


def test_closing_ends_a_get(session: Session) -> None:
    inside, gate = threading.Event(), threading.Event()

    def slow() -> bool:
        inside.set()
        return gate.wait(WAIT)

    closer = threading.Thread(target=lambda: (inside.wait(WAIT), session.close()))
    closer.start()
    try:
        with pytest.raises(mars_nb.errors.TaskCancelled):
            session.get({"x": (slow,)}, "x")
    finally:
        gate.set()
        closer.join()


# --- callbacks ------------------------------------------------------------------------------------------------------


def test_forms_of_callbacks(session: Session) -> None:
    graph = {"x": (abs, -1), "y": (abs, "x")}
    seen: list[str] = []
    hooks = (None, None, lambda key, dsk, state: seen.append(key), None, None)
    for callbacks in (hooks, [hooks], Record(), [Record(), hooks]):
        assert session.get(graph, "y", callbacks=callbacks) == 1
    assert seen == ["x", "y"] * 3
    with Callback(pretask=hooks[2]):
        session.get(graph, "y", callbacks=[])
    assert len(seen) == 6


def test_an_error_in_a_hook(session: Session) -> None:
    ends = Record()
    with ends, Callback(posttask=broken_hook), pytest.raises(OwnError):
        session.get({"x": (abs, -1)}, "x")
    assert ends.ends == [True]


def broken_hook(*_: Any) -> None:
    raise OwnError


def test_only_the_outer_graph_has_callbacks(session: Session) -> None:
    def inside() -> Any:
        return session.get({"inner": (abs, -1)}, "inner")

    with Record() as heard:
        assert session.get({"outer": (inside,)}, "outer") == 1
    assert heard.begun == ["outer"]


def test_diagnostics(session: Session, capsys: pytest.CaptureFixture[str]) -> None:
    x = (da.ones(12, chunks=3) + 1).sum()
    with ProgressBar(), Profiler() as tasks, CacheProfiler() as cache, ResourceProfiler(dt=0.05) as resources:
        assert x.compute(scheduler=session.get) == 24
    assert "100% Completed" in capsys.readouterr().out
    assert len(tasks.results) == len(cache.results) >= 5
    assert all(task.start_time <= task.end_time for task in tasks.results)
    assert resources.results is not None


def test_tqdm(session: Session) -> None:
    bars = []
    x = (da.ones(12, chunks=3) + 1).sum()
    with TqdmCallback(disable=False, leave=False) as progress:
        x.compute(scheduler=session.get)
        bars.append(progress.pbar)
    assert bars[0].n == bars[0].total >= 5
