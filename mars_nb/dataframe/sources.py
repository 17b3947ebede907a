"""Frames from the user's data and from files."""

from __future__ import annotations

import glob
import inspect
import os
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from pandas.tseries.api import guess_datetime_format

from mars_nb.config import options
from mars_nb.dataframe.infer import SAMPLE_ROWS, infer
from mars_nb.graph import mistakes
from mars_nb.graph.callsite import capture
from mars_nb.graph.meta import Meta, PandasMeta
from mars_nb.graph.mirror import mirror
from mars_nb.graph.node import Data, Function, Operation, Source
from mars_nb.graph.record import record
from mars_nb.graph.structure import leaves
from mars_nb.graph.tileable import Tileable

# Rows of a CSV file that are read when recorded, to find columns and dtypes.
_PEEKED_ROWS = 100
# Arguments of read_csv that mean the same for a part of the file as for the whole.
_PARTIAL_ARGUMENTS = frozenset(
    "sep delimiter header names usecols dtype parse_dates na_values keep_default_na na_filter true_values false_values "
    "encoding thousands decimal date_format dayfirst cache_dates converters low_memory float_precision dtype_backend "
    "skipinitialspace memory_map".split()
)


def construct(cls: Callable[..., Any], data: Any, arguments: dict[str, Any], chunk_size: Any = None) -> Any:
    """Make a lazy frame of data that is there, or of other lazy objects.

    Parameters
    ----------
    cls
        pandas's class.
    data, arguments
        What the class takes.
    chunk_size
        Rows of a chunk, or a tuple of which the first counts.
    """
    arguments = {name: value for name, value in arguments.items() if value is not None}
    if any(isinstance(leaf, Tileable) for leaf in leaves((data, arguments))):
        return record(Function(cls, f"pandas.{cls.__name__}"), (data,), arguments, infer=infer, prefix="DataFrame")
    try:
        value = cls(data, **arguments) if data is not None or arguments else cls()
    except Exception as error:
        mistakes.tell(error)
        raise
    return from_pandas(value, chunk_size)


def from_pandas(value: Any, chunk_size: Any = None) -> Any:
    """Make a lazy frame of a pandas data frame, series or index.

    Parameters
    ----------
    value
        pandas's object; later changes to it do not show in the lazy one.
    chunk_size
        Rows of a chunk; chosen if not given.
    """
    kept = value.copy(deep=False)  # pandas copies on write, so this stays as it is
    meta = PandasMeta(kept[:SAMPLE_ROWS], len(kept))
    prefix = type(value).__name__ if isinstance(value, pd.DataFrame | pd.Series) else "Index"
    how: dict[str, Any] = {"infer": lambda *_: meta, "prefix": prefix, "chunks": _cut_rows(kept, chunk_size)}
    return record(Source("data_source"), (Data(kept),), **how)


