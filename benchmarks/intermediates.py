"""What is gained by keeping what is computed on the way, and what it costs.

Run ``python benchmarks/intermediates.py [MB]``. A CSV file of 200 MB is written, unless another size is given. Four
sessions group it and then take a maximum, as two cells of a notebook would: one keeps nothing; one keeps the frame; one
has so little memory that the frame has to be let go; one executes the frame, with as little memory, so that it is put
on disk: what keeping more than memory would cost. Last, what all this costs where there is nothing to gain.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

import mars_nb
import mars_nb.dataframe as md
import mars_nb.tensor as mt

BYTES_A_ROW = 42


def write(path: Path, nbytes: int) -> None:
    """Write a file of about so many bytes."""
    rng = np.random.default_rng(0)
    rows = nbytes // BYTES_A_ROW
    pd.DataFrame({"k": rng.integers(0, 1000, rows), "a": rng.random(rows), "b": rng.random(rows)}).to_csv(
        path, index=False
    )


def seconds(lazy: object) -> float:
    """Execute something and tell how long it took."""
    began = time.perf_counter()
    lazy.execute()  # type: ignore[attr-defined]
    return time.perf_counter() - began


def cells(path: Path, keep: bool, limit: str | None = None, execute: bool = False) -> tuple[float, float]:
    """Tell how long a group-by, and then a maximum, of the file take."""
    with mars_nb.new_session(memory_limit=limit), mars_nb.option_context({"keep_intermediates": keep}):
        df = md.read_csv(str(path))
        first = seconds(df) if execute else 0.0
        return first + seconds(df.groupby("k").sum()), seconds(df.a.max())


def overhead(keep: bool) -> float:
    """Tell how many microseconds a trivial execute takes whose input has a variable."""
    with mars_nb.new_session(), mars_nb.option_context({"keep_intermediates": keep}):
        t = mt.tensor([1.0, 2.0])
        times = []
        for _ in range(2000):
            ordered = mt.sort(t)
            times.append(seconds(ordered.sum()))
    return sorted(times)[len(times) // 2] * 1e6


def main() -> None:
    """Write the file, and print the times."""
    nbytes = int(float(sys.argv[1]) * 1e6) if len(sys.argv) > 1 else 200_000_000
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "data.csv"
        write(path, nbytes)
        limit = f"{nbytes // 4}"
        cells(path, keep=False)  # the file is in the system's cache from here on
        cases = {
            "keeps nothing": cells(path, keep=False),
            "keeps the frame": cells(path, keep=True),
            "little memory, lets it go": cells(path, keep=True, limit=limit),
            "little memory, keeps nothing": cells(path, keep=False, limit=limit),
            "little memory, on disk": cells(path, keep=False, limit=limit, execute=True),
        }
    print(
        f"{path.name} of {nbytes / 1e6:.0f} MB: seconds of the first cell, of the second, and how much sooner that is"
    )
    base = cases["keeps nothing"][1]
    for name, (first, second) in cases.items():
        print(f"  {name:30} {first:6.2f} {second:6.2f}  {base / second:6.1f} x")
    off, on = (min(overhead(keep) for _ in range(3)) for keep in (False, True))
    print(f"a trivial execute: {off:.0f} us; with an intermediate to keep: {on:.0f} us ({on / off:.2f} x)")


if __name__ == "__main__":
    main()
