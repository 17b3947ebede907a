"""How much of a task is done, and how long the rest takes: pure functions of what its operations took so far.

Chunk tasks of different operations take different times, so the share of work is counted in seconds of thread time,
not in chunk tasks. An operation of which some chunk tasks are done goes on as it did. One that has not begun is
expected to take what its kind takes beside the others (`prior`), scaled by those that were seen.
"""

from __future__ import annotations

from collections.abc import Sequence

from mars_nb.session.backends.base import Progress

#: Parts of names of operations, and how long a chunk task of theirs takes beside an elementwise one.
_PRIORS = (
    ("read_", 8.0),
    ("merge", 5.0),
    ("join", 5.0),
    ("sort", 5.0),
    ("groupby", 3.0),
    ("remote", 8.0),
    ("apply", 8.0),
)
#: A running chunk task counts for this much of what such a task takes at the most: it may take longer than the others.
_RUNNING_PART = 0.9
#: Below this share, or before so many seconds, nothing is said about the rest: it would be a guess.
_LEAST_SHARE = 0.02
_LEAST_SECONDS = 1.0


def prior(name: str) -> float:
    """Tell how long a chunk task of an operation is expected to take, beside an elementwise one.

    Examples
    --------
    >>> prior("read_csv"), prior("add")
    (8.0, 1.0)
    """
    return next((weight for part, weight in _PRIORS if part in name), 1.0)


def share(operations: Sequence[Progress]) -> float:
    """Tell how much of the work is done, from 0 to 1.

    Parameters
    ----------
    operations
        How far each operation is, and what it took.

    Returns
    -------
    float
        May be less than before when an operation turns out to take longer than expected.
    """
    seen = sum(operation.seconds for operation in operations)
    expected = sum(prior(operation.node.op.name) * operation.done for operation in operations)
    scale = seen / expected if expected else 0.0
    all_work = done_work = 0.0
    for operation in operations:
        each = operation.seconds / operation.done if operation.done else prior(operation.node.op.name) * scale
        all_work += each * operation.total
        done_work += operation.seconds + min(operation.under_way, _RUNNING_PART * each * operation.running)
    if all_work <= 0.0:  # nothing was seen, or the clock is too coarse to tell
        total = sum(operation.total for operation in operations)
        return sum(operation.done for operation in operations) / total if total else 0.0
    return min(1.0, done_work / all_work)


def remaining(fraction: float, elapsed: float) -> float | None:
    """Tell how many seconds the rest takes if it goes on as it did, None where that is not known yet.

    Examples
    --------
    >>> remaining(0.25, 10.0), remaining(0.25, 0.1)
    (30.0, None)
    """
    if fraction < _LEAST_SHARE or elapsed < _LEAST_SECONDS:
        return None
    return elapsed * (1 - fraction) / fraction
