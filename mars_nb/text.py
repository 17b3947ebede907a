"""How numbers, bytes and times are written, everywhere the same."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

_MINUTE, _HOUR, _DAY = 60, 3600, 86400


def count(number: int, noun: str) -> str:
    """Write a number with its noun.

    Examples
    --------
    >>> count(1, "thread"), count(2, "thread")
    ('1 thread', '2 threads')
    """
    return f"{number} {noun}{'s' * (number != 1)}"


def counted(names: Iterable[str]) -> str:
    """Write names, each once, and how often.

    Examples
    --------
    >>> counted(["step", "sum", "step"])
    'step ×2, sum'
    """
    return ", ".join(name if number == 1 else f"{name} ×{number}" for name, number in Counter(names).items())


def size(nbytes: float) -> str:
    """Write a number of bytes.

    Examples
    --------
    >>> size(0), size(3 << 29)
    ('0 B', '1.50 GiB')
    """
    from dask.utils import format_bytes

    return str(format_bytes(int(nbytes)))


def duration(seconds: float) -> str:
    """Write how long something takes.

    Examples
    --------
    >>> duration(0.0123), duration(5), duration(62), duration(3720)
    ('12 ms', '5.0 s', '1 min 02 s', '1 h 02 min')
    """
    if seconds < 0.0995:
        return f"{max(0.0, seconds) * 1000:.0f} ms"
    if seconds < _MINUTE - 0.05:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), _MINUTE)
    hours, minutes = divmod(minutes, _MINUTE)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min {rest:02} s"


def ago(seconds: float) -> str:
    """Write how long ago something was.

    Examples
    --------
    >>> ago(0.2), ago(200), ago(7300), ago(200_000)
    ('just now', '3 min ago', '2 h ago', '2 d ago')
    """
    for unit, name in ((_DAY, "d"), (_HOUR, "h"), (_MINUTE, "min"), (1, "s")):
        if seconds >= unit:
            return f"{int(seconds // unit)} {name} ago"
    return "just now"


def without_secrets(url: str) -> str:
    """Leave out of a URL what may hold a token or a password: its query and its user.

    Examples
    --------
    >>> without_secrets("http://me:pw@host:7103/x?token=abc")
    'http://host:7103/x'
    """
    return re.sub(r"//[^/@]*@", "//", re.split(r"[?#]", url, maxsplit=1)[0])
