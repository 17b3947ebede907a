"""What tests of the planner share."""

from __future__ import annotations

from typing import Any

import pandas as pd

from mars_nb.planner import plan


def layout_of(lazy: Any) -> Any:
    """Plan an object, and give how its chunks make it up."""
    return plan([lazy._node]).layouts[lazy._node]


def check(found: Any, expected: Any) -> None:
    """Assert that a result is pandas's, to the last bit."""
    if isinstance(expected, pd.DataFrame):
        pd.testing.assert_frame_equal(found, expected, check_exact=True)
    elif isinstance(expected, pd.Series):
        pd.testing.assert_series_equal(found, expected, check_exact=True)
    else:
        assert type(found) is type(expected)
        assert found == expected
