"""CSV and JSON lines, written to one file: each part is text, and the texts stand one after the other."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import shutil
from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO, Any

import pandas as pd

from mars_nb.files.drafts import Draft
from mars_nb.files.writer import PartWriter

# pandas converts so many items at a time, and how times are written depends on the others among them.
_CELLS = 100_000
_COMPRESSING: dict[str, Callable[..., Any]] = {"gzip": gzip.open, "bz2": bz2.open, "xz": lzma.open}
_BY_SUFFIX = {".gz": "gzip", ".bz2": "bz2", ".xz": "xz"}
_OTHERS = (".zip", ".tar", ".zst", ".tgz")


class _JoinedWriter(PartWriter):
    """Joins the texts of parts."""

    def finish(self, draft: Draft, parts: list[Any]) -> None:
        """Join the texts and put the file in place."""
        path = draft.path(f"joined-{os.path.basename(self.target)}")
        with compressing(path, self.target, self.arguments.get("compression", "infer")) as file:
            if self.arguments.get("mode", "w") == "a" and os.path.exists(self.target):
                with open(self.target, "rb") as before:
                    shutil.copyfileobj(before, file)
            self._join(draft, parts, file)
        draft.publish(path)

    @abstractmethod
    def _join(self, draft: Draft, parts: list[Any], file: IO[bytes]) -> None:
        """Write the texts one after the other."""


def _append(path: str | None, file: IO[bytes]) -> None:
    if path is not None:
        with open(path, "rb") as text:
            shutil.copyfileobj(text, file, 2**20)


def compressing(path: str, target: str, compression: Any) -> Any:
    """Open a file to write bytes to, which are compressed as pandas would by the name of the target."""
    if compression == "infer":
        compression = _BY_SUFFIX.get(os.path.splitext(target)[1])
    return _COMPRESSING.get(compression, open)(path, "wb")


def can_join(target: str, compression: Any) -> bool:
    """Tell whether texts can be compressed one after the other."""
    return compression in (None, *_COMPRESSING) or (compression == "infer" and not target.endswith(_OTHERS))


@dataclass(frozen=True, kw_only=True, eq=False)
class CsvWriter(_JoinedWriter):
    """Writes a CSV file with the bytes that pandas would write.

    Attributes
    ----------
    aligned
        Whether there are times among the columns: whether pandas writes ``2024-01-01`` or ``2024-01-01 00:00:00``
        depends on the rows that it converts at a time, so parts are converted by the same rows.
    """

    aligned: bool

    @property
    def needs_starts(self) -> bool:  # type: ignore[override]
        """Whether a part has to know the number of its first row."""
        return self.aligned

    def part(self, draft: Draft, number: int, count: int, frame: Any, start: int = 0) -> tuple[str | None, ...]:
        """Write a part as text; rows at its ends that pandas converts with those of others stay as they are."""
        step = self._rows_at_a_time(frame) if self.aligned else 1
        first = min(len(frame), -start % step)
        last = (start + len(frame)) % step if first < len(frame) else 0
        path = draft.path(f"{number}.csv")
        inner = frame.iloc[first : len(frame) - last]
        has_text = len(inner) > 0 or number == 0
        if has_text:
            self._write(inner, path, header=number == 0)
        begin = _kept(frame.iloc[:first], f"{path}.begin")
        return begin, path if has_text else None, _kept(frame.iloc[len(frame) - last :], f"{path}.end")

    def _rows_at_a_time(self, frame: Any) -> int:
        chosen = self.arguments.get("chunksize")
        columns = self.arguments.get("columns")
        width = (frame.shape[1] if frame.ndim == 2 else 1) if columns is None else len(columns)
        return int(chosen) if chosen else max(1, _CELLS // (width or 1))

    def _write(self, frame: Any, path: str, header: bool) -> None:
        others = {k: v for k, v in self.arguments.items() if k not in ("storage_options", "compression", "mode")}
        if not header:
            others["header"] = False
        frame.to_csv(path, compression=None, **others)

    def _join(self, draft: Draft, parts: list[Any], file: IO[bytes]) -> None:
        waiting: list[str] = []
        path = draft.path("between.csv")
        for begin, text, end in parts:
            waiting += [begin] if begin is not None else []
            if waiting and (text is not None or end is not None):
                self._join_rows(waiting, path, file)
                waiting = []
            _append(text, file)
            waiting += [end] if end is not None else []
        if waiting:
            self._join_rows(waiting, path, file)

    def _join_rows(self, kept: list[str], path: str, file: IO[bytes]) -> None:
        self._write(pd.concat([pd.read_pickle(rows) for rows in kept]), path, header=False)
        _append(path, file)


def _kept(rows: Any, path: str) -> str | None:
    """Keep rows on disk, None if there are none."""
    if not len(rows):
        return None
    rows.to_pickle(path)
    return path


class JsonLinesWriter(_JoinedWriter):
    """Writes a file of JSON lines."""

    def part(self, draft: Draft, number: int, count: int, frame: Any, start: int = 0) -> tuple[str, bool]:
        """Write a part as text, and tell whether it has rows."""
        path = draft.path(f"{number}.json")
        others = {k: v for k, v in self.arguments.items() if k not in ("storage_options", "compression", "mode")}
        frame.to_json(path, compression=None, **others)
        return path, len(frame) > 0

    def _join(self, draft: Draft, parts: list[Any], file: IO[bytes]) -> None:
        for path in [path for path, has_rows in parts if has_rows] or [parts[0][0]]:
            _append(path, file)


def has_times(sample: Any) -> bool:
    """Tell a frame with times among its columns or labels, which are written in a way that depends on the others."""
    frame = sample.to_frame() if isinstance(sample, pd.Series) else sample
    index = frame.index
    levels = index.levels if isinstance(index, pd.MultiIndex) else [index]
    dtypes = [*frame.dtypes, *(level.dtype for level in levels)]
    return any(getattr(dtype, "kind", "O") in "mM" for dtype in dtypes)
