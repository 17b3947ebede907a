"""What goes row by row, in the columnar engine: operators, methods, functions of numpy, columns chosen and assigned."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from columnar_tools import answers
from nasty import X, check, check_all, groups, lines

LINES = r"""
x.i.between(1,3)
x.f.between(0,3,inclusive="neither")
x.i.isin([1,2])
x.f.isin([1.5,0,3])
x.f.where(x.i>0)
x.i.where(x.i>0)
x.i.where(x.i>0,0)
x.f.where(x.i>0,x.g)
x.f.mask(x.i>0,1)
x.b.where(x.i>0)
x.i.where(x.k>0,x.k)
x[["i","f"]].where(x[["i","f"]]>0)
x[["i","k"]].where(x[["i","k"]]>0,0)
x.f.fillna(0)
x.f.fillna(x.g)
x.f.fillna(x.g.mean())
x[["f","g","i"]].fillna(1.5)
x.fillna({"f":1,"s":"b"})
x.isna()
md.isna(x.f)
x.dropna()
x.dropna(subset=["f","s"],how="all")
x.f.dropna()
x.f.clip(0,2)
x.i.clip(lower=2)
x.i.clip(3,1)
x[["i","f"]].clip(-1,1)
x.f.round(1)
x.f.round()
x.round(1)
x.i.abs()
x.j.abs()
x.i.astype("float32")
x.i.astype(str)
x.b.astype(str)
x.f.astype(str)
x.j.astype("int8")
x.f.astype(bool)
x.f.fillna(0).clip(-9,9).astype(int)
x.b.astype(int)
x.astype({"i":"float64","k":"int64"})
np.sqrt(x.i.abs())
np.log(x.f.abs()+1)
np.floor(x.f)
np.isnan(x.f)
np.maximum(x.f,x.g)
np.maximum(x.i,2)
np.exp(x.e)
np.sign(x.k)
x.i.add(1)
x.f.radd(1)
x.f.rsub(x.g)
x.i.rtruediv(2)
x.i.div(x.f)
x.i//3
x.i%3
x.f//2
x.f%x.g
x.f//x.g
x.i**2
x.f**2
x.f**0.5
x.f**x.g
2**x.f
x.i.pow(2)
x.b+x.i
x.b*x.f
x.e==0.1
x.e>np.float64(0.1)
x.j==float(2**53)
x.j>x.f
x.j==x.w
x.j > x.w
x.i / 3
x.f / 7
x.f / 4
x.f / x.g.max()
7 / x.f
x.assign(q=3.0).f / 3
x.i.eq(1)
x.i.gt(x.f)
x.i&1
x.b&(x.i>0)
x.b|x.c
x.b^x.c
~x.b
~x.i
-x.u
x.i.map({1:10,2:20})
x.i.map({1:"a",2:"b"})
x.i.map({1:True,2:False})
x.i.replace({1:10,2:20})
x.f.replace(1.5,9)
x.i.replace([1,2],0)
x[["i","f"]]>x[["i","f"]]
x[["i","f"]]+x[["i","f"]]
x[["i","f"]]*2
x.f/x.f.sum()
x.i-x.i.mean()
x.i>x.i.mean()
x.i.sum()/x.k.sum()
x.filter(items=["i","f"])
x.filter(like="s")
x.filter(regex="^[a-d]$")
x.loc[:, "i":"k"]
x.loc[x.i>0, ["i","s"]]
x.loc[x.i>0, "i":"k"]
x.loc[x.i>0, "f"]
x.iloc[:, [0,2]]
x.iloc[:, 0]
x.iloc[:, 1:3]
x.add_prefix("q_")
x.add_suffix("_q")
x[["i","f"]].set_axis(["a","b"],axis=1)
x.rename(columns=str.upper)
x.rename(columns={"i":"I"})
x.i.rename("zz")
x.i.rename(("a",1))
x.i.to_frame()
x.i.to_frame("q")
x.drop(columns=["i","f"])
x.drop("i",axis=1)
x.drop(["i"],axis="columns")
x.get("i")
x.reindex(columns=["f","i"])
x.assign(q=1,r="a",t2=pd.Timestamp("2020-01-01"),n=1.5,o=True)
x.assign(q=x.i.sum())
x.assign(q=lambda q: q.i+q.f, r=lambda q: q.q*2)
x[x.columns[:2]]
x[["i"]]
x.assign(q=np.where(x.i>0,x.f,0))
x.assign(q=np.where(x.i>0,"a","b"))
x.assign(q=np.select([x.i>0,x.i<0],[1,2],0))
x.i.case_when([(x.i>1,0)])
x.dropna(ignore_index=True)
x[["i","j"]].isin([1,2])
x.i.mod(3)
x.i.floordiv(-2)
x.i//0
x.i.divide(2)
x.i.ne(x.k)
x.f.pow(2)
x.u.rpow(2)
x.i.rsub(1)
np.add(x.i,1)
np.logical_and(x.b,x.c)
np.power(x.f,2)
np.round(x.f,1)
x.i.pipe(lambda s: s+1)
x.i.between(x.k,3)
x.i.between(x.i.min(),x.i.mean())
x.f.isna().sum()
x.f.notnull().mean()
x.b.mean()
x.f.where(x.f.notna(), x.g.median())
x.i.mask(x.i>0,-1).sum()
x.i.abs().max()-x.i.min()
x.assign(y=x.i*2).query("y > 2 and f < 3")
x.query("i > 1")
x.query("i > 1 & s == 'ab'")
x.query("s in ['ab','12'] or not b")
x.query("f*2 + i > k")
x.query("1 < i < 4")
x.query("t > '2000-01-01'")
x.query("i == [1,2]")
x.query("s not in ('ab','12')")
x.query("~b and i % 2 == 1")
x.query("i // 2 == 1")
x.query("k/i > 1")
x.query("f == f")
x.query("e > 0.1")
x.eval("i + f")
x.eval("i*k - 1 > u")
x.f.replace(np.nan,0)
x.f.replace([np.inf,-np.inf],np.nan)
x.replace([np.inf,-np.inf],np.nan)
x[["i","s","f"]].replace(1.5,2.5)
x.f.combine_first(x.g)
x.i.combine_first(x.i)
x.f.isin([np.nan,1.5])
md.to_numeric(x.i)
x.i.clip(upper=x.i.abs())
x.f.clip(lower=x.g)
x.f.clip(x.g,3)
x.j + 1
x.j * 3
x.j - x.i
x.w + 1
x.w * x.w
x.u + x.h
x.h * x.h
x.k / x.h
x.h ** 2
x.u - x.u
x.e + x.f
x.e * 0.1
x.e + x.i
x.j / 3
x.j // 7
x.j % 7
x.h // 3
x.u % 7
x.i < x.u
x.w > 5
x.w == 2**64 - 1
x.j == 2**53 + 1
x.j > 2.0**53
x.e < x.f
x.f == x.i
x.b == True
x.b != x.c
x.b + 1
x.b * 2
x.b * x.i
x.b - 1.5
x.j.astype("float32")
x.f.astype("float32")
x.w.astype("int64")
x.u.astype("int8")
x.j.astype("int32")
x.h.astype(bool)
x.b.astype("float32")
x.g.fillna(3).astype("int64")
x[["i", "f"]].fillna({"f": 2})
x[["f", "g"]].fillna(0).sum()
x[["i", "j"]].where(x[["i", "j"]] > 0, 7)
x[["f", "e"]].mask(x[["f", "e"]] > 0)
x[["f"]].isna().sum()
x.f.clip(upper=2.0)
x.h.clip(-5, 5)
x.e.clip(0, 1)
x.i.isin([])
x.f.isin([np.inf, -0.0])
x.b.isin([True])
x.u.isin([250, 1])
x.f.between(x.g, 3)
x[x.f.between(0, 3) & ~x.b].g
x.i.map({1: 0.5, 2: 1})
x.b.map({True: 1, False: 0})
x.f.map({1.5: 1, 3.0: 2})
x.dropna(subset="f").f
x.dropna(subset=["f", "g"], how="any")
x[["f", "g"]].dropna(how="all", ignore_index=True)
np.sin(x.f.clip(-9, 9))
np.log1p(x.i.abs())
np.isfinite(x.f)
np.hypot(x.i, x.k)
np.minimum(x.f, 1.0)
np.sqrt(x[["i", "k"]].abs())
x[["i", "k"]].abs()
x[["i", "f"]].round()
-x[["i", "f"]]
~x[["b", "c"]]
x.f / x.f.max()
x.i / (x.i.sum() + 0.5)
x.i.sum() - x.k.max()
x.i > x.f.mean()
x.g - x.g.mean()
x.g.fillna(x.g.median())
x.f.where(x.b, x.g.max())
x.assign(q=x.i * 2, r=lambda a: a.q + 1)
x.assign(b=1.5)
x.assign(n=np.nan)
x.assign(n=7)
x.assign(q=np.where(x.i > 0, x.e, 0.1))
x.assign(q=np.where(x.f > 0, x.s, "q"))
x.assign(q=np.where(x.b, np.nan, 1))
x.assign(q=np.where(x.b, True, x.c))
x.f * np.where(x.b, 1, -1)
x[x.b & x.c]
x.u > -1
x.u < 300
x.i < 2**70
x.w > -1
x.i == 2**64
x.h == 128
x.b > x.c
x.b == 1
x[["i","s"]] == 1
x.f == None
x.f + np.nan
x.i + np.int64(5)
x.e * np.float64(0.1)
x.i * np.float32(0.1)
x.f - np.int8(3)
x.i + x.b
x.i - True
x.b & True
x.b | (x.f > 0)
x.i.mul(x.f).sub(1).div(x.k)
x.f.floordiv(2)
x.f.mod(x.g)
x.i.le(x.f)
x[["i","f"]].add(1)
x[["i","f"]].gt(0)
x[["i","f"]].div(x[["i","f"]])
x[["f","g"]].rsub(1)
x[["f","g"]] * x.f.sum()
x.f.sub(x.f.mean()).div(x.f.std())
x.i.to_frame().rename(columns={"i":"q"}).q
x.f.where(x.f > 0, other=-x.f)
x.i.abs().astype("float64").pow(0.5)
x.assign(q=x.i > 0).query("q")
x.assign(a=1).assign(b=lambda v: v.a + 1)
x.loc[(x.i > 0) & x.s.notna(), ["i", "s"]]
x.iloc[:, :3].sum()
x.iloc[:, [0, -1]]
x[x.i.isin({1, 2})]
x[x.i.isin(np.array([1, 2]))]
x[x.i.isin(pd.Series([1, 2]))]
x[x.s.isin(pd.Index(["ab", "12"]))]
x[~x.s.isin(["ab"])]
x.i.isin(range(3))
x.f.isin((0, 1.5))
x.i.replace(to_replace=1, value=5)
x.i.map({0: "zero"}).fillna("other")
x.groupby("b").f.sum().round(1)
x.groupby("b")[["f","i"]].sum().assign(q=lambda v: v.f / v.i)
x.groupby(x.i > 0).f.mean().rename("q")
x.i.eq(1).sum()
(x.i > 0).mean()
(x.f > 0).astype(int).sum()
x.i.pipe(np.sqrt)
np.abs(x.f)
np.exp(x.i/10)
np.log10(x.i.abs()+1)
np.fmax(x.f,x.g)
np.ceil(x.f)
np.trunc(x.f)
np.rint(x.f)
np.isinf(x.f)
np.mod(x.i,3)
np.float64(3)*x.f
1 - x.b.astype(int)
x.mean(numeric_only=True)
"""

#: Lines that are left to pandas, and a part of the reason.
REFUSED = r"""
x.i // x.k: zeros
7 % x.i: zeros
x.i.where(x.b, 0.5): beside
x.i.mask(x.b, x.f): beside
x.i.where(x.b, "a"): beside
x.e.fillna(0.1): beside
x.i.clip(0.5): beside
x.i.isin([1.0]): another kind
x.i.isin([1, None]): missing
x.map({1: 2}): series
x.i.map(lambda n: n + 1): user
x.i.replace({1: "a"}): beside
x.i + x.i[x.b]: aligned
x[["i"]] + x.i: aligned
x.i.add(1, fill_value=0): fill_value
x.query("i ** 2 > 1"): more than
x.query("s.str.len() > 1"): more than
x.f.fillna({1: 2}): dict
"""


@pytest.mark.parametrize("group", groups(LINES), ids=lambda group: group[0])
def test_lines(group: list[str]) -> None:
    check_all(group)


@pytest.mark.parametrize("line", lines(REFUSED))
def test_left_to_pandas(line: str) -> None:
    line, reason = line.rsplit(": ", 1)
    check(line, refused=reason)


#: Lines on a left join, whose integers and booleans have gaps, or none.
GAPS = r"""
x.fillna({"n": 0})
x.n.fillna(0)
x.n.fillna(0).astype(int)
x.fillna({"n": 0, "w": False})[["n", "w"]]
x.n.fillna(0) * 1.5
x.n.fillna(0) > 3
x.n.fillna(-1).isin([7, -1])
x[x.n > 7]
x[x.n.fillna(0) > 0].n
x.n + 0.5
x.m + 1
x.m * x.m - x.m
x.n / 2
x.n.isna()
x[x.n.notna()].n.astype(int)
x.dropna().n
x.n == 7
x.n.where(x.v > 1)
x.n.mask(x.v > 1)
x.n.isin([7])
x.n.between(1, 8)
x.m.astype("float32")
"""


@pytest.mark.parametrize("rows", [3, 2])
@pytest.mark.parametrize("line", lines(GAPS))
def test_gaps(line: str, rows: int) -> None:
    left = pd.DataFrame({"k": [1, 2, 3], "v": [1.0, 2.0, 3.0]})
    right = pd.DataFrame(
        {"k": [1, 2, 3], "n": [7, 8, 9], "w": [True, False, True], "m": np.array([1, 2, 3], "int32"), "s": list("abc")}
    )[:rows]
    answers(lambda _, a, b: eval(line, {"x": a.merge(b, on="k", how="left")}), left, right, parquet=False)


STATEMENTS = r"""
x["q"] = 1
x["i"] = x.i * 2
x["q"] = x.f + x.g
x["q"] = np.nan
x[["i", "f"]] = 0
x[["i", "f"]] = x[["f", "i"]]
x.insert(1, "q", x.i)
del x["f"]
x.columns = [f"c{n}" for n in range(len(x.columns))]
x.loc[x.i > 0, "f"] = 0
x.loc[x.i > 0, "i"] = x.k.astype("int64")
x.loc[x.f.isna(), ["f", "g"]] = -1
x.loc[:, "q"] = x.i
x["i"] += 1
x["f"] = x.f.fillna(0)
x.fillna({"f": 0}, inplace=True)
x["q"] = np.select([x.i > 2, x.i < 0], ["high", "low"], "middle")
x["q"] = x.i.where(x.i > 0)
"""


@pytest.mark.parametrize("statement", lines(STATEMENTS))
def test_statements(statement: str) -> None:
    """What is put into a frame."""

    def program(library: Any, x: Any) -> Any:
        names = {"np": np, "x": x}
        exec(statement, names)
        return names["x"]

    answers(program, X)


def test_expressions_that_double() -> None:
    """What is made of itself several times, again and again, is computed in between."""

    def program(_: Any, x: Any) -> Any:
        found = x.f
        for i in range(30):
            found = found.where(found > i / 10, found + 1)
        return found

    answers(program, X)


def test_branches_keep_long_integers() -> None:
    """In a branch, Polars makes null what the other one is for: that must not turn integers into floats."""
    answers(lambda _, x: x.assign(q=np.where(x.b, x.j**2, 0)), X)
    answers(lambda _, x: (x.j**2).where(x.b, 0), X)
