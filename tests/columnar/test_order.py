"""The order of rows is kept where some of them are picked, whatever becomes of these."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from columnar_tools import answers


@pytest.mark.parametrize("how", ["inner", "left", "right", "outer"])
@pytest.mark.parametrize("pick", [lambda d: d.head(300), lambda d: d.tail(300), lambda d: d.iloc[150:450]])
def test_groups_of_some_rows_of_a_join(how: Any, pick: Callable[[Any], Any]) -> None:
    rng = np.random.default_rng(3)
    frame = pd.DataFrame({"k": rng.integers(0, 40, 400), "u": rng.integers(0, 9, 400), "x": rng.random(400)})

    def program(pd: Any, d: Any) -> Any:
        return pick(d[["k", "u"]].merge(d[["k", "x"]], how, "k")).groupby("k").x.sum()

    answers(program, frame, parquet=False)


@pytest.mark.parametrize(
    "program",
    [
        lambda pd, d: d.x + d.set_index("u").x,
        lambda pd, d: d[d.set_index("u").x > 0.5],
        lambda pd, d: d.assign(z=d.drop_duplicates("u").set_index("u").x),
        lambda pd, d: d.groupby(d.set_index("u").k).x.sum(),
    ],
)
def test_other_labels_of_the_same_rows_are_aligned(program: Any) -> None:
    frame = pd.DataFrame({"k": [1, 2, 1, 2, 3], "u": [4, 3, 2, 1, 0], "x": [0.5, 1.5, 2.5, 0.25, 0.75]})
    answers(program, frame, refused="aligned by label")


def test_the_same_labels_need_not_be_aligned() -> None:
    frame = pd.DataFrame({"k": [1, 2, 1], "u": [4, 4, 2], "x": [0.5, 1.5, 2.5]})
    answers(lambda pd, d: d.set_index("u").x + d.set_index("u").k, frame)
    answers(lambda pd, d: d.set_index(["u", "k"])[d.set_index(["u", "k"]).x > 1], frame)
