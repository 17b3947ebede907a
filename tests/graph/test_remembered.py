"""What was inferred once is known of equal shapes and dtypes, and of nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import mars_nb.dataframe as md
import mars_nb.tensor as mt
from mars_nb.graph import remembered as module
from mars_nb.graph.meta import Meta, ObjectMeta, PandasMeta, TensorMeta
from mars_nb.graph.node import Data, Function, Node, Source
from mars_nb.graph.remembered import remembered


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


def frame(sample: pd.DataFrame, rows: int | None) -> Node:
    return Node(Source("data_source"), (Data(None),), {}, "DataFrame", PandasMeta(sample, rows))


FRAME = pd.DataFrame({"x": [1, 2]})
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
        ((tensor(3), np.datetime64("2024-01-01")), (tensor(3), np.datetime64("2024-01-01", "s")), False),
        ((tensor(3), pd.Timestamp("2024-01-01")), (tensor(3), pd.Timestamp("2024-01-01").as_unit("ns")), False),
        ((tensor(3), pd.Timestamp("2024-01-01")), (tensor(3), pd.Timestamp("2024-01-01")), True),
        ((frame(FRAME, 9), "x"), (frame(FRAME, 9), "x"), True),
        ((frame(FRAME, 9), "x"), (frame(FRAME, 8), "x"), False),
        ((frame(FRAME, 9), "x"), (frame(FRAME.copy(), 9), "x"), False),
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


def test_what_is_written_again_is_inferred_once(answers: dict[Any, Meta], tmp_path: Path) -> None:
    path = tmp_path / "file.parquet"
    pd.DataFrame({"k": np.arange(200_000) % 3, "x": 1.0}).to_parquet(path)

    def cell() -> Any:
        df = md.read_parquet(path)
        return df[df.x > 0].groupby("k").agg(n=("x", "sum")).merge(df, on="k").sort_values("x").head(3)

    first = cell()
    asked = len(answers)
    assert asked > 5
    second = cell()
    assert len(answers) == asked
    assert second._node.meta is first._node.meta
    assert second._node is not first._node
    with pytest.raises(KeyError, match="nothing"):
        md.read_parquet(path)["nothing"]
    pd.DataFrame({"k": ["a"] * 200_000, "y": 1.0}).to_parquet(path)
    assert list(md.read_parquet(path).columns) == ["k", "y"]


def test_functions_of_the_users_are_tried_each_time(answers: dict[Any, Meta]) -> None:
    df = md.DataFrame({"x": np.arange(200_000)})
    for kind in (int, str):
        assert df.x.map(lambda x, kind=kind: kind(x)).dtype == pd.Series([kind(1)]).dtype


def test_samples_of_very_many_columns_are_not_kept(answers: dict[Any, Meta]) -> None:
    wide = pd.DataFrame(np.zeros((5, 1000)))
    assert remembered(Asked(), SIN, (frame(wide, 9),), {}) == TensorMeta((1,), np.dtype(float))
    remembered(lambda op, args, kwargs: PandasMeta(wide), SIN, (tensor(3),), {})
    assert not answers
