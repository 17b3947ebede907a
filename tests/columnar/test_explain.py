"""``explain()`` tells how each operation would run, and runs nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import mars_nb
import mars_nb.dataframe as md
import mars_nb.remote as mr
import mars_nb.tensor as mt
from mars_nb.errors import SessionClosed


@pytest.fixture(autouse=True)
def _session() -> Iterator[None]:
    with mars_nb.new_session(name="etl"):
        yield


@pytest.fixture(name="frame")
def _frame() -> pd.DataFrame:
    return pd.DataFrame({"a": np.arange(10) % 3, "x": np.arange(10) / 4, "s": ["p", "q"] * 5})


def rows(lazy: Any, session: Any = None) -> dict[str, str]:
    """Give how each operation would run, with the notes, by name."""
    (_, table) = lazy.explain(session).page.parts
    runs, notes = table.header.index("runs"), table.header.index("notes")
    return {row[1]: "; ".join(filter(None, (row[runs], row[notes]))) for row in table.rows}


def test_a_columnar_stage(frame: pd.DataFrame, tmp_path: Path) -> None:
    frame.to_parquet(tmp_path / "f.parquet", row_group_size=4)
    lazy = md.read_parquet(str(tmp_path / "f.parquet"))
    groups = lazy[lazy.x > 1].groupby("a").x.sum()
    with mars_nb.option_context({"engine": "columnar"}):
        explained = groups.apply(abs).explain()
        found = rows(groups.apply(abs))
    assert found == {
        "read_parquet": "columnar, stage 1; reads 2 of 3 columns, 3 row groups",
        "getitem 'x'": "columnar, stage 1",
        "gt": "columnar, stage 1",
        "getitem": "columnar, stage 1",
        "groupby.sum": "columnar, stage 1",
        "apply": found["apply"],
    }
    assert found["apply"].startswith("whole; not columnar: ")
    first = str(explained).partition("\n")[0]
    assert first.startswith("6 operations would run in session 'etl', in ")
    assert first.endswith("chunk tasks, 1 columnar stage among them")
    assert "test_explain.py, line" in str(explained)
    assert "FILTER" not in str(explained)
    assert "Parquet SCAN" not in str(explained)


def test_the_plan_of_polars(frame: pd.DataFrame, tmp_path: Path) -> None:
    frame.to_parquet(tmp_path / "f.parquet")
    with mars_nb.option_context({"engine": "columnar"}):
        explained = md.read_parquet(str(tmp_path / "f.parquet")).groupby("a").x.sum().explain(plan=True)
    assert "Polars's plan of stage 1" in str(explained)
    assert "Parquet SCAN" in str(explained)
    html = explained._repr_html_()
    assert "<details open>" in html
    assert "Parquet SCAN" in html


def test_why_the_engine_is_not_asked(frame: pd.DataFrame) -> None:
    with mars_nb.option_context({"fold_bytes": 0}):
        lazy = md.from_pandas(frame).sort_values("x")
    assert "not columnar: it begins with less than 2 MiB, which pandas is quicker with" in str(lazy.explain())
    with mars_nb.option_context({"engine": "pandas"}):
        assert "not columnar: options.engine is 'pandas'" in str(lazy.explain())


def test_chunks(frame: pd.DataFrame) -> None:
    with mars_nb.option_context({"engine": "pandas"}):
        lazy = md.from_pandas(frame, 4)
        assert rows((lazy.x + 1).sum()) == {
            "data": "in 3 chunks",
            "getitem 'x'": "in 3 chunks",
            "add": "in 3 chunks",
            "sum": "in 1 chunk",
        }
        assert rows(lazy.x.rank())["rank"] == "whole, chunks gathered"
        with mars_nb.option_context({"on_gather": "error"}):
            assert rows(lazy.x.rank())["rank"] == "whole, chunks gathered"
        with mars_nb.option_context({"fold_bytes": 0}):
            assert rows(md.from_pandas(frame).x)["getitem 'x'"] == "whole"


def test_what_is_there(frame: pd.DataFrame) -> None:
    lazy = md.from_pandas(frame, 4).execute()
    assert rows(lazy) == {"data": "result in 3 chunks"}
    assert str(lazy.explain()).startswith("nothing would run in session 'etl'; 1 value is there")
    assert rows(lazy.x)["data"] == "result in 3 chunks"
    assert "; 1 value is there" in str(lazy.x.explain())


def test_what_was_computed_when_it_was_recorded(frame: pd.DataFrame) -> None:
    lazy = md.from_pandas(frame).x
    assert rows(lazy) == {"getitem 'x'": "computed when recorded"}
    assert str(lazy.explain()).startswith("nothing would run in session 'etl'; 1 value is there")
    assert rows(lazy.map(lambda x: x + 1)) == {"getitem 'x'": "computed when recorded", "map": "whole"}


def test_an_intermediate(frame: pd.DataFrame) -> None:
    middle = md.from_pandas(frame, 4).sort_values("x")
    middle.groupby("a").x.sum().execute()
    assert rows(middle.x) == {"sort_values": "intermediate in 3 chunks", "getitem 'x'": "in 3 chunks"}


def test_nothing_is_run(tmp_path: Path) -> None:
    called = []
    value = mr.spawn(called.append, args=(1,))
    assert rows(value) == {"append": "whole"}
    frame = md.from_pandas(pd.DataFrame({"x": np.arange(300_000)}))
    frame.x.map(called.append).explain()  # pandas itself was asked once when it was recorded
    before = len(called)
    frame.x.map(called.append).sort_values().explain(plan=True)
    assert len(called) <= before + 5
    assert not mars_nb.get_session("etl").results


def test_tensors_know_no_engine() -> None:
    found = mt.random.rand(1000, 1000, chunk_size=500).sum()
    assert "columnar" not in str(found.explain())
    with mars_nb.option_context({"engine": "columnar"}):
        assert "columnar" not in str(found.explain())


def test_sessions(frame: pd.DataFrame) -> None:
    lazy = md.from_pandas(frame, 4).execute()
    with mars_nb.new_session(name="other", default=False) as other:
        assert "session 'other'" in str(lazy.explain(other))
        assert rows(lazy, other) == {"data": "in 3 chunks"}
    with pytest.raises(SessionClosed):
        lazy.explain(other)
    with pytest.raises(TypeError, match="takes a session"):
        lazy.explain("etl")


def test_several_at_once(frame: pd.DataFrame) -> None:
    x = md.from_pandas(frame, 4).x
    explained = mars_nb.get_session("etl").explain(x.sum(), [x.mean()])
    assert "4 operations" in str(explained)


def test_without_a_session(frame: pd.DataFrame) -> None:
    mars_nb.get_session("etl").close()
    assert "would run in a new session" in str(md.from_pandas(frame).x.sum().explain())
    assert not mars_nb.sessions


def test_long_recordings() -> None:
    found = mt.ones(3)
    for _ in range(300):
        found = found + 1
    text = str(found.explain())
    assert "the last 200 of 301 operations" in text
    assert len(text.splitlines()) < 210


def test_html_is_escaped(frame: pd.DataFrame) -> None:
    lazy = md.from_pandas(frame.rename(columns={"x": "<b>"}))
    html = lazy["<b>"].explain()._repr_html_()
    assert "<b>" not in html
    assert "&lt;b&gt;" in html
