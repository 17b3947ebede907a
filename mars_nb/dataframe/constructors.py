"""pandas's own constructors given a lazy object."""

from __future__ import annotations

import sys
from types import FrameType
from typing import Any

_CONSTRUCTORS = {"pandas.core.frame", "pandas.core.series"}


def refuse_constructors(value: Any) -> None:
    """Refuse ``pd.DataFrame(df)``: pandas would take the bare array, without the labels of rows and columns.

    pandas asks nothing of what it is given but ``__array__``, as numpy does, so the caller tells which of them it is.

    Raises
    ------
    TypeError
        If pandas is making a frame or series of `value` alone.
    """
    frame: FrameType | None = sys._getframe(2)
    while frame is not None and str(frame.f_globals.get("__name__")).startswith("pandas."):
        is_constructor = frame.f_code.co_name == "__init__" and frame.f_globals["__name__"] in _CONSTRUCTORS
        if is_constructor and frame.f_locals.get("data") is value:
            kind = type(frame.f_locals["self"]).__name__
            raise TypeError(
                f"pd.{kind} of a lazy {type(value).__name__} would lose its labels: "
                f"use .to_pandas() for its value, or md.{kind} to stay lazy"
            )
        frame = frame.f_back
