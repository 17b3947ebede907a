"""What progress says: pure functions from a task's `Snapshot` to text. `mars_nb.notebook.markup` says it in HTML."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mars_nb.graph.showing import label
from mars_nb.text import count, duration, size

if TYPE_CHECKING:
    from mars_nb.session import Snapshot

#: How many operations are named at a time in a line.
NAMED = 3
#: ... and how many have a row of their own where there are rows.
ROWS = 8
_NAME = 40
_BAR = 20
_MINUTE, _HOUR = 60, 3600


@dataclass(frozen=True, slots=True)
class Step:
    """How far the operations of one name are.

    Attributes
    ----------
    name
        As the user wrote it.
    done, running, total
        Numbers of chunk tasks.
    seconds
        Thread time, also of the chunk tasks that are not done.
    part
        What parts of the running ones are done, together.
    """

    name: str
    done: int
    running: int
    total: int
    seconds: float
    part: float = 0.0

    @property
    def share(self) -> float:
        """How much is done, from 0 to 1."""
        return (self.done + self.part) / self.total

    @property
    def begun(self) -> bool:
        """Whether it is being worked on."""
        return bool(self.running or 0 < self.done < self.total)

    def __str__(self) -> str:
        return f"{self.name} {self.done}/{self.total}"


def steps(snapshot: Snapshot) -> list[Step]:
    """Count the chunk tasks of each operation, those of the same name together, in the order of recording."""
    found: dict[str, Step] = {}
    for operation in snapshot.operations:
        name = label(operation.node.short_name, _NAME)
        old = found.get(name, Step(name, 0, 0, 0, 0.0))
        found[name] = Step(
            name,
            old.done + operation.done,
            old.running + operation.running,
            old.total + operation.total,
            old.seconds + operation.seconds + operation.under_way,
            old.part + operation.part,
        )
    return list(found.values())


def chosen(found: Sequence[Step], most: int = ROWS) -> list[Step]:
    """Choose the steps that have rows: those that run, then those to come; in their order."""
    urgency = {step.name: (not step.running, not step.begun, step.done == step.total) for step in found}
    kept = {step.name for step in sorted(found, key=lambda step: urgency[step.name])[:most]}
    return [step for step in found if step.name in kept]


def slowest(found: Iterable[Step], most: int) -> list[tuple[Step, float]]:
    """Give the steps that took most thread time, and their shares of all of it."""
    by_time = sorted(found, key=lambda step: -step.seconds)
    total = sum(step.seconds for step in by_time)
    return [(step, step.seconds / total) for step in by_time[:most] if step.seconds > 0.0]


def rest(number: int) -> str:
    """Sum up the operations that are not listed."""
    return f"and {count(number, 'more operation')}" if number else ""


# --- facts -----------------------------------------------------------------------------------------------------------


def percent(snapshot: Snapshot) -> str:
    """Write how much is done; 100% only when all is."""
    return f"{int(snapshot.fraction * 100)}%"


def left(snapshot: Snapshot) -> str:
    """Write how long the rest takes, as roughly as that is known."""
    seconds = snapshot.remaining
    if seconds is None:
        return ""
    if seconds < 2 * _MINUTE:
        return f"about {_to(seconds, 1 if seconds < 20 else 5)} s left"
    if seconds < 2 * _HOUR:
        return f"about {_to(seconds / _MINUTE, 1 if seconds < 20 * _MINUTE else 5)} min left"
    return f"about {round(seconds / _HOUR)} h left"


def _to(number: float, unit: int) -> int:
    return max(1, round(number / unit)) * unit


def elapsed(snapshot: Snapshot) -> str:
    """Write how long a running task has been at it: whole seconds, so that it does not flicker."""
    return f"{int(snapshot.elapsed)} s" if snapshot.elapsed < _MINUTE else duration(int(snapshot.elapsed))


def chunk_tasks(snapshot: Snapshot) -> str:
    """Write how many chunk tasks there are, and how many of them are done."""
    all_of_them = count(snapshot.total, "chunk task")
    return all_of_them if snapshot.state == "done" else f"{snapshot.done} of {all_of_them}"


def threads(snapshot: Snapshot) -> str:
    """Write how many threads are at work."""
    return f"{snapshot.busy} of {count(snapshot.n_threads, 'thread')} busy" if snapshot.n_threads else ""


def memory(snapshot: Snapshot) -> str:
    """Write what the session has in memory."""
    now = snapshot.memory
    return f"memory {size(now.held)} of {size(now.limit)}" if now.limit else ""


def spilled(snapshot: Snapshot) -> str:
    """Write what the session has on disk."""
    return f"{size(snapshot.memory.spilled)} on disk" if snapshot.memory.spilled else ""


def outcome(snapshot: Snapshot) -> str:
    """Write how a task that is over has ended, without its state's name: ``in 12.3 s: 27 chunk tasks, ...``."""
    facts = [chunk_tasks(snapshot)]
    if snapshot.memory.peak:
        facts.append(f"peak memory {size(snapshot.memory.peak)}")
    facts.append(spilled(snapshot))
    when = "in" if snapshot.state == "done" else "after"
    return f"{when} {duration(snapshot.elapsed)}: {', '.join(filter(None, facts))}"


