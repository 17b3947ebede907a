"""Nodes, call sites and claims: what is recorded, without running anything."""

from __future__ import annotations

import gc

import numpy as np
import pytest

import mars_nb.dataframe as md
import mars_nb.tensor as mt
from mars_nb.graph.callsite import CallSite, capture
from mars_nb.graph.meta import ObjectMeta
from mars_nb.graph.node import Arguments, Data, Function, Node, Path, Source, ordered
from mars_nb.graph.structure import leaves, replace
from mars_nb.graph.tileable import Claim, flatten


def node(*inputs: object, name: str = "f", **kwargs: object) -> Node:
    return Node(Function(lambda *args, **kw: (args, kw), name), inputs, dict(kwargs), name, ObjectMeta())


def test_leaves_and_replacing() -> None:
    value = {"a": [1, (2, slice(3, None))], "b": Arguments((4,), {"c": 5})}
    assert list(leaves(value)) == [1, 2, 3, None, None, 4, 5]
    doubled = replace(value, lambda leaf: leaf and leaf * 2)
    assert doubled == {"a": [2, (4, slice(6, None))], "b": Arguments((8,), {"c": 10})}
    assert isinstance(doubled["b"], Arguments)


def test_nodes_find_their_inputs_at_any_depth() -> None:
    a, b = node(), node()
    c = node([a, {"x": (b, a)}], key=slice(b, None))
    assert c.inputs == (a, b)
    args, kwargs = c.evaluate({a: 1, b: 2})
    assert args == ([1, {"x": (2, 1)}],)
    assert kwargs == {"key": slice(2, None)}
    assert len({a.key, b.key, c.key}) == 3


def test_paths_walk() -> None:
    path = Path(("split", "__len__"))
    assert path.apply(("a b c", Arguments((" ",), {}), Arguments((), {})), {}) == 3
    assert path.name == "split"
    assert Path(("groupby", "__getitem__", "sum")).name == "groupby.sum"
    assert Path(("real",)).apply((3 + 4j, None), {}) == 3


def test_sources_give_their_data() -> None:
    data = [node()]  # not looked into
    source = Node(Source("data_source"), (Data(data),), {}, "x", ObjectMeta())
    assert source.inputs == ()
    assert source.evaluate({}) is data


def test_order_is_inputs_first_and_stops_at_what_is_known() -> None:
    a = node()
    b = node(a)
    c = node(a, b)
    d = node(c, b)
    assert ordered([d, c]) == [a, b, c, d]
    assert ordered([d], lambda n: n is c) == [c, a, b, d]
    assert ordered([d], lambda n: n in (b, c)) == [c, b, d]


def test_long_recordings_do_not_recurse() -> None:
    last = node()
    for _ in range(20_000):
        last = node(last)
    assert len(ordered([last])) == 20_001


def test_call_sites_are_the_users_lines() -> None:
    site = capture()
    assert site is not None
    assert site.filename == __file__
    assert site.source == "site = capture()"
    assert site.place == f"test_recording.py, line {site.lineno}"
    t = np.add(mt.ones(3), 1)  # through numpy's dispatch
    df = md.DataFrame({"a": [1]}).rename(columns={"a": "b"})
    for thing, line in ((t, site.lineno + 5), (df, site.lineno + 6)):
        assert thing._node.site == CallSite(__file__, line)


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: mt.ones((2, 3)), "Tensor(op=TensorOnes, shape=(2, 3))"),
        (lambda: mt.tensor([1, 2]), "Tensor(op=ArrayDataSource, shape=(2,))"),
        (lambda: mt.ones(3) + 1, "Tensor(op=TensorAdd, shape=(3,))"),
        (lambda: mt.ones(3)[1:], "Tensor(op=TensorIndex, shape=(2,))"),
        (lambda: mt.linalg.norm(mt.ones(3)), "Tensor(op=TensorNorm, shape=())"),
        (lambda: md.DataFrame([[1]]), "DataFrame(op=DataFrameDataSource)"),
        (lambda: md.DataFrame({"a": [1]}).a.sum(), "Tensor(op=DataFrameSum, shape=())"),
        (lambda: md.DataFrame({"a": [1], "b": [2]}).groupby("a").b.sum(), "Series(op=DataFrameGroupbySum)"),
        (lambda: md.Series(["x"]).str.upper(), "Series(op=DataFrameStrUpper)"),
        (lambda: md.merge(md.DataFrame({"a": [1]}), md.DataFrame({"a": [1]})), "DataFrame(op=DataFrameMerge)"),
        (lambda: md.Index([1, 2]), "Index(op=IndexDataSource)"),
    ],
)
def test_names_of_operations(make: object, text: str) -> None:
    thing = make()  # type: ignore[operator]  # a function
    assert str(thing) == text
    assert repr(thing).startswith(text.replace("(", " <", 1)[:-1] + ", ")
    assert repr(thing).endswith(f", key={thing.key}_0>")


def test_claims_call_when_they_go() -> None:
    gone: list[str] = []
    inner, outer = Claim("inner"), None
    outer = Claim("outer", (inner,))
    for claim in (inner, outer):
        claim.on_release(gone.append)
    del inner, claim
    gc.collect()
    assert gone == []
    outer.settle()
    assert gone == ["inner"]
    del outer
    assert gone == ["inner", "outer"]


def test_flatten() -> None:
    t, u = mt.ones(1), mt.ones(2)
    assert [id(x) for x in flatten([t, (u, [t])])] == [id(t), id(u), id(t)]
    with pytest.raises(TypeError, match="expected a lazy object such as a tensor or data frame, got ufunc"):
        flatten([np.add])
