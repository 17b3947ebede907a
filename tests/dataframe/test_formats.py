"""Formats: read in parts as pandas reads them at once; files that change; what is not read."""

from __future__ import annotations

import os
import pickle
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from sqlalchemy import Engine, create_engine

import mars_nb
import mars_nb.dataframe as md
from mars_nb.errors import SessionWarning
from mars_nb.files.parquet import ParquetReader

ROWS = 1000


def frame_of_all(rows: int = ROWS) -> pd.DataFrame:
    """Give a frame with a column of each kind."""
    number = np.arange(rows)
    return pd.DataFrame(
        {
            "a": number,
            "x": np.where(number % 7 == 0, np.nan, number / 3),
            "s": [None if i % 11 == 0 else f"w{i % 5}" for i in range(rows)],
            "b": number % 2 == 0,
            "t": pd.Timestamp("2024-01-01") + pd.to_timedelta(number, "h"),
            "z": (pd.Timestamp("2024-01-01", tz="Europe/Paris") + pd.to_timedelta(number, "h")),
        }
    )


def many_chunks(lazy: Any) -> bool:
    """Tell whether it was recorded in many chunks."""
    return lazy._node.chunks is not None


# --- Parquet ------------------------------------------------------------------------------------------------------

INDEXES: dict[str, Callable[[pd.DataFrame], pd.DataFrame]] = {
    "numbered": lambda frame: frame,
    "from elsewhere": lambda frame: frame.set_axis(pd.RangeIndex(5, 5 + 2 * len(frame), 2)),
    "named numbers": lambda frame: frame.rename_axis("n"),
    "filtered": lambda frame: frame[frame.a % 3 > 0],
    "labelled": lambda frame: frame.set_index("s"),
    "of two levels": lambda frame: frame.set_index(["s", "a"]),
}


@pytest.mark.parametrize("chunk_bytes", [None, 4000])
@pytest.mark.parametrize("rows", [0, 3, ROWS])
@pytest.mark.parametrize("index", INDEXES)
def test_parquet(index: str, rows: int, chunk_bytes: int | None, tmp_path: Path) -> None:
    path = tmp_path / "file.parquet"
    INDEXES[index](frame_of_all(rows)).to_parquet(path, row_group_size=100)
    expected = pd.read_parquet(path)
    lazy = md.read_parquet(path, chunk_bytes=chunk_bytes)
    assert lazy.shape == expected.shape
    assert many_chunks(lazy) == (chunk_bytes is not None and rows == ROWS)
    pd.testing.assert_frame_equal(lazy.execute().fetch(), expected)
    for arguments in ({"columns": ["x"]}, {"dtype_backend": "pyarrow"}, {"dtype_backend": "numpy_nullable"}):
        found = md.read_parquet(path, chunk_bytes=chunk_bytes, **arguments)
        pd.testing.assert_frame_equal(found.execute().fetch(), pd.read_parquet(path, **arguments))


@pytest.mark.parametrize(
    "filters", [[("a", ">", 850)], [("a", "<", 0)], [[("a", "==", 3)], [("s", "==", "w1")]]], ids=str
)
def test_parquet_of_rows_that_pass(filters: Any, tmp_path: Path) -> None:
    path = tmp_path / "file.parquet"
    frame_of_all().to_parquet(path, row_group_size=100)
    lazy = md.read_parquet(path, filters=filters, chunk_bytes=4000)
    pd.testing.assert_frame_equal(lazy.execute().fetch(), pd.read_parquet(path, filters=filters))
    reader = lazy._node.args[0]
    if filters == [("a", ">", 850)]:
        assert sum(map(len, reader.parts)) == 2  # row groups of ten


def test_parquet_of_several_files(tmp_path: Path) -> None:
    frame = frame_of_all()
    for number in range(3):
        frame[number * 300 : (number + 1) * 300].to_parquet(tmp_path / f"file-{number}.parquet", row_group_size=100)
    expected = pd.read_parquet(tmp_path)
    for target in (tmp_path, f"{tmp_path}/*.parquet", sorted(tmp_path.glob("*.parquet"))):
        pd.testing.assert_frame_equal(md.read_parquet(target, chunk_bytes=4000).execute().fetch(), expected)


