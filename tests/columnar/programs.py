"""Programs of several steps on frames of all kinds of values, for every way of computing them.

A step takes a library, a frame of it and the names of its six columns, and gives such a frame; an end gives anything.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from hypothesis import strategies as st


class Names(NamedTuple):
    """The labels of the columns: keys, small unsigned integers, floats, texts, booleans, times."""

    k: Any = "k"
    u: Any = "u"
    x: Any = "x"
    s: Any = "s"
    b: Any = "b"
    t: Any = "t"


Step = Callable[[Any, Any, Names], Any]

#: Labels that are no good names: numbers, nothing, blanks, names of pandas's own.
NAMES = [
    Names(),
    Names(*range(6)),
    Names("index", "level_0", "size", "count", "values", "T"),
    Names("", " a b", "ü", "K", "0", "a.b"),
    Names(1, "u", 3, "s", ("p", "q"), -1),
]


def _set(**changes: Callable[[Any, Names], Any]) -> Step:
    """Make a step that puts values in the place of columns."""

    def step(pd: Any, d: Any, c: Names) -> Any:
        d = d.copy()
        for role, change in changes.items():
            d[getattr(c, role)] = change(d, c)
        return d

    return step


def _ordered(pd: Any, d: Any, c: Names) -> Any:
    return d[list(c)]


STEPS: dict[str, Step] = {
    # rows
    "filter": lambda pd, d, c: d[d[c.k] > 0],
    "filter two": lambda pd, d, c: d[(d[c.x] <= 1) & ~d[c.b] | (d[c.k] == 2)],
    "filter text": lambda pd, d, c: d[d[c.s] >= "b"],
    "filter unlike": lambda pd, d, c: d[d[c.s] != "b"],
    "filter missing": lambda pd, d, c: d[d[c.x].isna() | d[c.t].isna()],
    "filter time": lambda pd, d, c: d[d[c.t] < "2024-01-05"],
    "filter few": lambda pd, d, c: d[d[c.k].isin([1, 2, 77])],
    "filter texts": lambda pd, d, c: d[~d[c.s].isin(["a", "ü"])],
    "filter between": lambda pd, d, c: d[d[c.x].between(-1.25, 3.0)],
    "filter above mean": lambda pd, d, c: d[d[c.x] > d[c.x].mean()],
    "filter prefix": lambda pd, d, c: d[d[c.s].str.startswith("b").fillna(False).astype(bool)],
    "filter none": lambda pd, d, c: d[d[c.k] > 99],
    "loc": lambda pd, d, c: d.loc[d[c.b]],
    "drop missing": lambda pd, d, c: d.dropna(subset=[c.x]),
    "drop any missing": lambda pd, d, c: d.dropna(),
    "head": lambda pd, d, c: d.head(5),
    "tail": lambda pd, d, c: d.tail(4),
    "slice": lambda pd, d, c: d.iloc[2:7],
    "drop duplicates": lambda pd, d, c: d.drop_duplicates([c.k, c.b]),
    "drop equal rows": lambda pd, d, c: d.drop_duplicates(),
    "drop all duplicates": lambda pd, d, c: d.drop_duplicates([c.x, c.s], keep=False),
    "drop last duplicates": lambda pd, d, c: d.drop_duplicates([c.s], keep="last"),
    "sort": lambda pd, d, c: d.sort_values([c.k, c.x], kind="stable"),
    "sort down": lambda pd, d, c: d.sort_values([c.s, c.b], ascending=[False, True], kind="stable"),
    "sort times": lambda pd, d, c: d.sort_values(c.t, na_position="first", kind="stable"),
    "sort labels": lambda pd, d, c: d.sort_index(kind="stable"),
    "largest": lambda pd, d, c: d.nlargest(4, c.x),
    "renumber": lambda pd, d, c: d.reset_index(drop=True),
    "labels": lambda pd, d, c: d.set_index(c.k, drop=False).rename_axis("l"),
    "twice": lambda pd, d, c: pd.concat([d, d]),
    "twice anew": lambda pd, d, c: pd.concat([d, d.head(2)], ignore_index=True),
    # columns
    "columns": lambda pd, d, c: d[[c.t, c.b, c.s, c.x, c.u, c.k]],
    "arithmetic": _set(x=lambda d, c: d[c.x] * 2 + d[c.k] / 4),
    "integers": _set(k=lambda d, c: (d[c.k] * 3 - 1) // 2 % 5),
    "small integers": _set(u=lambda d, c: d[c.u] + d[c.u]),
    "divide": _set(x=lambda d, c: d[c.x] / d[c.k]),
    "powers": _set(x=lambda d, c: (d[c.x].abs() ** 0.5).round(1)),
    "compare": _set(b=lambda d, c: d[c.k] >= d[c.x]),
    "compare texts": _set(b=lambda d, c: d[c.s] == "b"),
    "from least": _set(x=lambda d, c: d[c.x] - d[c.x].min()),
    "fill": _set(x=lambda d, c: d[c.x].fillna(0)),
    "fill text": _set(s=lambda d, c: d[c.s].fillna("none")),
    "where": _set(x=lambda d, c: d[c.x].where(d[c.k] > 0)),
    "where else": _set(k=lambda d, c: d[c.k].where(d[c.b], -7)),
    "mask": _set(x=lambda d, c: d[c.x].mask(d[c.b], 2.5)),
    "numpy where": _set(s=lambda d, c: np.where(d[c.b], "yes", "no")),
    "clip": _set(x=lambda d, c: d[c.x].clip(-1, 1), k=lambda d, c: d[c.k].clip(lower=0)),
    "cast": _set(x=lambda d, c: d[c.k].astype("float64")),
    "cast small": _set(u=lambda d, c: d[c.k].astype("uint8")),
    "constant": _set(x=lambda d, c: 1.5, s=lambda d, c: "b"),
    "negate": _set(b=lambda d, c: ~d[c.b], x=lambda d, c: -d[c.x]),
    "upper": _set(s=lambda d, c: d[c.s].str.upper()),
    "part of text": _set(s=lambda d, c: d[c.s].str[:1]),
    "replace in text": _set(s=lambda d, c: d[c.s].str.replace("b", "c", regex=False)),
    "text lengths": _set(x=lambda d, c: d[c.s].str.len()),
    "contains": _set(x=lambda d, c: d[c.x].where(d[c.s].str.contains("a", regex=False, na=False))),
    "days": _set(x=lambda d, c: d[c.t].dt.dayofweek),
    "months": _set(t=lambda d, c: d[c.t].dt.normalize()),
    "time off": _set(t=lambda d, c: d[c.t] + pd.Timedelta(days=1)),
    "hours": _set(x=lambda d, c: (d[c.t] - d[c.t].min()).dt.total_seconds() / 3600),
    # other rows
    "running": _set(k=lambda d, c: d[c.k].cumsum(), x=lambda d, c: d[c.x].cummax()),
    "running sum": _set(x=lambda d, c: d[c.x].cumsum()),
    "shift": _set(x=lambda d, c: d[c.x].shift(1)),
    "differences": _set(x=lambda d, c: d[c.x].diff()),
    "fill down": _set(x=lambda d, c: d[c.x].ffill(), s=lambda d, c: d[c.s].ffill()),
    "ranks": _set(x=lambda d, c: d[c.x].rank()),
    "rolling": _set(x=lambda d, c: d[c.x].rolling(2, min_periods=1).max()),
    # groups
    "group means": _set(x=lambda d, c: d.groupby(c.k)[c.x].transform("mean")),
    "group maxima": _set(x=lambda d, c: d.groupby([c.b, c.s])[c.x].transform("max")),
    "group sums": _set(k=lambda d, c: d.groupby(c.b)[c.k].cumsum()),
    "group shift": _set(x=lambda d, c: d.groupby(c.s)[c.x].shift()),
    "group numbers": _set(x=lambda d, c: d.groupby(c.b).cumcount()),
    "group heads": lambda pd, d, c: d.groupby(c.s).head(2),
    "groups": lambda pd, d, c: _ordered(pd, d.groupby([c.k, c.s], as_index=False)[[c.u, c.x, c.b, c.t]].max(), c),
    "groups with missing": lambda pd, d, c: _ordered(
        pd, d.groupby([c.s, c.x], as_index=False, dropna=False, sort=False)[[c.k, c.u, c.b, c.t]].min(), c
    ),
    # joins
    "join": lambda pd, d, c: _ordered(
        pd, d[[c.k, c.u, c.x]].merge(d[[c.k, c.s, c.b, c.t]].drop_duplicates([c.k]), on=c.k), c
    ),
    "join left": lambda pd, d, c: _ordered(
        pd, d[[c.k, c.u, c.s]].merge(d[[c.s, c.x, c.b, c.t]].head(3), "left", c.s), c
    ),
    "join two": lambda pd, d, c: _ordered(pd, d[[c.k, c.x, c.s]].merge(d[[c.k, c.x, c.u, c.b, c.t]], on=[c.k, c.x]), c),
    "join right": lambda pd, d, c: _ordered(
        pd, d[[c.t, c.u, c.s]].merge(d[[c.t, c.x, c.b, c.k]].head(4), "right", c.t), c
    ),
    "join outer": lambda pd, d, c: _ordered(
        pd, d[[c.k, c.u, c.s]].merge(d[[c.k, c.x, c.b, c.t]].head(4), "outer", c.k), c
    ),
    "join unlike keys": lambda pd, d, c: _ordered(
        pd, d[[c.k, c.u, c.s]].merge(d[[c.x, c.b, c.t]], left_on=c.k, right_on=c.x), c
    ),
    "only partners": lambda pd, d, c: d[d[c.k].isin(d[d[c.b]][c.k])],
}

ENDS: dict[str, Step] = {
    "frame": lambda pd, d, c: d,
    "column": lambda pd, d, c: d[c.x],
    "sum": lambda pd, d, c: d[c.x].sum(),
    "sum of integers": lambda pd, d, c: d[c.u].sum(),
    "number of true": lambda pd, d, c: d[c.b].sum(),
    "mean": lambda pd, d, c: d[c.x].mean(),
    "means": lambda pd, d, c: d[[c.k, c.x, c.b]].mean(),
    "sums": lambda pd, d, c: d[[c.k, c.u, c.x]].sum(),
    "spread": lambda pd, d, c: d[c.k].std(),
    "median": lambda pd, d, c: d[c.x].median(),
    "least": lambda pd, d, c: d[c.x].min(),
    "last time": lambda pd, d, c: d[c.t].max(),
    "greatest text": lambda pd, d, c: d[c.s].max(),
    "any": lambda pd, d, c: d[c.b].any(),
    "counts": lambda pd, d, c: d.count(),
    "distinct": lambda pd, d, c: d[c.s].nunique(),
    "unique": lambda pd, d, c: d[c.s].unique(),
    "length": lambda pd, d, c: len(d),
    "values": lambda pd, d, c: d[c.s].value_counts(),
    "missing": lambda pd, d, c: d.isna().sum(),
    "label of largest": lambda pd, d, c: d.reset_index(drop=True)[[c.k]].idxmax(),
    "quantile": lambda pd, d, c: d[c.x].quantile(0.4),
    "duplicates": lambda pd, d, c: d.duplicated([c.k, c.s]),
    "group sums": lambda pd, d, c: d.groupby(c.k)[c.x].sum(),
    "group frame": lambda pd, d, c: d.groupby(c.s)[[c.k, c.u, c.x]].sum(),
    "group means": lambda pd, d, c: d.groupby([c.s, c.b], dropna=False)[c.x].mean(),
    "group sizes": lambda pd, d, c: d.groupby([c.k, c.s]).size(),
    "group by floats": lambda pd, d, c: d.groupby(c.x).size(),
    "group by times": lambda pd, d, c: d.groupby(c.t, as_index=False)[c.u].max(),
    "group firsts": lambda pd, d, c: d.groupby(c.b)[[c.x, c.s, c.t]].first(),
    "group lasts": lambda pd, d, c: d.groupby(c.s, sort=False)[[c.x, c.k, c.t]].last(),
    "group medians": lambda pd, d, c: d.groupby(c.b)[c.x].median(),
    "group spreads": lambda pd, d, c: d.groupby(c.k)[c.x].std(),
    "group distinct": lambda pd, d, c: d.groupby(c.b)[c.s].nunique(),
    "group several": lambda pd, d, c: d.groupby(c.s).agg({c.x: ["sum", "count"], c.k: "max"}),
    "named": lambda pd, d, c: d.groupby(c.k, as_index=False).agg(n=(c.x, "count"), m=(c.x, "mean"), f=(c.s, "first")),
    "groups of an expression": lambda pd, d, c: d.groupby(d[c.k] % 2)[c.x].max(),
    "sorted groups": lambda pd, d, c: d.groupby(c.s)[c.x].sum().sort_values(kind="stable"),
    "groups renumbered": lambda pd, d, c: d.groupby(c.s)[c.x].mean().reset_index(),
    "largest": lambda pd, d, c: d[c.x].nlargest(3),
    "label": lambda pd, d, c: d[c.x] - d[c.x].shift(),
}


class Values(NamedTuple):
    """What columns are filled with."""

    k: list[Any]
    x: list[Any]
    s: list[Any]
    t: list[Any]


#: Few different values, so that they come more than once.
VALUES = [
    Values([-3, -1, 0, 1, 2], [0.5, -1.25, 3.0, np.nan], ["a", "b", "cc", None], ["2024-01-01", "2024-01-07", "NaT"]),
    Values([0, 1], [np.nan], [None], ["NaT"]),
    Values(
        [-(2**40), 2**31, 7, 7],
        [np.inf, -np.inf, np.nan, 0.0, -0.0, 1e300, 1e-300],
        ["", " ", "ü", "B", "b", "bü\n", "none"],
        ["1969-12-31 23:59:59.999999", "2024-02-29 12:00", "2024-01-04 23:59:59.999999"],
    ),
]


@st.composite
def frames(draw: st.DrawFn, names: Names, most: int = 12) -> pd.DataFrame:
    """Give a frame of six columns, perhaps without rows, with labels of some kind."""
    n = draw(st.integers(0, most))
    values = draw(st.sampled_from(VALUES))

    def column(values: list[Any]) -> list[Any]:
        return draw(st.lists(st.sampled_from(values), min_size=n, max_size=n))

    unit = draw(st.sampled_from(["us", "ns"]))
    times = pd.Series(column(values.t), dtype="str").astype(f"datetime64[{unit}]")
    zone = draw(st.sampled_from([None, None, "Europe/Berlin"]))
    columns = [
        np.array(column(values.k), "int64"),
        np.array(column([0, 1, 200, 255]), "uint8"),
        np.array(column(values.x), float),
        pd.array(column(values.s), dtype="str"),
        np.array(column([True, False]), bool),
        times if zone is None else times.dt.tz_localize(zone),
    ]
    frame = pd.DataFrame(dict(enumerate(columns)))
    frame.columns = pd.Index(list(names), tupleize_cols=False)
    match draw(st.sampled_from(["numbers", "numbers", "other numbers", "texts", "times", "levels", "later"])):
        case "other numbers":
            frame.index = pd.Index(column([0, 1, 2, 3]), dtype="int64", name="n")
        case "texts":
            frame.index = pd.Index(column(["p", "q", None]), dtype="str")
        case "times":
            frame.index = pd.DatetimeIndex(column(["2024-01-01", "2024-01-02", "NaT"]))
        case "levels":
            frame.index = pd.MultiIndex.from_arrays([column([1, 2]), column(["p", "q"])], names=["n", None])
        case "later":
            frame.index = pd.RangeIndex(5, 5 + n)
    return frame
