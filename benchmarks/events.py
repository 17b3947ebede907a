"""What it costs to follow a session's events: 100,000 trivial chunk tasks with and without somebody who listens.

Run ``python benchmarks/events.py``. Three kinds of runs take turns: alone, followed, and alone once more as a control,
whose ratio shows how much is noise. Figures are medians; processor time is of all threads.
"""

from __future__ import annotations

import gc
import statistics
import time
from typing import NamedTuple

import mars_nb
from mars_nb import Session
from mars_nb.graph.meta import ObjectMeta
from mars_nb.graph.node import Node, Source
from mars_nb.scheduler import ChunkTask
from mars_nb.session.events import Event

COUNT = 100_000
ROUNDS = 40
SPREAD = 10  # operations that the tasks belong to
KINDS = ("alone", "followed", "control")


class Seconds(NamedTuple):
    """What a run took."""

    wall: float
    processor: float


def trivial() -> int:
    """Do nothing."""
    return 1


def run(session: Session) -> Seconds:
    """Run the tasks once, as `session.get` does after it has read Dask's graph."""
    operations = [Node(Source(f"source-{i}"), (), {}, f"Source{i}", ObjectMeta()) for i in range(SPREAD)]
    graph = {i: ChunkTask(trivial, (), operations[i % SPREAD]) for i in range(COUNT)}
    gc.collect()
    wall, processor = time.perf_counter(), time.process_time()
    session._executor.compute(operations[0], graph, graph)
    return Seconds(time.perf_counter() - wall, time.process_time() - processor)


def main() -> None:
    """Measure and print."""
    mars_nb.options.show_progress = False
    taken: dict[str, list[Seconds]] = {kind: [] for kind in KINDS}
    events: list[Event] = []
    with mars_nb.new_session(name="events", default=False) as session:
        run(session)
        for turn in range(ROUNDS):
            for shift in range(len(KINDS)):
                kind = KINDS[(turn + shift) % len(KINDS)]
                unsubscribe = session.events.subscribe(events.append) if kind == "followed" else lambda: None
                taken[kind].append(run(session))
                unsubscribe()
    print(f"{COUNT:,} chunk tasks, {len(events) / ROUNDS:.0f} events a followed run, {ROUNDS} rounds")
    for clock in Seconds._fields:
        alone, followed, control = (statistics.median(getattr(s, clock) for s in taken[kind]) for kind in KINDS)
        ratios = f"followed / alone {followed / alone:.3f}   control / alone {control / alone:.3f}"
        print(f"{clock:>10}: alone {alone:.3f} s   {ratios}")


if __name__ == "__main__":
    main()
