"""``mr``: functions of the user's own, run as tasks.

Examples
--------
>>> import mars_nb.remote as mr
>>> mr.spawn(lambda a, b: a + b, args=(1, 2)).execute().fetch()
3
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mars_nb.graph.meta import Meta, ObjectMeta, TupleMeta
from mars_nb.graph.node import Function
from mars_nb.graph.record import record
from mars_nb.graph.tileable import ExecutableTuple

__all__ = ["ExecutableTuple", "spawn"]


def spawn(
    func: Callable[..., Any],
    args: Sequence[Any] = (),
    kwargs: Mapping[str, Any] | None = None,
    *,
    retry_when_fail: bool = False,
    n_output: int | None = None,
) -> Any:
    """Record a call of a function of one's own.

    Parameters
    ----------
    func
        What to call. It gets the values of lazy objects among its arguments.
    args, kwargs
        Arguments, with lazy objects at any depth.
    retry_when_fail
        Call once more if the first call raises.
    n_output
        If given, the function gives so many values, and so many objects are returned.

    Returns
    -------
    Object or ExecutableTuple
        What was recorded; execute it to call the function.

    Raises
    ------
    TypeError
        If `func` cannot be called.
    """
    if not callable(func):
        raise TypeError(f"spawn needs a function, got {type(func).__name__}")
    meta: Meta = ObjectMeta() if n_output is None else TupleMeta((ObjectMeta(),) * n_output)
    target = _Retried(func) if retry_when_fail else func
    op = Function(target, "remote.RemoteFunction")
    return record(op, tuple(args), dict(kwargs or {}), infer=lambda *_: meta, prefix="")


class _Retried:
    """Calls a function, and once more if it fails."""

    def __init__(self, func: Callable[..., Any]) -> None:
        self.func = func

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return self.func(*args, **kwargs)
        except Exception:
            return self.func(*args, **kwargs)
