"""What is shown of frames: executed ones as pandas shows them, from their edges; others from what is known."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mars_nb
import mars_nb.dataframe as md
from mars_nb.graph.runtime import runtime

N = 130


def frames() -> dict[str, pd.DataFrame]:
    """Give frames of many kinds."""
    rng = np.random.default_rng(1)
    plain = pd.DataFrame({"a": range(N), "b": rng.random(N) * 10.0 ** rng.integers(-9, 9, N), "s": [*"xyzuv"] * 26})
    mixed = plain.assign(
        t=pd.Timestamp("2024-02-27 22:00") + pd.to_timedelta(rng.integers(0, 99, N), "h"),
        c=pd.Categorical(rng.choice(["lo", "hi"], N)),
        o=pd.Series([[1, 2], {"k": None}] * 65, dtype=object),
        n=np.where(rng.random(N) < 0.3, np.nan, 1.5),
    )
    levels = pd.MultiIndex.from_product([range(13), list("abcdefghij")], names=["outer", None])
    return {
        "plain": plain,
        "mixed": mixed,
        "labels": mixed.set_index("s"),
        "dates": plain.set_axis(pd.date_range("2024-01-01", periods=N, freq="D")),
        "levels": plain.set_axis(levels, axis=0),
        "columns of levels": pd.DataFrame(
            np.eye(N)[:, :6], columns=pd.MultiIndex.from_product([["x", "y"], [1, 2, 3]])
        ),
        "wide": pd.DataFrame(np.arange(N * 60.0).reshape(N, 60), columns=[f"column {i}" for i in range(60)]),
        "wide and short": pd.DataFrame(np.arange(240.0).reshape(4, 60)).astype({3: "int8", 40: str}),
        "twice": pd.concat([plain, plain], axis=1),
        "markup": pd.DataFrame({"<b>": ["<script>alert(1)</script>", "&amp;"] * 65}),
        "long texts": pd.DataFrame({"s": ["x" * 2_000] * N}),
        "no columns": pd.DataFrame(index=range(N)),
        "no rows": plain[:0],
        "few rows": plain[:7],
        "at the limit": plain[:60],
        "past the limit": plain[:61],
    }


OPTIONS: list[dict[str, Any]] = [
    {},
    {"max_rows": 8},
    {"max_rows": 9, "min_rows": None},
    {"max_rows": 30, "min_rows": 1},
    {"max_rows": 1},
    {"max_rows": 20, "min_rows": 40},
    {"max_rows": None},
    {"max_columns": 4},
    {"max_columns": 5, "max_rows": 4},
    {"max_columns": 1},
    {"max_columns": None},
    {"max_columns": 0},
    {"max_rows": 0, "max_columns": 0},
    {"show_dimensions": True},
    {"show_dimensions": False},
    {"expand_frame_repr": False},
    {"width": 40},
    {"notebook_repr_html": False},
    {"precision": 2},
    {"multi_sparse": False},
]


def names(options: dict[str, Any]) -> list[Any]:
    """Give options as ``pandas.option_context`` takes them."""
    return [part for name, value in {"max_info_rows": 9, **options}.items() for part in (f"display.{name}", value)]


@pytest.fixture(autouse=True, scope="module")
def _terminal() -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "get_terminal_size", lambda *_: os.terminal_size((80, 24)))
        patch.setenv("COLUMNS", "80")
        patch.setenv("LINES", "24")
        yield


@pytest.mark.parametrize("rows", [None, 17])
@pytest.mark.parametrize("kind", frames())
def test_executed_frames_are_shown_as_pandas_shows_them(kind: str, rows: int | None) -> None:
    frame = frames()[kind]
    lazy = md.from_pandas(frame, rows).execute()
    for options in OPTIONS:
        with pd.option_context(*names(options)):
            assert repr(lazy) == repr(frame), options
            assert lazy._repr_html_() == frame._repr_html_(), options  # type: ignore[operator]  # pandas has it


def series() -> dict[str, pd.Series[Any]]:
    """Give series of many kinds."""
    mixed = frames()["mixed"]
    found = {f"column {name}": mixed[name] for name in mixed}
    found |= {f"{kind}, {i}": frame.iloc[:, i] for kind, frame in frames().items() for i in range(frame.shape[1])[:1]}
    dates = pd.date_range("2024-01-01", periods=N, freq="D")
    return found | {
        "no name": pd.Series(range(N)),
        "a misleading name": pd.Series(range(N), name=f"Length: 12, dtype: x\nLength: {N}"),
        "periods": pd.Series(range(N), index=dates.to_period("D")),
        "spans of time": pd.Series(range(N), index=pd.timedelta_range("1h", periods=N, freq="90min"), name="w"),
        "categories": pd.Series(pd.Categorical([*"xyzuv"] * 26), index=dates, name="c"),
        "empty": pd.Series([], dtype=float),
    }


@pytest.mark.parametrize("rows", [None, 17])
@pytest.mark.parametrize("kind", series())
def test_executed_series_are_shown_as_pandas_shows_them(kind: str, rows: int | None) -> None:
    values = series()[kind]
    lazy = md.from_pandas(values, rows).execute()
    for options in OPTIONS:
        with pd.option_context(*names(options)):
            assert repr(lazy) == repr(values), options
    assert lazy._repr_html_() is None  # as pandas has it


def indexes() -> dict[str, pd.Index[Any]]:
    """Give indexes of many kinds."""
    dates = pd.date_range("2024-01-01", periods=N, freq="D", name="day")
    return {
        "range": pd.RangeIndex(5, 5 + 3 * N, 3, name="r"),
        "numbers": pd.Index(np.arange(N) ** 2),
        "floats": pd.Index(np.arange(N) / 7, name="a rather long name, so that lines are broken before the length"),
        "texts": pd.Index([f"label {i}" for i in range(N)]),
        "dates": dates,
        "irregular dates": dates.delete(5),
        "dates with a gap at a chunk": dates.delete(17),
        "zone": dates.tz_localize("Europe/Berlin"),
        "spans of time": dates - dates[0],
        "periods": dates.to_period("D"),
        "levels": pd.MultiIndex.from_product([range(13), list("abcdefghij")]),
        "named levels": pd.MultiIndex.from_product([range(13), list("abcdefghij")], names=["outer", "inner " * 9]),
        "categories": pd.CategoricalIndex([*"xyzuv"] * 26),
        "intervals": pd.interval_range(0, N),
        "short": pd.Index([1, 2, 3]),
        "empty": pd.Index([]),
        "at the limit": pd.Index(np.arange(100) * 2),
        "past the limit": pd.Index(np.arange(101) * 2),
    }


@pytest.mark.parametrize("rows", [None, 17])
@pytest.mark.parametrize("kind", indexes())
def test_executed_indexes_are_shown_as_pandas_shows_them(kind: str, rows: int | None) -> None:
    index = indexes()[kind]
    lazy = md.from_pandas(index, rows).execute()
    for options in [{}, {"max_seq_items": 7}, {"max_seq_items": 1}, {"max_seq_items": None}, {"width": 60}]:
        with pd.option_context(*names(options)):
            assert repr(lazy) == repr(index), options


@settings(max_examples=60)
@given(
    rows=st.integers(0, 90),
    columns=st.integers(0, 30),
    chunk=st.integers(1, 40),
    limits=st.tuples(*[st.none() | st.integers(0, 70)] * 3),
)
def test_any_size_under_any_limits(
    rows: int, columns: int, chunk: int, limits: tuple[int | None, int | None, int | None]
) -> None:
    frame = pd.DataFrame(np.arange(rows * columns).reshape(rows, columns) ** 3)
    lazy = md.from_pandas(frame, chunk).execute()
    with pd.option_context(*names(dict(zip(("max_rows", "min_rows", "max_columns"), limits, strict=True)))):
        assert repr(lazy) == repr(frame)
        assert lazy._repr_html_() == frame._repr_html_()  # type: ignore[operator]


# --- what is read -----------------------------------------------------------------------------------------------


class Reads:
    """Counts chunks that are read."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        backend = mars_nb.get_session()._backend
        self.chunks: list[Any] = []

        original = backend.read

        def read(name: str, keys: Any, into: Any = ()) -> Any:
            self.chunks.extend(keys)
            return original(name, keys, into)

        monkeypatch.setattr(backend, "read", read)

    def take(self) -> int:
        """Give the number of chunks read since the last time."""
        count = len(self.chunks)
        self.chunks.clear()
        return count


