"""What progress says and how it looks, as text and as HTML."""

from __future__ import annotations

import functools
import operator
import re
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

from mars_nb.graph.meta import ObjectMeta
from mars_nb.graph.node import Function, Node, Path
from mars_nb.notebook import drawing, markup
from mars_nb.session import Snapshot
from mars_nb.session.backends.base import Memory, Progress

GIB = 2**30


def node(op):
    return Node(op, (), {}, "Label", ObjectMeta())


def function(name, target=len):
    return node(Function(target, name))


READ, SUM, ADD = function("pandas.read_csv"), node(Path(("groupby", "sum"))), function("add", operator.add)
MIXED = ((READ, 3, 1, 4, 6.0, 0.5), (SUM, 1, 0, 2, 1.5), (ADD, 0, 0, 6))
FINISHED = ((READ, 4, 0, 4, 6.0), (SUM, 2, 0, 2, 1.5), (ADD, 6, 0, 6, 0.5))


def snapshot(state="running", elapsed=4.24, operations=MIXED, fraction=0.666, **others):
    fraction = 1.0 if state == "done" else fraction
    return Snapshot(state, elapsed, tuple(Progress(*operation) for operation in operations), fraction, **others)


MEMORY = Memory(held=GIB, spilled=GIB // 4, limit=8 * GIB, peak=2 * GIB)
FULL = {"memory": MEMORY, "n_threads": 2, "number": 7, "session": "etl"}


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
    assert operation.short_name == name


def test_operations_of_one_name_count_together():
    found = drawing.steps(snapshot(operations=((ADD, 1, 1, 2, 1.0, 0.5), (READ, 0, 0, 1), (ADD, 0, 1, 3, 0.0, 0.25))))
    assert list(map(str, found)) == ["add 1/5", "read_csv 0/1"]
    assert found[0].seconds == 1.75


def test_names_are_one_short_line():
    (step,) = drawing.steps(snapshot(operations=((function("x\n" * 100), 0, 1, 1),)))
    assert len(step.name) <= 40
    assert "\n" not in step.name


def many(*counts):
    return [drawing.Step(f"f{i}", done, running, total, 0.0) for i, (done, running, total) in enumerate(counts)]


@pytest.mark.parametrize(
    ("counts", "rows"),
    [
        ([(0, 0, 1)] * 3, "f0 f1 f2"),
        ([(1, 0, 1)] * 3 + [(0, 0, 1)] * 3, "f3 f4 f5"),  # what is done goes first
        ([(1, 0, 1), (1, 1, 3), (1, 0, 2), (0, 0, 1), (0, 1, 1)], "f1 f2 f4"),  # what runs stays
        ([(0, 0, 1), (0, 1, 1), (0, 0, 1), (0, 0, 1)], "f0 f1 f2"),
    ],
)
def test_which_have_rows(counts, rows):
    assert " ".join(step.name for step in drawing.chosen(many(*counts), 3)) == rows


# --- text ------------------------------------------------------------------------------------------------------------


def test_line():
    assert drawing.line(snapshot(), 200) == (
        "[#############.......] 66%, 4 of 12 chunk tasks, 4 s, about 2 s left: read_csv 3/4, groupby.sum 1/2"
    )


def test_a_line_with_all_there_is():
    line = drawing.line(snapshot(**FULL), 250, more=2)
    for fact in (
        "1 of 2 threads busy",
        "memory 1.00 GiB of 8.00 GiB",
        "256.00 MiB on disk",
        "(+2 more)",
        "groupby.sum 1/2",
    ):
        assert fact in line


@pytest.mark.parametrize("width", [3, 20, 40, 60, 80, 100, 120, 200])
def test_a_line_fits_the_width_and_leaves_out_what_matters_least(width):
    line = drawing.line(snapshot(**FULL), width, more=3)
    assert len(line) < width
    assert "\n" not in line
    assert line.endswith("..") == (width <= 20)
    if width >= 40:
        assert line.startswith("[#############.......] 66%")
    if width >= 80:
        assert line.endswith((": read_csv 3/4 (+3 more)", ": read_csv 3/4, groupby.sum 1/2 (+3 more)"))


def test_nothing_known_yet():
    assert drawing.line(snapshot(operations=(), fraction=0.0)).endswith("] 0%, 0 of 0 chunk tasks, 4 s")


@pytest.mark.parametrize(("fraction", "text"), [(0.0, "0%"), (0.999, "99%"), (1.0, "100%")])
def test_all_is_said_to_be_done_only_when_it_is(fraction, text):
    assert drawing.percent(snapshot(fraction=fraction)) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (1.2, "about 1 s left"),
        (12.4, "about 12 s left"),
        (33.0, "about 35 s left"),
        (118.0, "about 120 s left"),
        (200.0, "about 3 min left"),
        (3000.0, "about 50 min left"),
        (9000.0, "about 2 h left"),
    ],
)
def test_the_rest_is_told_roughly(seconds, text):
    half = ((ADD, 1, 0, 2, seconds),)
    assert drawing.left(snapshot(elapsed=seconds, operations=half)) == text


