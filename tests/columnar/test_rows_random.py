"""Random joins, sorts, duplicates and stacks of random frames: pandas's answers, exactly.

``MARS_NB_EXAMPLES=5000`` runs so many of them.
"""

from __future__ import annotations

import os
from collections.abc import Hashable
from typing import Any

import numpy as np
import pandas as pd
from columnar_tools import same, watched
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import mars_nb
import mars_nb.dataframe as md

KINDS: dict[str, Any] = {
    "k": st.integers(0, 3),
    "f": st.sampled_from([0.0, -0.0, 1.5, np.nan, np.inf]),
    "t": st.sampled_from(["a", "b", "", "é", None]),
    "d": st.sampled_from([None, "2020-01-01", "2021-05-05T01:02:03"]),
    "z": st.sampled_from([None, "2020-01-01", "2021-05-05T01:02:03"]),
    "b": st.booleans(),
    "u": st.integers(0, 2),
}
DTYPES = {
    "k": "int64",
    "f": "float64",
    "t": "str",
    "d": "M8[us]",
    "z": "datetime64[ns, Europe/Berlin]",
    "b": bool,
    "u": "u1",
}
ODD = (0, ("a", "b"), "", "x y", "é")


@st.composite
def frames(draw: Any) -> pd.DataFrame:
    """Draw a frame; its column "n" tells rows apart."""
    kinds = draw(st.lists(st.sampled_from(list(KINDS)), min_size=1, max_size=4, unique=True))
    rows = draw(st.integers(0, 10))
    columns = {
        kind: pd.Series(draw(st.lists(KINDS[kind], min_size=rows, max_size=rows)), dtype=DTYPES[kind]) for kind in kinds
    }
    return pd.DataFrame({**columns, "n": np.arange(rows)[::-1] if draw(st.booleans()) else np.arange(rows)})


def renamed(names: dict[str, Hashable], frame: pd.DataFrame) -> pd.DataFrame:
    """Give columns odd names."""
    return frame.set_axis(pd.Index([names.get(name, name) for name in frame.columns], tupleize_cols=False), axis=1)


