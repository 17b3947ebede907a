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
