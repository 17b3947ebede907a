"""How large chunks should be: three programs at chunk sizes from 0.5 to 128 MiB, in one run.

Run ``python benchmarks/chunk_size.py [MILLIONS]``; the data are 24 million doubles unless another number is given. The
sizes are run in turn. Each figure is the best of several runs, as a ratio to the best size for that program; the last
column is their geometric mean, by which the default of ``options.chunk_bytes`` was chosen.
"""

from __future__ import annotations

import gc
import math
import sys
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

import mars_nb
import mars_nb.dataframe as md
import mars_nb.tensor as mt

SIZES = (0.5, 1, 2, 4, 8, 16, 32, 64, 128)  # MiB
ROUNDS = 3
MIB = 2**20


def elementwise(millions: float) -> Any:
    """Make a chain of elementwise operations on one dimension, and reduce it."""
    x = mt.ones(int(millions * 1e6))
    return (mt.sqrt(x * 2.0 + 1.0) - x / 3.0).sum()


def group_by(millions: float) -> Any:
    """Group a frame of three columns by one of them."""
    rows = int(millions * 1e6 / 3)
    source = np.arange(rows)
    df = md.DataFrame({"key": source % 1000, "x": source * 0.5, "y": source * 0.25})
    return df[df.x > 10].groupby("key").agg({"x": "sum", "y": "mean"})


def product(millions: float) -> Any:
    """Multiply two square matrices; smaller ones, because the work grows faster than they do."""
    side = int((millions * 1e6 / 6) ** 0.5)
    return (mt.ones((side, side)) @ mt.ones((side, side))).sum()


CASES: tuple[Callable[[float], Any], ...] = (elementwise, group_by, product)


def seconds(make: Callable[[float], Any], millions: float, mib: float) -> float:
    """Time one execution, recording and planning included."""
    with mars_nb.option_context({"chunk_bytes": int(mib * MIB), "show_progress": False}):
        gc.collect()
        started = time.perf_counter()
        make(millions).execute()
        return time.perf_counter() - started


def main() -> None:
    """Print the table."""
    millions = float(sys.argv[1]) if len(sys.argv) > 1 else 24.0
    mars_nb.new_session()
    ratios: list[list[float]] = []
    for make in CASES:
        best = dict.fromkeys(SIZES, math.inf)
        for _ in range(ROUNDS):
            for mib in SIZES:
                best[mib] = min(best[mib], seconds(make, millions, mib))
        least = min(best.values())
        print(f"{make.__name__}: {least:.3f} s at the best size", flush=True)
        ratios.append([best[mib] / least for mib in SIZES])
    print(f"\n{'MiB a chunk':<12}{''.join(f'{make.__name__:>13}' for make in CASES)}{'mean':>9}")
    for row, mib in enumerate(SIZES):
        figures = [column[row] for column in ratios]
        mean = math.prod(figures) ** (1 / len(figures))
        print(f"{mib:<12g}{''.join(f'{figure:>13.2f}' for figure in figures)}{mean:>9.2f}")


if __name__ == "__main__":
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        main()
