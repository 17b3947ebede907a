"""pandas's reading functions, recorded: CSV, JSON lines, Parquet, Feather, ORC and SQL; all others read at once."""

from __future__ import annotations

import inspect
import os
import warnings
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from weakref import WeakKeyDictionary

import pandas as pd

from mars_nb.config import options
from mars_nb.dataframe import folding
from mars_nb.dataframe.infer import SAMPLE_ROWS, is_user_code
from mars_nb.dataframe.sources import from_pandas
from mars_nb.files import places
from mars_nb.files.reader import FrameReader, read
from mars_nb.graph.callsite import capture
from mars_nb.graph.constants import Folded, nbytes_of
from mars_nb.graph.meta import PandasMeta
from mars_nb.graph.mirror import mirror
from mars_nb.graph.node import Function
from mars_nb.graph.record import record
from mars_nb.graph.structure import leaves

_Read = Callable[..., Any]

# What is known of what readers read, and what was read when it was recorded. Readers of Parquet files are the same as
# long as the files are as they were.
_metas: WeakKeyDictionary[FrameReader, PandasMeta] = WeakKeyDictionary()
_read_before: WeakKeyDictionary[FrameReader, pd.DataFrame] = WeakKeyDictionary()


def recorded(name: str, reader: FrameReader, whole: pd.DataFrame | None = None) -> Any:
    """Record what a reader reads.

    Parameters
    ----------
    name
        Of pandas's function.
    reader
        Knows how it is cut.
    whole
        All that it reads, where that is known.
    """
    meta = _metas.get(reader) or _metas.setdefault(reader, PandasMeta(reader.sample[:SAMPLE_ROWS], reader.rows))
    value = _read_now(reader, whole)
    found = meta if value is None else Folded(meta, value, frozenset({reader}))
    lengths = reader.lengths or (0,) * reader.count
    how: dict[str, Any] = {"chunks": (lengths,) if reader.count > 1 else None, "infer": lambda *_: found}
    return record(Function(read, f"pandas.{name}"), (reader,), prefix="DataFrame", **how)


def _read_now(reader: FrameReader, whole: pd.DataFrame | None) -> pd.DataFrame | None:
    """Read small files when they are recorded, None where something is to be said of it when they are executed."""
    is_local = reader.version is not None and not places.is_url(reader.origin)
    if not is_local or reader.count > 1 or reader.nbytes is None or reader.nbytes > folding.most_read():
        return None
    if any(map(is_user_code, leaves(dict(getattr(reader, "arguments", {}))))):
        return None
    if reader in _read_before:
        return _read_before[reader]
    with suppress(Exception), warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        value = reader.whole() if whole is None else whole
        if not told and folding.is_source(value.dtypes, nbytes_of(value)):
            return _read_before.setdefault(reader, value)
    return None


def _part_bytes(chunk_bytes: int | None) -> int:
    return chunk_bytes or options.chunk_bytes // 2  # text becomes about twice as large in memory


def _read_csv(name: str) -> _Read:
    original = getattr(pd, name)

    def call(filepath_or_buffer: Any, *, chunk_bytes: int | None = None, **arguments: Any) -> Any:
        from mars_nb.files.csvcuts import csv_reader

        _refuse_chunks(name, arguments)
        paths = places.listed(filepath_or_buffer, arguments.get("storage_options"))
        if paths is None:  # a buffer can be read once only
            return from_pandas(original(filepath_or_buffer, **arguments))
        if name == "read_table":
            arguments = {"sep": "\t", **arguments}
        at_once = 0 if any(map(is_user_code, leaves(arguments))) else options.fold_bytes
        looked = csv_reader(tuple(paths), arguments, _part_bytes(chunk_bytes), at_once)
        _tell(looked.told)
        return recorded(name, looked.reader, looked.whole)

    return call


def _read_json(path_or_buf: Any, *, chunk_bytes: int | None = None, **arguments: Any) -> Any:
    from mars_nb.files.jsonlines import json_lines_reader

    _refuse_chunks("read_json", arguments)
    paths = places.listed(path_or_buf, arguments.get("storage_options")) if arguments.get("lines") else None
    if paths is None or arguments.get("typ", "frame") != "frame":
        return from_pandas(pd.read_json(path_or_buf, **arguments))
    return recorded("read_json", json_lines_reader(tuple(paths), arguments, _part_bytes(chunk_bytes)))


