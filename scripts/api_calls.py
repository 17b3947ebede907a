"""Calls of pandas's and numpy's names with arguments that fit, for the table in ``docs/api.md``.

A call is an expression in which ``pd`` and ``np`` are the lazy modules or the originals. Most calls are found: in the
operations that the tests run, and by trying arguments until the original takes some. The others stand in
``api_calls.txt``.
"""

from __future__ import annotations

import ast
import copy
import io
import itertools
import re
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import redirect_stdout, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import h5py
import numpy as np
import pandas as pd
import zarr
from pandas.api import typing as kinds

HERE = Path(__file__).resolve().parent
OPERATIONS = HERE.parent / "tests"
_CHUNK_SIZE = re.compile(r", chunk_size=\d")
_NUMBERS = itertools.count()
_INDEXERS = {"loc", "iloc", "at", "iat", "c_", "r_", "mgrid", "ogrid"}


@dataclass(frozen=True)
class Group:
    """Names that belong together.

    Attributes
    ----------
    title
        Heads their table.
    original
        numpy's or pandas's class or module.
    owners
        What the names are tried on.
    arguments
        What is tried, in order: the inside of the parentheses, None for an attribute.
    beyond
        A class whose names are left out, because they have a table of their own.
    """

    title: str
    original: Any
    owners: tuple[str, ...]
    arguments: tuple[str | None, ...]
    beyond: type | None = None

    @cached_property
    def names(self) -> list[str]:
        """The public names."""
        found = (name for name in dir(self.original) if not name.startswith("_") and not hasattr(self.beyond, name))
        return [name for name in found if not isinstance(getattr(self.original, name), ModuleType)]


class Call(NamedTuple):
    """An expression whose last step is the name in question.

    Attributes
    ----------
    group, name
        What it is a call of.
    owner
        The expression before the last step.
    last
        The last step, on an object that is called ``_``.
    """

    group: str
    name: str
    owner: str
    last: str

    @property
    def text(self) -> str:
        """The whole expression."""
        return self.owner + self.last.removeprefix("_")


_FRAMES = (
    *(None, "", "2", "'ab'", "['i']", "df.y", "tb", "'sum'", "0", "{'i': 1}", "'D'", "'i'", "1, 2", "df", "df.i"),
    *("[1, 2]", "1, 1, 'z'", "lambda x: x", "'ab', 'b'", "by='i'", "items=['i']", "freq='D'", "'2024'"),
    "['sum', 'max']",
)  # fmt: skip
_ARRAYS = (
    *("a", "b", "v", "m", "a, b", "v, v", "b, b", "k, k", "m, m", "s", "s, s", "[a, b]", "a, 1", "b, 1", "k, 2", "z"),
    *("c", "(4, 6), chunk_size=2", "9, chunk_size=3", "3", "c, 0, 1", "k, [1, 2]", "a, m", "m, a, 0", "k, 2, 3"),
    *("'i4', 'f8'", "lambda *i: i[0], (4, 6)", "k, k, k", "'a'"),
)  # fmt: skip
_DRAWS = tuple(
    f"{given}size=9, chunk_size=3"
    for given in (
        *("", "3, ", "0.5, ", "3, 0.5, ", "1, 2, ", "1, 2, 3, ", "5, 5, 5, ", "[1, 2], "),
        *("[0, 0], [[1, 0], [0, 1]], ", "5, [0.5, 0.5], "),
    )
)  # fmt: skip
_GROUPS = (
    Group("DataFrame", pd.DataFrame, ("df[['i', 'y']]", "df", "df[['t', 'y']].set_index('t')"), _FRAMES),
    Group("Series", pd.Series, ("df.i", "df.y", "df.s", "df.b", "df.set_index('t').y"), _FRAMES),
    Group("Index", pd.Index, ("df.index", "df.set_index('i').index", "df.set_index('s').index"), _FRAMES),
    Group("DatetimeIndex", pd.DatetimeIndex, ("df.set_index('t').index",), _FRAMES, pd.Index),
    Group("TimedeltaIndex", pd.TimedeltaIndex, ("df.set_index(df.t - df.t[0]).index",), _FRAMES, pd.Index),
    Group("PeriodIndex", pd.PeriodIndex, ("ps.index",), _FRAMES, pd.Index),
    Group("IntervalIndex", pd.IntervalIndex, ("iv.index",), _FRAMES, pd.Index),
    Group("CategoricalIndex", pd.CategoricalIndex, ("df.set_index('c').index",), _FRAMES, pd.Index),
    Group("MultiIndex", pd.MultiIndex, ("df.set_index(['i', 's']).index",), _FRAMES, pd.Index),
    Group("DataFrameGroupBy", kinds.DataFrameGroupBy, ("df.groupby('s')[['i', 'y']]", "df.groupby('s')"), _FRAMES),
    Group("SeriesGroupBy", kinds.SeriesGroupBy, ("df.groupby('s').i", "df.groupby('s').y"), _FRAMES),
    Group("Rolling", kinds.Rolling, ("df.y.rolling(3)", "df[['i', 'y']].rolling(3)"), _FRAMES),
    Group("Expanding", kinds.Expanding, ("df.y.expanding()", "df[['i', 'y']].expanding()"), _FRAMES),
    Group("ExponentialMovingWindow", kinds.ExponentialMovingWindow, ("df.y.ewm(span=3)",), _FRAMES),
    Group("Resampler", kinds.Resampler, ("df.set_index('t').y.resample('D')",), _FRAMES),
    Group("Series.str", pd.Series.str, ("df.s.str",), _FRAMES),
    Group("Series.dt", pd.Series.dt, ("df.t.dt", "(df.t - df.t[0]).dt", "df.t.dt.to_period('D').dt"), _FRAMES),
    Group("Series.cat", pd.Series.cat, ("df.c.cat",), _FRAMES),
    Group("pandas", pd, ("pd",), ("df", "df.i", "df.t", "df.s", "tb, df", "[df, df]", "3", "'a'", None)),
    Group("numpy", np, ("np",), _ARRAYS),
    Group("numpy.ufunc", np.ufunc, ("np.add",), (None, *_ARRAYS)),
    Group("numpy.linalg", np.linalg, ("np.linalg",), ("s", "s, v[:6]", "s, s", "s, 2", "v[:3], v[:3]", "[s, s]")),
    Group("numpy.fft", np.fft, ("np.fft",), ("v", "a", "9", "z", "v + 0j")),
    Group("numpy.random", np.random, ("np.random",), (*_DRAWS, "9, chunk_size=3", "v", "3")),
    Group("numpy.random.Generator", np.random.Generator, ("np.random.default_rng(1)",), (*_DRAWS, "v", "3")),
    Group("ndarray", np.ndarray, ("a", "b", "v"), (None, "", "2", "v", "0, 1", "3, 1", "'i4'", "(5, 7)", "b", "0")),
)  # fmt: skip
GROUPS = {group.title: group for group in _GROUPS}


