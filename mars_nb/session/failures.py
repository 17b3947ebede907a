"""Failed chunk tasks: what is known of them, and the values that they were given.

A `Failure` hangs at the exception, as its attribute ``mars_nb_failure``; the last one of all sessions is
`mars_nb.last_error`. It refers to the failed task's inputs as the scheduler keeps them, maybe on disk, and to the
frames inside the task, for a debugger. Both are let go when the session is closed.

Concurrency
-----------
Failures are noted on the threads that run chunk tasks. One lock for each session guards the set of its failures and
whether it is closed. The last failure is a single reference that is replaced.
"""

from __future__ import annotations

import contextlib
import threading
import weakref
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mars_nb import errors
from mars_nb.graph.callsite import CallSite
from mars_nb.graph.node import Node
from mars_nb.scheduler.state import Graph, Key

if TYPE_CHECKING:
    from mars_nb.session.task import Task

#: Begins the note that tells of a failure.
STORY = "while computing "
#: The exception's attribute that is its failure.
ATTRIBUTE = "mars_nb_failure"
# Of a line of code in a message.
_SOURCE_LENGTH = 160

_last: Failure | None = None


@dataclass(frozen=True, slots=True)
class Given:
    """A value that a chunk task was given.

    Attributes
    ----------
    operation
        What it is a chunk of.
    text
        Its type and shape.
    read
        Brings it, from memory or disk.
    """

    operation: str
    text: str
    read: Callable[[], Any]


class Inputs(Sequence[Any]):
    """The values that a failed chunk task was given, each read when it is asked for: copies, which may be changed.

    Examples
    --------
    >>> inputs = Inputs([Given("read_csv", "DataFrame of 3 x 2", lambda: 7)])
    >>> inputs
    1 input
      [0] DataFrame of 3 x 2, of `read_csv`
    >>> inputs[0]
    7
    """

    def __init__(self, given: Sequence[Given]) -> None:
        self._given = list(given)

    def __len__(self) -> int:
        return len(self._given)

    def __getitem__(self, position: Any) -> Any:
        if isinstance(position, slice):
            return [_copied(given.read()) for given in self._given[position]]
        return _copied(self._given[position].read())

    def __repr__(self) -> str:
        lines = [f"  [{i}] {given.text}, of `{given.operation}`" for i, given in enumerate(self._given)]
        return "\n".join([f"{len(lines)} input{'s' * (len(lines) != 1)}", *lines])


def _copied(value: Any) -> Any:
    if isinstance(value, pd.DataFrame | pd.Series):
        return value.copy(deep=False)  # pandas copies on write
    return value.copy() if isinstance(value, np.ndarray) else value


@dataclass(eq=False)
class Failure:
    """A chunk task that raised.

    Attributes
    ----------
    error
        The exception's type and message.
    operation
        What was being computed, as the user wrote it: ``groupby.agg``.
    label
        The operation's name as tasks show it: ``DataFrameGroupbyAgg``.
    site
        Where the operation was recorded, None where it is not known.
    chunk, chunks
        Number of the chunk task among those of its operation, from 1, and how many these are.
    session, task
        Name of the session, and number of the task in it.
    executed
        Where ``execute`` was called.
    key
        Of the failed task in a graph of Dask's.
    """

    error: str
    operation: str
    label: str
    site: CallSite | None
    chunk: int
    chunks: int
    session: str = ""
    task: int = 0
    executed: CallSite | None = None
    key: str = ""
    _inputs: Inputs | None = field(default=None, repr=False)
    _traceback: TracebackType | None = field(default=None, repr=False)

    @property
    def inputs(self) -> Inputs:
        """The values that the failed task was given.

        Raises
        ------
        SessionClosed
            If the session was closed, or this failure was brought here from another process.
        """
        if self._inputs is None:
            raise errors.SessionClosed(
                f"the inputs of the failed chunk task are gone with their session, {self.session!r}",
                hints=[".execute()  # in an open session, to have it fail there"],
            )
        return self._inputs

    @property
    def traceback(self) -> TracebackType | None:
        """The frames inside the chunk task; None when the session was closed."""
        return self._traceback

    @property
    def story(self) -> str:
        """What was being computed, where that was recorded, and which chunk failed."""
        what = f"{self.key} of a Dask graph" if self.key else f"`{self.operation}`"
        where = "" if self.site is None else f", recorded {located(self.site)}"
        which = f", chunk {self.chunk} of {self.chunks}" if self.chunks > 1 and not self.key else ""
        return f"{STORY}{what}{where}{which}"

    def release(self) -> None:
        """Let the values and frames go."""
        self._inputs = self._traceback = None

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_inputs": None, "_traceback": None}  # these stay in this process

    def __repr__(self) -> str:
        where = f"in session {self.session!r}, task {self.task}"
        left = ["its session was closed"] if self._inputs is None else repr(self._inputs).splitlines()
        return "\n  ".join([self.error, self.story, where, *left])


