"""Values as files, and back: exactly, or not at all."""

from __future__ import annotations

import datetime as dt
import decimal
import io
import json
import math
import pickle

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mars_nb.storage import plain
from mars_nb.storage.formats import KINDS, dump, load
from mars_nb.storage.plain import NotExact

BERLIN = "Europe/Berlin"
TWICE = pd.DatetimeIndex(["2020-10-25 00:30", "NaT", "2020-10-25 01:30"]).tz_localize(
    "UTC"
)  # one hour, twice on clocks

COLUMNS = {
    **{kind: np.arange(3).astype(kind) for kind in "i1 i2 i4 i8 u1 u2 u4 u8 f2 f4 f8 c8 c16".split()},
    "large": np.array([2**63 - 1, -(2**63), 0]),
    "larger": np.array([2**64 - 1, 0, 1], "u8"),
    "bool": np.array([True, False, True]),
    "not numbers": np.array([np.nan, -np.inf, -0.0]),
    "small": np.array([5e-324, 1 / 3, 1e308]),
    **{f"date {unit}": np.array(["2020-01-01", "NaT", "1969-12-31T23:59:59"], f"M8[{unit}]") for unit in ("s", "ns")},
    **{f"duration {unit}": np.array([1, "NaT", -5], f"m8[{unit}]") for unit in ("ms", "us")},
    "text": ["a", None, "ü\0\U0001f600"],
    "text NA": pd.array(["a", None, ""], "string"),
    "text of Python": pd.array(["a", None, ""], "string[python]"),
    "text of Python, nan": pd.array(["a", None, ""], pd.StringDtype("python", na_value=np.nan)),
    "objects": pd.Series([1, "1", None], dtype=object),
    "more objects": pd.Series([(1, (2.0,)), True, float("nan")], dtype=object),
    "times": pd.Series([dt.date(2020, 1, 1), pd.Timestamp("2020", tz=BERLIN), pd.NaT], dtype=object),
    "large objects": pd.Series([2**100, decimal.Decimal("1.10"), b"\0"], dtype=object),
    "numbers of numpy": pd.Series([np.int8(1), np.float32(0.1), np.datetime64("2020", "D")], dtype=object),
    "lone surrogate": pd.Series(["\ud800", "a", "b"], dtype=object),
    **{kind: pd.array([1, None, 3], kind) for kind in ("Int8", "UInt64", "Float32", "Float64")},
    "boolean": pd.array([True, None, False], "boolean"),
    "zone": TWICE.tz_convert(BERLIN),
    "fixed zone": TWICE.tz_convert(dt.timezone(dt.timedelta(hours=2))),
    "UTC": TWICE.as_unit("ns"),
    "months": pd.PeriodIndex(["2020-01", "NaT", "1900-01"], freq="M"),
    "quarters": pd.period_range("2020", periods=3, freq="Q-FEB"),
    "intervals": pd.interval_range(0, 3, closed="both"),
    "intervals of time": pd.interval_range(pd.Timestamp("2020", tz=BERLIN), periods=3),
    "intervals with a gap": pd.arrays.IntervalArray.from_tuples([(0, 1), None, (1.5, 2)]),
    "categories": pd.Categorical(["b", None, "b"], ["a", "b"]),
    "ordered": pd.Categorical([3, 1, 3], [3, 2, 1], ordered=True),
    "cut": pd.cut(np.arange(3), 2),
    "categories of time": pd.Categorical(pd.date_range("2020", periods=3)),
    "a range of categories": pd.Categorical.from_codes([2, 0, -1], pd.RangeIndex(3)),
    "mixed categories": pd.Categorical.from_codes([1, 0, 1], pd.Index([1, "a"], dtype=object)),
    "sparse": pd.arrays.SparseArray([0, 0, 1]),
    "sparse nan": pd.arrays.SparseArray([np.nan, 1.5, np.nan]),
    "sparse bool": pd.arrays.SparseArray([True, False, True], fill_value=True),
    "lists of Arrow": pd.array([[1], None, []], pd.ArrowDtype(pa.list_(pa.int64()))),
    "decimals of Arrow": pd.array([decimal.Decimal("1.10"), None, None], pd.ArrowDtype(pa.decimal128(5, 2))),
    "text of Arrow": pd.array(["a", None, "b"], pd.ArrowDtype(pa.string())),
}
UNFIT_FOR_LABELS = {"f2", "lists of Arrow"}  # pandas has no index of these
FRAMES = {
    "empty": pd.DataFrame(),
    "no columns": pd.DataFrame(index=["a", "b"]),
    "no columns, a range": pd.DataFrame(index=range(3)),
    "no rows": pd.DataFrame({"a": np.array([], "i8"), "b": pd.Categorical([], ["x"])}),
    "labels of all kinds": pd.DataFrame([[1, 2, 3, 4]], columns=["a", "a", 1, (2, None)]),
    "integers as labels": pd.DataFrame([[1, "b"]], columns=[10, 20]),
    "dates as labels": pd.DataFrame([[1, 2]], columns=pd.date_range("2020", periods=2, freq="D", name="day")),
    "levels": pd.DataFrame([[1, 2]], columns=pd.MultiIndex.from_tuples([("a", 1), ("b", 2)], names=["x", None])),
    "frequency": pd.DataFrame({"a": [1, 2]}, index=pd.date_range("2020-01-03", periods=2, freq="B")),
    "unused levels": pd.DataFrame(
        {"a": range(4)}, index=pd.MultiIndex.from_product([["x", "y"], [1, 2]], names=["p", 3])
    ).iloc[1:3],
    "levels with gaps": pd.DataFrame({"a": [1, 2]}, index=pd.MultiIndex.from_arrays([[1, None], [None, "a"]])),
    "unique labels": pd.DataFrame({"a": [1]}).set_flags(allows_duplicate_labels=False),
    "named range": pd.DataFrame({"a": [1, 2]}, index=pd.RangeIndex(10, 4, -3, name=("n", 1))),
}
ARRAYS = {
    "two dimensions": np.arange(6).reshape(2, 3),
    "Fortran's order": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    "a part": np.arange(12).reshape(3, 4)[::2, ::-1],
    "no dimension": np.array(3.5),
    "no items": np.zeros((0, 3), "f4"),
    "fields": np.array([(1, b"a", (2.0, 3.0))], [("a", "i4"), ("b", "S3"), ("c", "f8", 2)]),
    "other byte order": np.array([1, 2], ">i4"),
    "texts": np.array(["a", "bcd"]),
    "days": np.array(["2020-01-01", "NaT"], "M8[D]"),
    "objects": np.array([[1, "a", None], [2.5, (1,), {"k": [True]}]], dtype=object),
}