@pytest.mark.parametrize("draw", [repr, str, lambda x: x._repr_html_()])
def test_only_the_edges_are_read(draw: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    frame = frames()["wide"]
    lazies = [md.from_pandas(x, 10).execute() for x in (frame, frame["column 1"], pd.Index(frame["column 1"]))]
    reads = Reads(monkeypatch)
    parts = (*lazies, lazies[0].head(100), lazies[0]["column 1"])
    for lazy, most in zip(parts, (2, 2, 4, 2, 2), strict=True):
        assert "cannot be shown" not in (draw(lazy) or "")
        assert reads.take() <= most


def test_a_wide_frame_is_drawn_from_the_columns_that_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    lazy = md.from_pandas(pd.DataFrame(np.zeros((100, 500)), columns=range(500)), 50).execute()
    shown = runtime().shown(lazy)
    assert shown is not None
    read = shown.read
    sizes: list[tuple[int, ...]] = []

    def count(*window: Any) -> Any:
        value = read(*window)
        sizes.append(value.shape)
        return value

    monkeypatch.setattr(type(shown), "read", lambda self, *window: count(*window))
    with pd.option_context("display.max_columns", 20):
        assert "[100 rows x 500 columns]" in repr(lazy)
    assert sizes == [(6, 22), (6, 22)]


# --- unexecuted -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda df: df, "DataFrame <op=DataFrameDataSource, rows=130, columns=3, 13 chunks, about "),
        (lambda df: df[df.a > 3], "DataFrame <op=DataFrameIndex, columns=3, 13 chunks, lazy, from 13 chunks of about "),
        (lambda df: df.a, "Series <op=DataFrameIndex, name='a', dtype=int64, length=130, 13 chunks, about 1.02 kiB, "),
        (lambda df: df.index, "Index <op=DataFrameIndex, dtype=int64, length=130, 13 chunks, lazy, from 13 chunks of "),
        (lambda df: df.groupby("s"), "DataFrameGroupBy <op=DataFrameGroupby, lazy, from 13 chunks of about "),
        (lambda df: df.groupby("s").sum(), "DataFrame <op=DataFrameGroupbySum, columns=2, 1 chunk, lazy, from 13 "),
        (lambda df: df.a.sum(), "Tensor <op=DataFrameSum, shape=(), dtype=int64, 1 chunk, 8 B, lazy, from 13 chunks "),
        (lambda df: df.pivot_table(index="a", columns="s", values="b"), "DataFrame <op=DataFramePivotTable, 1 chunk, "),
        (lambda df: df.a.rolling(2), "Rolling <op=DataFrameRolling, lazy, from 13 chunks of about "),
        (lambda df: df.s.str, "StringMethods <op=DataFrameStr, lazy, from 13 chunks of about "),
    ],
)
def test_unexecuted_objects_tell_what_they_are_and_what_they_take(make: Any, words: str) -> None:
    lazy = make(md.from_pandas(frames()["plain"], 10))
    text = repr(lazy)
    assert text.startswith(words)
    assert "lazy, " in text
    assert text.endswith(f", key={lazy._node.key}_0>")
    html = lazy._repr_html_()
    assert lazy._node.label in html
    assert "lazy" in html
    assert not mars_nb.get_session().tasks


