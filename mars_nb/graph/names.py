"""Names that are not there: errors that tell the nearest one, and lookups that say nothing else."""

from __future__ import annotations

import difflib
import warnings
from collections.abc import Iterable
from typing import Any

from mars_nb.graph import mistakes

# Below, what is suggested has little to do with what was written: "mask" for "dask".
_NEAR = 0.78


def missing(owner: str, name: str, known: Iterable[str] = (), instead: str | None = None) -> AttributeError:
    """Make the error for a name that is not there.

    Parameters
    ----------
    owner
        What lacks it, as the message begins: ``module 'x'`` or ``'DataFrame' object``.
    name
        What was asked for.
    known
        Names that may have been meant.
    instead
        What to do instead, where that is known.

    Examples
    --------
    >>> missing("'DataFrame' object", "groupbyy", ["groupby", "sum"])
    AttributeError("'DataFrame' object has no attribute 'groupbyy': did you mean 'groupby'?")
    """
    text = f"{owner} has no attribute {name!r}"
    if instead is not None:
        text, known = f"{text}: {instead}", ()
    near = [] if name.startswith("_") else difflib.get_close_matches(name, known, 1, _NEAR)
    # Without an object of its own, the interpreter would find one and suggest the name once more.
    error = AttributeError(f"{text}: did you mean {near[0]!r}?" if near else text, name=name, obj=None)
    mistakes.tell(error)
    return error


def has(value: Any, name: str) -> bool:
    """Tell whether a value has an attribute, without the warning that reading a deprecated one gives."""
    if hasattr(type(value), name):
        return True
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return hasattr(value, name)
