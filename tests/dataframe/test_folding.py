"""What is small is computed when it is recorded: the same answers, on the user's line, and nothing of it shows."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mars_nb
import mars_nb.dataframe as md
import mars_nb.tensor as mt
from mars_nb.errors import IsolationError, SessionWarning
from mars_nb.files import csv, csvcuts
from mars_nb.graph.constants import kept

FRAME = pd.DataFrame(
    {
        "k": [3, 1, 3, 2, 1, 3, 2, 2],
        "x": [0.5, np.nan, 2.5, -1.0, 0.0, 7.25, 3.0, 1.5],
        "s": ["b", "a", None, "c", "b", "a", "c", "b"],
        "t": pd.date_range("2024-01-01", periods=8, freq="9h"),
    }
)


@pytest.fixture(autouse=True)
def session() -> Iterator[mars_nb.Session]:
    with mars_nb.new_session() as session:
        yield session


def is_folded(lazy: Any) -> bool:
    return lazy._node.constant is not None


def same(found: Any, wanted: Any) -> None:
    if isinstance(wanted, pd.DataFrame):
        pd.testing.assert_frame_equal(found, wanted)
    elif isinstance(wanted, pd.Series):
        pd.testing.assert_series_equal(found, wanted)
    elif isinstance(wanted, pd.Index):
        pd.testing.assert_index_equal(found, wanted)
    else:
        np.testing.assert_array_equal(found, wanted)


PROGRAMS: dict[str, Callable[[Any], Any]] = {
    "a filter": lambda df: df[df.x > 1],
    "groups": lambda df: df.groupby("k").agg(m=("x", "mean"), n=("s", "count")),
    "groups of one column": lambda df: df.groupby(["k", "s"]).x.sum(),
    "less the mean": lambda df: (df.x - df.x.mean()) / df.x.std(),
    "texts": lambda df: df.s.str.upper().fillna("-"),
    "dates": lambda df: df.t.dt.day_name(),
    "days": lambda df: df.set_index("t").x.resample("D").sum(),
    "a pivot": lambda df: df.pivot_table(index="k", columns="s", values="x"),
    "a join": lambda df: df.merge(df.groupby("k").x.max().reset_index(), on="k", suffixes=("", "_most")),
    "a new column": lambda df: df.assign(y=df.x * 2, z=lambda d: d.y + d.k),
    "the first": lambda df: df.sort_values("x").head(3),
    "a slice": lambda df: df.iloc[2:5],
    "labels": lambda df: df.set_index("s").index,
    "a number": lambda df: df.x.sum(),
    "a rolling mean": lambda df: df.x.rolling(3).mean(),
    "an array": lambda df: df[["k", "x"]].to_tensor() if hasattr(df, "to_tensor") else df[["k", "x"]].to_numpy(),
}


@pytest.mark.parametrize("program", PROGRAMS)
def test_it_is_computed_when_recorded_and_right(program: str) -> None:
    lazy = PROGRAMS[program](md.DataFrame(FRAME))
    assert is_folded(lazy)
    same(lazy.execute().fetch(), PROGRAMS[program](FRAME))
    with mars_nb.option_context({"fold_bytes": 0}):
        later = PROGRAMS[program](md.DataFrame(FRAME))
    assert not is_folded(later)
    same(later.execute().fetch(), PROGRAMS[program](FRAME))


ITEMS = st.one_of(st.none(), st.integers(-3, 3), st.floats(-2, 2))
STEPS: list[Callable[[Any], Any]] = [
    lambda df: df[df.x > 0],
    lambda df: df.sort_values(["k", "x"]),
    lambda df: df.assign(x=df.x.cumsum(), y=df.x.shift()),
    lambda df: df.drop_duplicates("k"),
    lambda df: df.groupby("k", as_index=False).x.sum(),
    lambda df: df.merge(df.groupby("k", as_index=False).x.count(), on="k", suffixes=("", "_n")).drop(columns="x_n"),
    lambda df: df.fillna(1),
    lambda df: df.head(3),
]


@settings(max_examples=60)
@given(
    st.lists(st.tuples(st.integers(0, 3), ITEMS), max_size=12),
    st.lists(st.sampled_from(STEPS), min_size=1, max_size=4),
)
def test_random_programs(rows: list[tuple[int, Any]], steps: list[Callable[[Any], Any]]) -> None:
    frame = pd.DataFrame({"k": [k for k, _ in rows], "x": pd.array([x for _, x in rows], "float64")})
    wanted, lazy = frame, md.DataFrame(frame)
    for step in steps:
        wanted, lazy = step(wanted), step(lazy)
    assert is_folded(lazy)
    same(lazy.execute().fetch(), wanted)


def test_it_looks_as_lazy_as_ever(session: mars_nb.Session) -> None:
    lazy = md.DataFrame(FRAME)[["k", "x"]]
    kept_rows = lazy[lazy.x > 1]
    assert "nan" in str(kept_rows.shape)
    assert not session.results
    kept_rows.execute()
    assert kept_rows.shape == (4, 2)
    assert [result.key for result in session.results] == [kept_rows._node.key]


def test_sessions_stay_isolated(session: mars_nb.Session) -> None:
    lazy = md.DataFrame(FRAME).x.sum().execute()
    with mars_nb.new_session(default=False) as other:
        assert not other.results
        with pytest.raises(IsolationError):
            lazy.fetch(session=other)


def test_what_is_fetched_is_the_users_own() -> None:
    data = FRAME.copy()
    lazy = md.DataFrame(data)
    data.iloc[0, 1] = 99.0
    doubled = lazy[["x"]] * 2
    fetched = doubled.execute().fetch()
    fetched.iloc[0, 0] = 77.0
    fetched.index.name = "changed"
    same((doubled + 0).execute().fetch(), FRAME[["x"]] * 2)
    numbers = mt.random.RandomState(3).rand(4)
    fetched = numbers.execute().fetch()
    fetched[:] = 0
    same((numbers * 1).execute().fetch(), np.random.RandomState(3).rand(4))


def test_the_users_functions_wait_for_their_execution() -> None:
    called = []

    def function(x: float) -> float:
        called.append(x)
        return x + 1

    lazy = md.DataFrame(FRAME).x.map(function)
    assert not is_folded(lazy)
    assert len(called) <= 1  # tried on a row
    same(lazy.execute().fetch(), FRAME.x.map(lambda x: x + 1))


def test_python_objects_are_left_alone() -> None:
    assert not is_folded(md.DataFrame({"o": [{1}, {2, 3}]}))
    assert not is_folded(md.Series([1, "a", None], dtype=object))


def test_chunks_that_were_asked_for_are_made() -> None:
    lazy = md.DataFrame(FRAME, chunk_size=3)
    assert not is_folded(lazy)
    assert not is_folded(lazy.x.sum())


@pytest.mark.parametrize(
    ("program", "folded"),
    [
        (lambda df: df.x.sum(), True),
        (lambda df: df.assign(y=df.x * 2), True),
        (lambda df: df[df.k > 3].assign(y=df.x), True),
        (lambda df: df.merge(df.head(3), on="k"), True),
        (lambda df: md.concat([df, df]), True),
        (lambda df: df.pivot_table(index="k", columns="b", values="x"), True),
        (lambda df: df.merge(df, on="k"), False),
        (lambda df: df.x + df[df.k > 3].x, False),
        (lambda df: df.pivot_table(index="n", columns="m", values="x"), False),
        (lambda df: md.get_dummies(df.n), False),
        (lambda df: df.T, False),
        (lambda df: df.x.repeat(100), False),
        (lambda df: np.repeat(df.x, 2), False),
        (lambda df: df.x.index.repeat(repeats=3), False),
    ],
)
def test_what_may_become_large_is_left_to_a_session(program: Callable[[Any], Any], folded: bool) -> None:
    n = np.arange(10_000)
    df = md.DataFrame({"k": n % 10, "b": n % 3, "n": n, "m": n, "x": n / 2})
    assert is_folded(df)
    assert is_folded(program(df)) == folded


def test_times_that_are_filled_in() -> None:
    times = md.Series(range(3), index=pd.to_datetime(["2024-01-01", "2024-01-02", "2024-02-01"]))
    assert is_folded(times.resample("D").sum())
    assert is_folded(times.resample("ME").sum())
    assert not is_folded(times.resample("s").sum())
    assert is_folded(times.asfreq("D"))
    same(times.asfreq("D").execute().fetch(), pd.Series(range(3), times.index.to_pandas()).asfreq("D"))
    with pytest.raises(TypeError, match="DatetimeIndex"):
        md.DataFrame(FRAME).resample("D")
    with pytest.raises(ValueError, match="nonsense"):
        times.resample("nonsense")


def test_large_data_is_left_to_a_session() -> None:
    large = md.DataFrame({"x": np.zeros(200_000)})
    assert not is_folded(large)
    small = md.DataFrame({"x": np.zeros(100_000)})
    assert is_folded(small)
    with mars_nb.option_context({"fold_bytes": 1000}):
        assert not is_folded(small.x.sum())
        assert is_folded(md.DataFrame({"x": [1.0]}))


def test_the_columnar_engine_computes_what_it_is_told_to() -> None:
    lazy = md.DataFrame(FRAME).groupby("k").x.sum()
    assert "computed when recorded" in str(lazy.explain())
    with mars_nb.option_context({"engine": "columnar"}):
        assert "columnar, stage 1" in str(lazy.explain())


def test_queries_of_the_columnar_engine_do_without_constants() -> None:
    names = md.DataFrame({"k": [0, 1, 2], "name": ["a", "b", "c"]})
    large = md.DataFrame({"k": np.arange(300_000) % 5, "x": 1.0})
    joined = large.merge(names[names.name != "b"], on="k").groupby("name").x.sum()
    explained = str(joined.explain())
    assert "computed when recorded" not in explained
    assert "1 columnar stage" in explained
    with mars_nb.option_context({"engine": "pandas"}):
        assert "computed when recorded" in str(joined.explain())
    same(joined.execute().fetch(), pd.Series([60_000.0, 60_000.0], pd.Index(["a", "c"], name="name"), name="x"))


def test_what_was_let_go_is_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    lazy = md.DataFrame(FRAME).x.sum()
    monkeypatch.setattr(kept, "_most", 0)
    more = md.DataFrame(FRAME).k.sum()
    assert not is_folded(lazy)
    assert not is_folded(more)
    assert lazy.execute().fetch() == FRAME.x.sum()


def test_warnings_come_at_the_users_line() -> None:
    lazy = md.DataFrame({"x": [-1.0, 1.0]})
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        logarithms = np.log(lazy)
    assert [(str(one.message), one.filename) for one in told] == [("invalid value encountered in log", __file__)]
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        assert np.isnan(logarithms.execute().fetch().x[0])
    assert not told


def test_a_warning_that_is_an_error() -> None:
    lazy = md.DataFrame({"x": [-1.0, 1.0]})
    with pytest.raises(RuntimeWarning, match="invalid value"):  # as all warnings are in tests
        np.log(lazy)


def test_errors_of_the_data_come_as_they_do_of_any_data() -> None:
    texts = md.Series(["1", "2", "3", "4", "5", "6", "x"])
    lazy = texts.astype(int)
    with pytest.raises(ValueError, match="invalid literal"):
        lazy.execute()
    with pytest.raises(KeyError, match="nothing"):
        md.DataFrame(FRAME)["nothing"]


def test_a_walk_goes_on_from_where_it_was() -> None:
    groups = md.DataFrame(FRAME).groupby("k")
    wanted = FRAME.groupby("k")
    for _ in range(2):
        same(groups.x.sum().execute().fetch(), wanted.x.sum())
        same(groups[["x"]].mean().execute().fetch(), wanted[["x"]].mean())
        same(groups.size().execute().fetch(), wanted.size())
    assert is_folded(groups.x.rank())


# --- files ------------------------------------------------------------------------------------------------------


@pytest.fixture(params=["csv", "parquet"])
def file(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / f"file.{request.param}"
    write(FRAME[["k", "x", "s"]], path)
    return path


def write(frame: pd.DataFrame, path: Path) -> None:
    if path.suffix == ".csv":
        frame.to_csv(path, index=False)
    else:
        frame.to_parquet(path)


def read(path: Path) -> Any:
    return md.read_csv(path) if path.suffix == ".csv" else md.read_parquet(path)


def test_small_files_are_read_when_recorded(file: Path) -> None:
    lazy = read(file)
    total = lazy.groupby("k").x.sum()
    assert is_folded(lazy)
    assert is_folded(total)
    same(total.execute().fetch(), FRAME.groupby("k").x.sum())


def test_a_small_csv_file_is_parsed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, parsed = tmp_path / "file.csv", []
    write(FRAME, path)

    def parse(*args: Any, **kwargs: Any) -> pd.DataFrame:
        parsed.append(kwargs.get("nrows"))
        return pd.read_csv(*args, **kwargs)

    monkeypatch.setattr(csvcuts, "parse_csv", parse)
    monkeypatch.setattr(csv, "parse_csv", parse)
    same(md.read_csv(path).execute().fetch(), pd.read_csv(path))
    assert parsed == [None]
    with mars_nb.option_context({"fold_bytes": path.stat().st_size - 1}):
        assert not is_folded(md.read_csv(path))
    assert parsed == [None, 100]


def test_a_small_csv_file_with_a_bad_line_fails_when_it_is_executed(tmp_path: Path) -> None:
    path = tmp_path / "file.csv"
    path.write_text("a,b\n" + "1,2\n" * 200 + "1,2,3\n")
    lazy = md.read_csv(path)
    assert not is_folded(lazy)
    assert list(lazy.columns) == ["a", "b"]
    with pytest.raises(pd.errors.ParserError, match="line 202"):
        lazy.execute()


def test_a_file_that_changed_is_read_again(file: Path) -> None:
    lazy = read(file)
    total = lazy.x.sum()
    write(pd.concat([FRAME, FRAME])[["k", "x", "s"]], file)
    with pytest.warns(SessionWarning, match="has changed"):
        total.execute()
    assert total.fetch() == 2 * FRAME.x.sum()


def test_what_is_known_of_a_file_that_changed_is_of_the_new_one(file: Path) -> None:
    lazy = read(file)
    write(FRAME[["x", "k"]].rename(columns={"x": "y"}), file)
    with pytest.warns(SessionWarning, match="has changed"):
        lazy.execute()
    assert list(lazy.columns) == list(lazy.fetch().columns) == ["y", "k"]


def test_a_file_that_is_gone_is_missed(file: Path) -> None:
    total = read(file).x.sum()
    file.unlink()
    with pytest.raises(FileNotFoundError, match=file.name):
        total.execute()
    write(FRAME[["k", "x", "s"]], file)
    with pytest.warns(SessionWarning, match="has changed"):
        assert total.execute().fetch() == FRAME.x.sum()


def test_larger_files_are_read_when_executed(tmp_path: Path) -> None:
    path = tmp_path / "large.csv"
    pd.DataFrame({"x": np.random.default_rng(0).random(200_000)}).to_csv(path, index=False)
    assert not is_folded(md.read_csv(path))


def test_converters_are_the_users_functions(tmp_path: Path) -> None:
    path = tmp_path / "file.csv"
    write(FRAME[["k", "x"]], path)
    lazy = md.read_csv(path, converters={"k": lambda text: int(text) + 1})
    assert not is_folded(lazy)
    assert lazy.k.sum().execute().fetch() == (FRAME.k + 1).sum()


# --- random numbers ---------------------------------------------------------------------------------------------


def test_random_numbers_that_were_drawn_are_kept() -> None:
    lazy = mt.random.RandomState(1).normal(size=100)
    assert is_folded(lazy)
    assert not is_folded(mt.random.RandomState(1).normal(size=100, chunk_size=50))
    same(lazy.execute().fetch(), np.random.RandomState(1).normal(size=100))
    with mars_nb.option_context({"fold_bytes": 0}):
        later = mt.random.RandomState(1).normal(size=100)
    assert not is_folded(later)
    same(later.execute().fetch(), np.random.RandomState(1).normal(size=100))
