"""Values as the bytes of files, exactly and without pickle: Arrow for pandas, npy for arrays, JSON for the rest.

`dump` reads back what it made and compares, so that a value which would come back as another is refused when it is
saved. `load` never runs what stands in a file: it may come from somebody else.
"""

from __future__ import annotations

import io
import json
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa

from mars_nb.storage import plain
from mars_nb.storage.columns import decode, decode_index, encode, encode_index
from mars_nb.storage.plain import NotExact

_KEY = b"mars_nb"
_ARRAYS = "biufcMmSUV"  # kinds of dtypes that npy has without pickle


class Encoded(NamedTuple):
    """A value as bytes.

    Attributes
    ----------
    kind
        One of `KINDS`.
    data
        What goes into the file.
    """

    kind: str
    data: Any


#: What there is, with the type that it has in memory and the ending of its file's name.
KINDS: dict[str, tuple[type, str]] = {
    "frame": (pd.DataFrame, "arrow"),
    "series": (pd.Series, "arrow"),
    "index": (pd.Index, "arrow"),
    "array": (np.ndarray, "npy"),
    "objects": (np.ndarray, "json"),
    "scalar": (np.generic, "npy"),
    "plain": (object, "json"),
}


def dump(value: Any) -> Encoded:
    """Turn a value into the bytes of a file.

    Raises
    ------
    NotExact
        If it would not come back as it is.

    Examples
    --------
    >>> load(*dump(pd.DataFrame({"a": [1, 2]})))
       a
    0  1
    1  2
    >>> dump(lambda: 1)
    Traceback (most recent call last):
        ...
    mars_nb.storage.plain.NotExact: a value of type builtins.function has no exact form without pickle
    """
    try:
        encoded = _dump(value)
        found = load(*encoded)
        if isinstance(value, pd.DataFrame | pd.Series | pd.Index):
            _compare(found, value)
    except NotExact:
        raise
    except Exception as error:  # whatever Arrow, numpy or a type of somebody else's says
        lines = str(error).strip().splitlines() or [type(error).__name__]
        raise NotExact(f"it has no exact form ({lines[0]})") from error
    if isinstance(value, np.ndarray | np.generic) and found.dtype != value.dtype:
        raise NotExact(f"an array of dtype {value.dtype} has no exact form")
    return encoded


def _dump(value: Any) -> Encoded:
    kind = type(value)
    if isinstance(value, pd.Index):
        return Encoded("index", _dump_index(value))
    if kind in (pd.Series, pd.DataFrame):
        return Encoded("series" if kind is pd.Series else "frame", _dump_frame(value))
    if kind is np.ndarray and value.dtype == object:
        items = [plain.to_json(item) for item in value.ravel()]
        return Encoded("objects", json.dumps({"shape": value.shape, "items": items}).encode())
    if kind is np.ndarray or isinstance(value, np.generic):
        if value.dtype.kind not in _ARRAYS or value.dtype.metadata:
            raise NotExact(f"an array of dtype {value.dtype!r} has no exact form")
        file = io.BytesIO()
        np.lib.format.write_array(file, np.asarray(value), allow_pickle=False)
        return Encoded("array" if kind is np.ndarray else "scalar", file.getbuffer())
    return Encoded("plain", plain.dumps(value).encode())


def load(kind: str, data: Any) -> Any:
    """Turn what `dump` gave back into the value."""
    if kind in ("frame", "series"):
        return _load_frame(kind, data)
    if kind == "index":
        return _load_index(data)
    if kind == "objects":
        parts = json.loads(bytes(data))
        values = np.empty(len(parts["items"]), object)
        for i, item in enumerate(parts["items"]):
            values[i] = plain.from_json(item)
        return values.reshape(parts["shape"])
    if kind in ("array", "scalar"):
        array = np.lib.format.read_array(io.BytesIO(data), allow_pickle=False)
        return array if kind == "array" else array[()]
    return plain.loads(bytes(data))


# --- pandas ---------------------------------------------------------------------------------------------------------
#
# A table has the columns, then the index. What is not as long as the rows, the labels of the columns and the levels of
# a MultiIndex, is indexes again, which stand in the table's metadata as tables of their own.


