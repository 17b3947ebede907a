"""Errors of the user's own code in a kernel: short, on the user's lines, with what was computed."""

from __future__ import annotations

import re

import pytest

import mars_nb
import mars_nb.remote as mr
from mars_nb import errors
from mars_nb.notebook import tracebacks

SETUP = """
import warnings; warnings.simplefilter("ignore")
import numpy as np, pandas as pd
import mars_nb, mars_nb.dataframe as md, mars_nb.tensor as mt, mars_nb.remote as mr
session = mars_nb.new_session(name="etl", n_threads=1)
df = md.DataFrame({"a": range(160), "b": range(160)}, chunk_size=10)

class Odd(Exception):
    def __init__(self, a, b, c):
        pass

def odd():
    raise Odd(1, 2, 3)

def give():
    yield 1
    raise LookupError("late")
"""
#: What stands in frames that are not the user's.
INTERNAL = re.compile(r"mars_nb/|site-packages|Cell In|skipping hidden|<frozen|\.pyx")


@pytest.fixture
def run(kernel):
    """Give a function that runs a cell which fails, and gives the lines that are shown."""
    kernel.ok(SETUP)

    def fail(code):
        ran = kernel.run(code)
        assert ran.reply["status"] == "error"
        lines = [re.sub(r"In\[\d+\]", "In[n]", line) for line in ran.error]
        assert len(lines) <= 30
        assert not [line for line in lines if INTERNAL.search(line)]
        return lines

    fail.kernel = kernel
    return fail


def test_a_function_of_the_users(run):
    lines = run("def ratio(x):\n    return 1 // (x - 77)\n\ndf.a.apply(ratio).execute()")
    assert lines == [
        "ZeroDivisionError: integer division or modulo by zero",
        "",
        "In[n], line 2, in ratio",
        "      1 def ratio(x):",
        "--->  2     return 1 // (x - 77)",
        "",
        "while computing `apply`, recorded in cell In[n], line 4: `df.a.apply(ratio).execute()`, chunk 8 of 16",
        lines[7],
        "",
        "What to type:",
        "    mars_nb.last_error.inputs[0]  # Series of 10, of `getitem`",
        "    %mars_debug  # look around where it failed",
        "    %tb  # all frames",
    ]
    assert re.fullmatch(r"in session 'etl', task \d+", lines[7])
    ran = run.kernel.ok("mars_nb.last_error.inputs[0].tolist()")
    assert ran.result == str(list(range(70, 80)))


def test_an_operation_deep_in_a_pipeline(run):
    lines = run(
        "texts = md.Series(['1'] * 100 + ['x'] * 60, chunk_size=10)\n"
        "clean = texts.str.strip()\n"
        "numbers = clean.astype(int)\n"
        "total = (numbers * 2 + 1).sum()\n"
        "total.execute()"
    )
    assert lines[0] == "ValueError: invalid literal for int() with base 10: 'x'"
    assert lines[2:5] == ["In[n], line 3", "      2 clean = texts.str.strip()", "--->  3 numbers = clean.astype(int)"]
    assert "recorded in cell In[n], line 3: `numbers = clean.astype(int)`, chunk 11 of 16" in lines[6]
    assert lines[7].endswith(", executed in cell In[n], line 5: `total.execute()`")


def test_a_grouped_aggregation(run):
    lines = run("df.groupby('a').agg(lambda group: group.sum() / None).execute()")
    assert lines[0].startswith("TypeError: unsupported operand")
    assert lines[2] == "In[n], line 1, in <lambda>"
    assert any(
        line.startswith("while computing `groupby.agg`, recorded in cell In[n], line 1: `df.gr") for line in lines
    )


CAUSED = """\
def inner():
    raise KeyError("deep")

def outer():
    try:
        inner()
    except KeyError as error:
        raise ValueError("wrapped") from error

mr.spawn(outer).execute()
"""


def test_causes(run):
    lines = run(CAUSED)
    assert lines[0] == "ValueError: wrapped"
    cause = lines.index("caused by KeyError: 'deep'")
    assert lines[2] == "In[n], line 8, in outer"
    assert lines[cause + 1 : cause + 4] == [
        "In[n], line 2, in inner",
        "      1 def inner():",
        '--->  2     raise KeyError("deep")',
    ]


