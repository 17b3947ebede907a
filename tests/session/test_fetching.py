"""Fetches that would bring too much are refused before anything is read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dask.array
import numpy as np
import pandas as pd
import pytest

import mars_nb
import mars_nb.dataframe as md
import mars_nb.tensor as mt
from mars_nb import ExecutableTuple, option_context, options
from mars_nb.errors import FetchTooLarge, MarsError
from mars_nb.graph.runtime import runtime
from mars_nb.session.backends import memory
from mars_nb.session.fetching import guard

N = 100_000
FRAME = pd.DataFrame({"a": np.arange(N), "b": np.arange(N) / 2, "s": ["text"] * N, "w": np.ones(N, "i1")})


@pytest.fixture(name="session", autouse=True)
def _session() -> Iterator[mars_nb.Session]:
    with mars_nb.new_session(name="main") as session:
        yield session


@pytest.fixture(name="reads")
def _reads(session: Any, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """List the chunks that are read."""
    read: list[Any] = []
    original = session._backend.read

    def note(name: str, keys: Any, into: Any = ()) -> Any:
        read.extend(keys)
        return original(name, keys, into)

    monkeypatch.setattr(session._backend, "read", note)
    return read


def test_the_error_says_what_and_what_to_type(session: Any, reads: list[Any]) -> None:
    big = mt.ones((2000, 100), chunk_size=500).execute()
    reads.clear()
    with pytest.raises(FetchTooLarge) as caught:
        big.fetch(limit="1MiB")
    error = caught.value
    assert isinstance(error, MarsError)
    assert isinstance(error, MemoryError)
    assert error.nbytes == 1_600_000
    assert str(error) == "fetching `big` would bring about 1.53 MiB into memory, more than the limit of 1.00 MiB"
    assert error.hints == (
        "big[:5].fetch()  # a part of it",
        "big.fetch(force=True)",
        "big.fetch(limit='2MiB')",
        "mars_nb.options.fetch_limit = '2MiB'  # for all that fetches, such as np.asarray(x) and plots",
    )
    assert not reads
    for hint in error.hints[:3]:
        assert len(eval(hint)) in (5, 2000)


def test_hints_name_the_session_and_suit_the_kind() -> None:
    with mars_nb.new_session(name="other", default=False) as other:
        df = md.from_pandas(FRAME, 30_000).execute(session=other)
        with pytest.raises(FetchTooLarge) as caught:
            df.fetch(session=other, limit=1000)
        assert caught.value.hints[0] == "df.head().fetch(session=mars_nb.get_session('other'))  # a part of it"
        assert caught.value.hints[1] == "df.fetch(session=mars_nb.get_session('other'), force=True)"
        assert len(eval(caught.value.hints[1])) == N


def test_a_dask_collection_is_told_as_one(session: Any) -> None:
    array = dask.array.arange(250_000, chunks=62_500)
    session.execute(array)
    with pytest.raises(FetchTooLarge) as caught:
        session.fetch(array, limit=1000)
    assert caught.value.hints[0] == "mars_nb.fetch(array, force=True)"
    assert eval(caught.value.hints[0]).shape == (250_000,)


def test_every_way_to_fetch_takes_a_limit_and_force(session: Any) -> None:
    a, b = mt.ones(1000).execute(), mt.zeros(1000).execute()
    for fetch in (a.fetch, lambda **how: mars_nb.fetch(a, **how), lambda **how: session.fetch(a, **how)):
        with pytest.raises(FetchTooLarge, match=r"fetching `a` would bring about 7\.81 kiB"):
            fetch(limit=7999)
        assert len(fetch(limit=8000)) == len(fetch(limit=1, force=True)) == 1000
    for several in (lambda **h: mars_nb.fetch(a, b, **h), ExecutableTuple([a, b]).fetch):
        with pytest.raises(FetchTooLarge, match=r"fetching 2 objects would bring about 15\.6"):  # together
            several(limit=15_999)
        assert len(several(limit=16_000)) == 2


@pytest.mark.parametrize(
    "use",
    [
        np.asarray,
        list,
        lambda t: t.to_numpy(),
        lambda t: t.tolist(),
        lambda t: 5 in md.Series(t),
        lambda t: md.Series(t).to_dict(),
        lambda t: md.Series(t).to_pandas(),
    ],
)
def test_what_fetches_by_itself_keeps_to_the_option(use: Any) -> None:
    t = mt.ones(1000)
    with option_context({"fetch_limit": "4kB"}), pytest.raises(FetchTooLarge) as caught:
        use(t)
    assert caught.value.hints[-1].startswith("mars_nb.options.fetch_limit = '1MiB'  # for all that fetches")
    with option_context({"fetch_limit": 8000}):
        np.asarray(t)


def test_a_number_is_always_brought() -> None:
    t = mt.ones(10**6).sum()
    with option_context({"fetch_limit": 100}):
        assert float(t) == 10**6
        assert int(t.execute().fetch()) == 10**6


def test_parts_count_as_what_they_bring(reads: list[Any]) -> None:
    df = md.from_pandas(FRAME, 10_000).execute()
    t = mt.ones((1000, 10), chunk_size=100).execute()
    for part, nbytes in [
        (df.head(), 5 * (8 + 8 + 12 + 1)),
        (df["a"], 8 * N),
        (df[["a", "w"]], 9 * N),
        (df[["a", "w"]].tail(10), 90),
        (df.iloc[100:300], 200 * 29),
        (df.iloc[7], 29),
        (t[:10], 800),
        (t[5], 80),
        (t[5, 5], 8),
        (t[::2, 1], 4000),
    ]:
        found = runtime().shown(part)
        assert found is not None
        assert 0.9 * nbytes <= found.nbytes <= 1.3 * nbytes + 8  # type: ignore[attr-defined]  # the session's own
        assert not reads
        with pytest.raises(FetchTooLarge):
            part.fetch(limit=int(0.8 * nbytes))
        part.fetch(limit=int(1.3 * nbytes) + 8)
        reads.clear()


def test_what_is_drawn_is_no_fetch() -> None:
    df, t = md.from_pandas(FRAME, 10_000).execute(), mt.ones((100, 100), chunk_size=10).execute()
    with option_context({"fetch_limit": 1}):
        assert repr(df) == repr(FRAME)
        assert "array" in repr(t)
        assert len(df) == N


def test_by_default_a_quarter_of_the_free_memory_may_be_brought(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def free() -> int:
        asked.append(1)
        return 400 * 2**20

    monkeypatch.setattr(guard, "free", free)
    assert options.fetch_limit is None
    thing = mt.ones(10)
    for nbytes in (0, guard.ALWAYS):
        guard.check([thing], nbytes, None, None)
    assert not asked  # small ones do not even ask
    guard.check([thing], 100 * 2**20, None, None)
    with pytest.raises(FetchTooLarge, match=r"more than the limit of 100\.00 MiB \(a quarter of the free memory\)"):
        guard.check([thing], 100 * 2**20 + 1, None, None)
    assert len(asked) == 2
    monkeypatch.setattr(guard, "free", lambda: 0)
    guard.check([thing], guard.ALWAYS, None, None)


@pytest.mark.parametrize("limit", ["lots", -1, 0, 1.5, True])
def test_what_is_no_limit(limit: Any) -> None:
    t = mt.ones(3).execute()
    with pytest.raises(ValueError, match=r"^limit must be bytes or a text such as '4GiB', got "):
        t.fetch(limit=limit)
    with pytest.raises(ValueError, match="fetch_limit"), option_context({"fetch_limit": limit}):
        t.fetch()


def test_free_memory_is_that_of_the_control_group(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert 0 < memory.free() <= memory.available()
    for name, text in {"max": "5000000", "current": "4000000", "stat": "anon 7\ninactive_file 250000\n"}.items():
        (tmp_path / f"memory.{name}").write_text(text)
    monkeypatch.setattr(memory, "_CGROUP_LIMITS", (str(tmp_path / "memory.max"),))
    monkeypatch.setattr(memory, "_CGROUP_USED", (str(tmp_path / "memory.current"),))
    assert memory.free() == 1_250_000
    (tmp_path / "memory.max").write_text("max")
    assert memory.free() > 5_000_000
