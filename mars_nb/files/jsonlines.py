"""JSON lines, cut at line breaks: a record is a line, and no line breaks are inside."""

from __future__ import annotations

import io
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import pandas as pd

from mars_nb.files import places
from mars_nb.files.reader import UntypedReader, noted
from mars_nb.files.records import next_record

_PEEKED_ROWS = 100
# Arguments that mean the same for some of the lines as for all.
_PARTIAL_ARGUMENTS = frozenset(
    "lines orient typ dtype convert_dates keep_default_dates precise_float date_unit encoding compression "
    "storage_options dtype_backend convert_axes".split()
)

_read_json: Callable[..., pd.DataFrame] = pd.read_json


@dataclass(frozen=True, kw_only=True, eq=False)
class JsonLinesReader(UntypedReader):
    """Reads files of JSON lines one after the other.

    Attributes
    ----------
    paths
        The files.
    arguments
        Of `pandas.read_json`.
    spans
        Number of the file, start and stop of each part; stop is None for a file that is read as one.
    """

    paths: tuple[str, ...]
    arguments: Mapping[str, Any]
    spans: tuple[tuple[int, int, int | None], ...] = ()

    @property
    def origin(self) -> str:
        """The file, or how many."""
        return self.paths[0] if len(self.paths) == 1 else f"{self.paths[0]} and {len(self.paths) - 1} more"

    def current_version(self) -> Hashable:
        """Tell the version of what is there now."""
        return places.version(self.paths, self.arguments.get("storage_options"))

    def whole(self) -> pd.DataFrame:
        """Read all files with pandas."""
        frames = [self._file(path) for path in self.paths]
        return frames[0] if len(frames) == 1 else pd.concat(frames, ignore_index=True)

    def _file(self, path: str) -> pd.DataFrame:
        try:
            return _read_json(path, **self.arguments)
        except Exception as error:
            raise noted(error, path) from None

    def group(self, part: int) -> int:
        """Tell the number of the file that a part is of."""
        return self.spans[part][0]

    def read(self, part: int) -> pd.DataFrame:
        """Parse the lines that begin in a part."""
        number, start, stop = self.spans[part]
        path = self.paths[number]
        if stop is None:
            return self._file(path)
        left_out = ("compression", "storage_options")
        with places.open_to_read(path, self.arguments.get("storage_options")) as file:
            begin = next_record(file, start, False, b"") if start else 0
            end = next_record(file, stop, False, b"")
            file.seek(begin)
            body = file.read(max(0, end - begin))
        places.check_unchanged(path, self.version)
        if not body.strip():
            return self.sample.iloc[:0]
        try:
            arguments = {name: value for name, value in self.arguments.items() if name not in left_out}
            return _read_json(io.BytesIO(body), **arguments)
        except Exception as error:
            raise noted(error, f"{path}, bytes {begin} to {end}") from None


def json_lines_reader(paths: tuple[str, ...], arguments: dict[str, Any], part_bytes: int) -> JsonLinesReader:
    """Look at files of JSON lines and decide how they are cut; see `mars_nb.files.csvcuts.csv_reader`."""
    options = arguments.get("storage_options")
    wanted = arguments.get("nrows")
    peeked = _PEEKED_ROWS if wanted is None else min(wanted, _PEEKED_ROWS)
    sample = _read_json(paths[0], **{**arguments, "nrows": peeked})
    version = places.version(paths, options)
    again = partial(json_lines_reader, paths, arguments, part_bytes)
    how: dict[str, Any] = {"paths": paths, "arguments": arguments, "version": version, "again": again}
    encoded = str(arguments.get("encoding") or "utf-8").lower().replace("_", "-")
    if not set(arguments) <= _PARTIAL_ARGUMENTS or encoded not in ("utf-8", "utf8", "ascii"):
        return JsonLinesReader(sample=sample, **how)
    spans: list[tuple[int, int, int | None]] = []
    nbytes = 0
    for number, path in enumerate(paths):
        size = places.size_of(path, options)
        nbytes += size or 0
        if size is None or size <= part_bytes or places.is_compressed(path, arguments.get("compression", "infer")):
            spans.append((number, 0, None))
            continue
        full = -(-size // -(-size // part_bytes))
        spans += [(number, start, min(start + full, size)) for start in range(0, size, full)]
    return JsonLinesReader(sample=sample, spans=tuple(spans), count=len(spans), nbytes=nbytes, **how)
