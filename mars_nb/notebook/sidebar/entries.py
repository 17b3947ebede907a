"""What a panel is told of an operation, a task, a result, a lazy object and a session. Pure, and never long.

A snapshot goes through jupyter_server, which drops what a kernel sends beyond 1 MB a second. So all texts are cut, and
`shares` says how many of all entries each session may tell.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Literal, cast

from mars_nb.graph.meta import Meta, PandasMeta, TensorMeta, dtype_of
from mars_nb.graph.showing import label as cut
from mars_nb.notebook.sidebar.messages import Lazy, Operation, Result, Session, Task
from mars_nb.text import without_secrets

if TYPE_CHECKING:
    from mars_nb import session as sessions
    from mars_nb.graph.callsite import CallSite
    from mars_nb.notebook.sidebar.cellids import CellIds
    from mars_nb.session.events import OperationCounts

#: Characters of an error and an address, and of a name of the user's: longer ones are left out.
_MOST_WORDS, _MOST_NAME = 300, 100
#: Names of an object, and lengths of a shape.
_MOST_NAMES, _MOST_LENGTHS = 8, 16
#: How many operations of a task are told.
MOST_OPERATIONS = 200

#: What a panel's clock tells, too.
_TIMES = ("elapsed", "remaining")
State = Literal["waiting", "running", "done", "failed", "cancelled"]


def task(info: sessions.TaskInfo, cells: CellIds) -> Task:
    """Tell of a task, with its operations."""
    state = "waiting" if info.waiting and info.state == "running" else info.state
    where = cells.where(info.place)
    found: Task = {
        "number": info.number,
        "label": cut(info.names or info.label),
        "place": where["place"],
        "cell": where["cell"],
        "line": where["line"],
        "state": cast(State, state),
        "started_at": round(info.started_at, 3),
        "elapsed": round(info.elapsed, 2),
        "done": info.done,
        "running": info.running,
        "total": info.total,
        "fraction": round(info.fraction, 3),
        "peak": info.peak,
        "operations": _operations(info.operations, cells),
    }
    if info.remaining is not None:
        found["remaining"] = round(info.remaining, 1)
    if info.error:
        found["error"] = cut(info.error, _MOST_WORDS)
    return found


def groups(counts: Iterable[OperationCounts]) -> list[list[OperationCounts]]:
    """Put operations together that have the same name and were recorded on the same line."""
    found: dict[tuple[str, CallSite | None], list[OperationCounts]] = {}
    for one in counts:
        found.setdefault((one.name or one.label, one.site), []).append(one)
    return list(found.values())


def _operations(counts: Iterable[OperationCounts], cells: CellIds) -> dict[str, Operation]:
    chosen = [(order, group, sum(one.done for one in group)) for order, group in enumerate(groups(counts))]
    totals = [sum(one.total for one in group) for _, group, _ in chosen]
    if len(chosen) > MOST_OPERATIONS:  # those that are not done say more
        chosen = sorted(chosen, key=lambda one: one[2] == totals[one[0]])[:MOST_OPERATIONS]
    return {
        group[0].key: {
            "label": cut(group[0].name or group[0].label),
            "order": order,
            "done": done,
            "running": sum(one.running for one in group),
            "total": totals[order],
            **cells.where("" if group[0].site is None else group[0].site.place),
        }
        for order, group, done in chosen
    }


def same_but_for_time(one: Task, other: Task) -> bool:
    """Tell whether nothing else passed than time: a panel has a clock of its own."""
    return one.keys() == other.keys() and all(
        value == other.get(name) for name, value in one.items() if name not in _TIMES
    )


def result(found: sessions.Result, names: Sequence[str], cells: CellIds) -> Result:
    """Tell of a result, with the user's names for it."""
    return {
        "kind": cut(found.kind),
        "label": cut(found.label),
        "dtype": cut(found.dtype),
        "shape": list(found.shape[:_MOST_LENGTHS]),
        "nbytes": found.nbytes,
        "spilled": found.spilled,
        "chunks": found.chunks,
        "executed_at": round(found.executed_at, 6),  # so that each is told from the next
        **cells.where(found.place),
        "names": _fit(names),
    }


def lazy(thing: Any, names: Sequence[str], tasks: Sequence[int], cells: CellIds) -> Lazy:
    """Tell of a lazy object, with the user's names for it and the tasks that compute it."""
    node = thing._node
    return {
        "kind": cut(type(thing).__name__),
        "label": cut(node.label),
        "dtype": cut(dtype_of(node.meta)),
        "shape": _shape(node.meta),
        **cells.where("" if node.site is None else node.site.place),
        "names": _fit(names),
        "tasks": list(tasks),
    }


def _shape(meta: Meta) -> list[int | str]:
    match meta:
        case TensorMeta(shape=shape):
            return ["?" if math.isnan(length) else int(length) for length in shape[:_MOST_LENGTHS]]
        case PandasMeta(sample=sample, rows=rows, open=is_open):
            columns: list[int | str] = ["?" if is_open else sample.shape[1]] if sample.ndim == 2 else []
            return ["?" if rows is None else rows, *columns]
        case _:
            return []


def _fit(names: Sequence[str]) -> list[str]:
    """Choose names: what is cut would not work where it is inserted."""
    return [name for name in names if len(name) <= _MOST_NAME][:_MOST_NAMES]


def session(found: sessions.Session, results: dict[str, Result], total: int, tasks: dict[str, Task]) -> Session:
    """Tell of a session.

    Parameters
    ----------
    found
        The session.
    results, tasks
        The entries that are told.
    total
        Number of all results.
    """
    return {
        "name": cut(found.name, _MOST_NAME),
        "order": found.number,
        "address": cut(without_secrets(found.address or ""), _MOST_WORDS),
        "threads": found.n_threads,
        "memory": found.memory,
        "spilled": found.spilled,
        "limit": found.memory_limit,
        "results": results,
        "results_total": total,
        "nbytes": found.nbytes,
        "tasks": tasks,
    }


def shares(counts: Sequence[int], total: int) -> list[int]:
    """Tell how many of its entries each session may tell, so that together they are not more than `total`.

    Those who have few tell all; the others share what is left alike.

    Examples
    --------
    >>> shares([5, 100, 2, 100], 50)
    [5, 21, 2, 22]
    >>> shares([5, 7], 50)
    [5, 7]
    """
    found = list(counts)
    if sum(counts) <= total:
        return found
    left = total
    by_size = sorted(range(len(counts)), key=counts.__getitem__)
    for place, index in enumerate(by_size):
        found[index] = min(counts[index], left // (len(counts) - place))
        left -= found[index]
    return found
