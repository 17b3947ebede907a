"""CSV text, cut at line breaks into runs of bytes that are parsed side by side.

Each part is parsed by itself, under the header of its file. What depends on all parts is settled between: the index
runs through, and a column has the dtype that all its parts have in common. All is read as one after all where quotes
do not stand around items, or a column is text in one part and numbers in another, because the text of those numbers
is lost.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, NamedTuple

import pandas as pd
from pandas.tseries.api import guess_datetime_format

from mars_nb.files import places
from mars_nb.files.reader import Reader, UntypedReader, noted
from mars_nb.files.records import is_regular, next_record

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
_NO_QUOTES = 3  # csv.QUOTE_NONE
_BLOCK = 2**20

_read_csv: Callable[..., pd.DataFrame] = pd.read_csv


class Span(NamedTuple):
    """A run of bytes of a file.

    Attributes
    ----------
    path, group
        The file and its number.
    start, stop
        The part has the records that begin in between; `stop` is None for a file that is read as one.
    """

    path: str
    group: int
    start: int
    stop: int | None


class Parsed(NamedTuple):
    """A part as it was parsed.

    Attributes
    ----------
    frame
        The rows; None if they could not be told.
    odd
        Whether it has an odd number of quotes, so that the next part starts on the other side of them.
    error
        What pandas said.
    """

    frame: pd.DataFrame | None
    odd: bool
    error: Exception | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class CsvReader(UntypedReader):
    """Reads CSV files one after the other.

    Attributes
    ----------
    paths
        The files.
    arguments
        Of `pandas.read_csv`.
    spans
        The parts.
    labels, names
        The columns that are the index, and its names; None for an index that runs through.
    """

    paths: tuple[str, ...]
    arguments: Mapping[str, Any]
    spans: tuple[Span, ...] = ()
    labels: list[Any] | None = None
    names: list[Any] = field(default_factory=list)

    @property
    def origin(self) -> str:
        """The file, or how many."""
        return self.paths[0] if len(self.paths) == 1 else f"{self.paths[0]} and {len(self.paths) - 1} more"

    def current_version(self) -> Hashable:
        """Tell the version of what is there now."""
        return places.version(self.paths, self.arguments.get("storage_options"))

    def whole(self) -> pd.DataFrame:
        """Read all files with pandas."""
        frames = []
        for path in self.paths:
            try:
                frames.append(_read_csv(path, **self.arguments))
            except Exception as error:
                raise noted(error, path) from None
        if len(frames) == 1:
            return frames[0]
        has_labels = self.arguments.get("index_col") is not None or not isinstance(self.sample.index, pd.RangeIndex)
        return pd.concat(frames, ignore_index=not has_labels)

    def group(self, part: int) -> int:
        """Tell the number of the file that a part is of."""
        return self.spans[part].group

    # --- parts ---------------------------------------------------------------------------------------

    def read(self, part: int) -> Parsed:
        """Parse a part as if it did not start inside quotes."""
        span = self.spans[part]
        if span.stop is not None:
            return self._parse(span, inside=False)
        try:
            return Parsed(_read_csv(span.path, **self._partial), False)
        except Exception as error:
            raise noted(error, span.path) from None

    def note(self, part: Parsed) -> bool:
        """Tell whether the next part starts on the other side of a quote."""
        return part.odd

    def repair(self, number: int, part: Parsed, *notes: bool) -> pd.DataFrame | None:
        """Parse a part again that started inside quotes."""
        span = self.spans[number]
        same_file = (odd for odd, other in zip(notes, self.spans[:number], strict=False) if other.group == span.group)
        if sum(same_file) % 2:
            part = self._parse(span, inside=True)
        if part.error is not None:
            raise self._located(part.error, span)
        return part.frame

    def finish(self, frame: pd.DataFrame, start: int) -> pd.DataFrame:
        """Give a part its index."""
        if self.labels is None:
            return super().finish(frame, start)
        frame = frame.set_index(self.labels)
        frame.index.names = self.names
        return frame

    @property
    def _partial(self) -> dict[str, Any]:
        """Arguments for a part: its index is made later."""
        others = dict(self.arguments)
        if self.labels is not None:
            others.pop("index_col")
        return others

    @property
    def _quote(self) -> bytes:
        if self.arguments.get("quoting") == _NO_QUOTES:
            return b""
        return str(self.arguments.get("quotechar", '"')).encode()

    def _parse(self, span: Span, inside: bool) -> Parsed:
        arguments = self._partial
        skipped = arguments.pop("skiprows", None) or 0
        options = arguments.pop("storage_options", None)
        arguments.pop("compression", None)
        quote = self._quote
        assert span.stop is not None
        with places.open_to_read(span.path, options) as file:
            top = [file.readline() for _ in range(skipped)]
            header = file.readline() if _has_header(arguments) else b""
            begin = sum(map(len, top)) + len(header)
            file.seek(max(span.start, begin))
            odd = bool(quote and file.read(max(0, span.stop - max(span.start, begin))).count(quote) % 2)
            if span.start > begin:
                begin = next_record(file, span.start, inside, quote)
            end = next_record(file, span.stop, inside ^ odd, quote) if begin < span.stop else begin
            file.seek(begin)
            body = file.read(max(0, end - begin))
        places.check_unchanged(span.path, self.version)
        separator = str(arguments.get("sep", arguments.get("delimiter", ","))).encode()
        if not body.strip():
            return Parsed(_nothing(header, arguments), odd)
        if quote and not (is_regular(header, separator, quote) and is_regular(body, separator, quote)):
            return Parsed(None, odd)
        try:
            return Parsed(_read_csv(io.BytesIO(header + body), **arguments), odd)
        except Exception as error:  # the file's, or it begins inside quotes, which `repair` will see
            return Parsed(None, odd, error)

    def _located(self, error: Exception, span: Span) -> BaseException:
        """Tell the line of the file where pandas told that of the part."""
        with places.open_to_read(span.path, self.arguments.get("storage_options")) as file:
            begin = next_record(file, span.start, False, b"") if span.start else 0
            file.seek(0)
            before = sum(file.read(min(_BLOCK, begin - at)).count(b"\n") for at in range(0, begin, _BLOCK))
        shift = before - _has_header(self.arguments) if before else int(self.arguments.get("skiprows") or 0)
        found = re.search(r"line (\d+)", str(error))
        if isinstance(error, pd.errors.ParserError) and found:
            line = int(found[1]) + shift
            error = pd.errors.ParserError(str(error).replace(found[0], f"line {line}"))
        return noted(error, f"{span.path}, bytes {span.start} to {span.stop}, from line {before + 1} on")


def _has_header(arguments: Mapping[str, Any]) -> bool:
    header = arguments.get("header", "infer")
    return header == 0 or (header == "infer" and arguments.get("names") is None)


def _nothing(header: bytes, arguments: Mapping[str, Any]) -> pd.DataFrame:
    """Give the columns of a part without rows."""
    if header:
        return _read_csv(io.BytesIO(header), **arguments)
    return _read_csv(io.BytesIO(b"0\n"), **{**arguments, "nrows": 0})


# --- when recorded ------------------------------------------------------------------------------------------------


def csv_reader(
    paths: tuple[str, ...], arguments: dict[str, Any], part_bytes: int
) -> tuple[CsvReader, list[warnings.WarningMessage]]:
    """Look at CSV files and decide how they are cut.

    Parameters
    ----------
    paths
        The files.
    arguments
        Of `pandas.read_csv`.
    part_bytes
        Wanted size of a part.

    Returns
    -------
    tuple
        The reader, and what pandas warned of that it will not say again when the files are read.
    """
    wanted = arguments.get("nrows")
    peeked = PEEKED_ROWS if wanted is None else min(wanted, PEEKED_ROWS)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        try:
            head = _read_csv(paths[0], **{**arguments, "nrows": peeked})
        except ValueError as error:
            raise noted(error, paths[0]) from None
    options = arguments.get("storage_options")
    reader = CsvReader(
        sample=head,
        paths=paths,
        arguments=arguments,
        version=places.version(paths, options),
        again=partial(_again, paths, arguments, part_bytes),
    )
    sizes = [places.size_of(path, options) for path in paths]
    if not set(arguments) <= _PARTIAL_ARGUMENTS or not _is_plain(arguments):
        return reader, []
    spans = _spans(paths, sizes, arguments, part_bytes)
    reader = replace(reader, nbytes=sum(size or 0 for size in sizes) * _GROWTH, spans=spans, count=len(spans))
    if arguments.get("index_col") is not None:
        labels = _index_labels(paths[0], arguments)
        if labels is None:
            return replace(reader, spans=(), count=1), []
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
    return csv_reader(paths, arguments, part_bytes)[0]


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
    return bool(first.strip()) and b"\r" not in first.rstrip(b"\r\n") and not is_comment and b'"' not in b"".join(top)


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
    columns = _read_csv(path, **{**others, "nrows": 0}).columns
    wanted = arguments["index_col"]
    wanted = list(wanted) if isinstance(wanted, list | tuple) else [wanted]
    if not all(isinstance(label, int | str) for label in wanted):
        return None
    return [columns[label] if isinstance(label, int) and label not in columns else label for label in wanted]


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
        texts = _read_csv(path, **{**others, "dtype": str, "nrows": PEEKED_ROWS})
        for column in columns:
            items = texts[column].dropna()
            guess = guess_datetime_format(str(items.iloc[0]), bool(arguments.get("dayfirst"))) if len(items) else None
            if guess is None:
                return None
            found[column] = guess
    return found
