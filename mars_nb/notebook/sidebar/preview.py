"""What a result looks like: the head of a frame, the corners of an array, read from its edges.

Drawn on a thread beside the user's code. So pandas does not draw frames here: it would change its options for the time
of it, which are everybody's.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from mars_nb.errors import FetchTooLarge, UnknownResult
from mars_nb.graph.meta import PandasMeta, TensorMeta
from mars_nb.graph.showing import label, short_repr
from mars_nb.notebook.sidebar.messages import Preview
from mars_nb.tables import Table
from mars_nb.text import count, size

if TYPE_CHECKING:
    from mars_nb.session import Session

#: Rows and columns of a frame.
ROWS, COLUMNS = 10, 20
#: Items of an array that is shown as a whole, and characters of its lines.
MOST_ITEMS, LINE = 100, 32
#: Characters.
MOST_TEXT, MOST_HTML = 10_000, 200_000
#: Bytes of what can be read as a whole only.
MOST_BYTES = 64 << 20


def preview(session: Session, key: str) -> Preview:
    """Show a result.

    Parameters
    ----------
    session
        What holds it.
    key
        Of the result.

    Raises
    ------
    UnknownResult
        If it is not there (any more).
    FetchTooLarge
        If it would have to be read as a whole, and is large.
    """
    import numpy as np

    found = next((result for result in session.results if result.key == key), None)
    if found is None:
        raise _gone(session)
    thing = session._tileable(found)
    shown = session.shown(thing)
    if shown is None:
        raise _gone(session)
    if isinstance(thing._meta, PandasMeta):
        drawn = _head(shown)
        return _bounded(repr(drawn), drawn._repr_html_())
    is_array = isinstance(thing._meta, TensorMeta)
    if not is_array and found.nbytes > MOST_BYTES:
        raise FetchTooLarge(
            f"{found.label} takes {size(found.nbytes)}, and can be read as a whole only",
            nbytes=found.nbytes,
            hints=["....fetch()  # in a cell"],
        )
    with np.printoptions(threshold=MOST_ITEMS, linewidth=LINE):  # of this thread only
        if is_array:
            return _bounded(thing._show(shown), None)
        return _bounded(short_repr(shown.read()), thing._show_html(shown))


def _gone(session: Session) -> UnknownResult:
    return UnknownResult(f"the result is not held in session {session.name!r} any more")


def _head(shown: Any) -> Table:
    """Draw the first rows and columns of a frame, series or index."""
    import pandas as pd

    rows, *columns = shown.shape
    part = [list(range(COLUMNS))] if columns and columns[0] > COLUMNS else []
    value = shown.read(slice(0, ROWS), *part)
    if isinstance(value, pd.Index):
        value = value.to_series(index=pd.RangeIndex(len(value)))
    frame = value.to_frame("" if value.name is None else value.name) if isinstance(value, pd.Series) else value
    texts = [_texts(frame.iloc[:, place]) for place in range(frame.shape[1])]
    more = ["..."] if part else []
    header = ["", *map(label, frame.columns), *more]
    lines = [[label(name), *cells, *more] for name, *cells in zip(frame.index, *texts, strict=True)] or [
        ["", *("" for _ in texts), *more]
    ]
    lengths = " x ".join([count(rows, "row"), *(count(number, "column") for number in columns)])
    return Table(header, lines, frozenset(header[1:]), lengths)


def _texts(column: Any) -> list[str]:
    """Write values as pandas does."""
    if not len(column):
        return []
    return [label(text.strip()) for text in column.to_string(index=False, header=False).split("\n")]


def _bounded(text: str, html: str | None) -> Preview:
    if len(text) > MOST_TEXT:
        text = f"{text[:MOST_TEXT]}..."
    if html is None or len(html) > MOST_HTML:
        html = f"<pre>{escape(text)}</pre>"
    return {"html": html, "text": text}
