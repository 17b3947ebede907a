"""The snippets of Mars's user guide on sessions, typed into a notebook as they stand, prompts and all."""

from __future__ import annotations

import numpy as np
import pytest

FRAME = "0 1 0 1 2 1 3 4".split()

DEFAULT = """\
>>> import mars.dataframe as md
>>> df = md.DataFrame([[1, 2], [3, 4]])
>>> df.execute()  # will create a default session for local execution
>>> df.fetch()"""

NEW_DEFAULT = """\
>>> import mars
>>> mars.new_session()  # create a new default session
>>> df = md.DataFrame([[1, 2], [3, 4]])
>>> df.execute()  # execute on the session just created
>>> df.fetch()  # fetch from the session just created"""

NAMED = """\
>>> import mars
>>> import mars.tensor as mt
>>> sess = mars.new_session(default=False)
>>> t = mt.random.rand(3, 2)
>>> t.execute(session=sess)
>>> t.fetch(session=sess)"""

ISOLATION = """\
>>> import mars
>>> sess = mars.new_session(default=False)
>>> df.fetch(session=sess)"""

CLUSTER = """\
>>> import mars
>>> mars.new_session('http://<web_ip>:<web_port>')"""


def line_by_line(kernel, snippet):
    """Run each line as a cell of its own, so that each value is shown."""
    return [kernel.ok(line) for line in snippet.splitlines()]


def are_random(shown):
    """Tell whether an array shows 3 x 2 random numbers, which may be too small to be written without exponents."""
    numbers = eval(shown, {"array": np.array})
    return numbers.shape == (3, 2) and bool(((numbers >= 0) & (numbers < 1)).all())


@pytest.fixture
def with_md(kernel):
    """The second snippet uses what the first imported."""
    kernel.ok(">>> import mars.dataframe as md")
    return kernel


def test_default_session(kernel):
    *_, executed, fetched = line_by_line(kernel, DEFAULT)
    assert executed.result.split() == fetched.result.split() == FRAME
    assert executed.stream("stderr").count("No session found") == 1
    assert not fetched.stream("stderr")


def test_new_default_session(with_md):
    *_, executed, fetched = line_by_line(with_md, NEW_DEFAULT)
    assert executed.result.split() == fetched.result.split() == FRAME
    assert not executed.stream("stderr")


def test_new_session_that_is_not_the_default(kernel):
    *_, executed, fetched = line_by_line(kernel, NAMED)
    assert are_random(executed.result)
    assert executed.result == fetched.result
    assert kernel.ok("mars.get_default_session() is None").result == "True"


def test_as_default(with_md):
    line_by_line(with_md, NAMED)
    with_md.ok("sess.as_default()")
    assert are_random(with_md.ok("t.fetch()").result)


@pytest.mark.parametrize("snippet", [DEFAULT, NEW_DEFAULT, NAMED])
def test_each_snippet_as_one_cell(with_md, snippet):
    assert with_md.ok(snippet).result is not None


def test_isolation(with_md):
    line_by_line(with_md, NEW_DEFAULT)
    ran = with_md.run(ISOLATION)
    assert "ValueError" in ran.error[0]
    assert "Cannot fetch unexecuted tileable: DataFrame(op=DataFrameDataSource)" in ran.error[0]
    assert len(ran.error) <= 20
    caught = "try:\n    df.fetch(session=sess)\nexcept ValueError as error:\n    print(error)"
    said = with_md.ok(caught).stream("stdout")
    assert said.startswith("Cannot fetch unexecuted tileable: DataFrame(op=DataFrameDataSource)")


@pytest.mark.parametrize("address", ["http://<web_ip>:<web_port>", "http://10.0.0.1:7103"])
def test_cluster_is_a_clear_error(kernel, address):
    ran = kernel.run(CLUSTER.replace("http://<web_ip>:<web_port>", address))
    assert ran.reply["ename"] in {"ValueError", "ClusterUnavailable"}
    assert address in ran.reply["evalue"]
