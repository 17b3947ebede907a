from __future__ import annotations

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mars_nb.notebook.sidebar.patches import apply, diff

LEAVES = st.integers(-3, 3) | st.sampled_from(["", "a", 1.5]) | st.lists(st.integers(0, 2), max_size=2)
NAMES = st.sampled_from(["a", "b", "c", "d"])
STATES = st.dictionaries(
    NAMES, st.recursive(LEAVES, lambda inner: st.dictionaries(NAMES, inner, max_size=3), max_leaves=12)
)


@given(STATES, STATES)
def test_a_patch_makes_the_one_of_the_other(before, after):
    kept = copy.deepcopy((before, after))
    assert apply(diff(before, after), before) == after
    assert (before, after) == kept


@given(STATES)
def test_there_is_nothing_to_say_where_nothing_changed(state):
    assert diff(state, state) == diff(state, copy.deepcopy(state)) == {}


@given(STATES, STATES)
def test_only_what_changed_is_said(before, after):
    for name in diff(before, after):
        assert before.get(name) != after.get(name) or (name in before) != (name in after)


# From RFC 7396, appendix A.
@pytest.mark.parametrize(
    ("target", "patch", "result"),
    [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        (["a", "b"], ["c", "d"], ["c", "d"]),
        ({"a": "b"}, ["c"], ["c"]),
        ({"a": "foo"}, "bar", "bar"),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_patches_of_the_standard(target, patch, result):
    assert apply(patch, target) == result


def test_what_is_the_same_object_is_not_looked_into():
    class Untouchable(dict):
        def items(self):
            raise AssertionError("looked into")

    same = Untouchable(a=1)
    assert diff({"x": same, "y": 1}, {"x": same, "y": 2}) == {"y": 2}
