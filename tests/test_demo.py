"""`make demo`: the quickstart and the guides run, and what goes wrong in a notebook is told."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def demo(*arguments):
    command = [sys.executable, ROOT / "scripts" / "demo.py", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)


def notebook(path, source, *tags):
    cell = {"cell_type": "code", "source": source, "metadata": {"tags": tags}, "outputs": [], "execution_count": None}
    path.write_text(json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 4}))
    return path


def test_quickstart(tmp_path):
    done = demo("--out", tmp_path)
    assert done.returncode == 0, done.stderr
    assert "equal to pandas: 327,346 flights" in done.stdout
    executed = json.loads((tmp_path / "quickstart.ipynb").read_text(encoding="utf-8"))
    outputs = [output for cell in executed["cells"] for output in cell.get("outputs", ())]
    assert [output["ename"] for output in outputs if output["output_type"] == "error"] == ["IsolationError"]
    assert not [output for output in outputs if output.get("name") == "stderr"]
    assert "IsolationError" in (tmp_path / "quickstart.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "result"),
    [
        ("ten_minutes", "equal to pandas: 16 airlines"),
        ("tensors", "every 24.0 hours"),
        ("remote", "pi is about 3.142"),
    ],
)
def test_guide(tmp_path, name, result):
    done = demo(ROOT / "examples" / "notebooks" / f"{name}.ipynb", "--out", tmp_path)
    assert done.returncode == 0, done.stderr
    assert result in done.stdout
    executed = json.loads((tmp_path / f"{name}.ipynb").read_text(encoding="utf-8"))
    outputs = [output for cell in executed["cells"] for output in cell.get("outputs", ())]
    assert not [output["text"] for output in outputs if output.get("name") == "stderr"]


@pytest.mark.parametrize(
    ("source", "tags", "problem"),
    [
        ("1 / 0", [], "a cell failed: ZeroDivisionError: division by zero"),
        ("1 / 1", ["raises-exception"], "cell 1 did not raise: 1 / 1"),
        ("import os; os._exit(3)", [], "the notebook did not end: Kernel died"),
    ],
)
def test_failure(tmp_path, source, tags, problem):
    done = demo(notebook(tmp_path / "bad.ipynb", source, *tags), "--out", tmp_path)
    assert done.returncode == 1
    assert problem in done.stderr
    assert str(tmp_path / "bad.html") in done.stderr
