"""Nested arguments: find or replace the leaves of lists, tuples, dicts and slices."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

# Most of what is given is of these, and no container.
_PLAIN = frozenset({str, int, float, bool, type(None)})


def replace(value: Any, leaf: Callable[[Any], Any]) -> Any:
    """Copy `value` with `leaf` applied to everything in it that is no container."""
    kind = type(value)
    if kind in _PLAIN:
        return leaf(value)
    if kind is list:
        return [replace(item, leaf) for item in value]
    if kind is tuple:
        return tuple([replace(item, leaf) for item in value])
    if kind is dict:
        return {key: replace(item, leaf) for key, item in value.items()}
    if kind is slice:
        return slice(replace(value.start, leaf), replace(value.stop, leaf), replace(value.step, leaf))
    if isinstance(value, tuple) and hasattr(value, "_fields") and hasattr(value, "_make"):
        return value._make([replace(item, leaf) for item in value])
    if isinstance(value, tuple):  # of another kind, such as several tileables
        items = [replace(item, leaf) for item in value]
        return value if all(map(operator.is_, items, value)) else tuple(items)
    return leaf(value)


def leaves(value: Any) -> list[Any]:
    """Give everything in `value` that is no container, in order."""
    found: list[Any] = []
    _gather(value, found)
    return found


def _gather(value: Any, found: list[Any]) -> None:
    kind = type(value)
    if kind is list or isinstance(value, tuple):
        for item in value:
            _gather(item, found)
    elif kind is dict:
        for item in value.values():
            _gather(item, found)
    elif kind is slice:
        _gather((value.start, value.stop, value.step), found)
    else:
        found.append(value)
