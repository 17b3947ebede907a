"""``%mars_debug``: in a kernel, in a terminal, and where it stands."""

from __future__ import annotations

import os
import queue
import sys
import time

import pytest
from IPython.core.error import UsageError

import mars_nb
import mars_nb.dataframe as md
from mars_nb.notebook import debug

PATIENCE_S = 30.0
SETUP = """
import warnings; warnings.simplefilter("ignore")
import pandas as pd, mars_nb, mars_nb.dataframe as md
session, ran = mars_nb.new_session(name="etl", n_threads=1), []
"""
RATIO = """\
def ratio(x):
    ran.append(x)
    below = x - 77
    return 1 // below

md.Series(range(160), chunk_size=10).map(lambda x: ratio(x)).execute()
"""
CAST = """\
texts = md.Series(["1"] * 100 + ["x"] * 60, chunk_size=10)
numbers = texts.astype(int)
numbers.sum().execute()
"""


def talk(kernel, code, answers):
    """Run a cell, answer what it asks, and give all that it prints."""
    client, left, printed = kernel.client, list(answers), []
    message_id = client.execute(code, allow_stdin=True)
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        try:
            client.get_stdin_msg(timeout=0.02)
            client.input(left.pop(0))
        except queue.Empty:
            pass
        try:
            message = client.get_iopub_msg(timeout=0.02)
        except queue.Empty:
            continue
        if message["parent_header"].get("msg_id") != message_id:
            continue
        if message["msg_type"] == "stream":
            printed.append(message["content"]["text"])
        if message["content"].get("execution_state") == "idle":
            assert not left
            assert client.get_shell_msg(timeout=PATIENCE_S)["content"]["status"] == "ok"
            return "".join(printed)
    raise TimeoutError(printed)


def test_in_the_users_function(kernel):
    kernel.ok(SETUP)
    kernel.run(RATIO)
    kernel.ok("ran.clear()")
    shown = talk(kernel, "%mars_debug", ["p below, x", "p inputs[0].tolist()", "up", "up", "p inputs", "q"])
    assert "while computing `map`" in shown
    assert "----> 4     return 1 // below" in shown
    assert "(0, 77)" in shown
    assert str(list(range(70, 80))) in shown
    assert "<lambda>" in shown
    assert shown.rstrip().endswith("[0] Series of 10, of `data`")
    assert "pandas/core" not in shown
    assert kernel.ok("ran").result == "[]"


def test_where_no_function_of_the_users_ran(kernel):
    kernel.ok(SETUP)
    kernel.run(CAST)
    shown = talk(
        kernel, "%mars_debug", ["inputs[0].astype(int)", "first = inputs[0].iloc[0]", "p first, pd.__name__", "q"]
    )
    assert "----> 2 numbers = texts.astype(int)" in shown
    assert "*** ValueError: invalid literal for int() with base 10: 'x'" in shown
    assert "('x', 'pandas')" in shown
    assert kernel.ok("'first' in globals(), 'inputs' in globals()").result == "(False, False)"


def test_what_it_says_where_there_is_nothing_to_do(kernel):
    kernel.ok(SETUP)
    kernel.run(RATIO)
    ran = kernel.run("%mars_debug 3")
    assert ran.stream("stderr") == "UsageError: %mars_debug takes no arguments, got 3\n"
    kernel.ok("session.close()")
    ran = kernel.run("%mars_debug")
    assert ran.stream("stderr").startswith("UsageError: %mars_debug: session 'etl' was closed")
    assert len(ran.stream("stderr").splitlines()) == 1
    assert ran.reply["status"] == "error"


def test_where_nothing_can_be_typed(kernel):
    kernel.ok(SETUP)
    kernel.run(RATIO)
    message_id = kernel.client.execute("%mars_debug", allow_stdin=False)
    kernel._until_idle(message_id, None)
    reply = kernel.client.get_shell_msg(timeout=PATIENCE_S)["content"]
    assert reply["ename"] == "UsageError"
    assert reply["evalue"] == "%mars_debug: nothing can be typed here; look at mars_nb.last_error.inputs"


def test_before_anything_failed(shell, monkeypatch):
    monkeypatch.setattr("mars_nb.session.failures._last", None)
    with pytest.raises(UsageError, match="nothing to debug, no chunk task failed so far"):
        debug.debug(shell)


def inside(x, inputs):
    return x / inputs


def test_names_of_the_users_stay_theirs():
    with mars_nb.new_session(name="etl"):
        with pytest.raises(ZeroDivisionError):
            md.Series([1, 2]).map(lambda x: inside(x, 0)).execute()
        place = debug.place(mars_nb.last_error, {})
        frames = []
        while place is not None:
            frames.append(place.tb_frame)
            place = place.tb_next
        assert [frame.f_code.co_name for frame in frames][-2:] == ["<lambda>", "inside"]
        assert frames[-1].f_locals["inputs"] == 0
        assert frames[0].f_locals["inputs"] is mars_nb.last_error.inputs
        assert frames[0].f_lineno == mars_nb.last_error.site.lineno


def test_in_a_terminal(tmp_path):
    import pexpect

    env = {**os.environ, "IPYTHONDIR": str(tmp_path), "TERM": "xterm", "PAGER": "cat"}
    arguments = ["-m", "IPython", "--simple-prompt", "--no-banner", "--colors=nocolor"]
    child = pexpect.spawn(
        sys.executable, arguments, env=env, encoding="utf-8", timeout=PATIENCE_S, dimensions=(40, 160)
    )
    try:
        child.setecho(False)
        child.expect(r"In \[\d+\]: ")
        for line in (
            "%load_ext mars_nb",
            "import mars_nb, mars_nb.dataframe as md; session = mars_nb.new_session(name='etl')",
            "md.Series(range(100), chunk_size=10).map(lambda x: 1 // (x - 77)).execute()",
        ):
            child.sendline(line)
            child.expect(r"In \[\d+\]: ")
        assert "    %mars_debug  # look around where it failed" in child.before
        assert len(child.before.strip().splitlines()) <= 30
        child.sendline("%mars_debug")
        child.expect("ipdb> ")
        child.sendline("p x, inputs[0].tolist()")
        child.expect("ipdb> ")
        assert f"(77, {list(range(70, 80))})" in child.before
        child.sendline("q")
        child.expect(r"In \[\d+\]: ")
    finally:
        child.close(force=True)
