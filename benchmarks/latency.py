"""What small work costs, beside numpy, pandas and Dask, in one run.

Run ``python benchmarks/latency.py``. Medians in milliseconds after warming up, taken in turn.
"""

from __future__ import annotations

import statistics
import time
import warnings
from collections.abc import Callable
from typing import Any

import dask.array as da
import dask.dataframe as dd
import numpy as np
import pandas as pd

import mars_nb
import mars_nb.dataframe as md
import mars_nb.tensor as mt

ROUNDS = 200


def filter_and_group(df: Any) -> Any:
    """Do what one does."""
    return df[df.a > 10].groupby("b").a.sum()


def open_session() -> None:
    """Open and close a session."""
    mars_nb.new_session(default=False).close()


CASES: dict[str, tuple[Callable[[], object], Callable[[], object] | None, Callable[[], object] | None]] = {
    "open and close a session": (open_session, None, None),
    "ones((4, 4)).sum()": (
        lambda: mt.ones((4, 4)).sum().execute().fetch(),
        lambda: np.ones((4, 4)).sum(),
        lambda: da.ones((4, 4)).sum().compute(),
    ),
    "elementwise, 0.8 MB": (
        lambda: (mt.sin(mt.asarray(ITEMS)) * 2 - 1).sum().execute().fetch(),
        lambda: np.sum(np.sin(ITEMS) * 2 - 1),
        lambda: (da.sin(da.from_array(ITEMS)) * 2 - 1).sum().compute(),
    ),
    "random, 0.8 MB": (
        lambda: mt.random.normal(size=100_000).mean().execute().fetch(),
        lambda: RANDOM.normal(size=100_000).mean(),
        lambda: da.random.normal(size=100_000).mean().compute(),
    ),
    "product of 300 x 300": (
        lambda: (mt.asarray(MATRIX) @ mt.asarray(MATRIX)).execute().fetch(),
        lambda: MATRIX @ MATRIX,
        lambda: da.from_array(MATRIX).dot(MATRIX).compute(),
    ),
    "data frame of 2 x 2": (
        lambda: md.DataFrame([[1, 2], [3, 4]]).execute().fetch(),
        lambda: pd.DataFrame([[1, 2], [3, 4]]),
        lambda: dd.from_pandas(pd.DataFrame([[1, 2], [3, 4]]), npartitions=1).compute(),
    ),
    "filter and group 100 rows": (
        lambda: filter_and_group(md.DataFrame(ROWS)).execute().fetch(),
        lambda: filter_and_group(ROWS),
        lambda: filter_and_group(dd.from_pandas(ROWS, npartitions=1)).compute(),
    ),
}
RANDOM = np.random.default_rng(0)
ITEMS = RANDOM.random(100_000)
MATRIX = ITEMS[:90_000].reshape(300, 300)
ROWS = pd.DataFrame({"a": range(100), "b": np.arange(100) % 7})


def milliseconds(run: Callable[[], object]) -> float:
    """Time one call."""
    started = time.perf_counter()
    run()
    return (time.perf_counter() - started) * 1e3


def main() -> None:
    """Print the table."""
    mars_nb.new_session()
    print(f"{'ms':<28}{'mars_nb':>9}{'plain':>9}{'Dask':>9}")
    for name, runs in CASES.items():
        taken: list[list[float]] = [[], [], []]
        for round_ in range(ROUNDS + 20):
            for times, run in zip(taken, runs, strict=True):
                if run is not None and (round_ % 10 == 0 or run is not runs[2]):  # Dask is slow
                    times.append(milliseconds(run))
        figures = (f"{statistics.median(times[20:] or times):>9.3f}" if times else f"{'':>9}" for times in taken)
        print(f"{name:<28}{''.join(figures)}")


if __name__ == "__main__":
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        main()
