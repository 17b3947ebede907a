"""How sessions and tasks are shown, as text and as HTML."""

from __future__ import annotations

import re
import threading
import time
from dataclasses import replace

import pytest

import mars_nb
import mars_nb.dataframe as md
import mars_nb.remote as mr
import mars_nb.tensor as mt
from mars_nb.session import TaskInfo, pages
from mars_nb.session.history import Result
from mars_nb.tables import Page, Table, short


def test_table_as_html_escapes():
    table = Table(["name", "<n>"], [["<b>", "1"]], frozenset({"<n>"}), "a & b")
    assert repr(table) == "a & b\nname  <n>\n<b>     1"
    text = table._repr_html_()
    assert "<b>" not in text
    assert "&lt;b&gt;" in text
    assert "a &amp; b" in text
    assert '<td style="text-align: right; white-space: nowrap">1</td>' in text


def test_a_text_of_several_lines_stays_in_its_row():
    assert repr(Table(["a", "b"], [["x\ny", "z"]])) == "a    b\nx y  z"


def test_short():
    assert short("a" * 50) == "a" * 50
    assert short("a" * 51) == "a" * 47 + "..."


def result(**facts):
    plain = Result("k", "Tensor", "TensorAdd", "int64", (2, 3), 48, 0, 1, time.time(), "In[1], line 1")
    return replace(plain, **facts)


def task(**facts):
    return replace(TaskInfo(1, "TensorAdd", "", "done", 1.5, 1, 1, time.time()), **facts)


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({}, ["Tensor int64", "2 x 3", "48 B", "in memory", "1", "just now", "TensorAdd", "In[1], line 1"]),
        ({"spilled": 48}, ["Tensor int64", "2 x 3", "48 B", "on disk", "1", "just now", "TensorAdd", "In[1], line 1"]),
        (
            {"spilled": 8, "dtype": "", "kind": "DataFrame"},
            ["DataFrame", "2 x 3", "48 B", "8 B on disk", "1", "just now", "TensorAdd", "In[1], line 1"],
        ),
        ({"shape": (), "executed_at": time.time() - 7300}, ["Tensor int64", "", "48 B", "in memory", "1", "2 h ago"]),
    ],
)
def test_results(facts, expected):
    table = pages.result_table([result(**facts)])
    assert "variable" not in table.header
    assert table.rows[0][: len(expected)] == expected


def test_results_with_names():
    table = pages.result_table([result(), result(key="other")], {"k": ["df", "Out[5]", "_"]})
    assert [row[0] for row in table.rows] == ["df, Out[5], _", pages.NAMELESS]


def test_what_is_left_out_is_counted():
    assert pages.task_table([task()] * 3).title == "tasks, newest last"
    table = pages.task_table([task(number=n) for n in reversed(range(30))], 20)
    assert table.title == "tasks, newest last (the last 20 of 30)"
    assert [row[0] for row in table.rows] == [str(n) for n in range(10, 30)]


def test_tasks():
    row = pages.task_table([task(state="failed", error="ValueError: " + "x" * 100, peak=2048)]).rows[0]
    assert row[3:8] == ["failed", "1/1", "1.5 s", "2.00 kiB", "just now"]
    assert row[8].startswith("ValueError: xxx")
    assert len(row[8]) == 80


def shown(thing) -> str:
    text, html = repr(thing), thing._repr_html_()
    assert text
    assert "cannot be shown" not in html
    return re.sub(r"<[^>]*>", " ", html)


def test_sessions_have_both_forms():
    with mars_nb.new_session(name="a <b>") as session:
        t = mt.ones((2, 3)).execute()
        df = md.DataFrame({"a": [1]}).execute()
        html = shown(session)
        assert "a &lt;b&gt;" in html
        assert "the default" in html
        for word in ("Tensor float64", "2 x 3", "48 B", "in memory", "DataFrame", "done"):
            assert word in html
        assert "a &lt;b&gt;" in shown(mars_nb.sessions)
        del t, df
    assert "closed" in shown(session)
    assert pages.NONE_OPEN in shown(mars_nb.sessions)


def test_pages_have_both_forms(session):
    for page in (pages.listing([]), pages.listing([session]), pages.describe(session)):
        assert isinstance(page, Page | Table)
        assert repr(page)
        assert page._repr_html_().startswith(("<p>", "<table>"))


def test_tasks_have_both_forms(session):
    go = threading.Event()
    running = mr.spawn(go.wait, args=(30,)).execute(wait=False)
    assert "running, 0%" in shown(running)
    assert str(running.number) in shown(mars_nb.sessions)  # among the running ones
    go.set()
    running.result()
    assert " done " in shown(running)

    def fail():
        raise ValueError("<oh>")

    failed = mr.spawn(fail).execute(wait=False)
    with pytest.raises(ValueError, match="oh"):
        failed.result()
    assert "ValueError: &lt;oh&gt;" in shown(failed)


def test_html_never_raises(session, monkeypatch):
    monkeypatch.setattr(type(session), "nbytes", property(lambda self: 1 / 0))
    assert "cannot be shown: ZeroDivisionError" in session._repr_html_()


def test_showing_computes_nothing(session):
    lazy = mt.ones(3) + 1
    shown(session)
    shown(mars_nb.sessions)
    assert not session.tasks
    assert not session.holds(lazy)


def test_addresses_are_shown_without_secrets(session, monkeypatch):
    monkeypatch.setattr(type(session), "address", property(lambda self: "http://me:password@host:1/?token=secret"))
    for text in (repr(session), session._repr_html_()):
        assert "http://host:1/" in text
        assert "secret" not in text
        assert "password" not in text
