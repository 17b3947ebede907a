"""A hook of hatchling: what is packed holds the labextension, built with Node.js from PyPI.

It is built again only if one of its sources is newer. A source distribution brings it, so installing from one needs no
Node.js. `HATCH_BUILD_NO_HOOKS=true` leaves it out, as `make` does, which builds it itself.
"""

from __future__ import annotations

import subprocess
import tomllib
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

#: Where it is installed, under the prefix of the environment.
SHARED = "share/jupyter/labextensions/@mars-nb/labextension"


class LabextensionHook(BuildHookInterface):
    """Builds `labextension/` into `mars_nb/labextension/`."""

    def dependencies(self) -> list[str]:
        """Give what a build needs: the dependency group of the same name."""
        if self._is_built():
            return []
        project = tomllib.loads(self._path("pyproject.toml").read_text(encoding="utf-8"))
        return list(project["dependency-groups"]["labextension"])

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build it, and have it packed."""
        if not self._is_built():
            for arguments in (["install", "--immutable"], ["build:prod"]):
                subprocess.run(["jlpm", *arguments], cwd=self._path("labextension"), check=True)
        if self.target_name == "wheel":
            build_data["shared_data"]["mars_nb/labextension"] = SHARED

    def _is_built(self) -> bool:
        built = self._path("mars_nb/labextension/install.json")  # what a build writes last
        if not built.exists() or self._path("PKG-INFO").exists():
            return built.exists()  # nothing; or a source distribution, whatever the times of its files
        folder = self._path("labextension")
        sources = [*folder.glob("*.json"), folder / "yarn.lock"]
        sources += [path for part in ("src", "style", "schema") for path in folder.joinpath(part).rglob("*.*")]
        return built.stat().st_mtime >= max(path.stat().st_mtime for path in sources)

    def _path(self, relative: str) -> Path:
        return Path(self.root) / relative
