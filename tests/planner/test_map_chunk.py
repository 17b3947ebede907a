"""``map_chunk``: what Mars's users call where each chunk is enough."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest

import mars_nb.dataframe as md
import mars_nb.tensor as mt
from mars_nb import Session
from mars_nb.errors import WholeWarning
from mars_nb.graph.tileable import Object

FRAME = pd.DataFrame({"a": range(10), "b": list("abcdefghij"), "x": np.linspace(0, 1, 10)})
ARRAY = np.arange(24.0).reshape(4, 6)


def parts(frame: Any, size: int) -> list[Any]:
    return [frame.iloc[i : i + size] for i in range(0, len(frame), size)]


FRAME_FUNCTIONS = {
    "cumulated": lambda c: c[["a", "x"]].cumsum(),
    "counted": lambda c: c.assign(n=len(c)),
    "filtered": lambda c: c[c.a % 2 == 0],
    "column": lambda c: c.a * 2,
    "without rows": lambda c: c[c.a > 100],
    "other dtypes": lambda c: c.assign(a=c.a if len(c) < 3 else c.a / 2),
    "aggregated": lambda c: c.groupby(c.a > 4)[["x"]].sum(),
}


@pytest.mark.parametrize("chunk_size", [3, 5, None])
@pytest.mark.parametrize("name", FRAME_FUNCTIONS)
def test_frames(session: Session, name: str, chunk_size: int | None) -> None:
    function = FRAME_FUNCTIONS[name]
    expected = pd.concat([function(part) for part in parts(FRAME, chunk_size or 10)])
    lazy = md.DataFrame(FRAME, chunk_size=chunk_size).map_chunk(function)
    assert type(lazy).__name__ == type(expected).__name__
    found = lazy.execute().fetch()
    (pd.testing.assert_frame_equal if found.ndim == 2 else pd.testing.assert_series_equal)(found, expected)
    assert lazy.sum(numeric_only=True).execute().fetch() is not None


def test_arguments_and_positions(session: Session) -> None:
    def function(chunk: Any, factor: int, plus: int = 0, chunk_index: Any = None) -> Any:
        return chunk * factor + plus + 100 * chunk_index[0]

    s = md.Series(FRAME.a, chunk_size=4)
    found = s.map_chunk(function, args=(2,), kwargs={"plus": 1}, with_chunk_index=True).execute().fetch()
    assert found.tolist() == [1, 3, 5, 7, 109, 111, 113, 115, 217, 219]
    t = mt.tensor(ARRAY, chunk_size=(2, 4))
    found = t.map_chunk(
        lambda c, k, chunk_index: np.full(c.shape, 10 * chunk_index[0] + chunk_index[1] + k), (5,), True
    )
    assert found.execute().fetch()[:, ::4].tolist() == [[5, 6], [5, 6], [15, 16], [15, 16]]


def test_lazy_arguments_are_given_as_values(session: Session) -> None:
    df = md.DataFrame(FRAME, chunk_size=4)
    found = df.map_chunk(lambda c, other: c.assign(total=other.sum()), args=(df.a,)).execute().fetch()
    assert found.total.tolist() == [45] * 10


def test_hints_in_place_of_a_trial(session: Session) -> None:
    calls = []

    def function(chunk: Any) -> Any:
        calls.append(len(chunk))
        return chunk[["a"]].iloc[:1]

    df = md.DataFrame(FRAME, chunk_size=4)
    lazy = df.map_chunk(function, dtypes={"a": np.dtype("int64")})
    other = df.a.map_chunk(lambda c: c / 2, dtype=float, name="half")
    unknown = df.map_chunk(function, skip_infer=True)
    assert calls == []
    assert list(lazy.columns) == ["a"]
    assert (other.dtype, other.name) == (float, "half")
    assert isinstance(unknown, Object)
    assert lazy.execute().fetch().a.tolist() == unknown.execute().fetch().a.tolist() == [0, 4, 8]
    with pytest.raises(TypeError, match="unexpected keyword argument 'nonsense'"):
        df.map_chunk(function, nonsense=1)


def test_a_function_that_fails_on_a_row_is_not_refused(session: Session) -> None:
    lazy = md.DataFrame(FRAME, chunk_size=5).map_chunk(lambda c: c.iloc[[3]])
    assert lazy.execute().fetch().a.tolist() == [3, 8]


@pytest.mark.parametrize("chunk_size", [(2, 4), (4, 6), (3, 1), None])
def test_arrays(session: Session, chunk_size: Any) -> None:
    t = mt.tensor(ARRAY, chunk_size=chunk_size)
    assert t.map_chunk(np.sqrt).shape == (4, 6)
    np.testing.assert_array_equal(t.map_chunk(np.sqrt).execute().fetch(), np.sqrt(ARRAY))
    assert t.map_chunk(lambda c: c.astype(str)).dtype.kind == "U"
    doubled = t.map_chunk(lambda c: np.repeat(c, 2, axis=0)).execute()
    assert doubled.shape == doubled.fetch().shape == (8, 6)
    assert np.isnan(t.map_chunk(lambda c: c[:1]).shape[0])


def test_other_dimensions(session: Session) -> None:
    rows = mt.tensor(ARRAY, chunk_size=(2, 6)).map_chunk(lambda c: c.sum(axis=1))
    np.testing.assert_array_equal(rows.execute().fetch(), ARRAY.sum(axis=1))
    with pytest.raises(TypeError, match="joins arrays or frames, and the function gave float64"):
        mt.tensor(ARRAY).map_chunk(lambda c: c.sum()).execute()
    arrays = md.DataFrame(FRAME[["a", "x"]], chunk_size=4).map_chunk(lambda c: c.to_numpy())
    np.testing.assert_array_equal(arrays.execute().fetch(), FRAME[["a", "x"]].to_numpy())


def test_told_shapes_and_dtypes(session: Session) -> None:
    calls = []

    def function(chunk: Any) -> Any:
        calls.append(chunk.shape)
        return chunk[:, :1]

    lazy = mt.tensor(ARRAY, chunk_size=(2, 6)).map_chunk(function, shape=(4, 1), dtype=float)
    assert calls == []
    assert lazy.shape == (4, 1)
    np.testing.assert_array_equal(lazy.execute().fetch(), ARRAY[:, :1])


def test_a_shape_that_is_not_kept_is_an_error(session: Session) -> None:
    t = mt.tensor(ARRAY, chunk_size=(2, 6))

    def function(chunk: Any) -> Any:
        return chunk[:1] if chunk[0, 0] == 12 else chunk

    with pytest.raises(ValueError, match=r"for a chunk of shape \(2, 6\) the function gave one of shape \(1, 6\)"):
        t.map_chunk(function).execute()
    assert t.map_chunk(function, elementwise=False).execute().fetch().shape == (3, 6)


def test_chunks_are_the_functions_own(session: Session) -> None:
    t = mt.tensor(ARRAY, chunk_size=(2, 6)).execute()

    def spoil(chunk: Any) -> Any:
        chunk[:] = 0
        return chunk

    assert t.map_chunk(spoil).sum().execute().fetch() == 0
    df = md.DataFrame(FRAME, chunk_size=4).execute()

    def spoil_frame(chunk: Any) -> Any:
        chunk["a"] = 0
        return chunk

    assert df.map_chunk(spoil_frame).a.sum().execute().fetch() == 0
    np.testing.assert_array_equal(t.fetch(), ARRAY)
    pd.testing.assert_frame_equal(df.fetch(), FRAME)


@pytest.mark.parametrize("chunk_size", [None, 2])
def test_functions_of_numpys_may_write_too(session: Session, chunk_size: int | None) -> None:
    def least(values: Any) -> Any:
        values.sort()
        return values[0]

    original = np.array([[3.0, 1.0], [2.0, 5.0], [0.0, 4.0]])
    t = mt.tensor(original, chunk_size=chunk_size).execute()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", WholeWarning)
        found = mt.apply_along_axis(least, 0, t).execute().fetch()
    np.testing.assert_array_equal(found, [0, 1])
    np.testing.assert_array_equal(t.fetch(), original)


def test_functions_that_choose_give_what_is_not_known(session: Session) -> None:
    for function in (lambda c: c[c > 0.5], lambda c: c[c != 0], lambda c: c[c < 0]):
        lazy = mt.tensor(ARRAY.ravel(), chunk_size=5).map_chunk(function)
        assert np.isnan(lazy.shape[0])
        np.testing.assert_array_equal(lazy.execute().fetch(), function(ARRAY.ravel()))
