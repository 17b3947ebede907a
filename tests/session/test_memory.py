"""The memory limit of a session."""

from __future__ import annotations

import gc
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import mars_nb
import mars_nb.dataframe as md
import mars_nb.tensor as mt
from mars_nb.errors import SpillError
from mars_nb.session.backends import memory


def test_results_beyond_the_limit_are_spilled_and_read_back(tmp_path: Path) -> None:
    with mars_nb.option_context({"spill_directory": str(tmp_path)}):
        session = mars_nb.new_session(memory_limit="4 MiB")
    t = mt.tensor(np.arange(2**21, dtype=float).reshape(1024, 2048), chunk_size=256).execute()  # 16 MiB
    assert session.memory <= session.memory_limit == 4 * 2**20
    assert session.spilled > 11 * 2**20
    assert session.nbytes == 16 * 2**20
    assert "on disk" in repr(session)
    plain = np.arange(2**21, dtype=float).reshape(1024, 2048)
    np.testing.assert_array_equal(t[1000:, ::7].fetch(), plain[1000:, ::7])
    np.testing.assert_array_equal((t * 2 + 1).mean(axis=0).execute().fetch(), (plain * 2 + 1).mean(axis=0))
    df = md.DataFrame({"a": np.arange(400_000) % 1000, "b": np.arange(400_000.0)}, chunk_size=30_000).execute()
    assert float(df[df.a > 500].b.sum()) == sum(b for b in range(400_000) if b % 1000 > 500)
    assert repr(t).startswith("array([[0.000000e+00, 1.000000e+00")
    del t, df
    gc.collect()
    assert (session.spilled, session.nbytes) == (0, 0)
    session.close()
    assert os.listdir(tmp_path) == []


def test_a_disk_that_fails_is_a_clear_error_and_nothing_is_lost(tmp_path: Path) -> None:
    with mars_nb.option_context({"spill_directory": str(tmp_path / "missing"), "memory_limit": 2 * 2**20}):
        mars_nb.new_session()
    kept = mt.full((100, 1000), 3.0).execute()
    with pytest.raises(SpillError, match="cannot be put on disk") as caught:
        mt.ones((1000, 1000), chunk_size=100).execute()
    assert any("spill_directory" in hint for hint in caught.value.hints)
    del caught
    gc.collect()
    assert kept.fetch().sum() == 300_000
    assert mt.ones((10, 10)).sum().execute().fetch() == 100


@pytest.mark.parametrize("limit", ["much", 0, -5, True, 1.5])
def test_bad_limits(limit: object) -> None:
    with pytest.raises(ValueError, match="memory_limit must be bytes or a text"):
        mars_nb.new_session(memory_limit=limit)  # type: ignore[arg-type]  # on purpose


def test_the_default_limit(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert 0 < memory.limit_of(None) <= memory.available() * memory.DEFAULT_PART
    group = tmp_path / "memory.max"
    group.write_text("1000000\n")
    monkeypatch.setattr(memory, "_CGROUP_LIMITS", (str(group), str(tmp_path / "missing")))
    assert memory.limit_of(None) == 600_000
    group.write_text("max\n")
    assert memory.available() > 1_000_000
    assert memory.limit_of(12345) == 12345


def test_frames_keep_their_types_on_disk() -> None:
    session = mars_nb.new_session(memory_limit=200_000)
    frame = pd.DataFrame(
        {
            "i": range(20_000),
            "s": [f"s{i % 7}" for i in range(20_000)],
            "t": pd.date_range("2020", periods=20_000, freq="h"),
        }
    )
    df = md.DataFrame(frame, chunk_size=3000).execute()
    assert session.spilled > 0
    pd.testing.assert_frame_equal(df.fetch(), frame)
    pd.testing.assert_frame_equal(df.iloc[5900:6100].fetch(), frame.iloc[5900:6100])
