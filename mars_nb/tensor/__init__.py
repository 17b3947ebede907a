"""``mt``: numpy's functions on lazy tensors.

Every public function of numpy is here under its own name and records what is to be done; types and constants are
numpy's own. ``linalg``, ``fft`` and ``random`` are numpy's modules likewise. Functions that make arrays also take
``chunk_size=``.

Examples
--------
>>> import mars_nb.tensor as mt
>>> t = mt.arange(6).reshape((2, 3))
>>> mt.sqrt(t).sum().execute().fetch()
np.float64(8.382332347441762)
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as _np

from mars_nb.graph.tileable import ExecutableTuple
from mars_nb.tensor import random
from mars_nb.tensor.core import Tensor
from mars_nb.tensor.creation import tensor
from mars_nb.tensor.functions import NumpyModule, lazy

__all__ = ["ExecutableTuple", "Tensor", "fft", "linalg", "random", "tensor"]

linalg: Any = NumpyModule(f"{__name__}.linalg", _np.linalg)
fft: Any = NumpyModule(f"{__name__}.fft", _np.fft)
for _module in (linalg, fft):
    sys.modules[_module.__name__] = _module


def __getattr__(name: str) -> Any:
    value = lazy(_np, name, __name__)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*__all__, *(name for name in dir(_np) if not name.startswith("_"))})
