"""The one warning: many chunks are gathered into one."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import mars_nb
import mars_nb.dataframe as md
import mars_nb.remote as mr
import mars_nb.tensor as mt
from mars_nb import Session
from mars_nb.errors import MarsError, WholeError, WholeWarning

ROWS = 40


def gathering(rows: int = ROWS) -> Any:
    """Give what has no form for many chunks, and is not likely to get one."""
    return md.DataFrame({"a": np.arange(rows), "b": np.ones(rows)}, chunk_size=10).apply(lambda column: column.max())


def told(execute: Any, action: str = "default") -> list[warnings.WarningMessage]:
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter(action)  # type: ignore[arg-type]
        execute()
    return found


def test_it_says_what_and_how_much(session: Session) -> None:
    (warning,) = told(gathering().execute, "always")
    assert warning.category is WholeWarning
    text = str(warning.message)
    assert text.startswith("DataFrameApply has no form for many chunks here: 4 chunks of 640 B are gathered into one")
    assert "x.map_chunk(function) calls it for each chunk" in text
    assert warning.filename == __file__
    line = Path(__file__).read_text().splitlines()[warning.lineno - 1]
    assert ".apply(lambda column" in line  # where it was recorded


def test_once_for_a_line_whatever_the_sizes(session: Session) -> None:
    def several() -> None:
        for rows in (20, 30, 40, 40):
            frame = md.DataFrame({"a": np.arange(rows)}, chunk_size=10)
            frame.apply(lambda column: column.max()).execute()

    assert len(told(several)) == 1
    assert len(told(several, "always")) == 4
    assert len(told(several)) == 0


def test_filters_have_their_say(session: Session) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(2):
            with pytest.raises(WholeWarning):
                gathering().execute()
    assert told(gathering().execute, "ignore") == []


def test_as_an_error_before_anything_runs(session: Session) -> None:
    calls = []
    first = mr.spawn(lambda: calls.append(1))
    with mars_nb.option_context({"on_gather": "error"}), pytest.raises(WholeError) as raised:
        mars_nb.execute(first, gathering())
    assert calls == []
    assert isinstance(raised.value, MarsError)
    assert "4 chunks of 640 B are gathered into one" in str(raised.value)
    assert "recorded in test_whole_warning.py, line" in str(raised.value)
    assert "options.on_gather = 'warn'" in raised.value.hints[0]
    assert session.running == []


def test_allowed(session: Session) -> None:
    with mars_nb.option_context({"on_gather": "allow"}):
        assert told(lambda: gathering().execute(), "always") == []
    with pytest.raises(ValueError, match="on_gather"):
        mars_nb.options.on_gather = "perhaps"


def test_one_chunk_gathers_nothing(session: Session) -> None:
    with mars_nb.option_context({"on_gather": "error"}):
        assert md.DataFrame({"a": [1, 2]}).apply(lambda column: column.max()).execute().fetch().tolist() == [2]


def test_functions_are_given_all_because_they_ask_for_it(session: Session) -> None:
    with mars_nb.option_context({"on_gather": "error"}):
        assert mr.spawn(np.sum, args=(mt.ones(100, chunk_size=20),)).execute().fetch() == 100


def test_what_the_text_proposes_gathers_nothing(session: Session) -> None:
    frame = md.DataFrame({"a": np.arange(ROWS)}, chunk_size=10)
    with mars_nb.option_context({"on_gather": "error"}):
        assert frame.map_chunk(lambda chunk: chunk * 2).sum().execute().fetch().tolist() == [ROWS * (ROWS - 1)]


# --- nothing else -------------------------------------------------------------------------------------------------


def odd(x: Any) -> Any:
    """Fails on any one row."""
    if len(x) < 2:
        raise ValueError("too few rows")
    return x.iloc[1:]


def mapped(df: Any) -> Any:
    return df.map_chunk(odd)


QUIET = {
    "frames": [
        lambda df: df[df.a > 3].b.mean(),
        lambda df: df.groupby("k").agg({"a": "sum", "b": ["min", "max"]}),
        lambda df: df.groupby("k").a.apply(lambda s: s.iloc[0]),
        lambda df: df.groupby("k").apply(lambda g: g.a.sum() / len(g)),
        lambda df: df.groupby("k")[["a"]].apply(odd),
        lambda df: df.groupby("k").agg(lambda s: s.iloc[-1]),
        lambda df: df.groupby("k").transform(lambda s: s - s.mean()),
        lambda df: df.groupby("k").filter(lambda g: len(g) > 3),
        lambda df: df.apply(lambda row: row.a + row.b, axis=1),
        lambda df: df.apply(lambda row: pd.Series({"s": row.a, "t": 1}), axis=1),
        lambda df: df.apply(lambda row: [1, 2], axis=1, result_type="expand"),
        lambda df: df.a.apply(lambda x: {1: "one"}.get(x)),
        lambda df: df.a.map({1: "one", 2: "two"}),
        lambda df: df.a.map(lambda x: x / 0.5 if x else None),
        lambda df: df.map(lambda x: x * 2),
        lambda df: df.transform(lambda s: s + 1),
        lambda df: df.pipe(lambda d, n: d.head(n), 3),
        lambda df: df.agg(["sum", "mean"]),
        lambda df: df.agg(lambda s: s.max() - s.min()),
        mapped,
        lambda df: df.b.rolling(3).apply(lambda w: w[0], raw=True),
        lambda df: df.assign(c=lambda d: d.a + 1, d=1).merge(df, on="k"),
        lambda df: df.sort_values(["k", "a"], key=lambda s: -s).drop_duplicates("k"),
        lambda df: df.describe(),
        lambda df: df.b / 0,
        lambda df: df.b.where(lambda s: s > 100).std(),
    ],
    "tensors": [
        lambda t: t / 0,
        lambda t: mt.log(t - 1),
        lambda t: t[t > 1000].mean(),
        lambda t: mt.apply_along_axis(lambda x: x.max() - x.min(), 0, t),
        lambda t: mt.vectorize(lambda x: x if x > 1 else None)(t),
        lambda t: t.map_chunk(lambda c: c - c.mean()),
        lambda t: mt.sort(t.astype(str)),
        lambda t: mt.median(t, axis=0),
        lambda t: t @ t.T,
        lambda t: mt.where(t > 3, mt.sqrt(-t), t),
    ],
}


@pytest.mark.parametrize("many", [False, True])
@pytest.mark.parametrize("kind", QUIET)
def test_no_other_noise(session: Session, kind: str, many: bool, capfd: pytest.CaptureFixture[str]) -> None:
    """What numpy and pandas themselves would warn of, such as a division by zero, may be told; nothing of ours is."""
    frame = pd.DataFrame({"k": [1, 2, 3, 1] * 5, "a": range(20), "b": np.arange(20) / 2})
    array = np.arange(24.0).reshape(6, 4)
    for operation in QUIET[kind]:
        with warnings.catch_warnings(record=True) as expected:
            warnings.simplefilter("always")
            if kind == "frames" and operation is not mapped:
                operation(frame)
        lazy = md.DataFrame(frame, chunk_size=6 if many else None)
        value = lazy if kind == "frames" else mt.tensor(array, chunk_size=(2, 2) if many else None)
        with warnings.catch_warnings(record=True) as found:
            warnings.simplefilter("always")
            operation(value).execute()
        allowed = {warning.category for warning in expected} | {WholeWarning, RuntimeWarning}
        assert {warning.category for warning in found} <= allowed, [str(w.message) for w in found]
        for warning in found:
            assert "meta" not in str(warning.message)
            assert "dask" not in str(warning.message).lower()
    assert capfd.readouterr().err == ""


def test_recording_warns_of_nothing(session: Session) -> None:
    frame = pd.DataFrame({"k": [1, 2, 3, 1] * 5, "a": range(20), "b": np.arange(20) / 2})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for operation in QUIET["frames"]:
            operation(md.DataFrame(frame, chunk_size=6))
        for operation in QUIET["tensors"]:
            operation(mt.tensor(np.arange(24.0).reshape(6, 4), chunk_size=2))
