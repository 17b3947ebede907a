"""What the user is told when an operation on many chunks has no form for them: by a warning, or by an error."""

from __future__ import annotations

import warnings

from mars_nb.config import options
from mars_nb.errors import WholeError, WholeWarning
from mars_nb.graph.callsite import CallSite
from mars_nb.graph.estimate import Size
from mars_nb.graph.node import Node
from mars_nb.planner.context import Building
from mars_nb.planner.estimate import nbytes_of_value
from mars_nb.planner.layout import Single

# What Python notes of the warnings that were shown, for each operation and line: so each warns once, whatever its
# text, unless the user's filters say otherwise.
_shown: dict[tuple[CallSite | None, str], dict[str | tuple[str, type[Warning], int], int]] = {}


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
    message = (
        f"{node.label} has no form for many chunks here: {' of '.join(size.words())} are gathered into one for it, "
        "which takes the memory of all and one thread"
    )
    if wish == "error":
        place = f"; recorded in {node.site.place}" if node.site else ""
        raise WholeError(message + place, hints=["mars_nb.options.on_gather = 'warn'  # or 'allow'"])
    _warn(node, message)


def _warn(node: Node, message: str) -> None:
    filename, line = ("<unknown>", 1) if node.site is None else node.site
    shown = _shown.setdefault((node.site, node.label), {})
    if any(name != "version" for name in shown):
        shown[message, WholeWarning, line] = True
    warnings.warn_explicit(message, WholeWarning, filename, line, registry=shown)
