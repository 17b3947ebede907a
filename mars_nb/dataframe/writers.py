"""pandas's writing methods: they write when they are called, in parts where there are many chunks, and in one step.

What they give is the lazy object of the writing, which has been executed: ``df.to_csv("out.csv")`` is enough, and
``df.to_csv("out.csv").execute()`` writes no second time.
"""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable
from typing import Any

import pandas as pd

from mars_nb.files import places
from mars_nb.files.arrowwriters import FeatherWriter, ParquetWriter, PartitionedWriter
from mars_nb.files.textwriters import CsvWriter, JsonLinesWriter, can_join, has_times
from mars_nb.files.writer import FilesWriter, Writer, is_several, write
from mars_nb.graph.node import Function
from mars_nb.tensor.writing import execute_writing

# Encodings in which texts can stand one after the other.
_ENCODINGS = ("utf-8", "utf8", "ascii", "latin-1", "latin1", "iso-8859-1", "cp1252")
#: Methods that write, with the name of the argument that says where.
TARGETS = {
    "to_csv": "path_or_buf",
    "to_json": "path_or_buf",
    "to_parquet": "path",
    "to_feather": "path",
    "to_orc": "path",
    "to_pickle": "path",
    "to_excel": "excel_writer",
    "to_hdf": "path_or_buf",
    "to_stata": "path",
    "to_xml": "path_or_buffer",
    "to_sql": "con",
}


def written(frame: Any, method: str, original: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Write a frame or series.

    Parameters
    ----------
    frame
        The lazy one.
    method
        The method's name.
    original
        pandas's own.
    args, kwargs
        Of the method; and ``session``, where to execute.

    Returns
    -------
    object
        The lazy object of the writing, executed; pandas's own answer where it is text, or goes to an open file.
    """
    session = kwargs.pop("session", None)
    bound = inspect.signature(original).bind(frame, *args, **kwargs).arguments
    own = next(iter(bound))
    arguments = {name: value for name, value in bound.items() if name not in (own, "kwargs")}
    arguments.update(bound.get("kwargs", {}))
    target = arguments.pop(TARGETS[method], None)
    writer = _sql_writer(arguments, target) if method == "to_sql" else _writer(frame, method, target, arguments)
    if writer is None:
        return getattr(frame._value(), method)(*args, **kwargs)
    writer.check()
    op = Function(write, f"pandas.{method}")
    return execute_writing(op, frame, writer, session, "DataFrame")


def _writer(frame: Any, method: str, target: Any, arguments: dict[str, Any]) -> Writer | None:
    if not isinstance(target, str | os.PathLike):
        return None
    path = places.settled_path(target)
    how: dict[str, Any] = {"method": method, "target": path, "arguments": arguments}
    if is_several(path) and "partition_cols" not in arguments:
        suffixes = {"to_csv": ".csv", "to_json": ".json", "to_parquet": ".parquet", "to_feather": ".feather"}
        if method in suffixes:
            return FilesWriter(suffix=suffixes[method], **how)
    choose = _IN_PARTS.get(method)
    found = None if choose is None or (places.is_url(path) and "storage_options" in how) else choose(frame, how)
    return Writer(**how) if found is None else found


def _csv(frame: Any, how: dict[str, Any]) -> Writer | None:
    arguments = how["arguments"]
    encoding = str(arguments.get("encoding") or "utf-8").lower().replace("_", "-")
    compression = arguments.get("compression", "infer")
    if encoding not in _ENCODINGS or not can_join(how["target"], compression) or "errors" in arguments:
        return None
    if arguments.get("mode", "w") not in ("w", "a"):
        return None
    aligned = arguments.get("date_format") is None and has_times(frame._sample)
    return CsvWriter(aligned=aligned, **how)


def _json(frame: Any, how: dict[str, Any]) -> Writer | None:
    arguments = how["arguments"]
    joined = arguments.get("lines") and can_join(how["target"], arguments.get("compression", "infer"))
    return JsonLinesWriter(**how) if joined and arguments.get("mode", "w") in ("w", "a") else None


def _parquet(frame: Any, how: dict[str, Any]) -> Writer | None:
    arguments = how["arguments"]
    if arguments.get("partition_cols") is not None and not places.is_url(how["target"]):
        return PartitionedWriter(**how)
    plain = set(arguments) <= {"engine", "compression", "index", "storage_options"}
    if not plain or arguments.get("engine", "auto") not in ("auto", "pyarrow"):
        return None
    return ParquetWriter(**how)


def _feather(frame: Any, how: dict[str, Any]) -> Writer | None:
    is_numbered = isinstance(frame._sample.index, pd.RangeIndex)
    return FeatherWriter(**how) if is_numbered and not how["arguments"] else None


_IN_PARTS: dict[str, Callable[[Any, dict[str, Any]], Writer | None]] = {
    "to_csv": _csv,
    "to_json": _json,
    "to_parquet": _parquet,
    "to_feather": _feather,
}


def _sql_writer(arguments: dict[str, Any], connection: Any) -> Writer | None:
    from mars_nb.files.sql import url_of
    from mars_nb.files.sqlwriter import SqlWriter

    url = url_of(connection)
    if url is None:  # a connection belongs to this thread
        return None
    name = arguments.pop("name")
    return SqlWriter(method="to_sql", target=name, arguments=arguments, url=url)
