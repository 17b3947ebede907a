"""How progress looks: pure functions from a task's `Snapshot` to text and HTML. All views draw with them."""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mars_nb.graph.node import Function, Node

if TYPE_CHECKING:
    from mars_nb.session import Snapshot

#: How many operations are named at a time.
NAMED = 3
_BAR = 20


@dataclass(frozen=True, slots=True)
class Step:
    """How far the operations of one name are."""

    name: str
    done: int
    running: int
    total: int

    def __str__(self) -> str:
        return f"{self.name} {self.done}/{self.total}"


def short_name(node: Node) -> str:
    """Name an operation as the user wrote it: ``read_csv``, ``groupby.sum``, a function's own name."""
    name = node.op.name
    if isinstance(node.op, Function):
        if name == "remote.RemoteFunction":
            target = getattr(node.op.target, "func", node.op.target)
            return str(getattr(target, "__name__", type(target).__name__))
        return name.removeprefix("numpy.").removeprefix("pandas.")
    return name


def steps(snapshot: Snapshot) -> list[Step]:
    """Count the chunk tasks of each operation, those of the same name together, in the order of recording."""
    found: dict[str, Step] = {}
    for operation in snapshot.operations:
        name = short_name(operation.node)
        old = found.get(name, Step(name, 0, 0, 0))
        found[name] = Step(
            name, old.done + operation.done, old.running + operation.running, old.total + operation.total
        )
    return list(found.values())


def current(snapshot: Snapshot) -> str:
    """Name the operations that are being worked on, such as ``read_csv 3/4, groupby.sum 1/2``."""
    if snapshot.state == "done":
        return ""
    begun = [step for step in steps(snapshot) if step.running or 0 < step.done < step.total]
    more = [f"{len(begun) - NAMED} more"] if len(begun) > NAMED else []
    return ", ".join([*map(str, begun[:NAMED]), *more])


def label(snapshot: Snapshot) -> str:
    """Say how a task stands, such as ``45%, 12/27 chunk tasks, 1.2 s: read_csv 3/4``."""
    begin = f"{snapshot.fraction:.0%}" if snapshot.state == "running" else snapshot.state
    done = f"{begin}, {snapshot.done}/{snapshot.total} chunk tasks, {_time(snapshot.elapsed)}"
    now = current(snapshot)
    return f"{done}: {now}" if now else done


def line(snapshot: Snapshot, width: int = 100) -> str:
    """Draw a task as one line of text that is shorter than `width`."""
    filled = int(snapshot.fraction * _BAR)
    text = f"[{'#' * filled}{'.' * (_BAR - filled)}] {label(snapshot)}"
    return text if len(text) < width else (text[: max(0, width - 4)] + "...")[: max(0, width - 1)]


def as_html(snapshot: Snapshot) -> str:
    """Draw a task as HTML that needs neither a kernel nor scripts."""
    bar = f'<progress value="{snapshot.fraction:.3f}" max="1"></progress>'
    return f'<div class="mars-nb-progress">{bar} {label_html(snapshot)}</div>'


def label_html(snapshot: Snapshot) -> str:
    """Give the `label` as HTML."""
    return f"<span>{html.escape(label(snapshot))}</span>"


def bundle(snapshot: Snapshot) -> dict[str, str]:
    """Draw a task in each form in which a notebook is read."""
    return {"text/plain": line(snapshot), "text/html": as_html(snapshot)}


def _time(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min {rest:02} s"
