"""The modules below ``mt``: numpy's own, and those of scipy that Mars had, with their functions recorded."""

from __future__ import annotations

import importlib
import sys
import types
from functools import partial
from typing import Any

import numpy as np

from mars_nb.tensor.functions import NumpyModule

# Modules of functions on arrays. numpy's other modules are given as they are.
_OF_NUMPY = (
    "linalg fft strings char emath testing lib lib.stride_tricks polynomial polynomial.polynomial polynomial.chebyshev "
    "polynomial.hermite polynomial.hermite_e polynomial.laguerre polynomial.legendre"
).split()
_OF_SCIPY = "special stats spatial spatial.distance".split()
#: Under the names of numpy and scipy, below ``mars_nb.tensor``.
NAMES = frozenset(name for name in (*_OF_NUMPY, *_OF_SCIPY) if "." not in name)


def _of_scipy(name: str) -> types.ModuleType:
    try:
        return importlib.import_module(f"scipy.{name}")
    except ModuleNotFoundError as error:
        if str(error.name).partition(".")[0] != "scipy":
            raise
        text = f"mars_nb.tensor.{name} needs scipy, which is not installed: pip install scipy"
        raise ModuleNotFoundError(text, name="scipy") from None


def load(package: str) -> dict[str, Any]:
    """Make the modules, and register them for ``import``.

    Parameters
    ----------
    package
        Below which they are.

    Returns
    -------
    dict
        Those right below the package, by name. scipy is imported when something of it is used.
    """
    made: dict[str, NumpyModule] = {}
    for name in (*_OF_NUMPY, *_OF_SCIPY):
        original: Any = partial(_of_scipy, name)
        if name in _OF_NUMPY:
            original = np
            for part in name.split("."):
                original = getattr(original, part)
        module = sys.modules[f"{package}.{name}"] = made[name] = NumpyModule(f"{package}.{name}", original)
        parent, _, last = name.rpartition(".")
        if parent:
            setattr(made[parent], last, module)
    return {name: module for name, module in made.items() if "." not in name}
