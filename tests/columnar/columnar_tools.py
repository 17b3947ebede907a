"""Programs run by pandas and by the columnar engine: the answers must be the same."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pandas as pd
from answers import check, compute

import mars_nb
import mars_nb.dataframe as md
from mars_nb.graph.tileable import Tileable
from mars_nb.planner import engines
from mars_nb.planner.columnar.translate import UNEXPECTED

Program = Callable[..., Any]


@dataclass
class Seen:
    """What the planner told while programs ran.

    Attributes
    ----------
    answered
        Names of operations that a columnar stage answered.
    refused
        Why operations are not columnar, by name.
    mistakes
        What rules raised that they should not.
    fallbacks
        What the engine said when it turned out that it could not compute.
    keys
        Of the answered and refused nodes, those of the last run.
    """

    answered: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    mistakes: list[str] = field(default_factory=list)
    fallbacks: list[str] = field(default_factory=list)
    keys: dict[str, str] = field(default_factory=dict)


@contextmanager
def watched() -> Iterator[Seen]:
    """See what becomes of the operations that are executed inside."""
    seen = Seen()
    find, is_refusal = engines.find, engines.is_refusal

    def finding(*args: Any, **kwargs: Any) -> Any:
        found = find(*args, **kwargs)
        if found is not None:
            for node in found.stages:
                seen.answered.append(node.short_name)
                seen.keys[node.key] = ""
            for node, why in found.refused.items():
                seen.refused[node.short_name] = why
                seen.keys.setdefault(node.key, why)
                if why.startswith(UNEXPECTED):
                    seen.mistakes.append(f"{node.short_name}: {why}")
        return found

    def refusing(error: BaseException) -> bool:
        found = is_refusal(error)
        if found:
            seen.fallbacks.append(str(error))
        return found

    with mock.patch.object(engines, "find", finding), mock.patch.object(engines, "is_refusal", refusing):
        yield seen


def answers(
    program: Program, *frames: Any, refused: str | None = None, fallback: bool = False, parquet: bool = True
) -> dict[str, str]:
    """Check that a program gives pandas's answer in the columnar engine.

    It gets the frames in one chunk, in several, and, where Parquet keeps them as they are, from files.

    Parameters
    ----------
    program
        Called with `pandas` and its frames, and with `mars_nb.dataframe` and lazy ones. Gives what is compared:
        anything, also several things; or raises what must be raised by both.
    *frames
        Frames or series of pandas.
    refused
        A part of the reason for which the last operation is not columnar; if not given, it must be.
    fallback
        Whether the engine may find out only when it runs that pandas has to compute.
    parquet
        Whether to read the frames from files as well.

    Returns
    -------
    dict
        Why operations were not columnar, by name.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pandas's own, and those of operations that need all rows
        try:
            expected = program(pd, *(frame.copy() for frame in frames))
        except Exception as error:
            expected = error
        reasons: dict[str, str] = {}
        with tempfile.TemporaryDirectory() as folder:
            for way, give in _ways(Path(folder), frames, parquet):
                with mars_nb.option_context({"engine": "columnar"}), mars_nb.new_session(), watched() as seen:
                    try:
                        lazy = program(md, *give())
                        found = compute(lazy)
                    except Exception as error:
                        lazy, found = None, error
                assert fallback or not seen.fallbacks, (way, seen.fallbacks)
                assert not seen.mistakes, (way, seen.mistakes)
                if not isinstance(expected, Exception):
                    _check_engine(way, lazy, seen, refused)
                _check_answer(way, found, expected)
                reasons |= seen.refused
    return reasons


def _ways(folder: Path, frames: tuple[Any, ...], parquet: bool) -> Iterator[tuple[str, Callable[[], list[Any]]]]:
    yield "one chunk", lambda: [md.from_pandas(frame) for frame in frames]
    yield "chunks", lambda: [md.from_pandas(frame, max(1, -(-len(frame) // 3))) for frame in frames]
    paths = [folder / f"{i}.parquet" for i in range(len(frames))]
    if parquet and all(map(_written, frames, paths)):
        yield "files", lambda: [md.read_parquet(str(path)) for path in paths]


def _written(frame: Any, path: Path) -> bool:
    """Write a frame, in several row groups, and tell whether it comes back as it was."""
    if not isinstance(frame, pd.DataFrame) or not frame.columns.map(type).isin([str]).all():
        return False
    try:
        frame.to_parquet(path, row_group_size=max(1, len(frame) // 2))
        pd.testing.assert_frame_equal(pd.read_parquet(path), frame, check_exact=True)
    except Exception:
        return False
    return True


def _check_engine(way: str, lazy: Any, seen: Seen, refused: str | None) -> None:
    last = lazy[-1] if isinstance(lazy, tuple | list) and lazy else lazy
    if not isinstance(last, Tileable):
        return
    why = seen.keys.get(last._node.key, "no stage answers it")
    assert (why == "") if refused is None else (refused in why), f"{way}: {why or 'it is columnar'}"


def _check_answer(way: str, found: Any, expected: Any) -> None:
    if isinstance(expected, Exception):
        assert type(found) is type(expected), (way, found, expected)
        return
    if isinstance(found, Exception):
        raise found
    try:
        same(found, expected)
    except AssertionError as error:
        raise AssertionError(f"{way}: {error}\n\nfound:\n{found}\n\nexpected:\n{expected}") from None


def same(found: Any, expected: Any) -> None:
    """Compare exactly, but for the last bits of floats, whose sums are added in another order."""
    check(found, expected)
    if isinstance(expected, pd.DataFrame):
        pd.testing.assert_frame_equal(found, expected, check_freq=False)  # integers to the last digit
        for i, dtype in enumerate(expected.dtypes):
            _check_objects(found.iloc[:, i], expected.iloc[:, i], dtype)
    elif isinstance(expected, pd.Series):
        pd.testing.assert_series_equal(found, expected, check_freq=False)
        _check_objects(found, expected, expected.dtype)


def _check_objects(found: Any, expected: Any, dtype: Any) -> None:
    """Tell None, NaN, True and 1 from one another."""
    if dtype == np.dtype(object):
        assert list(map(type, found)) == list(map(type, expected))
