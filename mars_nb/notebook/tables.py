"""What ``%mars_session`` shows: tables as text and as HTML, whichever the front end takes."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mars_nb.session import Session, TaskInfo

NONE_OPEN = "no open sessions; the first execute() opens one, and so does: %mars_session new NAME"
#: How many of the last results and tasks `describe` lists.
LISTED = 20
#: How long a task's label may be.
LABEL = 50


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
    """

    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    numbers: frozenset[str] = frozenset()
    title: str = ""

    def __repr__(self) -> str:
        lines = [self.header, *self.rows]
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
            aligned = ("right" if name in self.numbers else "left" for name in self.header)
            cells = zip(texts, aligned, strict=True)
            return "".join(f'<{tag} style="text-align: {side}">{html.escape(text)}</{tag}>' for text, side in cells)

        caption = f'<caption style="text-align: left">{html.escape(self.title)}</caption>' if self.title else ""
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


def listing(sessions: Sequence[Session]) -> Table | Page:
    """List sessions."""
    if not sessions:
        return Page([NONE_OPEN])
    header = ("default", "name", "threads", "results", "bytes", "running tasks")
    return Table(header, [_row(session) for session in sessions], frozenset(header[2:]))


def _row(session: Session) -> list[str]:
    return [
        "*" if session.is_default else "",
        session.name,
        str(session.n_threads),
        str(len(session.results)),
        _bytes(session.nbytes),
        str(sum(task.state == "running" for task in session.tasks)),
    ]


def describe(session: Session) -> Page:
    """Tell about one session: what it is, what it holds and what it does."""
    results, tasks = session.results, session.tasks
    facts = [
        f"Session {session.name!r}" + (", the default" if session.is_default else ""),
        f"id {session.session_id}",
        session.address or f"local, {count(session.n_threads, 'thread')}",
        f"{count(len(results), 'result')}, {_bytes(session.nbytes)}",
    ]
    parts: list[str | Table] = ["; ".join(facts)]
    if results:
        rows = [
            [r.label, " x ".join(map(str, r.shape)), _bytes(r.nbytes), str(r.chunks), _time(r.executed_at)]
            for r in results[-LISTED:]
        ]
        header = ("result", "shape", "bytes", "chunks", "executed at")
        parts.append(Table(header, rows, frozenset({"bytes", "chunks"}), _title("results", len(results))))
    if tasks:
        columns = ("task", "computes", "called in", "state", "chunk tasks", "seconds")
        shown = [_task_row(task) for task in tasks[-LISTED:]]
        numbers = frozenset({"task", "chunk tasks", "seconds"})
        parts.append(Table(columns, shown, numbers, _title("tasks", len(tasks))))
    return Page(parts)


def _task_row(task: TaskInfo) -> list[str]:
    done = f"{task.done}/{task.total}"
    return [str(task.number), _short(task.label), task.place, task.state, done, f"{task.elapsed:.1f}"]


def _short(text: str) -> str:
    return text if len(text) <= LABEL else f"{text[: LABEL - 3]}..."


def _title(what: str, count: int) -> str:
    return f"{what}, newest last" + (f" (the last {LISTED} of {count})" if count > LISTED else "")


def count(number: int, noun: str) -> str:
    """Write a number with its noun: ``2 threads``."""
    return f"{number} {noun}{'s' * (number != 1)}"


def _bytes(count: int) -> str:
    from dask.utils import format_bytes

    return str(format_bytes(count))


def _time(seconds: float) -> str:
    when: Any = datetime.fromtimestamp(seconds)
    return f"{when:%H:%M:%S}" if when.date() == datetime.now().date() else f"{when:%Y-%m-%d %H:%M}"
