"""What ran where and when, as events of a gateway tell it: spans whose operations and workers are numbers."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from mars_nb.session.picture import Picture, Ran

#: Digits of the seconds.
_DIGITS = 4


def pack(ended: Collection[Ran], running: Collection[Ran], now: float) -> dict[str, Any]:
    """Write what `mars_nb.session.timeline.Timeline.add` takes; what cannot be told apart is put together.

    Examples
    --------
    >>> told = pack([Ran("a", "w", 0.0, 1.0), Ran("a", "w", 1.0, 1.0)], [Ran("b", "w", 2.0, 0.0)], 2.5)
    >>> told["ended"], told["running"], told["operations"]
    ([[0, 0, 0.0, 2.0, 2]], [[1, 0, 2.0]], ['a', 'b'])
    >>> unpack(told)[0]
    [Ran(operation='a', worker='w', start=0.0, seconds=2.0, tasks=2)]
    """
    picture = Picture()
    for ran in ended:
        picture.add(ran)
    spans = [[o, w, round(start, _DIGITS), round(seconds, _DIGITS), n] for o, w, start, seconds, n in picture.spans()]
    runs = [[*picture.places(ran.operation, ran.worker), round(ran.start, _DIGITS)] for ran in running]
    names = {"operations": list(picture.operations), "workers": list(picture.workers)}
    return {**names, "ended": spans, "running": runs, "now": round(now, _DIGITS)}


def unpack(told: Mapping[str, Any]) -> tuple[Sequence[Ran], Sequence[Ran], float]:
    """Read it."""
    operations, workers = told["operations"], told["workers"]
    ended = [Ran(operations[operation], workers[worker], *rest) for operation, worker, *rest in told["ended"]]
    running = [Ran(operations[operation], workers[worker], start, 0.0) for operation, worker, start in told["running"]]
    return ended, running, told["now"]
