"""What small work costs, beside numpy, pandas and Dask, in one run.

Run ``python benchmarks/latency.py``. Medians in milliseconds after warming up, taken in turn, and how much longer than
plain numpy or pandas it takes. All inputs are smaller than 1 MB.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import dask.array as da
import dask.dataframe as dd
import numpy as np
import pandas as pd

import mars_nb
import mars_nb.dataframe as md
import mars_nb.tensor as mt

Run = Callable[[], object]


class Case(NamedTuple):
    """One thing to do, by each library; None where it has none."""

    name: str
    ours: Run
    plain: Run | None = None
    dask: Run | None = None


RANDOM = np.random.default_rng(0)
ITEMS = RANDOM.random(100_000)
MATRIX = ITEMS[:90_000].reshape(300, 300)
FEW = ITEMS[:100]


def frame(rows: int) -> pd.DataFrame:
    """Make a frame of numbers and texts."""
    numbers = np.arange(rows)
    texts = [f"t{i % 13}" for i in numbers]
    return pd.DataFrame({"a": numbers, "b": numbers % 7, "x": RANDOM.random(rows), "s": texts})


FRAMES = {"100 rows": frame(100), "20,000 rows": frame(20_000)}
TIMES = pd.DataFrame({"x": FEW}, index=pd.date_range("2024", periods=100, freq="h"))
NAMES = pd.DataFrame({"b": range(7), "w": range(7)})

#: What is done with a frame of columns a, b, x and s; `NAMES` is made into a frame where it is needed.
OF_FRAMES: dict[str, Callable[[Any, Any], Any]] = {
    "a column": lambda df, make: df.x,
    "a filter": lambda df, make: df[df.a > 10],
    "filter and group": lambda df, make: df[df.a > 10].groupby("b").a.sum(),
    "group by two, named": lambda df, make: df.groupby(["b", "s"]).agg(m=("x", "mean"), n=("a", "count")),
    "a sum": lambda df, make: df.x.sum(),
    "describe": lambda df, make: df.describe(),
    "sort": lambda df, make: df.sort_values("x"),
    "join": lambda df, make: df.merge(make(NAMES), on="b"),
    "value counts": lambda df, make: df.s.value_counts(),
    "new columns": lambda df, make: df.assign(y=df.x * 2 + df.a),
    "standard scores": lambda df, make: (df.x - df.x.mean()) / df.x.std(),
    "texts": lambda df, make: df.s.str.upper(),
    "pivot": lambda df, make: df.pivot_table(index="b", columns="s", values="x"),
    "rolling mean": lambda df, make: df.x.rolling(5).mean(),
    "own function": lambda df, make: df.x.map(lambda x: x + 1),
    "nine operations": lambda df, make: (
        df[df.a > 3]
        .assign(y=df.x * 2)
        .groupby("b")
        .agg({"y": "sum", "a": "max"})
        .sort_values("y")
        .reset_index()
        .head(3)
    ),
}
#: What is done with arrays.
OF_ARRAYS: dict[str, Callable[[Any, Any], Any]] = {
    "sine": lambda np_, x: np_.sin(x),
    "sum of arithmetic": lambda np_, x: (np_.sin(x) * 2 - 1).sum(),
    "sort": lambda np_, x: np_.sort(x),
    "mask": lambda np_, x: x[x > 0.5],
    "cumulative sum": lambda np_, x: np_.cumsum(x),
    "median": lambda np_, x: np_.median(x),
    "histogram": lambda np_, x: np_.histogram(x)[0],
    "Fourier transform": lambda np_, x: np_.fft.fft(x),
}
OF_MATRICES: dict[str, Callable[[Any, Any], Any]] = {
    "product": lambda np_, x: x @ x,
    "centred": lambda np_, x: x + x.T - x.mean(0),
    "inverse": lambda np_, x: np_.linalg.inv(x),
    "singular values": lambda np_, x: np_.linalg.svd(x)[1],
}


def got(lazy: Any) -> Any:
    """Execute and fetch."""
    return lazy.execute().fetch()


def cases(folder: Path) -> Iterator[Case]:
    """Give all cases; files are written into `folder`."""
    yield Case("open and close a session", lambda: mars_nb.new_session(default=False).close())
    yield Case(
        "data frame of 2 x 2",
        lambda: got(md.DataFrame([[1, 2], [3, 4]])),
        lambda: pd.DataFrame([[1, 2], [3, 4]]),
        lambda: dd.from_pandas(pd.DataFrame([[1, 2], [3, 4]]), npartitions=1).compute(),
    )
    for size, rows in FRAMES.items():
        for name, do in OF_FRAMES.items():
            yield Case(
                f"{name}, {size}",
                lambda do=do, rows=rows: got(do(md.DataFrame(rows), md.DataFrame)),
                lambda do=do, rows=rows: do(rows, pd.DataFrame),
                (lambda do=do, rows=rows: do(dd.from_pandas(rows, npartitions=1), None).compute())
                if name == "filter and group"
                else None,
            )
    yield Case(
        "resample, 100 rows",
        lambda: got(md.DataFrame(TIMES).resample("D").sum()),
        lambda: TIMES.resample("D").sum(),
    )
    for size, rows in FRAMES.items():
        csv, parquet = folder / f"{len(rows)}.csv", folder / f"{len(rows)}.parquet"
        rows.to_csv(csv, index=False)
        rows.to_parquet(parquet)
        yield Case(
            f"CSV and group, {size}",
            lambda csv=csv: got(md.read_csv(csv).groupby("b").x.sum()),
            lambda csv=csv: pd.read_csv(csv).groupby("b").x.sum(),
        )
        yield Case(
            f"Parquet and group, {size}",
            lambda parquet=parquet: got(md.read_parquet(parquet).groupby("b").x.sum()),
            lambda parquet=parquet: pd.read_parquet(parquet).groupby("b").x.sum(),
        )
    yield Case(
        "ones((4, 4)).sum()",
        lambda: got(mt.ones((4, 4)).sum()),
        lambda: np.ones((4, 4)).sum(),
        lambda: da.ones((4, 4)).sum().compute(),
    )
    for items in (FEW, ITEMS):
        for name, do in OF_ARRAYS.items():
            yield Case(
                f"{name}, {len(items):,} items",
                lambda do=do, items=items: got(do(mt, mt.asarray(items))),
                lambda do=do, items=items: do(np, items),
                (lambda do=do, items=items: do(da, da.from_array(items)).compute())
                if name == "sum of arithmetic"
                else None,
            )
    for name, do in OF_MATRICES.items():
        yield Case(f"{name}, 300 x 300", lambda do=do: got(do(mt, mt.asarray(MATRIX))), lambda do=do: do(np, MATRIX))
    yield Case(
        "random, 0.8 MB",
        lambda: got(mt.random.normal(size=100_000).mean()),
        lambda: RANDOM.normal(size=100_000).mean(),
        lambda: da.random.normal(size=100_000).mean().compute(),
    )


def milliseconds(run: Run) -> float:
    """Time one call."""
    started = time.perf_counter()
    run()
    return (time.perf_counter() - started) * 1e3


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=60)
    rounds = parser.parse_args().rounds
    mars_nb.new_session()
    print(f"{'ms':<34}{'mars_nb':>9}{'plain':>9}{'Dask':>9}{'more':>9}")
    most = 0.0
    with tempfile.TemporaryDirectory() as folder:
        for name, *runs in cases(Path(folder)):
            taken: list[list[float]] = [[], [], []]
            for round_ in range(rounds + 10):
                for times, run in zip(taken, runs, strict=True):
                    if run is not None and (round_ % 10 == 0 or run is not runs[2]):  # Dask is slow
                        times.append(milliseconds(run))
            ours, plain, dask = (statistics.median(times[10:] or times) if times else None for times in taken)
            more = None if ours is None or plain is None else ours - plain
            most = max(most, more or 0.0)
            figures = (f"{'' if figure is None else f'{figure:.2f}':>9}" for figure in (ours, plain, dask, more))
            print(f"{name:<34}{''.join(figures)}", flush=True)
    print(f"at most {most:.2f} ms more than plain numpy or pandas")


if __name__ == "__main__":
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        main()