def test_leaving_python(run):
    lines = run("import sys\nmr.spawn(lambda: sys.exit(3)).execute()")
    assert lines[0].startswith("UserExit (RuntimeError): a function of yours raised SystemExit(3)")
    assert "caused by SystemExit: 3" in lines
    assert sum("--->" in line for line in lines) == 1


@pytest.mark.parametrize(
    ("code", "first"),
    [
        ("def deep(n):\n    return deep(n + 1)\nmr.spawn(deep, args=(0,)).execute()", "RecursionError: maximum"),
        ("mr.spawn(lambda: np.ones(10**16)).execute()", "MemoryError: Unable to allocate"),
        ("mr.spawn(odd).execute()", "Odd: (1, 2, 3)"),
        ("mr.spawn(lambda: sum(give())).execute()", "LookupError: late"),
        ("def check():\n    assert False, 'one\\ntwo'\nmr.spawn(check).execute()", "AssertionError: one"),
        ("def check():\n    assert False\nmr.spawn(check).execute()", "AssertionError"),
        ("mr.spawn(lambda: {}['x']).execute()", "KeyError: 'x'"),
        ("mars_nb.get({'y': (lambda: 1 / 0,)}, 'y')", "ZeroDivisionError: division by zero"),
        ("task = mr.spawn(lambda: 1 / 0).execute(wait=False)\nawait task", "ZeroDivisionError: division by zero"),
        ("task = mr.spawn(lambda: 1 / 0).execute(wait=False)\ntask.result()", "ZeroDivisionError: division by zero"),
        ("float(df.a.map(lambda x: 1 // (x - 77)).sum())", "ZeroDivisionError: integer division or modulo by zero"),
    ],
)  # fmt: skip
def test_other_kinds(run, code, first):
    lines = run(code)
    assert lines[0].startswith(first)
    assert any(line.startswith("--->") for line in lines)
    assert any(line.startswith("while computing ") for line in lines)


def test_long_messages_are_cut(run):
    lines = run("def tell(): raise ValueError('\\n'.join(map(str, range(500))))\nmr.spawn(tell).execute()")
    assert lines[:9] == ["ValueError: 0", *"1234567", "... 492 more lines"]


def test_a_file_that_is_gone(run, tmp_path):
    path = tmp_path / "data.csv"
    path.write_text("a\n" + "1\n" * 100)
    run.kernel.ok(f"table = md.read_csv({str(path)!r})")
    path.unlink()
    lines = run("table.a.sum().execute()")
    assert lines[0].startswith("FileNotFoundError: ")
    assert any(line.startswith("--->  1 table = md.read_csv(") for line in lines[:5])


@pytest.mark.parametrize(
    ("code", "first"),
    [
        ("df['nope']", "KeyError: 'nope'"),
        ("df.nope", "AttributeError: 'DataFrame' object has no attribute 'nope'"),
        ("df.groupby('a').agg({'c': 'sum'})", "KeyError: \"Label(s) ['c'] do not exist\""),
        ("md.DataFrame([[1, 2]], columns=['a'])", "ValueError: 1 columns passed, passed data had 2 columns"),
        ("md.read_csv('/no/such/file')", "FileNotFoundError: "),
        ("mt.ones((3, 4)) + mt.ones((7, 8))", "ValueError: operands could not be broadcast together"),
        ("mt.ones((3, 4)).reshape(5, 5)", "ValueError: cannot reshape array"),
        ("mt.ones((3, 4)) @ mt.ones((3, 4))", "ValueError: matmul: "),
        ("md.merge(df, df, on='c')", "KeyError: 'c'"),
    ],
)
def test_mistakes_when_recording(run, code, first):
    lines = run(code)
    assert lines[0].startswith(first)
    assert lines[1:] == ["", "In[n], line 1", f"--->  1 {code}", "", "What to type:", "    %tb  # all frames"]