@pytest.mark.filterwarnings("ignore::mars_nb.errors.WholeWarning")
def test_parquet_of_categories_and_folders_by_value(tmp_path: Path) -> None:
    frame = frame_of_all().assign(c=pd.Categorical([f"c{i % 300}" for i in range(ROWS)]), k=np.arange(ROWS) % 3)
    frame.to_parquet(tmp_path / "file.parquet", row_group_size=100)
    found = md.read_parquet(tmp_path / "file.parquet", chunk_bytes=4000).execute().fetch()
    pd.testing.assert_frame_equal(found, pd.read_parquet(tmp_path / "file.parquet"))
    frame.to_parquet(tmp_path / "folder", partition_cols=["k"])
    found = md.read_parquet(tmp_path / "folder", chunk_bytes=4000).execute().fetch()
    pd.testing.assert_frame_equal(found, pd.read_parquet(tmp_path / "folder"))


PROGRAMS: dict[str, tuple[Callable[[Any], Any], set[str]]] = {
    "a column": (lambda df: df["a"], {"a"}),
    "columns": (lambda df: df[["x", "a"]], {"a", "x"}),
    "a sum": (lambda df: df.x.sum(), {"x"}),
    "a filter": (lambda df: df[df.a > 500][["x"]], {"a", "x"}),
    "filters": (lambda df: df[df.a > 300][df.b[df.a > 300]]["x"].sum(), {"a", "b", "x"}),
    "groups": (lambda df: df.groupby("s").x.mean(), {"s", "x"}),
    "groups of a filter": (lambda df: df[df.a > 9].groupby(["s", "b"])[["x"]].sum(), {"a", "b", "s", "x"}),
    "a new column": (lambda df: df.assign(y=df.a * 2).groupby("b").y.sum(), {"a", "b"}),
    "the first rows": (lambda df: df.head(7)["a"], {"a"}),
    "two parts": (lambda df: df.a + df.x, {"a", "x"}),
    "all": (lambda df: df, set("axsbtz")),
    "all of a filter": (lambda df: df[df.a > 900], set("axsbtz")),
    "a number of rows": (lambda df: df[df.a > 900].count(), set("axsbtz")),
}


@pytest.mark.parametrize("chunk_bytes", [None, 4000])
@pytest.mark.parametrize("program", PROGRAMS)
def test_columns_that_nothing_looks_at_are_not_read(
    program: str, chunk_bytes: int | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, check: Any
) -> None:
    path = tmp_path / "file.parquet"
    frame_of_all().to_parquet(path, row_group_size=100)
    function, columns = PROGRAMS[program]
    seen: set[str] = set()

    def note(method: Any) -> Any:
        def call(self: ParquetReader, *args: Any) -> Any:
            frame = method(self, *args)
            seen.update(frame.columns)
            return frame

        return call

    with mars_nb.option_context({"fold_bytes": 0}):  # small files stand for large ones here
        lazy = function(md.read_parquet(path, chunk_bytes=chunk_bytes))
    monkeypatch.setattr(ParquetReader, "read", note(ParquetReader.read))
    monkeypatch.setattr(ParquetReader, "whole", note(ParquetReader.whole))
    check(lazy.execute().fetch(), function(pd.read_parquet(path)))
    assert seen == columns


def test_a_frame_in_use_is_right_after_a_part_of_it_was_read(tmp_path: Path) -> None:
    path = tmp_path / "file.parquet"
    frame_of_all().to_parquet(path, row_group_size=100)
    lazy, expected = md.read_parquet(path, chunk_bytes=4000), pd.read_parquet(path)
    some = lazy[lazy.a > 5]
    assert some.groupby("b").x.sum().execute().fetch()[True] == pytest.approx(
        expected[expected.a > 5].groupby("b").x.sum()[True]
    )
    pd.testing.assert_frame_equal(some.execute().fetch(), expected[expected.a > 5])
    pd.testing.assert_frame_equal(lazy.execute().fetch(), expected)
    assert lazy.x.sum().execute().fetch() == pytest.approx(expected.x.sum())


def test_a_wrong_column_or_file_fails_when_recorded(tmp_path: Path) -> None:
    path = tmp_path / "file.parquet"
    frame_of_all().to_parquet(path)
    with pytest.raises(pa.ArrowInvalid, match="nope"):
        md.read_parquet(path, columns=["nope"])
    with pytest.raises(FileNotFoundError):
        md.read_parquet(tmp_path / "none.parquet")
    (tmp_path / "text.parquet").write_text("a,b\n" * 10)
    with pytest.raises(pa.ArrowInvalid):
        md.read_parquet(tmp_path / "text.parquet")


