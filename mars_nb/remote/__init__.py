"""``mr``: functions of the user's own, run as tasks.

Examples
--------
>>> import mars_nb.remote as mr
>>> mr.spawn(lambda a, b: a + b, args=(1, 2)).execute().fetch()
3
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from mars_nb.graph.meta import Meta, ObjectMeta, TupleMeta
from mars_nb.graph.node import Function
from mars_nb.graph.record import record
from mars_nb.graph.structure import replace
from mars_nb.graph.tileable import ExecutableTuple, Object, Tileable

__all__ = ["ExecutableTuple", "spawn"]


def spawn(
    func: Callable[..., Any],
    args: Sequence[Any] = (),
    kwargs: Mapping[str, Any] | None = None,
    retry_when_fail: bool = False,
    resolve_tileable_input: bool = True,
    n_output: int | None = None,
    output_types: Any = None,
) -> Any:
    """Record a call of a function of one's own.

    Parameters
    ----------
    func
        What to call. It gets the values of lazy objects among its arguments, whole; arrays must not be written to.
    args, kwargs
        Arguments, with lazy objects at any depth in lists, tuples and dicts.
    retry_when_fail
        Call once more if the first call raises.
    resolve_tileable_input
        False gives tensors and frames among the arguments as they are, for a function that executes them, or what
        it makes of them, by itself. Not on clusters.
    n_output
        If given, the function gives so many values, and so many objects are returned.
    output_types
        For programs written for Mars: types need not be told.

    Returns
    -------
    Object or ExecutableTuple
        What was recorded; execute it to call the function.

    Raises
    ------
    TypeError
        If `func` cannot be called, or `args` is no sequence.
    ValueError
        If `n_output` is no positive number.

    Examples
    --------
    >>> import mars_nb.remote as mr
    >>> import mars_nb.tensor as mt
    >>> least, most = mr.spawn(lambda t: (t.min(), t.max()), args=(mt.arange(9),), n_output=2)
    >>> mr.ExecutableTuple([least, most]).execute().fetch()
    [np.int64(0), np.int64(8)]
    """
    if not callable(func):
        raise TypeError(f"spawn needs a function, got {type(func).__name__}")
    if not isinstance(args, tuple | list):
        raise TypeError(f"args must be a tuple or list of arguments, got {type(args).__name__}; try args=(...,)")
    if n_output is not None and (type(n_output) is not int or n_output < 1):
        raise ValueError(f"n_output must be a positive number, got {n_output!r}")
    target, given = func, (tuple(args), dict(kwargs or {}))
    if retry_when_fail:
        target = _wrapped(func, _Retried(target))
    if not resolve_tileable_input:
        target, given = _wrapped(func, _Unwrapping(target)), replace(given, _wrap)
    meta: Meta = ObjectMeta()
    if n_output is not None:
        target, meta = _wrapped(func, _Several(target, n_output)), TupleMeta((ObjectMeta(),) * n_output)
    return record(Function(target, "remote.RemoteFunction"), *given, infer=lambda *_: meta, prefix="")


def _wrapped(func: Callable[..., Any], wrapper: Any) -> Any:
    """Let what stands for a function bear its name."""
    return functools.update_wrapper(wrapper, func, assigned=("__module__", "__name__", "__doc__"), updated=())


class _Retried:
    """Calls a function, and once more if it fails."""

    def __init__(self, func: Callable[..., Any]) -> None:
        self.func = func

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        try:
            return self.func(*args, **kwargs)
        except Exception:
            return self.func(*args, **kwargs)


class _Several:
    """Calls a function that gives several values."""

    def __init__(self, func: Callable[..., Any], count: int) -> None:
        self.func = func
        self.count = count

    def __call__(self, *args: Any, **kwargs: Any) -> tuple[Any, ...]:
        __tracebackhide__ = True
        value = self.func(*args, **kwargs)
        values = tuple(value) if isinstance(value, Iterable) else None
        if values is None or len(values) != self.count:
            found = type(value).__name__ if values is None else f"{len(values)} values"
            raise ValueError(f"the function is to give {self.count} values (n_output={self.count}), and gave {found}")
        return values


class _Wrapped:
    """Hides a lazy object in a recording, so that it is no input."""

    def __init__(self, tileable: Tileable) -> None:
        self.tileable = tileable


def _wrap(leaf: Any) -> Any:
    return _Wrapped(leaf) if isinstance(leaf, Tileable) and not isinstance(leaf, Object) else leaf


class _Unwrapping:
    """Calls a function with the lazy objects that were hidden."""

    def __init__(self, func: Callable[..., Any]) -> None:
        self.func = func

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        args, kwargs = replace((args, kwargs), lambda leaf: leaf.tileable if isinstance(leaf, _Wrapped) else leaf)
        return self.func(*args, **kwargs)
