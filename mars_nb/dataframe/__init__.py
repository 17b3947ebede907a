"""``md``: pandas's data frames, series and functions, lazily.

Every public function of pandas is here under its own name and records what is to be done with lazy frames; types and
constants are pandas's own.

Examples
--------
>>> import mars_nb.dataframe as md
>>> df = md.DataFrame({"a": [1, 2, 3]})
>>> df[df.a > 1].execute()
   a
1  2
2  3
"""

from __future__ import annotations

from typing import Any

import pandas as _pd

from mars_nb.dataframe import handle, members, scalar
from mars_nb.dataframe.core import DataFrame, Index, Series
from mars_nb.dataframe.functions import lazy as _lazy
from mars_nb.dataframe.interchange import from_arrow, from_dask
from mars_nb.dataframe.reductions import CustomReduction
from mars_nb.dataframe.sources import from_pandas
from mars_nb.graph.tileable import ExecutableTuple

from_polars = from_arrow  # which speaks Arrow's protocol

__all__ = [
    "CustomReduction",
    "DataFrame",
    "ExecutableTuple",
    "Index",
    "Series",
    "from_arrow",
    "from_dask",
    "from_pandas",
    "from_polars",
]

del handle, members, scalar


def __getattr__(name: str) -> Any:
    value = _lazy(name, __name__)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*__all__, *(name for name in dir(_pd) if not name.startswith("_"))} - {"compat", "pandas"})
