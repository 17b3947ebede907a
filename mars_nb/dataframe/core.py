"""The data frame, series and index: pandas's, lazily."""

from __future__ import annotations

import pandas as pd

from mars_nb.dataframe.base import PandasTileable
from mars_nb.dataframe.frame import DataFrame
from mars_nb.dataframe.index import Index
from mars_nb.dataframe.series import Series
from mars_nb.graph.meta import PandasMeta
from mars_nb.graph.record import register_kind
from mars_nb.graph.tileable import Tileable
from mars_nb.tensor.core import add_operators


def _kind(meta: PandasMeta) -> type[PandasTileable]:
    if isinstance(meta.sample, pd.DataFrame):
        return DataFrame
    return Series if isinstance(meta.sample, pd.Series) else Index


register_kind(PandasMeta, _kind)
for _cls in (DataFrame, Series, Index):
    add_operators(
        _cls,
        lambda op, args: max(
            (arg for arg in args if isinstance(arg, Tileable)), key=lambda arg: arg._rank
        )._record_function(op, args, {}),
    )

__all__ = ["DataFrame", "Index", "PandasTileable", "Series"]
