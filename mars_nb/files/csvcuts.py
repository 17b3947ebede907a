"""How CSV files are cut, decided when their reading is recorded: some rows are looked at."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import pandas as pd
from pandas.tseries.api import guess_datetime_format

from mars_nb.files import places
from mars_nb.files.csv import CsvReader, Span, parse_csv
from mars_nb.files.reader import Reader, noted

#: Rows that are read when recorded, to find columns and dtypes.
PEEKED_ROWS = 100
# Text becomes about twice as large in memory.
_GROWTH = 2
# Arguments that mean the same for a part of the file as for the whole.
_PARTIAL_ARGUMENTS = frozenset(
    "sep delimiter header names usecols dtype parse_dates na_values keep_default_na na_filter true_values false_values "
    "encoding thousands decimal date_format dayfirst cache_dates converters low_memory float_precision dtype_backend "
    "skipinitialspace memory_map quotechar quoting comment skiprows index_col compression storage_options engine "
    "encoding_errors".split()
)
_ENCODINGS = ("utf-8", "utf8", "ascii", "latin-1", "latin1", "iso-8859-1", "cp1252")


class Looked(NamedTuple):
    """What was found of CSV files when they were looked at.

    Attributes
    ----------
    reader
        Reads them.
    told
        What pandas warned of that it will not say again when the files are read.
    whole
        All rows, where they were read for it and nothing is to be said of them.
    """

    reader: CsvReader
    told: list[warnings.WarningMessage]
    whole: pd.DataFrame | None


def csv_reader(paths: tuple[str, ...], arguments: dict[str, Any], part_bytes: int, at_once: int = 0) -> Looked:
    """Look at CSV files and decide how they are cut.

    Parameters
    ----------
    paths
        The files.
    arguments
        Of `pandas.read_csv`.
    part_bytes
        Wanted size of a part.
    at_once
        Size of a single file, on this machine, up to which it is read as a whole to look at it.
    """
    options = arguments.get("storage_options")
    version = places.version(paths, options)  # first: what changes while it is read is older than its version
    sizes = [places.size_of(path, options) for path in paths]
    is_small = len(paths) == 1 and not places.is_url(paths[0]) and 0 < (sizes[0] or 0) <= min(at_once, part_bytes)
    whole = _whole(paths[0], arguments) if is_small else None
    head, told = _head(paths[0], arguments) if whole is None else (whole[:PEEKED_ROWS].copy(), [])
    reader = CsvReader(
        sample=head,
        paths=paths,
        arguments=arguments,
        version=version,
        again=partial(_again, paths, arguments, part_bytes),
    )
    reader, told = _cut(reader, sizes, part_bytes, told)
    return Looked(reader, told, whole)


def _whole(path: str, arguments: dict[str, Any]) -> pd.DataFrame | None:
    """Read a file, None where pandas has something to say: it will again when the file is read."""
    try:
        found, told = _parsed(path, arguments)
    except Exception:
        return None
    return None if told else found


def _head(path: str, arguments: dict[str, Any]) -> tuple[pd.DataFrame, list[warnings.WarningMessage]]:
    """Read the first rows of a file."""
    wanted = arguments.get("nrows")
    try:
        return _parsed(path, {**arguments, "nrows": PEEKED_ROWS if wanted is None else min(wanted, PEEKED_ROWS)})
    except ValueError as error:
        raise noted(error, path) from None


def _parsed(path: str, arguments: dict[str, Any]) -> tuple[pd.DataFrame, list[warnings.WarningMessage]]:
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        return parse_csv(path, **arguments), told


def _cut(
    reader: CsvReader, sizes: list[int | None], part_bytes: int, told: list[warnings.WarningMessage]
) -> tuple[CsvReader, list[warnings.WarningMessage]]:
    """Decide where the files are cut."""
    paths, arguments, head = reader.paths, dict(reader.arguments), reader.sample
    if not set(arguments) <= _PARTIAL_ARGUMENTS or not _is_plain(arguments):
        return reader, []
    spans = _spans(paths, sizes, arguments, part_bytes)
    reader = replace(reader, nbytes=sum(size or 0 for size in sizes) * _GROWTH, spans=spans, count=len(spans))
    if arguments.get("index_col") is not None:
        labels = _index_labels(paths[0], arguments)
        if labels is None or (head.index.dtype == object and not isinstance(head.index, pd.MultiIndex)):
            return replace(reader, spans=(), count=1), []  # joining labels of type object, pandas makes texts of them
        reader = replace(reader, labels=labels, names=list(head.index.names))
    elif not isinstance(head.index, pd.RangeIndex):  # rows with an item more than the header begin with a label
        return replace(reader, spans=(), count=1), []
    if len(spans) > 1 and arguments.get("parse_dates"):
        formats = _date_formats(paths[0], arguments)
        if formats is None:
            return replace(reader, spans=(), count=1), []
        return replace(reader, arguments={**arguments, "date_format": formats}), told
    return reader, []


def _again(paths: tuple[str, ...], arguments: dict[str, Any], part_bytes: int) -> Reader:
    return csv_reader(paths, arguments, part_bytes).reader


def _is_plain(arguments: Mapping[str, Any]) -> bool:
    """Tell whether lines mean the same in a part of a file."""
    separator, index = arguments.get("sep", arguments.get("delimiter", ",")), arguments.get("index_col")
    header = arguments.get("header", "infer")
    return (
        arguments.get("engine") in (None, "c")
        and isinstance(arguments.get("skiprows") or 0, int)
        and isinstance(separator, str)
        and len(separator.encode()) == 1
        and (header is None or header in ("infer", 0))
        and not isinstance(index, bool)
        and len(str(arguments.get("quotechar", '"')).encode()) == 1
        and str(arguments.get("encoding") or "utf-8").lower().replace("_", "-") in _ENCODINGS
    )


def _begins_plainly(path: str, arguments: Mapping[str, Any]) -> bool:
    """Tell whether the first line that counts is the header, and ends as the lines of most files do."""
    with places.open_to_read(path, arguments.get("storage_options")) as file:
        top = [file.readline() for _ in range(arguments.get("skiprows") or 0)]
        first = file.readline()
    comment = arguments.get("comment")
    is_comment = comment is not None and first.lstrip().startswith(str(comment).encode())
    quote = str(arguments.get("quotechar", '"')).encode()
    plain = quote not in b"".join(top) and first.count(quote) % 2 == 0
    return plain and bool(first.strip()) and b"\r" not in first.rstrip(b"\r\n") and not is_comment


def _spans(
    paths: tuple[str, ...], sizes: list[int | None], arguments: Mapping[str, Any], part_bytes: int
) -> tuple[Span, ...]:
    found: list[Span] = []
    compression = arguments.get("compression", "infer")
    for number, (path, size) in enumerate(zip(paths, sizes, strict=True)):
        small = size is None or size <= part_bytes or places.is_compressed(path, compression)
        if size is None or small or not _begins_plainly(path, arguments):
            found.append(Span(path, number, 0, None))
            continue
        full = -(-size // -(-size // part_bytes))
        found += [Span(path, number, start, min(start + full, size)) for start in range(0, size, full)]
    return tuple(found)


def _index_labels(path: str, arguments: Mapping[str, Any]) -> list[Any] | None:
    """Name the columns that become the index, None if they cannot be told."""
    if arguments.get("parse_dates") is True:
        return None
    others = {name: value for name, value in arguments.items() if name != "index_col"}
    columns = parse_csv(path, **{**others, "nrows": 0}).columns
    wanted = arguments["index_col"]
    wanted = list(wanted) if isinstance(wanted, list | tuple) else [wanted]
    if not all(isinstance(label, int | str) for label in wanted):
        return None
    labels = [columns[label] if isinstance(label, int) and label not in columns else label for label in wanted]
    return labels if set(columns) - set(labels) else None


def _date_formats(path: str, arguments: Mapping[str, Any]) -> str | dict[str, str] | None:
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
    left_out = ("parse_dates", "dtype", "converters", "index_col")
    others = {name: value for name, value in arguments.items() if name not in left_out}
    found: dict[str, str] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        texts = parse_csv(path, **{**others, "dtype": str, "nrows": PEEKED_ROWS})
        for column in columns:
            items = texts[column].dropna()
            guess = guess_datetime_format(str(items.iloc[0]), bool(arguments.get("dayfirst"))) if len(items) else None
            if guess is None:
                return None
            found[column] = guess
    return found
