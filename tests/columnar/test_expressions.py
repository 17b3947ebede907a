"""Random expressions over columns of all dtypes, in the columnar engine: pandas's own answer, to the last bit."""

from __future__ import annotations

import os
import warnings
from typing import Any

import numpy as np
import pandas as pd
from answers import compute
from columnar_tools import same, watched
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

import mars_nb
import mars_nb.dataframe as md

VALUES: dict[str, list[Any]] = {
    "i": [0, 1, -1, 2, 7, -5, 2**53 + 1, 2**63 - 1, -(2**63)],
    "j": [0, 1, -3, 100, 2**31 - 1, -(2**31)],
    "u": [0, 1, 200, 255],
    "f": [0.0, -0.0, 1.5, -2.5, np.nan, np.inf, -np.inf, 1e308, 2.675, 0.1, 5e-324],
    "e": [0.0, 0.1, -1.5, np.nan, np.inf, 3e38],
    "b": [True, False],
    "s": ["a", "ab", "Ab c", "", None, "é", "straße", "a.b", "12", " x ", "a\nb"],
    "t": ["2020-01-31", "1969-12-31T23:59:59.5", "2024-02-29T12:34:56.789012", None, "1900-03-01", "2262-01-01"],
    "d": [0, 1, -86400 * 10**6, 10**12, None],
    "z": ["2020-03-29T01:30", "2020-10-25T00:30", None, "2021-06-01"],
}
DTYPES = {"i": "int64", "j": "int32", "u": "uint8", "f": "float64", "e": "float32", "b": "bool", "s": "str"}

NUMBERS, TRUTHS, TEXTS, TIMES, ZONES, SPANS = "number", "truth", "text", "time", "zone", "span"
#: Expressions by what they are; `{number}` and the like are expressions again.
FORMS: dict[str, list[str]] = {
    NUMBERS: [
        *("x.i", "x.j", "x.u", "x.f", "x.e", "x.i", "x.f"),
        *(f"({{number}} {op} {{number}})" for op in "+-*/"),
        *(f"({{number}} {op} {c})" for op in ("+", "-", "*", "/", "//", "%", "**") for c in ("2", "3", "0.5")),
        *(f"({c} {op} {{number}})" for op in "+-*/" for c in ("2", "0.1")),
        "(-{number})",
        "{number}.abs()",
        "{number}.round(1)",
        "{number}.clip(0, 5)",
        "{number}.fillna(1)",
        "{number}.fillna({number})",
        "{number}.where({truth})",
        "{number}.where({truth}, 0)",
        "{number}.mask({truth}, {number})",
        "{number}.astype('float64')",
        "{number}.astype('float32')",
        "{number}.replace(1, 9)",
        "np.sqrt({number}.abs())",
        "np.floor({number})",
        "np.maximum({number}, {number})",
        "{truth}.astype('int64')",
        "({truth} + {number})",
        "{text}.str.len()",
        "{time}.dt.year",
        "{time}.dt.dayofweek",
        "{zone}.dt.hour",
        "{span}.dt.days",
        "{span}.dt.total_seconds()",
        "{number}.combine_first({number})",
    ],
    TRUTHS: [
        "x.b",
        *(f"({{number}} {op} {{number}})" for op in ("<", "<=", ">", ">=", "==", "!=")),
        *(f"({{number}} {op} {c})" for op in ("<", ">=", "==", "!=") for c in ("1", "0.1", "2.0")),
        *(f"({{text}} {op} {{text}})" for op in ("<", "==", "!=")),
        "({text} >= 'ab')",
        *(f"({{time}} {op} {{time}})" for op in ("<", "==", "!=")),
        "({time} > '2000-01-01')",
        "({zone} < {zone})",
        "({zone} > '2020-06-01')",
        "{zone}.isna()",
        "({span} > pd.Timedelta('1D'))",
        *(f"({{truth}} {op} {{truth}})" for op in "&|^"),
        "(~{truth})",
        "{number}.isna()",
        "{text}.notna()",
        "{time}.isna()",
        "{number}.isin([1, 2, 7])",
        "{number}.isin([0.0, 1.5])",
        "{text}.isin(['a', '12'])",
        "{number}.between(0, 2)",
        "{number}.between({number}, 2, inclusive='left')",
        "{text}.str.contains('a', regex=False)",
        "{text}.str.contains('a.b')",
        "{text}.str.startswith('a')",
        "{text}.str.endswith(('b', ' '))",
        "{text}.str.isdigit()",
        "{truth}.where({truth}, False)",
        "{truth}.mask({truth}, {truth})",
        "{number}.astype(bool)",
        "({truth} == {truth})",
        "{time}.dt.is_month_end",
    ],
    TEXTS: [
        *("x.s", "x.s", "x.s"),
        "({text} + {text})",
        "('<' + {text})",
        "{text}.str.upper()",
        "{text}.str.strip()",
        "{text}.str[:2]",
        "{text}.str[-1]",
        "{text}.str[1:]",
        "{text}.str.replace('a', 'q')",
        "{text}.fillna('?')",
        "{text}.fillna({text})",
        "{text}.where({truth})",
        "{text}.mask({truth}, '!')",
        "{text}.replace('a', 'b')",
        "{text}.map({{'a': 'x', 'ab': 'y'}})",
        "{text}.str.cat({text}, sep='-')",
        "x.i.astype(str)",
        "{truth}.astype(str)",
        "{time}.dt.strftime('%Y-%m')",
    ],
    TIMES: [
        *("x.t", "x.t"),
        "{zone}.dt.tz_localize(None)",
        "({time} + pd.Timedelta('36h'))",
        "({time} - {span})",
        "{time}.dt.normalize()",
        "{time}.dt.floor('h')",
        "{time}.where({truth})",
        "{time}.fillna({time})",
    ],
    ZONES: [
        *("x.z", "x.z"),
        "({zone} + pd.Timedelta('36h'))",
        "({zone} - {span})",
        "{zone}.where({truth})",
        "{zone}.fillna({zone})",
    ],
    SPANS: [
        "x.d",
        "x.d",
        "({time} - {time})",
        "({zone} - {zone})",
        "({span} + {span})",
        "({span} * 2)",
        "(-{span})",
        "{span}.abs()",
    ],
}
ENDS = ["{number}", "{truth}", "{text}", "{time}", "{zone}", "{span}", "x[{truth}]", "x.assign(y={number}, w={text})"]
ENDS += ["x[{truth}].assign(y=3)", "x.assign(y=np.where({truth}, {number}, 0.5))", "x.dropna()"]


