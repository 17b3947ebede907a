"""Which engine a recording is for, told without loading the columnar one.

What is small is done by pandas before Polars has looked at it, so the columnar engine is asked, and loaded, only where
there is much to look at.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from mars_nb.config import options
from mars_nb.graph.meta import PandasMeta
from mars_nb.graph.node import Node, ordered
from mars_nb.planner.estimate import nbytes_of_value
from mars_nb.text import size

if TYPE_CHECKING:
    from mars_nb.planner.columnar.stages import Found

#: Bytes of what a recording begins with from which on the columnar engine is asked.
LEAST_BYTES = 2**21

#: Part of a session's memory that a query may take at the most, its inputs among it.
PART = 0.5

_process = os.getpid()


class Memory(NamedTuple):
    """What a session has for queries.

    Attributes
    ----------
    limit
        Bytes that it may have in memory.
    left
        Bytes that it has not.
    most
        Bytes of inputs from which on other ways are better; None if none are.
    """

    limit: int
    left: int
    most: int | None = None

    def why_not(self, read: int, chunks: int, work: int, answer: int) -> str:
        """Tell why a query is not begun that may take so many bytes, empty if it is.

        Parameters
        ----------
        read
            Of all inputs.
        chunks
            Of those that are brought to the query as a whole.
        work
            Of what is kept on the way.
        answer
            Of the answer.

        Examples
        --------
        >>> Memory(1000, 700).why_not(300, 300, 100, 50), Memory(1000, 700).why_not(300, 300, 100, 150)
        ('', 'what it takes at the most may not fit into memory')
        """
        if self.most is not None and read > self.most:
            return f"{size(read)} are read, which are shared out among the workers"
        if chunks + work + answer > PART * self.limit or work + answer > self.left:
            return "what it takes at the most may not fit into memory"
        return ""


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

    @cache
    def known(node: Node) -> int | None:
        return nbytes_of(node.key) if is_held(node) else nbytes_of_value(node)

    def nbytes(node: Node) -> int | None:
        """Tell the bytes of a value; where nobody knows, of what it is made of."""
        return sum(known(each) or 0 for each in ordered([node], lambda each: known(each) is not None)) or None

    return stages.find(nodes, targets, is_held, nbytes, options.engine == "columnar", memory, near)


def why_not(
    nodes: Sequence[Node], is_held: Callable[[Node], bool], nbytes_of: Callable[[str], int] = lambda key: 0
) -> str:
    """Tell why the columnar engine is not asked at all, empty if it is; see `find`."""
    engine = options.engine
    if engine == "pandas":
        return "options.engine is 'pandas'"
    if os.getpid() != _process:
        return "this process was forked, and Polars's threads were not"
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
