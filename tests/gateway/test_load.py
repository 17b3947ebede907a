"""Many clients at the same time, with all processes: a small run of ``benchmarks/load.py``."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(__file__).parents[2] / "benchmarks" / "load.py"


@pytest.mark.slow
def test_answers_are_right_nobody_starves_and_nothing_stays():
    size = ("--clients=10", "--users=2", "--executes=5", "--rounds=2")
    done = subprocess.run(
        [sys.executable, "-W", "error", str(PROGRAM), *size],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    )
    assert done.stdout.endswith("all is well\n"), done.stdout + done.stderr
    assert done.returncode == 0
    assert done.stdout.count("10 clients x 5 executes") == 2
    assert "Traceback" not in done.stderr
