"""What all writers are: a frame is written in parts to a draft, and what was written is put in its place at last.

`Writer.part` may be called for several parts at once, in any order; `Writer.finish` once, when all parts are there.
"""

from __future__ import annotations

import os
import re
import shutil
import weakref
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from mars_nb.files import places
from mars_nb.files.drafts import Draft, refuse_foreign, remove


@dataclass(frozen=True, kw_only=True, eq=False)
class Writer:
    """Writes with pandas's own method, in one piece.

    Attributes
    ----------
    method
        Of the frame, such as ``to_csv``.
    target
        A path or a URL.
    arguments
        Of the method, but the target.
    """

    method: str
    target: str
    arguments: Mapping[str, Any]
    _drafts: dict[str, weakref.ref[Draft]] = field(default_factory=dict, repr=False)  # by folder

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_drafts": {}}  # they are of this process

    @property
    def options(self) -> places.Options:
        """Of the file system."""
        return self.arguments.get("storage_options")

    def begun(self) -> Draft:
        """Give a draft of what is to be written; its folder is not made yet."""
        draft = Draft(self.target.rstrip("/"), self.options)
        self._drafts[draft.folder] = weakref.ref(draft)
        return draft

    def give_up(self) -> None:
        """Remove what was written of it and is not in place."""
        for folder, reference in list(self._drafts.items()):
            draft = reference()
            if draft is not None:
                draft.remove()
            remove(folder)  # which the end of the draft may have begun, in another thread

    def write(self, frame: Any) -> Any:
        """Write all."""
        draft = self.begun().make()
        try:
            path = draft.path(os.path.basename(self.target))
            mode = self.arguments.get("mode", "a" if self.method == "to_hdf" else "w")
            if mode[:1] in ("a", "r") and os.path.exists(self.target):
                shutil.copyfile(self.target, path)
            others = {name: value for name, value in self.arguments.items() if name != "storage_options"}
            found = getattr(frame, self.method)(path, **others)
            draft.publish(path)
            return found
        finally:
            draft.remove()

    def check(self) -> None:
        """Refuse a place that cannot be written to, before anything is computed.

        Raises
        ------
        OSError
            With pandas's words.
        """
        if places.is_url(self.target):
            return
        folder = os.path.dirname(os.path.abspath(self.target))
        if not os.path.isdir(folder):
            raise OSError(f"Cannot save file into a non-existent directory: '{folder}'")

    def __str__(self) -> str:
        return self.target


class PartWriter(Writer, ABC):
    """Writes in parts."""

    #: Whether a part has to know the number of its first row.
    needs_starts = False

    @abstractmethod
    def part(self, draft: Draft, number: int, count: int, frame: Any, start: int = 0) -> Any:
        """Write a part.

        Parameters
        ----------
        draft
            Takes the files.
        number, count
            Which of how many.
        frame
            The rows.
        start
            Number of the first one, if `needs_starts`.

        Returns
        -------
        object
            What `finish` is to know of it; small.
        """

    @abstractmethod
    def finish(self, draft: Draft, parts: list[Any]) -> Any:
        """Put all in place."""


@dataclass(frozen=True, kw_only=True, eq=False)
class FilesWriter(PartWriter):
    """Writes each part to a file of its own, in a folder or by a pattern.

    Attributes
    ----------
    suffix
        Of the files in a folder.
    """

    suffix: str

    @property
    def _pattern(self) -> str:
        return os.path.basename(self.target) if "*" in self.target else f"part-*{self.suffix}"

    @property
    def _is_ours(self) -> re.Pattern[str]:
        return re.compile(re.escape(self._pattern).replace(r"\*", r"\d+"))

    def check(self) -> None:
        """Refuse a place that cannot be written to."""
        if "*" in os.path.dirname(self.target) or self.target.count("*") > 1:
            raise ValueError(
                f"one * in the name of the files stands for their numbers; there are more in {self.target!r}"
            )
        if places.is_url(self.target):
            return
        if "*" in self.target:
            super().check()
        else:
            refuse_foreign(self.target, self._is_ours)

    def write(self, frame: Any) -> Any:
        """Write all, to one file."""
        draft = self.begun().make()
        try:
            return self.finish(draft, [self.part(draft, 0, 1, frame)])
        finally:
            draft.remove()

    def part(self, draft: Draft, number: int, count: int, frame: Any, start: int = 0) -> str:
        """Write a file."""
        name = self._pattern.replace("*", f"{number:0{len(str(count - 1))}}")
        others = {key: value for key, value in self.arguments.items() if key != "storage_options"}
        getattr(frame, self.method)(os.path.join(draft.parts, name), **others)
        return name

    def finish(self, draft: Draft, parts: list[str]) -> None:
        """Put the files in place. Those that an earlier write made by the same pattern and this one did not, go."""
        inside = draft.parts
        if "*" not in self.target:
            draft.publish_folder(inside, self._is_ours)
            return
        folder = os.path.dirname(self.target)
        for name in parts:
            draft.publish(os.path.join(inside, name), f"{folder}/{name}" if folder else name)
        if places.is_url(self.target):
            files, inner = places.file_system(self.target, self.options)
            found = [path for path in files.glob(inner) if self._is_ours.fullmatch(os.path.basename(path))]
            for path in found:
                if os.path.basename(path) not in parts:
                    files.rm(path)
            return
        for name in os.listdir(folder or "."):
            if self._is_ours.fullmatch(name) and name not in parts:
                os.remove(os.path.join(folder, name))


def write(frame: Any, writer: Writer) -> Any:
    """Write all, in one piece; what writing nodes do where there is one chunk."""
    return writer.write(frame)


def is_several(target: str) -> bool:
    """Tell a target that stands for several files: a folder, or a pattern.

    Examples
    --------
    >>> is_several("out.csv"), is_several("out/"), is_several("out-*.csv")
    (False, True, True)
    """
    return "*" in target or target.endswith(("/", os.sep))


def frame_of(value: Any) -> pd.DataFrame:
    """Give a series as a frame of one column, as pandas writes it."""
    return value.to_frame() if isinstance(value, pd.Series) else value
