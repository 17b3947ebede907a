"""The extension of JupyterLab and Notebook is installed with the package, as it stands here."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import mars_nb

SOURCE = Path(__file__).resolve().parents[2] / "labextension"
INSTALLED = Path(sys.prefix) / "share" / "jupyter" / "labextensions" / "@mars-nb" / "labextension"


def test_it_is_installed():
    there = {path.name: path.read_text(encoding="utf-8") for path in INSTALLED.iterdir()}
    here = {path.name: path.read_text(encoding="utf-8") for path in SOURCE.iterdir() if path.suffix in (".js", ".json")}
    assert there == here, "installed anew by: make test"


def test_it_describes_itself():
    package = json.loads((SOURCE / "package.json").read_text(encoding="utf-8"))
    assert package["version"] == mars_nb.__version__
    assert f"{INSTALLED.parent.name}/{INSTALLED.name}" == package["name"]
    build = package["jupyterlab"]["_build"]
    assert (SOURCE / build["load"]).is_file()
    # What is in a folder "static" is kept by browsers for a year, unless its name changes with its content.
    assert "static" not in build["load"]
    assert f"const NAME = '{package['name']}'" in (SOURCE / build["load"]).read_text(encoding="utf-8")
