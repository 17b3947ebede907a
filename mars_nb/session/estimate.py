"""How much of a task is done, and how long the rest takes: pure functions of what its operations took so far.

Chunk tasks of different operations take different times, so the share of work is counted in seconds of thread time,
not in chunk tasks. An operation of which some chunk tasks are done goes on as it did. One of which none are is expected
to go as others of its name did in this task, or else to take what such operations take (`expected`), times the `pace`
at which the others went.

How long a chunk task takes that runs for the first time is a guess, so it is never said to be at its end: the longer it
runs, the longer it is expected to (`stretched`), and the share goes on growing all the while. What such guesses do to
the share is smoothed by a `Meter`.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import NamedTuple

from mars_nb.session.backends.base import Progress

#: Parts of names of operations, and how long these take beside elementwise ones.
_PRIORS = (
    ("read_", 8.0),
    ("merge", 5.0),
    ("join", 5.0),
    ("sort", 5.0),
    ("groupby", 3.0),
    ("remote", 8.0),
    ("apply", 8.0),
)
#: Seconds that an elementwise operation takes in all, and a chunk task of it at least.
_OPERATION_SECONDS = 1.0
_CHUNK_SECONDS = 0.01
#: Seconds of thread time after which the pace of this task counts as much as these numbers.
_TRUSTED_SECONDS = 0.5
#: Below this share, or before so many seconds, nothing is said about the rest: it would be a guess.
_LEAST_SHARE = 0.02
_LEAST_SECONDS = 1.0
#: By how much the share may go back, by chance, without `Meter` taking it for a new estimate.
_SLACK = 0.02


class Amount(NamedTuple):
    """Seconds of thread time.

    Attributes
    ----------
    finished
        Of the chunk tasks that are done.
    under_way
        Of those that run, up to now.
    total
        Of all, until the end.
    """

    finished: float
    under_way: float
    total: float


def expected(name: str, n_chunks: int) -> float:
    """Tell how many seconds a chunk task of an operation takes, as far as its name tells.

    Examples
    --------
    >>> expected("read_csv", 4), expected("add", 1), expected("add", 1000)
    (2.0, 1.0, 0.01)
    """
    return _prior(name) * max(_OPERATION_SECONDS / n_chunks, _CHUNK_SECONDS)


def _expected(operation: Progress) -> float:
    return expected(operation.node.op.name, max(1, operation.total // operation.number))


@functools.lru_cache(1024)
def _prior(name: str) -> float:
    return next((factor for part, factor in _PRIORS if part in name), 1.0)


def pace(operations: Sequence[Progress]) -> float:
    """Tell how long chunk tasks take here beside what was `expected`. What took longer tells more."""
    seconds = ratios = _TRUSTED_SECONDS
    for operation in operations:
        if operation.done:
            mean = operation.seconds / operation.done
            seconds += operation.seconds
            ratios += operation.seconds * mean / _expected(operation)
    return ratios / seconds


def means(operations: Sequence[Progress]) -> dict[str, float]:
    """Tell how many seconds the chunk tasks took that are done, in the mean, by the names of their operations."""
    found: dict[str, tuple[int, float]] = {}
    for operation in operations:
        if operation.done:
            done, seconds = found.get(operation.node.short_name, (0, 0.0))
            found[operation.node.short_name] = done + operation.done, seconds + operation.seconds
    return {name: seconds / done for name, (done, seconds) in found.items()}


def stretched(expected: float, so_far: float) -> float:
    """Tell how long something takes that was expected to take a time and has taken another one so far.

    Up to half of the expected time that is the expected time; later it is more and more, and always longer than what
    it has taken.

    Examples
    --------
    >>> stretched(8.0, 1.0), stretched(8.0, 4.0), stretched(8.0, 8.0)
    (8.0, 8.0, 10.666666666666666)
    """
    return expected if 2 * so_far <= expected else so_far / (1 - expected / (4 * so_far))


def amount(operations: Sequence[Progress]) -> Amount:
    """Estimate the work of a task in seconds of thread time."""
    at_pace, seen = pace(operations), means(operations)
    finished = under_way = total = 0.0
    for operation in operations:
        done, running = operation.done, operation.running
        guess = seen.get(operation.node.short_name)
        if guess is None:
            guess = _expected(operation) * at_pace if operation.total else 0.0
        each = waiting = operation.seconds / done if done else guess
        so_far = operation.under_way
        if operation.part:
            each = so_far / operation.part if so_far else each
            so_far = so_far or each * operation.part
        elif running:
            each = stretched(each, so_far / running)
        waiting = waiting if done else each
        finished += operation.seconds
        under_way += so_far
        total += operation.seconds + each * running + waiting * (operation.total - done - running)
    return Amount(finished, under_way, total)


def share(operations: Sequence[Progress]) -> float:
    """Tell how much of the work is done, from 0 to 1.

    Parameters
    ----------
    operations
        How far each operation is, and what it took.

    Returns
    -------
    float
        May be less than before when an operation turns out to take longer than expected; see `Meter`.
    """
    return _share(operations, amount(operations))


def _share(operations: Sequence[Progress], work: Amount) -> float:
    if work.total <= 0.0:  # there is none, or the clock is too coarse to tell
        total = sum(operation.total for operation in operations)
        return sum(operation.done for operation in operations) / total if total else 0.0
    return min(1.0, (work.finished + work.under_way) / work.total)


def remaining(operations: Sequence[Progress], elapsed: float) -> float | None:
    """Tell how many seconds the rest takes if it goes on as it did.

    Parameters
    ----------
    operations
        How far each operation is, and what it took.
    elapsed
        Seconds since the start.

    Returns
    -------
    float or None
        None where that is not known: in the beginning, and while most of the time went into chunk tasks of which
        nobody knows how long they take.
    """
    work = amount(operations)
    done = _share(operations, work)
    if elapsed < _LEAST_SECONDS or done < _LEAST_SHARE or work.finished < work.under_way:
        return None
    return elapsed * (1 - done) / done


class Meter:
    """A share that is fit to be seen: it never goes back, and it moves whenever work is done.

    When the estimate falls behind what was shown, what is left of the bar stands for what is left of the work from
    then on.

    Examples
    --------
    >>> meter = Meter()
    >>> [meter.move(share) for share in (0.5, 0.2, 0.6, 1.0)]
    [0.5, 0.5, 0.75, 1.0]
    """

    def __init__(self) -> None:
        self.shown = 0.0
        self._from = 0.0, 0.0  # where the estimate and the meter stood when it last fell behind

    def move(self, share: float) -> float:
        """Give what to show for a new estimate."""
        estimated, shown = self._from
        now = 1 - (1 - shown) * (1 - share) / (1 - estimated)
        if now < self.shown - _SLACK:
            self._from = share, self.shown
        self.shown = max(self.shown, now)
        return self.shown
