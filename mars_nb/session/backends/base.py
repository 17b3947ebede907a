"""What a session needs of a backend."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from mars_nb.graph.node import Node
from mars_nb.planner.layout import ChunkKey, Layout
from mars_nb.planner.plan import Plan
from mars_nb.scheduler.state import Graph, Key
from mars_nb.session.timeline import Timeline


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a recorded operation is, or several of one name that were recorded on one line.

    Attributes
    ----------
    node
        The operation.
    done, running, total
        Numbers of chunk tasks.
    seconds
        What the chunk tasks that are done took, together.
    under_way
        Seconds since those that run began, together.
    part
        What parts of those that run are done, together, as far as they told.
    number
        Of operations; `node` is the first.
    """

    node: Node
    done: int
    running: int
    total: int
    seconds: float = 0.0
    under_way: float = 0.0
    number: int = 1
    part: float = 0.0


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes of a session: results and intermediate values.

    Attributes
    ----------
    held, spilled
        In memory, and on disk.
    limit
        What may be in memory.
    peak
        The most that was in memory while a task ran.
    """

    held: int = 0
    spilled: int = 0
    limit: int = 0
    peak: int = 0


class OnTheWay(NamedTuple):
    """A value that was computed on the way to a result and is kept, but is no result.

    Attributes
    ----------
    node
        What it is the value of.
    layout
        How it is cut.
    nbytes
        Its bytes in memory.
    at
        When it was computed, in seconds since the epoch.
    """

    node: Node
    layout: Layout
    nbytes: int
    at: float


class Work(Protocol):
    """An execution that was started."""

    def cancel(self) -> object:
        """Let nothing more start. Any thread; does not wait."""

    def progress(self) -> tuple[Progress, ...]:
        """Tell how far each operation is. Any thread."""

    def memory(self) -> Memory:
        """Tell what is in memory and what was at most, since it began. Any thread."""

    @property
    def n_threads(self) -> int:
        """How many chunk tasks can run at a time."""

    @property
    def timeline(self) -> Timeline | None:
        """What ran where and when; keeps nothing else. None for what runs no chunk tasks."""


class Backend(Protocol):
    """Executes recordings and keeps their results. All methods may be called from any thread."""

    @property
    def address(self) -> str | None:
        """Where it is; None for this process."""

    @property
    def n_threads(self) -> int:
        """How many chunk tasks run at a time."""

    @property
    def nbytes(self) -> int:
        """Bytes of all results."""

    @property
    def memory(self) -> int:
        """Bytes of results and intermediate values that are in memory."""

    @property
    def spilled(self) -> int:
        """Bytes of results and intermediate values that are on disk."""

    @property
    def memory_limit(self) -> int:
        """Bytes that may be in memory."""

    def submit(
        self, nodes: Sequence[Node], done: Callable[[BaseException | None], None], begun: Callable[[Work], object]
    ) -> None:
        """Start to compute and keep the values of `nodes`.

        `done` is called once, on any thread: with None when the results are kept, or with the error.
        It is not called for a cancelled execution. `begun` is called with the work before any of it starts, so that
        an interrupt at whatever moment cannot leave work behind that nobody knows.
        """

    def plan(self, nodes: Sequence[Node]) -> Plan:
        """Tell what `submit` would run; not to be run itself."""

    def run(
        self,
        graph: Graph,
        outputs: Collection[Key],
        done: Callable[[dict[Key, Any], BaseException | None], None],
        begun: Callable[[Work], object],
    ) -> None:
        """Start to run chunk tasks whose values are handed over instead of kept.

        `done` is called once, on any thread: with the outputs' values, or with nothing and the error.
        It is not called for a cancelled execution. For `begun` see `submit`.
        """

    def layout(self, name: str) -> Layout | None:
        """Tell how a result is cut, None if it is not there."""

    def nbytes_of(self, name: str) -> int:
        """Tell the bytes of a result, 0 if it is not there."""

    def spilled_of(self, name: str) -> int:
        """Tell how many bytes of a result are on disk only."""

    def intermediates(self) -> list[OnTheWay]:
        """List what is kept though it is no result."""

    def read(self, name: str, keys: Sequence[ChunkKey], into: Sequence[Any] = ()) -> list[Any]:
        """Bring chunks of a result.

        Parameters
        ----------
        name
            Of the result.
        keys
            Of the chunks.
        into
            If given, an array for each chunk, of its shape, which may be filled and given in its place.
        """

    def release(self, name: str) -> None:
        """Let a result go. May be called by the garbage collector at any moment."""

    def close(self) -> None:
        """Cancel everything and let all results go."""


class Receiver(Backend, Protocol):
    """A backend that takes results which were computed elsewhere."""

    def place(self, name: str, number: int, chunk: Any) -> None:
        """Take a chunk of a result that is to come; waits until it is there."""

    def adopt(self, node: Node, layout: Layout, log: str) -> None:
        """Keep a result, all chunks of which were placed, as if it had been computed here.

        `log` is what was printed while it was computed.
        """
