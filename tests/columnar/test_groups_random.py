"""Random reductions, group-bys and windows of random frames: pandas's answers, but for the last bits of sums.

``MARS_NB_EXAMPLES=5000`` runs so many of them.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from columnar_tools import same, watched
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

import mars_nb
import mars_nb.dataframe as md

KINDS: dict[str, tuple[str, Any]] = {
    "k": ("int64", st.integers(0, 3)),
    "w": ("int64", st.sampled_from([0, 1, -7, 2**62, -(2**63), 2**53 + 1])),
    "i": ("int8", st.sampled_from([100, -128, 0, 3])),
    "u": ("uint64", st.sampled_from([0, 3, 2**63, 2**64 - 1])),
    "f": ("float64", st.sampled_from([0.0, -0.0, 1.5, -2.25, np.nan, 0.1])),
    "g": ("float64", st.sampled_from([1.0, np.nan, np.inf, -np.inf, 4.0])),
    "s": ("str", st.sampled_from(["a", "b", "", "é", None])),
    "b": ("bool", st.booleans()),
    "d": ("M8[us]", st.sampled_from([None, "2020-01-01", "1960-05-05T01:02:03"])),
    "z": ("datetime64[ns, Europe/Berlin]", st.sampled_from([None, "2020-10-25T00:30", "2021-05-05"])),
    "t": ("m8[ms]", st.sampled_from([None, 5, -3])),
}
METHODS = [
    *("sum", "mean", "min", "max", "count", "nunique", "std", "var", "sem", "median", "prod", "any", "all", "quantile"),
    *("idxmin", "idxmax"),
]
WINDOWS = ["cumsum", "cumprod", "cummax", "cummin", "shift", "diff", "rank", "pct_change"]

Step = Callable[[Any], Any]


@st.composite
def frames(draw: Any) -> pd.DataFrame:
    """Draw a frame, empty or not, with labels or without."""
    names = draw(st.lists(st.sampled_from(list(KINDS)), min_size=2, max_size=5, unique=True))
    rows = draw(st.sampled_from([0, 1, 2, 5, 12]))
    columns = {}
    for name in names:
        dtype, values = KINDS[name]
        found = draw(st.lists(values, min_size=rows, max_size=rows))
        columns[name] = pd.Series(found, dtype="int64" if dtype == "uint64" and not rows else dtype)
    labels = draw(st.sampled_from([None, st.integers(0, 3), st.sampled_from(["x", "y", "z"])]))
    index = None if labels is None else pd.Index(draw(st.lists(labels, min_size=rows, max_size=rows)), name="label")
    frame = pd.DataFrame(columns)
    return frame if index is None or not rows else frame.set_index(index)


@st.composite
def programs(draw: Any, names: list[str]) -> tuple[str, Step]:
    """Draw what is done with a frame of these columns."""
    one, other = (draw(st.sampled_from(names)) for _ in range(2))
    keys = draw(st.lists(st.sampled_from(names), min_size=1, max_size=2, unique=True))
    method, second = (draw(st.sampled_from(METHODS)) for _ in range(2))
    window = draw(st.sampled_from(WINDOWS))
    options = {name: draw(st.booleans()) for name in ("sort", "dropna", "as_index")}
    only = {name: options[name] for name in ("sort", "dropna")}
    ends = draw(st.sampled_from(["head", "tail"]))
    n = draw(st.integers(-2, 3))
    flags = {name: draw(st.booleans()) for name in ("sort", "ascending", "dropna", "normalize")}
    ranks = {"method": draw(st.sampled_from(["average", "min", "first", "dense"])), "ascending": options["sort"]}
    forms: dict[str, Step] = {
        f"{one}.{method}()": lambda x: getattr(x[one], method)(),
        f"frame.{method}(numeric_only)": lambda x: getattr(x, method)(numeric_only=True),
        f"[[{one}, {other}]].agg([{method}, {second}])": lambda x: x[[one]].agg([method, second]),
        f"groupby({keys}, {only}).{one}.{method}()": lambda x: getattr(x.groupby(keys, **only)[one], method)(),
        f"groupby({keys}, {options}).agg({one}: {method}, {other}: {second})": lambda x: x.groupby(keys, **options).agg(
            a=(one, method), b=(other, second)
        ),
        f"groupby({keys}).{one}.agg([{method}, {second}])": lambda x: x.groupby(keys)[one].agg([method, second]),
        f"groupby({keys}, {options}).size()": lambda x: x.groupby(keys, **options).size(),
        f"groupby({keys}, {options}).first()": lambda x: x.groupby(keys, **options)[[one]].first(),
        f"{one}.groupby({other}).last()": lambda x: x[one].groupby(x[other]).last(),
        f"groupby({keys}).{one}.transform({method})": lambda x: x.groupby(keys)[one].transform(method),
        f"groupby({keys}).{one}.{window}()": lambda x: getattr(x.groupby(keys)[one], window)(),
        f"groupby({keys}).{one}.rank({ranks})": lambda x: x.groupby(keys)[one].rank(**ranks),
        f"groupby({keys}).{ends}(2)": lambda x: getattr(x.groupby(keys), ends)(2),
        f"groupby({keys}).cumcount()": lambda x: x.groupby(keys).cumcount(ascending=options["sort"]),
        f"{one}.{window}()": lambda x: getattr(x[one], window)(),
        f"{one}.shift({n})": lambda x: x[one].shift(n),
        f"{one}.rank({ranks})": lambda x: x[one].rank(**ranks, pct=options["dropna"]),
        f"{one}.rolling(2).{method}()": lambda x: getattr(x[one].rolling(2), method)(),
        f"{one}.value_counts({flags})": lambda x: x[one].value_counts(**flags),
        f"value_counts({keys}, {flags})": lambda x: x.value_counts(keys, **flags),
    }
    text = draw(st.sampled_from(list(forms)))
    return text, forms[text]


def _before(draw: Any, names: list[str]) -> tuple[str, Step]:
    """Draw what is done with a frame before."""
    numbers = [name for name in names if name in "kwuf"]
    if not numbers:
        return "", lambda x: x
    name = draw(st.sampled_from(numbers))
    steps: dict[str, Step] = {
        "": lambda x: x,
        f"[{name} > 0]": lambda x: x[x[name] > 0],
        f".assign({name}.cumsum())": lambda x: x.assign(**{name: x[name].cumsum()}),
        f".sort_values({name})": lambda x: x.sort_values(name, kind="stable"),
        f".assign({name} by group)": lambda x: x.assign(**{name: x.groupby(names[0])[name].transform("max")}),
    }
    text = draw(st.sampled_from(list(steps)))
    return text, steps[text]


@settings(
    max_examples=int(os.environ.get("MARS_NB_EXAMPLES", "100")),
    derandomize="MARS_NB_EXAMPLES" not in os.environ,
    suppress_health_check=list(HealthCheck),
    database=None,
)
@given(st.data())
def test_programs(data: Any) -> None:
    frame = data.draw(frames())
    before, prepare = _before(data.draw, list(frame.columns))
    text, step = data.draw(programs(list(frame.columns)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            expected = step(prepare(frame.copy()))
        except Exception:  # such as sums of times: what is raised then, pandas tells when it is recorded
            return
        with mars_nb.option_context({"engine": "columnar"}), mars_nb.new_session(), watched() as seen:
            size = data.draw(st.sampled_from([None, 3]))
            found = step(prepare(md.from_pandas(frame, size))).execute().fetch()
    note(f"{before}.{text}\n{frame!r}\n{frame.dtypes}\nfound {found!r}\nexpected {expected!r}\n{seen.refused}")
    assert not seen.mistakes
    same(found, expected)
