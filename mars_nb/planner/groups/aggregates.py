"""Reductions along the rows: each chunk gives a part, and a last task makes the answer of the parts.

For ``sum`` or ``max`` a part is a frame of one row, and pandas's own operation on all parts is the answer. For
``mean`` or ``std`` a part is the number, the sum and the squared deviations of the values, which are merged in a way
that loses no digits.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from mars_nb.graph.meta import PandasMeta
from mars_nb.graph.node import Node
from mars_nb.planner.context import Building, Evaluation
from mars_nb.planner.layout import ChunkKey, Layout, Rows, Single
from mars_nb.planner.walks import base_rows, dtypes_of, method_call

#: Reductions with the kinds of numpy dtypes for which the rules hold; None for any dtype.
ABSORBED = {
    "sum": "iufb",
    "prod": "iufb",
    "product": "iufb",
    "min": "iufbmM",
    "max": "iufbmM",
    "any": "iufb",
    "all": "iufb",
}
_DATES = [np.dtype(f"{kind}8[{unit}]") for kind in "mM" for unit in ("s", "ms", "us", "ns")]
MOMENTS = ("mean", "var", "std", "sem")
_ARGUMENTS = {"skipna", "numeric_only", "ddof"}


def reduction(building: Building, node: Node) -> Layout | None:
    """Lower a reduction along the rows."""
    rows, found = base_rows(building, node), method_call(node)
    sample = node.inputs[0].meta.sample if isinstance(node.inputs[0].meta, PandasMeta) else None
    if rows is None or found is None or not isinstance(sample, pd.DataFrame | pd.Series):
        return None
    name, (args, kwargs) = found
    if name in ("agg", "aggregate") and len(args) == 1 and isinstance(args[0], str):
        name, args = args[0], ()
    if isinstance(sample, pd.DataFrame) and not (sample.columns.is_unique and len(sample.columns)):
        return None
    if kwargs.get("axis") in (0, "index"):
        kwargs = {key: value for key, value in kwargs.items() if key != "axis"}
    distinct = name in ("nunique", "unique") and isinstance(sample, pd.Series) and set(kwargs) <= {"dropna"}
    if args or (set(kwargs) - _ARGUMENTS and not distinct):
        return None
    if distinct:
        return _absorb(building, node, rows, _distinct)
    numeric_only = bool(kwargs.get("numeric_only")) and isinstance(sample, pd.DataFrame)
    dtypes = dtypes_of(_numeric(sample) if numeric_only else sample)
    if name in ABSORBED:
        if not (_extreme(dtypes) if name in ("min", "max") else _all_of_kind(dtypes, ABSORBED[name])):
            return None
        return _absorb(building, node, rows, partial(_reduced, name, numeric_only, kwargs.get("skipna", True)))
    if name == "count" and not set(kwargs) - {"numeric_only"}:
        return _absorb_counts(building, node, rows, numeric_only)
    if name == "mean" and isinstance(sample, pd.Series) and not kwargs and dtypes[0] in _DATES:
        parts = [building.add(node, ("part", i), _date_sum, [key]) for i, key in enumerate(rows.keys)]
        return Single(building.add(node, "whole", _date_mean, parts))
    if name in MOMENTS and kwargs.get("skipna", True) is True and measurable(dtypes):
        return _merge_moments(building, node, rows, name, kwargs.get("ddof", 1), numeric_only)
    return None


def _extreme(dtypes: list[Any]) -> bool:
    """Tell dtypes whose extremes have the same dtype."""
    return all(isinstance(dtype, pd.StringDtype | pd.DatetimeTZDtype) or dtype.kind in "iufbmM" for dtype in dtypes)


def _all_of_kind(dtypes: list[Any], kinds: str) -> bool:
    return all(isinstance(dtype, np.dtype) and dtype.kind in kinds for dtype in dtypes)


def measurable(dtypes: list[Any]) -> bool:
    """Tell dtypes of which means are 64-bit floats."""
    return all(isinstance(dtype, np.dtype) and (dtype.kind in "iub" or dtype == np.float64) for dtype in dtypes)


def _numeric(frame: Any) -> Any:
    return frame.select_dtypes(["number", "bool"], exclude=["timedelta"])


# --- the operation on the parts is the answer ---------------------------------------------------------------------


def _absorb(building: Building, node: Node, rows: Rows, reduce: Any) -> Single:
    parts = [building.add(node, ("part", i), reduce, [key]) for i, key in enumerate(rows.keys)]
    return Single(building.add(node, "whole", partial(on_all, Evaluation(node, node.inputs)), parts))


def on_all(evaluate: Evaluation, *parts: Any) -> Any:
    """Compute the operation on all parts together."""
    filled = [part for part in parts if len(part)] or parts[:1]
    first, *others = filled
    return evaluate(first.append(others) if isinstance(first, pd.Index) else pd.concat(filled))


def _distinct(chunk: Any) -> Any:
    return chunk.drop_duplicates()


def _reduced(name: str, numeric_only: bool, skipna: bool, chunk: Any) -> Any:
    """Reduce to one row; a chunk without rows stays as it is, so that it decides no dtype."""
    if numeric_only:
        chunk = _numeric(chunk)
    if not len(chunk):
        return chunk
    if isinstance(chunk, pd.DataFrame):
        columns = {label: _reduced(name, False, skipna, chunk[label]) for label in chunk}
        return pd.DataFrame(columns, columns=chunk.columns)
    value = getattr(chunk, name)(skipna=skipna)
    return pd.Series([value], dtype=chunk.dtype if name in ("min", "max") else None, name=chunk.name)


# --- counts and moments -------------------------------------------------------------------------------------------


def _absorb_counts(building: Building, node: Node, rows: Rows, numeric_only: bool) -> Single:
    count = partial(_counts, numeric_only)
    parts = [building.add(node, ("part", i), count, [key]) for i, key in enumerate(rows.keys)]
    return Single(building.add(node, "whole", _sum, parts))


def _counts(numeric_only: bool, chunk: Any) -> Any:
    return (_numeric(chunk) if numeric_only else chunk).count()


def _date_sum(chunk: Any) -> tuple[float, int, Any]:
    values = chunk.dropna().to_numpy()
    return values.view("i8").sum(dtype=float), len(values), values.dtype


def _date_mean(*parts: tuple[float, int, Any]) -> Any:
    total, count, dtype = sum(part[0] for part in parts), sum(part[1] for part in parts), parts[0][2]
    mean = np.int64(total / count).view(dtype) if count else np.array("NaT", dtype)[()]
    return pd.Series([mean], dtype=dtype).iloc[0]


def _sum(*parts: Any) -> Any:
    return sum(parts[1:], parts[0])


def _merge_moments(building: Building, node: Node, rows: Rows, name: str, ddof: int, numeric_only: bool) -> Single:
    measure = partial(_measured, numeric_only)
    parts: list[ChunkKey] = [building.add(node, ("part", i), measure, [key]) for i, key in enumerate(rows.keys)]
    one = not isinstance(node.meta, PandasMeta)
    return Single(building.add(node, "whole", partial(_merged, name, ddof, one), parts))


def _measured(numeric_only: bool, chunk: Any) -> pd.DataFrame:
    """Give number, sum and squared deviations of each column's values."""
    frame = chunk.to_frame() if isinstance(chunk, pd.Series) else _numeric(chunk) if numeric_only else chunk
    values = frame.astype(float)
    n = values.count()
    return pd.DataFrame({"n": n, "sum": values.sum(), "m2": (values.var(ddof=0) * n).where(n > 0, 0.0)})


def _merged(name: str, ddof: int, one: bool, *parts: pd.DataFrame) -> Any:
    n = _sum(*(part["n"] for part in parts))
    mean = _sum(*(part["sum"] for part in parts)) / n
    m2 = _sum(*(part["m2"] + shifted(part["n"], part["sum"], mean) for part in parts))
    result = moment(name, n, mean, m2, ddof)
    return result.iloc[0] if one else result


def shifted(n: Any, total: Any, mean: Any) -> Any:
    """Give the squared deviations that a part gets by measuring from the mean of all."""
    return (n * (total / n - mean) ** 2).where(n > 0, 0.0)


def moment(name: str, n: Any, mean: Any, m2: Any, ddof: int) -> Any:
    """Make one of `MOMENTS` of number, mean and squared deviations."""
    if name == "mean":
        return mean
    variance = (m2 / (n - ddof)).where(n > ddof)
    if name == "var":
        return variance
    return np.sqrt(variance) if name == "std" else np.sqrt(variance / n)
