"""Queries while they run: how far they are, how they end, what memory they take, and answers in chunks."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from columnar_tools import same, watched

import mars_nb
import mars_nb.dataframe as md
from mars_nb.graph.node import ordered
from mars_nb.planner import engines
from mars_nb.planner.columnar import parts, query, watching
from mars_nb.planner.columnar.stages import find
from mars_nb.planner.columnar.values import NotColumnar
from mars_nb.planner.columnar.watching import Watch, carrier
from mars_nb.planner.engines import Memory
from mars_nb.scheduler import inside

ROWS = 400_000


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    return pd.DataFrame({"k": rng.integers(0, 50, ROWS), "x": rng.random(ROWS), "n": np.arange(ROWS)})


@pytest.fixture(scope="module")
def path(frame: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> str:
    found = str(tmp_path_factory.mktemp("running") / "frame.parquet")
    frame.to_parquet(found, row_group_size=50_000)
    return found


@pytest.fixture
def session() -> Iterator[Any]:
    with mars_nb.option_context({"engine": "columnar"}), mars_nb.new_session() as session:
        yield session


# --- how far it is ----------------------------------------------------------------------------------------------


class Told:
    def __init__(self) -> None:
        self.parts: list[float] = []

    def reached(self, part: float) -> None:
        self.parts.append(part)


def _passed(watch: Watch, lazy: pl.LazyFrame, rows: int | None, column: str = "x") -> pl.LazyFrame:
    return watch.past(lazy, column, pl.Float64, "rows", rows)


@pytest.mark.parametrize("filtered", [False, True])
def test_what_is_read_is_told_whatever_filters_leave_out(path: str, filtered: bool) -> None:
    least = []
    for _ in range(10):  # row groups may be ready in any order
        told = Told()
        lazy = _passed(Watch(told), pl.scan_parquet(path, row_index_name="rows"), ROWS)
        lazy = lazy.filter(pl.col("k") == 3) if filtered else lazy
        assert "SELECTION" in lazy.explain() or not filtered  # it is still the scan that filters
        found = lazy.select(pl.col("x").sum()).collect(engine="streaming")
        assert found.item() > 0
        assert len(told.parts) > 2
        assert max(told.parts) == pytest.approx(watching._READ, rel=0.01)
        least.append(min(told.parts))
    assert min(least) < 0.5


def test_several_inputs_count_by_their_rows() -> None:
    told = Told()
    watch = Watch(told)
    small, large = pl.DataFrame({"x": [1.0] * 10}), pl.DataFrame({"x": [1.0] * 30})
    one = _passed(watch, small.lazy().with_row_index("rows"), 10)
    _passed(watch, large.lazy().with_row_index("rows"), 30)
    one.collect()
    assert max(told.parts) == watching._READ / 4


def test_of_rows_that_nobody_counted_nothing_is_told() -> None:
    told = Told()
    _passed(Watch(told), pl.DataFrame({"x": [1.0]}).lazy().with_row_index("rows"), None).collect()
    assert told.parts == [0.0]


def test_the_column_that_passes_by_is_none_that_decides_on_rows() -> None:
    kinds = {"c0": pl.String, "c1": pl.Int64, "c2": pl.Float64}
    assert carrier(kinds, kinds, set()) == "c1"
    assert carrier(kinds, kinds, {"c1"}) == "c2"
    assert carrier(kinds, kinds, {"c1", "c2"}) == "c0"
    assert carrier(kinds, ["c1"], {"c1"}) is None


def test_keys_of_joins_and_masks_do_not_pass_by(tmp_path: Path) -> None:
    """So that Polars finds rows without a partner in the scan; of the largest input something passes in any case."""
    large = pd.DataFrame({"k": range(1000), "j": range(1000), "v": range(1000)})
    paths = [str(tmp_path / name) for name in ("a", "b")]
    for path in paths:
        large.to_parquet(path)
    a, b = (md.read_parquet(path) for path in paths)
    joined = a[a.j > 3].merge(b[["k"]], on="k")
    for lazy, passing in ((joined.v.sum(), ["v"]), (joined.k.sum(), ["k"])):
        node = lazy._node
        found = find(ordered([node]), [node], lambda _: False, lambda _: None)
        carriers = query._carriers(query.Query(list(found.stages[node].answers.values()), []).needs)
        labels = [relation.file.columns[name] for relation, name in carriers.items()]
        assert labels == passing


class Gate:
    """Holds a query up at a batch of rows."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, at: int = 0) -> None:
        self.reached, self.opened = threading.Event(), threading.Event()
        self.batches = 0
        self._at = at
        monkeypatch.setattr(Watch, "_look_at_memory", lambda watch: self._pass())

    def _pass(self) -> None:
        self.batches += 1
        if self.batches > self._at:
            self.reached.set()
            assert self.opened.wait(20)


