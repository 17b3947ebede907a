"""Ordinary tensor programs beside Dask and numpy, in one run, with the answers checked.

Run ``python benchmarks/tensors.py [--scale 0.1] [--rounds 3] [--only WORD] [--cpu]``. Seconds are medians of several
rounds, in which the peers take turns; recording, planning and execution are timed. ``Dask`` is Dask array on threads at
its default chunks, ``best`` the quickest of Dask at several chunk sizes. Inputs that a program does not make itself are
in memory beforehand, in the chunks of each. What has one number as its answer is computed to that; what has an array
is left as each keeps it: in chunks with `execute` and Dask's ``persist``.
"""

from __future__ import annotations

import argparse
import gc
import math
import statistics
import time
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import dask
import dask.array as da
import dask.dataframe as dd
import numpy as np
import pandas as pd

import mars_nb
import mars_nb.dataframe as md
import mars_nb.tensor as mt

# Seconds between peers: threads of BLAS spin for a while after their last call, on a core that another may need.
REST = 0.2
DASK_CHUNKS = ("auto", "1MiB", "4MiB", "16MiB")  # the first is Dask's default, 128 MiB


class Case(NamedTuple):
    """A program.

    Attributes
    ----------
    run
        Gets numpy or what stands for it, its own inputs, a function that makes a frame of an array, and the size.
    size
        At full scale: items, or the side of a matrix.
    inputs
        Makes the inputs by numpy, from a size.
    answer
        What a random answer is near to; None where numpy's is the answer.
    """

    run: Callable[..., Any]
    size: int
    inputs: Callable[[int], tuple[Any, ...]] = lambda n: ()
    answer: float | None = None


def rng() -> np.random.Generator:
    """Give a generator for inputs."""
    return np.random.default_rng(0)


def vector(n: int) -> tuple[Any, ...]:
    """Make one dimension."""
    return (rng().random(n),)


def square(n: int) -> tuple[Any, ...]:
    """Make a matrix."""
    return (rng().random((n, n)),)


def columns(n: int) -> tuple[Any, ...]:
    """Make ten columns."""
    return (rng().random((n, 10)),)


CASES: dict[str, Case] = {
    "pi by random points": Case(
        lambda xp, frame, n: (xp.linalg.norm(xp.random.uniform(-1, 1, size=(n, 2)), axis=1) < 1).sum() * 4 / n,
        20_000_000,
        answer=math.pi,
    ),
    "sin**2 + cos**2 - x*2 + x/3, sum": Case(
        lambda xp, frame, n, x: (xp.sin(x) ** 2 + xp.cos(x) ** 2 - x * 2 + x / 3).sum(), 100_000_000, vector
    ),
    "x + x.T - x.mean(0)": Case(lambda xp, frame, n, x: x + x.T - x.mean(0), 10_000, square),
    "x @ x.T": Case(lambda xp, frame, n, x: x @ x.T, 4_000, square),
    "x @ y": Case(lambda xp, frame, n, x, y: x @ y, 3_000, lambda n: (*square(n), *square(n))),
    "sum of a random frame": Case(
        lambda xp, frame, n: frame(xp.random.uniform(0, 1, size=(n, 4)), list("abcd")).sum(), 20_000_000, answer=0.5
    ),
    "normalise columns": Case(lambda xp, frame, n, x: (x - x.mean(axis=0)) / x.std(axis=0), 5_000_000, columns),
    "standard deviation": Case(lambda xp, frame, n, x: x.std(), 50_000_000, vector),
    "count by a mask": Case(lambda xp, frame, n, x: ((x > 0.2) & (x < 0.7) & (x * x > 0.1)).sum(), 50_000_000, vector),
    "where, sum": Case(lambda xp, frame, n, x: xp.where(x > 0.5, x - 0.5, -x).sum(), 50_000_000, vector),
    "cumsum": Case(lambda xp, frame, n, x: xp.cumsum(x, axis=0), 30_000_000, vector),
    "mean of random normals": Case(lambda xp, frame, n: xp.random.normal(5, 2, size=n).mean(), 20_000_000, answer=5.0),
    "distance of two, max": Case(
        lambda xp, frame, n, x, y: xp.sqrt((x - y) ** 2).max(), 30_000_000, lambda n: (*vector(n), vector(n)[0][::-1])
    ),
    "a polynomial of float32": Case(
        lambda xp, frame, n, x: ((x * 3 - 1) * x + 2) * x - 7, 50_000_000, lambda n: (vector(n)[0].astype("f4"),)
    ),
}


def with_numpy(case: Case, n: int, inputs: tuple[Any, ...]) -> Callable[[], Any]:
    """Prepare a case for numpy."""
    return lambda: case.run(np, lambda array, names: pd.DataFrame(array, columns=names), n, *inputs)


