"""``series.str``: what Polars has alike, and the other methods by pandas itself."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd
import polars as pl

from mars_nb.graph.node import Node
from mars_nb.graph.structure import leaves
from mars_nb.planner.columnar.batches import by_pandas, with_gaps
from mars_nb.planner.columnar.dtypes import is_text
from mars_nb.planner.columnar.fullness import is_full
from mars_nb.planner.columnar.rules.arithmetic import truth
from mars_nb.planner.columnar.translate import Step, rule
from mars_nb.planner.columnar.values import NotColumnar, Series, Value, derived

_TEXTS = (
    "lower upper title capitalize swapcase casefold strip lstrip rstrip replace pad center ljust rjust zfill slice "
    "slice_replace repeat removeprefix removesuffix normalize translate wrap extract"
)
_TESTS = (
    "contains match fullmatch startswith endswith isalnum isalpha isascii isdecimal isdigit islower isnumeric isspace "
    "istitle isupper"
)
_NUMBERS = "len count find rfind index rindex"
INT = np.dtype("int64")
#: Patterns of which the regular expressions of pandas and Polars think the same.
_PLAIN_PATTERN = re.compile(r"\^?([A-Za-z0-9 _,:;@/%'\"<>=~&#!-]|\.\*|\.\+|\.|\|)*")


def texts(step: Step) -> Series:
    """Give the series that ``str`` is looked up on."""
    base = step.base
    if not isinstance(base, Series) or not is_text(base.column.dtype):
        raise NotColumnar("texts of another dtype")
    return base


def constants(step: Step) -> None:
    """Refuse arguments that go with rows.

    Raises
    ------
    NotColumnar
        If there are such.
    """
    for leaf in leaves((step.node.args[1:], step.node.kwargs)):
        if isinstance(leaf, Node) or not (leaf is None or pd.api.types.is_scalar(leaf) or isinstance(leaf, re.Pattern)):
            raise NotColumnar("arguments that go with rows")


@rule(*(f"str.{name}" for name in f"{_TEXTS} {_TESTS} {_NUMBERS}".split()))
def by_row(step: Step) -> Value:
    """A method of texts, by pandas itself."""
    base = texts(step)
    constants(step)
    if any(isinstance(leaf, list) for leaf in (step.calls[-1].args if step.calls[-1] else ())):
        raise NotColumnar("arguments that go with rows")
    if step.node.op.name.removeprefix("str.") not in _NUMBERS.split():
        return step.series(base, by_pandas(step.node, step.dtype, {step.node.args[0]: base.column}))
    full = is_full(step.translation, base.relation, base.column)
    return step.series(base, by_pandas(step.node, INT, {step.node.args[0]: base.column}, full))


@rule("str.contains")
def contains(step: Step) -> Value:
    """``series.str.contains("a")``."""
    base = texts(step)
    constants(step)
    given = step.arguments("pat", "case", "flags", "na", "regex", case=True, flags=0, na=False, regex=True)
    pattern, case, flags, _, regex = given
    literal = not regex or (isinstance(pattern, str) and re.escape(pattern) == pattern)
    if not isinstance(pattern, str) or not case or flags or not (literal or _PLAIN_PATTERN.fullmatch(pattern)):
        return by_row(step)
    found = base.column.expr.str.contains(pattern, literal=literal)
    return step.series(base, truth(found, base.column))


@rule("str.startswith", "str.endswith")
def ends(step: Step) -> Value:
    """``series.str.startswith("a")``, or one of several."""
    base = texts(step)
    pattern, _ = step.arguments("pat", "na", na=False)
    patterns = pattern if isinstance(pattern, tuple) else (pattern,)
    if not patterns or not all(isinstance(one, str) for one in patterns):
        raise NotColumnar("arguments")
    names = {"startswith": "starts_with", "endswith": "ends_with"}
    name = names[step.node.op.name.removeprefix("str.")]
    tests = [getattr(base.column.expr.str, name)(pl.lit(one)) for one in patterns]
    return step.series(base, truth(tests[0] if len(tests) == 1 else pl.any_horizontal(tests), base.column))


@rule("str.len")
def length(step: Step) -> Value:
    """``series.str.len()``."""
    base = texts(step)
    step.arguments()
    found = derived(base.column.expr.str.len_chars().cast(pl.Int64), INT, base.column)
    return step.series(base, found if is_full(step.translation, base.relation, base.column) else with_gaps(found))


@rule("str.slice", "str.__getitem__", "str.get")
def sliced(step: Step) -> Value:
    """``series.str[:2]``, ``series.str[0]``."""
    constants(step)
    base = texts(step)
    call = step.calls[-1]
    key: Any = None
    if step.node.op.name == "str.slice":
        key = slice(*step.arguments("start", "stop", "step"))
    elif call is not None and len(call.args) == 1:
        key = call.args[0]
    if isinstance(key, slice) and key.step in (None, 1) and _is_count(key.start) and _is_count(key.stop):
        start = key.start or 0
        count = None if key.stop is None else max(key.stop - start, 0)
        return step.series(base, derived(base.column.expr.str.slice(start, count), base.column.dtype, base.column))
    return step.series(base, by_pandas(step.node, step.dtype, {step.node.args[0]: base.column}))


def _is_count(value: Any) -> bool:
    return value is None or (type(value) is int and value >= 0)


@rule("str.cat")
def put_together(step: Step) -> Value:
    """``series.str.cat(other, sep="-")``."""
    others, sep, *_ = step.arguments("others", "sep", "na_rep", "join", na_rep=None, join="left")
    base, other = texts(step), step.value(others)
    if not isinstance(other, Series) or not is_text(other.column.dtype) or not isinstance(sep, str | None):
        raise NotColumnar("arguments")
    if any(value not in (None, "left") for value in _):
        raise NotColumnar("arguments")
    base, other = step.together(base, other)
    left, right = base.column, other.column
    return step.series(base, derived(left.expr + pl.lit(sep or "") + right.expr, left.dtype, left, right))
