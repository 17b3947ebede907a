"""Reductions in the columnar engine: numbers of series, series and tables of frames."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from columnar_tools import answers
from test_groups import FRAME, NUMBERS, program

LINES = """
df.sum(numeric_only=True)
df[["f", "k", "w"]].mean()
df[["k", "w"]].sum()
df[["f", "u"]].max()
df[["d", "d"]].max()
df.count()
df.nunique()
df.nunique(dropna=False)
df[["f", "k", "b"]].std()
df[["f", "k"]].var(ddof=0)
df[["f", "k"]].median()
df[["f", "k"]].quantile(0.3)
df[["f", "b", "k"]].any()
df[["f", "b", "k"]].all()
df[["f", "k"]].idxmax()
df[["f", "k"]].agg("sum")
df[["f", "k"]].agg(["sum", "mean", "nunique"])
df.agg({"f": "sum", "w": "max"})
df.agg({"f": ["sum", "min"], "k": ["max"]})
df.f.agg(["sum", "std"])
df.k.agg("mean")
df.f.idxmin()
df.s.idxmax()
df.f.nunique(dropna=False)
df.f.sum(min_count=3)
df.f.std(ddof=0)
df.f.quantile(1)
df.w.sum()
df.u.prod()
df[df.f > df.f.mean()]
df.f - df.f.max()
df[df.k == df.k.min()].k
(df.f * 2).sum()
df[df.b].f.mean()
df.sort_values("k").f.sum()
"""


@pytest.mark.parametrize("line", LINES.strip().splitlines())
def test_lines(line: str) -> None:
    answers(program(line), FRAME, parquet=False)


ORDERED = ["min", "max", "count", "nunique"]
ROWS = {
    "rows": FRAME,
    "one row": FRAME.iloc[:1],
    "empty": FRAME.iloc[:0],
    "labels": FRAME.set_index(pd.Index(list("abcdefghij"), name="label")),
    "missing": FRAME.assign(f=np.nan, s=pd.Series([None] * 10, dtype="str"), d=pd.NaT),
}


@pytest.mark.parametrize("rows", ROWS)
@pytest.mark.parametrize(("column", "names"), [
    *((column, NUMBERS) for column in "fbiuw"),
    *((column, ORDERED) for column in "sdz"),
    ("t", [*ORDERED, "sum"]),
])  # fmt: skip
def test_numbers(rows: str, column: str, names: list[str]) -> None:
    frame = ROWS[rows]
    names = [name for name in names if len(frame) or name not in ("min", "max")]

    def each(library: Any, df: Any) -> Any:
        return tuple(getattr(df[column], name)() for name in names)

    reasons = answers(each, frame, parquet=rows == "rows")
    reasons.pop("data", None)
    assert not reasons


@pytest.mark.parametrize("name", ["min", "max", "idxmin", "idxmax"])
def test_nothing_of_integers(name: str) -> None:
    """pandas says NaN, or that there is none: the engine finds that out when it runs."""
    answers(lambda pd, df: getattr(df[df.k > 100].w, name)(), FRAME, fallback=True)
    answers(lambda pd, df: getattr(df[df.k > 100][["w", "k"]], name)(), FRAME, fallback=True)


@pytest.mark.parametrize(("line", "why"), [
    ("df.sum(axis=1, numeric_only=True)", "a reduction of rows"),
    ("df.f.sum(skipna=False)", "argument skipna="),
    ("df.d.mean()", "mean of datetime"),
    ("df.f.agg(lambda x: x)", "a function of the user's"),
    ("df.f.agg(['sum', 'skew'])", "aggregation 'skew'"),
    ("df.agg({'f': ['sum', np.ptp], 'k': ['sum']})", "a function of the user's"),
    ("df.w.sum(min_count=20)", "argument min_count="),
    ("df[['b', 'k']].max()", "dtype object"),
    ("df.set_index(['k', 's']).f.idxmax()", "with these labels"),
])  # fmt: skip
def test_refused(line: str, why: str) -> None:
    answers(program(line), FRAME, refused=why)


def test_numbers_of_python() -> None:
    """pandas gives an ``int`` for some and numpy's for others."""

    def types(library: Any, df: Any) -> Any:
        return df.k.nunique(), df.k.count(), df.f.idxmax(), df.s.max(), df.d.min(), df.b.any()

    def told(library: Any, df: Any) -> list[Any]:
        return [type(x.execute().fetch() if hasattr(x, "execute") else x).__name__ for x in types(library, df)]

    answers(told, FRAME)
