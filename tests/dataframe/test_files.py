"""CSV files: read in several parts as pandas reads them at once."""

from __future__ import annotations

import io
import warnings
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import fsspec
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mars_nb
import mars_nb.dataframe as md
from mars_nb.errors import SessionWarning
from mars_nb.files.csv import CsvReader

ROWS = "".join(f"{i},{i * 0.5},w{i % 3}\n" for i in range(40))
PLAIN = "a,b,s\n" + ROWS


def dates(texts: list[str], **arguments: Any) -> tuple[str, dict[str, Any]]:
    """Give a file with a column of dates."""
    return "a,t\n" + "".join(f"{i},{text}\n" for i, text in enumerate(texts)), {"parse_dates": ["t"], **arguments}


FILES: dict[str, tuple[str, dict[str, Any]]] = {
    "plain": (PLAIN, {}),
    "no newline at the end": (PLAIN[:-1], {}),
    "windows line ends": (PLAIN.replace("\n", "\r\n"), {}),
    "quoted line breaks": ("a,s\n" + "".join(f'{i},"x\n{i}"\n' for i in range(30)), {}),
    "quoted commas and quotes": ("a,s\n" + "".join(f'{i},"x,""{i}"""\n' for i in range(30)), {}),
    "missing values late": ("a,b\n" + "".join(f"{i},{i if i < 25 else ''}\n" for i in range(30)), {}),
    "missing values early": ("a,b\n" + "".join(f"{i},{'' if i < 25 else 'x'}\n" for i in range(30)), {}),
    "a column without values": ("a,b\n" + "".join(f"{i},\n" for i in range(30)), {}),
    "numbers, then text": ("a,b\n" + "".join(f"{i},{i if i < 25 else 'x'}\n" for i in range(30)), {}),
    "integers, then floats": ("a,b\n" + "".join(f"{i},{i if i < 25 else 0.5}\n" for i in range(30)), {}),
    "large integers, then floats": ("a,b\n" + "".join(f"{i},{2**60 + i if i < 25 else 0.5}\n" for i in range(30)), {}),
    "booleans with a gap": ("a,b\n" + "".join(f"{i},{'' if i == 27 else i % 2 == 0}\n" for i in range(30)), {}),
    "leading zeros": ("a,b\n" + "".join(f"{i},{i:04}\n" for i in range(30)) + "30,x\n", {}),
    "blank lines": ("a,b\n" + "".join(f"{i},{i}\n" + "\n" * (i % 5 == 0) for i in range(30)), {}),
    "spaces": ("a, b\n" + "".join(f"{i}, x{i}\n" for i in range(30)), {"skipinitialspace": True}),
    "unicode": ("a,ä\n" + "".join(f"{i},日本{i}\n" for i in range(30)), {}),
    "header only": ("a,b,s\n", {}),
    "one row": ("a,b,s\n1,2,x\n", {}),
    "columns": (PLAIN, {"usecols": ["s", "a"]}),
    "column numbers": (PLAIN, {"usecols": [0, 2]}),
    "dates": ("a,t\n" + "".join(f"{i},2024-01-{i + 1:02}\n" for i in range(30)), {"parse_dates": ["t"]}),
    "dates with a gap": (
        "a,t\n" + "".join(f"{i},{'' if i > 9 else '2024-01-01'}\n" for i in range(30)),
        {"parse_dates": ["t"]},
    ),
    "names, no header": (ROWS, {"names": ["a", "b", "s"]}),
    "names for a header": (PLAIN, {"names": ["x", "y", "z"], "header": 0}),
    "no header": (ROWS, {"header": None}),
    "dtypes": (PLAIN, {"dtype": {"a": "float32", "s": "object"}}),
    "one dtype": (PLAIN, {"dtype": str}),
    "categories": (PLAIN, {"dtype": {"s": "category"}}),
    "missing as told": (PLAIN, {"na_values": ["w1"]}),
    "an index": (PLAIN, {"index_col": "a"}),
    "an index of two": (PLAIN, {"index_col": ["a", "s"]}),
    "some rows": (PLAIN, {"nrows": 7}),
    "skipped rows": (PLAIN, {"skiprows": 3}),
    "semicolons": (PLAIN.replace(",", ";"), {"sep": ";"}),
    "decimal commas": (PLAIN.replace(",", ";").replace(".", ","), {"sep": ";", "decimal": ","}),
    "comments": ("a,b\n" + "".join(f"{i},{i}# note\n" for i in range(30)), {"comment": "#"}),
    "an implicit index": ("a,b\n" + "".join(f"k{i},{i},{i}\n" for i in range(30)), {}),
    "equal names": ("a,a\n" + "".join(f"{i},{i * 2}\n" for i in range(30)), {}),
    "large numbers without a sign": ("a,b\n" + "".join(f"{i},{i if i < 25 else 2**63 + i}\n" for i in range(30)), {}),
    "larger numbers than with a sign": ("a,b\n" + "".join(f"{i},{-i if i < 25 else 2**63}\n" for i in range(30)), {}),
    "large numbers with gaps": ("a,b\n" + "".join(f"{i},{2**63 + i if i < 20 else ''}\n" for i in range(30)), {}),
    "no numbers": ("a,b\n" + "".join(f"{i},{i if i < 25 else 2**65}\n" for i in range(30)), {}),
    "a wrong date late": dates(["2024-01-01"] * 27 + ["soon"] * 3),
    "a wrong date early": dates(["soon"] + ["2024-01-01"] * 29),
    "no dates": dates(["soon"] * 30),
    "dates, then others": dates(["2024-01-01"] * 15 + ["13 Jan 2024"] * 15),
    "dates, then times": dates(["2024-01-01"] * 15 + ["2024-01-01 10:00"] * 15),
    "days that may be months": dates(["01/02/2024"] * 15 + ["25/02/2024"] * 15),
    "months that may be days": dates(["25/02/2024"] * 15 + ["01/02/2024"] * 15),
    "days first": dates(["01/02/2024"] * 15 + ["25/02/2024"] * 15, dayfirst=True),
    "dates as told": dates(["01/02/2024"] * 15 + ["25/02/2024"] * 15, date_format="%d/%m/%Y"),
    "dates late": dates([""] * 20 + ["25/02/2024"] * 5 + ["01/02/2024"] * 5),
    "time zones": dates(["2024-01-01T00:00:00+00:00"] * 15 + ["2024-01-01T00:00:00+02:00"] * 15),
    "fractions of seconds late": dates(["2024-01-01 10:00:00"] * 15 + ["2024-01-01 10:00:00.123456789"] * 15),
    "old line ends": (PLAIN.replace("\n", "\r"), {}),
    "blank lines before the header": ("\n\n" + PLAIN, {}),
    "a byte order mark": ("\ufeff" + PLAIN, {}),
    "line breaks and quotes inside quotes": ("a,s\n" + "".join(f'{i},"x\n,1,\n""{i}"""\n' for i in range(30)), {}),
    "rows too short late": ("a,b,c\n" + "".join(f"{i},{i}" + f",{i}" * (i < 25) + "\n" for i in range(30)), {}),
    "rows too long late": ("a,b\n" + "".join(f"{i},{i}" + f",{i}" * (i > 25) + "\n" for i in range(30)), {}),
    "rows with an empty end": ("a,b\n" + "".join(f"{i},{i},\n" for i in range(30)), {}),
    "arrow types": (PLAIN, {"dtype_backend": "numpy_nullable"}),
}


