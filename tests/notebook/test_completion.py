"""Completion of ``%mars_session``: the pure core, and in a real kernel."""

from __future__ import annotations

import time

import pytest
from IPython.core.completer import provisionalcompleter

import mars_nb
import mars_nb.tensor as mt
from mars_nb.notebook import completion, extension
from mars_nb.notebook.cells import CELL
from mars_nb.notebook.commands import COMMANDS

WORDS = {
    "session": ["etl", "my tests", 'say "x"'],
    "variable": ["df", "Out[5]", "_"],
    "task": ["12", "13"],
    "command": ["list", "new"],
}


def complete(rest, cell=None):
    fragment, found = completion.complete(rest, COMMANDS, WORDS.__getitem__, cell)
    assert rest.endswith(fragment)
    return [text for text, _ in found]


def test_what_completes_each_argument_is_known():
    kinds = {argument.completes for command in [*COMMANDS.values(), CELL] for argument in command.arguments}
    assert kinds - {""} <= set(completion.SOURCES)
    assert set(WORDS) == set(completion.SOURCES)


@pytest.mark.parametrize(
    ("rest", "expected"),
    [
        ("", list(COMMANDS)),
        ("re", ["rename", "results", "restore"]),
        ("nothing", []),
        ("nothing ", []),
        ("use ", ["etl", "'my tests'", "'say \"x\"'"]),
        ("use e", ["etl"]),
        ("use my", ["'my tests'"]),
        ("use 'my", ["'my tests'"]),
        ('use "my te', ['"my tests"']),
        ("use etl ", []),
        ("new ", ["--threads", "--memory-limit", "--no-default"]),
        ("new x --", ["--threads", "--memory-limit", "--no-default"]),
        ("new x --t", ["--threads"]),
        ("new x --threads ", []),
        ("new x --threads 3 --", ["--memory-limit", "--no-default"]),
        ("free ", ["df", "Out[5]", "_"]),
        ("free df ", ["Out[5]", "_"]),
        ("free df --", ["--all", "--session"]),
        ("free df --session ", ["etl", "'my tests'", "'say \"x\"'"]),
        ("free --session etl d", ["df"]),
        ("cancel ", ["12", "13"]),
        ("cancel 12 1", ["13"]),
        ("cancel --session e", ["etl"]),
        ("rename e", ["etl"]),
        ("rename etl ", []),
        ("help n", ["new"]),
        ("info ", ["etl", "'my tests'", "'say \"x\"'"]),
    ],
)
def test_lines(rest, expected):
    assert complete(rest) == expected


@pytest.mark.parametrize(
    ("rest", "expected"),
    [
        ("", ["etl", "'my tests'", "'say \"x\"'"]),
        ("--", ["--background"]),
        ("etl ", ["--background"]),
        ("--background e", ["etl"]),
    ],
)
def test_first_lines_of_cells(rest, expected):
    assert complete(rest, CELL) == expected


def test_every_prefix_of_a_line_can_be_completed():
    line = """free 'Out[5]' "x --session 'my tests' --all -- = ' """
    for end in range(len(line)):
        complete(line[:end])
        complete(line[:end], CELL)


@pytest.fixture
def completed(shell):
    """Complete a text at its end, as the front ends do."""
    extension.load(shell)

    def run(text: str) -> dict[str, str]:
        with provisionalcompleter():
            found = list(shell.Completer.completions(text, len(text)))
        return {completion.text: completion.type for completion in found}

    yield run
    extension.unload(shell)


def test_in_a_shell(completed, shell):
    assert completed("%mars_session u") == {"use": "command"}
    assert "%mars_session" in completed("%mars_s")
    with mars_nb.new_session(name="etl"), mars_nb.new_session(name="my tests", default=False) as other:
        assert completed("%mars_session use ") == {"etl": "session", "'my tests'": "session"}
        assert completed("mars_session use ") == {"etl": "session", "'my tests'": "session"}
        assert completed("x = 1\n%mars_session close e") == {"etl": "session"}
        assert completed("%%mars_session e") == {"etl": "session"}
        assert "etl" not in completed("x = 1\n%%mars_session e")
        lazy, held, elsewhere = mt.ones(2), mt.ones(2).execute(), mt.ones(2).execute(session=other)
        shell.push({"lazy": lazy, "elsewhere": elsewhere, "held": held})
        assert list(completed("%mars_session free ")) == ["held", "elsewhere", "lazy"]
        assert completed("%mars_session free h") == {"held": "variable"}


def test_other_lines_are_left_alone(completed, shell):
    with mars_nb.new_session(name="etl"):
        shell.push({"etl_value": 1})
        for text in ("print(et", "x = '%mars_session use ' + et", "%mars_sessions et", "# %mars_session use et"):
            assert "etl" not in completed(text)


def test_errors_are_kept_away_from_who_types(completed, monkeypatch, capsys):
    monkeypatch.setitem(completion.SOURCES, "session", lambda shell: 1 / 0)
    completed("%mars_session use ")
    assert "Traceback" not in "".join(capsys.readouterr())


def test_a_reload_leaves_one_matcher(shell):
    count = len(shell.Completer.custom_matchers)
    shell.run_cell("%load_ext mars_nb")
    shell.run_cell("%reload_ext mars_nb")
    assert len(shell.Completer.custom_matchers) == count + 1
    shell.run_cell("%unload_ext mars_nb")
    assert len(shell.Completer.custom_matchers) == count


def test_many_variables_are_quick(completed, shell, session):
    held = mt.ones(2).execute()
    shell.push({f"name_{n}": held if n % 10 == 0 else n for n in range(10_000)})
    begin = time.process_time()
    assert "name_0" in completed("%mars_session free name_")
    assert time.process_time() - begin < 1.0


def test_in_a_kernel(kernel):
    kernel.ok("import mars_nb, mars.tensor as mt\nt = mt.ones(3).execute()\n%mars_session new etl")

    def matches(code: str) -> tuple[list[str], set[str]]:
        content = kernel.client.complete(code, reply=True, timeout=30)["content"]
        kinds = {item["type"] for item in content["metadata"].get("_jupyter_types_experimental", [])}
        return content["matches"], kinds

    assert matches("%mars_session ")[0] == list(COMMANDS)
    assert matches("%mars_session use et") == (["etl"], {"session"})
    assert matches("1 + 1\n%mars_session free ") == (["t"], {"variable"})
    assert matches("%%mars_session e") == (["etl"], {"session"})
    assert matches("%%mars_session etl --b") == (["--background"], {"option"})