@st.composite
def expressions(draw: st.DrawFn) -> str:
    """Draw an expression over a frame x."""

    def grown(form: str, depth: int) -> str:
        text, rest = "", form
        while "{" in rest:
            before, after = rest.split("{", 1)
            if after.startswith("{"):
                text, rest = text + before + "{", after[1:].replace("}}", "}", 1)
                continue
            name, rest = after.split("}", 1)
            forms = [one for one in FORMS[name] if "{" not in one] if depth <= 0 else FORMS[name]
            text += before + grown(draw(st.sampled_from(forms)), depth - 1)
        return text + rest

    return grown(draw(st.sampled_from(ENDS)), draw(st.sampled_from([1, 2, 2, 3])))


@st.composite
def frames(draw: st.DrawFn) -> pd.DataFrame:
    """Draw a frame with a column of each dtype."""
    rows = draw(st.integers(0, 8))
    lists = {name: draw(st.lists(st.sampled_from(some), min_size=rows, max_size=rows)) for name, some in VALUES.items()}
    columns = {name: pd.Series(values, dtype=DTYPES.get(name, object)) for name, values in lists.items()}
    columns["t"] = columns["t"].astype("M8[us]")
    columns["d"] = columns["d"].astype("m8[us]")
    columns["z"] = columns["z"].astype("M8[us]").dt.tz_localize("UTC").dt.tz_convert("Europe/Berlin")
    return pd.DataFrame(columns)


def _outcome(code: str, names: dict[str, Any]) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return compute(eval(code, {"np": np, **names}))
        except Exception as error:
            return error


@settings(
    max_examples=int(os.environ.get("MARS_NB_EXAMPLES", "60")),
    derandomize="MARS_NB_EXAMPLES" not in os.environ,
    suppress_health_check=list(HealthCheck),
    database=None,
)
@given(code=expressions(), frame=frames(), cut=st.booleans())
def test_expression(code: str, frame: pd.DataFrame, cut: bool) -> None:
    """``MARS_NB_EXAMPLES=5000 pytest ...`` tries as many, others each time."""
    expected = _outcome(code, {"pd": pd, "x": frame.copy()})
    with mars_nb.option_context({"engine": "columnar"}), mars_nb.new_session(), watched() as seen:
        lazy = md.from_pandas(frame, max(1, len(frame) // 2) if cut else None)
        found = _outcome(code, {"pd": pd, "x": lazy})
    note(f"columnar: {seen.answered}; refused: {seen.refused}; fallbacks: {seen.fallbacks}")
    assert not seen.mistakes
    if isinstance(expected, Exception) or isinstance(found, Exception):
        assert type(found) is type(expected), f"{found!r} where pandas gives {expected!r}"
    else:
        same(found, expected)
        exactly: Any = (
            pd.testing.assert_frame_equal if isinstance(found, pd.DataFrame) else pd.testing.assert_series_equal
        )
        exactly(found, expected, check_exact=True)
        assert not seen.fallbacks
