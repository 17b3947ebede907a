"""Columns and labels of pandas as Arrow arrays, exactly.

An array becomes an Arrow array and a description, which says in JSON what Arrow does not: the two together give it
back. Where Arrow has a type of its own for pandas's, that is used, so that other programs can read the files too; the
items of object columns are JSON texts. Arrow's extension types are not used: which of them are registered, and what
they do when read, depends on the process.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from pandas.tseries.frequencies import to_offset

from mars_nb.storage import plain
from mars_nb.storage.plain import NotExact

Column = tuple[pa.Array, dict[str, Any]]
# numpy's types that Arrow has: truth values, numbers, dates and durations.
_NATIVE = "biufMm"


def encode(values: Any) -> Column:
    """Turn a one-dimensional array of numpy or pandas into an Arrow array and a description.

    Raises
    ------
    NotExact
        If it has no exact form.

    Examples
    --------
    >>> decode(*encode(pd.Categorical(["a", "b", "a"])))
    ['a', 'b', 'a']
    Categories (2, str): ['a', 'b']
    """
    if type(values) is pd.arrays.NumpyExtensionArray:
        values = values.to_numpy()
    dtype = values.dtype
    if isinstance(dtype, np.dtype):
        return _encode_numpy(np.asarray(values))
    for kind, (of, write, _) in _KINDS.items():
        if type(dtype) is of:
            array, how = write(values, dtype)
            return array, {"kind": kind, **how}
    if type(dtype) in _MASKED:
        return pa.array(values), {"kind": "masked", "dtype": str(dtype)}
    raise NotExact(f"a column of dtype {dtype} has no exact form")


def decode(array: pa.Array, how: dict[str, Any]) -> Any:
    """Turn what `encode` gave back into the array. It may be read-only."""
    kind = how["kind"]
    if kind == "masked":
        return pd.api.types.pandas_dtype(how["dtype"]).__from_arrow__(array)  # type: ignore[union-attr]
    if kind in _KINDS:
        return _KINDS[kind][2](array, how)
    return _decode_numpy(array, how)


# --- numpy's types --------------------------------------------------------------------------------------------------


def _encode_numpy(values: np.ndarray[Any, Any]) -> Column:
    kind = values.dtype.kind
    if kind == "O":
        return pa.array([plain.dumps(item) for item in values], pa.large_string()), {"kind": "object"}
    if kind == "c":
        items = pa.array(np.ascontiguousarray(values).view(values.real.dtype))
        return pa.FixedSizeListArray.from_arrays(items, 2), {"kind": "complex", "dtype": values.dtype.str}
    if kind not in _NATIVE or not values.dtype.isnative:
        raise NotExact(f"a column of dtype {values.dtype} has no exact form")
    return pa.array(values), {"kind": "numpy", "dtype": values.dtype.str}


def _decode_numpy(array: pa.Array, how: dict[str, Any]) -> Any:
    if how["kind"] == "object":
        values = np.empty(len(array), object)
        for i, text in enumerate(array.to_pylist()):
            values[i] = plain.loads(text)
        return values
    dtype = np.dtype(how["dtype"])
    if how["kind"] == "complex":
        return array.flatten().to_numpy(zero_copy_only=False).view(dtype)
    return array.to_numpy(zero_copy_only=False).astype(dtype, copy=False)


# --- pandas's types -------------------------------------------------------------------------------------------------

_MASKED = {type(pd.api.types.pandas_dtype(f"{kind}{size}")) for kind in ("Int", "UInt") for size in (8, 16, 32, 64)}
_MASKED |= {pd.Float32Dtype, pd.Float64Dtype, pd.BooleanDtype}


def _one_array(array: pa.Array | pa.ChunkedArray) -> pa.Array:
    """Give an Arrow array in one piece."""
    if not isinstance(array, pa.ChunkedArray):
        return array
    return array.chunk(0) if array.num_chunks == 1 else array.combine_chunks()


def _string(values: Any, dtype: pd.StringDtype) -> Column:
    array = _one_array(pa.array(values, pa.large_string()))
    return array, {"storage": dtype.storage, "na": "NA" if dtype.na_value is pd.NA else "nan"}


def _to_string(array: pa.Array, how: dict[str, Any]) -> Any:
    missing: Any = {"NA": pd.NA, "nan": np.nan}[how["na"]]
    dtype: Any = pd.StringDtype(how["storage"], missing)
    return dtype.__from_arrow__(array)


def _arrow(values: Any, dtype: pd.ArrowDtype) -> Column:
    return _one_array(pa.array(values)), {}


def _to_arrow(array: pa.Array, how: dict[str, Any]) -> Any:
    dtype: Any = pd.ArrowDtype(array.type)
    return dtype.__from_arrow__(array)


def _zoned(values: Any, dtype: pd.DatetimeTZDtype) -> Column:
    zone = plain.zone_to_json(dtype.tz)
    array, how = encode(values.tz_convert(None).to_numpy())
    return array, {"zone": zone, "in": how}


def _to_zoned(array: pa.Array, how: dict[str, Any]) -> Any:
    naive: Any = pd.DatetimeIndex(decode(array, how["in"]))
    return naive.tz_localize("UTC").tz_convert(plain.zone_from_json(how["zone"])).array


def _period(values: Any, dtype: pd.PeriodDtype) -> Column:
    return pa.array(values.view("i8")), {"dtype": str(dtype)}


def _to_period(array: pa.Array, how: dict[str, Any]) -> Any:
    dtype: Any = pd.api.types.pandas_dtype(how["dtype"])
    return pd.arrays.PeriodArray(array.to_numpy().copy(), dtype=dtype)


def _interval(values: Any, dtype: Any) -> Column:
    (left, left_how), (right, right_how) = encode_flat(values.left), encode_flat(values.right)
    return pa.StructArray.from_arrays([left, right], ["left", "right"]), {
        "closed": dtype.closed,
        "left": left_how,
        "right": right_how,
    }


def _to_interval(array: pa.Array, how: dict[str, Any]) -> Any:
    left, right = (decode_flat(array.field(side), how[side]) for side in ("left", "right"))
    return pd.arrays.IntervalArray.from_arrays(left, right, how["closed"])


def _sparse(values: Any, dtype: pd.SparseDtype) -> Column:
    array, how = encode(values.to_dense())
    return array, {"fill": plain.to_json(values.fill_value), "in": how}


def _to_sparse(array: pa.Array, how: dict[str, Any]) -> Any:
    dense, fill = decode(array, how["in"]), plain.from_json(how["fill"])
    return pd.arrays.SparseArray(dense, fill_value=fill, dtype=pd.SparseDtype(dense.dtype, fill))


def _category(values: Any, dtype: pd.CategoricalDtype) -> Column:
    array, how = encode_flat(dtype.categories)
    codes = values.codes
    return pa.DictionaryArray.from_arrays(pa.array(codes, mask=codes < 0), array), {
        "ordered": bool(dtype.ordered),
        "categories": how,
    }


def _to_category(array: pa.Array, how: dict[str, Any]) -> Any:
    categories = decode_flat(array.dictionary, how["categories"])
    codes = array.indices.fill_null(-1).to_numpy()
    return pd.Categorical.from_codes(codes, dtype=pd.CategoricalDtype(categories, how["ordered"]))


_Write = Callable[[Any, Any], Column]
_Read = Callable[[pa.Array, dict[str, Any]], Any]
_KINDS: dict[str, tuple[type, _Write, _Read]] = {
    "string": (pd.StringDtype, _string, _to_string),
    "arrow": (pd.ArrowDtype, _arrow, _to_arrow),
    "zoned": (pd.DatetimeTZDtype, _zoned, _to_zoned),
    "period": (pd.PeriodDtype, _period, _to_period),
    "interval": (pd.IntervalDtype, _interval, _to_interval),
    "sparse": (pd.SparseDtype, _sparse, _to_sparse),
    "category": (pd.CategoricalDtype, _category, _to_category),
}


# --- labels ---------------------------------------------------------------------------------------------------------


def encode_flat(index: pd.Index[Any]) -> Column:
    """Turn an index of one level into an Arrow array and a description; see `encode`."""
    if type(index) not in _INDEXES:
        raise NotExact(f"an index of type {type(index).__name__} has no exact form")
    array, how = encode(index.array)
    found: dict[str, Any] = {"values": how, "name": plain.to_json(index.name)}
    if isinstance(index, pd.RangeIndex):
        found["range"] = [index.start, index.stop, index.step]
    elif getattr(index, "freq", None) is not None and not isinstance(index, pd.PeriodIndex):
        found["freq"] = index.freq.freqstr  # type: ignore[attr-defined]
    return array, found


_INDEXES = {pd.Index, pd.RangeIndex, pd.DatetimeIndex, pd.TimedeltaIndex, pd.PeriodIndex, pd.IntervalIndex}
_INDEXES |= {pd.CategoricalIndex}


def decode_flat(array: pa.Array, how: dict[str, Any]) -> Any:
    """Turn what `encode_flat` gave back into the index."""
    name = plain.from_json(how["name"])
    if "range" in how:
        start, stop, step = how["range"]
        return pd.RangeIndex(start, stop, step, name=name)
    values = decode(array, how["values"])
    index: Any = pd.Index(values, dtype=values.dtype, name=name, copy=True, tupleize_cols=False)
    if "freq" in how:
        index.freq = to_offset(how["freq"])
    return index


def encode_index(index: pd.Index[Any]) -> tuple[list[pa.Array], dict[str, Any], list[Any]]:
    """Turn an index into Arrow arrays of its length, a description, and its levels where it has several.

    A range has no arrays; several levels have one with the codes of each.
    """
    if type(index) is pd.MultiIndex:
        codes = [pa.array(np.asarray(codes)) for codes in index.codes]
        return codes, {"sorted": getattr(index, "sortorder", None)}, list(index.levels)
    if isinstance(index, pd.RangeIndex):
        return [], encode_flat(index[:0])[1] | {"range": [index.start, index.stop, index.step]}, []
    array, how = encode_flat(index)
    return [array], how, []


def decode_index(columns: list[pa.Array], how: dict[str, Any], levels: list[Any]) -> Any:
    """Turn what `encode_index` gave back into the index."""
    if "sorted" not in how:
        return decode_flat(columns[0] if columns else None, how)
    codes = [column.to_numpy() for column in columns]
    return pd.MultiIndex(levels, codes, sortorder=how["sorted"], names=[level.name for level in levels])
