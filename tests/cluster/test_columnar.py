"""Queries of the columnar engine on workers."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from cluster_tools import AT_ONCE_S, until

import mars_nb
import mars_nb.dataframe as md
from mars_nb.planner.columnar import parts, watching
from mars_nb.planner.columnar.watching import Watch
from mars_nb.session.backends.cluster.backend import FEW_WORKERS, SMALL_INPUT, of_one_worker

ROWS = 100_000


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    return pd.DataFrame({"k": rng.integers(0, 50, ROWS), "x": rng.random(ROWS), "t": rng.choice(["a", "b"], ROWS)})


@pytest.fixture(scope="module")
def path(frame: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> str:
    found = str(tmp_path_factory.mktemp("columnar") / "frame.parquet")
    frame.to_parquet(found, row_group_size=20_000)
    return found


@pytest.fixture
def session(cluster: Any) -> Iterator[Any]:
    with mars_nb.option_context({"engine": "columnar"}), mars_nb.new_session(cluster.address) as session:
        cluster.until_ready(session)
        yield session


def _is_columnar(session: Any, lazy: Any) -> bool:
    return (lazy._node.key, "columnar") in session._backend.plan([lazy._node]).graph


@pytest.mark.parametrize(
    "program",
    [
        lambda df: df.groupby("k").x.sum(),
        lambda df: df[df.x > 0.5].sort_values(["t", "x"]),
        lambda df: df.merge(df.groupby("t", as_index=False).x.max(), on="t").x_y.sum(),
    ],
)
@pytest.mark.parametrize("source", ["file", "frame", "result"])
def test_queries_run_on_a_worker(session: Any, frame: pd.DataFrame, path: str, program: Any, source: str) -> None:
    df = md.read_parquet(path) if source == "file" else md.DataFrame(frame, chunk_size=30_000)
    if source == "result":
        df = df.execute()
    lazy = program(df)
    assert _is_columnar(session, lazy)
    found, expected = lazy.execute().fetch(), program(frame)
    if isinstance(expected, pd.DataFrame):
        pd.testing.assert_frame_equal(found, expected)
    elif isinstance(expected, pd.Series):
        pd.testing.assert_series_equal(found, expected)
    else:
        assert found == pytest.approx(expected)


def test_several_answers_and_large_ones(
    session: Any, frame: pd.DataFrame, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "LEAST_BYTES", 2**20)
    monkeypatch.setattr(parts, "PART_BYTES", 2**20)
    df = md.read_parquet(path)
    ordered, sums = df.sort_values("x"), df.groupby("k").x.sum()
    mars_nb.execute(ordered, sums)
    assert len(session._backend.layout(ordered._node.key).keys) > 2
    pd.testing.assert_frame_equal(ordered.fetch(), frame.sort_values("x"))
    pd.testing.assert_series_equal(sums.fetch(), frame.groupby("k").x.sum())
    task = session.tasks[-1]
    assert (task.done, task.state) == (task.total, "done")


def test_what_a_worker_refuses_is_computed_by_pandas(session: Any, tmp_path: Path) -> None:
    path = tmp_path / "gaps.csv"
    lines = ["a,b", *("1,2" for _ in range(100_000)), ",3"]  # an integer that is missing far down
    path.write_text("\n".join(lines) + "\n")
    lazy = md.read_csv(str(path)).groupby("b").a.sum()
    assert _is_columnar(session, lazy)
    pd.testing.assert_series_equal(lazy.execute().fetch(), pd.read_csv(path).groupby("b").a.sum())


@pytest.fixture
def slowly(session: Any) -> Iterator[None]:
    """Let each batch of rows wait on the workers."""
    session._backend.client.run(_slow_down)
    yield
    session._backend.client.run(_speed_up)


def _slow_down() -> None:
    Watch._look_at_memory = lambda watch: time.sleep(0.3)


def _speed_up() -> None:
    Watch._look_at_memory = _look


_look = Watch._look_at_memory


def _number() -> int:
    return sum(watch.running.locked() for watch in list(watching._watches))


@pytest.mark.usefixtures("slowly")
def test_progress_moves_and_a_cancelled_query_ends(session: Any, path: str) -> None:
    task = md.read_parquet(path).groupby("k").x.sum().execute(wait=False)
    parts_done = until(lambda: [o.part for o in task.snapshot().operations if o.part], "part that is done")
    assert 0.0 < parts_done[0] < 1.0
    assert 0.0 < task.progress() < 1.0
    began = time.perf_counter()
    assert task.cancel()
    assert time.perf_counter() - began < AT_ONCE_S
    until(lambda: not any(session._backend.client.run(_number).values()), "end of the query")


@pytest.mark.parametrize(
    ("workers", "smallest", "most"),
    [(1, 2**30, 2**29), (FEW_WORKERS, 2**30, 2**29), (FEW_WORKERS + 1, 2**40, SMALL_INPUT)],
)
def test_where_it_pays(workers: int, smallest: int, most: int) -> None:
    memory = of_one_worker({"workers": workers, "smallest": smallest})
    assert memory.most == most
    assert memory.why_not(most, 0, 0, 0) == ""
    assert "shared out" in memory.why_not(most + 1, 0, 0, 0)
    assert of_one_worker({"workers": 1, "smallest": 0}).why_not(2**50, 0, 2**50, 0) == ""
