"""What numpy has as classes and objects with brackets: ``vectorize``, ``frompyfunc``, ``r_``, ``mgrid``, recorded."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from mars_nb.graph.mirror import mirror
from mars_nb.graph.node import Function
from mars_nb.graph.structure import leaves
from mars_nb.graph.tileable import Tileable
from mars_nb.tensor.chunked import map_chunk
from mars_nb.tensor.core import record_function
from mars_nb.tensor.functions import original, recorded


class vectorize:  # noqa: N801  # numpy's name
    """`numpy.vectorize`, recorded: a function of single items becomes one of tensors.

    Parameters
    ----------
    pyfunc
        The function; if not given, the object is a decorator.
    **options
        Those of `numpy.vectorize`. With ``otypes`` nothing needs to be found out from the data, so that a tensor of
        many chunks is computed chunk by chunk.

    Examples
    --------
    >>> import mars_nb.tensor as mt
    >>> clip = mt.vectorize(lambda x, top: min(x, top), otypes=[int])
    >>> clip(mt.arange(5), 3).execute()
    array([0, 1, 2, 3, 3])
    """

    def __init__(self, pyfunc: Any = None, *args: Any, **options: Any) -> None:
        self._options = options
        self._vectorized: Any = None
        if pyfunc is not None:
            self._vectorized = np.vectorize(original(pyfunc), *args, **options)
            self.__doc__ = self._vectorized.__doc__

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Record the function on tensors; a decorator takes the function."""
        if self._vectorized is None:
            return vectorize(*args, **self._options)
        return record_function(Function(self._vectorized, "numpy.vectorize"), args, kwargs)

    def __getattr__(self, name: str) -> Any:
        return getattr(vars(self)["_vectorized"], name)


def frompyfunc(func: Callable[..., Any], /, nin: int, nout: int, **options: Any) -> Any:
    """Make a recorded ufunc of a function of single items; see `numpy.frompyfunc`."""
    return recorded("ufunc.frompyfunc", np.frompyfunc(original(func), nin, nout, **options), __name__)


class Brackets:
    """An object of numpy's that makes arrays of what stands in its brackets, recorded.

    Parameters
    ----------
    maker
        numpy's own, such as ``numpy.r_``.
    name
        Its name.
    """

    def __init__(self, maker: Any, name: str) -> None:
        self._maker, self._name = maker, name
        self.__doc__ = maker.__doc__

    def __getitem__(self, key: Any) -> Any:
        if any(isinstance(leaf, Tileable) for leaf in leaves(key)):
            return self._maker[key]  # records what it does by itself
        return record_function(Function(self._maker.__getitem__, f"numpy.{self._name}"), (key,), {})

    def __len__(self) -> int:
        return len(self._maker)


#: By name; in place of what numpy has.
OWN: dict[str, Any] = {
    "map_chunk": map_chunk,
    "vectorize": vectorize,
    "frompyfunc": mirror(np.frompyfunc, frompyfunc, "frompyfunc", __name__),
    **{name: Brackets(getattr(np, name), name) for name in ("r_", "c_", "mgrid", "ogrid")},
}
