"""Plain Python, its output a file or a pipe: no IPython, no escape codes, results alone on standard output."""

from __future__ import annotations

import subprocess
import sys

import pytest

START = """\
import sys, time, mars_nb, mars_nb.remote as mr, mars_nb.tensor as mt
mars_nb.new_session(name='etl', n_threads=2)
"""
#: The first thing that is executed; nothing was asked of a lazy object before.
LONG = "mars_nb.execute(*[mr.spawn(time.sleep, args=(0.2,)) for _ in range(10)]{how})\n"
RESULT = "print(mt.arange(4).sum().execute())\n"


@pytest.fixture
def python(tmp_path, monkeypatch):
    """Give a function that runs a script into two files, and gives its exit code and what is in them."""
    monkeypatch.delenv("MARS_NB_PROGRESS", raising=False)

    def run(source, *arguments):
        out, err = tmp_path / "out", tmp_path / "err"
        script = tmp_path / "script.py"
        script.write_text(source)
        with out.open("w") as stdout, err.open("w") as stderr:
            command = [sys.executable, "-W", "error", *arguments, script]
            done = subprocess.run(command, stdout=stdout, stderr=stderr, timeout=60, check=False)
        return done.returncode, out.read_text(), err.read_text()

    return run


def test_results_and_silence(python):
    assert python(START + LONG.format(how="") + RESULT + "print('IPython' in sys.modules)") == (0, "6\nFalse\n", "")


def test_progress_that_is_asked_for_is_on_standard_error(python):
    code, out, err = python(START + LONG.format(how=", show_progress=True") + RESULT)
    assert (code, out) == (0, "6\n")
    lines = err.splitlines()
    assert 1 <= len(lines) <= 4  # more than one for its summary
    assert not {"\r", "\x1b"} & set(err)
    assert "done" in err
    assert "10" in err


def test_an_error_is_pythons_own_with_notes(python):
    code, out, err = python(START + "def fail():\n    1 / 0\nmr.spawn(fail).execute()\n")
    assert (code, out) == (1, "")
    assert err.startswith("Traceback (most recent call last):")
    assert "ZeroDivisionError: division by zero" in err
    assert "while computing `fail`, recorded in script.py, line 5" in err
    assert "\x1b" not in err


def test_what_functions_print_goes_where_it_is_directed(python):
    code, out, err = python(START + "mr.spawn(print, args=('hello',)).execute()\n" + RESULT)
    assert (code, out, err) == (0, "hello\n6\n", "")


def test_the_end_of_the_script_is_the_end(python):
    """A task that still runs keeps the process no longer than the chunk task it is in."""
    code, out, err = python(START + "mr.spawn(time.sleep, args=(1,)).execute(wait=False)\n" + RESULT)
    assert (code, out, err) == (0, "6\n", "")
