"""How sessions, their results and their tasks are shown: tables of what they tell of themselves.

Nothing here computes, waits or reads a result.
"""

from __future__ import annotations

import html
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mars_nb.tables import Page, Table, short
from mars_nb.text import ago, count, duration, size, without_secrets

if TYPE_CHECKING:
    from mars_nb.session.history import Result
    from mars_nb.session.session import Session
    from mars_nb.session.snapshot import TaskInfo

NONE_OPEN = "no open sessions; the first execute() opens one, and so does: %mars_session new NAME"
#: How many of the last results and tasks a table lists.
LISTED = 20
#: ... where it is only a part of what is shown.
FEW = 5
_SESSIONS = ("default", "name", "threads", "results", "bytes", "memory", "running tasks")
_RESULTS = ("type", "shape", "bytes", "kept", "chunks", "executed", "operation", "recorded in")
_TASKS = ("task", "computes", "called in", "state", "chunk tasks", "duration", "peak memory", "started", "error")
_TASK_NUMBERS = frozenset({"task", "chunk tasks", "duration", "peak memory"})
#: What stands for the names of a result that nothing in the user's namespace refers to.
NAMELESS = "(no name)"


def summary(session: Session) -> str:
    """Tell about a session in a line."""
    if session.closed:
        return f"<Session {session.name!r} (closed)>"
    facts = [
        _where(session),
        *(["default"] if session.is_default else []),
        count(len(session.results), "result"),
        size(session.nbytes),
        *([f"{size(session.spilled)} on disk"] if session.spilled else []),
    ]
    return f"<Session {session.name!r} ({', '.join(facts)})>"


def _where(session: Session) -> str:
    return without_secrets(session.address) if session.address else f"local, {count(session.n_threads, 'thread')}"


def listing(sessions: Sequence[Session]) -> Table | Page:
    """List sessions."""
    if not sessions:
        return Page([NONE_OPEN])
    return Table(_SESSIONS, [_session_row(s) for s in sessions], frozenset({"threads", "results", "bytes"}))


def _session_row(session: Session) -> list[str]:
    return [
        "*" if session.is_default else "",
        session.name,
        str(session.n_threads),
        str(len(session.results)),
        size(session.nbytes),
        memory(session),
        ", ".join(str(task.number) for task in session.running),
    ]


def memory(session: Session) -> str:
    """Say how much memory a session has taken, and how much is on disk."""
    held = f"{size(session.memory)} of {size(session.memory_limit)}"
    return f"{held}, {size(session.spilled)} on disk" if session.spilled else held


def on_the_way(session: Session) -> str:
    """Say how much of its memory a session keeps for what was computed on the way to results."""
    kept = session.intermediates
    return f"{count(len(kept), 'intermediate')}, {size(sum(one.nbytes for one in kept))}"


def describe(session: Session, names: Mapping[str, Sequence[str]] | None = None, listed: int = LISTED) -> Page:
    """Tell about one session: what it is, what it holds and what it does.

    Parameters
    ----------
    session
        May be closed.
    names
        The user's names for results, by their keys.
    listed
        How many of the last results and tasks to list.
    """
    if session.closed:
        return Page([f"Session {session.name!r}, closed"])
    results, tasks = session.results, session.tasks
    facts = [
        f"Session {session.name!r}" + (", the default" if session.is_default else ""),
        f"id {session.session_id}",
        _where(session),
        f"{count(len(results), 'result')}, {size(session.nbytes)}",
        f"memory {memory(session)}",
        *([on_the_way(session)] if session.intermediates else []),
    ]
    parts: list[str | Table] = ["; ".join(facts)]
    if results:
        parts.append(result_table(results, names, listed))
    if tasks:
        parts.append(task_table(tasks, listed))
    return Page(parts)


def result_table(
    results: Sequence[Result], names: Mapping[str, Sequence[str]] | None = None, listed: int | None = None
) -> Table:
    """List results, oldest first; with the user's names for them where these are given."""
    now = time.time()
    shown = results if listed is None else results[-listed:]
    rows = [_result_row(result, now) for result in shown]
    header: Sequence[str] = _RESULTS
    if names is not None:
        header = ("variable", *header)
        rows = [
            [", ".join(names.get(r.key, ())) or ", ".join(r.names) or NAMELESS, *row]
            for r, row in zip(shown, rows, strict=True)
        ]
    return Table(header, rows, frozenset({"bytes", "chunks"}), _title("results", len(shown), len(results)))


def _result_row(result: Result, now: float) -> list[str]:
    return [
        f"{result.kind} {result.dtype}".strip(),
        " x ".join(map(str, result.shape)),
        size(result.nbytes),
        _kept(result),
        str(result.chunks),
        ago(now - result.executed_at),
        result.label,
        result.place,
    ]


def _kept(result: Result) -> str:
    if not result.spilled:
        return "in memory"
    return "on disk" if result.spilled >= result.nbytes else f"{size(result.spilled)} on disk"


def task_table(tasks: Sequence[TaskInfo], listed: int | None = None) -> Table:
    """List tasks in the order in which they were started."""
    now = time.time()
    tasks = sorted(tasks, key=lambda task: task.number)
    shown = tasks if listed is None else tasks[-listed:]
    return Table(
        _TASKS, [_task_row(task, now) for task in shown], _TASK_NUMBERS, _title("tasks", len(shown), len(tasks))
    )


def _task_row(task: TaskInfo, now: float) -> list[str]:
    return [
        str(task.number),
        short(task.label),
        task.place,
        task.state,
        f"{task.done}/{task.total}" if task.total else "",  # computed when recorded, or not begun
        duration(task.elapsed),
        size(task.peak),
        ago(now - task.started_at),
        short(task.error, 80),
    ]


def task_page(task: TaskInfo, progress: float, session: str) -> Table:
    """Tell about one task."""
    state = f"{task.state}, {progress:.0%}" if task.state == "running" else task.state
    row = _task_row(replace(task, state=state), time.time())
    return Table(_TASKS, [row], _TASK_NUMBERS, f"task {task.number} in session {session!r}")


def _title(what: str, shown: int, there: int) -> str:
    return f"{what}, newest last" + (f" (the last {shown} of {there})" if shown < there else "")


def as_html(shown: Any, page: Callable[[], Page | Table]) -> str:
    """Draw a page as the HTML of an object; it never raises, whatever state the object is in."""
    try:
        return page()._repr_html_()
    except Exception as error:  # what is wrong stands in it
        text = f"{object.__repr__(shown)} (cannot be shown: {type(error).__name__}: {error})"
        return f"<pre>{html.escape(text)}</pre>"
