"""Importing the package is cheap, and loads nothing that most programs do not need."""

from __future__ import annotations

import statistics
import subprocess
import sys

HEAVY = ("dask", "distributed", "ipykernel", "ipywidgets", "numpy", "pandas", "tornado")
RUNS = 7


def seconds_to_import(module: str) -> float:
    code = f"import time; t = time.perf_counter(); import {module}; print(time.perf_counter() - t)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return float(done.stdout)


def loaded_by(code: str) -> set[str]:
    code += "; import sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_import_takes_no_longer_than_dask_and_a_tenth():
    for module in ("dask", "mars_nb"):
        seconds_to_import(module)  # files get into the cache
    dask, ours = zip(*((seconds_to_import("dask"), seconds_to_import("mars_nb")) for _ in range(RUNS)), strict=True)
    assert statistics.median(ours) <= 1.1 * statistics.median(dask)


def test_import_loads_nothing_heavy():
    assert loaded_by("import mars_nb").isdisjoint(HEAVY)


def test_front_ends_load_no_notebook_libraries():
    loaded = loaded_by("import mars_nb.dataframe, mars_nb.tensor, mars_nb.remote, mars_nb; mars_nb.new_session")
    assert loaded.isdisjoint({"distributed", "ipykernel", "ipywidgets", "tornado", "IPython"})