def _dump_frame(value: Any) -> Any:
    is_series = isinstance(value, pd.Series)
    arrays = [value.array] if is_series else [value.iloc[:, i].array for i in range(value.shape[1])]
    labels = pd.Index([value.name], dtype=object, tupleize_cols=False) if is_series else value.columns
    columns = [encode(array) for array in arrays]
    index, index_how, levels = encode_index(value.index)
    how = {
        "columns": [how for _, how in columns],
        "index": index_how,
        "attrs": plain.to_json(value.attrs),
        "unique": not value.flags.allows_duplicate_labels,
    }
    names = [*map(str, labels), *(f"index {i}" for i in range(len(index)))]
    return _to_ipc([array for array, _ in columns] + index, names, how, [labels, *levels])


def _load_frame(kind: str, data: Any) -> Any:
    arrays, how, (labels, *levels) = _from_ipc(data)
    count = len(how["columns"])
    index = decode_index(arrays[count:], how["index"], levels)
    decoded = [decode(*column) for column in zip(arrays[:count], how["columns"], strict=True)]
    columns = [pd.Series(values, index, values.dtype) for values in decoded]  # pandas guesses if not told the dtype
    value: Any  # with copies of the columns, so that it can be written to
    if kind == "series":
        value = columns[0].copy()
        value.name = labels[0]
    else:
        value = pd.DataFrame(dict(enumerate(columns)), index, copy=True)
        value.columns = labels
    value.attrs = plain.from_json(how["attrs"])
    return value.set_flags(allows_duplicate_labels=False) if how["unique"] else value


def _dump_index(value: Any) -> Any:
    arrays, how, levels = encode_index(value)
    return _to_ipc(arrays, [f"index {i}" for i in range(len(arrays))], how, levels)


def _load_index(data: Any) -> Any:
    return decode_index(*_from_ipc(data))


def _to_ipc(arrays: list[pa.Array], names: list[str], how: Any, indexes: list[Any]) -> pa.Buffer:
    metadata = {_KEY: json.dumps(how).encode()}
    metadata |= {_nested(i): _dump_index(index).to_pybytes() for i, index in enumerate(indexes)}
    fields = [pa.field(name, array.type) for name, array in zip(names, arrays, strict=True)]
    batch = pa.RecordBatch.from_arrays(arrays, schema=pa.schema(fields, metadata))
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, batch.schema) as writer:
        writer.write_batch(batch)
    return sink.getvalue()


def _from_ipc(data: Any) -> tuple[list[pa.Array], Any, list[Any]]:
    with pa.ipc.open_file(pa.py_buffer(data)) as reader:
        batch = reader.get_batch(0)
    batch.validate(full=True)  # a wrong offset would read memory that is not its own
    metadata = batch.schema.metadata
    indexes = [_load_index(metadata[_nested(i)]) for i in range(len(metadata) - 1)]
    return batch.columns, json.loads(metadata[_KEY]), indexes


def _nested(number: int) -> bytes:
    return b"mars_nb.index.%d" % number


# --- comparing ------------------------------------------------------------------------------------------------------


def _compare(found: Any, value: Any) -> None:
    """Raise an error if two objects of pandas differ in anything."""
    if isinstance(value, pd.Index):
        pd.testing.assert_index_equal(found, value, exact=True, check_exact=True)
        _compare_indexes(found, value)
        return
    exact: dict[str, Any] = {"check_exact": True, "check_freq": True, "check_flags": True, "check_index_type": True}
    if isinstance(value, pd.Series):
        pd.testing.assert_series_equal(found, value, **exact)
    else:
        pd.testing.assert_frame_equal(found, value, check_column_type=True, **exact)
        _compare_indexes(found.columns, value.columns)
    _compare_indexes(found.index, value.index)


def _compare_indexes(found: Any, value: Any) -> None:
    """Raise an error for what pandas does not compare."""
    if type(found) is not type(value) or getattr(found, "freq", None) != getattr(value, "freq", None):
        raise NotExact(f"an index of type {type(value).__name__} has no exact form")
