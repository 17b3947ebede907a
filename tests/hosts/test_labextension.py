"""The extension of JupyterLab and Notebook: what is built of it, installed and packed."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

import mars_nb

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "labextension"
BUILT = ROOT / "mars_nb" / "labextension"
NAME = "@mars-nb/labextension"
INSTALLED = Path("share", "jupyter", "labextensions", NAME)


def content(folder: Path) -> dict[str, bytes]:
    """Give all files of a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def manifest(folder: Path) -> dict[str, object]:
    return json.loads((folder / "package.json").read_text(encoding="utf-8"))


def run(*command: str | Path, **kwargs: object) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False, **kwargs)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr  # jupyter writes lists to standard error


@pytest.fixture(scope="module")
def packed(tmp_path_factory):
    """Give a folder with a source distribution and the wheel made of it, where there is neither Node.js nor yarn."""
    folder = tmp_path_factory.mktemp("packed")
    empty = folder / "empty"
    empty.mkdir()
    without_node = os.environ | {"PATH": str(empty)}
    pack = (sys.executable, "-m", "hatchling", "build", "--directory", folder, "--target")
    run(*pack, "sdist", cwd=ROOT, env=without_node)
    with tarfile.open(next(folder.glob("*.tar.gz"))) as archive:
        archive.extractall(folder, filter="data")
    unpacked = next(folder.glob("mars_nb-*/"))
    for path in unpacked.joinpath("labextension", "src").rglob("*.ts"):
        path.touch()  # not every tool keeps the times of files
    run(*pack, "wheel", cwd=unpacked, env=without_node)
    return folder


def test_it_is_installed_as_it_was_built():
    assert content(Path(sys.prefix) / INSTALLED) == content(BUILT), "built and installed anew by: make test"


def test_both_halves_have_one_version():
    assert manifest(SOURCE)["version"] == manifest(BUILT)["version"] == mars_nb.__version__
    assert manifest(SOURCE)["name"] == manifest(BUILT)["name"] == NAME


def test_the_wheel_holds_it_once(packed):
    with zipfile.ZipFile(next(packed.glob("*.whl"))) as wheel:
        names = wheel.namelist()
        data = f"mars_nb-{mars_nb.__version__}.data/data/{INSTALLED.as_posix()}/"
        there = {name.removeprefix(data): wheel.read(name) for name in names if name.startswith(data)}
    assert there == content(BUILT)
    assert sum("labextension" in name for name in names) == len(there)
    assert {"install.json", "package.json", "static/style.js"} <= set(there)


def test_the_source_distribution_holds_its_sources(packed):
    unpacked = next(packed.glob("mars_nb-*/"))
    parts = {path.name for path in (unpacked / "labextension").iterdir()}
    assert {"package.json", "yarn.lock", "tsconfig.json", "src", "style", "schema", "tests"} <= parts
    assert not parts & {"node_modules", "lib", ".yarn"}


def test_jupyter_finds_it_when_the_wheel_is_installed(packed, tmp_path):
    wheel = next(packed.glob("*.whl"))
    install = ("pip", "install", "--quiet", "--ignore-installed", "--no-deps", "--no-index", "--prefix", tmp_path)
    run(sys.executable, "-m", *install, wheel)
    found = {"JUPYTER_PATH": str(tmp_path / "share" / "jupyter"), "JUPYTER_PREFER_ENV_PATH": "0"}
    listed = run(sys.executable, "-m", "jupyter", "labextension", "list", env=os.environ | found)
    _, _, extensions = re.sub(r"\x1b\[\d*m", "", listed).partition(str(tmp_path))
    assert f"{NAME} v{mars_nb.__version__} enabled OK (python, mars_nb)" in extensions.split("\n\n")[0], listed


SET_UP = ["Makefile", "pyproject.toml", "scripts/hatch_labextension.py"]
SET_UP += [f"labextension/{name}" for name in ("package.json", "yarn.lock", ".yarnrc.yml")]


@pytest.mark.parametrize("path", SET_UP)
def test_no_registry_is_named(path):
    """Packages come from where whoever builds has set up, or else from the public registries."""
    text = (ROOT / path).read_text(encoding="utf-8")
    assert not re.search(r"npmjs|yarnpkg|pypi\.|pythonhosted|npmRegistry|index-url|find-links", text)
    assert "://" not in text
