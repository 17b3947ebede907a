"""Which of the user's names refer to lazy objects."""

from __future__ import annotations

import sys
import time
from types import ModuleType, SimpleNamespace

import pytest

import mars_nb
import mars_nb.dataframe as md
import mars_nb.tensor as mt
from mars_nb.notebook.holders import key_of, lazy_names, lookup, name_results, names_by_key

T, U = mt.ones(2), mt.zeros(3)


class Nosy:
    """Complains when somebody looks at it."""

    def __getattribute__(self, name):
        raise AssertionError(f"{name} was looked at")

    __class__ = property(lambda self: 1 / 0)  # type: ignore[assignment]


class Odd(list):
    def __iter__(self):
        raise AssertionError("iterated")

    def __len__(self):
        raise AssertionError("counted")


class OddDict(dict):
    def items(self):
        raise AssertionError("iterated")

    __iter__ = keys = values = items


@pytest.mark.parametrize(
    ("namespace", "names"),
    [
        ({}, []),
        ({"t": T, "n": 1, "s": "text", "m": mt, "f": len, "c": mt.tensor}, ["t"]),
        ({"t": T, "same": T, "u": U}, ["t", "same", "u"]),
        ({"parts": [T, 1, U]}, ["parts[0]", "parts[2]"]),
        ({"pair": (T, U)}, ["pair[0]", "pair[1]"]),
        ({"both": mars_nb.ExecutableTuple([T, U])}, ["both[0]", "both[1]"]),
        ({"named": {"a": T, 3: U, (1, 2): T}}, ["named['a']", "named[3]"]),
        ({"deep": [[T]]}, []),
        ({"_oh": {5: T, 7: 8, 9: [U]}, "Out": {5: T}, "_5": T}, ["Out[5]", "Out[9][0]"]),
        ({"_": T, "__": U, "___": 1, "t": T}, ["t", "_", "__"]),
        ({"_i": "x", "_i12": "y", "_ih": ["z"], "_dh": [1], "In": ["z"]}, []),
        ({"_mine": T, "_x1": U}, ["_mine", "_x1"]),
        ({"nosy": Nosy(), "odd": Odd([T]), "odd_dict": OddDict(a=U), "t": T}, ["odd[0]", "odd_dict['a']", "t"]),
        ({"class_": type(T), "df": md.DataFrame({"a": [1]}).groupby("a")}, ["df"]),
    ],
)
def test_names(namespace, names):
    assert list(lazy_names(namespace)) == names


def test_names_by_key():
    found = names_by_key({"u": U, "t": T, "parts": [U], "_oh": {3: T}, "_": T})
    assert found == {U.key: ["u", "parts[0]"], T.key: ["t", "Out[3]", "_"]}


def test_only_lazy_objects_have_keys():
    assert key_of(T) == T.key
    assert [key_of(value) for value in (None, 1, type(T), Nosy(), {})] == [None] * 5


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("t", [T]),
        ("parts", [U, T]),
        ("parts[1]", [T]),
        ("named['a']", [U]),
        ("named[a]", [U]),
        ("Out[3]", [T]),
        ("named", [U]),
        ("par", []),
        ("nothing", []),
    ],
)
def test_lookup(name, found):
    namespace = {"t": T, "parts": [U, T], "named": {"a": U}, "_oh": {3: T}}
    assert [key_of(value) for value in lookup(name, namespace)] == [key_of(value) for value in found]


def test_many_names_are_quick():
    namespace = {f"name_{n}": [T] * 3 if n % 10 == 0 else n for n in range(10_000)}
    namespace["long"] = [U] * 1_000_000
    begin = time.process_time()
    assert len(lazy_names(namespace)) == 4000
    assert time.process_time() - begin < 0.5


def test_results_are_named_after_each_cell(shell):
    def run(code):
        shell.run_cell(code).raise_error()

    run("%load_ext mars_nb\nimport mars_nb, mars_nb.tensor as mt")
    run("session = mars_nb.new_session(name='named')")
    run("a = mt.ones(3).execute(); b = mt.zeros(3); parts = [a]; _hidden = a")
    assert shell.user_ns["session"].results.names == ["a", "parts[0]"]
    run("b.execute(); c, a = a, b; del parts")
    names = {name: shell.user_ns["session"].results[name].key for name in shell.user_ns["session"].results.names}
    assert names == {name: shell.user_ns[name].key for name in ("a", "b", "c")}
    run("session.close()\n%unload_ext mars_nb")


@pytest.mark.parametrize("what", ["nothing", "halves"])
def test_modules_that_another_thread_is_at_importing(monkeypatch, what):
    for name in ("mars_nb.session", "mars_nb.session.for_dask.collections", "mars_nb.graph.tileable"):
        if what == "nothing":
            monkeypatch.delitem(sys.modules, name)
        else:
            monkeypatch.setitem(sys.modules, name, ModuleType(name))
    assert lazy_names({"t": T, "n": 5, "l": [T]}) == {}
    name_results(SimpleNamespace(user_ns={"t": T}))
