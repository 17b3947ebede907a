"""Random programs on random frames: pandas's own answer, whichever engine computes it and however the rows are cut."""

from __future__ import annotations

import os
import warnings
from typing import Any

import pandas as pd
import pytest
from answers import compute
from columnar_tools import same, watched
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st
from programs import ENDS, NAMES, STEPS, Names, frames

import mars_nb
import mars_nb.dataframe as md


def _outcome(run: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return compute(run())
        except Exception as error:
            return error


@settings(
    max_examples=int(os.environ.get("MARS_NB_EXAMPLES", "120")),
    derandomize="MARS_NB_EXAMPLES" not in os.environ,
    suppress_health_check=list(HealthCheck),
    database=None,
)
@given(
    data=st.data(),
    names=st.sampled_from(NAMES),
    rows=st.integers(1, 12),
    steps=st.lists(st.sampled_from(sorted(STEPS)), max_size=5),
    end=st.sampled_from(sorted(ENDS)),
)
def test_program(data: st.DataObject, names: Names, rows: int, steps: list[str], end: str) -> None:
    """``MARS_NB_EXAMPLES=5000 pytest ...`` tries as many programs, others each time."""
    frame = data.draw(frames(names))

    def run(library: Any, value: Any, end: str = end) -> Any:
        for step in steps:
            value = STEPS[step](library, value, names)
        return ENDS[end](library, value, names)

    expected = _outcome(lambda: run(pd, frame.copy()))
    for engine, size in [("columnar", None), ("columnar", rows), ("pandas", rows)]:
        with mars_nb.option_context({"engine": engine}), mars_nb.new_session(), watched() as seen:
            found = _outcome(lambda size=size: run(md, md.from_pandas(frame, size)))
            if isinstance(expected, Exception) and not isinstance(found, Exception):  # what fails may not be needed
                found = _outcome(lambda size=size: run(md, md.from_pandas(frame, size), "frame"))
        assert not seen.mistakes
        note(f"{engine}, {size or 'all'} rows a chunk; columnar: {seen.answered}; refused: {seen.refused}")
        if isinstance(expected, Exception) or isinstance(found, Exception):
            if type(found) is not type(expected):
                raise AssertionError(f"{found!r} where pandas gives {expected!r}") from (
                    found if isinstance(found, Exception) else None
                )
        else:
            same(found, expected)


@pytest.mark.parametrize("end", ENDS)
def test_each_end_is_tried(end: str) -> None:
    """A program that no frame can run would test nothing."""
    frame = pd.DataFrame({"k": [1, 2], "u": [1, 2], "x": [0.5, 1], "s": ["a", "b"], "b": [True, False], "t": pd.NaT})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ENDS[end](pd, frame.astype({"t": "datetime64[us]", "u": "uint8"}), Names())


@pytest.mark.parametrize("step", STEPS)
def test_each_step_is_tried(step: str) -> None:
    frame = pd.DataFrame({"k": [1, 2], "u": [1, 2], "x": [0.5, 1], "s": ["a", "b"], "b": [True, False], "t": pd.NaT})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = STEPS[step](pd, frame.astype({"t": "datetime64[us]", "u": "uint8"}), Names())
    assert sorted(found.columns) == sorted(Names())
