"""Every operation of ``operations.txt`` gives pandas's own answer, on one chunk and on many.

A line is code in which ``pd`` is pandas or `mars_nb.dataframe`, and ``df`` and ``tb`` are its frames; its last part
is the answer. A line that begins with ``~`` gathers many chunks into one, with a warning: no rule keeps pandas's
answer.
"""

from __future__ import annotations

import os
import warnings
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from columnar_tools import same, watched
from cuts import Cut

import mars_nb
import mars_nb.dataframe as md
from mars_nb.errors import WholeWarning
from mars_nb.graph.tileable import Tileable

LINES = [
    line for line in (Path(__file__).parent / "operations.txt").read_text().splitlines() if not line.startswith("#")
]


def function(code: str) -> Callable[[Any, Any, Any], Any]:
    """Compile a line."""
    *steps, last = code.removeprefix("~ ").split("; ")
    body = "\n    ".join([*steps, f"return {last.removeprefix('return ')}"])
    scope: dict[str, Any] = {"np": np, "P": pd}
    exec(f"def operation(pd, df, tb):\n    {body}", scope)
    operation: Callable[[Any, Any, Any], Any] = scope["operation"]
    return operation


@pytest.mark.parametrize("line", LINES)
def test_same_as_pandas(line: str, data: Any, compute: Any, check: Any) -> None:
    operation = function(line)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pandas's own, about data and about what it will drop
        expected = operation(pd, *data.pandas())
        single = operation(md, *data.lazy())
        if isinstance(expected, pd.DataFrame | pd.Series) and isinstance(single, Tileable):
            assert type(single).__name__ == type(expected).__name__
        check(compute(single), expected)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        check(compute(operation(md, *data.lazy(7, 4))), expected)
    assert line.startswith("~ ") or not any(warning.category is WholeWarning for warning in told)


# What a filter left has no length yet; and of its labels nothing may be known.
_OF_KNOWN_LENGTH = {
    "df.shape",
    '~ df.i + df.i.add_prefix("p_")',
    "~ s = df.i.copy(); s.iloc[21] = 100; return s",
}


# Half of them, to be quick; all of them with ``MARS_NB_EXAMPLES`` set, as for random chains.
_PICKED = [line for line in LINES if zlib.crc32(line.encode()) % 2 or "MARS_NB_EXAMPLES" in os.environ]


@pytest.mark.parametrize("line", [line for line in _PICKED if line not in _OF_KNOWN_LENGTH])
def test_uneven_chunks(line: str, data: Any, compute: Any, check: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mars_nb.planner.exchanges.exchange.BUCKET_BYTES", 1)  # rows are exchanged, few as they are
    monkeypatch.setattr("mars_nb.planner.exchanges.joins.FEW_CHUNKS", 1)
    cut, operation = Cut(line), function(line)
    frames, lazy = zip(*map(cut, data.pandas()), strict=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        check(compute(operation(md, *lazy)), operation(pd, *frames))


# A quarter of them, and all with ``MARS_NB_EXAMPLES``.
@pytest.mark.parametrize(
    "line", [line for line in LINES if zlib.crc32(line.encode()) % 4 == 0 or "MARS_NB_EXAMPLES" in os.environ]
)
def test_columnar_engine(line: str, data: Any, compute: Any) -> None:
    operation = function(line)
    with warnings.catch_warnings(), mars_nb.option_context({"engine": "columnar"}), watched() as seen:
        warnings.simplefilter("ignore")
        same(compute(operation(md, *data.lazy(7, 4))), operation(pd, *data.pandas()))
    assert not seen.mistakes
