"""Rows sorted, chosen by position, freed of duplicates, labelled and stacked, in the columnar engine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from columnar_tools import answers

A = pd.DataFrame(
    {
        "k": [3, 1, 3, 2, 9, 1, 3, 2],
        "u": np.array([3, 255, 0, 2, 9, 1, 3, 0], "u1"),
        "f": [0.5, np.nan, -0.0, 0.0, 7.0, np.nan, np.inf, -np.inf],
        "t": ["b", None, "a", "b", "é", "", "a", None],
        "d": pd.to_datetime(
            ["2020-01-02", None, "2020-01-01", "2020-01-02", "2021-05-05", None, "2019-01-01", "2020-01-01"]
        ),
        "b": [True, False, True, True, False, False, True, False],
    }
)
B = A.iloc[[2, 5, 1]].assign(k=[7, 1, 2], f=1.0).reset_index(drop=True)
C = A[["t", "f", "k"]].astype({"f": "float32", "k": "int32"}).iloc[:2]

LINES = """
a.sort_values("k", kind="stable")
a.sort_values("f", ascending=False)
a.sort_values(["b", "t"], ascending=[False, True], na_position="first")
a.sort_values("d", na_position="first", ignore_index=True)
a.sort_values("t", ascending=False, kind="stable")
a.sort_values("u").sort_values("b")
a.f.sort_values()
a.t.sort_values(ascending=False, na_position="first", ignore_index=True)
a.groupby(["b", "k"]).u.sum().sort_values()
a.groupby(["b", "k"])[["u"]].sum().sort_values("k")
a.sort_index(ascending=False)
a.sort_values("f").sort_index()
a.set_index("t").sort_index()
a.set_index("d").sort_index(ascending=False, na_position="first")
a.set_index(["b", "k"]).sort_index()
a.set_index(["t", "k"]).sort_index(ascending=[False, True])
a.nlargest(3, "k")
a.nlargest(7, "f")
a.nsmallest(7, "f")
a.nsmallest(2, ["k", "f"])
a.nlargest(3, ["u", "k"])
a.nlargest(100, "f")
a.k.nlargest(3)
a.f.nsmallest()
a.d.nlargest(7)
a.u.nsmallest(5)
a.k.nlargest(0)
a.head(3)
a.head(-3)
a.head(0)
a.head(100)
a.tail(3)
a.tail(-3)
a.tail(0)
a.tail(100)
a.k.head(2)
a.k.tail()
a.sort_values("f").head(3)
a.sort_values("f").tail(2).k
a[a.k > 1].head(2)
a.iloc[:3]
a.iloc[2:5]
a.iloc[-3:]
a.iloc[:-6]
a.iloc[2:-2]
a.iloc[-5:-2]
a.iloc[5:2]
a.iloc[1:3, 0]
a.iloc[:, 1:3].head(2)
a.iloc[1:, [2, 0]]
a.k.iloc[3:5]
a.drop_duplicates("k")
a.drop_duplicates(["k", "b"], keep="last")
a.drop_duplicates("f", keep=False)
a[["b", "t"]].drop_duplicates()
a[["f"]].drop_duplicates(ignore_index=True)
a.drop_duplicates(subset=["d"], keep="last").k.sum()
a.k.drop_duplicates()
a.t.drop_duplicates(keep="last")
a.t.drop_duplicates(keep=False, ignore_index=True)
a.duplicated("k")
a.duplicated(["k", "b"], keep="last")
a.f.duplicated(keep=False)
a[["f", "d"]].duplicated()
a[~a.duplicated("t")]
a.sort_values("f")[["k"]].duplicated()
a.assign(again=a.t.duplicated()).sort_values("k", kind="stable")
a.sort_values("f").reset_index()
a.sort_values("f").reset_index(drop=True)
a.set_index(["t", "k"]).reset_index().sort_values("u")
a.set_index(["t", "k"]).reset_index(level="t").sort_values("u")
a.set_index(["t", "k"]).reset_index(level=["k"], drop=True).sort_values("u")
a.groupby("k").u.sum().reset_index(name="total")
a.groupby(["k", "b"])[["u"]].sum().reset_index(names=["one", "two"])
a.set_index("d").sort_values("u")
a.set_index("k", drop=False).head(3)
a.set_index("k").rename_axis("z").sort_values("f")
a.set_index(["k", "t"]).rename_axis(["z", None]).sort_values("f")
a.rename_axis("z").sort_values("f")
a.k.sort_values(kind="stable").to_frame()
a.k.sort_values(kind="stable").to_frame("z")
pd.concat([a, b])
pd.concat([a, b], ignore_index=True)
pd.concat([a, a[a.k > 1]]).sort_values("f", kind="stable")
pd.concat([a[["t", "f", "k"]], c])
pd.concat([c, a[["k", "t", "f"]]], ignore_index=True)
pd.concat([a.k, b.k])
pd.concat([a.k, b.u])
pd.concat([a.f, b.f], ignore_index=True).sum()
pd.concat([a.groupby("k").f.sum(), b.groupby("k").f.sum()])
a.groupby("k")[["u"]].sum().tail(2)
pd.concat([a, b, a]).groupby("t").u.sum()
pd.concat([a.k, a.f], axis=1).sort_values("f")
pd.concat([a[a.k < 0], b])
pd.concat([a.merge(b[["k"]], on="k", how="left"), a]).head(9)
""".strip().splitlines()


@pytest.mark.parametrize("line", LINES)
def test_lines(line: str) -> None:
    answers(eval(f"lambda pd, a, b, c: {line}"), A, B, C)


@pytest.mark.parametrize("line", ["a.sort_values('k')", "a.drop_duplicates('k')", "a.tail(2)", "pd.concat([a, a])"])
def test_no_rows(line: str) -> None:
    answers(eval(f"lambda pd, a: {line}"), A[:0], parquet=False)


REFUSED: list[tuple[Callable[..., Any], str]] = [
    (lambda pd, a, b, c: a.nlargest(2, "k", keep="last"), "arguments"),
    (lambda pd, a, b, c: a.iloc[::2], "slice"),
    (lambda pd, a, b, c: a.iloc[[1, 2]], "slice"),
    (lambda pd, a, b, c: a.sort_values("f", key=lambda k: -k), "key="),
    (lambda pd, a, b, c: pd.concat([a, b.rename(columns={"k": "z"})]), "columns"),
    (lambda pd, a, b, c: pd.concat([a.k, b.t]), "dtypes"),
    (lambda pd, a, b, c: a.set_index("k", append=True), "labels"),
]


@pytest.mark.parametrize(("line", "why"), REFUSED)
def test_refused(line: Callable[..., Any], why: str) -> None:
    answers(line, A, B, C, refused=why)
