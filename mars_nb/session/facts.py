"""What a session tells of itself; nothing here changes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mars_nb.errors import UnknownResult
from mars_nb.graph import record
from mars_nb.graph.claims import Claim
from mars_nb.session.history import intermediates
from mars_nb.session.results import Results

if TYPE_CHECKING:
    from mars_nb.session.backends.base import Backend
    from mars_nb.session.executor import Executor
    from mars_nb.session.history import Result
    from mars_nb.session.names import Names
    from mars_nb.session.registry import Registry
    from mars_nb.session.snapshot import TaskInfo
    from mars_nb.session.task import Task
    from mars_nb.session.timeline import Timeline


class Facts:
    """The part of `Session` that only tells what there is."""

    name: str
    _backend: Backend
    _closed: bool
    _executor: Executor
    _names: Names
    _registry: Registry

    @property
    def address(self) -> str | None:
        """Address of the cluster; None for a session in this process."""
        return self._backend.address

    @property
    def closed(self) -> bool:
        """Whether the session was closed."""
        return self._closed

    @property
    def is_gone(self) -> bool:
        """Whether the session ended without having been closed here, as one on a cluster may."""
        return False

    @property
    def is_default(self) -> bool:
        """Whether ``execute()`` and ``fetch()`` use this session when none is given."""
        return self._registry.default is self

    @property
    def n_threads(self) -> int:
        """How many chunk tasks run at a time."""
        return self._backend.n_threads

    def get_total_n_cpu(self) -> float:
        """Tell how many chunk tasks run at a time, as Mars named it."""
        return float(self.n_threads)

    @property
    def nbytes(self) -> int:
        """Bytes of all results."""
        return self._backend.nbytes

    @property
    def memory(self) -> int:
        """Bytes of results and intermediate values that are in memory."""
        return self._backend.memory

    @property
    def spilled(self) -> int:
        """Bytes of results and intermediate values that are on disk."""
        return self._backend.spilled

    @property
    def memory_limit(self) -> int:
        """Bytes that may be in memory; what goes beyond is on disk."""
        return self._backend.memory_limit

    @property
    def running(self) -> list[Task]:
        """The tasks that run, oldest first."""
        return self._executor.history.running

    @property
    def tasks(self) -> list[TaskInfo]:
        """What is known of the tasks that ended last and of those that run, oldest first."""
        return self._executor.history.tasks

    def timeline(self, number: int) -> Timeline | None:
        """Tell what ran where and when in a task that runs, or in one of the last five that ended; None for others.

        Examples
        --------
        >>> import mars_nb, mars_nb.tensor as mt
        >>> with mars_nb.new_session(default=False, n_threads=1) as session:
        ...     task = session.execute(mt.ones(30, chunk_size=10), wait=False)
        ...     _ = task.result()
        ...     session.timeline(task.number)
        <Timeline of 3 chunk tasks in ... ms>
          TensorOnes: 3 chunk tasks
          thread 1: busy for ... ms
        """
        return self._executor.history.timeline(number)

    @property
    def results(self) -> Results:
        """What the session holds, oldest first; ``results["df"]`` gives what was published under that name."""
        held = [] if self._closed else self._executor.history.results(self._backend, self._names.keys)
        return Results(held, self._tileable)

    @property
    def intermediates(self) -> list[Result]:
        """What was computed on the way to results and has a variable, oldest first: kept while memory allows.

        These are no results: they cannot be fetched. What needs them, or executes them, does not compute them again.

        Examples
        --------
        >>> import mars_nb, mars_nb.remote as mr
        >>> with mars_nb.new_session(default=False) as session:
        ...     a = mr.spawn(str.upper, args=("abc",))
        ...     b = mr.spawn(len, args=(a,)).execute(session=session)
        ...     [result.label for result in session.intermediates], len(session.results)
        (['RemoteFunction'], 1)
        """
        return [] if self._closed else intermediates(self._backend)

    def _tileable(self, result: Result) -> Any:
        """Give the lazy object of a result."""
        node = self._executor.history.node(result.key)
        if node is None:
            raise UnknownResult(f"{result.label} was freed meanwhile in session {self.name!r}")
        record.load_front_ends()
        return record.present(node, self._executor.claims.get(node.key) or Claim(node.key), "")

    @property
    def last_log(self) -> str:
        """What functions printed in the execution that began last."""
        return self._executor.logs.last()
