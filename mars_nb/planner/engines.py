"""Which engine a recording is for, told without loading the columnar one.

What is small is done by pandas before Polars has looked at it, so the columnar engine is asked, and loaded, only where
there is much to look at.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from mars_nb.config import options
from mars_nb.graph.meta import PandasMeta
from mars_nb.graph.node import Node
from mars_nb.planner.estimate import nbytes_of_value

if TYPE_CHECKING:
    from mars_nb.planner.columnar.stages import Found

#: Bytes of what a recording begins with from which on the columnar engine is asked.
LEAST_BYTES = 2**21

#: Part of a session's memory that a query may take at the most, its inputs among it.
PART = 0.5


class Memory(NamedTuple):
    """What a session has for queries.

    Attributes
    ----------
    limit
        Bytes that it may have in memory.
    left
        Bytes that it has not.
    """

    limit: int
    left: int

    def allows(self, chunks: int, work: int, answer: int) -> bool:
        """Tell whether a query may take so many bytes: for inputs that are brought to it, on the way, for its answer.

        Examples
        --------
        >>> Memory(1000, 700).allows(300, 100, 50), Memory(1000, 700).allows(300, 100, 150)
        (True, False)
        """
        return chunks + work + answer <= PART * self.limit and work + answer <= self.left


def find(
    nodes: Sequence[Node],
    targets: Sequence[Node],
    is_held: Callable[[Node], bool],
    nbytes_of: Callable[[str], int] = lambda key: 0,
    memory: Memory | None = None,
    near: bool = False,
) -> Found | None:
    """Find sub-plans for the columnar engine, None if there cannot be any.

    Parameters
    ----------
    nodes, targets, is_held
        See `mars_nb.planner.columnar.stages.find`.
    nbytes_of
        Tells the bytes of a stored result.
    memory
        What queries may take; None for any amount.
    near
        Whether queries run in this process.
    """
    if why_not(nodes, is_held, nbytes_of):
        return None
    from mars_nb.planner.columnar import stages  # loads Polars

    def nbytes(node: Node) -> int | None:
        return nbytes_of(node.key) if is_held(node) else nbytes_of_value(node)

    return stages.find(nodes, targets, is_held, nbytes, options.engine == "columnar", memory, near)


def why_not(
    nodes: Sequence[Node], is_held: Callable[[Node], bool], nbytes_of: Callable[[str], int] = lambda key: 0
) -> str:
    """Tell why the columnar engine is not asked at all, empty if it is; see `find`."""
    engine = options.engine
    if engine == "pandas":
        return "options.engine is 'pandas'"
    frames = [node for node in nodes if isinstance(node.meta, PandasMeta)]
    if not frames:
        return "there are no data frames"
    begins = (node for node in frames if not node.inputs or is_held(node))
    known = sum(nbytes_of(node.key) if is_held(node) else nbytes_of_value(node) or 0 for node in begins)
    if engine == "auto" and known < LEAST_BYTES:
        return f"it begins with less than {LEAST_BYTES >> 20} MiB, which pandas is quicker with"
    return ""


def is_refusal(error: BaseException) -> bool:
    """Tell an error that means that the columnar engine cannot compute what it was given, not that nobody can."""
    return type(error).__name__ == "NotColumnar" and type(error).__module__.startswith("mars_nb.")
