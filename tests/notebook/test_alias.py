from __future__ import annotations

import importlib
import importlib.util
import subprocess
import sys
import types

import pytest

import mars_nb
import mars_nb.dataframe
import mars_nb.remote
import mars_nb.tensor
import mars_nb.tensor.random
from mars_nb.notebook import alias


@pytest.fixture(autouse=True)
def _removed():
    yield
    alias.uninstall()


@pytest.fixture
def _installed():
    assert alias.install() is None


def aliased() -> set[str]:
    return {name for name in sys.modules if name.partition(".")[0] == "mars"}


@pytest.mark.usefixtures("_installed")
class TestInstalled:
    @pytest.mark.parametrize(
        "name", ["", ".dataframe", ".tensor", ".remote", ".tensor.random", ".tensor.linalg", ".config"]
    )
    def test_gives_the_same_module(self, name):
        assert importlib.import_module(f"mars{name}") is importlib.import_module(f"mars_nb{name}")

    def test_statements(self):
        namespace: dict[str, object] = {}
        exec(
            "import mars, mars.dataframe as md, mars.tensor as mt, mars.remote as mr\n"
            "from mars.dataframe import DataFrame\nfrom mars import new_session\nfrom mars.tensor import random\n"
            "from mars import tensor",
            namespace,
        )
        assert namespace["mars"] is mars_nb
        assert namespace["md"] is mars_nb.dataframe
        assert namespace["mt"] is namespace["tensor"] is mars_nb.tensor
        assert namespace["mr"] is mars_nb.remote
        assert namespace["DataFrame"] is mars_nb.dataframe.DataFrame
        assert namespace["new_session"] is mars_nb.new_session
        assert namespace["random"] is mars_nb.tensor.random

    def test_leaves_the_modules_as_they_are(self):
        before = {name: (m.__name__, m.__spec__, m.__loader__) for name, m in sys.modules.items() if "mars_nb" in name}
        for name in ("mars", "mars.dataframe", "mars.tensor", "mars.tensor.linalg"):
            importlib.import_module(name)
        after = {name: (m.__name__, m.__spec__, m.__loader__) for name, m in sys.modules.items() if name in before}
        assert after == before

    def test_a_module_that_we_lack(self):
        with pytest.raises(ModuleNotFoundError, match=r"'mars.learn'.* alias of 'mars_nb' .* has no 'learn'") as caught:
            importlib.import_module("mars.learn")
        assert caught.value.name == "mars.learn"

    def test_below_a_module_that_is_none(self):
        with pytest.raises(ModuleNotFoundError, match=r"mars\.learn"):
            importlib.import_module("mars.learn.metrics")

    def test_other_names_are_nobodys_business(self):
        assert importlib.util.find_spec("marshmallow_of_mars") is None
        assert not [name for name in aliased() if name.startswith("marsh")]

    def test_twice_is_harmless(self):
        assert alias.install() is None
        assert sum(isinstance(finder, alias.AliasFinder) for finder in sys.meta_path) == 1

    def test_uninstall_leaves_nothing(self):
        importlib.import_module("mars.tensor.random")
        assert aliased() == {"mars", "mars.tensor", "mars.tensor.random"}
        alias.uninstall()
        assert not aliased()
        assert not any(isinstance(finder, alias.AliasFinder) for finder in sys.meta_path)
        assert importlib.util.find_spec("mars") is None
        assert sys.modules["mars_nb.tensor.random"] is mars_nb.tensor.random

    def test_uninstall_leaves_what_others_put_in_place(self):
        importlib.import_module("mars")
        other = types.ModuleType("mars")
        sys.modules["mars"] = other
        alias.uninstall()
        assert sys.modules.pop("mars") is other


def test_uninstall_without_install_is_harmless():
    alias.uninstall()


def test_an_installed_mars_is_not_shadowed(tmp_path, monkeypatch):
    (tmp_path / "mars").mkdir()
    (tmp_path / "mars" / "__init__.py").write_text("planet = True")
    monkeypatch.syspath_prepend(tmp_path)
    assert alias.install() == str(tmp_path / "mars" / "__init__.py")
    try:
        assert importlib.import_module("mars").planet
        assert alias.install() == str(tmp_path / "mars" / "__init__.py")
    finally:
        del sys.modules["mars"]


def test_an_imported_mars_is_not_shadowed(monkeypatch):
    monkeypatch.setitem(sys.modules, "mars", types.ModuleType("mars"))
    assert alias.install() == "imported already"


def test_nothing_is_loaded_twice():
    code = (
        "import sys; from mars_nb.notebook import alias; alias.install(); import mars.dataframe, mars.tensor.random; "
        "import mars_nb.dataframe, mars_nb.tensor; from collections import Counter; "
        "seen = {id(m): m for n, m in sys.modules.items() if n.startswith('mars')}; "
        "files = Counter(m.__file__ for m in seen.values() if getattr(m, '__file__', None)); "
        "assert max(files.values()) == 1, files.most_common(3)"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)
