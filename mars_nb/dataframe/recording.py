"""Recording on frames: what is given is put into the form in which it is recorded."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from types import FunctionType, ModuleType
from typing import Any

import pandas as pd

from mars_nb.dataframe.infer import infer
from mars_nb.graph.claims import Claim
from mars_nb.graph.meta import Meta
from mars_nb.graph.node import Operation
from mars_nb.graph.record import record
from mars_nb.graph.structure import replace
from mars_nb.graph.tileable import Tileable


def record_on_frames(
    op: Operation,
    args: tuple[Any, ...],
    kwargs: dict[str, Any] | None = None,
    claims: Sequence[Claim] = (),
    walked: Meta | None = None,
) -> Any:
    """Record an operation on frames, series, indexes or what pandas has between them; see `infer` for `walked`."""
    args, kwargs = replace(args, _prepared), replace(kwargs, _prepared) if kwargs else {}
    how = infer if walked is None else functools.partial(infer, walked=walked)
    return record(op, args, kwargs, infer=how, prefix="DataFrame", claims=claims)


def by_name(original: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Give all arguments of a method but the first by name: the planner's rules look for them there.

    What does not fit is left as it is: pandas says what is wrong.

    Examples
    --------
    >>> by_name(pd.Series.sort_values, (), {"axis": 0})
    ((), {'axis': 0})
    >>> by_name(pd.DataFrame.explode, ("b", True), {})
    (('b',), {'ignore_index': True})
    """
    if len(args) < 2:
        return args, kwargs
    names = _positional(original)[: len(args)]
    if len(names) < len(args) or not kwargs.keys().isdisjoint(names):
        return args, kwargs
    return args[:1], {**dict(zip(names[1:], args[1:], strict=True)), **kwargs}


@functools.cache
def _positional(original: Any) -> tuple[str, ...]:
    """List the arguments of a method that may be given by position or by name, without ``self``."""
    try:
        _, *parameters = inspect.signature(original).parameters.values()
    except (TypeError, ValueError):  # a C function that does not tell
        return ()
    return tuple(one.name for one in parameters if one.kind is one.POSITIONAL_OR_KEYWORD)


def _prepared(leaf: Any) -> Any:
    """Put a function that is to be called on computed values into a form in which it gives computed values."""
    if isinstance(leaf, pd.NamedAgg):
        given: Any = leaf
        return pd.NamedAgg(given.column, _prepared(given.aggfunc), *given.args, **given.kwargs)
    if not isinstance(leaf, FunctionType):
        return leaf
    if _is_ours(leaf):  # ``mt.sqrt`` stands for numpy's
        return getattr(leaf, "__wrapped__", leaf)
    return functools.update_wrapper(Computed(leaf), leaf, updated=()) if _uses_ours(leaf) else leaf


class Computed:
    """A function of the user's that may give something lazy, as one that calls ``mt.mean`` does: it is computed.

    Parameters
    ----------
    function
        The user's.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function, and compute what is lazy."""
        __tracebackhide__ = True
        value = self._function(*args, **kwargs)
        return value._value() if isinstance(value, Tileable) else value


def _uses_ours(function: FunctionType) -> bool:
    """Tell whether a function names one of our modules or functions."""
    cells = [cell.cell_contents for cell in function.__closure__ or () if _is_filled(cell)]
    named = [function.__globals__.get(name) for name in function.__code__.co_names]
    return any(map(_is_ours, (*cells, *named)))


def _is_filled(cell: Any) -> bool:
    try:
        cell.cell_contents  # noqa: B018  # tells by raising
    except ValueError:
        return False
    return True


def _is_ours(value: Any) -> bool:
    name = value.__name__ if isinstance(value, ModuleType) else getattr(value, "__module__", None)
    return isinstance(value, ModuleType | FunctionType | type) and str(name).startswith("mars_nb.")
