"""Columns on their way to Polars and back."""

from __future__ import annotations

import pandas as pd
import pytest

from mars_nb.planner.columnar import hand_over

TEXTS = ["", "short", None, "longer than what a view holds itself", "zwölf Boxkämpfer", "short", None, "\0"]


@pytest.mark.parametrize("viewed", [0, 2**31])
@pytest.mark.parametrize("part", [slice(None), slice(2, 6), slice(None, None, 3), slice(0, 0)])
def test_texts(viewed: int, part: slice, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hand_over, "_VIEWED", viewed)
    series = pd.Series(TEXTS, dtype="str")[part]
    taken = hand_over.taken(series, "texts", series.dtype)
    assert taken.name == "texts"
    assert taken.to_list() == TEXTS[part]
    back = pd.Series(hand_over.as_pandas(taken, series.dtype, "none"), series.index)
    pd.testing.assert_series_equal(back, series)
