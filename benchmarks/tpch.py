"""The 22 queries of TPC-H from Parquet: pandas, Dask, Polars, DuckDB and mars_nb beside each other.

Run ``python benchmarks/tpch.py [SCALE]``; ``--help`` tells of its options, ``pip install --group benchmarks`` installs
the peers and what makes the tables. pandas, Dask and mars_nb run the same text (``tpch_queries/frames.py``), Polars and
DuckDB one in their own language. Reading is part of the time, and a pandas frame is the answer. Answers are compared
with those of the first peer: of mars_nb with types, index and order, of the others by value.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import peers
from tpch_queries import data

Question = tuple[int, Path]


def pandas_peer(told: bool = True) -> peers.Ready:
    import pandas as pd
    from tpch_queries.frames import QUERIES

    @contextmanager
    def ready(question: Question) -> Iterator[Callable[[], Any]]:
        number, folder = question

        def read(table: str, columns: list[str]) -> pd.DataFrame:
            return pd.read_parquet(folder / f"{table}.parquet", columns=columns if told else None)

        yield lambda: peers.table(QUERIES[number](read))

    return ready


def mars_peer(memory_limit: str | None, told: bool = True) -> peers.Ready:
    from tpch_queries.frames import QUERIES

    import mars_nb
    import mars_nb.dataframe as md

    mars_nb.options.show_progress = False

    @contextmanager
    def ready(question: Question) -> Iterator[Callable[[], Any]]:
        number, folder = question

        def read(table: str, columns: list[str]) -> md.DataFrame:
            return md.read_parquet(folder / f"{table}.parquet", columns=columns if told else None)

        with mars_nb.new_session(memory_limit=memory_limit):
            yield lambda: peers.table(QUERIES[number](read).execute().fetch())

    return ready


def dask_peer() -> peers.Ready:
    from tpch_queries import for_dask
    from tpch_queries.frames import QUERIES

    for_dask.complete()
    queries = QUERIES | for_dask.OWN

    @contextmanager
    def ready(question: Question) -> Iterator[Callable[[], Any]]:
        number, folder = question
        yield lambda: peers.table(for_dask.answer(queries[number](partial(for_dask.read, folder))))

    return ready


def polars_peer() -> peers.Ready:
    import polars as pl
    from tpch_queries.polars_queries import QUERIES

    @contextmanager
    def ready(question: Question) -> Iterator[Callable[[], Any]]:
        number, folder = question

        def scan(table: str) -> pl.LazyFrame:
            return pl.scan_parquet(folder / f"{table}.parquet")

        yield lambda: QUERIES[number](scan).collect(engine="streaming").to_pandas()

    return ready


def duckdb_peer() -> peers.Ready:
    import duckdb
    from tpch_queries.sql import QUERIES

    @contextmanager
    def ready(question: Question) -> Iterator[Callable[[], Any]]:
        number, folder = question
        with duckdb.connect() as connection:
            for table in data.TABLES:
                connection.execute(f"create view {table} as from read_parquet('{folder / table}.parquet')")
            yield lambda: connection.execute(QUERIES[number]).df()

    return ready


PEERS: dict[str, Callable[..., peers.Ready]] = {
    "pandas": pandas_peer,
    "dask": dask_peer,
    "polars": polars_peer,
    "duckdb": duckdb_peer,
    "mars": mars_peer,
}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="The 22 queries of TPC-H, peers beside each other.")
    parser.add_argument("scale", nargs="?", type=float, default=1.0, help="1: 1 GB, 6 million rows in lineitem")
    parser.add_argument("--queries", default=",".join(map(str, range(1, 23))), help="numbers, such as 1,6")
    parser.add_argument("--peers", default=",".join(PEERS), help=", ".join(PEERS))
    parser.add_argument("--repeat", type=int, default=3, help="runs of each; the median counts")
    parser.add_argument("--memory-limit", help="of the session of mars_nb, such as 4GiB; peaks of memory are told")
    parser.add_argument("--untold", action="store_true", help="pandas and mars: read_parquet without columns=")
    parser.add_argument("--timeout", type=float, default=600, help="seconds for one run")
    parser.add_argument("--data", type=Path, default=Path(tempfile.gettempdir()) / "mars-nb-tpch", help="tables, kept")
    options = parser.parse_args()
    folder, tiny = (data.tables(options.data, scale) for scale in (options.scale, 0.01))
    data.warm(folder)
    names = peers.installed(options.peers.split(","))
    arguments = {"pandas": (not options.untold,), "mars": (options.memory_limit, not options.untold)}
    taking_part = [peers.Peer(name, PEERS[name], *arguments.get(name, ()), timeout_s=options.timeout) for name in names]
    print(f"TPC-H at scale {options.scale:g}, seconds, median of {options.repeat}; *: not {names[0]}'s answer")
    questions = {f"Q{n}": ((n, folder), (n, tiny)) for n in map(int, options.queries.split(","))}
    peers.compare(taking_part, questions, options.repeat, with_peaks=options.memory_limit is not None)


if __name__ == "__main__":
    main()
