"""What is worth keeping: what takes longer to compute again than to keep.

To keep a value takes fresh memory for all of its chunks, where else a few chunks' worth is used over and over and
stays in the processor's caches. That alone takes longer than arithmetic on what is there: a sum of ``x * 2 + 1`` took
0.1 s for 48 million numbers, and 1.2 s when what is between was kept.
"""

from __future__ import annotations

import numpy as np

from mars_nb.graph.node import Function, Node, Source
from mars_nb.planner.inputs.sources import is_generated

# Operations that take little more time than to go over the values once, for each.
_CHEAP = frozenset(
    "add radd sub rsub subtract mul rmul multiply truediv rtruediv div divide floordiv rfloordiv mod rmod pow rpow neg "
    "pos abs invert not and or xor rand ror rxor lshift rshift lt le gt ge eq ne getitem setitem delitem isetitem loc "
    "iloc at iat head tail take copy astype assign insert drop rename set_axis set_columns set_index set_name "
    "set_names set_attrs set_flags reset_index index columns T transpose reshape ravel squeeze swapaxes view real imag "
    "clip where mask fillna isna notna isnull notnull round between to_numpy values filter select_dtypes pick".split()
)


def is_dear(node: Node, dear: set[Node]) -> bool:
    """Tell whether to compute a node takes longer than to keep its value.

    Parameters
    ----------
    node
        What is computed.
    dear
        Those of its inputs that are not kept, and of which the same is true.

    Examples
    --------
    >>> import mars_nb.tensor as mt
    >>> t = mt.ones(3)
    >>> is_dear((t + 1)._node, set()), is_dear(mt.sort(t)._node, set()), is_dear((t + 1)._node, {t._node})
    (False, True, True)
    """
    if not node.inputs:
        return not isinstance(node.op, Source) and not is_generated(node)
    return not _is_cheap(node) or not dear.isdisjoint(node.inputs)


def _is_cheap(node: Node) -> bool:
    op = node.op
    function = op.target if isinstance(op, Function) else None
    if isinstance(function, np.ufunc) and getattr(np, function.__name__, None) is function:
        return True  # but not what `numpy.frompyfunc` made
    return _CHEAP.issuperset(op.name.removeprefix("numpy.").split("."))
