from __future__ import annotations

import functools
import operator

import numpy as np
import pandas as pd
import pytest

from mars_nb.graph.meta import ObjectMeta
from mars_nb.graph.node import Function, Node, Path
from mars_nb.notebook import drawing
from mars_nb.session import Snapshot
from mars_nb.session.backends.base import Progress


def node(op):
    return Node(op, (), {}, "Label", ObjectMeta())


def function(name, target=len):
    return node(Function(target, name))


READ, SUM, ADD = function("pandas.read_csv"), node(Path(("groupby", "sum"))), function("add", operator.add)


def snapshot(state="running", elapsed=1.24, operations=((READ, 3, 1, 4), (SUM, 1, 0, 2), (ADD, 0, 0, 6))):
    done, total = sum(o[1] for o in operations), sum(o[3] for o in operations)
    return Snapshot(state, elapsed, tuple(Progress(*operation) for operation in operations), done / max(total, 1))


@pytest.mark.parametrize(
    ("operation", "name"),
    [
        (READ, "read_csv"),
        (SUM, "groupby.sum"),
        (function("numpy.linalg.svd", np.linalg.svd), "linalg.svd"),
        (function("random.rand"), "random.rand"),
        (function("remote.RemoteFunction", pd.concat), "concat"),
        (function("remote.RemoteFunction", functools.partial(pd.merge)), "merge"),
        (function("remote.RemoteFunction", operator.itemgetter(1)), "itemgetter"),
    ],
)
def test_short_names(operation, name):
    assert drawing.short_name(operation) == name


def test_running():
    assert drawing.label(snapshot()) == "33%, 4/12 chunk tasks, 1.2 s: read_csv 3/4, groupby.sum 1/2"
    assert drawing.line(snapshot()).startswith("[######..............] 33%, 4/12")


def test_nothing_known_yet():
    assert drawing.label(snapshot(operations=())) == "0%, 0/0 chunk tasks, 1.2 s"


@pytest.mark.parametrize(
    ("state", "label"),
    [
        ("done", "done, 4/12 chunk tasks, 1.2 s"),
        ("failed", "failed, 4/12 chunk tasks, 1.2 s: read_csv 3/4, groupby.sum 1/2"),
        ("cancelled", "cancelled, 4/12 chunk tasks, 1.2 s: read_csv 3/4, groupby.sum 1/2"),
    ],
)
def test_over(state, label):
    assert drawing.label(snapshot(state)) == label


def test_operations_of_one_name_count_together():
    assert [
        str(step) for step in drawing.steps(snapshot(operations=((ADD, 1, 1, 2), (READ, 0, 0, 1), (ADD, 0, 1, 3))))
    ] == [
        "add 1/5",
        "read_csv 0/1",
    ]


def test_no_more_than_three_are_named():
    many = tuple((function(f"f{i}"), 0, 1, 1) for i in range(5))
    assert drawing.current(snapshot(operations=many)) == "f0 0/1, f1 0/1, f2 0/1, 2 more"


@pytest.mark.parametrize("width", [3, 20, 40, 80, 200])
def test_line_fits_the_width(width):
    line = drawing.line(snapshot(), width)
    assert len(line) < width
    assert "\n" not in line
    assert line.endswith("groupby.sum 1/2" if width > 90 else "..")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.04, "0.0 s"), (59.9, "59.9 s"), (61, "1 min 01 s"), (3599, "59 min 59 s"), (3661, "1 h 01 min")],
)
def test_times(seconds, text):
    assert f", {text}" in drawing.label(snapshot(elapsed=seconds, operations=()))


def test_html_is_static_and_escaped():
    text = drawing.as_html(snapshot(operations=((function("remote.RemoteFunction", lambda: 1), 0, 1, 1),)))
    assert '<progress value="0.000" max="1">' in text
    assert "&lt;lambda&gt; 0/1" in text
    assert "script" not in text


def test_bundle_has_both_forms():
    assert set(drawing.bundle(snapshot())) == {"text/plain", "text/html"}
