"""Several results with names, such as those of ``linalg.svd`` or ``stats.ttest_ind``, executed together."""

from __future__ import annotations

import functools
import operator
from collections.abc import Iterable
from typing import Any

from mars_nb.graph.tileable import ExecutableTuple


@functools.cache
def named(name: str, fields: tuple[str, ...]) -> type[ExecutableTuple]:
    """Make a kind of `ExecutableTuple` whose items have names.

    Parameters
    ----------
    name
        Of the type.
    fields
        Names of the items, in order.

    Examples
    --------
    >>> import mars_nb.tensor as mt
    >>> result = mt.linalg.eigh(mt.eye(2))
    >>> result.eigenvalues is result[0]
    True
    """

    def show(self: Any) -> str:
        return f"{name}({', '.join(f'{field}={item!r}' for field, item in zip(fields, self, strict=True))})"

    def reduced(self: Any) -> Any:
        return make, (name, fields, tuple(self))

    items = {field: property(operator.itemgetter(i)) for i, field in enumerate(fields)}
    members: dict[str, Any] = {"__slots__": (), "_fields": fields, "__repr__": show, "__reduce__": reduced, **items}
    return type(name, (ExecutableTuple,), members)


def make(name: str, fields: tuple[str, ...], items: Iterable[Any]) -> ExecutableTuple:
    """Make a tuple whose items have names."""
    return named(name, fields)(items)