@pytest.mark.parametrize("rows", [slice(None), slice(0, 0), slice(1, None)], ids=["all", "none", "some"])
@pytest.mark.parametrize("name", COLUMNS)
def test_columns(name, rows):
    column = pd.Series(COLUMNS[name], name=name)[rows]
    found = load(*dump(column))
    assert found.dtype == column.dtype
    pd.testing.assert_series_equal(found, column, check_exact=True)
    assert [type(item) for item in found] == [type(item) for item in column]
    frame = pd.DataFrame({"other": 1, name: column})
    pd.testing.assert_frame_equal(load(*dump(frame)), frame, check_exact=True)


@pytest.mark.parametrize("name", sorted(COLUMNS.keys() - UNFIT_FOR_LABELS))
def test_labels(name):
    index = pd.Index(COLUMNS[name], name=(1, name))
    pd.testing.assert_index_equal(load(*dump(index)), index, exact=True)
    series = pd.Series(range(3), index)
    pd.testing.assert_series_equal(load(*dump(series)), series, check_index_type=True)
    levels = pd.MultiIndex.from_arrays([index, range(3)], names=[name, 3])
    found = load(*dump(levels))
    pd.testing.assert_index_equal(found, levels, exact=True)
    assert [level.dtype for level in found.levels] == [level.dtype for level in levels.levels]


