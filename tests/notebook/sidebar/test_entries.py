from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import mars_nb.dataframe as md
import mars_nb.tensor as mt
from mars_nb.graph.callsite import CallSite
from mars_nb.graph.meta import ObjectMeta, PandasMeta, TensorMeta
from mars_nb.notebook.sidebar import entries, messages
from mars_nb.notebook.sidebar.cellids import CellIds
from mars_nb.notebook.sidebar.checking import conforms
from mars_nb.session import Result, TaskInfo
from mars_nb.session.events import OperationCounts

CELLS = CellIds()


def info(**more):
    known = {"number": 3, "label": "TensorAdd", "place": "s.py, line 2", "state": "running", "elapsed": 1.23456}
    return TaskInfo(**{**known, "done": 1, "total": 4, **more})


class TestTask:
    def test_one_that_runs(self):
        counts = OperationCounts("TensorAdd", 1, 2, 4, "k", CallSite("/x/s.py", 2))
        found = entries.task(info(operations=(counts,), fraction=1 / 3, remaining=2.345, running=2), CELLS)
        assert conforms(found, messages.Task)
        assert (found["elapsed"], found["fraction"], found["remaining"]) == (1.23, 0.333, 2.3)
        where = {"place": "s.py, line 2", "cell": "", "line": 2}
        assert found["operations"] == {
            "k": {"label": "TensorAdd", "order": 0, "done": 1, "running": 2, "total": 4, **where}
        }
        assert "error" not in found

    @pytest.mark.parametrize(
        ("state", "waiting", "told"),
        [("running", False, "running"), ("running", True, "waiting"), ("cancelled", True, "cancelled")],
    )
    def test_states(self, state, waiting, told):
        found = entries.task(info(state=state, waiting=waiting), CELLS)
        assert found["state"] == told
        assert conforms(found, messages.Task)

    def test_operations_of_one_name_and_line_are_told_as_one(self):
        here, there = CallSite("/x/s.py", 2), CallSite("/x/s.py", 3)
        given = [("k1", "step", here), ("k2", "sum", here), ("k3", "step", here), ("k4", "step", there)]
        counts = tuple(OperationCounts("Label", 1, 2, 4, key, site, name) for key, name, site in given)
        found = entries.task(info(operations=counts, names="step ×3, sum"), CELLS)
        assert found["label"] == "step ×3, sum"
        told = {key: (one["label"], one["order"], one["done"]) for key, one in found["operations"].items()}
        assert told == {"k1": ("step", 0, 2), "k2": ("sum", 1, 1), "k4": ("step", 2, 1)}
        assert (found["operations"]["k1"]["running"], found["operations"]["k1"]["total"]) == (4, 8)

    def test_an_error_is_cut(self):
        found = entries.task(info(state="failed", error="ValueError: " + "x" * 10_000), CELLS)
        assert conforms(found, messages.Task)
        assert found["error"].startswith("ValueError: xxx")
        assert len(found["error"]) <= 300

    def test_of_very_many_operations_those_that_are_not_done(self):
        counts = tuple(OperationCounts(str(n), int(n < 500), 0, 1, str(n)) for n in range(1000))
        found = entries.task(info(operations=counts), CELLS)["operations"]
        assert len(found) == entries.MOST_OPERATIONS
        assert [found[key]["order"] for key in found] == list(range(500, 500 + entries.MOST_OPERATIONS))

    def test_time_that_passes_is_no_change(self):
        one = entries.task(info(remaining=3.0), CELLS)
        assert entries.same_but_for_time(one, entries.task(info(remaining=2.0, elapsed=2.0), CELLS))
        assert not entries.same_but_for_time(one, entries.task(info(elapsed=1.3), CELLS))
        assert not entries.same_but_for_time(one, entries.task(info(remaining=3.0, running=1), CELLS))


class TestResult:
    def test_is_short(self):
        result = Result("k", "DataFrame", "x" * 999, "y\n" * 999, (1,) * 99, 5, 0, 1, 12.34567, "z" * 999)
        found = entries.result(result, ["a" * 200, *"bcdefghijklm"], CELLS)
        assert conforms(found, messages.Result)
        assert len(str(found)) < 700
        assert found["names"] == list("bcdefghi"), "one that is cut would not work"
        assert found["executed_at"] == 12.34567


class TestLazy:
    @pytest.mark.parametrize(
        ("make", "kind", "dtype", "shape"),
        [
            (lambda: mt.ones((3, 4)), "Tensor", "float64", [3, 4]),
            (lambda: mt.ones(5)[mt.ones(5) > 0], "Tensor", "float64", ["?"]),
            (lambda: md.DataFrame({"a": [1, 2], "b": [3, 4]}), "DataFrame", "", [2, 2]),
            (lambda: md.DataFrame({"a": [1, 2]}).query("a > 1"), "DataFrame", "", ["?", 1]),
            (lambda: md.DataFrame({"a": [1, 2]})["a"], "Series", "int64", [2]),
        ],
    )
    def test_what_is_known(self, make, kind, dtype, shape):
        found = entries.lazy(make(), ["x"], [3], CELLS)
        assert conforms(found, messages.Lazy)
        assert (found["kind"], found["dtype"], found["shape"]) == (kind, dtype, shape)
        assert (found["names"], found["tasks"]) == (["x"], [3])
        assert found["line"] > 0

    @pytest.mark.parametrize(
        ("meta", "shape"),
        [
            (TensorMeta((2.0, float("nan")), np.dtype("int8")), [2, "?"]),
            (PandasMeta(pd.DataFrame({"a": [1]}), None, open=True), ["?", "?"]),
            (PandasMeta(pd.Index([1]), 7), [7]),
            (ObjectMeta(int), []),
        ],
    )
    def test_shapes(self, meta, shape):
        assert entries._shape(meta) == shape


@given(st.lists(st.integers(0, 200), max_size=12), st.integers(0, 300))
def test_shares(counts, total):
    found = entries.shares(counts, total)
    assert all(0 <= share <= wanted for share, wanted in zip(found, counts, strict=True))
    assert sum(found) <= max(total, 0)
    if sum(counts) <= total:
        assert found == counts
    else:
        cut = [share for share, wanted in zip(found, counts, strict=True) if share < wanted]
        assert sum(found) == total
        assert max(found) - min(cut) <= 1, "nobody has much more than one who is short"
