"""Mirrors: functions of our own with the name, signature and docstring of numpy's or pandas's."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

from mars_nb.graph import mistakes


def mirror(original: Any, call: Callable[..., Any], qualname: str, module: str) -> Callable[..., Any]:
    """Give `call` the name, signature and docstring of `original`.

    Parameters
    ----------
    original
        A function or method of numpy or pandas.
    call
        What is to run.
    qualname, module
        Where the mirror lives.
    """

    @functools.wraps(original, assigned=("__doc__",), updated=())
    def mirrored(*args: Any, **kwargs: Any) -> Any:
        try:
            return call(*args, **kwargs)
        except BaseException as error:
            mistakes.tell(error)
            raise

    mirrored.__name__ = qualname.rpartition(".")[2]
    mirrored.__qualname__ = qualname
    mirrored.__module__ = module
    signature = _signature(original)
    if signature is not None:
        mirrored.__signature__ = signature  # type: ignore[attr-defined]  # read by inspect and by IPython
    return mirrored


def _signature(original: Any) -> inspect.Signature | None:
    try:
        return inspect.signature(original)
    except (TypeError, ValueError):  # a C function that does not tell
        return None


def public_names(original: Any) -> list[str]:
    """List the public attributes of a class or module."""
    return [name for name in dir(original) if not name.startswith("_")]