@pytest.mark.parametrize("chunk_bytes", [None, 50, 111])
@pytest.mark.parametrize("name", FILES)
@pytest.mark.filterwarnings("ignore::mars_nb.errors.WholeWarning")
def test_read_csv_in_parts(name: str, chunk_bytes: int | None, tmp_path: Path) -> None:
    text, arguments = FILES[name]
    path = tmp_path / "file.csv"
    path.write_bytes(text.encode())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            expected = pd.read_csv(path, **arguments)
        except pd.errors.ParserError as error:
            with pytest.raises(type(error)):
                md.read_csv(path, chunk_bytes=chunk_bytes, **arguments).execute()
            return
        found = md.read_csv(path, chunk_bytes=chunk_bytes, **arguments)
        pd.testing.assert_frame_equal(found.execute().fetch(), expected)
        assert len(found[found.columns[0]].dropna()) == len(expected.iloc[:, 0].dropna())


def test_read_csv_from_elsewhere(tmp_path: Path) -> None:
    for name in ("one.csv", "two.csv"):
        (tmp_path / name).write_text(PLAIN)
    expected = pd.read_csv(io.StringIO(PLAIN))
    pd.testing.assert_frame_equal(md.read_csv(io.StringIO(PLAIN)).execute().fetch(), expected)
    found = md.read_csv(str(tmp_path / "*.csv")).execute().fetch()
    pd.testing.assert_frame_equal(found, pd.concat([expected, expected], ignore_index=True))
    expected.to_csv(tmp_path / "three.csv.gz", index=False)
    pd.testing.assert_frame_equal(md.read_csv(tmp_path / "three.csv.gz", chunk_bytes=50).execute().fetch(), expected)


