"""Operations that are counted together: those of one name that were recorded on one line.

A thousand calls of a function in a loop are a thousand recorded operations, but one thing to whoever looks on. Counted
together they also cost no more to look at than one.
"""

from __future__ import annotations

from collections.abc import Hashable

from mars_nb.graph.callsite import CallSite
from mars_nb.graph.node import Node


class Group:
    """Operations of one name and line.

    Attributes
    ----------
    node
        The one that was recorded first.
    number
        How many there are.
    """

    __slots__ = ("node", "number")

    def __init__(self, node: Node) -> None:
        self.node = node
        self.number = 0

    def add(self, node: Node) -> None:
        """Take one more."""
        self.number += 1
        self.node = min(self.node, node, key=lambda one: one.key)  # keys grow


class Grouping:
    """The groups of one run.

    Examples
    --------
    >>> import mars_nb.remote as mr
    >>> grouping = Grouping()
    >>> groups = {grouping.of(mr.spawn(len, args=("",))._node) for _ in range(3)}
    >>> [(group.node.short_name, group.number) for group in groups]
    [('len', 3)]
    """

    def __init__(self) -> None:
        self._groups: dict[tuple[str, CallSite | None], Group] = {}

    def of(self, operation: Hashable) -> Hashable:
        """Give the group of an operation, asked once for each; what is no node is counted by itself."""
        if not isinstance(operation, Node):
            return operation
        group = self._groups.setdefault((operation.short_name, operation.site), Group(operation))
        group.add(operation)
        return group
