"""What users type, in ``expressions.txt``, gives pandas's answers on one chunk and on many."""

from __future__ import annotations

import ast
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
    line for line in (Path(__file__).parent / "expressions.txt").read_text().splitlines() if not line.startswith("#")
]


def parts(line: str) -> list[str]:
    """Split a tuple of expressions."""
    body = ast.parse(line, mode="eval").body
    return [ast.unparse(item) for item in body.elts] if isinstance(body, ast.Tuple) else [line]


def world(lazy: bool, rows: int | None = None) -> World:
    """Give a namespace with frames in it; some are pandas's own in both worlds."""
    made = World(md, mt) if lazy else World(pd, np)
    frames: dict[str, Any] = make()
    if lazy:
        frames = {name: md.from_pandas(frame, rows) for name, frame in frames.items()}
    made.scope.update(frames, mi=frames["df"].set_index(["s", "a"]), P=pd)
    made.scope.update(pdf=pd.DataFrame({"a": [1, 2, 3], "b": [4, 5, 6]}), ps=pd.Series(range(24)))
    return made


@pytest.mark.parametrize("line", LINES)
def test_as_in_pandas(line: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for part in parts(line):
            expected = world(lazy=False).run(part)
            for rows in (None, 9):
                assert difference(world(lazy=True, rows=rows).run(part), expected) is None, part
