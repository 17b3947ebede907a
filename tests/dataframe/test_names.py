"""Names of columns and rows set in place, kinds of index, and what is told of names that are not there."""

from __future__ import annotations

import gc
import re
from typing import Any

import pandas as pd
import pytest

import mars_nb.dataframe as md


def fetched(lazy: Any) -> Any:
    return lazy.execute().fetch()


@pytest.mark.parametrize(
    ("use", "near"),
    [
        (lambda df: df["Price"], "price"),
        (lambda df: df[["prise", "s"]], "price"),
        (lambda df: df.groupby("pric"), "price"),
        (lambda df: df.groupby("s")["prise"], "price"),
        (lambda df: df.loc[:, "priec"], "price"),
        (lambda df: df.query("prce > 1"), "price"),
        (lambda df: df.drop(columns="pricee"), "price"),
        (lambda df: df.agg({"prise": "sum"}), "price"),
        (lambda df: df.prise, "price"),
        (lambda df: df.groupbyy("s"), "groupby"),
        (lambda df: df.s.strr, "str"),
        (lambda df: df.s.str.uper(), "upper"),
        (lambda df: df.groupby("s").summ(), "sum"),
        (lambda df: md.read_cvs, "read_csv"),
        (lambda df: df.append(df), r"md\.concat"),
        (lambda df: df.s.iteritems(), "items"),
        (lambda df: df.to_gpu(), "no GPUs"),
        (lambda df: md.Int64Index, r"md\.Index"),
    ],
)
def test_what_is_near_is_suggested(use: Any, near: str) -> None:
    frame = md.DataFrame({"price": [1, 2], "s": ["x", "y"]})
    with pytest.raises((KeyError, AttributeError, NameError)) as told:
        use(frame)
    assert re.search(near, "\n".join([str(told.value), *getattr(told.value, "__notes__", [])]))


def test_what_was_recorded_before_keeps_its_names() -> None:
    frame = md.DataFrame({"a": [1]})
    before, columns = frame + 1, frame.columns
    frame.columns.name = "c"
    frame.index.name = "i"
    assert columns.name == "c"
    assert fetched(before).columns.name is None
    assert fetched(before).index.name is None
    assert fetched(frame + 1).columns.name == "c"
    assert fetched(frame).index.name == frame.index.name == "i"


def test_names_of_columns_made_of_values() -> None:
    wide = md.DataFrame({"a": [1, 2], "b": ["x", "y"], "c": [3, 4]}).pivot(index="a", columns="b", values="c")
    assert wide.columns.name == "b"
    wide.columns.name = None
    assert fetched(wide).columns.name is None
    assert fetched(wide.reset_index()).columns.tolist() == ["a", "x", "y"]


def test_an_index_does_not_keep_its_frame() -> None:
    frame = md.DataFrame({"a": [1, 2]})
    index = frame.index
    del frame
    gc.collect()
    index.name = "i"
    index.names = ["j"]
    pd.testing.assert_index_equal(fetched(index), pd.RangeIndex(2, name="j"))


def test_attrs_travel_and_are_of_one_frame() -> None:
    frame = md.DataFrame({"a": [1, 2]})
    other = frame.copy()
    frame.attrs["source"] = "x"
    frame.attrs |= {"n": 1}
    assert frame.attrs.setdefault("source", "y") == "x"
    assert frame.attrs == {"source": "x", "n": 1}
    assert other.attrs == {}
    assert fetched(frame + 1).attrs == frame.head().attrs == frame.attrs
    assert frame.attrs.pop("n") == 1
    del frame.attrs["source"]
    assert fetched(frame).attrs == {}
    frame.a.attrs.clear()
    frame.attrs["k"] = 1
    assert frame.attrs.popitem() == ("k", 1)


def test_flags() -> None:
    frame = md.DataFrame({"a": [1, 2]})
    frame.flags["allows_duplicate_labels"] = False
    assert not frame.flags.allows_duplicate_labels
    assert not frame.flags["allows_duplicate_labels"]
    assert frame.flags == fetched(frame).flags
    assert repr(frame.flags) == repr(fetched(frame).flags)
    with pytest.raises(pd.errors.DuplicateLabelError):
        fetched(frame.iloc[[0, 0]])
    with pytest.raises(ValueError, match="Unknown flag"):
        frame.flags["nope"] = True


def test_kinds_of_index() -> None:
    days = md.date_range("2024", periods=3)
    assert isinstance(days, md.DatetimeIndex)
    assert isinstance(days, md.Index)
    assert isinstance(pd.DatetimeIndex([]), md.DatetimeIndex)
    assert not isinstance(days, md.MultiIndex)
    assert issubclass(md.RangeIndex, md.Index)
    assert issubclass(pd.RangeIndex, md.RangeIndex)
    assert "from_product" in dir(md.MultiIndex)
    frame = md.DataFrame({"a": [1, 2], "b": ["x", "y"]})
    pd.testing.assert_index_equal(fetched(md.MultiIndex.from_frame(frame)), pd.MultiIndex.from_frame(fetched(frame)))
    with pytest.raises(TypeError, match="item assignment"):
        frame.index[0] = 5


def test_columns_may_be_lazy_labels() -> None:
    many = md.Index([f"c{i}" for i in range(100)])
    frame = md.DataFrame([range(100)], columns=many)
    assert frame.columns[99] == "c99"
    frame.columns = many.str.upper()
    assert frame.columns[99] == "C99"
    assert fetched(frame[many.str.upper()[98:]]).shape == (1, 2)
    assert fetched(frame.set_axis(many, axis=1)).columns[99] == "c99"
    assert fetched(frame.reindex(columns=many.str.upper()[::-1])).columns[0] == "C99"


def test_lazy_arrays_of_pandas() -> None:
    words = md.Series(["b", "a", "b"]).unique()
    assert words.dtype == "str"
    assert words.shape == (2,)
    assert len(words) == 2
    assert list(words) == ["b", "a"]
    assert "a" in words
    assert fetched(words[1]) == "a"
    assert fetched(words == "a").tolist() == [False, True]
    with pytest.raises(ValueError, match="ambiguous"):
        bool(words)


def test_reductions_of_the_users_own() -> None:
    class Spread(md.CustomReduction):
        def agg(self, values: Any) -> Any:
            return values.max() - values.min()

    frame = pd.DataFrame({"a": [1, 2, 5], "g": ["x", "x", "y"]})
    lazy = md.from_pandas(frame)
    assert fetched(lazy[["a"]].agg(Spread())).a == 4
    assert fetched(lazy.groupby("g").a.agg(Spread("spread"))).tolist() == [1, 0]
    with pytest.raises(NotImplementedError, match="agg"):
        md.CustomReduction()(frame.a)
