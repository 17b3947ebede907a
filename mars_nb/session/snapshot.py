"""How a task stands: the plain values that everything which shows a task is drawn from."""

from __future__ import annotations

from dataclasses import dataclass, field

from mars_nb.graph.callsite import CallSite
from mars_nb.session import estimate
from mars_nb.session.backends.base import Memory, Progress
from mars_nb.session.events import OperationCounts


@dataclass(frozen=True, slots=True)
class Snapshot:
    """How a task stands at a moment. All that progress is drawn from.

    Attributes
    ----------
    state
        ``running``, ``done``, ``failed`` or ``cancelled``.
    elapsed
        Seconds since the task was started, until it ended.
    operations
        How far each recorded operation is, in the order in which they were recorded.
    fraction
        How much is done, from 0 to 1: work by the time that it takes, not only chunk tasks. Never less than in an
        earlier snapshot of the task, and 1 only when all is done.
    memory
        Of the session.
    n_threads
        How many chunk tasks can run at a time.
    number, session
        The task's number and its session's name.
    """

    state: str
    elapsed: float
    operations: tuple[Progress, ...]
    fraction: float = 0.0
    memory: Memory = field(default_factory=Memory)
    n_threads: int = 0
    number: int = 0
    session: str = ""

    @property
    def total(self) -> int:
        """Number of chunk tasks."""
        return sum(operation.total for operation in self.operations)

    @property
    def done(self) -> int:
        """Number of chunk tasks that are done."""
        return sum(operation.done for operation in self.operations)

    @property
    def busy(self) -> int:
        """Number of chunk tasks that run, each on a thread or worker."""
        return sum(operation.running for operation in self.operations)

    @property
    def remaining(self) -> float | None:
        """Seconds until the end if all goes on as it did, None where that is not known (yet)."""
        return estimate.remaining(self.operations, self.elapsed) if self.state == "running" else None


@dataclass(frozen=True, slots=True)
class TaskInfo:
    """What a session remembers of a task: nothing that would keep a result or the user's data.

    Attributes
    ----------
    number
        Counts all tasks of this process.
    label
        What was computed: each operation's name once, and how often.
    place
        Where ``execute`` was called, such as ``In[3], line 2``.
    state, elapsed, done, total, running, fraction, remaining
        See `Snapshot`; chunk tasks that run are `running`.
    started_at
        Seconds since the epoch.
    peak
        The most bytes that the session had in memory while the task ran.
    error
        What went wrong, such as ``ZeroDivisionError: division by zero``; empty if nothing did.
    waiting
        Whether it waits for other tasks before anything of it runs.
    site
        Where ``execute`` was called.
    operations
        How far each recorded operation is, in the order in which they were recorded.
    names
        The same as the user wrote it.
    """

    number: int
    label: str
    place: str
    state: str
    elapsed: float
    done: int
    total: int
    started_at: float = 0.0
    peak: int = 0
    error: str = ""
    running: int = 0
    fraction: float = 0.0
    remaining: float | None = None
    waiting: bool = False
    site: CallSite | None = None
    operations: tuple[OperationCounts, ...] = ()
    names: str = ""