def test_an_unexecuted_frame_is_drawn_as_its_header() -> None:
    html = md.from_pandas(frames()["markup"], 10)._repr_html_()
    assert "<th>&lt;b&gt;</th>" in html
    assert "<td>str</td>" in html
    assert "130 rows, 1 columns, 13 chunks" in html
    wide = md.from_pandas(pd.DataFrame(np.zeros((2, 100_000))), 1)
    with pd.option_context("display.max_columns", 6):
        html = wide._repr_html_()
    assert html.count("<td>") == 7
    assert "<th>2</th><th>...</th><th>99997</th>" in html


def test_columns_that_depend_on_the_data_are_not_told() -> None:
    lazy = md.from_pandas(frames()["plain"], 10).pivot_table(index="a", columns="s", values="b")
    assert "<td>float64</td>" not in lazy._repr_html_()


def test_labels_are_kept_short() -> None:
    frame = pd.DataFrame({"x" * 10**6: [1], "y\nz": [2]})
    assert len(md.from_pandas(frame)._repr_html_()) < 1000
    assert len(repr(md.from_pandas(frame).iloc[:, 0])) < 300


def test_handles_stay_what_they_are_when_their_frame_is_executed() -> None:
    df = md.from_pandas(frames()["plain"], 10).execute()
    assert repr(df.groupby("s")).startswith("DataFrameGroupBy <op=DataFrameGroupby, lazy, from 13 chunks of ")
    assert str(df.loc) == "_LocIndexer(op=DataFrameLoc)"
