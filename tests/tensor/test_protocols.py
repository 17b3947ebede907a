"""What Python and numpy ask of arrays: numpy's functions stay lazy, conversions compute."""

from __future__ import annotations

import copy
import math
import operator
import pickle
import re
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import mars_nb.tensor as mt
from mars_nb.graph.tileable import Tileable

LINES = (Path(__file__).parent / "operations.txt").read_text().splitlines()
#: Lines in which numpy's functions are given tensors; its own `vectorize` computes what it is given.
ON_TENSORS = [line for line in LINES if re.search(r"\bnp\..*\b[abvskczm]\b", line) and "np.vectorize" not in line]
ARRAY = np.arange(6.0).reshape(2, 3)


def tensors() -> dict[str, Any]:
    """Give tensors of all kinds, as `test_operations` does."""
    square = np.eye(6) + 6
    given = {"a": ARRAY, "v": np.ones(11), "s": square, "k": np.arange(13) % 5, "c": np.ones((4, 3, 5))}
    wide = {"a": np.ones((7, 5)), "b": np.ones((7, 5), int), "m": np.ones((7, 5), bool), "z": np.ones((5, 4)) + 1j}
    return {name: mt.tensor(array) for name, array in {**given, **wide}.items()}


def kinds(value: Any) -> Any:
    """Tell which parts are lazy."""
    return [kinds(item) for item in value] if isinstance(value, tuple | list) else isinstance(value, Tileable)


def test_numpys_functions_stay_lazy() -> None:
    assert len(ON_TENSORS) > 300
    for line in ON_TENSORS:
        *steps, last = line.removeprefix("~ ").split("; ")
        found = []
        for module in (mt, np):
            scope = {"np": module, "N": np, **tensors()}
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                exec("\n".join(steps), scope)
                found.append(kinds(eval(last, scope)))
        assert found[0] == found[1], line


@pytest.mark.parametrize("chunk_size", [None, 2])
def test_conversions(chunk_size: int | None) -> None:
    t = mt.tensor(ARRAY, chunk_size=chunk_size)
    number = t[1, 2]
    assert (float(number), int(number), complex(number), bool(number)) == (5.0, 5, 5 + 0j, True)
    assert (round(number), round(number, 1).execute().fetch(), f"{number:.2f}") == (5, 5.0, "5.00")
    assert (math.floor(number), math.ceil(number), math.trunc(number)) == (5, 5, 5)
    assert operator.index(mt.tensor(np.array(3))) == 3
    assert list(range(9))[mt.tensor(np.array(3))] == 3
    assert (5.0 in t, 9 in t, len(t), [row.tolist() for row in t]) == (True, False, 2, ARRAY.tolist())
    assert t.tolist() == ARRAY.tolist()
    for found in (np.asarray(t), np.array(t), t.to_numpy(), t.__array__(), np.from_dlpack(t)):
        np.testing.assert_array_equal(found, ARRAY)
        found[0, 0] = 7  # an array of its own
    assert np.asarray(t, dtype="float32").dtype == "float32"
    assert np.asarray(t)[0, 0] == 0
    assert t.__dlpack_device__() == (1, 0)
    assert t.__array_namespace__() is mt


@pytest.mark.parametrize(
    ("ask", "error", "words"),
    [
        (lambda t: bool(t), ValueError, "ambiguous"),
        (lambda t: float(t), TypeError, "scalars"),
        (lambda t: int(t), TypeError, "scalars"),
        (lambda t: operator.index(t), TypeError, "index"),
        (lambda t: len(t.sum()), TypeError, "unsized"),
        (lambda t: iter(t.sum()), TypeError, "0-d"),
        (lambda t: np.asarray(t, copy=False), ValueError, "always a new one"),
        (lambda t: format(t, ".2f"), TypeError, "format"),
        (lambda t: t.setflags(write=False), TypeError, "flags"),
    ],
)
def test_what_cannot_be_says_so(ask: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        ask(mt.tensor(ARRAY))


def test_copies_are_tensors_of_their_own() -> None:
    t = mt.tensor(ARRAY).execute()
    for other in (copy.copy(t), copy.deepcopy(t), t.copy(), pickle.loads(pickle.dumps(t))):
        other[0] = 9
        np.testing.assert_array_equal(t.fetch(), ARRAY)
        assert other.sum().execute().fetch() == 27 + 12


def test_types_are_numpys() -> None:
    assert isinstance(mt.ones(3), mt.ndarray)
    assert mt.float32 is np.float32
    assert mt.ndarray((2, 3), "int8", buffer=bytes(6)).sum().execute().fetch() == 0
    assert str(mt.ndarray[Any, Any]).startswith("mars_nb.tensor.core.Tensor[")