# --- JSON lines, Feather ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("chunk_bytes", [None, 3000])
@pytest.mark.filterwarnings("ignore::mars_nb.errors.WholeWarning")
def test_json_lines(chunk_bytes: int | None, tmp_path: Path) -> None:
    frames = {
        "all": frame_of_all()[["a", "x", "s", "b"]],
        "numbers, then text": pd.DataFrame({"a": [*range(ROWS), "x"]}),
        "integers, then floats": pd.DataFrame({"a": pd.Series([*range(ROWS), 0.5], dtype=object)}),
        "a gap": pd.DataFrame({"a": pd.Series([*range(ROWS), None], dtype=object)}),
        "text inside": pd.DataFrame({"a": ['x\n"{,' * (i % 3) for i in range(ROWS)]}),
    }
    for name, frame in frames.items():
        path = tmp_path / f"{name}.json"
        frame.to_json(path, orient="records", lines=True)
        lazy = md.read_json(path, lines=True, chunk_bytes=chunk_bytes)
        assert many_chunks(lazy) == (chunk_bytes is not None)
        pd.testing.assert_frame_equal(lazy.execute().fetch(), pd.read_json(path, lines=True))
    path = tmp_path / "other.json"
    frame_of_all(5)[["a", "s"]].to_json(path)
    pd.testing.assert_frame_equal(md.read_json(path).execute().fetch(), pd.read_json(path))


def test_json_lines_of_several_files(tmp_path: Path) -> None:
    for number in range(3):
        frame_of_all()[["a", "s"]].to_json(tmp_path / f"{number}.json", orient="records", lines=True)
    lazy = md.read_json(f"{tmp_path}/*.json", lines=True, chunk_bytes=3000)
    expected = pd.concat([pd.read_json(tmp_path / "0.json", lines=True)] * 3, ignore_index=True)
    pd.testing.assert_frame_equal(lazy.execute().fetch(), expected)


def test_feather(tmp_path: Path) -> None:
    path = tmp_path / "file.feather"
    frame_of_all().to_feather(path)
    lazy = md.read_feather(path)
    assert list(lazy.columns) == list(frame_of_all().columns)
    pd.testing.assert_frame_equal(lazy.execute().fetch(), frame_of_all())
    pd.testing.assert_frame_equal(md.read_feather(path, ["x"]).execute().fetch(), frame_of_all()[["x"]])
    assert lazy.a.sum().execute().fetch() == frame_of_all().a.sum()


# --- SQL ----------------------------------------------------------------------------------------------------------


@pytest.fixture(name="engine")
def _engine(tmp_path: Path) -> Iterator[Engine]:
    engine = create_engine(f"sqlite:///{tmp_path}/base.db")
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE t (id INTEGER PRIMARY KEY, x FLOAT, s TEXT, d DATETIME, n INTEGER)")
        for i in range(ROWS):
            row = (
                i * 3,
                None if i % 7 == 0 else i / 3,
                f"w{i}",
                f"2024-01-01 {i % 24:02}:00:00.000000",
                i if i < 900 else None,
            )
            connection.exec_driver_sql("INSERT INTO t VALUES (?, ?, ?, ?, ?)", row)
    yield engine
    engine.dispose()


QUERY = "SELECT id, x, s, n FROM t WHERE s LIKE 'w%' AND s <> ':x'"


@pytest.mark.parametrize(
    ("function", "statement", "arguments", "cut"),
    [
        ("read_sql_query", QUERY, {}, {}),
        ("read_sql_query", QUERY, {}, {"partition_col": "id", "num_partitions": 4}),
        ("read_sql_query", QUERY + ";", {"index_col": "id"}, {"partition_col": "id", "num_partitions": 4}),
        ("read_sql_query", QUERY, {}, {"partition_col": "x", "num_partitions": 3}),
        ("read_sql", QUERY, {}, {"partition_col": "id", "num_partitions": 3, "low_limit": 0, "high_limit": 600}),
        ("read_sql", QUERY, {"parse_dates": ["n"]}, {"partition_col": "id"}),
        ("read_sql_table", "t", {}, {}),
        ("read_sql_table", "t", {}, {"partition_col": "id", "num_partitions": 4}),
        ("read_sql_table", "t", {"columns": ["s", "n"], "index_col": "id"}, {"partition_col": "id"}),
        ("read_sql", "t", {}, {}),
        ("read_sql_query", "SELECT * FROM t WHERE id < 0", {}, {"partition_col": "id"}),
    ],
)
def test_sql(function: str, statement: str, arguments: Any, cut: Any, engine: Engine) -> None:
    expected = getattr(pd, function)(statement, engine, **arguments)
    url = engine.url.render_as_string()
    for con in (engine, url):
        lazy = getattr(md, function)(statement, con, **arguments, **cut)
        assert many_chunks(lazy) == (bool(cut) and len(expected) > 0)
        found = lazy.execute().fetch()
        if cut.get("partition_col") == "x":
            found = found.sort_values("id", ignore_index=True)
        pd.testing.assert_frame_equal(found, expected)


