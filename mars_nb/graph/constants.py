"""Values that are known when they are recorded, as compilers fold constants.

What is small takes less time to compute than to plan, and what is recorded is tried on a few rows in any case. Where
all that an operation needs is known, and small, it is tried on that, and the answer is kept at the node until it is
executed or let go. It can be let go at any time: then it is computed like anything else.

Concurrency
-----------
All may be called from any thread; a `Kept` has a lock, which guards its list. A node's constant is put in place and
taken away in one step, so it is read without the lock.
"""

from __future__ import annotations

import math
import threading
import weakref
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, NamedTuple

from mars_nb.graph.meta import Meta
from mars_nb.graph.node import Constant, Node

if TYPE_CHECKING:
    from mars_nb.files.reader import Reader

#: Bytes of all constants together, at the most.
MOST_BYTES = 2**26
# What one counts at least, so that there are some thousands at the most.
_LEAST = 2**14


class Folded(NamedTuple):
    """What is found of an operation that is computed when it is recorded.

    Attributes
    ----------
    meta
        What is known of the value.
    value
        An array, a pandas object or a scalar; never written to.
    readers
        Of the files that it was computed from.
    """

    meta: Meta
    value: Any
    readers: frozenset[Reader] = frozenset()


class Kept:
    """The nodes with constants; those that were not used for the longest time lose them when there are too many.

    Parameters
    ----------
    most
        Bytes of all at the most.

    Attributes
    ----------
    nbytes : int
        About how many bytes there are; more than that, as long as nobody looked which nodes are gone.
    """

    def __init__(self, most: int) -> None:
        self.nbytes = 0
        self._most = most
        self._lock = threading.Lock()
        self._nodes: OrderedDict[str, tuple[weakref.ref[Node], int]] = OrderedDict()  # by key, used last at the end

    def put(self, node: Node, folded: Folded) -> None:
        """Keep a value at its node, which was just recorded."""
        nbytes = max(_LEAST, nbytes_of(folded.value))
        node.constant = Constant(folded.value, nbytes, folded.readers)
        with self._lock:
            self.nbytes += nbytes - self._nodes.pop(node.key, (None, 0))[1]
            self._nodes[node.key] = weakref.ref(node), nbytes
            if self.nbytes > self._most:
                self._make_room()

    def use(self, node: Node) -> Constant | None:
        """Give a node's constant, which is kept for longer than others now."""
        found = node.constant
        if found is not None:
            with self._lock:
                if node.key in self._nodes:
                    self._nodes.move_to_end(node.key)
        return found

    def _make_room(self) -> None:
        for key in [key for key, (node, _) in self._nodes.items() if node() is None]:
            self.nbytes -= self._nodes.pop(key)[1]
        while self.nbytes > self._most * 3 // 4:  # some at a time
            node, nbytes = self._nodes.popitem(last=False)[1]
            self.nbytes -= nbytes
            gone = node()
            if gone is not None:
                gone.constant = None


#: Of this process.
kept = Kept(MOST_BYTES)


def nbytes_of(value: Any) -> int:
    """Tell about how many bytes a value has: eight for each item, whatever it is."""
    return 8 * math.prod(getattr(value, "shape", ()))