@pytest.mark.parametrize(
    ("elapsed", "text"),
    [(0.54, "0 s"), (59.9, "59 s"), (61, "1 min 01 s"), (3599.9, "59 min 59 s"), (3661, "1 h 01 min")],
)
def test_elapsed(elapsed, text):
    assert drawing.elapsed(snapshot(elapsed=elapsed)) == text


@pytest.mark.parametrize(
    ("state", "operations", "text"),
    [
        (
            "done",
            FINISHED,
            (
                "done in 4.2 s: 12 chunk tasks, peak memory 2.00 GiB, 256.00 MiB on disk\n"
                "slowest: read_csv 6.0 s (75%), groupby.sum 1.5 s (19%), add 0.5 s (6%)"
            ),
        ),
        (
            "failed",
            MIXED,
            (
                "failed after 4.2 s: 4 of 12 chunk tasks, peak memory 2.00 GiB, 256.00 MiB on disk\n"
                "unfinished: read_csv 3/4, groupby.sum 1/2"
            ),
        ),
        ("cancelled", (), "cancelled after 4.2 s: 0 of 0 chunk tasks, peak memory 2.00 GiB, 256.00 MiB on disk"),
    ],
)
def test_the_end(state, operations, text):
    ended = snapshot(state, operations=operations, **FULL)
    assert drawing.as_text(ended) == text
    assert drawing.log_line(ended) == f"mars_nb task 7: {text.splitlines()[0]}"
    assert drawing.line(ended, 200).endswith(f"] {text.splitlines()[0]}")


def test_no_more_than_three_are_named():
    unfinished = tuple((function(f"f{i}"), 1, 0, 2) for i in range(5))
    assert (
        drawing.explanation(snapshot("failed", operations=unfinished)) == "unfinished: f0 1/2, f1 1/2, f2 1/2, 2 more"
    )


# --- HTML ------------------------------------------------------------------------------------------------------------


class Checker(HTMLParser):
    """Collects the tags and the text, and refuses what is not closed in order."""

    def __init__(self):
        super().__init__()
        self.open, self.tags, self.text = [], [], ""

    def handle_starttag(self, tag, attributes):
        self.open.append(tag)
        self.tags.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += f"{data} "


def read(html):
    checker = Checker()
    checker.feed(html)
    checker.close()
    assert not checker.open
    assert not {tag for tag, _ in checker.tags} & {"script", "style", "img", "link", "iframe"}
    assert not any(name.startswith("on") or name in ("href", "src") for _, found in checker.tags for name in found)
    return checker.tags, re.sub(r"\s+", " ", checker.text)


def test_live_html():
    html = markup.as_html(snapshot(**FULL))
    tags, text = read(html)
    bars = [attributes["value"] for tag, attributes in tags if tag == "progress"]
    assert bars == ["0.666", "0.750", "0.500", "0.000"]
    assert "66% , 4 of 12 chunk tasks, 4 s, about 2 s left 1 of 2 threads busy, memory 1.00 GiB of 8.00 GiB" in text
    assert "read_csv 3/4 groupby.sum 1/2 add 0/6" in text
    assert html.startswith('<div class="mars-nb-progress mars-nb-running"')


def test_live_html_sums_up():
    operations = tuple((function(f"f{i}"), 0, 0, 2) for i in range(20))
    tags, text = read(markup.as_html(snapshot(operations=operations)))
    assert len([tag for tag, _ in tags if tag == "tr"]) == drawing.ROWS
    assert "and 12 more operations" in text


def test_summary_html():
    html = markup.as_html(snapshot("done", operations=FINISHED, **FULL))
    tags, text = read(html)
    assert [tag for tag, _ in tags if tag in ("details", "summary", "table")] == ["details", "summary", "table"]
    assert "progress" not in [tag for tag, _ in tags]
    assert "open" not in dict(tags)["details"]
    assert "done in 4.2 s: 12 chunk tasks, peak memory 2.00 GiB, 256.00 MiB on disk" in text
    assert "operation chunk tasks thread time share read_csv 4/4 6.0 s 75% groupby.sum 2/2 1.5 s 19%" in text
    assert "task 7 in session 'etl'" in text


@pytest.mark.parametrize("state", ["failed", "cancelled"])
def test_summary_html_of_what_went_wrong(state):
    tags, text = read(markup.as_html(snapshot(state, **FULL)))
    assert f"{state} after 4.2 s: 4 of 12 chunk tasks" in text
    assert "unfinished: read_csv 3/4, groupby.sum 1/2" in text
    colour = dict(tags)["b"]["style"]
    assert colour != dict(read(markup.as_html(snapshot("done")))[0])["b"]["style"]


@pytest.mark.parametrize("state", ["running", "done", "failed"])
def test_html_is_escaped(state):
    evil = "<script>alert(1)</script>"
    html = markup.as_html(snapshot(state, operations=((function(evil), 1, 1, 3, 1.0),), session=f"{evil}'\""))
    read(html)
    assert "&lt;script&gt;" in html


@pytest.mark.parametrize("state", ["running", "done"])
def test_bundle_has_both_forms(state):
    found = markup.bundle(snapshot(state, **FULL))
    assert set(found) == {"text/plain", "text/html"}
    assert len(found["text/plain"].splitlines()) <= 4
    assert len(found["text/html"]) < 3000
