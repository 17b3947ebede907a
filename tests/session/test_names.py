from __future__ import annotations

from collections.abc import Mapping

import pytest

from mars_nb.session.names import Names

Told = list[tuple[dict[str, str | None], bool]]


@pytest.fixture(name="told")
def _told() -> Told:
    return []


@pytest.fixture(name="names")
def _names(told: Told) -> Names:
    def tell(changes: Mapping[str, str | None], wait: bool) -> None:
        told.append((dict(changes), wait))

    return Names(tell)


def test_what_is_published_is_told_and_waited_for(names: Names, told: Told) -> None:
    names.publish({"a": "1", "b": "2"})
    names.publish({"a": None, "c": "2"})
    assert names.keys == {"b": "2", "c": "2"}
    assert told == [({"a": "1", "b": "2"}, True), ({"a": None, "c": "2"}, True)]


def test_of_variables_only_changes_are_told_and_nobody_waits(names: Names, told: Told) -> None:
    names.follow({"a": "1", "b": "2"})
    names.follow({"a": "1", "b": "2"})
    names.follow({"a": "1", "b": "3", "c": "4"})
    names.follow({"c": "4"})
    assert told == [
        ({"a": "1", "b": "2"}, False),
        ({"b": "3", "c": "4"}, False),
        ({"a": None, "b": None}, False),
    ]
    assert names.keys == {"c": "4"}


def test_variables_leave_what_was_published_alone(names: Names) -> None:
    names.publish({"best": "1"})
    names.follow({"a": "1"})
    names.follow({})
    assert names.keys == {"best": "1"}


def test_what_others_tell_is_not_told_to_them(names: Names, told: Told) -> None:
    names.replace({"a": "1", "b": "2"})
    names.learn({"b": None, "c": "3"})
    assert names.keys == {"a": "1", "c": "3"}
    assert not told


def test_another_session_takes_over(names: Names, told: Told) -> None:
    old = Names(lambda changes, wait: None)
    old.publish({"best": "1", "gone": "2"})
    old.follow({"a": "3"})
    names.take_over(old, {"1", "3"})
    assert names.keys == {"best": "1", "a": "3"}
    names.follow({"a": "3"})
    assert told == [({"best": "1", "a": "3"}, True)]


def test_nothing_is_told_where_nothing_is_taken_over(names: Names, told: Told) -> None:
    names.take_over(Names(lambda changes, wait: None), {"1"})
    assert not told
