from __future__ import annotations

import subprocess
import sys
import types

import pytest

from mars_nb.notebook import extension

CHECK = """
import sys
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
shell.run_cell("%load_ext mars_nb")
assert "mars_session" in shell.magics_manager.magics["line"]
print(*sys.modules)
"""


NOTHING = ([], [], [], [], [])


def traces(shell):
    finders = [finder for finder in sys.meta_path if type(finder).__module__.startswith("mars_nb")]
    manager = shell.magics_manager
    ours = [
        thing for thing in [*shell.configurables, *manager.registry.values()] if "mars_nb" in type(thing).__module__
    ]
    magics = [name for functions in manager.magics.values() for name in functions if "mars" in name]
    hooks = [
        *shell.Completer.custom_matchers,
        *shell.input_transformers_cleanup,
        *shell.events.callbacks["pre_run_cell"],
    ]
    hooks += shell.events.callbacks["post_run_cell"]
    hooks = [hook for hook in hooks if "mars_nb" in getattr(hook, "__module__", "")]
    return finders, ours, hooks, magics, [name for name in sys.modules if name.partition(".")[0] == "mars"]


@pytest.fixture(autouse=True)
def _unloaded(shell):
    yield
    extension.unload(shell)


def test_load_and_unload(shell):
    before = traces(shell)
    assert before == NOTHING
    shell.run_cell("%load_ext mars_nb\nimport mars.tensor")
    assert traces(shell)[3] == ["mars_session", "mars_debug", "mars_session"]
    assert len(traces(shell)[2]) == 4
    assert "mars.tensor" in sys.modules
    shell.run_cell("%unload_ext mars_nb")
    assert traces(shell) == before


def test_loading_twice_is_harmless(shell):
    extension.load(shell)
    once = [len(part) for part in traces(shell)]
    extension.load(shell)
    assert [len(part) for part in traces(shell)] == once
    extension.unload(shell)
    extension.unload(shell)
    assert traces(shell) == NOTHING


def test_reload_leaves_nothing_behind(shell):
    shell.run_cell("%load_ext mars_nb")
    once = [len(part) for part in traces(shell)]
    for _ in range(3):
        shell.run_cell("%reload_ext mars_nb")
    assert [len(part) for part in traces(shell)] == once
    shell.run_cell("%unload_ext mars_nb")
    assert traces(shell) == NOTHING


def test_a_real_mars_gets_one_clear_message(shell, capsys, monkeypatch):
    real = types.ModuleType("mars")
    monkeypatch.setitem(sys.modules, "mars", real)
    shell.run_cell("%load_ext mars_nb")
    said = capsys.readouterr().out
    assert said.count("\n") == 1
    assert "another module 'mars'" in said
    assert "import mars_nb" in said
    assert sys.modules["mars"] is real
    assert traces(shell)[3]


def test_loading_imports_nothing_heavy():
    command = [sys.executable, "-c", CHECK]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert set(done.stdout.split()).isdisjoint({"ipywidgets", "distributed", "tornado", "dask", "numpy", "pandas"})
