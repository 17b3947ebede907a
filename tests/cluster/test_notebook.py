"""The example notebook on a cluster runs as it stands."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOK = ROOT / "examples" / "notebooks" / "cluster.ipynb"


@pytest.mark.slow
def test_the_notebook(tmp_path: Path) -> None:
    command = [sys.executable, ROOT / "scripts" / "demo.py", NOTEBOOK, "--out", tmp_path]
    done = subprocess.run(command, capture_output=True, text=True, timeout=110, check=False)
    assert done.returncode == 0, done.stderr
    assert "equal to pandas: 200,000 trips in 50 cities" in done.stdout
    assert "in this process: False" in done.stdout
    assert "found again: DataFrame (50, 3)" in done.stdout
    executed = (tmp_path / "cluster.ipynb").read_text(encoding="utf-8")
    assert "token=" not in executed
    assert "while computing `map`, recorded in cell In[7], line 1" in executed
    assert "recorded in 2" not in executed  # a worker does not know the cell's name
