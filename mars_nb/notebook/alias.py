"""The alias: ``import mars`` gives `mars_nb`, and ``import mars.tensor`` gives `mars_nb.tensor`: the very same modules.

A finder at the front of `sys.meta_path` answers for ``mars`` and everything below. Its loader lets the import system
make an empty module, and puts the one of `mars_nb` in its place in `sys.modules`, which is what the import system then
returns. So a module of `mars_nb` is never loaded a second time (through the ``__path__`` of its package), and its
``__spec__`` is never touched.

A real module ``mars`` is never shadowed.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

ALIAS = "mars"
PACKAGE = "mars_nb"


class AliasFinder(MetaPathFinder):
    """Finds ``mars`` and ``mars.*``.

    Attributes
    ----------
    given
        The modules that were imported by their alias.
    """

    def __init__(self) -> None:
        self.given: dict[str, ModuleType] = {}

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Find a module of `mars_nb` by its alias.

        Raises
        ------
        ModuleNotFoundError
            For a module that `mars_nb` does not have.
        """
        __tracebackhide__ = True
        top, _, rest = fullname.partition(".")
        if top != ALIAS:
            return None
        name = f"{PACKAGE}.{rest}" if rest else PACKAGE
        if name not in sys.modules and importlib.util.find_spec(name) is None:
            message = f"No module named {fullname!r}: {ALIAS!r} is an alias of {PACKAGE!r} here, which has no {rest!r}"
            raise ModuleNotFoundError(message, name=fullname)
        return ModuleSpec(fullname, _AliasLoader(self, name))


class _AliasLoader(Loader):
    def __init__(self, finder: AliasFinder, name: str) -> None:
        self._finder = finder
        self._name = name

    def exec_module(self, module: ModuleType) -> None:
        real = importlib.import_module(self._name)
        self._finder.given[module.__name__] = real
        sys.modules[module.__name__] = real


def install() -> str | None:
    """Let ``import mars`` give `mars_nb`. Harmless when it does already.

    Returns
    -------
    str or None
        Where the real module ``mars`` is, if there is one; nothing is changed then.
    """
    if _installed() is not None:
        return None
    place = _real_module()
    if place is None:
        sys.meta_path.insert(0, AliasFinder())
    return place


def uninstall() -> None:
    """Take the alias and all modules that were imported by it away. Harmless when there is none."""
    finder = _installed()
    if finder is None:
        return
    sys.meta_path.remove(finder)
    for name, module in finder.given.items():
        if sys.modules.get(name) is module:
            del sys.modules[name]


def _installed() -> AliasFinder | None:
    return next((finder for finder in sys.meta_path if isinstance(finder, AliasFinder)), None)


def _real_module() -> str | None:
    """Tell where a module ``mars`` is that is none of ours."""
    loaded = sys.modules.get(ALIAS)
    if loaded is sys.modules[PACKAGE]:
        return None
    if loaded is not None:
        return getattr(loaded, "__file__", None) or "imported already"
    spec = importlib.util.find_spec(ALIAS)
    if spec is None:
        return None
    return spec.origin or ", ".join(spec.submodule_search_locations or ())
