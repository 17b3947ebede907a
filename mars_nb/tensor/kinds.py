"""numpy's functions by how they are answered: all others are recorded."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np


def _size(tensor: Any, axis: Any = None) -> Any:
    shape = tensor.shape
    if axis is None:
        return tensor.size
    return math.prod(shape[i] for i in axis) if isinstance(axis, tuple) else shape[axis]


#: Answered from shape and dtype alone.
KNOWN: dict[str, Callable[..., Any]] = {
    "numpy.shape": lambda t: t.shape,
    "numpy.ndim": lambda t: t.ndim,
    "numpy.size": _size,
    "numpy.iscomplexobj": lambda t: np.issubdtype(t.dtype, np.complexfloating),
    "numpy.isrealobj": lambda t: not np.issubdtype(t.dtype, np.complexfloating),
}
#: Give an array with so many dimensions or more as it is.
AT_LEAST = {"numpy.atleast_1d": 1, "numpy.atleast_2d": 2, "numpy.atleast_3d": 3}
#: Need the computed array, and give no array.
IMMEDIATE = frozenset(
    "array2string array_repr array_str savetxt format_float_positional format_float_scientific "
    "base_repr binary_repr nested_iters mintypecode save savez savez_compressed".split()
)
#: Change their first argument.
IN_PLACE = frozenset("copyto fill_diagonal place put put_along_axis putmask".split())
#: Are about types, settings and the like: tensors among the arguments only have a dtype.
PLAIN = frozenset(
    "can_cast result_type promote_types min_scalar_type common_type issubdtype isdtype isscalar iterable typename "
    "broadcast_shapes datetime_data load info show_config show_runtime test get_include geterr seterr "
    "geterrcall seterrcall getbufsize setbufsize get_printoptions set_printoptions printoptions "
    "may_share_memory shares_memory".split()
)
#: Read what can be read once only, or files: at once, and the tensor holds what was read.
READ_AT_ONCE = frozenset("frombuffer fromfile fromiter fromstring fromregex genfromtxt loadtxt from_dlpack".split())
#: Take functions, of ours or numpy's, that are called on arrays.
TAKE_FUNCTIONS = frozenset("apply_along_axis apply_over_axes fromfunction mask_indices piecewise vectorize".split())
