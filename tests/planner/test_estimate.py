"""What is told of an object's size before it is computed: what is told is right, and it is told soon."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import mars_nb
import mars_nb.dataframe as md
import mars_nb.remote as mr
import mars_nb.tensor as mt
from mars_nb.errors import WholeWarning
from mars_nb.graph.estimate import Estimate, Size
from mars_nb.graph.tileable import Tileable
from mars_nb.planner import plan
from mars_nb.planner.estimate import MOST_NODES, estimate, row_nbytes

FRAME = pd.DataFrame(
    {
        "i": np.arange(60) % 7,
        "x": np.arange(60) / 4,
        "s": list("abcdef") * 10,
        "b": [True, False] * 30,
        "t": pd.date_range("2024-01-01", periods=60, freq="h"),
        "c": pd.Categorical(list("xyz") * 20),
    }
)


def of(lazy: Any) -> Estimate:
    """Estimate an object without a session."""
    return estimate(lazy._node)


def chunks(lazy: Any) -> int:
    """Count the chunks that the planner gives an object."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", WholeWarning)
        (layout,) = plan([lazy._node]).layouts.values()
    return len(layout.keys)


def calls_of(function: Callable[[], Any]) -> tuple[Any, int]:
    """Call a function, and count the calls of Python functions that it makes."""
    count = 0

    def note(frame: Any, event: str, arg: Any) -> None:
        nonlocal count
        count += event == "call"

    sys.setprofile(note)
    try:
        return function(), count
    finally:
        sys.setprofile(None)


def operations(path: str) -> list[str]:
    """List the operations that other tests compare with pandas and numpy."""
    lines = (Path(__file__).parents[1] / path / "operations.txt").read_text().splitlines()
    return [line.removeprefix("~ ") for line in lines if line and not line.startswith("#")]


def run(code: str, names: dict[str, Any]) -> Iterator[Tileable]:
    """Record an operation and give the objects that come of it."""
    *steps, last = code.split("; ")
    body = "\n    ".join([*steps, f"return {last.removeprefix('return ')}"])
    scope: dict[str, Any] = {}
    exec(f"def operation({', '.join(names)}):\n    {body}", scope)
    found = scope["operation"](**names)
    for item in found if isinstance(found, tuple | list) else [found]:
        if isinstance(item, Tileable):
            yield item


def told(lines: list[str], make: Callable[[], dict[str, Any]]) -> tuple[int, int]:
    """Count the objects whose chunks are told, and all; what is told must be true."""
    right = count = 0
    for line in lines:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                objects = list(run(line, make()))
            except Exception:  # a line that needs other data
                continue
        for lazy in objects:
            found = of(lazy).result.chunks
            assert found in (None, chunks(lazy)), line
            right += found is not None
            count += 1
    return right, count


def test_chunks_of_frames_are_those_that_the_planner_will_give() -> None:
    def make() -> dict[str, Any]:
        frame = FRAME.assign(u=FRAME.i.astype("u1"), y=FRAME.x + 1)
        table = pd.DataFrame({"i": [3, 1, 0, 3], "s": list("abcz"), "w": np.arange(4.0)})
        lazy = md.from_pandas(frame, 17), md.from_pandas(table, 3)
        return {"pd": md, "df": lazy[0], "tb": lazy[1], "np": np, "P": pd}

    right, count = told(operations("dataframe"), make)
    assert right == count > 500


def test_chunks_of_tensors_are_those_that_the_planner_will_give() -> None:
    def make() -> dict[str, Any]:
        rng = np.random.default_rng(0)
        given = {
            "a": (rng.random((7, 5)), (3, 2)),
            "b": (rng.integers(1, 9, (7, 5)), (3, 2)),
            "v": (rng.random(11), 4),
            "s": (rng.random((6, 6)) + 6 * np.eye(6), 4),
            "k": (rng.integers(0, 5, 13), 5),
            "c": (rng.random((4, 3, 5)), (2, 2, 3)),
            "z": (rng.random((5, 4)) + 1j, (2, 3)),
            "m": (rng.random((7, 5)) > 0.5, (3, 2)),
        }
        return {"np": mt, "N": np, **{n: mt.tensor(array, chunk_size=size) for n, (array, size) in given.items()}}

    right, count = told(operations("tensor"), make)
    assert right > 0.8 * count > 350


