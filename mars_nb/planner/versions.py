"""Of which version the files are that a node reads."""

from __future__ import annotations

import os
from collections.abc import Hashable

from mars_nb.graph.node import Node


def version(node: Node) -> Hashable | None:
    """Tell size and time of the files that a node reads; None if it reads none."""
    path = node.args[0] if node.op.name == "pandas.read_csv" and node.args else None
    if not isinstance(path, str | os.PathLike) or not os.path.exists(path):
        return None
    found = os.stat(path)
    return found.st_size, found.st_mtime_ns