def test_a_missing_file_and_a_wrong_column_fail_when_recorded(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        md.read_csv(tmp_path / "none.csv")
    (tmp_path / "file.csv").write_text(PLAIN)
    with pytest.raises(ValueError, match="Usecols"):
        md.read_csv(tmp_path / "file.csv", usecols=["nope"])


def test_files_with_dates_are_cut_where_their_format_is_known(tmp_path: Path) -> None:
    path = tmp_path / "file.csv"
    for texts, is_cut in [(["02/25/2024"] * 30, True), (["2024-01-01 10:00"] * 30, True), (["soon"] * 30, False)]:
        path.write_text(dates(texts)[0])
        assert (md.read_csv(path, parse_dates=["t"], chunk_bytes=50)._node.chunks is not None) == is_cut


@pytest.mark.parametrize("chunk_bytes", [None, 50])
@pytest.mark.parametrize("text", ["25/02/2024", "soon"])
def test_what_pandas_says_of_dates_comes_once(text: str, chunk_bytes: int | None, tmp_path: Path) -> None:
    path = tmp_path / "file.csv"
    path.write_text(dates([text] * 30)[0])
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        md.read_csv(path, parse_dates=["t"], chunk_bytes=chunk_bytes).execute()
    assert [warning.category for warning in told] == [UserWarning]


# --- how files are cut --------------------------------------------------------------------------------------------

LONG = "x,\n" * 40
IN_PARTS: dict[str, tuple[str, dict[str, Any]]] = {
    "quoted line breaks": ("a,s\n" + "".join(f'{i},"x\n{i}"\n' for i in range(30)), {}),
    "quotes of another kind": ("a,s\n" + "".join(f"{i},'x\n\"{i}'\n" for i in range(30)), {"quotechar": "'"}),
    "long items of many lines": ("a,s\n" + "".join(f'{i},"{LONG}"\n' for i in range(30)), {}),
    "quotes that mean nothing": ("a,s\n" + "".join(f'{i},5" x\n' for i in range(30)), {"quoting": 3}),
    "an index": (PLAIN, {"index_col": "a"}),
    "an index of words": (PLAIN, {"index_col": 2}),
    "an index of two": (PLAIN, {"index_col": ["s", 0]}),
    "an index without a name": ("," + PLAIN[2:], {"index_col": 0}),
    "an index of dates": (*dates(["2024-01-01"] * 30)[:1], {"index_col": "t", "parse_dates": ["t"]}),
    "an index with gaps": ("a,b\n" + "".join(f"{i if i % 4 else ''},{i}\n" for i in range(30)), {"index_col": "a"}),
    "lines above the header": ("made by\nsome program\n" + PLAIN, {"skiprows": 2}),
    "comments": ("a,b\n" + "".join(f"{i},{i}# note\n# none\n" for i in range(30)), {"comment": "#"}),
    "categories": (PLAIN, {"dtype": {"s": "category"}}),
    "no header": (ROWS, {"header": None}),
    "semicolons": (PLAIN.replace(",", ";"), {"sep": ";"}),
    "columns": (PLAIN, {"usecols": ["s", "a"], "index_col": "s"}),
}


@pytest.mark.parametrize("chunk_bytes", [23, 50, 111])
@pytest.mark.parametrize("name", IN_PARTS)
def test_read_in_parts_and_never_as_one(
    name: str, chunk_bytes: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text, arguments = IN_PARTS[name]
    path = tmp_path / "file.csv"
    path.write_text(text)
    expected = pd.read_csv(path, **arguments)
    lazy = md.read_csv(path, chunk_bytes=chunk_bytes, **arguments)
    assert lazy._node.chunks is not None
    monkeypatch.setattr(CsvReader, "whole", None)
    pd.testing.assert_frame_equal(lazy.execute().fetch(), expected)


@pytest.mark.parametrize("text", ['a,s\n0,5" x\n' + "1,y\n" * 30 + '2,6" x\n', 'a,s\n0,"x"y\n' + "1,z\n" * 30])
def test_quotes_that_stand_alone_are_left_to_pandas(text: str, tmp_path: Path) -> None:
    path = tmp_path / "file.csv"
    path.write_text(text)
    pd.testing.assert_frame_equal(md.read_csv(path, chunk_bytes=23).execute().fetch(), pd.read_csv(path))


@given(
    items=st.lists(
        st.one_of(st.integers(), st.floats(allow_nan=True), st.text('ab",\n ', max_size=6), st.none()), max_size=40
    ),
    chunk_bytes=st.integers(5, 90),
    quoting=st.sampled_from([0, 1, 2]),
)
@settings(max_examples=60, derandomize=True)
@pytest.mark.filterwarnings("ignore::pandas.errors.DtypeWarning")
def test_any_text_is_read_as_pandas_reads_it(items: list[Any], chunk_bytes: int, quoting: Any) -> None:
    frame = pd.DataFrame({"n": range(len(items)), "x": pd.Series(items, dtype=object)})
    with TemporaryDirectory() as folder:
        path = Path(folder) / "file.csv"
        frame.to_csv(path, index=False, quoting=quoting)
        found = md.read_csv(path, chunk_bytes=chunk_bytes).execute().fetch()
        pd.testing.assert_frame_equal(found, pd.read_csv(path))


FILES_OF_MANY: dict[str, list[str]] = {
    "alike": ["a,b\n" + "".join(f"{i},{i}\n" for i in range(20))] * 3,
    "integers and floats": ["a,b\n" + "".join(f"{i},{i}\n" for i in range(20)), "a,b\n1,0.5\n"],
    "numbers and texts": ["a,b\n" + "".join(f"{i},{i}\n" for i in range(20)), "a,b\n1,x\n"],
    "texts and nothing": ["a,b\n" + "".join(f"{i},x\n" for i in range(20)), "a,b\n1,\n2,\n"],
    "other columns": ["a,b\n" + "".join(f"{i},{i}\n" for i in range(20)), "b,c\n1,2\n"],
    "columns in another order": ["a,b\n" + "".join(f"{i},{i}\n" for i in range(20)), "b,a\n1,2\n"],
    "an empty one": ["a,b\n", "a,b\n" + "".join(f"{i},{i}\n" for i in range(20))],
}


@pytest.mark.parametrize("chunk_bytes", [None, 30])
@pytest.mark.parametrize("name", FILES_OF_MANY)
def test_many_files_stand_one_below_the_other(name: str, chunk_bytes: int | None, tmp_path: Path) -> None:
    paths = [tmp_path / f"{number}.csv" for number in range(len(FILES_OF_MANY[name]))]
    for path, text in zip(paths, FILES_OF_MANY[name], strict=True):
        path.write_text(text)
    for arguments in ({}, {"index_col": "b"}):
        expected = pd.concat([pd.read_csv(path, **arguments) for path in paths], ignore_index=not arguments)
        for target in (paths, f"{tmp_path}/*.csv"):
            lazy = md.read_csv(target, chunk_bytes=chunk_bytes, **arguments)
            pd.testing.assert_frame_equal(lazy.execute().fetch(), expected)


def test_compressed_files_are_read_side_by_side(tmp_path: Path) -> None:
    expected = pd.read_csv(io.StringIO(PLAIN))
    for number in range(3):
        expected.to_csv(tmp_path / f"{number}.csv.gz", index=False)
    lazy = md.read_csv(f"{tmp_path}/*.gz", chunk_bytes=50)
    assert len(lazy._node.chunks[0]) == 3
    pd.testing.assert_frame_equal(lazy.execute().fetch(), pd.concat([expected] * 3, ignore_index=True))


def test_other_file_systems() -> None:
    files = fsspec.filesystem("memory")
    try:
        files.pipe("/io/file.csv", PLAIN.encode())
        lazy = md.read_csv("memory://io/file.csv", chunk_bytes=50)
        assert lazy._node.chunks is not None
        pd.testing.assert_frame_equal(lazy.rename(columns={}).execute().fetch(), pd.read_csv(io.StringIO(PLAIN)))
        files.pipe("/io/file.csv", PLAIN.replace("w1", "w9").encode())
        with pytest.warns(SessionWarning, match="has changed"):
            assert "w9" in set(lazy.s.drop_duplicates().execute().fetch())
    finally:
        files.rm("/io", recursive=True)


def test_a_bad_row_is_named_by_file_and_line(tmp_path: Path) -> None:
    path = tmp_path / "file.csv"
    lines = [f"{i},{i}\n" for i in range(1000)]
    lines[777] = "1,2,3\n"
    path.write_text("a,b\n" + "".join(lines))
    with pytest.raises(pd.errors.ParserError) as expected:
        pd.read_csv(path)
    with pytest.raises(pd.errors.ParserError) as found:
        md.read_csv(path, chunk_bytes=500).execute()
    assert str(found.value) == str(expected.value)
    assert "line 779" in str(found.value)
    assert any(str(path) in note and "bytes" in note for note in found.value.__notes__)
    lines[777] = "1,x\n"
    path.write_text("a,b\n" + "".join(lines))
    with pytest.raises(ValueError, match="x") as found:
        md.read_csv(path, chunk_bytes=500, dtype={"b": "int64"}).execute()
    assert any(str(path) in note and "from line 7" in note for note in found.value.__notes__)


def test_arguments_of_pandas_by_place_and_name(tmp_path: Path) -> None:
    path = tmp_path / "file.tsv"
    path.write_text(PLAIN.replace(",", "\t"))
    pd.testing.assert_frame_equal(md.read_table(path, chunk_bytes=50).execute().fetch(), pd.read_table(path))
    pd.testing.assert_frame_equal(md.read_csv(filepath_or_buffer=path).execute().fetch(), pd.read_csv(path))
    with pytest.raises(TypeError, match="chunksize"):
        md.read_csv(path, chunksize=3)
    with pytest.raises(TypeError, match="nonsense"):
        md.read_csv(path, nonsense=3)


def test_a_csv_file_larger_than_the_memory_limit_streams_through(tmp_path: Path) -> None:
    rows = 60_000
    frame = pd.DataFrame({"a": range(rows), "s": [f"some words about row {i}" for i in range(rows)]})
    frame.to_csv(tmp_path / "in.csv", index=False)
    with mars_nb.new_session(memory_limit="2MiB"):
        lazy = md.read_csv(tmp_path / "in.csv", chunk_bytes=100_000)
        lazy.to_csv(tmp_path / "out.csv", index=False)
        lazy.to_parquet(tmp_path / "out.parquet")
        assert lazy.a.sum().execute().fetch() == frame.a.sum()
    assert (tmp_path / "out.csv").read_bytes() == (tmp_path / "in.csv").read_bytes()
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "out.parquet"), frame)


