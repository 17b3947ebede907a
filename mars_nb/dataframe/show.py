"""Drawing frames as pandas would: executed ones from the rows and columns that are drawn, others from their samples.

pandas draws a stand-in that has the same edges and is cut where the whole would be; then the true size takes the place
of the stand-in's.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from mars_nb.graph.meta import PandasMeta
from mars_nb.graph.showing import header_table, label

#: Rows that are read of a frame without columns.
MOST_LABELS = 10_000
#: Columns of an unexecuted frame that are drawn where pandas's options set no limit.
MOST_COLUMNS = 20


@dataclass(frozen=True)
class _StandIn:
    """What is drawn in place of an executed frame or series.

    Attributes
    ----------
    value
        The edges, with a row and a column more than is drawn where some are left out.
    rows, columns
        Of the whole.
    options
        pandas's options under which it is drawn as the whole would be.
    freq
        Of the whole's index, where only the edges have none.
    """

    value: Any
    rows: int
    columns: int
    options: Sequence[Any] = ()
    freq: str | None = None

    def draw(self, form: str) -> Any:
        """Call a method of pandas that draws."""
        with pd.option_context(*self.options) if self.options else nullcontext():
            return getattr(self.value, form)()


def _stand_in(shown: Any) -> _StandIn:
    rows, columns = shown.shape[0], shown.shape[1] if len(shown.shape) > 1 else 1
    picked = _columns_drawn(columns)
    part = [] if picked is None else [picked]
    count, limits = _rows_drawn(rows)
    if count is None:
        options = () if picked is None else ("display.large_repr", "truncate")
        return _StandIn(shown.read(slice(0, rows), *part), rows, columns, options)
    head, tail = shown.read(slice(0, count), *part), shown.read(slice(rows - count, rows), *part)
    # The whole's info, which an option asks for in place of rows, would need all of it.
    options = ("display.large_repr", "truncate", *limits)
    return _StandIn(pd.concat([head, tail]), rows, columns, options, _freq(head.index, tail.index, rows))


def _rows_drawn(rows: int) -> tuple[int | None, Sequence[Any]]:
    """Tell how many rows to read at each end, None for all, and options that let the same rows be drawn of these."""
    most, least = pd.get_option("display.max_rows"), pd.get_option("display.min_rows")
    limits: Sequence[Any] = ()
    if most is None:
        return None, ()
    if most == 0:  # as many as fit into the terminal
        count = (most := shutil.get_terminal_size().lines) // 2 + 1
    elif (drawn := min(most, least or most)) > 1:
        count, limits = drawn // 2 + 1, ("display.max_rows", drawn, "display.min_rows", drawn)
    else:
        count = most + 1
    return (None, ()) if rows <= max(most, 2 * count) else (count, limits)


def _columns_drawn(columns: int) -> list[int] | None:
    """Give the positions of the columns to read, None for all."""
    most = pd.get_option("display.max_columns")
    if most == 0:
        most = shutil.get_terminal_size().columns
    if most is None or columns <= most + 2:
        return None
    count = most // 2 + 1
    return [*range(count), *range(columns - count, columns)]


def _freq(head: pd.Index[Any], tail: pd.Index[Any], length: int) -> str | None:
    """Tell the frequency of an index of which the ends are known."""
    if not isinstance(head, pd.DatetimeIndex | pd.TimedeltaIndex) or head.freq is None:
        return None
    regular = head.freq == getattr(tail, "freq", None) and head[0] + (length - 1) * head.freq == tail[-1]
    return head.freqstr if regular else None


def show(shown: Any, sample: Any) -> str:
    """Draw an executed frame, series or index as text."""
    if isinstance(sample, pd.Index):
        return _show_index(shown)
    drawn = _stand_in(shown)
    if not drawn.columns:  # pandas lists the first labels
        drawn = replace(drawn, value=shown.read(slice(0, MOST_LABELS)))
    text = str(drawn.draw("__repr__"))
    if isinstance(drawn.value, pd.DataFrame):
        rows, columns = drawn.value.shape
        size = f"\n\n[{rows} rows x {columns} columns]"
        return text.removesuffix(size) + f"\n\n[{drawn.rows} rows x {drawn.columns} columns]" * text.endswith(size)
    if len(drawn.value) == drawn.rows:
        return text
    sized = bool(pd.get_option("display.show_dimensions"))
    body, found, rest = text.rpartition(f"Length: {len(drawn.value)}, dtype: " if sized else "dtype: ")
    body, line, name = body.rpartition("\n")
    freq = f"Freq: {drawn.freq}, " if drawn.freq else ""
    return f"{body}{line}{freq}{name}{f'Length: {drawn.rows}, dtype: ' if sized else found}{rest}"


def show_html(shown: Any) -> str | None:
    """Draw an executed data frame as HTML."""
    drawn = _stand_in(shown)
    html = drawn.draw("_repr_html_")
    if html is None:  # an option of pandas
        return None
    rows, columns = drawn.value.shape
    head, found, tail = str(html).rpartition(f"<p>{rows} rows × {columns} columns</p>")
    return f"{head}<p>{drawn.rows} rows × {drawn.columns} columns</p>{tail}" if found else str(html)


def _show_index(shown: Any) -> str:
    (length,) = shown.shape
    most = pd.get_option("display.max_seq_items")
    edge = min((most or length) // 2, 10) or 1
    if not most or length <= max(most, 2 * edge + 1):
        return repr(shown.read())
    head, tail = shown.read(slice(0, edge + 1)), shown.read(slice(length - edge, length))
    if isinstance(head, pd.RangeIndex) and head[0] + (length - 1) * head.step == tail[-1]:
        return repr(pd.RangeIndex(head.start, tail[-1] + head.step, head.step, name=head.name))
    value = head.append(tail)
    with pd.option_context("display.max_seq_items", 1 if most == 1 else 2 * edge):
        text = repr(value)
    body, found, rest = text.rpartition(f"length={len(value)}")
    freq = _freq(head, tail, length)
    last = [f"length={length}"]
    if rest != ")":
        last.append(f"freq={freq!r}" if freq else rest[1:-1].strip())
    return _laid_out(body, last, len(type(value).__name__) + 1) if found else text


def _laid_out(text: str, attributes: Sequence[str], indent: int) -> str:
    """Write down the last attributes of an index, on lines of their own where they are too long for one."""
    width = pd.get_option("display.width") or 80
    for number, attribute in enumerate(attributes):
        end = ")" if number == len(attributes) - 1 else ","
        if text.rpartition("\n")[2].strip():
            text = text.rstrip()
            used = len(text) - (text.rfind("\n") + 1) + 1 + len(attribute) + (end == ",")
            text += " " if used <= width else "\n" + " " * indent
        text += attribute + end
    return text


def lazy_html(kind: str, operation: str, meta: PandasMeta, size: Sequence[str]) -> str | None:
    """Draw an unexecuted data frame as the header that it will have, None where its columns are not known.

    Parameters
    ----------
    kind, operation
        Names of the object and of what was recorded.
    meta
        What is known of it.
    size
        What it is likely to take, in words.
    """
    sample = meta.sample
    if meta.open or not isinstance(sample, pd.DataFrame) or not sample.shape[1]:
        return None
    count = sample.shape[1]
    half = (pd.get_option("display.max_columns") or MOST_COLUMNS) // 2 or 1
    cut = count > 2 * half
    part = sample.iloc[:, [*range(half), *range(count - half, count)]] if cut else sample
    columns: list[tuple[Any, Any] | None] = list(zip(part.columns, part.dtypes, strict=True))
    if cut:
        columns.insert(half, None)
    rows = [] if meta.rows is None else [f"{meta.rows} rows"]
    return header_table(label(", ".join([f"{kind}: {operation}", *rows, f"{count} columns", *size]), 200), columns)
