"""CSV text, cut at line breaks into runs of bytes that are parsed side by side.

Each part is parsed by itself, under the header of its file. What depends on all parts is settled between: the index
runs through, and a column has the dtype that all its parts have in common. All is read as one after all where quotes
do not stand around items, or a column is text in one part and numbers in another, because the text of those numbers
is lost.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import pandas as pd

from mars_nb.files import places
from mars_nb.files.reader import UntypedReader, noted
from mars_nb.files.records import is_regular, next_record

_NO_QUOTES = 3  # csv.QUOTE_NONE
_BLOCK = 2**20

#: pandas's own, with the one type that it gives here.
parse_csv: Callable[..., pd.DataFrame] = pd.read_csv


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
                frames.append(parse_csv(path, **self.arguments))
            except Exception as error:
                raise noted(error, path) from None
        if len(frames) == 1:
            return frames[0]
        given = self.arguments.get("index_col")
        is_numbered = (given is None or given is False) and isinstance(self.sample.index, pd.RangeIndex)
        return pd.concat(frames, ignore_index=is_numbered)

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
            return Parsed(parse_csv(span.path, **self._partial), False)
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
            first = header or file.readline()
            file.seek(max(span.start, begin))
            odd = bool(quote and file.read(max(0, span.stop - max(span.start, begin))).count(quote) % 2)
            if span.start > begin:
                begin = next_record(file, span.start, inside, quote)
            end = next_record(file, span.stop, inside ^ odd, quote) if begin < span.stop else begin
            file.seek(begin)
            body = file.read(max(0, end - begin))
        places.check_unchanged(span.path, self.version)
        separator = str(arguments.get("sep", arguments.get("delimiter", ","))).encode()
        if quote and not (is_regular(first, separator, quote) and is_regular(body, separator, quote)):
            return Parsed(None, odd)
        try:
            if not body.strip():
                return Parsed(parse_csv(io.BytesIO(first), **arguments, nrows=0), odd)
            return Parsed(parse_csv(io.BytesIO(header + body), **arguments), odd)
        except pd.errors.EmptyDataError:  # comments only
            return Parsed(parse_csv(io.BytesIO(first), **arguments, nrows=0), odd)
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