def data() -> tuple[dict[str, Any], dict[str, Any]]:
    """Give frames and arrays of all kinds, under the names that they have in the tests."""
    rng = np.random.default_rng(5)
    rows = 23
    df = pd.DataFrame(
        {
            "i": rng.integers(-5, 6, rows),
            "u": rng.integers(0, 200, rows).astype("uint8"),
            "x": np.where(rng.random(rows) < 0.2, np.nan, rng.integers(-9, 10, rows) / 4),
            "y": rng.random(rows),
            "s": rng.choice(["ab", "Cd", "e-f", None], rows),
            "b": rng.random(rows) < 0.5,
            "t": pd.Timestamp("2024-02-27 22:00") + pd.to_timedelta(rng.integers(0, 99, rows), "h"),
            "c": pd.Categorical(rng.choice(["lo", "hi", "mid"], rows), ["lo", "mid", "hi", "never"]),
        }
    )
    tb = pd.DataFrame({"i": [3, -1, 0, 3, 77, 5], "s": ["ab", "Cd", None, "zz", "ab", "e-f"], "w": np.arange(6.0)})
    ts = pd.DataFrame({"y": rng.random(rows)}, pd.date_range("2024-02-28", periods=rows, freq="7h"))
    ps = ts.set_axis(pd.period_range("2024-02-28", periods=rows, freq="h"))
    iv = ts.set_axis(pd.interval_range(0, rows))
    b = rng.integers(1, 9, (7, 5))
    arrays = {
        "a": rng.integers(-9, 10, (7, 5)) + 0.25,
        "b": b,
        "v": rng.random(11),
        "s": rng.random((6, 6)) + 6 * np.eye(6),
        "k": rng.integers(0, 5, 13),
        "c": rng.integers(0, 9, (4, 3, 5)).astype(float),
        "z": rng.random((5, 4)) + 1j * rng.random((5, 4)),
        "m": b > 4,
    }
    return {"df": df, "tb": tb, "ts": ts, "ps": ps, "iv": iv}, arrays


def worlds() -> tuple[dict[str, Any], dict[str, Any]]:
    """Give the originals' namespaces, of calls on frames and on arrays."""
    frames, arrays = data()
    return {"pd": pd, "np": np, "P": pd, "N": np, **frames}, {"np": np, "N": np, **arrays}


def scope_of(group: str, scopes: tuple[dict[str, Any], dict[str, Any]]) -> dict[str, Any]:
    """Choose the namespace for a group's calls, and copy it, because a call may change its objects."""
    scope = scopes[group.startswith(("numpy", "ndarray", "mt."))]
    return {name: value if isinstance(value, ModuleType) else copy.copy(value) for name, value in scope.items()}


