"""The package as such: its public names, its files, and the promises of the readme."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib import metadata, resources
from pathlib import Path

import pytest
import yaml

import mars_nb
from mars_nb.config import OPTIONS
from mars_nb.gateway.cli import main

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = Path(mars_nb.__file__).parent
MAX_LINES = 500


def test_all_names_what_is_there():
    assert mars_nb.__all__ == sorted(set(mars_nb.__all__))
    assert dir(mars_nb) == sorted([*mars_nb.__all__, "last_error"])  # which changes, so `import *` leaves it out
    for name in mars_nb.__all__:
        assert getattr(mars_nb, name) is not None
    lazy = {*mars_nb._HOMES, *mars_nb._MODULES, "sessions"}
    assert set(mars_nb.__all__) == lazy


def test_unknown_name():
    with pytest.raises(AttributeError, match="'mars_nb' has no attribute 'new_sesion'"):
        mars_nb.new_sesion


def test_version_is_the_installed_one():
    assert metadata.version("mars_nb") == mars_nb.__version__


def test_types_ship():
    assert resources.files("mars_nb").joinpath("py.typed").is_file()


def test_no_module_is_too_long():
    long = {
        str(path.relative_to(PACKAGE)): lines
        for path in PACKAGE.rglob("*.py")
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > MAX_LINES
    }
    assert not long


def test_readme_example_runs(tmp_path):
    found = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    assert len(found) == 1
    command = [sys.executable, "-W", "error", "-c", found[0]]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1].startswith("pi is about 3.14")


def test_options_are_documented():
    guide = (ROOT / "docs" / "sessions.md").read_text(encoding="utf-8")
    assert [name for name in OPTIONS if f"| `{name}` |" not in guide] == []


DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(path):
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", path.read_text(encoding="utf-8")):
        assert "://" in target or (path.parent / target).exists(), target


def test_manifests_have_the_form_of_their_kind():
    text = (ROOT / "docs" / "cluster.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```yaml\n(.*?)```", text, flags=re.DOTALL)
    manifests = [manifest for block in blocks for manifest in yaml.safe_load_all(block)]
    kinds = [manifest["kind"] for manifest in manifests if "kind" in manifest]
    assert kinds == ["DaskCluster", "Service", "NetworkPolicy"]
    gateway = manifests[0]["spec"]["scheduler"]["spec"]["containers"][1]
    options = {option for parameter in main.params for option in parameter.opts}
    assert {argument.partition("=")[0] for argument in gateway["args"][1:]} <= options


def test_notebooks_are_committed_without_outputs():
    notebooks = [str(path) for path in (ROOT / "examples").rglob("*.ipynb") if ".ipynb_checkpoints" not in path.parts]
    assert notebooks
    subprocess.run([sys.executable, ROOT / "scripts" / "check_notebooks.py", *notebooks], check=True)