def test_all_frames_are_there_when_asked_for(run):
    run("df.a.map(lambda x: 1 // (x - 77)).execute()")
    again = run.kernel.ok("%tb")
    assert "pandas/core" in "\n".join(again.error)
    for setting, back in (
        ("mars_nb.options.traceback = 'full'", "mars_nb.options.traceback = 'short'"),
        ("%xmode Verbose", "%xmode Context"),
    ):
        run.kernel.ok(setting)
        full = run.kernel.run("df.a.map(lambda x: 1 // (x - 77)).execute()")
        run.kernel.ok(back)
        assert "pandas/core" in "\n".join(full.error)
        assert "while computing `map`" in "\n".join(full.error)


def test_what_ipython_draws_in_its_own_way_comes_through(run):
    group = run.kernel.run("def several(): raise ExceptionGroup('both', [ValueError(1)])\nmr.spawn(several).execute()")
    assert group.reply["ename"] == "ExceptionGroup"
    assert "while computing `several`" in group.stream("stderr")
    syntax = run.kernel.run("mr.spawn(lambda: eval('1 +')).execute()")
    assert syntax.reply["ename"] == "SyntaxError"
    assert "while computing `<lambda>`" in "\n".join(syntax.error)


def test_an_interrupt(run):
    run.kernel.ok("import time\ndef slow(x):\n    if x == 15: print('begun', flush=True); time.sleep(3)\n    return x")
    ran = run.kernel.run("found = df.a.map(slow).sum()\nfound.execute()", interrupt_at="stream")
    assert ran.reply["ename"] == "KeyboardInterrupt"
    lines = ran.error
    assert lines[0] == "KeyboardInterrupt"
    wanted = r"cancelled: task \d+ \(DataFrameSum\) in session 'etl', \d+ of \d+ chunk tasks were done; the object can"
    assert re.fullmatch(f"{wanted} be executed again", lines[1])
    assert lines[-1] == "--->  2 found.execute()"
    assert len(lines) == 6
    assert run.kernel.ok("1 + 1").result == "2"


# --- without a kernel -----------------------------------------------------------------------------------------------


def divide():
    return 1 / 0


@pytest.fixture
def failure():
    with mars_nb.new_session(name="etl"):
        with pytest.raises(ZeroDivisionError) as caught:
            mr.spawn(divide).execute()
        yield caught.value


def test_colours_follow_the_shell(shell, failure):
    assert "\x1b" not in "".join(tracebacks.render(failure))
    shell.colors = "neutral"
    try:
        assert tracebacks.render(failure)[0] == "\x1b[31;1mZeroDivisionError\x1b[0m: division by zero"
    finally:
        shell.colors = "nocolor"


def test_without_ipython_nothing_is_offered_that_is_not_there(failure, monkeypatch):
    monkeypatch.setattr(tracebacks, "_shell", lambda: None)
    lines = tracebacks.render(failure)
    assert not [line for line in lines if "%" in line]
    assert lines[-1].startswith("in session 'etl', task ")


def test_on_any_trouble_ipython_shows_all(shell, failure, monkeypatch):
    monkeypatch.setattr(tracebacks, "render", lambda error: 1 / 0)
    try:
        raise failure
    except ZeroDivisionError:
        drawn = failure._render_traceback_()
    assert "Traceback (most recent call last)" in "\n".join(drawn)
    monkeypatch.setattr(errors, "render", lambda error: 1 / 0)
    assert failure._render_traceback_()[0] == "Traceback (most recent call last):"


def test_groups_name_what_they_are_made_of():
    def fail():
        raise ExceptionGroup("several", [ValueError(n) for n in range(6)])

    with pytest.raises(ExceptionGroup) as caught:
        fail()
    lines = tracebacks.render(caught.value)
    assert lines[0] == "ExceptionGroup: several (6 sub-exceptions)"
    assert "with ValueError: 3" in lines
    assert "... and 2 more" in lines


def test_hints_name_the_last_failure_only(shell, failure):
    with pytest.raises(ZeroDivisionError):
        mr.spawn(divide).execute()
    assert not [line for line in tracebacks.render(failure) if "last_error" in line or "mars_debug" in line]