def evaluate(code: str, scope: Mapping[str, Any]) -> Any:
    """Evaluate an expression, quietly, as a line in a file of its own: warnings are shown once for a line."""
    with redirect_stdout(io.StringIO()):
        return eval(compile(code, f"<call {next(_NUMBERS)}>", "eval"), {"__name__": "calls", **scope})


def collect(texts: Iterable[str]) -> list[Call]:
    """Find the calls among lines of code, those on frames and on arrays."""
    scopes = worlds()
    found = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for text in texts:
            if text and not text.startswith("#") and "; " not in text:
                with suppress(Exception):  # of owners that make sense in lazy form only
                    found.append(_parsed(text.removeprefix("~ "), scopes))
    return list(filter(None, found))


def _parsed(text: str, scopes: tuple[dict[str, Any], dict[str, Any]]) -> Call | None:
    whole = ast.parse(text, mode="eval").body
    step = whole.func if isinstance(whole, ast.Call) else whole
    if isinstance(step, ast.Subscript) and isinstance(step.value, ast.Attribute) and step.value.attr in _INDEXERS:
        step = step.value
    if not isinstance(step, ast.Attribute):
        return None
    owner = ast.unparse(step.value)
    group = _group(owner, step.attr, scopes)
    if group is None:
        return None
    step.value = ast.Name("_")
    return Call(group, step.attr, owner, ast.unparse(whole))


def _group(owner: str, name: str, scopes: tuple[dict[str, Any], dict[str, Any]]) -> str | None:
    """Tell what a name of an owner belongs to."""
    if owner.endswith(".dt"):
        return "Series.dt"
    having = [group for group in GROUPS.values() if name in group.names]
    for group in having:
        if isinstance(group.original, ModuleType) and owner == group.owners[0]:
            return group.title
    of_arrays = not re.search(r"\b(df|tb|ts|ps|iv|pd)\b", owner)
    value = eval(owner, scopes[of_arrays])
    classes = (group for group in having if isinstance(group.original, type))
    return next(
        (group.title for group in classes if value is group.original or isinstance(value, group.original)), None
    )


class Listed(NamedTuple):
    """What ``api_calls.txt`` says.

    Attributes
    ----------
    texts
        Expressions.
    reasons
        Of names that no call is made of.
    others
        Expressions of names that neither numpy nor pandas has.
    """

    texts: list[str]
    reasons: dict[str, str]
    others: dict[str, str]


def listed() -> Listed:
    """Read ``api_calls.txt``."""
    lines = [line for line in (HERE / "api_calls.txt").read_text(encoding="utf-8").splitlines() if line[:2] != "# "]
    reasons, others = (
        {name: rest for name, _, rest in (line[2:].partition(": ") for line in lines if line.startswith(mark))}
        for mark in ("! ", "+ ")
    )
    return Listed([line for line in lines if line[:2] not in ("! ", "+ ")], reasons, others)


def of_tests() -> list[str]:
    """Read the operations that the tests run."""
    return [
        line
        for folder in ("dataframe", "tensor")
        for line in (OPERATIONS / folder / "operations.txt").read_text(encoding="utf-8").splitlines()
    ]


def write_files() -> None:
    """Write the files that calls read, into the current folder."""
    df, v = data()[0]["df"], data()[1]["v"]
    df.to_csv("t.csv")
    df[["i", "y"]].to_json("t.json", orient="records", lines=True)
    df.to_parquet("t.parquet", row_group_size=7)
    df.to_feather("t.feather")
    df[["i", "y"]].to_orc("t.orc")
    df.to_pickle("t.pickle")
    plain = df[["i", "y"]]
    plain.to_stata("t.dta")
    plain.to_excel("t.xlsx")
    plain.to_hdf("t.hdf", key="df")
    plain.to_sql("t", "sqlite:///t.db")
    Path("t.txt").write_text(df[["i", "y"]].to_string())
    Path("numbers.txt").write_text("1\n2\n3\n")
    np.save("v.npy", v)
    v.tofile("v.bin")
    zarr.save("t.zarr", v)
    with h5py.File("t.h5", "w") as file:
        file["v"] = v


def tried(group: Group, name: str, scopes: tuple[dict[str, Any], dict[str, Any]]) -> Iterator[Call]:
    """Find calls of a name by trying arguments until the original takes some."""
    for owner, arguments in itertools.product(group.owners, group.arguments):
        step = f".{name}" if arguments is None else f".{name}({arguments})"
        call = Call(group.title, name, owner, f"_{step}")
        if _is_taken(call, scopes):
            yield call


def _is_taken(call: Call, scopes: tuple[dict[str, Any], dict[str, Any]]) -> bool:
    """Tell whether the original takes a call; of a method a call is wanted."""
    with warnings.catch_warnings(), np.errstate(all="ignore"), suppress(Exception):
        warnings.simplefilter("ignore")
        value = evaluate(_CHUNK_SIZE.sub("", call.text), scope_of(call.group, scopes))
        return call.last.endswith(")") or not callable(value)
    return False
