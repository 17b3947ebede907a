"""pandas's top-level functions, recorded."""

from __future__ import annotations

import sys
import types
from typing import Any

import pandas as pd

from mars_nb.dataframe.infer import infer
from mars_nb.dataframe.sources import from_pandas, reader
from mars_nb.graph.mirror import mirror
from mars_nb.graph.names import missing
from mars_nb.graph.node import Function
from mars_nb.graph.record import record
from mars_nb.graph.structure import leaves
from mars_nb.graph.tileable import Tileable


def lazy(name: str, module: str) -> Any:
    """Give a name of pandas's: a recorded function, or what it is where it is no function.

    Raises
    ------
    AttributeError
        Where pandas has no such name.
    """
    value = None if name.startswith("_") else getattr(pd, name, None)
    if value is None or isinstance(value, types.ModuleType):
        raise missing(f"module {module!r}", name, dir(sys.modules[module]))
    if isinstance(value, type) or not callable(value):
        return value
    if name.startswith("read_"):
        return reader(name, module)

    def call(*args: Any, **kwargs: Any) -> Any:
        if any(isinstance(leaf, Tileable) for leaf in leaves((args, kwargs))):
            return record(Function(value, f"pandas.{name}"), args, kwargs, infer=infer, prefix="DataFrame")
        result = value(*args, **kwargs)
        return from_pandas(result) if isinstance(result, pd.DataFrame | pd.Series | pd.Index) else result

    return mirror(value, call, name, module)


concat = lazy("concat", __name__)
