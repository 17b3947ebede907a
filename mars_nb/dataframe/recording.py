"""Recording on frames: what is given is put into the form in which it is recorded."""

from __future__ import annotations

from collections.abc import Sequence
from types import FunctionType
from typing import Any

import pandas as pd

from mars_nb.dataframe.infer import infer
from mars_nb.graph.claims import Claim
from mars_nb.graph.node import Operation
from mars_nb.graph.record import record
from mars_nb.graph.structure import replace


def record_on_frames(
    op: Operation, args: tuple[Any, ...], kwargs: dict[str, Any] | None = None, claims: Sequence[Claim] = ()
) -> Any:
    """Record an operation on frames, series, indexes or what pandas has between them."""
    args, kwargs = replace(args, _original), replace(kwargs or {}, _original)
    return record(op, args, kwargs, infer=infer, prefix="DataFrame", claims=claims)


def _original(leaf: Any) -> Any:
    """Give numpy's function for ``mt.sqrt`` given as a function to call: it will be called on computed values."""
    if isinstance(leaf, FunctionType) and (leaf.__module__ or "").startswith("mars_nb."):
        return getattr(leaf, "__wrapped__", leaf)
    if isinstance(leaf, pd.NamedAgg):
        given: Any = leaf
        return pd.NamedAgg(given.column, _original(given.aggfunc), *given.args, **given.kwargs)
    return leaf