def with_mars(case: Case, n: int, inputs: tuple[Any, ...]) -> Callable[[], Any]:
    """Prepare a case for mars_nb."""
    given = [mt.asarray(value).execute() for value in inputs]

    def frame(array: Any, names: list[str]) -> Any:
        return md.DataFrame(array, columns=names)

    return lambda: case.run(mt, frame, n, *given).execute()


def with_dask(chunks: str) -> Callable[[Case, int, tuple[Any, ...]], Callable[[], Any]]:
    """Prepare cases for Dask at a chunk size."""

    def prepare(case: Case, n: int, inputs: tuple[Any, ...]) -> Callable[[], Any]:
        with dask.config.set({"array.chunk-size": "128MiB" if chunks == "auto" else chunks}):
            given = [da.from_array(value, chunks="auto").persist() for value in inputs]

        def run() -> Any:
            with dask.config.set({"array.chunk-size": "128MiB" if chunks == "auto" else chunks}):
                found = case.run(da, lambda array, names: dd.from_dask_array(array, columns=names), n, *given)
                (kept,) = dask.persist(found)
                return kept

        return run

    return prepare


def value_of(found: Any) -> Any:
    """Bring an answer, of whatever peer, as numpy's."""
    if hasattr(found, "fetch"):
        found = found.fetch()
    elif hasattr(found, "compute"):
        found = found.compute()
    return np.asarray(found)


def check(name: str, peer: str, case: Case, n: int, found: Any, expected: Any) -> None:
    """Compare an answer with numpy's, or with what is expected of a random one.

    Raises
    ------
    AssertionError
        If it is another one.
    """
    value = value_of(found)
    if case.answer is None:
        np.testing.assert_allclose(
            value, value_of(expected), rtol=1e-4 if value.dtype == "f4" else 1e-9, atol=1e-12, err_msg=f"{name}: {peer}"
        )
    else:
        assert np.shape(value) == np.shape(value_of(expected))
        mean = value / n if value.shape else value
        assert np.all(abs(mean - case.answer) < 10 / math.sqrt(n)), f"{name}: {peer} gave {mean}"


def measure(name: str, case: Case, scale: float, rounds: int, clock: Callable[[], float]) -> dict[str, float]:
    """Time one case by all peers, in turn."""
    n = max(10, int(case.size * (scale if case.size > 20_000 else math.sqrt(scale))))
    inputs = case.inputs(n)
    peers = {
        "numpy": with_numpy,
        "mars_nb": with_mars,
        **{f"Dask {chunks}": with_dask(chunks) for chunks in DASK_CHUNKS},
    }
    taken: dict[str, list[float]] = {}
    expected: Any = None
    for round_ in range(rounds + 1):
        for peer, prepare in peers.items():
            run = prepare(case, n, inputs)
            gc.collect()
            time.sleep(REST)
            started = clock()
            found = run()
            seconds = clock() - started
            if round_:
                taken.setdefault(peer, []).append(seconds)
            elif expected is None:
                expected = found
            else:
                check(name, peer, case, n, found, expected)
            del found, run
        expected = ()  # the first round warmed up and compared
    return {peer: statistics.median(times) for peer, times in taken.items()}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--scale", type=float, default=1.0, help="1: full size")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default="", help="cases with this in their name")
    parser.add_argument("--cpu", action="store_true", help="seconds of processors, for a machine that has other work")
    options = parser.parse_args()
    clock = time.process_time if options.cpu else time.perf_counter
    mars_nb.new_session()
    mars_nb.options.show_progress = False
    names = ("numpy", "Dask", "best", "mars_nb", "to numpy", "to Dask", "to best")
    print(f"{'seconds':<34}{''.join(f'{name:>10}' for name in names)}", flush=True)
    ratios = []
    for name, case in CASES.items():
        if options.only not in name:
            continue
        found = measure(name, case, options.scale, options.rounds, clock)
        default = found[f"Dask {DASK_CHUNKS[0]}"]
        best = min(found[f"Dask {chunks}"] for chunks in DASK_CHUNKS)
        ours = found["mars_nb"]
        ratios.append((ours / found["numpy"], ours / default, ours / best))
        seconds = "".join(f"{value:>10.3f}" for value in (found["numpy"], default, best, ours))
        print(f"{name:<34}{seconds}{''.join(f'{ratio:>10.2f}' for ratio in ratios[-1])}", flush=True)
    means = (math.exp(statistics.mean(map(math.log, column))) for column in zip(*ratios, strict=True))
    print(f"{'geometric mean':<74}{''.join(f'{mean:>10.2f}' for mean in means)}")


if __name__ == "__main__":
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        main()
