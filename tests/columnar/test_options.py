"""``options.engine`` chooses, and the tools of these tests see what was chosen."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from columnar_tools import answers, watched

import mars_nb
import mars_nb.dataframe as md


@pytest.fixture(name="frame")
def _frame() -> pd.DataFrame:
    return pd.DataFrame({"a": [1, 2, 2, 3], "x": [0.5, np.nan, 2.0, -1.0]})


@pytest.mark.parametrize(("engine", "rows", "is_columnar"), [
    ("pandas", 4, False),
    ("columnar", 4, True),
    ("auto", 4, False),
    ("auto", 400_000, True),
])  # fmt: skip
def test_choice(frame: pd.DataFrame, engine: str, rows: int, is_columnar: bool) -> None:
    frame = pd.concat([frame] * (rows // 4), ignore_index=True)
    with mars_nb.option_context({"engine": engine}), mars_nb.new_session(), watched() as seen:
        found = md.from_pandas(frame).groupby("a").x.sum().execute().fetch()
    pd.testing.assert_series_equal(found, frame.groupby("a").x.sum())
    assert ("groupby.sum" in seen.answered) == is_columnar


def test_unknown_engine() -> None:
    with pytest.raises(ValueError, match="'columnar'"):
        mars_nb.options.engine = "polars"


def test_answers_tells_what_was_refused(frame: pd.DataFrame) -> None:
    def program(pd: Any, df: Any) -> Any:
        return df.apply(lambda column: column).sort_values("x")

    assert "apply" in answers(program, frame)


def test_answers_wants_the_last_operation_columnar(frame: pd.DataFrame) -> None:
    def last(pd: Any, df: Any) -> Any:
        return df.apply(np.sum)

    with pytest.raises(AssertionError, match="no columnar form"):
        answers(last, frame)
    answers(last, frame, refused="no columnar form")


def test_answers_compares(frame: pd.DataFrame) -> None:
    def wrong(library: Any, df: Any) -> Any:
        return df.x + (0 if library is pd else 1e-9)

    with pytest.raises(AssertionError, match=r"one chunk[\s\S]*found"):
        answers(wrong, frame)


def test_answers_wants_the_same_error(frame: pd.DataFrame) -> None:
    answers(lambda pd, df: df.nope, frame)
    with pytest.raises(KeyError):
        answers(lambda library, df: df["x" if library is pd else "nope"], frame)
