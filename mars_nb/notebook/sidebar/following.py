"""The spans of the task that a panel follows: told in parts, as there may be thousands."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import TYPE_CHECKING

from mars_nb.notebook.sidebar.messages import Followed, Spans

if TYPE_CHECKING:
    from collections.abc import Callable

    from mars_nb.session.timeline import Part, Span, Timeline

#: Spans in a message.
MOST_SPANS = 500


class Following:
    """Where a panel stands in the spans of a task.

    Parameters
    ----------
    find
        Finds the timeline of a task, None if nobody remembers it.

    Attributes
    ----------
    more
        Whether there is more to tell at once.
    """

    def __init__(self, find: Callable[[Followed], Timeline | None]) -> None:
        self.more = False
        self._find = find
        self._followed: Followed | None = None
        self._part: Part | None = None  # what was asked for last
        self._told = 0  # how many of its spans were told
        self._tail: tuple[int, Sequence[Span]] | None = None  # what was told last: from which number on, and the spans

    def restart(self) -> None:
        """Begin anew: the panel does not know what it was told."""
        self.more, self._part, self._told, self._tail = False, None, 0, None

    def next(self, followed: Followed | None) -> Spans | None:
        """Give the next spans of a task, None if there is nothing new.

        Parameters
        ----------
        followed
            What the panel follows; if that is another task than before it begins anew.
        """
        if followed != self._followed:
            self.restart()
            self._followed = followed
        if followed is None:
            return None
        if not self.more:
            timeline = self._find(followed)
            if timeline is None:
                return None
            self._part = timeline.since() if self._part is None else timeline.since(self._part.position)
            self._told = 0
        part = self._part
        assert part is not None
        spans = part.spans[self._told : self._told + MOST_SPANS]
        first = part.first + self._told
        self._told += len(spans)
        self.more = self._told < len(part.spans)
        before, self._tail = self._tail, (first, spans)
        if before is not None and first >= before[0] and before[1][first - before[0] :] == spans:
            return None  # it has these already, and nothing after them
        return {
            "session": followed["session"],
            "task": followed["task"],
            "operations": list(part.operations),
            "workers": list(part.workers),
            "first": first,
            "items": list(chain.from_iterable(map(_numbers, spans))),
        }


def _numbers(span: Span) -> tuple[int, int, int, int, int]:
    return span.operation, span.worker, round(1000 * span.start), round(1000 * span.seconds), span.tasks