def test_a_large_table_is_cut_by_its_primary_key(engine: Engine) -> None:
    with mars_nb.option_context({"chunk_bytes": 20_000}):
        lazy = md.read_sql_table("t", engine)
        index = md.read_sql_table("t", engine, index_col="id")
    assert many_chunks(lazy)
    assert many_chunks(index)
    pd.testing.assert_frame_equal(lazy.execute().fetch(), pd.read_sql_table("t", engine))
    pd.testing.assert_frame_equal(index.execute().fetch(), pd.read_sql_table("t", engine, index_col="id"))


def test_a_connection_is_read_at_once(engine: Engine, tmp_path: Path) -> None:
    expected = pd.read_sql_query(QUERY, engine)
    with engine.connect() as connection:
        lazy = md.read_sql_query(QUERY, connection)
        with pytest.raises(ValueError, match="partition_col"):
            md.read_sql_query(QUERY, connection, partition_col="id")
    pd.testing.assert_frame_equal(lazy.execute().fetch(), expected)
    connection = sqlite3.connect(tmp_path / "base.db")
    lazy = md.read_sql(QUERY, connection)
    connection.close()
    pd.testing.assert_frame_equal(lazy.execute().fetch(), expected)


def test_sql_mistakes_fail_when_recorded(engine: Engine) -> None:
    with pytest.raises(Exception, match="no such table"):
        md.read_sql_query("SELECT * FROM none", engine)
    with pytest.raises(ValueError, match="none"):
        md.read_sql_table("none", engine)
    with pytest.raises(ValueError, match="numbers or times"):
        md.read_sql_query(QUERY, engine, partition_col="s")
    with pytest.raises(Exception, match="nope"):
        md.read_sql_query(QUERY, engine, partition_col="nope")


@pytest.mark.parametrize("chunk_size", [None, 7])
def test_to_sql(chunk_size: int | None, engine: Engine) -> None:
    frame = frame_of_all(40)[["a", "x", "s"]]
    lazy = md.from_pandas(frame, chunk_size)
    written = lazy.to_sql("out", engine, index=False)
    assert written.fetch() == frame.to_sql("pandas", engine, index=False)
    pd.testing.assert_frame_equal(pd.read_sql_table("out", engine), frame)
    with pytest.raises(ValueError, match="already exists"):
        lazy.to_sql("out", engine, index=False)
    lazy.to_sql("out", engine, index=False, if_exists="append")
    assert len(pd.read_sql_table("out", engine)) == 80
    lazy.to_sql("out", engine, index=False, if_exists="replace")
    assert len(pd.read_sql_table("out", engine)) == 40


@pytest.mark.parametrize("if_exists", ["append", "replace"])
def test_a_table_is_as_it_was_after_a_write_that_failed(if_exists: Any, engine: Engine) -> None:
    good = frame_of_all(40)[["a", "x"]]
    md.from_pandas(good).to_sql("out", engine, index=False)
    bad = md.from_pandas(pd.DataFrame({"a": range(40), "x": [*range(39), [1]]}, dtype=object), 7)
    with pytest.raises(Exception, match="binding parameter"):
        bad.to_sql("out", engine, index=False, if_exists=if_exists)
    pd.testing.assert_frame_equal(pd.read_sql_table("out", engine), good)


# --- files that change --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("many", [False, True])
@pytest.mark.parametrize("suffix", ["csv", "json", "parquet", "feather"])
def test_a_file_that_changes_is_read_anew(suffix: str, many: bool, tmp_path: Path) -> None:
    path = tmp_path / f"file.{suffix}"

    def write(rows: int) -> None:
        frame = frame_of_all(rows)[["a", "x"]]
        how: dict[str, Any] = {"csv": {"index": False}, "json": {"orient": "records", "lines": True}}.get(suffix, {})
        getattr(frame, f"to_{suffix}")(path, **how)
        os.utime(path, ns=(rows, rows))  # as if time had passed

    write(50)
    more: dict[str, Any] = {"chunk_bytes": 200} if many and suffix != "feather" else {}
    lazy = getattr(md, f"read_{suffix}")(path, **more, **({"lines": True} if suffix == "json" else {}))
    before = (lazy + 0).execute().fetch()
    assert len(before) == 50
    write(80)
    with pytest.warns(SessionWarning, match="has changed"):
        after = (lazy + 0).execute().fetch()
    pd.testing.assert_frame_equal(after, frame_of_all(80)[["a", "x"]], check_exact=False)
    pd.testing.assert_frame_equal((lazy + 0).execute().fetch(), after)  # and no second warning


