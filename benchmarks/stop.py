"""How soon an interrupt gives control back, and what still runs then: pandas and numpy, Dask, Polars and mars_nb.

Run ``python benchmarks/stop.py [MILLIONS]``. Each peer is given some seconds of work, on data that it holds in memory,
and is interrupted in the middle of it, as Stop in a notebook does. Two figures are printed: the seconds until the
program goes on, and in brackets those of the processors that the process still used in the second after that. "over"
is work that had ended by itself.
"""

from __future__ import annotations

import argparse
import os
import signal
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pandas as pd
import peers

#: Seconds of work before the interrupt, and those that are looked at after it.
BEFORE, AFTER = 0.5, 1.0
Work = Callable[[], Any]
#: Gives the work of a case on data.
Works = Callable[[str, Any], Work]


def slow(value: float) -> float:
    """Do what takes a microsecond."""
    return sum(range(20), value)


def data(case: str, rows: int) -> Any:
    """Give a frame of so many rows, or an array of ten times as many numbers."""
    draw = np.random.default_rng(0)
    if case == "sines":
        return draw.random(10 * rows)
    return pd.DataFrame({"k": draw.integers(0, rows // 10, rows), "x": draw.random(rows), "y": draw.random(rows)})


#: In pandas's style, and in numpy's.
FRAMES: dict[str, Callable[[Any], Any]] = {
    "sort": lambda frame: frame.sort_values("x"),
    "medians": lambda frame: frame.groupby("k").median(),
    "function": lambda frame: frame.x.map(slow),
    "sines": lambda array: sum(np.sin(array + number) for number in range(3)).sum(),
}


def pandas_works() -> Works:
    return lambda case, held: lambda: FRAMES[case](held)


def dask_works() -> Works:
    import dask.array as da
    import dask.dataframe as dd

    def works(case: str, held: Any) -> Work:
        lazy = da.from_array(held) if case == "sines" else dd.from_pandas(held, npartitions=8)
        return lambda: FRAMES[case](lazy).compute(scheduler="threads")

    return works


def polars_works() -> Works:
    import polars as pl
    from polars import col

    queries: dict[str, Callable[[pl.LazyFrame], pl.LazyFrame]] = {
        "sort": lambda frame: frame.sort("x"),
        "medians": lambda frame: frame.group_by("k").median(),
        "function": lambda frame: frame.select(col("x").map_elements(slow, return_dtype=pl.Float64)),
        "sines": lambda frame: frame.select(sum((col("x") + number).sin() for number in range(3)).sum()),
    }

    def works(case: str, held: Any) -> Work:
        frame = (pl.DataFrame({"x": held}) if case == "sines" else pl.from_pandas(held)).lazy()
        return lambda: queries[case](frame).collect(engine="streaming")

    return works


def mars_works() -> Works:
    import mars_nb
    import mars_nb.dataframe as md
    import mars_nb.tensor as mt

    mars_nb.options.show_progress = False
    mars_nb.new_session()

    def works(case: str, held: Any) -> Work:
        lazy = mt.tensor(held) if case == "sines" else md.from_pandas(held)
        return lambda: FRAMES[case](lazy).execute()

    return works


PEERS = {"pandas": pandas_works, "dask": dask_works, "polars": polars_works, "mars": mars_works}


def interrupted(name: str) -> peers.Ready:
    """Have a peer answer with how an interrupt ended its work."""
    works = PEERS[name]()

    @contextmanager
    def ready(question: tuple[str, int]) -> Iterator[Callable[[], Any]]:
        case, rows = question
        work = works(case, data(case, rows))
        yield lambda: _stopped(work)

    return ready


def _stopped(work: Work) -> tuple[float, float] | None:
    """Give the seconds until control is back and those of the processors after that, None if the work was over."""
    sent: list[float] = []

    def send() -> None:
        sent.append(time.perf_counter())
        os.kill(os.getpid(), signal.SIGINT)

    timer = threading.Timer(BEFORE, send)
    timer.start()
    try:
        work()
        timer.cancel()
        timer.join()
        time.sleep(0.01)  # where an interrupt arrives that was late
        return None
    except KeyboardInterrupt:
        back = time.perf_counter() - sent[0]
    used = time.process_time()
    time.sleep(AFTER)
    return back, time.process_time() - used


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="How soon an interrupt gives control back.")
    parser.add_argument("millions", nargs="?", type=float, default=10.0, help="rows of the frame, in millions")
    parser.add_argument("--peers", default=",".join(PEERS), help=", ".join(PEERS))
    parser.add_argument("--repeat", type=int, default=5, help="runs of each; the medians count")
    options = parser.parse_args()
    names = peers.installed(options.peers.split(","))
    print(f"{'':<10}" + "".join(f"{name:>18}" for name in names))
    for case in FRAMES:
        cells = []
        for name in names:
            peer = peers.Peer(name, interrupted, name, timeout_s=120)
            runs = [peer.ask((case, int(options.millions * 1e6))) for _ in range(options.repeat)]
            peer.stop()
            cells.append(_cell(runs))
        print(f"{case:<10}" + "".join(f"{cell:>18}" for cell in cells), flush=True)


def _cell(runs: list[peers.Run]) -> str:
    if failed := [run.error for run in runs if run.error]:
        return failed[0][:17]
    ends = [run.answer for run in runs if run.answer]
    if not ends:
        return "over"
    back, used = (statistics.median(figures) for figures in zip(*ends, strict=True))
    return f"{back:.3f} s ({used:.1f} s)"


if __name__ == "__main__":
    main()
