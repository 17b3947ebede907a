"""What the user is told when an operation on many chunks has no form for them: by a warning, or by an error."""

from __future__ import annotations

from typing import Any

from mars_nb.config import options
from mars_nb.errors import WholeError, WholeWarning
from mars_nb.graph.callsite import CallSite, warn_once
from mars_nb.graph.estimate import Size
from mars_nb.graph.node import Node
from mars_nb.graph.structure import leaves
from mars_nb.planner.context import Building
from mars_nb.planner.estimate import nbytes_of_value
from mars_nb.planner.layout import Single

# Operations that call a function of the user's with all rows, or with items along a dimension, and what may do instead.
_CALLING = frozenset(
    "apply transform agg aggregate pipe numpy.apply_along_axis numpy.apply_over_axes numpy.vectorize".split()
)
_MAP_CHUNK = "; if some rows at a time are enough for the function, x.map_chunk(function) calls it for each chunk"


def _is_users(leaf: Any) -> bool:
    return callable(leaf) and not isinstance(leaf, Node | type)


def tell(building: Building, node: Node) -> None:
    """Tell that a node will be lowered whole; harmless if none of its inputs has many chunks.

    Raises
    ------
    WholeError
        If the user wants it so (``options.on_gather``).
    """
    many = [i for i in node.inputs if not isinstance(building.lowered[i], Single)]
    wish = options.on_gather
    if not many or wish == "allow" or node.op.name == "remote.RemoteFunction":  # which was given to get all of it
        return
    chunks = sum(len(building.lowered[i].keys) for i in many)
    sizes = [nbytes_of_value(i) for i in many]
    size = Size(chunks, sum(filter(None, sizes)) if None not in sizes else None)
    way = _MAP_CHUNK if node.op.name in _CALLING and any(map(_is_users, leaves((node.args, node.kwargs)))) else ""
    message = (
        f"{node.label} has no form for many chunks here: {' of '.join(size.words())} are gathered into one for it, "
        f"which takes the memory of all and one thread{way}"
    )
    if wish == "error":
        place = f"; recorded in {node.site.place}" if node.site else ""
        hints = ["mars_nb.options.on_gather = 'warn'  # or 'allow'; before it, select rows or columns, or aggregate"]
        raise WholeError(f"{message}{place}", hints=hints)
    warn_once(WholeWarning, message, node.site or CallSite("<unknown>", 1), node.label)
