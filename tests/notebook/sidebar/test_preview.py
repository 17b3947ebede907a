"""What a result looks like in the sidebar: drawn beside the user's code, from its edges."""

from __future__ import annotations

import threading

import numpy as np
import pandas as pd
import pytest

import mars_nb
import mars_nb.dataframe as md
import mars_nb.remote as mr
import mars_nb.tensor as mt
from mars_nb.errors import FetchTooLarge, UnknownResult
from mars_nb.notebook.sidebar import preview as module
from mars_nb.notebook.sidebar.checking import conforms
from mars_nb.notebook.sidebar.messages import Preview
from mars_nb.notebook.sidebar.preview import preview


def shown(session, thing):
    thing.execute(session=session)
    (key,) = (result.key for result in session.results if result.key == thing.key)
    found = preview(session, key)
    assert conforms(found, Preview)
    return found


class TestFrames:
    def test_the_head_with_the_true_size(self, session):
        frame = pd.DataFrame({"day": pd.date_range("2024-01-01", periods=500), "x": np.arange(500) / 3, "<b>": "a\nb"})
        found = shown(session, md.DataFrame(frame, chunk_size=100))
        assert "500 rows x 3 columns" in found["text"]
        assert "2024-01-10" in found["text"]
        assert "2024-01-11" not in found["text"]
        assert "0.333333" in found["text"], "as pandas writes numbers"
        assert "<b>" not in found["html"]
        assert "&lt;b&gt;" in found["html"]
        assert found["html"].count("<tr>") == 11

    def test_of_very_many_columns_the_first(self, session):
        found = shown(session, md.DataFrame(pd.DataFrame(np.ones((3, 500)))))
        assert "3 rows x 500 columns" in found["text"]
        assert " 19 " in found["text"]
        assert " 20 " not in found["text"]
        assert "..." in found["text"]

    @pytest.mark.parametrize(
        ("make", "parts"),
        [
            (lambda: md.Series(pd.Series([1.5, None], index=["u", "v"], name="w")), ["2 rows", "u", "1.5", "w", "NaN"]),
            (lambda: md.Series(pd.Series([1, 2])), ["2 rows", "1"]),
            (lambda: md.DataFrame({"a": [1, 2]}).index, ["2 rows", "1"]),
            (lambda: md.DataFrame({"a": [1, 2]}).query("a > 5"), ["0 rows x 1 column", "a"]),
            (lambda: md.DataFrame(pd.DataFrame({("a", "b"): [1]})), ["('a', 'b')"]),
            (lambda: md.DataFrame(pd.DataFrame(index=[7, 8])), ["2 rows x 0 columns", "7"]),
            (lambda: md.DataFrame({"a": ["x" * 500]}), ["xxx..."]),
            (lambda: md.DataFrame({"a": ["x\u2028y\x0bz", "two\nlines"]}), ["two\\nlines"]),
        ],
    )
    def test_all_kinds(self, session, make, parts):
        found = shown(session, make())
        for part in parts:
            assert part in found["text"]
        assert len(found["html"]) < 3000

    def test_pandas_options_stay_as_they_are_for_others(self, session, monkeypatch):
        def forbidden(*options):
            raise AssertionError("everybody's options are changed")

        thing = md.DataFrame(pd.DataFrame(np.ones((200, 50)))).execute(session=session)
        monkeypatch.setattr("pandas.io.formats.html.option_context", forbidden)  # the module takes it from pandas
        monkeypatch.setattr(pd, "option_context", forbidden)
        monkeypatch.setattr(pd, "set_option", forbidden)
        assert "200 rows" in preview(session, thing.key)["text"]

    def test_only_what_is_shown_is_read(self, session, monkeypatch):
        thing = md.DataFrame({"a": range(1000)}, chunk_size=10).execute(session=session)
        read, backend = [], session._backend
        real = backend.read
        monkeypatch.setattr(backend, "read", lambda name, keys, *more: (read.extend(keys), real(name, keys, *more))[1])
        preview(session, thing.key)
        assert len(read) == 1


class TestOthers:
    def test_the_corners_of_an_array(self, session):
        found = shown(session, mt.arange(1_000_000).reshape(1000, 1000))
        assert "..." in found["text"]
        assert "shape=(1000, 1000)" in found["text"]
        assert found["html"].startswith("<pre>array(")
        assert max(map(len, found["text"].splitlines())) <= 32
        assert np.get_printoptions()["linewidth"] == 75

    def test_numpys_options_are_those_of_this_thread(self, session, monkeypatch):
        thing, seen = mt.arange(10_000).execute(session=session), []

        def look(*_):
            thread = threading.Thread(target=lambda: seen.append(np.get_printoptions()["linewidth"]))
            thread.start()
            thread.join()
            return ""

        monkeypatch.setattr("mars_nb.tensor.core.Tensor._show", look)
        preview(session, thing.key)
        assert seen == [75]

    def test_arrays_among_values_of_python_are_cut_as_well(self, session):
        found = shown(session, mr.spawn(lambda: {"a": np.arange(900)}))
        assert "..." in found["text"]
        assert len(found["text"]) < 100

    def test_values_of_python(self, session):
        assert shown(session, mr.spawn(dict, kwargs={"a": 1}))["text"] == "{'a': 1}"
        assert shown(session, mr.spawn(list, args=(range(100_000),)))["text"].endswith("...]")
        assert shown(session, mt.ones(3).sum())["text"] == "3.0"

    def test_a_value_that_draws_itself(self, session):
        class Drawn:
            def _repr_html_(self):
                return "<i>me</i>"

        assert shown(session, mr.spawn(Drawn))["html"] == "<i>me</i>"

    def test_what_it_draws_is_bounded(self, session):
        class Drawn:
            def __repr__(self):
                return "<" * 50_000

            def _repr_html_(self):
                return "<i>" * 1_000_000

        found = shown(session, mr.spawn(Drawn))
        assert len(found["text"]) <= module.MOST_TEXT + 3
        assert len(found["html"]) <= module.MOST_HTML
        assert found["html"].startswith("<pre>&lt;&lt;")

    def test_a_large_value_is_not_read(self, session, monkeypatch):
        thing = mr.spawn(list, args=([1, 2],)).execute(session=session)
        monkeypatch.setattr(module, "MOST_BYTES", 1)
        with pytest.raises(FetchTooLarge, match="can be read as a whole only"):
            preview(session, thing.key)


def test_a_result_that_is_gone(session):
    thing = mt.ones(3).execute()
    session.free(thing)
    with pytest.raises(UnknownResult, match="not held"):
        preview(session, thing.key)


def test_that_session_and_no_other(session):
    thing = mt.ones(3).execute(session=session)
    with mars_nb.new_session(default=False) as other, pytest.raises(UnknownResult, match=other.name):
        preview(other, thing.key)
