"""The comparison of lazy answers with pandas's and numpy's own."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mars_nb.graph.tileable import Tileable

# Above so many rows pandas takes very long to compare labels but exactly.
_LONG = 10_000


def compute(lazy: Any) -> Any:
    """Execute and fetch whatever an operation gave."""
    if isinstance(lazy, Tileable):
        return lazy.execute().fetch()
    if isinstance(lazy, dict):
        return {name: compute(value) for name, value in lazy.items()}
    if isinstance(lazy, tuple | list):
        return type(lazy)(map(compute, lazy)) if type(lazy) is list else tuple(map(compute, lazy))
    return lazy


def check(found: Any, expected: Any) -> None:
    """Compare exactly; floats to rounding, because sums over chunks are added in another order."""
    is_long = isinstance(expected, pd.DataFrame | pd.Series | pd.Index) and len(expected) > _LONG
    near: Any = {"check_exact": True} if is_long else {"check_exact": False, "rtol": 1e-11, "atol": 1e-13}
    if isinstance(expected, pd.DataFrame):
        pd.testing.assert_frame_equal(found, expected, **near)
    elif isinstance(expected, pd.Series):
        pd.testing.assert_series_equal(found, expected, **near)
    elif isinstance(expected, pd.Index):
        pd.testing.assert_index_equal(found, expected, **near)
    elif isinstance(expected, np.ndarray):
        assert found.dtype == expected.dtype
        assert found.shape == expected.shape
        if expected.dtype == object:
            check(list(found.ravel()), list(expected.ravel()))
        elif expected.dtype.kind in "fc":
            np.testing.assert_allclose(found, expected, 1e-11, 1e-13)
        else:
            np.testing.assert_array_equal(found, expected)
    elif isinstance(expected, pd.api.extensions.ExtensionArray):
        pd.testing.assert_extension_array_equal(found, expected)
    elif isinstance(expected, dict):
        assert list(found) == list(expected)
        check(list(found.values()), list(expected.values()))
    elif isinstance(expected, tuple | list):
        assert len(found) == len(expected)
        for one, other in zip(found, expected, strict=True):
            check(one, other)
    elif isinstance(expected, float) and not isinstance(found, str):
        assert isinstance(found, float), type(found)
        assert math.isnan(found) if math.isnan(expected) else found == pytest.approx(expected, rel=1e-11, abs=1e-13)
    else:
        assert type(found) is type(expected) or isinstance(expected, bool | np.bool), (type(found), type(expected))
        assert found is expected or found == expected or (pd.isna(expected) and pd.isna(found))
