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
            The frame as pandas has it, and a lazy one.
        """
        bounds = [0, *np.sort(self._rng.integers(0, len(frame) + 1, self._rng.integers(1, 7))), len(frame)]
        if self._filtered:
            return left_over(frame, [stop - start for start, stop in pairwise(bounds)], self._rng)
        return frame, chunked(frame, bounds)


def chunked(frame: pd.DataFrame, bounds: list[int]) -> Any:
    """Make a lazy frame that is cut at some positions."""
    lazy = md.from_pandas(frame)
    lazy._node.chunks = (tuple(stop - start for start, stop in pairwise(bounds)),)
    return lazy


def left_over(frame: pd.DataFrame, lengths: list[int], rng: np.random.Generator) -> tuple[pd.DataFrame, Any]:
    """Make a frame of what a filter leaves, as pandas does and as a lazy one: so many rows in each chunk."""
    size = max(lengths)
    kept = np.concatenate([rng.permutation(np.arange(size) < length) for length in lengths])
    filled = frame.iloc[np.where(kept, np.cumsum(kept) - 1, 0)]
    filled = filled.set_axis(pd.Index(np.where(kept, filled.index, -1)), axis=0).assign(kept=kept)

    def filtered(rows: Any) -> Any:
        return rows[rows.kept].drop(columns="kept")

    return filtered(filled), filtered(md.from_pandas(filled, size))