def _cut_rows(value: Any, chunk_size: Any) -> tuple[tuple[int, ...], ...] | None:
    wanted = options.chunk_size if chunk_size is None else chunk_size
    rows = len(value)
    if isinstance(wanted, tuple):
        wanted = wanted[0]
    if wanted is None:
        nbytes = int(np.sum(value.memory_usage()))
        if nbytes <= options.chunk_bytes:
            return None
        wanted = max(1, rows * options.chunk_bytes // nbytes)
    if rows <= wanted:
        return None
    full, rest = divmod(rows, wanted)
    return ((wanted,) * full + ((rest,) if rest else ()),)


# --- files ------------------------------------------------------------------------------------------------------


def read_csv(filepath_or_buffer: Any, *, chunk_bytes: int | None = None, **arguments: Any) -> Any:
    """Record the reading of CSV text: of one file in parts, of several one after the other."""
    if "chunksize" in arguments or "iterator" in arguments:
        raise TypeError("md.read_csv reads in chunks by itself; leave chunksize= and iterator= out")
    paths = _paths(filepath_or_buffer)
    if paths is not None and len(paths) > 1:
        from mars_nb.dataframe.functions import concat

        parts = [read_csv(path, chunk_bytes=chunk_bytes, **arguments) for path in paths]
        return concat(parts, ignore_index="index_col" not in arguments)
    if paths is None:  # a buffer can be read once only
        return from_pandas(pd.read_csv(filepath_or_buffer, **arguments))
    path = paths[0]

    wanted = arguments.get("nrows")
    peeked = _PEEKED_ROWS if wanted is None else min(wanted, _PEEKED_ROWS)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        head = pd.read_csv(path, **{**arguments, "nrows": peeked})
    # Rows with an item more than the header begin with a label.
    chunks = _cut_file(path, arguments, chunk_bytes) if isinstance(head.index, pd.RangeIndex) else None
    if chunks is not None and arguments.get("parse_dates"):
        formats = _date_formats(path, arguments)
        if formats is None:
            chunks = None
        else:
            arguments = {**arguments, "date_format": formats}
            _tell(told)  # what pandas says of dates; given a format, it will say nothing when the file is read
    meta = PandasMeta(head[:SAMPLE_ROWS])
    op = Function(pd.read_csv, "pandas.read_csv")
    return record(op, (path,), arguments, infer=lambda *_: meta, prefix="DataFrame", chunks=chunks)


def _tell(told: list[warnings.WarningMessage]) -> None:
    site = capture()
    for warning in told:
        place = (warning.filename, warning.lineno) if site is None else (site.filename, site.lineno)
        warnings.warn_explicit(warning.message, warning.category, *place)


def _paths(target: Any) -> list[str] | None:
    """List the files meant, None for a buffer."""
    if isinstance(target, list | tuple):
        return [str(os.fspath(item)) for item in target]
    if not isinstance(target, str | os.PathLike):
        return None
    path = str(os.fspath(target))
    if "://" not in path and glob.has_magic(path) and not os.path.exists(path):
        found = sorted(glob.glob(path))
        if not found:
            raise FileNotFoundError(f"no file matches {path!r}")
        return found
    return [path]


def _cut_file(path: str, arguments: dict[str, Any], chunk_bytes: int | None) -> tuple[tuple[int, ...], ...] | None:
    """Decide the parts of a file in bytes, None where it must be read as one."""
    size = os.path.getsize(path) if os.path.isfile(path) else 0
    if not size:
        return None
    wanted = chunk_bytes or options.chunk_bytes // 2  # text becomes about twice as large in memory
    with open(path, "rb") as file:
        first_line = file.readline()
    # Blank lines may come before the header, and some files have line ends of another kind.
    lines = bool(first_line.strip()) and b"\r" not in first_line.rstrip(b"\r\n")
    compressed = path.endswith((".gz", ".bz2", ".zip", ".xz", ".zst", ".tar")) or "compression" in arguments
    splittable = set(arguments) <= _PARTIAL_ARGUMENTS and arguments.get("header", "infer") in ("infer", 0)
    encoded = str(arguments.get("encoding", "utf-8")).lower().replace("_", "-")
    if compressed or not splittable or not lines or encoded not in ("utf-8", "ascii", "latin-1") or size <= wanted:
        return None
    count = -(-size // wanted)
    full = -(-size // count)
    return (tuple(min(full, size - start) for start in range(0, size, full)),)


def _date_formats(path: str, arguments: dict[str, Any]) -> str | dict[str, str] | None:
    """Tell the formats of the dates in a file, which pandas finds from the first one of a column.

    Returns
    -------
    str or dict or None
        The one that was given, or one for each column of dates; None if some cannot be told.
    """
    given, columns = arguments.get("date_format"), arguments["parse_dates"]
    if isinstance(given, str):
        return given
    if given is not None or not isinstance(columns, list) or not all(isinstance(column, str) for column in columns):
        return None
    others = {name: value for name, value in arguments.items() if name not in ("parse_dates", "dtype", "converters")}
    found: dict[str, str] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        texts = pd.read_csv(path, **{**others, "dtype": str, "nrows": _PEEKED_ROWS})
        for column in columns:
            items = texts[column].dropna()
            guess = guess_datetime_format(items.iloc[0], bool(arguments.get("dayfirst"))) if len(items) else None
            if guess is None:
                return None
            found[column] = guess
    return found


def read_parquet(path: Any, *args: Any, **kwargs: Any) -> Any:
    """Record the reading of a Parquet file; anything but one file is read at once."""

    def peek(op: Operation, args: Any, kwargs: Any) -> Meta:
        import pyarrow.parquet

        file = pyarrow.parquet.ParquetFile(path)
        if kwargs or len(args) > 1:
            return PandasMeta(pd.read_parquet(*args, **kwargs)[:SAMPLE_ROWS])
        batch = next(file.iter_batches(_PEEKED_ROWS), None)
        rows = int(file.metadata.num_rows)
        sample = file.schema_arrow.empty_table() if batch is None else pyarrow.Table.from_batches([batch])
        return PandasMeta(sample.to_pandas()[:SAMPLE_ROWS], rows)

    if not isinstance(path, str | os.PathLike) or not os.path.isfile(path):
        return from_pandas(pd.read_parquet(path, *args, **kwargs))
    op = Function(pd.read_parquet, "pandas.read_parquet")
    return record(op, (os.fspath(path), *args), kwargs, infer=peek, prefix="DataFrame")


def reader(name: str, module: str) -> Callable[..., Any]:
    """Give a reading function: lazy for CSV and Parquet; all others read at once and are lazy from there on."""
    original = getattr(pd, name)
    if name == "read_csv":
        read = mirror(original, read_csv, name, module)
        signature = inspect.signature(original)
        more = inspect.Parameter("chunk_bytes", inspect.Parameter.KEYWORD_ONLY, default=None)
        read.__signature__ = signature.replace(parameters=[*signature.parameters.values(), more])  # type: ignore[attr-defined]
        return read
    if name == "read_parquet":
        return mirror(original, read_parquet, name, module)
    return mirror(original, lambda *args, **kwargs: from_pandas(original(*args, **kwargs)), name, module)
