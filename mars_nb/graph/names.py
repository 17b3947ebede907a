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
    near = None if name.startswith("_") else nearest(name, known)
    # Without an object of its own, the interpreter would find one and suggest the name once more.
    error = AttributeError(f"{text}: did you mean {near!r}?" if near else text, name=name, obj=None)
    mistakes.tell(error)
    return error


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Find the known name that may have been meant, None where no one is near.

    Examples
    --------
    >>> nearest("Price", ["price", "quantity"])
    'price'
    """
    names = list(known)
    found = [k for k in names if k.lower() == name.lower()] or difflib.get_close_matches(name, names, 1, _NEAR)
    return found[0] if found else None


def has(value: Any, name: str) -> bool:
    """Tell whether a value has an attribute, without the warning that reading a deprecated one gives."""
    if hasattr(type(value), name):
        return True
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return hasattr(value, name)
