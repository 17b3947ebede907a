"""Python values as JSON, exactly: what is read is equal to what was written, and of the same types.

Null, truth values, whole numbers, finite floats, texts and lists are JSON's own. Anything else that has a form here is
an object with one member, the name of its type: ``{"tuple": [1, 2]}``. What has none is refused, subclasses too.
Reading calls nothing but what stands in the table below, so a text may come from somebody else.
"""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd


class NotExact(Exception):
    """A value has no exact form in a file."""


def dumps(value: Any) -> str:
    """Turn a value into a text.

    Raises
    ------
    NotExact
        If something in it has no exact form.

    Examples
    --------
    >>> dumps([1, (2.5, None)])
    '[1, {"tuple": [2.5, null]}]'
    >>> loads(_)
    [1, (2.5, None)]
    """
    try:
        return json.dumps(to_json(value))
    except RecursionError:
        raise NotExact("it is nested too deeply, or contains itself") from None
    except ValueError as error:  # a number of thousands of digits
        raise NotExact(str(error)) from None


def loads(text: str | bytes) -> Any:
    """Turn what `dumps` gave back into the value."""
    return from_json(json.loads(text))


def to_json(value: Any) -> Any:
    """Turn a value into what `json` can write; see `dumps`."""
    kind = type(value)
    if value is None or kind in (bool, int, str):
        return value
    if kind is float:
        return value if math.isfinite(value) else {"float": repr(value)}
    if kind is list:
        return [to_json(item) for item in value]
    if isinstance(value, np.generic) and value.dtype.kind in "biufcMm":
        return {"numpy": [value.dtype.str, _base64(value.tobytes())]}
    name = _NAMES.get(kind)
    if name is not None:
        return {name: _FORMS[name][1](value)}
    raise NotExact(f"a value of type {kind.__module__}.{kind.__qualname__} has no exact form without pickle")


def from_json(part: Any) -> Any:
    """Turn what `to_json` gave back into the value."""
    if isinstance(part, list):
        return [from_json(item) for item in part]
    if isinstance(part, dict):
        ((name, content),) = part.items()
        return _FORMS[name][2](content)
    return part


def _items(value: Any) -> list[Any]:
    return [to_json(item) for item in value]


def zone_to_json(zone: Any) -> Any:
    """Turn a time zone into JSON; None for none, a key, or seconds from UTC."""
    if zone is None:
        return None
    if type(zone) is ZoneInfo and zone.key is not None:
        return zone.key
    if type(zone) is timezone and zone.tzname(None) == timezone(zone.utcoffset(None)).tzname(None):
        return zone.utcoffset(None).total_seconds()
    raise NotExact(f"a time zone of type {type(zone).__module__}.{type(zone).__qualname__} has no exact form")


def zone_from_json(part: Any) -> Any:
    """Turn what `zone_to_json` gave back into the time zone."""
    if part is None or isinstance(part, str):
        return None if part is None else ZoneInfo(part)
    return UTC if part == 0 else timezone(timedelta(seconds=part))


def _from_datetime(parts: list[Any]) -> datetime:
    text, zone, fold = parts
    return datetime.fromisoformat(text).replace(tzinfo=zone_from_json(zone), fold=fold)


def _from_time(parts: list[Any]) -> time:
    text, zone, fold = parts
    return time.fromisoformat(text).replace(tzinfo=zone_from_json(zone), fold=fold)


def _timestamp(value: pd.Timestamp) -> list[Any]:
    return [str(value.tz_localize(None).asm8.astype("i8")), value.unit, zone_to_json(value.tz), value.fold]


def _from_timestamp(parts: list[Any]) -> Any:
    number, unit, zone, fold = parts
    naive: Any = pd.Timestamp(np.datetime64(int(number), unit))
    return naive if zone is None else naive.replace(tzinfo=zone_from_json(zone), fold=fold)


def _from_numpy(parts: list[str]) -> Any:
    dtype, data = parts
    return np.frombuffer(base64.b64decode(data), np.dtype(dtype))[0]


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode()


def _clock(value: datetime | time) -> list[Any]:
    return [value.replace(tzinfo=None).isoformat(), zone_to_json(value.tzinfo), value.fold]


_Form = tuple[type | None, Callable[[Any], Any], Callable[[Any], Any]]
#: By the name that stands in the text: the type, how it is written and how it is read.
_FORMS: dict[str, _Form] = {
    "float": (None, repr, float),
    "numpy": (None, str, _from_numpy),
    "numpy.str": (np.str_, str, np.str_),
    "numpy.bytes": (np.bytes_, _base64, lambda text: np.bytes_(base64.b64decode(text))),
    "complex": (complex, lambda value: [repr(value.real), repr(value.imag)], lambda parts: complex(*map(float, parts))),
    "bytes": (bytes, _base64, base64.b64decode),
    "tuple": (tuple, _items, lambda items: tuple(map(from_json, items))),
    "set": (set, _items, lambda items: set(map(from_json, items))),
    "frozenset": (frozenset, _items, lambda items: frozenset(map(from_json, items))),
    "dict": (
        dict,
        lambda value: [_items(item) for item in value.items()],
        lambda items: {from_json(key): from_json(item) for key, item in items},
    ),
    "date": (date, date.isoformat, date.fromisoformat),
    "time": (time, _clock, _from_time),
    "datetime": (datetime, _clock, _from_datetime),
    "timedelta": (timedelta, lambda t: [t.days, t.seconds, t.microseconds], lambda parts: timedelta(*parts)),
    "Decimal": (Decimal, str, Decimal),
    "NA": (type(pd.NA), lambda _: None, lambda _: pd.NA),
    "NaT": (type(pd.NaT), lambda _: None, lambda _: pd.NaT),
    "Timestamp": (pd.Timestamp, _timestamp, _from_timestamp),
    "Timedelta": (
        pd.Timedelta,
        lambda t: [str(t.asm8.astype("i8")), t.unit],
        lambda parts: pd.Timedelta(np.timedelta64(int(parts[0]), parts[1])),
    ),
    "Period": (
        pd.Period,
        lambda p: [p.ordinal, p.freqstr],
        lambda parts: pd.Period(ordinal=parts[0], freq=parts[1]),
    ),
    "Interval": (
        pd.Interval,
        lambda i: [to_json(i.left), to_json(i.right), i.closed],
        lambda parts: pd.Interval(from_json(parts[0]), from_json(parts[1]), parts[2]),
    ),
}
_NAMES = {form[0]: name for name, form in _FORMS.items()}