def _read_parquet(path: Any, *, chunk_bytes: int | None = None, **arguments: Any) -> Any:
    from mars_nb.files.parquet import parquet_reader

    arguments = {name: value for name, value in arguments.items() if value is not None}
    paths = places.listed(path, arguments.get("storage_options"))
    if paths is None:
        return from_pandas(pd.read_parquet(path, **arguments))
    return recorded("read_parquet", parquet_reader(tuple(paths), arguments, chunk_bytes or options.chunk_bytes))


def _read_feather(path: Any, columns: Any = None, **arguments: Any) -> Any:
    from mars_nb.files.feather import feather_reader

    if not isinstance(path, str | os.PathLike) or arguments or places.is_url(str(path)):
        return from_pandas(pd.read_feather(path, columns=columns, **arguments))
    return recorded("read_feather", feather_reader(places.settled_path(path), columns))


def _read_sql(name: str) -> _Read:
    def call(sql: Any, con: Any, **arguments: Any) -> Any:
        from mars_nb.files import sql as databases

        _refuse_chunks(name, arguments)
        cutting = {key: arguments.pop(key) for key in databases.CUTTING if key in arguments}
        arguments = {key: value for key, value in arguments.items() if value is not None}
        function = name
        if name == "read_sql":
            is_table = isinstance(sql, str) and not sql.strip().count(" ")
            function = "read_sql_table" if is_table else "read_sql_query"
        url = databases.url_of(con)
        if url is None:  # a connection belongs to this thread
            if cutting:
                raise ValueError("partition_col= needs con= as SQLAlchemy's URL or engine, to open the database again")
            return from_pandas(getattr(pd, name)(sql, con, **arguments))
        reader = databases.sql_reader(function, sql, url, arguments, cutting, options.chunk_bytes)
        return recorded(name, reader)

    return call


def _refuse_chunks(name: str, arguments: dict[str, Any]) -> None:
    if arguments.get("chunksize") is not None or arguments.get("iterator"):
        raise TypeError(f"md.{name} reads in chunks by itself; leave chunksize= and iterator= out")
    for given in ("chunksize", "iterator"):
        arguments.pop(given, None)


def _tell(told: list[warnings.WarningMessage]) -> None:
    site = capture()
    for warning in told:
        place = (warning.filename, warning.lineno) if site is None else (site.filename, site.lineno)
        warnings.warn_explicit(warning.message, warning.category, *place)


_READERS: dict[str, tuple[_Read, tuple[str, ...]]] = {
    "read_csv": (_read_csv("read_csv"), ("chunk_bytes",)),
    "read_table": (_read_csv("read_table"), ("chunk_bytes",)),
    "read_json": (_read_json, ("chunk_bytes",)),
    "read_parquet": (_read_parquet, ("chunk_bytes",)),
    "read_feather": (_read_feather, ()),
    "read_sql": (_read_sql("read_sql"), ("partition_col", "num_partitions", "low_limit", "high_limit")),
    "read_sql_query": (_read_sql("read_sql_query"), ("partition_col", "num_partitions", "low_limit", "high_limit")),
    "read_sql_table": (_read_sql("read_sql_table"), ("partition_col", "num_partitions", "low_limit", "high_limit")),
}


def reader(name: str, module: str) -> Callable[..., Any]:
    """Give a reading function: recorded where a part can be read by itself, else it reads at once."""
    original = getattr(pd, name)
    if name not in _READERS:
        return mirror(original, lambda *args, **kwargs: _lazy(original(*args, **kwargs)), name, module)
    read_lazily, more = _READERS[name]
    signature = inspect.signature(original)
    names = list(signature.parameters)

    def call(*args: Any, **kwargs: Any) -> Any:
        own = {key: kwargs.pop(key) for key in more if key in kwargs}
        bound = signature.bind(*args, **kwargs).arguments
        others = bound.pop("kwargs", {})
        first = [bound.pop(key) for key in names[: 2 if "con" in names else 1] if key in bound]
        return read_lazily(*first, **bound, **others, **own)

    found = mirror(original, call, name, module)
    added = [inspect.Parameter(key, inspect.Parameter.KEYWORD_ONLY, default=None) for key in more]
    parameters = [p for p in signature.parameters.values() if p.kind is not p.VAR_KEYWORD]
    variable = [p for p in signature.parameters.values() if p.kind is p.VAR_KEYWORD]
    found.__signature__ = signature.replace(parameters=[*parameters, *added, *variable])  # type: ignore[attr-defined]
    return found


def _lazy(value: Any) -> Any:
    if isinstance(value, dict):  # several sheets
        return {name: _lazy(item) for name, item in value.items()}
    if isinstance(value, list):  # several tables
        return [_lazy(item) for item in value]
    return from_pandas(value) if isinstance(value, pd.DataFrame | pd.Series | pd.Index) else value
