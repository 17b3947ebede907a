"""Which engine a recording is for, told without loading the columnar one.

What is small is done by pandas before Polars has looked at it, so the columnar engine is asked, and loaded, only where
there is much to look at.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from mars_nb.config import options
from mars_nb.graph.node import Node
from mars_nb.planner.estimate import nbytes_of_value

if TYPE_CHECKING:
    from mars_nb.planner.columnar.stages import Found

#: Bytes of what a recording begins with from which on the columnar engine is asked.
LEAST_BYTES = 2**21


def find(
    nodes: Sequence[Node],
    targets: Sequence[Node],
    is_held: Callable[[Node], bool],
    nbytes_of: Callable[[str], int] = lambda key: 0,
) -> Found | None:
    """Find sub-plans for the columnar engine, None if there cannot be any.

    Parameters
    ----------
    nodes, targets, is_held
        See `mars_nb.planner.columnar.stages.find`.
    nbytes_of
        Tells the bytes of a stored result.
    """
    if why_not(nodes, is_held, nbytes_of):
        return None
    from mars_nb.planner.columnar import stages  # loads Polars

    def nbytes(node: Node) -> int | None:
        return nbytes_of(node.key) if is_held(node) else nbytes_of_value(node)

    return stages.find(nodes, targets, is_held, nbytes, always=options.engine == "columnar")


def why_not(
    nodes: Sequence[Node], is_held: Callable[[Node], bool], nbytes_of: Callable[[str], int] = lambda key: 0
) -> str:
    """Tell why the columnar engine is not asked at all, empty if it is; see `find`."""
    engine = options.engine
    if engine == "pandas":
        return "options.engine is 'pandas'"
    begins = (node for node in nodes if not node.inputs or is_held(node))
    known = sum(nbytes_of(node.key) if is_held(node) else nbytes_of_value(node) or 0 for node in begins)
    if engine == "auto" and known < LEAST_BYTES:
        return f"it begins with less than {LEAST_BYTES >> 20} MiB, which pandas is quicker with"
    return ""


def is_refusal(error: BaseException) -> bool:
    """Tell an error that means that the columnar engine cannot compute what it was given, not that nobody can."""
    return type(error).__name__ == "NotColumnar" and type(error).__module__.startswith("mars_nb.")
