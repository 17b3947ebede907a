"""From what the local scheduler notes down to what a timeline takes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from time import perf_counter

from mars_nb.scheduler import Counts, Run, Scheduler
from mars_nb.session.backends.grouping import Group
from mars_nb.session.picture import Ran
from mars_nb.session.timeline import Timeline


def timeline_of(run: Run, scheduler: Scheduler) -> Timeline:
    """Make the timeline of a run that is about to start. It keeps neither chunk tasks nor values."""
    nodes = [(counts, group.node) for group, counts in run.operations.items() if isinstance(group, Group)]
    keys = {counts: node.key for counts, node in nodes}
    return Timeline({node.key: node.label for _, node in nodes}, _Reader(run, scheduler, keys))


class _Reader:
    """Reads the trail of a run; see `mars_nb.session.timeline.Source`."""

    def __init__(self, run: Run, scheduler: Scheduler, keys: Mapping[Counts, str]) -> None:
        self._trail = run.trail
        self._scheduler = scheduler
        self._keys = keys
        self._began = perf_counter()

    @property
    def unread(self) -> int:
        return len(self._trail.items) // 4

    def read(self) -> tuple[Iterable[Ran], Iterable[Ran]]:
        found = self._scheduler.read(self._trail)
        assert found.until is not None
        ended = zip(*[iter(found.items)] * 4, strict=True)
        running = [(*one, found.until) for one in found.running]
        return self._ran(ended, found.until), self._ran(running, found.until)

    def _ran(self, items: Iterable[tuple[int, int, float, float]], until: float) -> list[Ran]:
        keys, counted, began = self._keys, self._trail.counted, self._began
        return [
            Ran(key, f"thread {worker}", start - began, end - start)
            for number, worker, start, end in items
            if end <= until and (key := keys.get(counted[number]))
        ]