@pytest.mark.parametrize("name", FRAMES)
def test_frames(name):
    frame = FRAMES[name]
    found = load(*dump(frame))
    pd.testing.assert_frame_equal(found, frame, check_flags=True, check_freq=True, check_column_type=True)
    assert type(found.index) is type(frame.index)
    assert list(found.columns) == list(frame.columns)
    assert found.index.names == frame.index.names
    if isinstance(frame.index, pd.RangeIndex):
        assert repr(found.index) == repr(frame.index)
    if isinstance(frame.index, pd.MultiIndex):
        assert [list(level) for level in found.index.levels] == [list(level) for level in frame.index.levels]


def test_attributes_and_names():
    series = pd.Series([1.5], name=("a", 1))
    series.attrs = {"source": ("x", 1), "when": dt.date(2020, 1, 1)}
    found = load(*dump(series))
    assert found.name == ("a", 1)
    assert found.attrs == series.attrs
    assert load(*dump(pd.Series([1]))).name is None
    assert type(load(*dump(pd.Series([1], name=np.int64(3)))).name) is np.int64


def test_what_was_read_can_be_written_to():
    frame = load(*dump(pd.DataFrame({"a": [1, 2], "b": ["x", "y"]})))
    frame.loc[0, "a"] = 5
    series = load(*dump(pd.Series([1, 2])))
    series[0] = 5
    array = load(*dump(np.arange(2)))
    array[0] = 5
    assert frame.a[0] == series[0] == array[0] == 5


@pytest.mark.parametrize("name", ARRAYS)
def test_arrays(name):
    array = ARRAYS[name]
    found = load(*dump(array))
    assert type(found) is np.ndarray
    assert found.dtype == array.dtype
    np.testing.assert_array_equal(found, array)
    assert found.flags.f_contiguous == np.array(array).flags.f_contiguous


@pytest.mark.parametrize(
    "scalar", [np.float64(0.1), np.int8(-1), np.bool_(True), np.datetime64("2020"), np.str_("a"), np.complex64(1j)]
)
def test_numpy_scalars(scalar):
    found = load(*dump(scalar))
    assert type(found) is type(scalar)
    assert found.dtype == scalar.dtype
    assert found == scalar


PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.complex_numbers()
    | st.text()
    | st.binary()
    | st.dates()
    | st.times()
    | st.timedeltas()
    | st.decimals(allow_nan=False)
    | st.datetimes(timezones=st.none() | st.timezones() | st.just(dt.UTC))
    | st.sampled_from([pd.NA, pd.NaT, np.float32(0.1), pd.Timestamp(2020, 10, 25, 2, 30, fold=1, tz=BERLIN)])
    | st.sampled_from([pd.Timedelta(1, "ns"), pd.Period("2020-03", "M"), pd.Interval(1, 2.5, "left"), np.str_("a")]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(st.text() | st.integers() | st.tuples(st.booleans()), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(PLAIN)
def test_python_values(value):
    found = load(*dump(value))
    assert pickle.dumps(_told_apart(found)) == pickle.dumps(_told_apart(value))


def _told_apart(value):
    """Write a value so that the same text means the same value, NaN and the types of items included."""
    if isinstance(value, dict):
        return "dict", [(_told_apart(key), _told_apart(item)) for key, item in value.items()]
    if isinstance(value, list | tuple):
        return type(value).__name__, [_told_apart(item) for item in value]
    more = (value.fold, str(value.tzinfo)) if isinstance(value, dt.datetime | dt.time) else ()
    more += (value.unit,) if isinstance(value, pd.Timestamp | pd.Timedelta) else ()
    return type(value).__name__, repr(value), *more


class Subclass(pd.DataFrame):
    pass


class Whole(int):
    pass


def _with_attrs() -> pd.DataFrame:
    frame = pd.DataFrame({"a": [1]})
    frame.attrs["f"] = len
    return frame


def _cycle() -> list[object]:
    made: list[object] = []
    made.append(made)
    return made


INEXACT = {
    "function": len,
    "class of the user's": Whole(1),
    "frame of another class": Subclass({"a": [1]}),
    "attribute": _with_attrs(),
    "contains itself": _cycle(),
    "masked": np.ma.array([1]),
    "record array": np.rec.array([(1,)], dtype=[("a", "i4")]),
    "objects": np.array([len], dtype=object),
    "objects in fields": np.zeros(1, [("a", object)]),
    "metadata": np.zeros(1, np.dtype("i4", metadata={"a": 1})),
    "numpy's new texts": np.array(["a"], np.dtypes.StringDType()),
    "object in a column": pd.Series([object()]),
    "array in a column": pd.Series([np.arange(2), 1], dtype=object),
    "time zone of another package": pd.Series(pd.date_range("2020", periods=1, tz="dateutil/Europe/Berlin")),
    "holidays": pd.Series([1, 2], pd.date_range("2020", periods=2, freq=pd.offsets.CDay(holidays=["2020-01-02"]))),
    "NaN that is not missing": pd.Series(pd.arrays.FloatingArray(np.array([np.nan]), np.array([False]))),
    "time zone with a name": dt.datetime(2020, 1, 1, tzinfo=dt.timezone(dt.timedelta(hours=1), "mine")),
}


@pytest.mark.parametrize("name", INEXACT)
def test_what_has_no_exact_form_is_refused(name):
    with pytest.raises(NotExact) as caught:
        dump(INEXACT[name])
    assert "\n" not in str(caught.value)


def test_nothing_is_run_when_read(monkeypatch):
    """Neither pickles in npy files nor the extension types of Arrow that carry one."""

    def never(*_, **__):
        raise AssertionError("unpickled")

    file = io.BytesIO()
    np.save(file, np.array([{}], dtype=object), allow_pickle=True)
    for name in ("loads", "load", "Unpickler"):
        monkeypatch.setattr(pickle, name, never)
    with pytest.raises(ValueError, match="allow_pickle"):
        load("array", file.getvalue())
    metadata = {b"ARROW:extension:name": b"arrow.py_extension_type", b"ARROW:extension:metadata": b"cos\nsystem\n."}
    encoded = dump(pd.DataFrame({"a": [1]}))
    batch = pa.ipc.open_file(pa.py_buffer(encoded.data)).get_batch(0)
    schema = pa.schema([batch.schema.field(0).with_metadata(metadata)], batch.schema.metadata)
    sink = io.BytesIO()
    with pa.ipc.new_file(sink, schema) as writer:
        writer.write_batch(pa.RecordBatch.from_arrays(batch.columns, schema=schema))
    assert load("frame", sink.getvalue()).a.tolist() == [1]
    with pytest.raises(KeyError):
        plain.loads(json.dumps({"os.system": ["true"]}))


def test_other_programs_can_read_columns():
    frame = pd.DataFrame({"n": [1, 2], "when": pd.date_range("2020", periods=2), "c": pd.Categorical(["x", "y"])})
    table = pa.ipc.open_file(pa.py_buffer(dump(frame).data)).read_all()
    assert table.column_names == ["n", "when", "c"]
    assert table.to_pydict()["c"] == ["x", "y"]
    assert table.to_pydict()["when"] == frame.when.tolist()


def test_every_kind_has_a_file():
    values = [pd.DataFrame({"a": [1]}), pd.Series([1]), pd.Index([1]), np.ones(1), np.array([None]), np.int8(1), 1]
    assert [dump(value).kind for value in values] == list(KINDS)
    for value in values:
        kind = dump(value).kind
        assert isinstance(value, KINDS[kind][0])
    assert math.isnan(load(*dump(math.nan)))
