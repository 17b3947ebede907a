"""The front end in IPython in a (pseudo-)terminal."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator

import pexpect
import pytest

PROMPT = r"In \[\d+\]: "


@pytest.fixture(scope="module")
def terminal(tmp_path_factory) -> Iterator[Callable[[str], str]]:
    """Give a function that types a line and gives what the terminal shows until the next prompt."""
    folder = tmp_path_factory.mktemp("ipython")
    env = {**os.environ, "IPYTHONDIR": str(folder), "TERM": "xterm", "PAGER": "cat"}
    for name in ("MARS_NB_PROGRESS", "COLUMNS"):
        env.pop(name, None)
    arguments = ["-m", "IPython", "--simple-prompt", "--no-banner", "--colors=nocolor"]
    child = pexpect.spawn(sys.executable, arguments, env=env, encoding="utf-8", timeout=30, dimensions=(40, 120))
    child.setecho(False)
    child.expect(PROMPT)

    def run(line: str) -> str:
        child.sendline(line)
        child.expect(PROMPT)
        return str(child.before)

    run("%load_ext mars_nb")
    run("import mars, time, mars.remote as mr, mars.tensor as mt")
    run("%mars_session new etl --threads 2")
    yield run
    child.close(force=True)


def test_progress_line(terminal):
    shown = terminal("mr.spawn(time.sleep, args=(1.2,)).execute();")
    *lines, last = shown.split("\r[")[1:]
    line = re.compile(r"[#.]{20}\] \d+%, 0 of 1 chunk task, \d s, 1 of 2 threads busy, .*: sleep 0/1$")
    assert any(map(line.match, lines))
    assert re.match(r"#{20}\] done in 1\.\d s: 1 chunk task.*\r\n", last)


def test_several_tasks_share_a_line(terminal):
    terminal("several = [mr.spawn(time.sleep, args=(s,)).execute(wait=False) for s in (0.9, 1.5)]")
    lines = terminal("[task.result() for task in several];").split("\r[")[1:]
    assert any(line.endswith("(+1 more)") for line in lines[:5])
    ends = [line for line in lines if "done in" in line]
    assert len(ends) == 2
    assert all(line.rstrip(" ").endswith("\r\n") for line in ends)
    assert "more)" not in lines[-2]
    assert all(len(line) < 120 for line in lines)


def test_no_progress_for_short_tasks(terminal):
    shown = terminal("mr.spawn(abs, args=(-7,)).execute()")
    assert "chunk task" not in shown
    assert "7" in shown


def test_sessions(terminal):
    shown = terminal("%mars_session")
    assert "default  name  threads  results  bytes  memory " in shown
    assert "etl" in shown
    assert "<td" not in shown
    assert "UsageError: %mars_session: no session named 'elt'; did you mean 'etl'?" in terminal("%mars_session use elt")


def test_isolation_error(terminal):
    terminal("t = mt.ones(2).execute()")
    terminal("sess = mars.new_session(name='other', default=False)")
    shown = terminal("t.fetch(session=sess)").strip()
    lines = shown.splitlines()
    assert len(lines) <= 20
    assert lines[0].startswith("IsolationError (ValueError): Cannot fetch unexecuted tileable: Tensor(op=TensorOnes")
    assert "--->  1 t.fetch(session=sess)" in lines
    assert any(re.fullmatch(r"held by  session 'etl' since \d\d:\d\d:\d\d", line) for line in lines)
    assert "    t.fetch(session=mars.get_session('etl'))" in lines


def test_tab_completes(tmp_path):
    env = {**os.environ, "IPYTHONDIR": str(tmp_path), "TERM": "xterm"}
    arguments = ["-m", "IPython", "--no-banner", "--colors=nocolor", "--ext=mars_nb"]
    child = pexpect.spawn(sys.executable, arguments, env=env, encoding="utf-8", timeout=30, dimensions=(40, 120))
    try:
        child.expect(r"In \[")
        child.send("%mars_session clo\t")
        child.expect("close")
        child.send(" --al\t")
        child.expect("--all")
        child.send("\r")
        child.expect("no session is open")
    finally:
        child.close(force=True)
