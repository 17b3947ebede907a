"""Files that the columnar engine scans by itself give what pandas reads."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from columnar_tools import same, watched

import mars_nb
import mars_nb.dataframe as md
from mars_nb.planner.columnar.scans import MISSING


def run(program: Any, fold_bytes: int = 0) -> tuple[Any, Any]:
    """Compute a program of a module in the columnar engine; gives the answer, and what was seen.

    Small files stand for large ones here, of which only the first rows tell the dtypes.
    """
    options = {"engine": "columnar", "fold_bytes": fold_bytes}
    with mars_nb.option_context(options), mars_nb.new_session(), watched() as seen:
        return program(md).execute().fetch(), seen


def check(path: Path, program: Any, fallback: bool = False) -> None:
    found, seen = run(lambda pd_: program(pd_.read_csv(str(path))))
    assert bool(seen.fallbacks) == fallback
    if not fallback:
        assert seen.answered, seen.refused
    same(found, program(pd.read_csv(path)))


def whole(frame: Any) -> Any:
    return frame.sort_values("k", ignore_index=True)


def written(folder: Path, text: str) -> Path:
    path = folder / "a.csv"
    path.write_bytes(text.encode())
    return path


@pytest.mark.parametrize(
    "text",
    [
        "k,a,b\n2,1.5,x\n1,,y\n3,inf,\n",
        'k,a,b\r\n2,1.5,"x,\n""y"""\r\n1,-.5,y\r\n',
        'k,"a b",b\n2,1e300,é\n1,-0.0,NA',
        "k,a,b\n007,1.,x\n+1,2,null\n-5,3,N/A\n",
        "k,a,b\n1,0.1,\n0,0.30000000000000004,\n",
    ],
)
def test_csv(tmp_path: Path, text: str) -> None:
    check(written(tmp_path, text), whole)


odd_lines = pytest.mark.parametrize(
    "line",
    [
        "",
        ",y",  # an integer that is missing
        "x,y",
        " 2 ,y",
        "1.5,y",
        "9223372036854775808,y",
        '2,x"y',
    ],
)


@odd_lines
def test_csv_that_pandas_reads_after_all(tmp_path: Path, line: str) -> None:
    """What the first rows, by which the dtypes are told, do not show."""
    text = "k,a\n" + "1,x\n" * 150 + line + "\n7,z\n"
    path = written(tmp_path, text)
    check(path, lambda frame: frame.drop_duplicates(), fallback=True)


@odd_lines
def test_small_csv_tells_its_dtypes_by_all_rows(tmp_path: Path, line: str) -> None:
    path = written(tmp_path, "k,a\n" + "1,x\n" * 150 + line + "\n7,z\n")
    found, _ = run(lambda _: md.read_csv(str(path)).drop_duplicates(), fold_bytes=2**20)
    same(found, pd.read_csv(path).drop_duplicates())


def test_what_is_missing() -> None:
    texts = pd.read_csv(io.StringIO("k,a\n" + "".join(f"1,{text}\n" for text in MISSING)))
    assert texts.a.isna().all()


def test_missing_values(tmp_path: Path) -> None:
    text = "k,a\n" + "".join(f'{i},"{text}"\n' for i, text in enumerate([*MISSING, "x", "na", "NONE", " "]))
    check(written(tmp_path, text), whole)


def test_numbers_are_rounded_as_pandas_rounds(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    numbers = rng.standard_normal(20_000) * 10.0 ** rng.integers(-300, 300, 20_000)
    forms = ["%r", "%.3e", "%.17g", "%.20f"]
    lines = (f"{i},{form % (float(x) if form == '%r' else x)}" for i, x in enumerate(numbers) for form in forms)
    check(written(tmp_path, "k,a\n" + "\n".join(lines) + "\n"), whole)


def test_some_columns(tmp_path: Path) -> None:
    path = written(tmp_path, "k;a;b\n2;1;x\n1;3;y\n")
    expected = pd.read_csv(path, sep=";", usecols=["b", "k"]).groupby("b").k.sum()
    found, seen = run(lambda pd_: pd_.read_csv(str(path), sep=";", usecols=["b", "k"]).groupby("b").k.sum())
    assert "sum" in seen.answered[-1]
    same(found, expected)


@pytest.mark.parametrize("arguments", [{"index_col": "k"}, {"parse_dates": ["b"]}, {"dtype": {"k": float}}])
def test_arguments_that_are_for_pandas(tmp_path: Path, arguments: dict[str, Any]) -> None:
    path = written(tmp_path, "k,a,b\n2,1,2020-01-01\n1,3,2020-01-02\n")
    found, seen = run(lambda pd_: pd_.read_csv(str(path), **arguments).sort_values("a", ascending=False))
    assert "arguments" in seen.refused["read_csv"]
    same(found, pd.read_csv(path, **arguments).sort_values("a", ascending=False))


def test_several_files(tmp_path: Path) -> None:
    for i in range(3):
        pd.DataFrame({"k": [i, 5], "a": [0.5, i]}).to_csv(tmp_path / f"{i}.csv", index=False)
    paths = [str(tmp_path / f"{i}.csv") for i in range(3)]
    found, seen = run(lambda _: md.read_csv(paths).groupby("k").a.sum())
    assert seen.answered
    same(found, pd.concat(map(pd.read_csv, paths)).groupby("k").a.sum())


FRAME = pd.DataFrame(
    {
        "k": [3, 1, 2, 1],
        "f": [1.5, np.nan, -0.0, np.inf],
        "s": ["x", None, "", "é"],
        "t": pd.to_datetime(["2020-01-01", None, "1969-12-31 23:59:59.000001", "2262-01-01"], format="ISO8601").astype(
            "M8[us]"
        ),
        "z": pd.to_datetime(["2020-01-01", None, "2020-06-01", "2021-01-01"]).tz_localize("Europe/Paris"),
        "b": [True, False, True, True],
        "i": np.array([1, 2, 3, 255], "uint8"),
    }
)


@pytest.mark.parametrize("index", [None, ["k"], ["s", "t"]])
def test_parquet_with_labels(tmp_path: Path, index: list[str] | None) -> None:
    frame = FRAME if index is None else FRAME.set_index(index)
    path = tmp_path / "a.parquet"
    frame.to_parquet(path, row_group_size=2)
    found, seen = run(lambda pd_: pd_.read_parquet(str(path)).sort_values("f"))
    assert seen.answered == ["sort_values"], seen.refused
    same(found, pd.read_parquet(path).sort_values("f"))


def test_parquet_whose_columns_lack_values_stays_with_pandas(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    frame = pd.DataFrame(
        {"k": pd.array([1, None, 3], "Int64"), "a": [3.0, 1.0, 2.0], "c": pd.Categorical(["x", "y", "x"])}
    )
    frame.astype({"k": "float64"}).assign(k=pd.array([1, None, 3], "Int64")).to_parquet(path)
    found, seen = run(lambda pd_: pd_.read_parquet(str(path)).sort_values("a").a.head(2))
    assert seen.answered
    same(found, pd.read_parquet(path).sort_values("a").a.head(2))
    found, seen = run(lambda pd_: pd_.read_parquet(str(path)).groupby("k").a.sum())
    assert not seen.answered
    same(found, pd.read_parquet(path).groupby("k").a.sum())
