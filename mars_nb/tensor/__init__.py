"""``mt``: numpy's functions on lazy tensors.

Every public function of numpy is here under its own name and records what is to be done; types and constants are
numpy's own. ``linalg``, ``fft``, ``random``, ``strings`` ... are numpy's modules likewise, and ``special``, ``stats``
and ``spatial.distance`` those of scipy, where that is installed. Functions that make arrays also take ``chunk_size=``.

Examples
--------
>>> import mars_nb.tensor as mt
>>> t = mt.arange(6).reshape((2, 3))
>>> mt.sqrt(t).sum().execute().fetch()
np.float64(8.382332347441762)
"""

from __future__ import annotations

from typing import Any

import numpy as _np

from mars_nb.graph.tileable import ExecutableTuple
from mars_nb.tensor import files, modules, random
from mars_nb.tensor.classes import OWN
from mars_nb.tensor.core import Tensor
from mars_nb.tensor.creation import tensor
from mars_nb.tensor.functions import lazy
from mars_nb.tensor.interchange import from_dask

__all__ = ["ExecutableTuple", "Tensor", "fft", "from_dask", "linalg", "random", "tensor"]

#: An array of numpy is a tensor here.
ndarray = Tensor
linalg: Any
fft: Any
globals().update(modules.load(__name__), **OWN, **files.OWN)


def __getattr__(name: str) -> Any:
    value = lazy(_np, name, __name__)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*__all__, *modules.NAMES, *files.OWN, *(name for name in dir(_np) if not name.startswith("_"))})
