"""Overhead of the local scheduler, beside Dask's threaded scheduler and a ``ThreadPoolExecutor``, in one run.

Run ``python benchmarks/scheduler.py``. Each figure is the median of several runs taken in turn, ordering included, in
microseconds a task.
"""

from __future__ import annotations

import gc
import os
import random
import statistics
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import dask.threaded

from mars_nb.scheduler import ChunkTask, Scheduler

Edges = dict[Any, tuple[Any, ...]]
THREADS = len(os.sched_getaffinity(0))
ROUNDS = 3


def trivial(*inputs: Any) -> int:
    """Do nothing."""
    return 1


def independent(count: int) -> tuple[Edges, list[Any]]:
    """Make tasks without inputs."""
    return dict.fromkeys(range(count), ()), list(range(count))


def tree(depth: int) -> tuple[Edges, list[Any]]:
    """Make a binary tree with ``2 ** depth`` leaves."""
    level: list[Any] = [("leaf", i) for i in range(2**depth)]
    edges: Edges = dict.fromkeys(level, ())
    for height in range(depth):
        above = [(height, i) for i in range(len(level) // 2)]
        edges.update({key: (level[2 * i], level[2 * i + 1]) for i, key in enumerate(above)})
        level = above
    return edges, level


def chain(length: int) -> tuple[Edges, list[Any]]:
    """Make tasks of which each needs the one before."""
    return {i: (i - 1,) if i else () for i in range(length)}, [length - 1]


def layered(count: int, layers: int = 50, inputs: int = 3) -> tuple[Edges, list[Any]]:
    """Make layers of tasks with random inputs in the layer before."""
    draw, width = random.Random(0), count // layers
    edges: Edges = {}
    for layer in range(layers):
        for i in range(width):
            before = tuple((layer - 1, draw.randrange(width)) for _ in range(inputs))
            edges[layer, i] = before if layer else ()
    return edges, [(layers - 1, i) for i in range(width)]


def run_mars(edges: Edges, outputs: list[Any]) -> Callable[[], object]:
    """Prepare a run on our scheduler."""
    graph = {key: ChunkTask(trivial, inputs, "operation") for key, inputs in edges.items()}

    def run() -> None:
        scheduler, over = Scheduler(THREADS), threading.Event()
        scheduler.submit(graph, outputs, lambda *result: over.set())
        over.wait()
        scheduler.close()

    return run


def run_dask(edges: Edges, outputs: list[Any]) -> Callable[[], object]:
    """Prepare a run on Dask's scheduler."""
    graph = {key: (trivial, *inputs) for key, inputs in edges.items()}
    return lambda: dask.threaded.get(graph, outputs, num_workers=THREADS)


def run_executor(count: int) -> Callable[[], object]:
    """Prepare submitting as many independent tasks to an executor."""

    def run() -> None:
        with ThreadPoolExecutor(THREADS) as executor:
            for future in [executor.submit(trivial) for _ in range(count)]:
                future.result()

    return run


def seconds(run: Callable[[], object]) -> float:
    """Time a run after collecting garbage."""
    gc.collect()
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


def main() -> None:
    """Print the table."""
    graphs = {
        "100,000 independent": independent(100_000),
        "tree, 2^14 leaves": tree(14),
        "chain of 10,000": chain(10_000),
        "layers, 50,000 x 3 inputs": layered(50_000),
    }
    print(f"{'us a task':<28}{'mars_nb':>9}{'Dask':>9}{'executor':>10}{'mars_nb / Dask':>17}")
    for name, (edges, outputs) in graphs.items():
        runs = run_mars(edges, outputs), run_dask(edges, outputs), run_executor(len(edges))
        taken = zip(*([seconds(run) for run in runs] for _ in range(ROUNDS)), strict=True)
        ours, dasks, executors = (statistics.median(times) / len(edges) * 1e6 for times in taken)
        print(f"{name:<28}{ours:>9.1f}{dasks:>9.1f}{executors:>10.1f}{ours / dasks:>17.3f}")


if __name__ == "__main__":
    main()
