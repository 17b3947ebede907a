"""What the engine gives up while it runs is begun again without it: as it was asked for, and by all threads."""

from __future__ import annotations

import itertools
import threading
import warnings
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import mars_nb
import mars_nb.dataframe as md
from mars_nb.errors import WholeError


@pytest.fixture
def text(tmp_path: Path) -> str:
    """A file whose first rows do not tell what comes later."""
    path = tmp_path / "a.csv"
    path.write_text("k,a\n" + "1,2\n" * 200_000 + "x,3\n")
    return str(path)


def columnar(**options: Any) -> Any:
    return mars_nb.option_context({"engine": "columnar", **options})


def test_an_error_of_the_second_plan_is_told(text: str) -> None:
    with mars_nb.new_session(), columnar(on_gather="error"):
        frame = md.read_csv(text, chunk_bytes=100_000)
        with pytest.raises(WholeError):
            frame.rank().execute()


def test_options_of_the_call_hold_for_the_second_plan(text: str) -> None:
    with mars_nb.new_session(), columnar(on_gather="allow"), warnings.catch_warnings():
        warnings.simplefilter("error")
        frame = md.read_csv(text, chunk_bytes=100_000)
        found = frame.rank().execute().fetch()
    pd.testing.assert_frame_equal(found, pd.read_csv(text).rank())


def test_all_threads_take_part(text: str) -> None:
    waiting = itertools.count()
    both = threading.Barrier(2, timeout=30)

    def look(rows: pd.DataFrame) -> pd.DataFrame:
        if threading.current_thread().name.startswith("mars_nb-") and next(waiting) < 2:
            both.wait()  # for ever, if one thread did it all
        return rows

    with mars_nb.new_session(n_threads=2), columnar():
        frame = md.read_csv(text, chunk_bytes=100_000)
        found = frame.drop_duplicates().map_chunk(look).execute().fetch()
    assert len(found) == 2
