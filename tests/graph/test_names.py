"""Names that are not there are refused with the nearest one, and numbers work where Python wants numbers."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

import mars_nb
import mars_nb.dataframe as md
import mars_nb.tensor as mt

FRAME = pd.DataFrame(
    {"a": [1, 2, 4], "b": [1.5, 2.25, 3.0], "s": list("xyz"), "t": pd.date_range("2024-01-01", periods=3)}
)


@pytest.fixture(autouse=True)
def _session(session: Any) -> None:
    pass


@pytest.mark.parametrize(
    ("read", "message"),
    [
        (lambda: mt.zzz, r"^module 'mars_nb.tensor' has no attribute 'zzz'$"),
        (lambda: mt.arangee, "'arangee': did you mean 'arange'"),
        (lambda: mt.linalg.invv, "module 'mars_nb.tensor.linalg' .* did you mean 'inv'"),
        (lambda: mt.random.randnn, "did you mean 'randn'"),
        (lambda: md.zzz, r"^module 'mars_nb.dataframe' has no attribute 'zzz'$"),
        (lambda: md.concatt, "did you mean 'concat'"),
        (lambda: md.from_panda, "did you mean 'from_pandas'"),
        (lambda: md.DataFrame(FRAME).groupbyy, r"'DataFrame' object .* did you mean 'groupby'\?"),
        (lambda: md.DataFrame({"price": [1]}).pricee, "did you mean 'price'"),
        (lambda: md.DataFrame(FRAME).a.meann, "'Series' object .* did you mean 'mean'"),
        (lambda: md.DataFrame(FRAME).groupby("a").summ, "'DataFrameGroupBy' object .* did you mean 'sum'"),
        (lambda: md.DataFrame(FRAME).t.dt.yearr, "did you mean 'year'"),
        (lambda: md.DataFrame(FRAME).t.max().yearr, "did you mean 'year'"),
        (lambda: mt.ones(3).reshapee, "'Tensor' object .* did you mean 'reshape'"),
        (lambda: mt.ones(3).zzz, r"^'Tensor' object has no attribute 'zzz'$"),
        (lambda: mt.ones(3)._zzz, r"^'Tensor' object has no attribute '_zzz'$"),
    ],
)
def test_a_wrong_name_tells_the_nearest(read: Callable[[], Any], message: str) -> None:
    with pytest.raises(AttributeError, match=message):
        read()


def test_names_of_an_index_are_set_on_its_frame() -> None:
    frame = md.DataFrame(FRAME)
    frame.index.name = "k"
    assert frame.execute().fetch().index.name == "k"


@pytest.mark.parametrize("make", [lambda v: md.Series([v]).max(), lambda v: mt.tensor([v]).max()])
def test_lazy_numbers_are_numbers_for_python(make: Callable[[Any], Any]) -> None:
    value = 2.6789
    lazy = make(value)
    assert f"{lazy:.2f}" == "2.68"
    assert f"{lazy:>10}" == f"{value:>10}"
    assert f"{make(12345):,}" == "12,345"
    assert (math.floor(make(value)), math.ceil(make(value)), math.trunc(make(-value))) == (2, 3, -2)
    assert round(make(value), 2).execute().fetch() == pytest.approx(2.68)
    whole = round(make(2.5)).execute().fetch()
    assert (type(whole), whole) == (int, 2)
    assert abs(make(-value)).execute().fetch() == value
    assert [float(part) for part in divmod(make(7.5), 2)] == [3.0, 1.5]
    assert [float(part) for part in divmod(20, make(7.5))] == [2.0, 5.0]


def test_format_without_a_spec_is_as_str() -> None:
    lazy = md.Series([1.5]).mean()
    assert f"{lazy}" == str(lazy)
    assert "op=" in f"{lazy}"


def test_format_of_other_scalars_and_of_arrays() -> None:
    assert f"{md.Series(['ab']).max():>4}" == "  ab"
    assert f"{md.Series(FRAME.t).max():%Y-%m-%d}" == "2024-01-03"
    for many in (mt.ones(3), md.DataFrame(FRAME), md.Series([1, 2])):
        with pytest.raises(TypeError, match="format"):
            f"{many:.2f}"


def test_a_deprecated_attribute_warns_when_computed_and_not_before() -> None:
    with mars_nb.option_context({"fold_bytes": 0}):
        lazy = md.Series(FRAME.t)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        weekday = lazy.dt.weekday
        assert not told
        np.testing.assert_array_equal(weekday.execute().fetch(), [0, 1, 2])
    assert len(told) <= 1