class Program:
    """Operations drawn once, done on pandas's frames and on lazy ones."""

    def __init__(self, data: Any, sources: list[pd.DataFrame]) -> None:
        self.steps: list[Any] = []
        self.text: list[str] = []
        values = list(sources)
        for _ in range(data.draw(st.integers(1, 4))):
            text, step = self._drawn(data.draw, values)
            try:
                value = step(pd, values)
            except (ValueError, KeyError, TypeError, IndexError, AttributeError):  # such as names twice after a join
                continue
            if len(value) > 300 or len(value.columns) > 12 or not value.columns.is_unique:
                continue
            self.steps.append(step)
            self.text.append(text)
            values.append(value)
        self.expected = values[-1]

    def run(self, sources: list[Any]) -> Any:
        """Do the steps on lazy frames."""
        values = list(sources)
        for step in self.steps:
            values.append(step(md, values))
        return values[-1]

    def _drawn(self, draw: Any, values: list[Any]) -> tuple[str, Any]:
        i = draw(st.integers(0, len(values) - 1))
        j = draw(st.integers(0, len(values) - 1))
        names, others = list(values[i].columns), list(values[j].columns)
        some = draw(st.lists(st.sampled_from(names), min_size=1, max_size=2, unique=True))
        name = some[0]
        shared = [each for each in names if each in others and values[i][each].dtype == values[j][each].dtype]
        on = draw(st.lists(st.sampled_from(shared), min_size=1, max_size=2, unique=True)) if shared else []
        how = draw(st.sampled_from(["inner", "left", "right", "outer"]))
        up = draw(st.lists(st.booleans(), min_size=len(some), max_size=len(some)))
        last = draw(st.sampled_from(["first", "last"]))
        start = draw(st.integers(-4, 4))
        stop = draw(st.none() | (st.integers(-4, -1) if start < 0 else st.integers(-4, 6)))
        flag = draw(st.booleans())
        keep: Any = draw(st.sampled_from(["first", "last", False]))
        sort: dict[str, Any] = {"kind": "stable", "na_position": last}
        steps = {
            f"v{i}.merge(v{j}, {how!r}, on={on})": lambda _, v: v[i].merge(v[j], how, on=on, sort=flag),
            f"v{i}.merge(v{j}, {how!r}, left_on={on}, right_index=True)": lambda _, v: v[i].merge(
                v[j].set_index(on), "left" if how == "outer" else "inner", left_on=on, right_index=True
            ),
            f"v{i}.merge(v{j}, {how!r}, left_on=n, right_on=k)": lambda _, v: v[i].merge(
                v[j], how, left_on="n", right_on="k", suffixes=("", "_2")
            ),
            f"v{i}.sort_values({some}, ascending={up}, {last})": lambda _, v: v[i].sort_values(
                some, ascending=up, **sort
            ),
            f"v{i}.sort_values({name!r}).{start}:{stop}": lambda _, v: (
                v[i].sort_values(name, ascending=up[0], **sort).iloc[start:stop]
            ),
            f"v{i}.sort_index({up[0]})": lambda _, v: v[i].sort_index(ascending=up[0], kind="stable"),
            f"v{i}.drop_duplicates({some}, {keep!r}, {flag})": lambda _, v: v[i].drop_duplicates(
                some, keep=keep, ignore_index=flag
            ),
            f"v{i}[~v{i}.duplicated({some}, {keep!r})]": lambda _, v: v[i][~v[i].duplicated(some, keep=keep)],
            f"v{i}.assign(again={name!r}.duplicated)": lambda _, v: v[i].assign(again=v[i][name].duplicated(keep=keep)),
            f"v{i}.iloc[{start}:{stop}]": lambda _, v: v[i].iloc[start:stop],
            f"v{i}.head({start})": lambda _, v: v[i].head(start),
            f"v{i}.tail({start})": lambda _, v: v[i].tail(start),
            f"v{i}.nlargest({start}, 'n')": lambda _, v: v[i].drop_duplicates("n").nlargest(start, "n"),
            f"v{i}.reset_index({flag})": lambda _, v: v[i].reset_index(drop=flag),
            f"v{i}.set_index({name!r}).sort_index()": lambda _, v: v[i].set_index(name).sort_index(kind="stable"),
            f"v{i}.set_index({some}).reset_index()": lambda _, v: v[i].set_index(some).reset_index(),
            f"concat(v{i}, v{j}, {flag})": lambda m, v: m.concat([v[i], v[j]], ignore_index=flag),
            f"v{i}[v{i}.n > {start}]": lambda _, v: v[i][v[i].n > start],
            f"v{i}[v{i}{on} isin v{j}, {flag}]": lambda _, v: v[i][
                ~v[i][on[0]].isin(v[j][on[0]]) if flag else v[i][on[0]].isin(v[j][on[0]])
            ],
            f"v{i}.assign(there={on} isin v{j})": lambda _, v: v[i].assign(
                there=v[i][on[0]].isin(v[j][on[0]].unique())
            ),
        }
        text = draw(st.sampled_from(list(steps)))
        return text, steps[text]


@settings(
    max_examples=int(os.environ.get("MARS_NB_EXAMPLES", "60")),
    derandomize="MARS_NB_EXAMPLES" not in os.environ,
    suppress_health_check=list(HealthCheck),
    database=None,
)
@given(st.data())
def test_programs(data: Any) -> None:
    odd = data.draw(st.dictionaries(st.sampled_from(["f", "t", "b"]), st.sampled_from(ODD), max_size=2))
    names: dict[str, Hashable] = dict(zip(odd, dict.fromkeys(odd.values()), strict=False))
    sources = [renamed(names, data.draw(frames())) for _ in range(2)]
    program = Program(data, sources)
    chunk_size = data.draw(st.sampled_from([None, 4]))
    with mars_nb.option_context({"engine": "columnar"}), mars_nb.new_session(), watched() as seen:
        found = program.run([md.DataFrame(source, chunk_size=chunk_size) for source in sources]).execute().fetch()
    try:
        same(found, program.expected)
    except AssertionError as error:
        told = "\n".join([*program.text, *(f"{s}\n{s.dtypes}" for s in sources), f"{found}", f"{program.expected}"])
        raise AssertionError(f"{error}\n{told}\n{seen.refused}") from None
