"""Most of pandas's and numpy's names are there, with the originals' signatures and docstrings.

``names.json`` lists the names that Mars had; besides them every public name of pandas's classes is looked at.
"""

from __future__ import annotations

import inspect
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import mars_nb.dataframe as md
import mars_nb.tensor as mt
from mars_nb.dataframe.handle import Handle
from mars_nb.graph.mirror import public_names

NAMES: dict[str, list[str]] = json.loads((Path(__file__).parent / "names.json").read_text())
CLASSES: dict[str, tuple[type, type]] = {
    "DataFrame": (md.DataFrame, pd.DataFrame),
    "Series": (md.Series, pd.Series),
    "Index": (md.Index, pd.Index),
}
# Answered by us at once, or with arguments of our own.
OWN = set(
    "columns dtypes dtype dtypes name names nlevels ndim shape size empty keys items pop insert update query "
    "eval assign pipe T isetitem get index attrs flags "
    "read_csv array asarray ones zeros full empty arange linspace eye identity".split()
)


def same_signature(ours: Any, original: Any) -> bool:
    try:
        expected = inspect.signature(original)
    except (TypeError, ValueError):
        return True  # a C function that does not tell
    parameters = inspect.signature(ours).parameters
    known = [parameter for name, parameter in parameters.items() if name in expected.parameters]
    more = [parameter for name, parameter in parameters.items() if name not in expected.parameters]
    # As texts, because a NaN among the defaults is not equal to itself.
    same = list(map(str, known)) == list(map(str, expected.parameters.values()))
    return same and all(parameter.kind is parameter.KEYWORD_ONLY for parameter in more)


@pytest.mark.parametrize("kind", CLASSES)
def test_members_are_those_of_pandas(kind: str) -> None:
    ours, original = CLASSES[kind]
    missing = [name for name in {*public_names(original), *NAMES[kind]} if not hasattr(ours, name)]
    assert [name for name in missing if hasattr(original, name)] == []
    for name in public_names(original):
        member, theirs = inspect.getattr_static(ours, name), getattr(original, name)
        if name in OWN:
            assert member.__doc__
        elif callable(theirs) and not isinstance(theirs, type):
            assert same_signature(getattr(ours, name), theirs), name
            assert getattr(ours, name).__doc__ == theirs.__doc__, name
        elif not name.startswith("_"):
            assert (
                member.__doc__ == inspect.getattr_static(original, name).__doc__ or theirs.__doc__ == member.__doc__
            ), name


@pytest.mark.parametrize(
    ("module", "original", "names"),
    [
        (md, pd, NAMES["general"]),
        (mt, np, [name for name in NAMES["tensor"] if hasattr(np, name)]),
        (mt.linalg, np.linalg, NAMES["linalg"]),
        (mt.fft, np.fft, NAMES["fft"]),
    ],
    ids=["pandas", "numpy", "linalg", "fft"],
)
def test_functions_are_the_originals(module: Any, original: Any, names: list[str]) -> None:
    for name in {*names, *public_names(original)}:
        theirs = getattr(original, name)
        if inspect.ismodule(theirs) or isinstance(theirs, type) or not callable(theirs):
            continue
        ours = getattr(module, name)
        assert ours.__name__ in (name, getattr(theirs, "__name__", name))
        if name not in OWN:
            assert same_signature(ours, theirs), name
            assert ours.__doc__ == theirs.__doc__, name


def test_random_has_the_names_of_mars() -> None:
    for name in NAMES["random"]:
        assert callable(getattr(mt.random, name)), name


@pytest.mark.filterwarnings("ignore")
def test_handles_have_the_names_of_mars() -> None:
    frame = md.DataFrame({"s": ["a", "b"], "t": pd.to_datetime(["2024-01-01", "2024-01-02"]), "i": [1, 2]})
    real = pd.DataFrame({"s": ["a"], "t": pd.to_datetime(["2024-01-01"]), "i": [1]})
    for kind, ours, theirs in [
        ("str", frame.s.str, real.s.str),
        ("dt", frame.t.dt, real.t.dt),
        ("groupby", frame.groupby("s"), real.groupby("s")),
    ]:
        for name in NAMES[kind]:
            if hasattr(theirs, name):
                member = getattr(ours, name)
                assert (
                    not callable(getattr(type(theirs), name)) or member.__doc__ == getattr(type(theirs), name).__doc__
                )


# --- calls with the arguments that a name can do without ----------------------------------------------------------

FRAME = pd.DataFrame({"a": [3, 1, 2, 2], "b": [0.5, 2.5, 1.5, 4.0]}, index=[4, 2, 3, 1])
ARGUMENTS: list[tuple[Any, ...]] = [(), (2,), ("a",), (["a"],), (FRAME,), (FRAME.a,), ("sum",), (0,), ({"a": 1},)]


def attempt(owner: Any, name: str, args: tuple[Any, ...]) -> Any:
    member = getattr(owner, name)
    return member(*args) if callable(member) and name not in ("loc", "iloc", "at", "iat") else member


def calls(owner: Any, names: list[str]) -> list[tuple[str, tuple[Any, ...], Any]]:
    """Find for each name arguments that pandas takes, with its answer."""
    found = []
    for name in names:
        for args in ARGUMENTS:
            try:
                found.append((name, args, attempt(owner.copy(), name, args)))
            except Exception:
                continue
            break
    return found


# Write, draw, print, or hand out pandas's own objects.
SKIPPED = set(
    "plot hist boxplot info to_clipboard style to_pickle to_excel to_hdf to_stata to_sql to_feather to_orc "
    "to_parquet to_gbq to_xml "
    "to_iceberg array flags attrs sample memory_usage is_ to_xarray itertuples iterrows items pipe view".split()
)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    "owner", [FRAME, FRAME.a, FRAME.b.sort_values(), FRAME.index], ids=["frame", "ints", "floats", "index"]
)
def test_every_member_that_pandas_can_call_gives_its_answer(owner: Any, compute: Any, check: Any) -> None:
    names = [name for name in public_names(type(owner)) if name not in SKIPPED]
    wrong = []
    for name, args, expected in calls(owner, names):
        lazy = md.from_pandas(owner)
        try:
            found = attempt(lazy, name, tuple(md.from_pandas(a) if hasattr(a, "iloc") else a for a in args))
            if not isinstance(found, Handle):
                check(compute(found), expected)
        except Exception as error:
            wrong.append(f"{name}{args}: {type(error).__name__}: {str(error)[:80]}")
    assert wrong == []
