"""Whatever a value is, its drawing is made, and stays small."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from IPython.core.interactiveshell import InteractiveShell

import mars_nb
import mars_nb.dataframe as md
import mars_nb.remote as mr
import mars_nb.tensor as mt
from mars_nb.graph import runtime, showing
from mars_nb.graph.showing import label, problem, short_repr


@pytest.fixture(autouse=True)
def _session() -> Iterator[None]:
    with mars_nb.new_session():
        yield


VALUES = st.recursive(
    st.none() | st.integers() | st.text(max_size=20) | st.binary(max_size=5) | st.floats(),
    lambda inner: (
        st.lists(inner, max_size=5)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text(max_size=5) | st.tuples(st.integers()), inner, max_size=5)
        | st.sets(st.integers() | st.text(max_size=3), max_size=5)
    ),
    max_leaves=20,
)


@given(VALUES)
def test_what_is_not_long_is_shown_by_its_repr(value: Any) -> None:
    if _depth(value) <= showing._MOST_LEVELS:
        assert short_repr(value) == repr(value)


def _depth(value: Any) -> int:
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple | set) else ()
    return 1 + max(map(_depth, items), default=0)


@pytest.mark.parametrize(
    ("value", "end"),
    [
        (list(range(10**6)), "198, 199, ...]"),
        (tuple(range(10**6)), "198, 199, ...)"),
        (dict.fromkeys(range(10**6)), "199: None, ...: ...}"),
        ("x" * 10**7, "xx'... (10000000 characters)"),
        (b"x" * 10**7, "xx'... (10000000 characters)"),
        ([["y" * 10**6] * 1000] * 1000, "more characters)"),
        ({"a": "z" * 10**6}, "zz'... (1000000 characters)}"),
        ({"k" * 10**6: 1}, "kk'... (1000000 characters): 1}"),
        (Counter(range(10**5)), "more characters)"),
    ],
)
def test_what_is_long_is_cut(value: Any, end: str) -> None:
    text = short_repr(value)
    assert text.endswith(end)
    assert len(text) <= showing.MOST_TEXT + 50


def test_values_within_themselves_come_to_an_end() -> None:
    inner: list[Any] = []
    inner.append(inner)
    assert set(short_repr(inner)) == set("[.]")


def test_labels_are_one_short_line() -> None:
    assert label("a\nb") == "a b"
    assert len(label("x" * 10**6)) == 60


class Mute(Exception):
    """Cannot tell itself."""

    def __str__(self) -> str:
        raise RuntimeError


def test_errors_that_cannot_tell_themselves() -> None:
    assert problem(Mute()) == "Mute"
    assert problem(ValueError("no\nluck")) == "ValueError: no luck"
    assert problem(ZeroDivisionError()) == "ZeroDivisionError"


# --- objects ----------------------------------------------------------------------------------------------------


class Rich:
    """Has forms of its own."""

    def __init__(self, size: int = 0) -> None:
        self._size = size

    def __repr__(self) -> str:
        return "<Rich>"

    def _repr_html_(self) -> str:
        return "<b>rich</b>" + " " * self._size

    def _repr_svg_(self) -> str:
        return "<svg/>" + " " * self._size


class Broken:
    """Cannot be drawn."""

    def __repr__(self) -> str:
        raise ZeroDivisionError

    def _repr_html_(self) -> str:
        raise ZeroDivisionError


@pytest.mark.parametrize("value", [3, "text", {"a": 1}, Rich(), pd.DataFrame({"a": [1]}), pd.Timestamp(0), None])
def test_an_executed_object_is_shown_as_its_value(value: Any) -> None:
    lazy = mr.spawn(lambda: value).execute()
    assert repr(lazy) == repr(value)
    assert lazy._repr_html_() == (value._repr_html_() if hasattr(value, "_repr_html_") else None)


def test_forms_of_a_value_come_through_to_ipython() -> None:
    shell = InteractiveShell.instance()
    try:
        made = mr.spawn(Rich).execute()
        data, _ = shell.display_formatter.format(made)
        assert data == {"text/plain": "<Rich>", "text/html": "<b>rich</b>", "image/svg+xml": "<svg/>"}
        large, _ = shell.display_formatter.format(mr.spawn(Rich, args=(10**7,)).execute())
        assert large == {"text/plain": "<Rich>"}
        lazy, _ = shell.display_formatter.format(mr.spawn(Rich))
        assert set(lazy) == {"text/plain", "text/html"}
    finally:
        InteractiveShell.clear_instance()


def test_a_value_that_cannot_be_drawn() -> None:
    lazy = mr.spawn(Broken).execute()
    assert repr(lazy) == "Object <op=RemoteFunction> (cannot be shown: ZeroDivisionError)"
    assert lazy._repr_html_() is None
    assert isinstance(lazy.fetch(), Broken)


# --- odd states -------------------------------------------------------------------------------------------------


def _all_kinds() -> list[Any]:
    df = md.from_pandas(pd.DataFrame({"a": range(200), "s": "x"}), 50)
    return [df, df.a, df.index, mt.ones((50, 50), chunk_size=25), df.a.max(), mr.spawn(dict), df.groupby("s")]


def _drawn(lazy: Any) -> list[Any]:
    return [repr(lazy), str(lazy), lazy._repr_html_()]


@pytest.mark.filterwarnings("ignore::mars_nb.errors.WholeWarning")
def test_after_the_session_was_closed_objects_are_lazy_again() -> None:
    with mars_nb.new_session(default=False) as session:
        kinds = _all_kinds()
        for lazy in kinds[:-1]:
            lazy.execute(session=session)
    for lazy in kinds:
        text, short, html = _drawn(lazy)
        assert "lazy, " in text
        assert "(op=" in short
        assert "lazy" in html


def test_a_spilled_value_whose_file_is_gone(tmp_path: Path) -> None:
    with (
        mars_nb.option_context({"spill_directory": str(tmp_path)}),
        mars_nb.new_session(memory_limit="4MiB", default=False) as session,
    ):
        t = mt.random.rand(1024, 1024, chunk_size=256).execute(session=session)
        assert session.spilled
        for file in tmp_path.rglob("*"):
            if file.is_file() and file.stat().st_size > 100_000:
                file.write_bytes(b"")
        assert "cannot be shown: " in repr(t)
        assert t._repr_html_() is None


def test_an_estimate_that_fails_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> Any:
        raise KeyError("lost")

    monkeypatch.setattr(type(runtime.runtime()), "estimate", fail)
    for lazy in _all_kinds():
        text, short, html = _drawn(lazy)
        assert "cannot be shown: KeyError: 'lost'" in text
        assert "(op=" in short
        assert html is None


def test_a_drawing_is_small_whatever_is_in_it() -> None:
    frame = pd.DataFrame({"text": ["x" * 10**7] * 2, "y" * 10**7: [1, 2]})
    wide = pd.DataFrame(np.zeros((1, 10**4)))
    for lazy in [*map(md.from_pandas, (frame, wide)), mt.tensor(np.array(["z" * 10**7] * 2))]:
        for state in (lazy, lazy.execute()):
            assert len(repr(state)) <= showing.MOST_TEXT + 50
            assert len(state._repr_html_() or "") <= showing.MOST_RICH
