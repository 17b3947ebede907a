"""The routes of the drivers, and what their bodies look like. Pure.

The gateway passes on what stands here and nothing else. Paths are compared as they came over the wire, before anything
in them is decoded, so an encoded slash, a NUL or ``..`` is simply a path that does not exist.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

Check = Callable[[Any], bool]
Size = Literal["json", "recording", "upload"]

_TEXT_MOST = 200
_NUMBER_MOST = 2**53
_SESSION = r"/api/v1/sessions/[A-Za-z0-9_-]{1,64}"
_KEY = re.compile(r"[A-Za-z0-9_.:-]{1,200}")
_NAMES_MOST = 10_000


def is_text(value: Any) -> bool:
    """Tell whether a value is a short text without control characters."""
    return isinstance(value, str) and len(value) <= _TEXT_MOST and value.isprintable()


def is_key(value: Any) -> bool:
    """Tell whether a value may be the key of a result."""
    return isinstance(value, str) and _KEY.fullmatch(value) is not None


def is_seconds(value: Any) -> bool:
    """Tell whether a value is a finite number that is not negative."""
    return type(value) in (int, float) and 0 <= value < _NUMBER_MOST  # not so for NaN


def is_count(value: Any) -> bool:
    """Tell whether a value is a whole number that is not negative."""
    return type(value) is int and 0 <= value < _NUMBER_MOST


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def _or_null(check: Check) -> Check:
    return lambda value: value is None or check(value)


def _list_of(check: Check) -> Check:
    return lambda value: isinstance(value, list) and len(value) <= _NAMES_MOST and all(map(check, value))


@dataclass(frozen=True, slots=True)
class Shape:
    """What an object of JSON looks like.

    Attributes
    ----------
    fields
        What each value must be, by its name.
    needed
        Names that must be there.
    others
        What values of other names must be; None if there may be none.
    """

    fields: Mapping[str, Check]
    needed: frozenset[str] = frozenset()
    others: Check | None = None

    def wrong(self, body: bytes) -> str | None:
        """Say what is wrong with a body, None if it is right. No part of the body is repeated in it."""
        try:
            value = json.loads(body, parse_constant=_refuse)
        except (ValueError, RecursionError):
            return "the body is not JSON"
        if not isinstance(value, dict):
            return "the body is not an object"
        if len(value) > _NAMES_MOST:
            return f"the body has more than {_NAMES_MOST} members"
        if missing := self.needed - value.keys():
            return f"{min(missing)!r} is missing"
        for name, part in value.items():
            check = self.fields.get(name)
            if check is None and self.others is not None and is_text(name):
                if not self.others(part):
                    return "a member has a wrong value"
            elif check is None:
                return f"only {', '.join(map(repr, sorted(self.fields)))} may be there"
            elif not check(part):
                return f"{name!r} has a wrong value"
        return None


def _refuse(_: str) -> None:
    raise ValueError("not a number of JSON")


@dataclass(frozen=True, slots=True)
class Route:
    """A route of the drivers.

    Attributes
    ----------
    method
        Of HTTP.
    path
        Pattern of the whole path.
    body
        Shape of its JSON, or the limit that holds for opaque bytes; None if there is no body.
    numbered
        Has a header ``X-Run``.
    """

    method: str
    path: re.Pattern[str]
    body: Shape | Size | None = None
    numbered: bool = False

    @property
    def size(self) -> Size:
        """Which limit holds for the body."""
        return self.body if isinstance(self.body, str) else "json"


def _route(method: str, path: str, body: Shape | Size | None = None, *, numbered: bool = False) -> Route:
    return Route(method, re.compile(path), body, numbered)


_KEYS = Shape({"keys": _list_of(is_key)}, frozenset({"keys"}))
#: All that the gateway passes on, but the event streams.
ROUTES = (
    _route("GET", "/api/v1/info"),
    _route("GET", "/api/v1/workers"),
    _route("GET", "/api/v1/sessions"),
    _route(
        "POST",
        "/api/v1/sessions",
        Shape({"name": _or_null(is_text), "new": _is_flag, "notebook": _or_null(is_text), "kernel": _or_null(is_text)}),
    ),
    _route("DELETE", _SESSION),
    _route("PATCH", _SESSION, Shape({"name": is_text}, frozenset({"name"}))),
    _route("POST", f"{_SESSION}/extend", Shape({"seconds": is_seconds}, frozenset({"seconds"}))),
    _route("HEAD", f"{_SESSION}/uploads/[0-9a-f]{{32,128}}"),
    _route("PUT", f"{_SESSION}/uploads/[0-9a-f]{{32,128}}", "upload"),
    _route("POST", f"{_SESSION}/runs", "recording", numbered=True),
    _route("DELETE", f"{_SESSION}/runs/[0-9]{{1,15}}"),
    _route("GET", f"{_SESSION}/results"),
    _route("PUT", f"{_SESSION}/names", Shape({}, others=_or_null(is_key))),
    _route(
        "POST",
        f"{_SESSION}/read",
        Shape({"name": is_key, "chunks": _or_null(_list_of(is_count))}, frozenset({"name"})),
    ),
    _route("POST", f"{_SESSION}/release", _KEYS),
    _route("DELETE", f"{_SESSION}/results/{_KEY.pattern}"),
)
#: Path of a session's event stream.
EVENTS = re.compile(f"{_SESSION}/events")
#: Value of its argument ``since``.
SINCE = re.compile("[0-9]{1,15}")
#: Value of the header ``X-Run``.
RUN = re.compile("[0-9]{1,15}")


def find_route(method: str, path: str) -> Route | Literal["method"] | None:
    """Find the route of a request.

    Returns
    -------
    Route or "method" or None
        ``"method"`` if the path has others only, None if there is no such path.

    Examples
    --------
    >>> find_route("GET", "/api/v1/sessions").path.pattern
    '/api/v1/sessions'
    >>> find_route("PUT", "/api/v1/sessions")
    'method'
    >>> find_route("GET", "/api/v1/sessions/../info") is None
    True
    """
    there = [route for route in ROUTES if route.path.fullmatch(path)]
    return next((route for route in there if route.method == method), "method" if there else None)
