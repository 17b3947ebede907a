"""Operations on many chunks gather none of their inputs, and give the answer of pandas."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

import mars_nb.dataframe as md
from mars_nb.planner import plan

ROWS = 3000


def make_frame() -> pd.DataFrame:
    """Give a frame with keys that come often, some values missing."""
    rng = np.random.default_rng(3)
    return pd.DataFrame(
        {
            "k": rng.integers(0, 400, ROWS),
            "s": rng.choice(["a", "b", "c", None], ROWS),
            "x": np.where(rng.random(ROWS) < 0.1, np.nan, rng.normal(1e6, 1, ROWS)),
            "y": rng.random(ROWS),
            "t": pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 10**6, ROWS), "s"),
        }
    )


def make_other() -> pd.DataFrame:
    """Give a frame to join with, keys in another order."""
    rng = np.random.default_rng(4)
    return pd.DataFrame({"k": rng.permutation(900), "w": rng.random(900)})


OPERATIONS: dict[str, Callable[[Any, Any], Any]] = {
    "inner join": lambda d, o: d.merge(o, on="k"),
    "left join": lambda d, o: d.merge(o, on="k", how="left"),
    "right join": lambda d, o: d.merge(o, on="k", how="right"),
    "outer join": lambda d, o: d.merge(o, on="k", how="outer"),
    "join by index": lambda d, o: d.join(o.set_index("k"), on="k"),
    "operands cut otherwise": lambda d, o: d.y + d.sort_values("y").x,
    "column of others": lambda d, o: d.assign(w=o.w),
    "no duplicates": lambda d, o: d.drop_duplicates("k"),
    "no row twice": lambda d, o: d.drop_duplicates(["k", "s"], keep=False),
    "group medians": lambda d, o: d.groupby("k").x.median(),
    "group ranks": lambda d, o: d.groupby("s").y.rank(),
    "group functions": lambda d, o: d.groupby("k").y.transform(lambda v: v - v.mean()),
    "medians": lambda d, o: d[["x", "y"]].median(),
    "quantiles": lambda d, o: d.x.quantile([0, 0.001, 0.5, 0.77, 1]),
    "quantiles of few values": lambda d, o: (d.k // 100).quantile([0.1, 0.5, 0.9]),
    "quantiles of dates": lambda d, o: d.t.quantile([0.3, 0.6]),
    "description": lambda d, o: d.describe(),
    "correlations": lambda d, o: d[["k", "x", "y"]].corr(),
    "covariances": lambda d, o: d[["k", "x", "y"]].cov(),
    "table": lambda d, o: d.pivot_table(index="k", columns="s", values="y"),
    "flags": lambda d, o: md.get_dummies(d.s) if not isinstance(d, pd.DataFrame) else pd.get_dummies(d.s),
    "rows by position": lambda d, o: d[d.y > 0.5].iloc[[700, 3, -1]],
    "slice of what a filter left": lambda d, o: d[d.y > 0.5].iloc[100:-100:3],
    "drawn rows": lambda d, o: d.sample(50, random_state=5),
    "rows by label": lambda d, o: d.loc[[2999, 0, 1500]],
}


@pytest.mark.parametrize("name", OPERATIONS)
def test_nothing_is_gathered(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mars_nb.planner.exchanges.exchange.BUCKET_BYTES", 10_000)
    operation = OPERATIONS[name]
    lazy = operation(md.from_pandas(make_frame(), 250), md.from_pandas(make_other(), 100))
    assert not [key for key in plan([lazy._node]).graph if key[1] == "gathered"]  # type: ignore[index]  # of an input
    found, expected = lazy.execute().fetch(), operation(make_frame(), make_other())
    compare = pd.testing.assert_frame_equal if isinstance(expected, pd.DataFrame) else pd.testing.assert_series_equal
    compare(found, expected, rtol=1e-9)


def test_small_differences_of_large_numbers_are_not_lost() -> None:
    frame = pd.DataFrame({"x": 1e9 + np.arange(100.0), "y": 1e9 - np.arange(100.0) ** 2})
    found = md.from_pandas(frame, 9).corr().execute().fetch()
    pd.testing.assert_frame_equal(found, frame.corr(), rtol=1e-12)


def test_the_key_of_a_sort_may_look_at_all_rows() -> None:
    frame = make_frame()
    lazy = md.from_pandas(frame, 250).sort_values("y", key=lambda s: (s - s.mean()).abs(), kind="stable")
    with pytest.warns(match="no form for many chunks"):
        found = lazy.execute().fetch()
    pd.testing.assert_frame_equal(found, frame.sort_values("y", key=lambda s: (s - s.mean()).abs(), kind="stable"))


def test_a_label_that_no_chunk_has_cannot_be_dropped() -> None:
    lazy = md.from_pandas(make_frame(), 250)
    lazy = lazy[lazy.y > 0.5]
    with pytest.raises(KeyError, match=r"\[99999\] not found in axis"):
        lazy.drop([99999]).execute()


def test_running_values_of_chunks_of_different_dtypes() -> None:
    frame = pd.DataFrame({"t": pd.to_datetime(["2024-01-01", "2024-01-02", None, "2024-01-03"])})
    found = md.from_pandas(frame, 2).t.dt.day.cumsum().execute().fetch()  # integers in the first chunk, floats after it
    pd.testing.assert_series_equal(found, frame.t.dt.day.cumsum())


def test_groups_of_a_column_whose_label_is_a_tuple() -> None:
    frame = pd.DataFrame({"k": [1, 2, 1, 2], "x": [1.0, 2.0, 3.0, 4.0]})
    frame.columns = pd.Index(["k", ("x", 1)], tupleize_cols=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = md.from_pandas(frame, 2).groupby("k").sum().execute().fetch()
    pd.testing.assert_frame_equal(found, frame.groupby("k").sum())


@pytest.mark.parametrize("keys", [[1, 0], [0, 1], [1, "s"], ["s", 1]])
def test_groups_of_columns_whose_labels_are_numbers(keys: list[Any]) -> None:
    frame = pd.DataFrame({1: [5, 5, 6, 6], 0: [2, 3, 2, 2], "s": ["a", "b", "a", "b"], 3: [0.5, 1, 2, 3]})
    for operation in (lambda d: d.groupby(keys)[3].std(), lambda d: d.groupby(keys).size()):
        pd.testing.assert_series_equal(operation(md.from_pandas(frame, 3)).execute().fetch(), operation(frame))
