"""Writing: what pandas would write, in parts, and in one step or not at all."""

from __future__ import annotations

import glob
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from IPython.core.formatters import DisplayFormatter

import mars_nb
import mars_nb.dataframe as md
from mars_nb.errors import IsolationError
from mars_nb.files.drafts import Draft

ROWS = 40


def frame_of_all() -> pd.DataFrame:
    """Give a frame of what text makes something of."""
    return pd.DataFrame(
        {
            "a": range(ROWS),
            "x": np.where(np.arange(ROWS) % 7 == 0, np.nan, np.arange(ROWS) / 3),
            "s": [f'w "{i}",\n' if i % 5 == 0 else f"ä{i}" for i in range(ROWS)],
            "b": np.arange(ROWS) % 2 == 0,
        }
    )


def frame_of_times() -> pd.DataFrame:
    """Give a frame of times, of which most are midnights: how pandas writes one depends on its neighbours."""
    times = pd.Timestamp("2024-01-01") + pd.to_timedelta(np.arange(ROWS), "D")
    return pd.DataFrame({"t": times.where(np.arange(ROWS) != 27, times + pd.Timedelta("1h")), "a": range(ROWS)})


def inside(folder: Path) -> list[str]:
    """List what is in a folder, hidden files as well."""
    return sorted(os.listdir(folder))


def close() -> None:
    """Close the session, and wait for tasks that run on: they may still be removing what they made."""
    session = mars_nb.get_default_session()
    assert session is not None
    session.close()
    join_workers(session.name)


def join_workers(session: str) -> None:
    """Wait until the workers of a closed session have ended."""
    for thread in threading.enumerate():
        if thread.name.startswith(f"mars_nb-{session}"):
            thread.join(60)


@pytest.mark.parametrize("chunk_size", [None, 3, 11])
@pytest.mark.parametrize(
    "arguments",
    [{}, {"index": False}, {"sep": ";", "na_rep": "-", "columns": ["s", "x"]}, {"header": False}, {"quoting": 1}],
    ids=str,
)
def test_a_csv_file_has_the_bytes_of_pandas(arguments: dict[str, Any], chunk_size: int | None, tmp_path: Path) -> None:
    frame = frame_of_all()
    frame.to_csv(tmp_path / "expected.csv", **arguments)
    md.from_pandas(frame, chunk_size).to_csv(tmp_path / "found.csv", **arguments)
    assert (tmp_path / "found.csv").read_bytes() == (tmp_path / "expected.csv").read_bytes()
    assert inside(tmp_path) == ["expected.csv", "found.csv"]


@pytest.mark.parametrize("chunk_size", [3, 11, 100])
@pytest.mark.parametrize("rows_at_a_time", [1, 5, 12, 100])
@pytest.mark.parametrize("index", ["a", "t"])
def test_times_are_written_as_pandas_writes_them_among_their_neighbours(
    index: str, rows_at_a_time: int, chunk_size: int, tmp_path: Path
) -> None:
    frame = frame_of_times().set_index(index)
    frame.to_csv(tmp_path / "expected.csv", chunksize=rows_at_a_time)
    md.from_pandas(frame, chunk_size).to_csv(tmp_path / "found.csv", chunksize=rows_at_a_time)
    assert (tmp_path / "found.csv").read_bytes() == (tmp_path / "expected.csv").read_bytes()


@pytest.mark.parametrize("suffix", ["gz", "bz2", "xz", "zip"])
@pytest.mark.filterwarnings("ignore::mars_nb.errors.WholeWarning")
def test_a_compressed_csv_file(suffix: str, tmp_path: Path) -> None:
    frame = frame_of_all()
    path = tmp_path / f"out.csv.{suffix}"
    md.from_pandas(frame, 7).to_csv(path, index=False)
    pd.testing.assert_frame_equal(pd.read_csv(path), pd.read_csv(_csv(frame, tmp_path)))


def _csv(frame: pd.DataFrame, folder: Path) -> Path:
    frame.to_csv(folder / "plain.csv", index=False)
    return folder / "plain.csv"


def test_appending_to_a_csv_file(tmp_path: Path) -> None:
    frame = frame_of_all()
    for target in (frame, md.from_pandas(frame, 7)):
        path = tmp_path / f"{type(target).__module__.partition('.')[0]}.csv"
        target.to_csv(path)
        target.to_csv(path, mode="a", header=False)
    assert (tmp_path / "mars_nb.csv").read_bytes() == (tmp_path / "pandas.csv").read_bytes()


