"""Drawing objects within bounds: what was not executed as a few facts, and any value by its own repr.

Whatever a value is, its drawing stays small: it goes into a notebook's file and through a browser.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from itertools import islice
from typing import Any

#: Characters of a drawing in text, and of one in HTML or another form.
MOST_TEXT, MOST_RICH = 100_000, 4_000_000
# Items of a list or dictionary, characters of a text, levels of nesting.
_MOST_ITEMS, _MOST_CHARACTERS, _MOST_LEVELS = 200, 2000, 6
_MOST_LABEL = 60


class _Dots:
    """Stands for what is left out."""

    def __repr__(self) -> str:
        return "..."


_DOTS = _Dots()


def short_repr(value: Any) -> str:
    """Give the repr of a value; of what is long, the beginning.

    Examples
    --------
    >>> short_repr({"b": [1, 2], "a": "x" * 5})
    "{'b': [1, 2], 'a': 'xxxxx'}"
    >>> short_repr(list(range(10**6)))[-20:]
    ' 197, 198, 199, ...]'
    """
    return shortened(repr(_trimmed(value, _MOST_LEVELS)))


def shortened(text: str) -> str:
    """Cut a text that is too long to be shown, and say so."""
    if len(text) <= MOST_TEXT:
        return text
    return f"{text[:MOST_TEXT]}... ({len(text) - MOST_TEXT} more characters)"


def problem(error: BaseException) -> str:
    """Tell an error in one short line, also one that cannot tell itself."""
    kind = type(error).__name__
    try:
        return label(f"{kind}: {error}", 300).removesuffix(": ")
    except Exception:
        return kind


def label(text: Any, most: int = _MOST_LABEL) -> str:
    """Give a name, a dtype and the like as one line that is not long."""
    line = str(text).replace("\n", " ")
    return line if len(line) <= most else f"{line[: most - 3]}..."


class _Cut:
    """Stands for a long text by its beginning."""

    def __init__(self, value: str | bytes | bytearray) -> None:
        self._text = f"{value[:_MOST_CHARACTERS]!r}... ({len(value)} characters)"

    def __repr__(self) -> str:
        return self._text


def _trimmed(value: Any, levels: int) -> Any:
    """Leave out most of what is long, before any of it is drawn; what is not long is given as it is."""
    kind = type(value)
    if kind in (str, bytes, bytearray):
        return value if len(value) <= _MOST_CHARACTERS else _Cut(value)
    if kind not in (list, tuple, set, frozenset, dict) or not value:
        return value
    if not levels:
        return _DOTS
    long = len(value) > _MOST_ITEMS
    first = list(islice(value, _MOST_ITEMS))
    items = [_trimmed(item, levels - 1) for item in first]
    if kind is dict:
        values = [_trimmed(value[key], levels - 1) for key in first]
        keys = [item if isinstance(item, _Cut) else key for key, item in zip(first, items, strict=True)]
        olds = [*first, *(value[key] for key in first)]
        if not long and all(new is old for new, old in zip([*keys, *values], olds, strict=True)):
            return value
        return dict([*zip(keys, values, strict=True), *([(_DOTS, _DOTS)] if long else [])])
    if not long and all(new is old for new, old in zip(items, first, strict=True)):
        return value
    return kind([*items, *([_DOTS] if long else [])])


# --- HTML -------------------------------------------------------------------------------------------------------


def facts_table(title: str, facts: Mapping[str, str]) -> str:
    """Draw what is known of an object: a name and a text in each row."""
    left = 'style="text-align: left"'
    rows = "".join(f"<tr><th {left}>{escape(n)}</th><td {left}>{escape(t)}</td></tr>" for n, t in facts.items())
    return f"<table>{_caption(title)}<tbody>{rows}</tbody></table>"


def header_table(title: str, columns: Sequence[tuple[Any, Any] | None]) -> str:
    """Draw the header of a frame that has no rows yet: labels with their dtypes, None for those that are left out."""
    pairs = [pair or ("...", "...") for pair in columns]
    head = "".join(f"<th>{escape(label(name))}</th>" for name, _ in pairs)
    body = "".join(f"<td>{escape(label(dtype))}</td>" for _, dtype in pairs)
    return (
        f'<table border="1" class="dataframe">{_caption(title)}<thead><tr><th></th>{head}</tr></thead>'
        f"<tbody><tr><th>dtype</th>{body}</tr></tbody></table>"
    )


def _caption(title: str) -> str:
    return f'<caption style="text-align: left; white-space: nowrap">{escape(title)}</caption>'
