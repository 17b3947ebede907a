"""What fails when it is recorded, and what must not: a sample of five rows proves little.

``recorded.txt`` lists operations that are fine on the data though they fail on its first rows; ``mistakes.txt`` lists
mistakes, which raise pandas's own type of exception on the user's line.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import mars_nb.dataframe as md

HERE = Path(__file__).parent


def lines(name: str) -> list[str]:
    """List the lines of a file that are no comments."""
    return [line for line in (HERE / name).read_text().splitlines() if not line.startswith("#")]


def make_frames() -> dict[str, Any]:
    """Give frames of many kinds: what comes late in them does not show in a sample."""
    frame = pd.DataFrame(
        {
            "a": np.arange(100),
            "s": [f"w{i % 7}" for i in range(100)],
            "x": np.r_[np.full(50, np.nan), np.arange(50.0)],
            "o": [None] * 50 + ["q"] * 50,
            "t": pd.date_range("2024", periods=100, freq="h"),
        }
    )
    return {
        "df": frame,
        "e": frame[:0],
        "mi": frame.set_index(["s", "a"]),
        "ic": pd.DataFrame(np.arange(60).reshape(20, 3)),
        "dup": pd.DataFrame(np.arange(40).reshape(20, 2), columns=["q", "q"]),
        "tz": frame.set_index(frame.t.dt.tz_localize("UTC")),
        "si": frame.set_index("s"),
        "cat": frame.assign(c=frame.s.astype("category")),
        "obj": pd.DataFrame({"o": [1, "a", None, 2.5, (1, 2)] * 5}),
        "ob2": pd.DataFrame({"o": [1, 2, 3, None, 5] * 5}, dtype=object),
        "no": pd.DataFrame(),
        "nc": pd.DataFrame(index=range(7)),
        "iv": frame.assign(i=pd.cut(frame.a, 5)),
        "nul": frame.convert_dtypes(),
        "sp": frame.sort_values("a", ascending=False),
        "dti": frame.set_index("t"),
        "per": frame.set_index(frame.t.dt.to_period("D")),
    }


FRAMES = make_frames()


def evaluate(line: str, frames: dict[str, Any], module: Any) -> Any:
    """Evaluate a line."""
    return eval(line, {**frames, "pd": module, "np": np})


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("line", lines("recorded.txt"))
def test_nothing_spurious(line: str, compute: Any, check: Any) -> None:
    expected = evaluate(line, {name: frame.copy() for name, frame in FRAMES.items()}, pd)
    for rows in (None, 9):
        found = evaluate(line, {name: md.from_pandas(frame, rows) for name, frame in FRAMES.items()}, md)
        check(compute(found), expected)


@pytest.mark.parametrize("line", lines("mistakes.txt"))
def test_mistakes_are_told_when_recorded(line: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(Exception) as expected:  # noqa: PT011  # whatever pandas raises
            evaluate(line, {"df": FRAMES["df"].copy()}, pd)
        with pytest.raises(expected.type):
            evaluate(line, {"df": md.from_pandas(FRAMES["df"], 9)}, md)


def test_functions_of_the_user_are_tried_on_one_row_at_most() -> None:
    seen: list[Any] = []
    frame = md.DataFrame({"a": range(100)}, chunk_size=30)
    recorded = [
        frame.a.map(lambda v: seen.append(v)),
        frame.apply(lambda row: seen.append(row.a), axis=1),
        frame.groupby("a").a.apply(lambda group: seen.append(len(group))),
    ]
    assert len(seen) <= len(recorded)
    seen.clear()
    recorded[0].execute()
    assert sorted(seen) == list(range(100))


def test_a_function_that_fails_on_the_sample_is_still_recorded() -> None:
    frame = md.DataFrame({"a": range(10)})
    assert frame.a.map(lambda v: 1 // v if v else None).execute().fetch().iloc[1] == 1


@pytest.mark.parametrize(
    "filtered",
    [
        lambda d: d[d.a > 0],
        lambda d: d.dropna(),
        lambda d: d.query("a > 0"),
        lambda d: d.b.drop_duplicates(),
        lambda d: d.loc[d.a > 0].a,
        lambda d: d.groupby("b").head(1),
        lambda d: d.a.dropna().shift(),
    ],
)
@pytest.mark.filterwarnings("ignore::mars_nb.errors.WholeWarning")
def test_lengths_are_never_taken_from_the_sample(filtered: Any) -> None:
    frame = pd.DataFrame({"a": [1, 1, 1, 1, 1, 0, None], "b": [1, 2, 3, 4, 5, 5, 5]})
    lazy = filtered(md.from_pandas(frame, 3))
    assert np.isnan(lazy.shape[0])
    assert len(lazy) == len(filtered(frame))


def test_errors_name_the_true_lengths() -> None:
    frame = md.DataFrame({"a": range(30)})
    with pytest.raises(ValueError, match="30"):
        frame["z"] = [1, 2]


def test_columns_made_of_values_are_not_claimed() -> None:
    wide = md.from_pandas(FRAMES["df"]).pivot(index="a", columns="s", values="t")
    assert np.isnan(wide.shape[1])
    assert list(wide.columns) == [f"w{i}" for i in range(7)]
    assert "w6" in wide
    assert wide.execute().shape == (100, 7)


def test_pandas_constructors_do_not_lose_labels() -> None:
    frame = pd.DataFrame({"a": [1.0, 2.0], "b": [3.0, 4.0]}, index=["x", "y"])
    lazy = md.from_pandas(frame)
    with pytest.raises(TypeError, match=r"pd\.DataFrame of a lazy DataFrame .* \.to_pandas\(\)"):
        pd.DataFrame(lazy)
    with pytest.raises(TypeError, match=r"pd\.Series of a lazy Series .* \.to_pandas\(\)"):
        pd.Series(lazy.a)
    with pytest.raises(TypeError, match=r"pd\.DataFrame of a lazy Series"):
        pd.DataFrame(lazy.a)
    np.testing.assert_array_equal(np.asarray(lazy), frame.to_numpy())
    np.testing.assert_array_equal(np.asarray(lazy.a), frame.a.to_numpy())
    assert list(pd.Index(lazy.index)) == ["x", "y"]
    assert pd.DataFrame({"n": lazy.a}).n.tolist() == [1.0, 2.0]
    pd.testing.assert_frame_equal(md.DataFrame(lazy).execute().fetch(), frame)
