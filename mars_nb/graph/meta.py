"""What is known of a value before it is computed.

A node's meta is best knowledge: after the value was executed once, what was seen takes its place.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


@dataclass(frozen=True, slots=True)
class TensorMeta:
    """Of a numpy array or scalar.

    Attributes
    ----------
    shape
        Items per dimension; NaN where it depends on the data.
    dtype
        The array's type.
    """

    shape: tuple[float, ...]
    dtype: np.dtype[Any]

    @property
    def known(self) -> bool:
        """Whether every length is known."""
        return not any(map(math.isnan, self.shape))

    @property
    def nbytes(self) -> float:
        """Bytes of the whole array; NaN where it depends on the data."""
        return math.prod(self.shape) * self.dtype.itemsize


@dataclass(frozen=True, slots=True)
class PandasMeta:
    """Of a pandas data frame, series or index.

    Attributes
    ----------
    sample
        A few rows, real ones where the source could give them: the same type, columns and (as far as can be
        told) dtypes as the whole.
    rows
        Number of rows of the whole, None where it depends on the data.
    open
        Whether the columns of the whole may be others than those of the sample, because they are made of values.
    """

    sample: pd.DataFrame | pd.Series[Any] | pd.Index[Any]
    rows: int | None = None
    open: bool = False


@dataclass(frozen=True, slots=True)
class ObjectMeta:
    """Of anything else, or of a value of which nothing is known.

    Attributes
    ----------
    kind
        The Python type where known.
    sample
        A value of that type, to tell what operations on it give.
    """

    kind: type | None = None
    sample: Any = None


@dataclass(frozen=True, slots=True)
class HandleMeta:
    """Of what stands between data and data: a group-by, a rolling window, string methods.

    Attributes
    ----------
    example
        pandas's own object on a sample.
    folded
        Whether it is on the data itself; see `mars_nb.graph.constants`.
    """

    example: Any
    folded: bool = False


@dataclass(frozen=True, slots=True)
class TupleMeta:
    """Of several values that one operation gives.

    Attributes
    ----------
    items
        One meta for each.
    kind
        Makes the container from the items: ``tuple``, ``list`` or a named tuple's ``_make``.
    """

    items: tuple[Meta, ...]
    kind: Any = tuple


Meta = TensorMeta | PandasMeta | ObjectMeta | HandleMeta | TupleMeta


def dtype_of(meta: Meta) -> str:
    """Name the dtype of a tensor, series or index; empty for others."""
    if isinstance(meta, TensorMeta):
        return str(meta.dtype)
    return str(getattr(meta.sample, "dtype", "")) if isinstance(meta, PandasMeta) else ""
