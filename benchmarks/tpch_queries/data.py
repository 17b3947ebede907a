"""The tables: made by ``tpchgen-cli``, and written anew with the types that pandas reads without further ado.

Decimals become float64, days become timestamps of microseconds (``datetime64[us]``), texts plain strings. Made
once for a scale, and kept in a folder.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

TABLES = "customer lineitem nation orders part partsupp region supplier".split()
ROWS = 250_000  # of a row group


def tables(folder: Path, scale: float) -> Path:
    """Give the folder of the tables at a scale; they are made where they are not there."""
    there = folder / f"sf{scale:g}"
    if there.exists():
        return there
    program = Path(sysconfig.get_path("scripts")) / "tpchgen-cli"
    if not program.exists():
        sys.exit("The tables are made by tpchgen-cli: pip install --group benchmarks")
    raw, new = folder / f"raw-{scale:g}", folder / f"new-{scale:g}"
    for unfinished in (raw, new):
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(parents=True)
    command = [program, "parquet", f"--scale-factor={scale:g}", f"--output-dir={raw}", "--quiet"]
    subprocess.run(command, check=True)
    for table in TABLES:
        _convert(raw / f"{table}.parquet", new / f"{table}.parquet")
    shutil.rmtree(raw)
    return new.rename(there)


def warm(folder: Path) -> None:
    """Read all tables once, so that no peer waits for the disk."""
    for table in TABLES:
        with (folder / f"{table}.parquet").open("rb") as file:
            while file.read(2**24):
                pass


def _convert(source: Path, target: Path) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    def plain(field: pa.Field) -> pa.Field:
        if pa.types.is_decimal(field.type):
            return pa.field(field.name, pa.float64())
        if pa.types.is_date(field.type):
            return pa.field(field.name, pa.timestamp("us"))
        return pa.field(field.name, pa.string() if pa.types.is_string_view(field.type) else field.type)

    with parquet.ParquetFile(source) as file:
        schema = pa.schema([plain(field) for field in file.schema_arrow])
        with parquet.ParquetWriter(target, schema) as writer:
            waiting: list[pa.RecordBatch] = []
            rows = 0
            for batch in file.iter_batches(ROWS):
                # Batches may end with the source's row groups.
                waiting.append(batch)
                rows += len(batch)
                while rows >= ROWS:
                    whole = pa.Table.from_batches(waiting)
                    writer.write_table(whole.slice(0, ROWS).cast(schema), row_group_size=ROWS)
                    waiting, rows = whole.slice(ROWS).to_batches(), rows - ROWS
            if rows:
                writer.write_table(pa.Table.from_batches(waiting).cast(schema), row_group_size=ROWS)
