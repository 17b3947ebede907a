"""What it costs to show progress: the same runs with and without it, in this process and in a kernel.

Run ``python benchmarks/progress.py``. With and without take turns, so that a noisy machine is noisy for both; each
ratio is of two runs next to each other. Wall times tell little below some per cent, so the processor's time inside the
drawing is counted besides ("drawing", as a share of the run's time). A collection of garbage that happens to begin
there is counted, too.
"""

from __future__ import annotations

import contextlib
import gc
import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import numpy as np
from jupyter_client.manager import start_new_kernel

import mars_nb
from mars_nb import Session
from mars_nb.graph.meta import ObjectMeta
from mars_nb.graph.node import Node, Source
from mars_nb.notebook import progress
from mars_nb.scheduler import ChunkTask

ROUNDS = 3
Graph = dict[int, ChunkTask]


def trivial() -> int:
    """Do nothing."""
    return 1


def work() -> float:
    """Work without Python's lock for some 50 ms of the processor's time, as numpy does."""
    a = np.ones((1000, 1000))
    until = time.thread_time() + 0.05
    while time.thread_time() < until:
        a = np.sqrt(a + a)
    return float(a[0, 0])


def graph(function: Callable[[], Any], count: int, operations: int) -> Graph:
    """Make chunk tasks that belong to a number of operations."""
    nodes = [Node(Source(f"source-{i}"), (), {}, f"Source{i}", ObjectMeta()) for i in range(operations)]
    return {i: ChunkTask(function, (), nodes[i % operations]) for i in range(count)}


def cases(threads: int) -> dict[str, Callable[[], Graph]]:
    """Give the runs."""
    return {
        "100,000 chunk tasks, not shown": lambda: graph(trivial, 100_000, 10),
        "500,000 chunk tasks": lambda: graph(trivial, 500_000, 10),
        "500,000 chunk tasks, 1,000 operations": lambda: graph(trivial, 500_000, 1000),
        "numpy for 5 s": lambda: graph(work, 100 * threads, 10),
        "numpy for 5 s, 400 operations": lambda: graph(work, 100 * threads, 400),
    }


class Drawing:
    """Counts the drawings and the processor's time in them."""

    def __init__(self) -> None:
        self.count, self.seconds = 0, 0.0
        self._draw = progress.Follower.draw

    def __enter__(self) -> Self:
        def draw(follower: progress.Follower) -> bool:
            began = time.thread_time()
            try:
                return self._draw(follower)
            finally:
                self.seconds += time.thread_time() - began
                self.count += 1

        progress.Follower.draw = draw  # type: ignore[method-assign]
        return self

    def __exit__(self, *_: object) -> None:
        progress.Follower.draw = self._draw  # type: ignore[method-assign]


def seconds(session: Session, made: Graph, kind: str | bool) -> float:
    """Run chunk tasks once, as `session.get` does after it has read Dask's graph."""
    gc.collect()
    with mars_nb.option_context({"show_progress": kind}):
        began = time.perf_counter()
        session._executor.compute(next(iter(made.values())).operation, made, made)  # type: ignore[arg-type]
        return time.perf_counter() - began


def measure(kinds: list[str]) -> None:
    """Print a line for each run and view."""
    with mars_nb.new_session(name="progress", default=False) as session:
        for name, make in cases(session.n_threads).items():
            seconds(session, make(), False)
            for kind in kinds:
                without, ratios = [], []
                with Drawing() as drawing:
                    for turn in range(ROUNDS):
                        taken = {k: seconds(session, make(), k) for k in ((False, kind) if turn % 2 else (kind, False))}
                        without.append(taken[False])
                        ratios.append(taken[kind] / taken[False])
                low, middle, high = min(ratios), statistics.median(ratios), max(ratios)
                share = drawing.seconds / sum(r * w for r, w in zip(ratios, without, strict=True))
                print(
                    f"{name:<42}{kind:<8}{statistics.median(without):6.2f} s {share:8.2%}"
                    f"{drawing.count / ROUNDS:8.0f} {middle:9.3f} ({low:.3f} to {high:.3f})",
                    flush=True,
                )


def main() -> None:
    """Measure here, then in a kernel."""
    print(f"{'run':<42}{'view':<8}{'alone':>8} {'drawing':>8}{'times':>8} {'with / without':>9}")
    with Path(os.devnull).open("w") as nowhere, contextlib.redirect_stderr(nowhere):
        nowhere.isatty = lambda: True  # type: ignore[method-assign]
        measure(["text"])
    manager, client = start_new_kernel()
    try:
        here = str(Path(__file__).parent)
        code = f"import sys; sys.path.insert(0, {here!r})\nimport progress; progress.measure(['html', 'widget'])"
        reply = client.execute_interactive(code, output_hook=_print)
        if reply["content"]["status"] != "ok":
            sys.exit("\n".join(reply["content"]["traceback"]))
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def _print(message: dict[str, Any]) -> None:
    if message["msg_type"] == "stream":
        print(message["content"]["text"], end="", flush=True)


if __name__ == "__main__":
    main()
