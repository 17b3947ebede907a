"""What was inferred once is known of equal shapes and dtypes, and of nothing else."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import mars_nb.tensor as mt
from mars_nb.graph.meta import Meta, ObjectMeta, TensorMeta
from mars_nb.graph.node import Data, Function, Node, Source
from mars_nb.tensor import remembered as module
from mars_nb.tensor.remembered import remembered


@pytest.fixture(autouse=True)
def answers(monkeypatch: pytest.MonkeyPatch) -> dict[Any, Meta]:
    found: dict[Any, Meta] = {}
    monkeypatch.setattr(module, "_answers", found)
    return found


class Asked:
    def __init__(self) -> None:
        self.times = 0

    def __call__(self, op: Any, args: Any, kwargs: Any) -> Meta:
        self.times += 1
        return TensorMeta((self.times,), np.dtype(float))


def tensor(*shape: int, dtype: Any = float) -> Node:
    return Node(Source("data_source"), (Data(None),), {}, "Tensor", TensorMeta(shape, np.dtype(dtype)))


SIN = Function(np.sin, "numpy.sin")


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        ((tensor(3),), (tensor(3),), True),
        ((tensor(3), 1), (tensor(3), 1), True),
        ((tensor(3), slice(1, None)), (tensor(3), slice(1, None)), True),
        (([tensor(3), tensor(4)],), ([tensor(3), tensor(4)],), True),
        ((tensor(3),), (tensor(4),), False),
        ((tensor(3),), (tensor(3, dtype=int),), False),
        ((tensor(3), 1), (tensor(3), True), False),
        ((tensor(3), 1), (tensor(3), 1.0), False),
        ((tensor(3), (1, 2)), (tensor(3), [1, 2]), False),
        ((tensor(3), slice(1, None)), (tensor(3), slice(2, None)), False),
        ((tensor(3), np.ones(2)), (tensor(3), np.ones(2)), False),
    ],
)
def test_equal_questions(one: Any, other: Any, equal: bool) -> None:
    infer = Asked()
    first, second = remembered(infer, SIN, one, {}), remembered(infer, SIN, other, {})
    assert (first == second) == equal
    assert infer.times == (1 if equal else 2)


def test_options_and_operations_count() -> None:
    infer = Asked()
    remembered(infer, SIN, (tensor(3),), {"axis": 0})
    remembered(infer, SIN, (tensor(3),), {"axis": 1})
    remembered(infer, Function(np.cos, "numpy.cos"), (tensor(3),), {"axis": 1})
    assert infer.times == 3


def test_errors_are_found_each_time() -> None:
    def infer(op: Any, args: Any, kwargs: Any) -> Meta:
        raise ValueError("wrong shape")

    for _ in range(2):
        with pytest.raises(ValueError, match="wrong shape"):
            remembered(infer, SIN, (tensor(3),), {})


def test_arguments_of_which_nothing_is_known() -> None:
    infer = Asked()
    unknown = Node(Source("data_source"), (Data(None),), {}, "Tensor", ObjectMeta())
    assert remembered(infer, SIN, (unknown,), {}) != remembered(infer, SIN, (unknown,), {})


def test_not_too_much_is_remembered(answers: dict[Any, Meta]) -> None:
    for length in range(2 * module._MOST):
        remembered(Asked(), SIN, (tensor(length),), {})
    assert 0 < len(answers) <= module._MOST


def test_a_decomposition_is_inferred_once(answers: dict[Any, Meta]) -> None:
    shapes = [tuple(part.shape for part in mt.linalg.svd(mt.ones((200, 100)))) for _ in range(2)]
    assert len(answers) == 1
    assert shapes[0] == shapes[1]
    assert [part.shape for part in mt.linalg.svd(mt.ones((100, 200)))] != list(shapes[0])
    assert len(answers) == 2
