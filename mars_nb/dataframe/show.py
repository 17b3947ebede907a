"""Drawing executed frames as pandas would, reading no more rows than are drawn."""

from __future__ import annotations

from typing import Any

import pandas as pd


def _edges(shown: Any) -> tuple[Any, int | None]:
    """Read the rows that are drawn.

    Returns
    -------
    tuple
        The rows, and how many of them to draw; None for all. Where some are left out one row more is read, which pandas
        draws as dots.
    """
    rows = shown.shape[0]
    most = pd.get_option("display.max_rows")
    if not most or rows <= most:
        return shown.read(slice(0, rows)), None
    drawn = min(most, pd.get_option("display.min_rows") or most)
    half = drawn // 2
    return pd.concat([shown.read(slice(0, half + 1)), shown.read(slice(rows - half, rows))]), drawn


def show(shown: Any, sample: Any) -> str:
    """Draw as text."""
    if isinstance(sample, pd.Index):
        return repr(shown.read())
    value, drawn = _edges(shown)
    if drawn is None:
        return repr(value)
    with pd.option_context("display.max_rows", drawn, "display.min_rows", drawn, "display.show_dimensions", False):
        text = repr(value)
    if isinstance(value, pd.DataFrame):
        return f"{text}\n\n[{shown.shape[0]} rows x {value.shape[1]} columns]"
    body, _, last = text.rpartition("\n")
    name = "" if value.name is None else f"Name: {value.name}, "
    footer = f"{name}Length: {shown.shape[0]}, dtype: {value.dtype}"
    return f"{body}\n{footer}" if "dtype: " in last else f"{text}\n{footer}"


def show_html(shown: Any, sample: Any) -> str:
    """Draw a data frame as HTML."""
    value, drawn = _edges(shown)
    if drawn is None:
        return str(value._repr_html_())
    with pd.option_context("display.max_rows", drawn, "display.min_rows", drawn, "display.show_dimensions", False):
        table = str(value._repr_html_())
    dimensions = f"<p>{shown.shape[0]} rows × {value.shape[1]} columns</p>\n"
    head, end, tail = table.rpartition("</div>")
    return f"{head}{dimensions}{end}{tail}"
