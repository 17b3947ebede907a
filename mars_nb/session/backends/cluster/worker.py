"""What runs on the cluster's side: chunk tasks on the workers, and a counter on the scheduler.

Both tell the session by events of a topic of Dask's, which come in the order in which they were sent: a worker what is
printed and what its outputs are, before Dask tells that the task is done; the scheduler how many tasks are done.
"""

from __future__ import annotations

import asyncio
import pickle
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

from dask.sizeof import sizeof
from distributed import Scheduler, SchedulerPlugin, get_worker

from mars_nb.errors import TaskCancelled, UserExit
from mars_nb.scheduler import Pieces, inside
from mars_nb.session.backends.cluster.describing import describe
from mars_nb.session.backends.cluster.shipping import MARK, unpack
from mars_nb.session.backends.cluster.stopping import Stopped, is_stopped, stoppable
from mars_nb.session.backends.cluster.tracing import Tracer, parsed
from mars_nb.session.logs import Log, logged

#: Seconds between two looks at the tasks.
PERIOD = 0.1
#: Begins the topic of a session, followed by its name.
TOPIC = f"{MARK}."
#: Where the workers' totals are told.
CLUSTER = f"{MARK}-cluster"


class Shipped:
    """A chain of chunk tasks on a worker.

    Parameters
    ----------
    packed
        Functions, the first of which takes the inputs and each other one the value of the one before.
    session, run
        Who is told, and of what.
    task
        Number of the chain in the run.
    is_output
        Whether its value is kept.
    """

    __slots__ = ("is_output", "packed", "run", "session", "task")

    def __init__(self, packed: tuple[bytes, ...], session: str, run: int, task: int, is_output: bool) -> None:
        self.packed = packed
        self.session = session
        self.run = run
        self.task = task
        self.is_output = is_output

    def __reduce__(self) -> Any:
        return Shipped, (self.packed, self.session, self.run, self.task, self.is_output)

    def __call__(self, *values: Any) -> Any:
        """Run them."""
        __tracebackhide__ = True
        position = 0
        with logged(_Sent(self)):
            try:
                with stoppable(self.session, self.run), inside.at(_Place(self)):
                    for position, packed in enumerate(self.packed):  # noqa: B007  # where it ends is told
                        values = (unpack(packed)(*values),)
            except (Stopped, inside.Unwanted):
                raise TaskCancelled("the run was cancelled") from None
            except BaseException as error:
                self.tell(failed=position)
                if isinstance(error, Exception):
                    raise
                # It would end the worker.
                raise UserExit(
                    f"a function of yours raised {error!r} inside a chunk task; the session goes on"
                ) from error
        (value,) = values
        if self.is_output:
            self.tell(output=pickle.dumps(describe(value)))
        return value

    def tell(self, **what: Any) -> None:
        """Send an event to the session. Any thread."""
        get_worker().log_event(TOPIC + self.session, {"run": self.run, "task": self.task, **what})


class _Place:
    """Where a chunk task is on a worker; see `mars_nb.scheduler.inside.Place`."""

    def __init__(self, task: Shipped) -> None:
        self._task = task
        self._worker = get_worker()  # which other threads do not find
        self._told = time.monotonic()

    def reached(self, part: float) -> None:
        """Tell the session what part of the task is done, now and then."""
        task = self._task
        if is_stopped(task.session, task.run):
            raise inside.Unwanted("the run was cancelled")
        now = time.monotonic()
        if now - self._told >= PERIOD:
            self._told = now
            self._worker.log_event(TOPIC + task.session, {"run": task.run, "task": task.task, "part": part})


def _sizeof_pieces(pieces: Pieces) -> int:
    """Tell the bytes of pieces, so that Dask knows what it costs to send them."""
    return sum(int(sizeof(piece)) for piece in pieces)


sizeof.register(Pieces, _sizeof_pieces)


class _Sent(Log):
    """A log on a worker: what is printed goes to the session, and nowhere else."""

    passes_on = False

    def __init__(self, task: Shipped) -> None:
        super().__init__()
        self._task = task

    def write(self, text: str, stream: str = "stdout") -> None:
        """Send a text."""
        self._task.tell(printed=(stream, text))


Counts = tuple[int, int, float]  # done, running, seconds


class Watcher(SchedulerPlugin):
    """Tells sessions how far their operations are and what the workers hold, ten times a second while that changes.

    Runs on the scheduler's event loop.
    """

    name = MARK
    idempotent = True

    async def start(self, scheduler: Scheduler) -> None:
        """Begin to look."""
        self._scheduler = scheduler
        self._groups: dict[str, Counts] = {}
        self._totals: dict[str, int] = {}
        self._tracer = Tracer()
        self._looking = asyncio.create_task(self._look())

    async def close(self) -> None:
        """End."""
        self._looking.cancel()
        with suppress(asyncio.CancelledError):
            await self._looking

    def transition(self, key: Any, start: str, finish: str, *args: Any, **facts: Any) -> None:
        """Take note of a task of Dask's that changes its state (called by Dask)."""
        self._tracer.heard(key)
        if start == "processing" and "startstops" in facts:
            worker = self._scheduler.workers.get(facts["worker"])
            self._tracer.ended(key, worker, facts["thread"], facts["startstops"])

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(PERIOD)
            self._look_at_groups()
            alive = {place[0] for name in self._groups if (place := parsed(name))}
            for (session, number), told in self._tracer.look(self._scheduler.workers.values(), alive):
                self._scheduler.log_event(TOPIC + session, {"run": number, **told})
            found = totals([state.identity() for state in self._scheduler.workers.values()])
            if found != self._totals:
                self._totals = found
                self._scheduler.log_event(CLUSTER, found)

    def _look_at_groups(self) -> None:
        found = {name: _counts(group) for name, group in self._scheduler.task_groups.items() if f"-{MARK}." in name}
        changed: dict[tuple[str, int], dict[str, Counts | None]] = {}
        for name in found.keys() | self._groups.keys():
            counts = found.get(name)  # None: all is done, and nobody needs it any more
            if counts != self._groups.get(name):
                place = parsed(name)
                assert place is not None
                changed.setdefault(place[0], {})[name] = counts
        self._groups = found
        for (session, number), counts_of in changed.items():
            self._scheduler.log_event(TOPIC + session, {"run": number, "counts": counts_of})


def _counts(group: Any) -> Counts:
    states = group.states
    done = states["memory"] + states["released"] + states["forgotten"]
    return done, states["processing"], group.all_durations["compute"]


def totals(workers: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """Add up what the workers are and hold, as Dask describes them; and tell the smallest limit of their memory."""
    listed = list(workers)
    smallest = min((one["memory_limit"] or 0 for one in listed), default=0)
    found = {"threads": 0, "limit": 0, "memory": 0, "spilled": 0, "workers": len(listed), "smallest": smallest}
    for one in listed:
        metrics = one.get("metrics", {})
        found["threads"] += one["nthreads"]
        found["limit"] += one["memory_limit"] or 0
        found["memory"] += metrics.get("managed_bytes", 0)
        found["spilled"] += metrics.get("spilled_bytes", {}).get("disk", 0)
    return found