@pytest.mark.parametrize("source", ["file", "frame"])
def test_progress_moves_inside_a_query(
    session: Any, frame: pd.DataFrame, path: str, source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate(monkeypatch, 1)
    lazy = md.read_parquet(path) if source == "file" else md.DataFrame(frame)
    task = lazy.groupby("k").x.sum().execute(wait=False)
    assert gate.reached.wait(20)
    (operation,) = task.snapshot().operations
    assert (operation.done, operation.running, operation.total) == (0, 1, 1)
    assert 0.05 < operation.part < 1.0
    assert 0.05 < task.progress() < 1.0
    assert task.sample().operations[operation.node.key].part == pytest.approx(operation.part, abs=0.2)
    gate.opened.set()
    same(task.result(20).fetch(), frame.groupby("k").x.sum())
    assert task.progress() == 1.0


# --- how it ends ------------------------------------------------------------------------------------------------


def test_a_cancelled_query_ends_at_the_next_batch(session: Any, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    gate = Gate(monkeypatch)
    task = md.read_parquet(path).groupby("k").x.sum().execute(wait=False)
    assert gate.reached.wait(20)
    began = time.perf_counter()
    assert task.cancel()
    assert time.perf_counter() - began < 2.0  # until the gate opens it would wait for 20
    gate.opened.set()
    _wait_until_none_runs()
    assert gate.batches <= pl.thread_pool_size() + 1  # those that were held up, and no more


def _wait_until_none_runs() -> None:
    for watch in list(watching._watches):
        assert watch.running.acquire(timeout=20)


def test_a_query_inside_a_function_ends_with_the_run_that_it_asked_for() -> None:
    over = False
    told = Told()
    place = inside.Nested(lambda: over, told)
    place.reached(0.5)
    assert told.parts == [0.0]
    over = True
    with pytest.raises(inside.Unwanted):
        place.reached(0.6)


def test_a_program_may_end_while_a_query_runs(path: str) -> None:
    script = f"""
import mars_nb, mars_nb.dataframe as md
from threading import Event
from mars_nb.planner.columnar.watching import Watch
begun = Event()
look = Watch._look_at_memory
def slow(watch):
    begun.set()
    Event().wait(0.05)
Watch._look_at_memory = slow
mars_nb.options.engine = "columnar"
mars_nb.new_session()
task = md.read_parquet({path!r}).groupby("k").x.sum().execute(wait=False)
assert begun.wait(20)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")


# --- memory -----------------------------------------------------------------------------------------------------


def test_a_query_ends_that_takes_more_memory_than_there_is() -> None:
    sizes, now = iter([100, 250, 450]), iter([0.0, 1.0, 1.0, 2.0])
    watch = Watch(Told(), 300, lambda: next(sizes), lambda: next(now))
    watch._look_at_memory()
    watch._look_at_memory()  # too soon to look again
    with pytest.raises(NotColumnar, match="350 B of memory taken, where the session has 300 B left"):
        watch._look_at_memory()


def test_what_took_too_much_is_computed_in_parts(
    session: Any, path: str, frame: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = iter(range(0, 2**60, 2**40))
    monkeypatch.setattr(watching, "_PERIOD", 0.0)
    monkeypatch.setattr(query, "Watch", partial(Watch, memory=lambda: next(sizes)))
    with watched() as seen:
        found = md.read_parquet(path).groupby("k").x.sum().execute().fetch()
    assert len(seen.fallbacks) == 1
    assert "of memory taken" in seen.fallbacks[0]
    same(found, frame.groupby("k").x.sum())


def test_memory_of_the_process() -> None:
    before = watching.process_memory()
    block = np.ones(2**27, np.uint8)  # too large for memory that was freed to be taken again
    assert 2**26 < watching.process_memory() - before < 2**28
    assert block.any()


@pytest.mark.parametrize(
    ("program", "limit", "fits"),
    [
        (lambda df: df.sort_values("x"), 2**25, False),  # 9.2 MiB to sort, as much to give
        (lambda df: df.sort_values("x"), 2**27, True),
        (lambda df: df.sort_values("x").head(3), 2**25, True),  # counts what is sorted alone
        (lambda df: df.groupby("k").x.sum(), 2**20, True),  # groups are mostly few
        (lambda df: df.x.sum(), 2**20, True),
        (lambda df: df.merge(df, on="n").x_x.sum(), 2**23, False),  # the side that is searched
        (lambda df: df.merge(df, on="n").x_x.sum(), 2**25, True),
        (lambda df: df[df.n.isin(df.n)].x.sum(), 2**22, False),
        (lambda df: df[df.n.isin(df.n)].x.sum(), 2**25, True),
    ],
)
def test_what_may_not_fit_is_not_begun(program: Any, limit: int, fits: bool, path: str) -> None:
    node = program(md.read_parquet(path))._node
    found = find(ordered([node]), [node], lambda _: False, lambda _: None, True, Memory(limit, limit))
    assert (node in found.stages) is fits
    assert fits or "memory" in found.refused[node]


def test_chunks_that_are_brought_count(frame: pd.DataFrame) -> None:
    node = md.DataFrame(frame).groupby("k").x.sum()._node
    for limit, fits in ((2**23, False), (2**25, True)):
        found = find(ordered([node]), [node], lambda _: False, lambda _: None, True, Memory(limit, limit))
        assert (node in found.stages) is fits


def test_within_a_small_limit_the_answers_are_the_same(path: str, frame: pd.DataFrame) -> None:
    with mars_nb.new_session(memory_limit="24MiB") as session:
        found = md.read_parquet(path).sort_values(["k", "x"]).execute()
        assert session.memory <= session.memory_limit
        pd.testing.assert_frame_equal(found.fetch(), frame.sort_values(["k", "x"]))


# --- large answers ----------------------------------------------------------------------------------------------


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "LEAST_BYTES", 2**20)
    monkeypatch.setattr(parts, "PART_BYTES", 2**20)


PROGRAMS = {
    "sorted": lambda pd, df: df.sort_values("x"),
    "numbered": lambda pd, df: df.sort_values("x", ignore_index=True),
    "series": lambda pd, df: df.sort_values("x").n,
    "filtered": lambda pd, df: df[df.k < 2].sort_values("x"),
    "none left": lambda pd, df: df[df.k < 0].sort_values("x"),
    "gaps": lambda pd, df: df.merge(df[df.k < 2][["n", "k"]].rename(columns={"k": "g"}), on="n", how="left"),
    "used": lambda pd, df: df.sort_values("x").cumsum().tail(3),
}


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize("name", PROGRAMS)
def test_large_answers_are_chunks(session: Any, name: str, path: str, frame: pd.DataFrame) -> None:
    program = PROGRAMS[name]
    lazy = program(md, md.read_parquet(path))
    with watched() as seen:
        lazy.execute()
    assert not seen.fallbacks
    assert seen.answered
    if name != "used":
        assert len(session._backend.layout(lazy._node.key).keys) > 4
    same(lazy.fetch(), program(pd, frame))
    same(lazy.head(3).fetch(), program(pd, frame).head(3))


@pytest.mark.usefixtures("small_parts")
def test_large_and_small_answers_of_one_query(session: Any, path: str, frame: pd.DataFrame) -> None:
    df = md.read_parquet(path)
    ordered, total = df.sort_values("x"), df.groupby("k").x.sum()
    mars_nb.execute(ordered, total)
    same(ordered.fetch(), frame.sort_values("x"))
    same(total.fetch(), frame.groupby("k").x.sum())


def test_parts() -> None:
    found = pl.DataFrame({"a": range(10), "b": [None, *range(9)]})
    assert parts.parts_for(parts.LEAST_BYTES - 1) == 1
    shape = parts.Shape("frame", pd.Index(["a", "b"]), (np.dtype(int),) * 2, ("none", "maybe"), narrow=(None, None))
    cut = parts.parts(found, shape, 3)
    assert [part.frame.height for part in cut] == [10, 0, 0]  # small as it is
    assert [part.of_pandas().b.dtype for part in cut] == [np.dtype(float)] * 3  # as in the whole
    assert cut[0].of_pandas().index.equals(pd.RangeIndex(10))


def test_bytes_of_parts_are_counted() -> None:
    from mars_nb.session.backends.memory import bytes_of

    found = pl.DataFrame({"a": np.arange(2**17)})
    shape = parts.Shape("series", "a", (np.dtype(int),), ("none",), narrow=(None,))
    (part,) = parts.parts(found, shape, 1)
    assert 2**20 <= bytes_of(part) < 2**20 + 1000


# --- processes --------------------------------------------------------------------------------------------------


def test_a_forked_process_computes_without_polars(path: str) -> None:
    script = f"""
import os, warnings
warnings.simplefilter("ignore")
import mars_nb, mars_nb.dataframe as md
mars_nb.options.engine = "columnar"
compute = lambda: float(md.read_parquet({path!r}).groupby("k").x.sum().execute().fetch().sum())
with mars_nb.new_session():
    expected = compute()
child = os.fork()
if child == 0:
    with mars_nb.new_session(), mars_nb.option_context({{"show_progress": False}}):
        os._exit(0 if abs(compute() - expected) < 1e-6 else 1)
assert os.waitpid(child, 0)[1] == 0
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_what_nobody_knows_the_size_of_counts_as_what_it_is_made_of(frame: pd.DataFrame) -> None:
    part = md.DataFrame(frame).map_chunk(lambda chunk: chunk[chunk.x > 0.5])
    node = part.sort_values("x")._node
    for limit, fits in ((2**23, False), (2**27, True)):
        found = engines.find(ordered([node]), [node], lambda _: False, memory=Memory(limit, limit))
        assert found is not None
        assert (node in found.stages) is fits


def test_what_is_kept_on_the_way_counts_with_its_size(path: str, frame: pd.DataFrame) -> None:
    big = pd.concat([frame] * 3)
    with mars_nb.new_session() as session, watched() as seen:
        df = md.DataFrame(big).map_chunk(lambda chunk: chunk)
        df.x.sum().execute()
        assert len(session.intermediates) == 1
        seen.answered.clear()
        df.sort_values("x").execute()
        assert seen.answered == ["sort_values"]


@pytest.mark.usefixtures("small_parts")
def test_an_error_of_a_part_tells_the_operation(session: Any, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(part: Any) -> None:
        raise MemoryError("no more")

    monkeypatch.setattr(parts.Part, "of_pandas", fail)
    with pytest.raises(MemoryError, match="no more"):
        md.read_parquet(path).sort_values("x").execute()
    assert mars_nb.last_error.operation == "sort_values"
