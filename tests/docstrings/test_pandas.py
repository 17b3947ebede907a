"""The examples in pandas's own docstrings, with `md` in place of `pd`.

``pandas.txt`` lists those that give something else, with the reason; ``pandas_chunks.txt`` those that do so only where
all data is cut into chunks of two rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import runner

import mars_nb

KNOWN = runner.listed(Path(__file__).parent / "pandas.txt")
KNOWN_IN_CHUNKS = KNOWN | runner.listed(Path(__file__).parent / "pandas_chunks.txt")
#: Have many rows, which are too many chunks of two.
LONG = {"DataFrame.memory_usage", "DataFrame.truncate"}
#: At least so many of a hundred docstrings give pandas's answers.
GOAL = 97


def owners() -> dict[str, Any]:
    """Collect what has docstrings: by the names that the list uses."""
    frame = pd.DataFrame({"a": ["x"]}, index=pd.DatetimeIndex(["2024"]))
    times = pd.Series(frame.index)
    kinds = ["Index", "MultiIndex", "DatetimeIndex", "TimedeltaIndex", "PeriodIndex", "CategoricalIndex"]
    objects = {
        "groupby": frame.groupby("a"),
        "series.groupby": frame.a.groupby(level=0),
        "rolling": frame.rolling(1),
        "weighted": frame.rolling(1, win_type="triang"),
        "expanding": frame.expanding(),
        "ewm": frame.ewm(1),
        "resample": frame.resample("D"),
        "str": frame.a.str,
        "dt": times.dt,
        "periods": times.dt.to_period("D").dt,
        "timedeltas": (times - times).dt,
        "cat": frame.a.astype("category").cat,
    }
    types = {name: getattr(pd, name) for name in ["DataFrame", "Series", *kinds, "IntervalIndex", "RangeIndex"]}
    return {**types, **{name: type(value) for name, value in objects.items()}, "pandas": pd}


def gather() -> dict[str, dict[str, str]]:
    """Collect the docstrings, each text once."""
    found: dict[str, dict[str, str]] = {}
    seen: set[str] = set()
    for kind, owner in owners().items():
        texts = runner.docstrings(owner, kind)
        found[kind] = {name: text for name, text in texts.items() if not (text in seen or seen.add(text))}  # type: ignore[func-returns-value]
    return found


TEXTS = gather()


@pytest.fixture(autouse=True)
def _session() -> Iterator[None]:
    with mars_nb.new_session():
        yield


@pytest.mark.parametrize("kind", TEXTS)
def test_examples(kind: str) -> None:
    assert runner.problems(TEXTS[kind], KNOWN) == []


@pytest.mark.parametrize("kind", TEXTS)
def test_examples_in_chunks(kind: str) -> None:
    mars_nb.options.chunk_size = 2
    texts = {name: text for name, text in TEXTS[kind].items() if name not in LONG}
    assert runner.problems(texts, KNOWN_IN_CHUNKS) == []


def test_enough_give_the_answers_of_pandas() -> None:
    names = {name for texts in TEXTS.values() for name in texts}
    assert set(KNOWN_IN_CHUNKS) <= names
    assert len(names) > 800
    assert len(KNOWN_IN_CHUNKS) <= len(names) * (100 - GOAL) / 100
