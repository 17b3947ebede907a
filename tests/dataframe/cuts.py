"""Frames cut into uneven chunks, some of them without a row."""

from __future__ import annotations

import zlib
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

import mars_nb.dataframe as md


class Cut:
    """A way to cut frames, one of many that a name picks.

    Parameters
    ----------
    name
        The same name cuts in the same way each time.
    """

    def __init__(self, name: str) -> None:
        self._rng = np.random.default_rng(zlib.crc32(name.encode()))
        self._filtered = bool(self._rng.random() < 0.5)

    def __call__(self, frame: pd.DataFrame) -> tuple[pd.DataFrame, Any]:
        """Cut a frame in two to seven.

        Returns
        -------
        tuple
            The frame as pandas has it, and a lazy one: parts put below one another, or what a filter left.
        """
        bounds = [0, *np.sort(self._rng.integers(0, len(frame) + 1, self._rng.integers(1, 7))), len(frame)]
        if self._filtered:
            return self._left_over(frame, [stop - start for start, stop in pairwise(bounds)])
        parts = [frame.iloc[start:stop] for start, stop in pairwise(bounds)]
        return pd.concat(parts), md.concat([md.from_pandas(part) for part in parts])

    def _left_over(self, frame: pd.DataFrame, lengths: list[int]) -> tuple[pd.DataFrame, Any]:
        """Put rows between those of the frame until each chunk is as long as the longest, and filter them out."""
        size = max(lengths)
        kept = np.concatenate([self._rng.permutation(np.arange(size) < length) for length in lengths])
        filled = frame.iloc[np.where(kept, np.cumsum(kept) - 1, 0)]
        filled = filled.set_axis(pd.Index(np.where(kept, filled.index, -1)), axis=0).assign(kept=kept)

        def left_over(rows: Any) -> Any:
            return rows[rows.kept].drop(columns="kept")

        return left_over(filled), left_over(md.from_pandas(filled, size))
