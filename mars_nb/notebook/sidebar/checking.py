"""Whether a value is what `mars_nb.notebook.sidebar.messages` says: for what comes in, which anybody may have sent."""

from __future__ import annotations

import functools
import types
from typing import Any, Literal, NotRequired, Union, get_args, get_origin, get_type_hints, is_typeddict


def conforms(value: Any, kind: Any) -> bool:
    """Tell whether a value, as it comes out of JSON, is of a type: one of the messages, or of a part of them.

    Examples
    --------
    >>> conforms({"a": [1]}, dict[str, list[int]]), conforms(True, int)
    (True, False)
    """
    origin, arguments = get_origin(kind), get_args(kind)
    if kind is Any:
        return True
    if is_typeddict(kind):
        return _conforms_to_dict(value, kind)
    if origin in (Union, types.UnionType):
        return any(conforms(value, one) for one in arguments)
    if origin is Literal:
        return value in arguments
    if origin is list:
        return isinstance(value, list) and all(conforms(item, arguments[0]) for item in value)
    if origin is dict:
        return isinstance(value, dict) and all(
            conforms(key, arguments[0]) and conforms(item, arguments[1]) for key, item in value.items()
        )
    if kind is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    return isinstance(value, kind) and (kind is bool or not isinstance(value, bool))


def _conforms_to_dict(value: Any, kind: Any) -> bool:
    if not isinstance(value, dict):
        return False
    known = keys(kind)
    return value.keys() <= known.keys() and all(
        conforms(value[name], hint) if name in value else not required for name, (hint, required) in known.items()
    )


@functools.cache
def keys(kind: Any) -> dict[str, tuple[Any, bool]]:
    """Give the types of a message's parts, and which have to be there."""
    found = get_type_hints(kind, include_extras=True)
    optional = {name for name, hint in found.items() if get_origin(hint) is NotRequired}
    return {
        name: (get_args(hint)[0] if name in optional else hint, name not in optional) for name, hint in found.items()
    }
