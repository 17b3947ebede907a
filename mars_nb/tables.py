"""Tables and pages of them, as text and as HTML: whichever the front end takes."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass

#: Up to this length a text stays on one line.
_UNBROKEN = 24
# Captions would be centred and grey.
_CAPTION = "caption-side: top; text-align: left; color: inherit; padding: 0 0 4px 0"


@dataclass(frozen=True)
class Table:
    """Rows under a header.

    Attributes
    ----------
    header, rows
        The cells' texts.
    numbers
        Columns that are aligned to the right.
    title
        Stands above.

    Examples
    --------
    >>> Table(["name", "bytes"], [["df", "12 B"], ["t", "7 B"]], frozenset({"bytes"}))
    name  bytes
    df     12 B
    t       7 B
    """

    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    numbers: frozenset[str] = frozenset()
    title: str = ""

    def __repr__(self) -> str:
        lines = [[_one_line(text) for text in line] for line in (self.header, *self.rows)]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        right = [name in self.numbers for name in self.header]
        cells = (
            [text.rjust(width) if r else text.ljust(width) for text, width, r in zip(line, widths, right, strict=True)]
            for line in lines
        )
        body = "\n".join("  ".join(line).rstrip() for line in cells)
        return f"{self.title}\n{body}" if self.title else body

    def _repr_html_(self) -> str:
        def row(tag: str, texts: Sequence[str]) -> str:
            return "".join(
                f'<{tag} style="{_style(name in self.numbers, text)}">{html.escape(text)}</{tag}>'
                for text, name in zip(texts, self.header, strict=True)
            )

        caption = f'<caption style="{_CAPTION}">{html.escape(self.title)}</caption>' if self.title else ""
        body = "".join(f"<tr>{row('td', texts)}</tr>" for texts in self.rows)
        return f"<table>{caption}<thead><tr>{row('th', self.header)}</tr></thead><tbody>{body}</tbody></table>"


@dataclass(frozen=True)
class Page:
    """Texts and tables below each other."""

    parts: Sequence[str | Table]

    def __repr__(self) -> str:
        return "\n\n".join(map(str, self.parts))

    def _repr_html_(self) -> str:
        return "".join(p._repr_html_() if isinstance(p, Table) else f"<p>{html.escape(p)}</p>" for p in self.parts)


def short(text: str, limit: int = 50) -> str:
    """Cut a text that is too long.

    Examples
    --------
    >>> short("a long text", 9)
    'a long...'
    """
    return text if len(text) <= limit else f"{text[: limit - 3]}..."


def _style(right: bool, text: str) -> str:
    style = f"text-align: {'right' if right else 'left'}"
    return style if len(text) > _UNBROKEN else f"{style}; white-space: nowrap"


def _one_line(text: str) -> str:
    return " ".join(text.splitlines()) if "\n" in text or "\r" in text else text
