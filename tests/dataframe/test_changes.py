"""Changes in place and rows by position, as pandas has them, on one chunk and on many: ``changes.txt``.

A line runs once with pandas and once with `md`. After it, all variables must be the same: what was recorded before
a change must not have changed with it.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from runner import World, difference
from worlds import make

import mars_nb.dataframe as md
import mars_nb.tensor as mt

LINES = [
    line.replace("\\n", "\n")
    for line in (Path(__file__).parent / "changes.txt").read_text().splitlines()
    if not line.startswith("#")
]


def in_chunks(frame: Any) -> Any:
    return md.from_pandas(frame, 9)


def of_unknown_length(frame: Any) -> Any:
    lazy = md.from_pandas(frame)
    return lazy[(lazy.a if frame.ndim > 1 else lazy) >= 0]  # all of it


@pytest.mark.parametrize("line", LINES)
def test_as_in_pandas(line: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for make_lazy in (md.from_pandas, in_chunks, of_unknown_length):
            original, lazy = World(pd, np), World(md, mt)
            original.scope.update(make())
            lazy.scope.update({name: make_lazy(frame) for name, frame in make().items()})
            expected, found = original.run(line), lazy.run(line)
            assert difference(found, expected) is None
            for name in original.variables():
                assert difference(lazy.scope.get(name), original.scope[name]) is None, name
