"""The examples in numpy's own docstrings, with `mt` in place of `np`.

``numpy.txt`` lists those that give something else, with the reason; ``numpy_chunks.txt`` those that do so in chunks.
"""

from __future__ import annotations

import re
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import runner

import mars_nb

KNOWN = runner.listed(Path(__file__).parent / "numpy.txt")
KNOWN_IN_CHUNKS = runner.listed(Path(__file__).parent / "numpy_chunks.txt")
#: At least so many of a hundred docstrings give numpy's answers.
GOAL = 97
#: Left out besides what the runner leaves out: not about data, but about where it lies and how errors are told.
RULES = {
    "memory": re.compile(r"shares_memory|may_share_memory|\.flags\b|\.base\b|\.strides\b|setflags|overwrite_input"),
    "settings": re.compile(r"\bseterr|\bgeterr|\berrstate"),
}
#: What numpy says of numbers that are others each time.
NOT_THE_SAME = re.compile(r"# *(random|uninitialized)")
#: Arrays that are too large for chunks of two items.
LARGE = re.compile(r"\b(1000000|512|500|1024|1000)\b")
OWNERS: dict[str, Any] = {
    "numpy": np,
    "linalg": np.linalg,
    "fft": np.fft,
    "strings": np.strings,
    "char": np.char,
    "emath": np.emath,
    "polynomial": np.polynomial.polynomial,
    "stride_tricks": np.lib.stride_tricks,
    "ndarray": np.ndarray,
}


def names(owner: Any) -> list[str]:
    """List the members, without modules and what runs numpy's own tests."""
    public = [name for name in dir(owner) if not name.startswith("_") and name != "test"]
    if isinstance(owner, type):
        return public
    return [n for n in public if n in vars(owner) and not isinstance(vars(owner)[n], types.ModuleType | np.ndarray)]


def is_about_data(text: str) -> bool:
    """Tell by the lines of code."""
    code = "\n".join(line for line in text.splitlines() if line.lstrip().startswith((">>>", "...")))
    return not NOT_THE_SAME.search(text) and not any(rule.search(code) for rule in RULES.values())


def gather() -> dict[str, dict[str, str]]:
    """Collect the docstrings, each text once."""
    found: dict[str, dict[str, str]] = {}
    seen: set[str] = set()
    for kind, owner in OWNERS.items():
        texts = runner.docstrings(owner, kind, names(owner))
        data = {name: text for name, text in texts.items() if is_about_data(text)}
        found[kind] = {name: text for name, text in data.items() if text not in seen}
        seen.update(data.values())
    return found


TEXTS = gather()


@pytest.fixture(autouse=True)
def _session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)  # some examples write files
    with mars_nb.new_session(), np.printoptions(), np.errstate():  # some examples set these
        yield


@pytest.mark.parametrize("kind", TEXTS)
def test_examples(kind: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert runner.problems(TEXTS[kind], KNOWN) == []


@pytest.mark.filterwarnings("ignore::mars_nb.errors.WholeWarning")
@pytest.mark.parametrize("kind", TEXTS)
def test_examples_in_chunks(kind: str, capfd: pytest.CaptureFixture[str]) -> None:
    texts = {name: text for name, text in TEXTS[kind].items() if name not in KNOWN and not LARGE.search(text)}
    with mars_nb.option_context({"chunk_size": 2}):
        assert runner.problems(texts, KNOWN_IN_CHUNKS) == []


def test_enough_give_the_answers_of_numpy() -> None:
    found = {name for texts in TEXTS.values() for name in texts}
    assert set(KNOWN) <= found
    assert len(found) > 400
    assert len(KNOWN) <= len(found) * (100 - GOAL) / 100
