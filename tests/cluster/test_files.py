"""Files that all workers see: read and written by them."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd

import mars_nb.dataframe as md
import mars_nb.tensor as mt
from mars_nb import Session


def test_files_are_read_and_written_by_the_workers(session: Session, tmp_path: Path) -> None:
    frame = pd.DataFrame({"a": range(500), "s": [f'w"{i}\n' for i in range(500)]})
    frame.to_csv(tmp_path / "in.csv", index=False)
    lazy = md.read_csv(tmp_path / "in.csv", chunk_bytes=1500)
    lazy.to_csv(tmp_path / "out.csv", index=False)
    lazy.to_parquet(f"{tmp_path}/out/")
    mt.save(tmp_path / "out.npy", mt.arange(100, chunk_size=30))
    assert (tmp_path / "out.csv").read_bytes() == (tmp_path / "in.csv").read_bytes()
    found = md.read_parquet(f"{tmp_path}/out/", chunk_bytes=3000).execute().fetch()
    pd.testing.assert_frame_equal(found, frame)
    np.testing.assert_array_equal(np.load(tmp_path / "out.npy"), np.arange(100))
    assert sorted(os.listdir(tmp_path)) == ["in.csv", "out", "out.csv", "out.npy"]