def test_a_path_means_the_folder_where_it_was_recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    frame_of_all(50)[["a"]].to_csv(tmp_path / "file.csv", index=False)
    monkeypatch.chdir(tmp_path)
    lazy = [md.read_csv("file.csv"), md.read_csv("*.csv", chunk_bytes=60), md.read_csv("./file.csv", chunk_bytes=60)]
    monkeypatch.chdir("/")
    for each in lazy:
        assert each.a.sum().execute().fetch() == 49 * 25


def test_a_file_that_is_gone_says_so(tmp_path: Path) -> None:
    path = tmp_path / "file.csv"
    frame_of_all(50).to_csv(path, index=False)
    lazy = md.read_csv(path, chunk_bytes=200)
    path.unlink()
    with pytest.raises(FileNotFoundError, match=r"file\.csv"):
        lazy.execute()


@pytest.mark.parametrize("suffix", ["csv", "json"])
def test_a_file_that_changes_while_it_is_read_is_an_error(
    suffix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / f"file.{suffix}"
    frame = pd.DataFrame({"a": range(50)})
    how: dict[str, Any] = {"csv": {"index": False}, "json": {"orient": "records", "lines": True}}[suffix]
    getattr(frame, f"to_{suffix}")(path, **how)
    lazy = getattr(md, f"read_{suffix}")(path, chunk_bytes=60, **({"lines": True} if suffix == "json" else {}))
    kind = type(lazy._node.args[0])
    read = kind.read

    def change_before(self: Any, part: int) -> Any:
        if part == 2:
            getattr(frame + 1000, f"to_{suffix}")(path, **how)
        return read(self, part)

    monkeypatch.setattr(kind, "read", change_before)
    with pytest.raises(OSError, match="execute again"):
        lazy.execute()


def test_what_was_computed_of_the_old_file_is_not_taken_for_cut_alike(tmp_path: Path) -> None:
    path = tmp_path / "file.csv"
    pd.DataFrame({"a": range(50)}).to_csv(path, index=False)
    lazy = md.read_csv(path, chunk_bytes=40)
    doubled = (lazy * 2).execute()
    pd.DataFrame({"a": range(1000, 1060)}).to_csv(path, index=False)
    both = doubled + lazy
    with pytest.warns(SessionWarning, match="has changed"):
        found = both.execute().fetch()
    pd.testing.assert_frame_equal(found, pd.DataFrame({"a": range(50)}) * 2 + pd.DataFrame({"a": range(1000, 1060)}))


# --- elsewhere ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("chunk_bytes", [None, 3000])
def test_what_is_read_and_written_can_be_sent_to_another_process(
    chunk_bytes: int | None, tmp_path: Path, engine: Engine
) -> None:
    frame = frame_of_all()[["a", "x", "s"]]
    frame.to_csv(tmp_path / "file.csv", index=False)
    frame.to_parquet(tmp_path / "file.parquet", row_group_size=100)
    frame.to_json(tmp_path / "file.json", orient="records", lines=True)
    frame.to_feather(tmp_path / "file.feather")
    many = {"chunk_bytes": chunk_bytes}
    lazy = [
        md.read_csv(tmp_path / "file.csv", **many),
        md.read_parquet(tmp_path / "file.parquet", filters=[("a", ">=", 0)], **many),
        md.read_json(tmp_path / "file.json", lines=True, **many),
        md.read_feather(tmp_path / "file.feather"),
    ]
    for each in lazy:
        pd.testing.assert_frame_equal(pickle.loads(pickle.dumps(each)).execute().fetch(), frame, check_exact=False)
    table = md.read_sql_table("t", engine, partition_col="id")
    assert len(pickle.loads(pickle.dumps(table)).execute().fetch()) == ROWS
    written = lazy[0].to_csv(tmp_path / "out.csv", index=False)
    (tmp_path / "out.csv").unlink()
    pickle.loads(pickle.dumps(written)).execute()
    assert (tmp_path / "out.csv").read_bytes() == (tmp_path / "file.csv").read_bytes()


def test_what_was_looked_at_is_remembered_while_a_file_is_unchanged(tmp_path):
    path = tmp_path / "a.parquet"
    pd.DataFrame({"a": [1, 2]}).to_parquet(path)
    first, again, other = (md.read_parquet(path, columns=columns) for columns in (["a"], ["a"], None))
    assert first._node.args[0] is again._node.args[0] is not other._node.args[0]
    pd.DataFrame({"a": [0.5], "b": ["x"]}).to_parquet(path)
    assert list(md.read_parquet(path).columns) == ["a", "b"]
    assert str(md.read_parquet(path, columns=["a"]).dtypes["a"]) == "float64"