ITEMS: dict[str, list[str]] = {
    "integers": ["0", "-7", "12", ""],
    "floats": ["0.5", "1e3", "7", ""],
    "words": ["ab", "c d", '"q,x"', '"l\nm"', '"d""q"', "NA", "ü", ""],
    "dates": ["2024-01-31", "2024-02-01", ""],
    "booleans": ["True", "False"],
}
ARGUMENTS: dict[str, list[Any]] = {
    "index_col": [0, -1, "c0", ["c0"], False, None],
    "usecols": [["c0"], [0], lambda name: name != "c1"],
    "dtype": [str, {"c0": "object"}, "category"],
    "parse_dates": [["c0"], True, [0]],
    "na_values": [["ab"]],
    "keep_default_na": [False],
    "skiprows": [1, 2, [1]],
    "nrows": [0, 3, 30],
    "header": [None, 0, 1],
    "names": [["c0", "c1", "c2"]],
    "comment": ["#", "a"],
    "dtype_backend": ["pyarrow"],
    "skip_blank_lines": [False],
    "engine": ["python", "c"],
}


@given(data=st.data())
@settings(max_examples=120, derandomize=True)
@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::pandas.errors.DtypeWarning")
def test_any_arguments_mean_what_they_mean_to_pandas(data: st.DataObject) -> None:
    columns = data.draw(st.lists(st.sampled_from([*ITEMS]), min_size=1, max_size=3))
    row = st.tuples(*(st.sampled_from(ITEMS[column]) for column in columns))
    lines = [[f"c{i}" for i in range(len(columns))], *data.draw(st.lists(row, max_size=40))]
    names = data.draw(st.sets(st.sampled_from([*ARGUMENTS]), max_size=3))
    arguments = {name: data.draw(st.sampled_from(ARGUMENTS[name])) for name in sorted(names)}
    end = data.draw(st.sampled_from(["\n", "\r\n"]))
    with TemporaryDirectory() as folder:
        path = Path(folder) / "file.csv"
        path.write_bytes("".join(",".join(line) + end for line in lines).encode())
        expected = outcome(lambda: pd.read_csv(path, **arguments))
        size = data.draw(st.integers(10, 100))
        found = outcome(lambda: md.read_csv(path, chunk_bytes=size, **arguments).execute().fetch())
        if isinstance(expected, pd.DataFrame):
            pd.testing.assert_frame_equal(found, expected)
        else:
            assert type(found) is type(expected)


def outcome(read: Any) -> Any:
    """Give what is read, or the error."""
    try:
        return read()
    except Exception as error:
        return error
