"""Three times as much data as memory: a session with ``memory_limit="1GiB"``, beside plain Dask threads.

Run ``python benchmarks/out_of_core.py [GIB]``. Each case runs in a process of its own; its peak resident memory is what
the kernel says (``ru_maxrss``). Answers are checked. The data are 3 GiB unless another size is given.
"""

from __future__ import annotations

import multiprocessing
import resource
import sys
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

GIB = 2**30
LIMIT = "1GiB"
ROWS = 500_000  # of a chunk of the frame: 16 MB


def mars_tensor(gib: float) -> None:
    """Execute and keep a tensor; reduce it, transpose it and add it to itself."""
    import mars_nb
    import mars_nb.tensor as mt

    side = int((gib * GIB / 8) ** 0.5)
    mars_nb.new_session(memory_limit=LIMIT)
    x = mt.random.RandomState(0).rand(side, side).execute()
    total = float(x.sum())
    y = (x + x.T).execute()
    assert np.isclose(float(y.sum()), 2 * total)
    np.testing.assert_array_equal(y[:3, -3:].fetch(), y[-3:, :3].fetch().T)


def dask_tensor(gib: float) -> None:
    """Do the same with Dask: keeping means persisting."""
    import dask.array as da

    side = int((gib * GIB / 8) ** 0.5)
    x = da.random.default_rng(0).random((side, side), chunks="16 MiB").persist()
    total = float(x.sum())
    y = (x + x.T).persist()
    assert np.isclose(float(y.sum()), 2 * total)


def mars_columns(rows: int) -> Any:
    """Make the columns: a key of high cardinality, an order, and two of numbers."""
    import mars_nb.tensor as mt

    draw = mt.random.RandomState(0)
    return {
        "key": draw.randint(0, rows // 10, size=rows, chunk_size=ROWS),
        "order": draw.rand(rows, chunk_size=ROWS),
        "x": draw.rand(rows, chunk_size=ROWS),
        "y": draw.rand(rows, chunk_size=ROWS),
    }


def mars_frame(gib: float) -> None:
    """Sort a frame, and group it by a key of high cardinality."""
    import mars_nb
    import mars_nb.dataframe as md

    rows = int(gib * GIB / 32)
    mars_nb.new_session(memory_limit=LIMIT)
    df = md.DataFrame(mars_columns(rows)).execute()
    total = float(df.x.sum())
    ordered = df.sort_values("order").execute()
    assert len(ordered) == rows
    last = -1.0
    for start in range(0, rows, ROWS):
        order = ordered["order"].iloc[start : start + ROWS].fetch().to_numpy()
        assert order[0] >= last
        assert (np.diff(order) >= 0).all()
        last = order[-1]
    del ordered
    groups = df.groupby("key").agg({"x": "sum", "y": "mean"}).execute()
    assert np.isclose(float(groups.x.sum()), total)
    found = groups.iloc[:1000].fetch()
    wanted = df[df.key <= int(found.index[-1])].execute().fetch()
    pd.testing.assert_frame_equal(found, wanted.groupby("key").agg({"x": "sum", "y": "mean"}))


def dask_frame(gib: float) -> None:
    """Do the same with Dask."""
    import dask.array as da
    import dask.dataframe as dd

    rows = int(gib * GIB / 32)
    draw = da.random.default_rng(0)
    parts = {"key": draw.integers(0, rows // 10, rows, chunks=ROWS)}
    parts |= {name: draw.random(rows, chunks=ROWS) for name in ("order", "x", "y")}
    series = [dd.from_dask_array(array, columns=name) for name, array in parts.items()]
    df = dd.concat(series, axis=1).persist()
    assert len(df.sort_values("order").persist()) == rows
    groups = df.groupby("key").agg({"x": "sum", "y": "mean"}).persist()
    assert np.isclose(groups.x.sum().compute(), df.x.sum().compute())


def measured(case: Callable[[float], None], gib: float, results: Any) -> None:
    """Run a case in this process; report seconds and the peak of resident memory in GiB."""
    warnings.simplefilter("ignore")
    started = time.perf_counter()
    case(gib)
    results.put((time.perf_counter() - started, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20))


def main() -> None:
    """Print the table."""
    gib = float(sys.argv[1]) if len(sys.argv) > 1 else 3.0
    processes = multiprocessing.get_context("spawn")
    print(f"{gib:g} GiB of data, a limit of {LIMIT}\n{'case':<16}{'seconds':>9}{'peak GiB':>10}")
    for case in (mars_tensor, dask_tensor, mars_frame, dask_frame):
        results = processes.Queue()
        process = processes.Process(target=measured, args=(case, gib, results))
        process.start()
        process.join()
        if process.exitcode:
            print(f"{case.__name__:<16}   failed with exit code {process.exitcode}")
            continue
        seconds, peak = results.get()
        print(f"{case.__name__:<16}{seconds:>9.1f}{peak:>10.2f}", flush=True)


if __name__ == "__main__":
    main()