@pytest.mark.parametrize(
    "make",
    [
        lambda df: df,
        lambda df: df[["i", "x"]] * 2,
        lambda df: df.s,
        lambda df: df.s.str.upper(),
        lambda df: df.set_index("s"),
        lambda df: df.sort_values("x"),
        lambda df: df.reset_index(),
        lambda df: md.concat([df, df]),
        lambda df: df.head(8),
        lambda df: df.x.to_tensor(),
    ],
)
def test_bytes_are_about_those_of_the_result(make: Any) -> None:
    lazy = make(md.from_pandas(FRAME, 17))
    guess = of(lazy).result.nbytes
    with mars_nb.new_session():
        value = lazy.execute().fetch()
    true = value.nbytes if isinstance(value, np.ndarray) else np.sum(value.memory_usage(deep=True))
    assert guess is None or 0.5 * true < guess < 1.2 * true


def test_bytes_of_a_row() -> None:
    assert row_nbytes(FRAME[["i", "x", "b", "t", "c"]]) == 8 + 8 + 1 + 8 + 1  # a thousand categories cost no row more
    assert row_nbytes(FRAME.set_index(["i", "c"])[["x"]]) == 1 + 1 + 8
    assert row_nbytes(pd.Series([None, "ab"], dtype=object)) > 16  # type: ignore[operator]  # it is told
    assert row_nbytes(pd.Series([], dtype=object)) is None
    assert row_nbytes(FRAME[:0][["i"]]) == 8
    assert row_nbytes(pd.Index([1.5])) == 8
    assert row_nbytes(pd.DataFrame(np.zeros((2, 10**5)))) == 8 * 10**5
    assert row_nbytes(pd.DataFrame(index=[1, 2])) == 8


def test_a_file_is_twice_its_text(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("a,b\n" + "1,2\n" * 1000)
    lazy = md.read_csv(path, chunk_bytes=1000)
    assert of(lazy) == Estimate(Size(5, 2 * 4004), Size(5, 2 * 4004))
    assert of(lazy.a.sum()).words()[:3] == ["1 chunk", "8 B", "lazy"]


def test_what_is_there_is_not_computed_again() -> None:
    a = mt.random.rand(100, 100, chunk_size=50)
    b = (a + 1).sum()
    with mars_nb.new_session() as session:
        a.execute()
        assert session.estimate(b).sources == Size(4, 80_000)
        part = (a[:50] * 2).execute()
        assert session.estimate(part + a[50:]).sources == Size(2 + 4, 120_000)
        assert session.estimate(part).result == Size(2, 40_000)
        df = md.from_pandas(FRAME, 17)
        kept = df[df.x > 5].execute()
        assert session.estimate(kept.i + 1).result.chunks == 4
        assert session.estimate(kept.i + 1).result.nbytes == 8 * len(kept)


def test_nothing_is_told_of_what_is_not_known() -> None:
    assert of(mr.spawn(dict)) == Estimate(Size(1, None), Size(1, None))
    assert of(mr.spawn(dict)).words() == ["1 chunk", "lazy"]
    assert of(md.from_pandas(FRAME, 17).groupby("i")).result == Size(None, None)
    t = mt.arange(30, chunk_size=10)
    assert of(t[t > 3]).result.nbytes is None


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (Estimate(Size(48, 5 * 2**28), Size(48, 5 * 2**28)), ["48 chunks", "about 1.25 GiB", "lazy"]),
        (Estimate(Size(1, 8), Size(48, 5 * 2**28)), ["1 chunk", "8 B", "lazy", "from 48 chunks of about 1.25 GiB"]),
        (Estimate(Size(48), Size(48, 2048)), ["48 chunks", "lazy", "from 48 chunks of about 2.00 kiB"]),
        (Estimate(Size(1, 8), Size(1, 16)), ["1 chunk", "8 B", "lazy"]),
        (Estimate(Size(None, 8), Size(3)), ["8 B", "lazy", "from 3 chunks"]),
        (Estimate(), ["lazy"]),
    ],
)
def test_words(given: Estimate, words: list[str]) -> None:
    assert given.words() == words


def test_long_recordings_are_not_looked_through() -> None:
    t = mt.ones((4, 4), chunk_size=2)
    for _ in range(MOST_NODES + 10):
        t = t + 1
    assert of(t) == Estimate(Size(None, 128))


@pytest.mark.parametrize("count", [1000, 100_000])
def test_many_chunks_are_not_gone_through(count: int) -> None:
    df = md.DataFrame(pd.DataFrame({"a": np.arange(count), "b": 1.5}), chunk_size=1)
    t = mt.ones((count, 4), chunk_size=(1, 4))
    for lazy in (df, df[df.a > 3].sort_values("b").groupby("a").sum(), t, ((t + 1) * t).sum()):
        found, calls = calls_of(lambda lazy=lazy: of(lazy))
        assert found.sources.chunks == count
        assert calls < 20_000