def test_it_is_written_when_called_and_once(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    written = md.from_pandas(frame_of_all(), 7).to_csv(path)
    assert path.exists()
    path.unlink()
    written.execute()  # as Mars has it
    assert not path.exists()
    assert written.fetch() is None


def test_the_end_of_a_cell_shows_nothing(tmp_path: Path) -> None:
    written = md.from_pandas(frame_of_all(), 7).to_csv(tmp_path / "out.csv")
    assert DisplayFormatter().format(written) == ({}, {})
    close()
    data, _ = DisplayFormatter().format(written)  # the session that knew of it is gone
    assert "ToCsv" in data["text/plain"]


def test_it_is_written_in_the_session_that_is_named(tmp_path: Path) -> None:
    lazy = md.from_pandas(frame_of_all(), 7)
    with mars_nb.new_session(default=False) as other:
        written = lazy.to_csv(tmp_path / "out.csv", session=other)
        assert written.fetch(session=other) is None
        with pytest.raises(IsolationError):
            written.fetch()


def test_in_eager_mode_it_is_written_once(tmp_path: Path) -> None:
    with mars_nb.option_context({"eager_mode": True, "warn_duplicated_execution": True}):
        md.from_pandas(frame_of_all(), 7).to_csv(tmp_path / "out.csv")
    assert (tmp_path / "out.csv").exists()


def test_numbers_of_a_column_are_written_alike_in_all_chunks(tmp_path: Path) -> None:
    def some_halves(frame: Any) -> Any:
        return frame.assign(a=frame.a.map(lambda value: value if value < 20 else value + 0.5))

    frame = frame_of_all()
    some_halves(frame).to_csv(tmp_path / "expected.csv")
    some_halves(md.from_pandas(frame, 7)).to_csv(tmp_path / "found.csv")
    assert (tmp_path / "found.csv").read_bytes() == (tmp_path / "expected.csv").read_bytes()


def test_without_a_file_it_gives_the_text() -> None:
    frame = frame_of_all()
    lazy = md.from_pandas(frame, 7)
    assert lazy.to_csv() == frame.to_csv()
    assert lazy.x.to_csv() == frame.x.to_csv()
    assert lazy.to_json(orient="records", lines=True) == frame.to_json(orient="records", lines=True)


def test_a_series(tmp_path: Path) -> None:
    frame = frame_of_all()
    frame.s.to_csv(tmp_path / "expected.csv")
    md.from_pandas(frame, 7).s.to_csv(tmp_path / "found.csv")
    assert (tmp_path / "found.csv").read_bytes() == (tmp_path / "expected.csv").read_bytes()


@pytest.mark.parametrize("rows", [0, 3, ROWS])
def test_json_lines(rows: int, tmp_path: Path) -> None:
    frame = frame_of_all()[:rows]
    frame.to_json(tmp_path / "expected.json", orient="records", lines=True)
    lazy = md.from_pandas(frame_of_all(), 7)
    lazy[lazy.a < rows].to_json(tmp_path / "found.json", orient="records", lines=True)
    assert (tmp_path / "found.json").read_bytes() == (tmp_path / "expected.json").read_bytes()


INDEXES: dict[str, Callable[[pd.DataFrame], pd.DataFrame]] = {
    "numbered": lambda frame: frame,
    "filtered": lambda frame: frame[frame.a % 3 > 0],
    "some chunks filtered": lambda frame: frame[(frame.a < 21) | (frame.a % 3 > 0)],
    "none left": lambda frame: frame[frame.a < 0],
    "labelled": lambda frame: frame.set_index("s"),
}


@pytest.mark.parametrize("chunk_size", [None, 3, 11])
@pytest.mark.parametrize("index", INDEXES)
def test_parquet(index: str, chunk_size: int | None, tmp_path: Path) -> None:
    for arguments in ({}, {"index": False}, {"compression": None}):
        expected = INDEXES[index](frame_of_all())
        expected.to_parquet(tmp_path / "expected.parquet", **arguments)
        INDEXES[index](md.from_pandas(frame_of_all(), chunk_size)).to_parquet(tmp_path / "found.parquet", **arguments)
        found = pd.read_parquet(tmp_path / "found.parquet")
        pd.testing.assert_frame_equal(found, pd.read_parquet(tmp_path / "expected.parquet"))
    assert inside(tmp_path) == ["expected.parquet", "found.parquet"]


@pytest.mark.parametrize("chunk_size", [None, 11])
def test_parquet_of_columns_without_values_and_categories(chunk_size: int | None, tmp_path: Path) -> None:
    frame = frame_of_all().assign(
        o=[None] * 30 + ["late"] * 10, c=pd.Categorical(["lo", "hi"] * 20), t=frame_of_times().t
    )
    frame.o = frame.o.astype(object)
    frame.to_parquet(tmp_path / "expected.parquet")
    md.from_pandas(frame, chunk_size).to_parquet(tmp_path / "found.parquet")
    expected, found = (pd.read_parquet(tmp_path / f"{name}.parquet") for name in ("expected", "found"))
    pd.testing.assert_frame_equal(found, expected)


@pytest.mark.parametrize("chunk_size", [None, 11])
def test_feather(chunk_size: int | None, tmp_path: Path) -> None:
    frame = frame_of_all()
    md.from_pandas(frame, chunk_size).to_feather(tmp_path / "out.feather")
    pd.testing.assert_frame_equal(pd.read_feather(tmp_path / "out.feather"), frame)


@pytest.mark.parametrize(
    ("method", "name", "read"),
    [
        ("to_pickle", "out.pkl", pd.read_pickle),
        ("to_json", "out.json", pd.read_json),
        ("to_excel", "out.xlsx", lambda path: pd.read_excel(path, index_col=0)),
        ("to_stata", "out.dta", lambda path: pd.read_stata(path).drop(columns="index").astype({"a": "int64"})),
    ],
)
@pytest.mark.filterwarnings("ignore::mars_nb.errors.WholeWarning")
def test_formats_that_are_written_in_one_piece(method: str, name: str, read: Any, tmp_path: Path) -> None:
    frame = frame_of_all()[["a", "s"]]
    getattr(md.from_pandas(frame, 7), method)(tmp_path / name)
    pd.testing.assert_frame_equal(read(tmp_path / name), frame, check_dtype=method != "to_json")
    assert inside(tmp_path) == [name]


@pytest.mark.filterwarnings("ignore::mars_nb.errors.WholeWarning")
def test_hdf_keeps_the_other_keys(tmp_path: Path) -> None:
    frame = frame_of_all()[["a", "x"]]
    path = tmp_path / "out.h5"
    frame.to_hdf(path, key="one")
    md.from_pandas(frame, 7).to_hdf(path, key="two")
    for key in ("one", "two"):
        pd.testing.assert_frame_equal(pd.read_hdf(path, key), frame)


# --- several files ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["to_csv", "to_parquet", "to_json", "to_feather"])
def test_a_folder_with_a_file_for_each_chunk(method: str, tmp_path: Path) -> None:
    frame = frame_of_all()
    more = {"to_csv": {"index": False}, "to_json": {"orient": "records", "lines": True}}.get(method, {})
    suffix = method.removeprefix("to_")
    lazy = md.from_pandas(frame, 3)
    if method == "to_feather":  # pandas writes frames whose rows are numbered from 0
        lazy = lazy.head(3)
        frame = frame.head(3)
    for _ in range(2):  # the second time it is replaced
        getattr(lazy, method)(f"{tmp_path}/out/", **more)
    assert inside(tmp_path) == ["out"]
    count = 1 if method == "to_feather" else 14
    width = len(str(count - 1))
    assert inside(tmp_path / "out") == [f"part-{i:0{width}}.{suffix}" for i in range(count)]
    read = getattr(md, f"read_{suffix}")
    again = read(
        f"{tmp_path}/out/part-{'0' if count == 1 else '*'}.{suffix}", **({"lines": True} if more.get("lines") else {})
    )
    pd.testing.assert_frame_equal(again.execute().fetch(), frame, check_index_type=False)


def test_a_pattern(tmp_path: Path) -> None:
    (tmp_path / "out-mine.csv").write_text("mine")
    lazy = md.from_pandas(frame_of_all(), 3)
    lazy.to_csv(tmp_path / "out-*.csv", index=False)
    assert len(inside(tmp_path)) == 15
    lazy.head(9).to_csv(tmp_path / "out-*.csv", index=False)  # files of the earlier write would be read with these
    md.from_pandas(frame_of_all()[:9], 3).to_csv(tmp_path / "out-*.csv", index=False)
    assert inside(tmp_path) == ["out-0.csv", "out-1.csv", "out-2.csv", "out-mine.csv"]
    assert (tmp_path / "out-mine.csv").read_text() == "mine"


def test_a_folder_with_other_files_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(FileExistsError, match=r"notes\.txt"):
        md.from_pandas(frame_of_all(), 3).to_parquet(f"{tmp_path}/")
    assert inside(tmp_path) == ["notes.txt"]


@pytest.mark.parametrize("chunk_size", [None, 7])
def test_folders_by_value(chunk_size: int | None, tmp_path: Path) -> None:
    frame = frame_of_all().assign(k=lambda f: f.a % 3)
    lazy = md.from_pandas(frame, chunk_size)
    lazy.to_parquet(tmp_path / "out", partition_cols=["k"])
    assert inside(tmp_path / "out") == ["k=0", "k=1", "k=2"]
    found = pd.read_parquet(tmp_path / "out").sort_values("a", ignore_index=True).astype({"k": "int64"})
    pd.testing.assert_frame_equal(found, frame)
    lazy.to_parquet(tmp_path / "out", partition_cols=["k"])  # pandas adds to it
    assert len(pd.read_parquet(tmp_path / "out")) == 2 * ROWS
    assert inside(tmp_path) == ["out"]


# --- in one step, or not at all -----------------------------------------------------------------------------------


class Unwritable:
    """Cannot be turned into text."""

    def __str__(self) -> str:
        raise RuntimeError("no text")


@pytest.mark.parametrize("chunk_size", [None, 7])
def test_a_write_that_fails_leaves_what_was_there(chunk_size: int | None, tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    path.write_text("good")
    frame = pd.DataFrame({"a": [1] * 30 + [Unwritable()]})
    with pytest.raises(RuntimeError, match="no text"):
        md.from_pandas(frame, chunk_size).to_csv(path)
    close()
    assert path.read_text() == "good"
    assert inside(tmp_path) == ["out.csv"]


@pytest.mark.parametrize("target", ["out.parquet", "out/", "out-*.parquet"])
def test_a_computation_that_fails_leaves_what_was_there(target: str, tmp_path: Path) -> None:
    lazy = md.from_pandas(frame_of_all(), 7)
    lazy.to_parquet(f"{tmp_path}/{target}")
    before = {path: Path(path).read_bytes() for path in _files(tmp_path)}

    def fail(value: int) -> int:
        if value == 30:
            raise RuntimeError("no value")
        return value

    with pytest.raises(RuntimeError, match="no value"):
        lazy.assign(a=lazy.a.map(fail)).to_parquet(f"{tmp_path}/{target}")
    close()
    assert {path: Path(path).read_bytes() for path in _files(tmp_path)} == before
    assert not glob.glob(f"{tmp_path}/.*")


def _files(folder: Path) -> list[str]:
    return sorted(path for path in glob.glob(f"{folder}/**", recursive=True) if os.path.isfile(path))


def test_a_cancelled_write_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    path.write_text("good")
    reached, go_on = threading.Event(), threading.Event()

    def wait(value: int) -> int:
        if value == 30:
            reached.set()
            assert go_on.wait(60)
        return value

    lazy = md.from_pandas(frame_of_all(), 7)
    lazy = lazy.assign(a=lazy.a.map(wait))
    done: list[BaseException] = []

    def run() -> None:
        try:
            lazy.to_csv(path)
        except BaseException as error:
            done.append(error)

    session = mars_nb.get_default_session()
    thread = threading.Thread(target=run)
    thread.start()
    assert reached.wait(60)
    session.close()  # which cancels what runs
    thread.join(60)
    go_on.set()
    join_workers(session.name)
    assert len(done) == 1
    assert path.read_text() == "good"
    assert inside(tmp_path) == ["out.csv"]


def test_a_folder_that_is_missing_fails_before_anything_is_computed(tmp_path: Path) -> None:
    def fail(value: int) -> int:
        raise AssertionError("computed")

    lazy = md.from_pandas(frame_of_all(), 7)
    with pytest.raises(OSError, match="non-existent directory"):
        lazy.a.map(fail).to_csv(tmp_path / "none" / "out.csv")


def test_a_copy_of_a_draft_removes_nothing(tmp_path: Path) -> None:
    import pickle

    draft = Draft(str(tmp_path / "out.csv")).make()
    Path(draft.path("part")).write_text("x")
    copy = pickle.loads(pickle.dumps(draft))
    del copy
    assert len(inside(tmp_path)) == 1
    del draft
    assert inside(tmp_path) == []


# --- elsewhere ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("chunk_size", [None, 7])
def test_other_file_systems(chunk_size: int | None) -> None:
    import fsspec

    files = fsspec.filesystem("memory")
    frame = frame_of_all()[["a", "x"]]
    lazy = md.from_pandas(frame, chunk_size)
    try:
        lazy.to_csv("memory://io/out.csv", index=False)
        pd.testing.assert_frame_equal(pd.read_csv("memory://io/out.csv"), frame)
        lazy.to_parquet("memory://io/out.parquet")
        pd.testing.assert_frame_equal(pd.read_parquet("memory://io/out.parquet"), frame)
        lazy.to_csv("memory://io/part-*.csv", index=False)
        again = md.read_csv("memory://io/part-*.csv", chunk_bytes=100)
        pd.testing.assert_frame_equal(again.execute().fetch(), frame)
        found = md.read_parquet("memory://io/out.parquet", chunk_bytes=100)
        pd.testing.assert_frame_equal(found.execute().fetch(), frame)
        assert not [path for path in files.find("/io") if "draft" in path]
    finally:
        files.rm("/io", recursive=True)
