"""pandas's kinds of index, such as ``md.MultiIndex``: made lazily, and known again by ``isinstance``."""

from __future__ import annotations

import inspect
from typing import Any

import pandas as pd

from mars_nb.dataframe.core import Index
from mars_nb.dataframe.functions import call_function
from mars_nb.graph.mirror import mirror


class _Kind(type):
    """The type of the kinds.

    Attributes
    ----------
    original
        pandas's class.
    """

    original: type[pd.Index[Any]]

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        return call_function(cls.original, f"pandas.{cls.__name__}", args, kwargs)

    def __instancecheck__(cls, value: Any) -> bool:
        return isinstance(value._sample if isinstance(value, Index) else value, cls.original)

    def __subclasscheck__(cls, other: type) -> bool:
        return issubclass(getattr(other, "original", other), cls.original)

    def __getattr__(cls, name: str) -> Any:
        value = getattr(cls.original, name)
        if name.startswith("_") or not inspect.ismethod(value):
            return value

        def call(*args: Any, **kwargs: Any) -> Any:  # such as ``MultiIndex.from_product``
            return call_function(value, f"pandas.{cls.__name__}.{name}", args, kwargs)

        return mirror(value, call, f"{cls.__name__}.{name}", __name__)

    def __dir__(cls) -> list[str]:
        return dir(cls.original)


def kind(name: str, module: str) -> Any:
    """Give a kind of index.

    Parameters
    ----------
    name
        Of the class in pandas.
    module
        In which it is found.
    """
    original = getattr(pd, name)
    members = {"__doc__": original.__doc__, "__module__": module, "__signature__": inspect.signature(original)}
    return _Kind(name, (Index,), {**members, "__slots__": (), "original": original})
