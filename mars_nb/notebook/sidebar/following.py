"""The spans of the task that a panel follows: told in parts, as there may be thousands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import TYPE_CHECKING

from mars_nb.notebook.sidebar.messages import Followed, Spans

if TYPE_CHECKING:
    from collections.abc import Callable

    from mars_nb.session.picture import Span
    from mars_nb.session.timeline import Part, Timeline

#: Spans in a message.
MOST_SPANS = 500


class Following:
    """Where a panel stands in the spans of a task.

    Parameters
    ----------
    find
        Finds the timeline of a task, None if nobody remembers it.
    groups
        Gives, for keys of a task's operations, the key under which a panel knows them, where it is another one.

    Attributes
    ----------
    more
        Whether there is more to tell at once.
    """

    def __init__(
        self, find: Callable[[Followed], Timeline | None], groups: Callable[[Followed], Mapping[str, str]]
    ) -> None:
        self.more = False
        self._find = find
        self._groups = groups
        self._operations: dict[str, int] = {}  # as they are told: places by key
        self._places: list[int] = []  # ... of the timeline's operations
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
        self._place(followed, part)
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
            "operations": list(self._operations),
            "workers": list(part.workers),
            "first": first,
            "items": list(chain.from_iterable(map(self._numbers, spans))),
        }

    def _place(self, followed: Followed, part: Part) -> None:
        """Find places for the operations that are new."""
        if part.first + self._told == 0:  # all is told, maybe of a timeline that was made anew
            self._operations, self._places = {}, []
        new = part.operations[len(self._places) :]
        groups = self._groups(followed) if new else {}
        for key in new:
            self._places.append(self._operations.setdefault(groups.get(key, key), len(self._operations)))

    def _numbers(self, span: Span) -> tuple[int, int, int, int, int]:
        times = round(1000 * span.start), round(1000 * span.seconds)
        return self._places[span.operation], span.worker, *times, span.tasks