def located(site: CallSite) -> str:
    """Say where a line is, and what it says: ``in cell In[3], line 2: `df.sum()```."""
    source = site.source
    if len(source) > _SOURCE_LENGTH:
        source = f"{source[:_SOURCE_LENGTH]}..."
    place = f"in cell {site.place}" if site.place.startswith("In[") else f"in {site.place}"
    return f"{place}: `{source}`" if source else place


def summary(error: BaseException) -> str:
    """Give type and message of an exception, whatever its class does."""
    message = text_of(error)
    return f"{type(error).__name__}: {message}" if message else type(error).__name__


def text_of(error: BaseException) -> str:
    """Give the message of an exception, whatever its class does."""
    try:
        return str(error)
    except Exception:
        return f"<the text of this {type(error).__name__} cannot be shown: its __str__ failed>"


# --- at the exception -----------------------------------------------------------------------------------------------
# Into its dictionary, because classes of the user's may refuse that attributes are set.


def failure_of(error: BaseException) -> Failure | None:
    """Give the failure that an exception stands for, None for any other."""
    found = _attributes(error).get(ATTRIBUTE)
    return found if isinstance(found, Failure) else None


def _attributes(error: BaseException) -> dict[str, Any]:
    try:
        return vars(error)
    except Exception:
        return {}


def add_note(error: BaseException, note: str) -> None:
    """Add a PEP 678 note, once."""
    with contextlib.suppress(Exception):  # its class may have notes of its own kind
        notes = _attributes(error).setdefault("__notes__", [])
        if note not in notes:
            notes.append(note)


def attach(error: BaseException, failure: Failure) -> None:
    """Let an exception tell its failure, unless it told one that led to it: a task inside a task."""
    earlier = failure_of(error)
    if earlier is None or not any(part is earlier._traceback for part in _parts(error.__traceback__)):
        _attributes(error)[ATTRIBUTE] = failure
    errors.draw_shortly(error)


def _parts(traceback: TracebackType | None) -> Iterator[TracebackType]:
    while traceback is not None:
        yield traceback
        traceback = traceback.tb_next


def failure(error: BaseException, graph: Graph, key: Key, given: Sequence[Given]) -> Failure:
    """Tell what is known of a chunk task that raised.

    Parameters
    ----------
    error
        What it raised.
    graph, key
        The graph, and which of its tasks failed.
    given
        Its inputs.
    """
    owner, what = graph[key].operation, _essence(graph[key].function)
    alike = [other for other, task in graph.items() if task.operation is owner and _essence(task.function) == what]
    failed = getattr(graph[key].function, "failed", None)  # of a task that does several operations
    node = owner if failed is None else failed(error) or owner
    assert isinstance(node, Node)  # a session runs nothing else
    return Failure(
        error=summary(error),
        operation=node.short_name,
        label=node.label,
        site=node.site,
        chunk=alike.index(key) + 1,
        chunks=len(alike),
        key=repr(key) if node.op.name == "dask.get" else "",
        _inputs=Inputs(given),
        _traceback=_inside(error.__traceback__),
    )


def _essence(function: Any) -> Any:
    """Tell what kind of work a chunk task does: its function without what is special to a chunk."""
    return function.func if isinstance(function, partial) else type(function)


def _inside(traceback: TracebackType | None) -> TracebackType | None:
    """Leave out the scheduler's frames, which know the whole run."""
    while traceback is not None and traceback.tb_frame.f_globals.get("__name__", "").startswith("mars_nb.scheduler."):
        traceback = traceback.tb_next
    return traceback


# --- of sessions ----------------------------------------------------------------------------------------------------


def last() -> Failure | None:
    """Give the last failure in any session, None if there was none; see `mars_nb.last_error`."""
    return _last


class Failures:
    """The failures of one session."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: weakref.WeakSet[Failure] = weakref.WeakSet()
        self._closed = False

    def note(self, error: BaseException | None, task: Task) -> None:
        """Take note of how a task ended; this is `mars_nb.last_error` from now on if it failed."""
        global _last
        failure = None if error is None else failure_of(error)
        if failure is None:
            return
        if not failure.session:
            failure.session, failure.task, failure.executed = task.session_name, task.number, task.site
            with self._lock:
                self._known.add(failure)
                if self._closed:
                    failure.release()
        _last = failure

    def close(self) -> None:
        """Let the values and frames of all failures go."""
        with self._lock:
            self._closed = True
            for failure in self._known:
                failure.release()


def explain_interrupt(error: BaseException, task: Task) -> None:
    """Say at an interrupt what was cancelled by it; nothing for any other exception."""
    if not isinstance(error, KeyboardInterrupt):
        return
    info = task.info()
    add_note(
        error,
        f"cancelled: task {info.number} ({info.label}) in session {task.session_name!r}, {info.done} of {info.total} "
        "chunk tasks were done; the object can be executed again",
    )