def explanation(snapshot: Snapshot) -> str:
    """Write where the time of a task that is over went, or what it did not get through with."""
    if snapshot.state == "done":
        most = slowest(steps(snapshot), NAMED)
        found = [f"{step.name} {duration(step.seconds)} ({part:.0%})" for step, part in most]
        return f"slowest: {', '.join(found)}" if found else ""
    stopped = [str(step) for step in steps(snapshot) if step.begun]
    return f"unfinished: {_some(stopped)}" if stopped else ""


def _some(names: Sequence[str]) -> str:
    more = [f"{len(names) - NAMED} more"] if len(names) > NAMED else []
    return ", ".join([*names[:NAMED], *more])


# --- forms -----------------------------------------------------------------------------------------------------------


def line(snapshot: Snapshot, width: int = 100, more: int = 0) -> str:
    """Draw a task as one line of text that is shorter than `width`.

    Parameters
    ----------
    snapshot
        How the task stands.
    width
        Where there is less room, what matters least is left out.
    more
        How many other tasks run.
    """
    filled = int(snapshot.fraction * _BAR)
    bar = f"[{'#' * filled}{'.' * (_BAR - filled)}] "
    return _fit([(0, bar), *_facts(snapshot)] + ([(1, f" (+{more} more)")] if more else []), width)


def log_line(snapshot: Snapshot) -> str:
    """Draw a task as a line of a log."""
    return f"mars_nb task {snapshot.number}: {''.join(text for _, text in _facts(snapshot))}"


def _facts(snapshot: Snapshot) -> list[tuple[int, str]]:
    """List what there is to say, and how dispensable it is."""
    if snapshot.state != "running":
        return [(0, f"{snapshot.state} {outcome(snapshot)}")]
    optional = ((3, left(snapshot)), (5, threads(snapshot)), (4, memory(snapshot)), (4, spilled(snapshot)))
    facts = [(0, percent(snapshot)), (1, f", {chunk_tasks(snapshot)}"), (0, f", {elapsed(snapshot)}")]
    facts += [(rank, f", {text}") for rank, text in optional if text]
    first, *others = [str(step) for step in steps(snapshot) if step.begun][:NAMED] or [""]
    return facts + ([(2, f": {first}")] if first else []) + [(6, f", {other}") for other in others]


def _fit(pieces: list[tuple[int, str]], width: int) -> str:
    while True:
        text = "".join(piece for _, piece in pieces)
        least, at = max((rank, position) for position, (rank, _) in enumerate(pieces))
        if len(text) < width:
            return text
        if not least:
            return (text[: max(0, width - 4)] + "...")[: max(0, width - 1)]
        del pieces[at]


def as_text(snapshot: Snapshot) -> str:
    """Draw a task as a few lines of text."""
    if snapshot.state == "running":
        return line(snapshot)
    return "\n".join(filter(None, [f"{snapshot.state} {outcome(snapshot)}", explanation(snapshot)]))
