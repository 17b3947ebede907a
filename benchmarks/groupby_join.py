"""Group-bys and joins of many rows: pandas, Dask, Polars, DuckDB and mars_nb beside each other.

Run ``python benchmarks/groupby_join.py [MILLIONS]``; 10 million rows unless another number is given. The questions are
like those of db-benchmark: keys that are numbers and texts, few groups and many, medians and deviations; and joins of
two tables of that length. The tables are read from Parquet while the clock runs, or held in memory from before, by each
peer in its own form: a pandas frame for pandas and mars_nb. Answers are compared with those of the first peer: of
mars_nb with types, index and order, of the others by value.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import peers

#: The question's name, whether the tables are held in memory, and their folder.
Question = tuple[str, bool, Path]
Read = Callable[[str, list[str]], Any]

#: In pandas's style, for a way to read columns of a table.
FRAMES: dict[str, Callable[[Read], Any]] = {
    "text": lambda read: read("x", ["id1", "v1"]).groupby("id1", as_index=False).agg(v1=("v1", "sum")),
    "2 texts": lambda read: (
        read("x", ["id1", "id2", "v1"]).groupby(["id1", "id2"], as_index=False).agg(v1=("v1", "sum"))
    ),
    "many texts": lambda read: (
        read("x", ["id3", "v1", "v3"]).groupby("id3", as_index=False).agg(v1=("v1", "sum"), v3=("v3", "mean"))
    ),
    "int": lambda read: (
        read("x", ["id4", "v1", "v3"]).groupby("id4", as_index=False).agg(v1=("v1", "mean"), v3=("v3", "mean"))
    ),
    "many ints": lambda read: (
        read("x", ["id6", "v1", "v3"]).groupby("id6", as_index=False).agg(v1=("v1", "sum"), v3=("v3", "sum"))
    ),
    "median, std": lambda read: (
        read("x", ["id4", "id5", "v3"])
        .groupby(["id4", "id5"], as_index=False)
        .agg(median=("v3", "median"), std=("v3", "std"))
    ),
    "many medians": lambda read: (
        read("x", ["id6", "v3"]).groupby("id6", as_index=False).agg(median=("v3", "median"), std=("v3", "std"))
    ),
    "max, min": lambda read: (
        read("x", ["id3", "v1", "v2"]).groupby("id3", as_index=False).agg(v1=("v1", "max"), v2=("v2", "min"))
    ),
    "inner join": lambda read: _joined(read, "inner"),
    "left join": lambda read: _joined(read, "left"),
}


def _joined(read: Read, how: str) -> Any:
    joined = read("x", ["key", "id4", "v1"]).merge(read("y", ["key", "v4"]), on="key", how=how)
    return joined.groupby("id4", as_index=False).agg(v1=("v1", "sum"), v4=("v4", "sum"), found=("v4", "count"))


_OF_JOIN = "select id4, sum(v1) as v1, sum(v4) as v4, count(v4) as found from x {} join y using (key) group by id4"
SQL = {
    "text": "select id1, sum(v1) as v1 from x group by id1 order by id1",
    "2 texts": "select id1, id2, sum(v1) as v1 from x group by id1, id2 order by id1, id2",
    "many texts": "select id3, sum(v1) as v1, avg(v3) as v3 from x group by id3 order by id3",
    "int": "select id4, avg(v1) as v1, avg(v3) as v3 from x group by id4 order by id4",
    "many ints": "select id6, sum(v1) as v1, sum(v3) as v3 from x group by id6 order by id6",
    "median, std": "select id4, id5, median(v3) as median, stddev(v3) as std from x group by all order by all",
    "many medians": "select id6, median(v3) as median, stddev(v3) as std from x group by id6 order by id6",
    "max, min": "select id3, max(v1) as v1, min(v2) as v2 from x group by id3 order by id3",
    "inner join": _OF_JOIN.format("inner") + " order by id4",
    "left join": _OF_JOIN.format("left") + " order by id4",
}


def pandas_peer() -> peers.Ready:
    held: dict[Path, pd.DataFrame] = {}

    @contextmanager
    def ready(question: Question) -> Iterator[Callable[[], Any]]:
        name, in_memory, folder = question

        def read(table: str, columns: list[str]) -> pd.DataFrame:
            file = folder / f"{table}.parquet"
            return held[file][columns] if in_memory else pd.read_parquet(file, columns=columns)

        if in_memory:
            _hold(held, folder, pd.read_parquet)
        yield lambda: FRAMES[name](read)

    return ready


def mars_peer() -> peers.Ready:
    import mars_nb
    import mars_nb.dataframe as md

    mars_nb.options.show_progress = False
    held: dict[Path, md.DataFrame] = {}

    @contextmanager
    def ready(question: Question) -> Iterator[Callable[[], Any]]:
        name, in_memory, folder = question

        def read(table: str, columns: list[str]) -> md.DataFrame:
            file = folder / f"{table}.parquet"
            return held[file][columns] if in_memory else md.read_parquet(file, columns=columns)

        if in_memory:
            _hold(held, folder, lambda file: md.from_pandas(pd.read_parquet(file)))
        with mars_nb.new_session():
            yield lambda: FRAMES[name](read).execute().fetch()

    return ready


def dask_peer() -> peers.Ready:
    import dask.dataframe as dd
    from tpch_queries import for_dask

    for_dask.complete()
    held: dict[Path, Any] = {}

    @contextmanager
    def ready(question: Question) -> Iterator[Callable[[], Any]]:
        name, in_memory, folder = question

        def read(table: str, columns: list[str]) -> Any:
            return held[folder / f"{table}.parquet"][columns] if in_memory else for_dask.read(folder, table, columns)

        if in_memory:
            _hold(held, folder, lambda file: dd.read_parquet(file, split_row_groups=True).persist(scheduler="threads"))
        # Its groups come in any order.
        yield lambda: for_dask.answer(FRAMES[name](read)).pipe(lambda found: found.sort_values(list(found)))

    return ready


def polars_peer() -> peers.Ready:
    import polars as pl
    from polars import col

    def joined(x: pl.LazyFrame, y: pl.LazyFrame, how: Any) -> pl.LazyFrame:
        groups = x.join(y, on="key", how=how).group_by("id4")
        return groups.agg(col("v1", "v4").sum(), found=col("v4").count())

    queries: dict[str, Callable[[pl.LazyFrame, pl.LazyFrame], pl.LazyFrame]] = {
        "text": lambda x, y: x.group_by("id1").agg(col("v1").sum()),
        "2 texts": lambda x, y: x.group_by("id1", "id2").agg(col("v1").sum()),
        "many texts": lambda x, y: x.group_by("id3").agg(col("v1").sum(), col("v3").mean()),
        "int": lambda x, y: x.group_by("id4").agg(col("v1", "v3").mean()),
        "many ints": lambda x, y: x.group_by("id6").agg(col("v1", "v3").sum()),
        "median, std": lambda x, y: x.group_by("id4", "id5").agg(median=col("v3").median(), std=col("v3").std()),
        "many medians": lambda x, y: x.group_by("id6").agg(median=col("v3").median(), std=col("v3").std()),
        "max, min": lambda x, y: x.group_by("id3").agg(col("v1").max(), col("v2").min()),
        "inner join": lambda x, y: joined(x, y, "inner"),
        "left join": lambda x, y: joined(x, y, "left"),
    }
    held: dict[Path, pl.DataFrame] = {}

    @contextmanager
    def ready(question: Question) -> Iterator[Callable[[], Any]]:
        name, in_memory, folder = question
        files = [folder / f"{table}.parquet" for table in "xy"]
        if in_memory:
            _hold(held, folder, pl.read_parquet)

        def answer() -> pd.DataFrame:
            x, y = (held[file].lazy() if in_memory else pl.scan_parquet(file) for file in files)
            found = queries[name](x, y)
            keys = [column for column in found.collect_schema() if column.startswith("id")]
            return found.sort(keys).collect(engine="streaming").to_pandas()

        yield answer

    return ready


def duckdb_peer() -> peers.Ready:
    import duckdb

    connections: dict[Path, duckdb.DuckDBPyConnection] = {}

    @contextmanager
    def ready(question: Question) -> Iterator[Callable[[], Any]]:
        name, in_memory, folder = question
        if in_memory and folder not in connections:
            connections[folder] = _connected(duckdb.connect(), folder, "table")
        found = connections[folder] if in_memory else _connected(duckdb.connect(), folder, "view")
        yield lambda: found.execute(SQL[name]).df()

    return ready


def _connected(connection: Any, folder: Path, kind: str) -> Any:
    for table in "xy":
        connection.execute(f"create {kind} {table} as from read_parquet('{folder / table}.parquet')")
    return connection


def _hold(held: dict[Path, Any], folder: Path, read: Callable[[Path], Any]) -> None:
    for file in (folder / "x.parquet", folder / "y.parquet"):
        if file not in held:
            held[file] = read(file)


def tables(folder: Path, rows: int) -> Path:
    """Give the folder of two tables of so many rows; they are made where they are not there.

    The first has keys that are numbers and texts, 100 of a kind or one for 100 rows. Nine tenths of the values of its
    ``key`` are found in the second, once each.
    """
    there = folder / f"rows-{rows}"
    if there.exists():
        return there
    new = folder / f"new-{rows}"
    new.mkdir(parents=True, exist_ok=True)
    draw = np.random.default_rng(0)
    few, many = (draw.integers(1, n + 1, (3, rows)) for n in (100, max(1, rows // 100)))
    keys = draw.permutation(rows * 10 // 9)
    x = pd.DataFrame(
        {
            "id1": np.char.add("id", np.char.zfill(np.arange(101).astype(str), 3))[few[0]],
            "id2": np.char.add("id", np.char.zfill(np.arange(101).astype(str), 3))[few[1]],
            "id3": np.char.add("id", np.char.zfill(np.arange(many.max() + 1).astype(str), 10))[many[0]],
            "id4": few[2],
            "id5": draw.integers(1, 101, rows),
            "id6": many[1],
            "key": draw.choice(keys, rows),
            "v1": draw.integers(1, 6, rows),
            "v2": draw.integers(1, 16, rows),
            "v3": np.round(draw.uniform(0, 100, rows), 6),
        }
    )
    y = pd.DataFrame({"key": keys[:rows], "v4": draw.random(rows)})
    x.to_parquet(new / "x.parquet", row_group_size=250_000)
    y.to_parquet(new / "y.parquet", row_group_size=250_000)
    return new.rename(there)


PEERS: dict[str, Callable[[], peers.Ready]] = {
    "pandas": pandas_peer,
    "dask": dask_peer,
    "polars": polars_peer,
    "duckdb": duckdb_peer,
    "mars": mars_peer,
}


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description="Group-bys and joins of many rows, peers beside each other.")
    parser.add_argument("millions", nargs="?", type=float, default=10.0, help="rows of each table, in millions")
    parser.add_argument("--peers", default=",".join(PEERS), help=", ".join(PEERS))
    parser.add_argument("--questions", default="/".join(FRAMES), help="such as 'median, std/inner join'")
    parser.add_argument("--repeat", type=int, default=3, help="runs of each; the median counts")
    parser.add_argument("--data", type=Path, default=Path(tempfile.gettempdir()) / "mars-nb-groupby-join")
    options = parser.parse_args()
    folder, tiny = (tables(options.data, rows) for rows in (int(options.millions * 1e6), 10_000))
    names = peers.installed(options.peers.split(","))
    for in_memory in (True, False):
        where = "in memory" if in_memory else "from Parquet"
        title = f"{options.millions:g} million rows {where}"
        print(f"{title}, seconds, median of {options.repeat}; *: not {names[0]}'s answer")
        peers.compare(
            [peers.Peer(name, PEERS[name]) for name in names],
            {name: ((name, in_memory, folder), (name, in_memory, tiny)) for name in options.questions.split("/")},
            options.repeat,
        )


if __name__ == "__main__":
    main()
