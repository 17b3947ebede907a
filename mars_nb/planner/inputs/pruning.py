"""Which columns of files are wanted: only those are read.

A walk from the targets back to what is read tells for each frame which of its columns the operations on it look at.
Formats that keep columns apart are asked for these; a text has to be read in full anyway.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd

from mars_nb.files.reader import TypedReader
from mars_nb.graph.meta import PandasMeta
from mars_nb.graph.node import Arguments, Function, Node, Path
from mars_nb.planner.inputs.reading import reader_of

# Columns that are wanted of a frame; None for all.
_Wanted = frozenset[Any] | None


def pruned(nodes: Sequence[Node], targets: Iterable[Node]) -> dict[Node, list[Any]]:
    """Tell of which nodes only some columns are computed.

    Parameters
    ----------
    nodes
        All that is computed, inputs first.
    targets
        Those of which all is wanted.

    Returns
    -------
    dict
        By node, the columns that are wanted. Nodes that read are among them, and those in between that are computed
        from what these read.
    """
    if not any(_can_select(node) for node in nodes):
        return {}
    wanted: dict[Node, _Wanted] = dict.fromkeys(targets)
    for node in reversed(nodes):
        for input_, columns in _looked_at(node, wanted.get(node)):
            before = wanted.get(input_, frozenset())
            wanted[input_] = None if before is None or columns is None else before | columns
    partial: dict[Node, list[Any]] = {}
    for node in nodes:
        columns = wanted.get(node)
        if columns and (_can_select(node) or any(input_ in partial for input_ in node.inputs)):
            partial[node] = [name for name in _columns(node) if name in columns]
    return partial


def _can_select(node: Node) -> bool:
    return isinstance(reader_of(node), TypedReader) and len(_columns(node)) > 0


def _columns(node: Node) -> list[Any]:
    sample = node.meta.sample if isinstance(node.meta, PandasMeta) else None
    return list(sample.columns) if isinstance(sample, pd.DataFrame) and sample.columns.is_unique else []


def _looked_at(node: Node, wanted: _Wanted) -> list[tuple[Node, _Wanted]]:
    """Tell which columns of its inputs an operation looks at, for the columns of its value that are wanted."""
    base = node.args[0] if node.args else None
    columns = _of_base(node, base, wanted) if isinstance(base, Node) and _columns(base) else None
    if columns is None or not isinstance(base, Node) or not columns <= frozenset(_columns(base)):
        return [(input_, None) for input_ in node.inputs]
    others = [input_ for input_ in node.inputs if input_ is not base]
    return [(base, columns), *((input_, None) for input_ in others)]


def _of_base(node: Node, base: Node, wanted: _Wanted) -> _Wanted:
    if isinstance(node.op, Function):
        if node.op.name == "getitem" and len(node.args) == 2:
            key = node.args[1]
            return wanted if _is_series(key) else _labels(key)
        if node.op.name == "setitem" and len(node.args) == 3 and isinstance(node.args[1], str):
            return None if wanted is None else wanted - {node.args[1]}
        return None
    if not isinstance(node.op, Path):
        return None
    calls = [call for call in node.args[1:] if isinstance(call, Arguments)]
    if node.op.names in (("head",), ("tail",), ("copy",)):
        return wanted
    if node.op.names[:2] == ("groupby", "__getitem__") and len(calls) >= 2:
        return _grouped(calls[0], calls[1])
    return None


def _is_series(value: Any) -> bool:
    return isinstance(value, Node) and isinstance(value.meta, PandasMeta) and isinstance(value.meta.sample, pd.Series)


def _labels(key: Any) -> _Wanted:
    if isinstance(key, str):
        return frozenset((key,))
    return frozenset(key) if isinstance(key, list) and key and all(isinstance(name, str) for name in key) else None


def _grouped(by: Arguments, selected: Arguments) -> _Wanted:
    """Tell the columns of ``groupby(keys)[names]``."""
    keys = _labels(by.args[0] if by.args else by.kwargs.get("by"))
    names = _labels(selected.args[0]) if len(selected.args) == 1 else None
    plain = len(by.args) < 2 and "level" not in by.kwargs and "axis" not in by.kwargs
    return keys | names if keys is not None and names is not None and plain else None
