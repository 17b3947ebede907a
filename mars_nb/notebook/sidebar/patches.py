"""JSON merge patches (RFC 7396): what has to be said to make one state of another. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_MISSING = object()


def diff(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """Give the patch that makes `after` of `before`; empty if nothing changed.

    Neither may hold a None: in a patch that stands for what is gone. What is the very same object in both is not looked
    into, so that a large state of which little was made anew is compared quickly.

    Examples
    --------
    >>> diff({"a": {"b": 1, "c": 2}, "d": 3}, {"a": {"b": 1, "c": 5}})
    {'d': None, 'a': {'c': 5}}
    """
    patch: dict[str, Any] = dict.fromkeys(before.keys() - after.keys())
    for name, value in after.items():
        old = before.get(name, _MISSING)
        if old is value:
            continue
        if isinstance(old, Mapping) and isinstance(value, Mapping):
            inner = diff(old, value)
            if inner:
                patch[name] = inner
        elif old is _MISSING or old != value:
            patch[name] = value
    return patch


def apply(patch: Any, target: Any) -> Any:
    """Give what a patch makes of a value, which stays as it is.

    Examples
    --------
    >>> apply({"d": None, "a": {"c": 5}}, {"a": {"b": 1, "c": 2}, "d": 3})
    {'a': {'b': 1, 'c': 5}}
    """
    if not isinstance(patch, Mapping):
        return patch
    found = dict(target) if isinstance(target, Mapping) else {}
    for name, value in patch.items():
        if value is None:
            found.pop(name, None)
        else:
            found[name] = apply(value, found.get(name))
    return found
