"""CSV files: read in several parts as pandas reads them at once."""

from __future__ import annotations

import io
import warnings
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import mars_nb.dataframe as md

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
