"""``series.str`` in the columnar engine."""

from __future__ import annotations

import pytest
from nasty import check, check_all, groups, lines

LINES = r"""
x.s.str.startswith("a")
x.s.str.endswith(("b","c"))
x.s.str.contains("a.b", regex=False)
x.s.str.contains("a.*b")
x.s.str.contains("A", case=False)
x.s.str[:2]
x.s.str[1:]
x.s.str[-2:]
x.s.str[0]
x.s.str.len()
x.s.str.upper()
x.s.isin(["ab","12"])
x.s.where(x.i>0,"q")
x.s.fillna("zz")
x.s.notna()
x.s+x.p
x.s+"q"
"q"+x.s
x.s*2
x.s.map({"ab":1.5,"":2})
x.s.replace({"ab":"cd"})
x.t.dt.strftime("%Y/%m")
x.s.str.len()>2
x.s.str.len()+0.5
x.s.str.strip()
x.s.str.lower().str.title()
x.s.str.replace("a","q")
x.s.str.replace("a.","q",regex=True)
x.s.str.zfill(5)
x.s.str.pad(5,side="both",fillchar="*")
x.s.str.find("b")
x.s.str.count("b")
x.s.str.isdigit()
x.s.str.isalpha()
x.s.str.match("a")
x.s.str.fullmatch("ab")
x.s.str.extract("(a)",expand=False)
x.s.str.get(1)
x.s.str.repeat(2)
x.s.str.removeprefix("a")
x.s.str.slice(0,1)
x.s.str.slice(start=-1)
x.s.str[::2]
x.s.str[-1]
x.s.str.cat(x.p,sep="-")
x.s.str.startswith("x", na=False)
x.s.str.contains("a|b")
x.s.str.contains("^a")
x.s.str.contains("b$")
x.s.str.contains("[ab]")
x.s.str.contains("a", na=False)
x.s.str.contains("é")
x.s.str.normalize("NFD")
x.s.str.capitalize().str.swapcase()
x.s.str.center(9)
x.s.str.lstrip("a")
x.s>"a"
x.s==x.p
x.s!="ab"
x.s<x.p
x[x.s.str.contains("b")].i
x.select_dtypes("number")
x.select_dtypes(include="bool")
x.s.replace("ab","cd")
x.s.isin([None,"ab"])
x.s.str.casefold()
x.s.str.rjust(6, "-")
x.s.str.slice_replace(0, 1, "!")
x.s.str.translate({97: "b"})
x.s.str.contains("b x", regex=False)
x.s.str.contains("a b|12")
x.s.str.contains("^a.*b$")
x.s.str.startswith("")
x.s.str.contains("")
x.s.str[5:2]
x.s.str[:0]
x.s.str.len() / 2
x.s.str.rfind("a")
(x.s.str.len() * 1.5).sum()
x[x.s.str.len() > 2].s.str.upper()
x.s.where(x.s.str.len() > 1, x.p)
x.s.fillna(x.p)
x.s.isin([])
x.s.str.removesuffix("b")
x.s.str.ljust(4)
x.s.str.contains("ab", case=False, regex=False)
x.y.dt.strftime("%Y")+x.s
x.groupby(x.s.str.len() > 1).i.sum()
x.groupby(x.s.str[:1]).i.count()
x.s.str.len().fillna(0)
"""

#: Lines that are left to pandas, and a part of the reason.
REFUSED = r"""
x.p.str.split(","): no columnar
x.s.str.cat(): arguments
x.s.str.repeat([2] * 24): arguments
x.s.str.extract("(a)(b)"): dtype
"""


@pytest.mark.parametrize("group", groups(LINES), ids=lambda group: group[0])
def test_lines(group: list[str]) -> None:
    check_all(group)


@pytest.mark.parametrize("line", lines(REFUSED))
def test_left_to_pandas(line: str) -> None:
    line, reason = line.rsplit(": ", 1)
    check(line, refused=reason)
