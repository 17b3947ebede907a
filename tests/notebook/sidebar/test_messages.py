"""The examples that both halves of the sidebar are held to."""

from __future__ import annotations

import json
from pathlib import Path
from typing import is_typeddict

import pytest

from mars_nb.notebook.sidebar import messages
from mars_nb.notebook.sidebar.checking import conforms, keys

FIXTURE = Path(__file__).parents[3] / "labextension" / "fixtures" / "messages.json"
KINDS = {name: kind for name, kind in vars(messages).items() if is_typeddict(kind)}


@pytest.fixture(scope="module")
def examples():
    return json.loads(FIXTURE.read_text(encoding="utf-8"))


def test_there_are_examples_of_all(examples):
    assert examples.keys() == KINDS.keys()
    assert all(examples.values())


@pytest.mark.parametrize("name", KINDS)
def test_examples_are_as_written(examples, name):
    for example in examples[name]:
        assert conforms(example, KINDS[name]), example


@pytest.mark.parametrize("name", KINDS)
def test_what_may_be_missing_is_there_once_and_missing_once(examples, name):
    optional = {key for key, (_, required) in keys(KINDS[name]).items() if not required}
    for key in optional:
        assert {key in example for example in examples[name]} == {True, False}, key


@pytest.mark.parametrize("name", KINDS)
def test_others_are_not_as_written(examples, name):
    kind = KINDS[name]
    for example in examples[name]:
        assert not conforms({**example, "unknown": 1}, kind)
        for key, (_, required) in keys(kind).items():
            assert conforms({k: v for k, v in example.items() if k != key}, kind) is not required
            if key in example and key != "patch":
                assert not conforms({**example, key: object()}, kind)


@pytest.mark.parametrize(
    ("value", "kind", "fits"),
    [
        (1, float, True),
        (True, float, False),
        (1.5, int, False),
        ("a", str, True),
        (None, str, False),
        ({"do": "nothing"}, messages.Action, False),
        ({"do": "default", "session": "1"}, messages.Action, True),
        ({1: 2}, dict[str, int], False),
        ([1, "?"], list[int | str], True),
        ([1, None], list[int | str], False),
    ],
)
def test_conforms(value, kind, fits):
    assert conforms(value, kind) is fits


def test_numbers_are_those_of_the_other_half():
    protocol = (FIXTURE.parents[1] / "src" / "protocol.ts").read_text(encoding="utf-8")
    for line in (
        f"TARGET = '{messages.TARGET}'",
        f"ANNOUNCE = '{messages.ANNOUNCE}'",
        f"VERSION = {messages.VERSION}",
        f"CREDIT = {messages.CREDIT}",
    ):
        assert f"export const {line};" in protocol
