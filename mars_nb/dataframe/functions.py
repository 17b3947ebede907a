"""pandas's top-level functions, recorded."""

from __future__ import annotations

import re
import sys
import types
from collections.abc import Callable, ValuesView
from typing import Any

import pandas as pd

from mars_nb.dataframe.expressions import variables
from mars_nb.dataframe.gone import INSTEAD
from mars_nb.dataframe.readers import reader
from mars_nb.dataframe.recording import record_on_frames
from mars_nb.dataframe.sources import from_pandas
from mars_nb.graph.mirror import mirror, public_names
from mars_nb.graph.names import missing
from mars_nb.graph.node import Function
from mars_nb.graph.structure import leaves, replace
from mars_nb.graph.tileable import Tileable

# pandas's modules that are for users. They are pandas's own: they hold types, and tests of types.
_MODULES = frozenset("api arrays errors io offsets plotting testing tseries util".split())

# Given as lists: what can be gone through once only, and views.
_ONCE = (types.GeneratorType, map, filter, zip, ValuesView)


def lazy(name: str, module: str) -> Any:
    """Give a name of pandas's: a recorded function, or what it is where it is no function.

    Raises
    ------
    AttributeError
        Where pandas has no such name.
    """
    value = None if name.startswith("_") else getattr(pd, name, None)
    if value is None or (isinstance(value, types.ModuleType) and name not in _MODULES):
        raise missing(f"module {module!r}", name, dir(sys.modules[module]), INSTEAD.get(name))
    if name == "testing":
        return testing(module)
    if isinstance(value, type) and issubclass(value, pd.Index):
        from mars_nb.dataframe.kinds import kind

        return kind(name, module)
    if isinstance(value, type) or not callable(value):
        return value
    if name.startswith("read_"):
        return reader(name, module)
    if name == "eval":
        return mirror(value, evaluate, name, module)

    return mirror(value, lambda *args, **kwargs: call_function(value, f"pandas.{name}", args, kwargs), name, module)


def call_function(function: Callable[..., Any], name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Call a function of pandas: recorded if anything it is given is lazy, and else at once.

    Parameters
    ----------
    function
        pandas's own.
    name
        Of the operation.
    args, kwargs
        What it is given.

    Returns
    -------
    Any
        Frames, series and indexes are lazy in any case.
    """
    args, kwargs = replace((args, kwargs), lambda leaf: list(leaf) if isinstance(leaf, _ONCE) else leaf)
    if any(isinstance(leaf, Tileable) for leaf in leaves((args, kwargs))):
        return record_on_frames(Function(function, name), args, kwargs)
    result = function(*args, **kwargs)
    return from_pandas(result) if isinstance(result, pd.DataFrame | pd.Series | pd.Index) else result


def evaluate(expr: Any, parser: Any = "pandas", engine: Any = None, **kwargs: Any) -> Any:
    """Compute an expression in which variables of the caller are named."""
    if isinstance(expr, str):
        kwargs["local_dict"] = {**variables(_names(expr)), **kwargs.get("local_dict", {})}
        kwargs["global_dict"] = {}
    return call_function(pd.eval, "pandas.eval", (expr, parser, engine), kwargs)


def _names(expr: str) -> set[str]:
    """Find what may be a variable in an expression."""
    return set(re.findall(r"[^\W\d]\w*", expr))


def testing(module: str) -> types.ModuleType:
    """Give ``pandas.testing``, whose functions compute what is lazy."""
    made = types.ModuleType(f"{module}.testing", pd.testing.__doc__)
    for name in public_names(pd.testing):
        setattr(made, name, _comparison(getattr(pd.testing, name), made.__name__))
    return made


def _comparison(original: Callable[..., Any], module: str) -> Callable[..., Any]:
    def compare(*args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        args, kwargs = replace((args, kwargs), lambda leaf: leaf._value() if isinstance(leaf, Tileable) else leaf)
        return original(*args, **kwargs)

    return mirror(original, compare, original.__name__, module)


concat = lazy("concat", __name__)
