"""Data frames to and from Arrow, Polars, Dask, matplotlib; copies and iteration."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from answers import check
from polars.testing import assert_frame_equal, assert_series_equal

import mars_nb
import mars_nb.dataframe as md

PLAIN = pd.DataFrame(
    {
        "i": range(10),
        "x": np.arange(10) / 4,
        "s": [*"abcdefghi", None],
        "t": pd.date_range("2024-01-01", periods=10, tz="UTC"),
        "c": pd.Categorical([*"ababababab"]),
        "n": pd.array([1, None] * 5, "Int64"),
    }
)
FRAMES = {
    "plain": PLAIN,
    "a range from three": PLAIN[3:],
    "every other row": PLAIN[::2],
    "labels": PLAIN.set_index("s"),
    "two levels": PLAIN.set_index(["s", "i"]),
    "shuffled": PLAIN.loc[[3, 1, 2, 9]],
    "objects": PLAIN.astype({"s": object}),
    "no rows": PLAIN[:0],
    "no columns": PLAIN[[]],
    "one column": PLAIN[["i"]],
}


@pytest.fixture(autouse=True)
def _session() -> Iterator[None]:
    with mars_nb.new_session():
        yield


@pytest.fixture(params=[None, 3], ids=["one chunk", "many"], name="lazy")
def _lazy(request: pytest.FixtureRequest) -> Any:
    return lambda value: md.from_pandas(value, request.param)


@pytest.fixture(name="brought")
def _brought(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Give a list to which the number of items is added of whatever is brought from a session."""
    from mars_nb.session.fetching.shown import ShownResult

    brought: list[int] = []
    read = ShownResult.read

    def counted(self: ShownResult, *window: Any) -> Any:
        value = read(self, *window)
        brought.append(value.size)
        return value

    monkeypatch.setattr(ShownResult, "read", counted)
    return brought


# --- Arrow ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("frame", FRAMES.values(), ids=FRAMES)
def test_arrow_gets_what_pandas_gives(lazy: Any, frame: pd.DataFrame) -> None:
    expected, found = pa.table(frame), pa.table(lazy(frame))
    assert found.equals(expected)
    assert found.schema.equals(expected.schema)
    check(found.to_pandas(), expected.to_pandas())
    assert lazy(frame).to_arrow().equals(expected)


@pytest.mark.parametrize("name", ["i", "s", "t", "n"])
def test_a_series_is_an_array_of_arrow(lazy: Any, name: str) -> None:
    expected = pa.chunked_array(PLAIN[name])
    assert lazy(PLAIN)[name].to_arrow().equals(expected)
    assert pa.chunked_array(lazy(PLAIN)[name]).equals(expected)


def test_an_asked_for_schema_is_kept_to(lazy: Any) -> None:
    schema = pa.schema({"i": pa.int16(), "x": pa.float32()})
    frame = PLAIN[["i", "x"]]
    found = pa.RecordBatchReader.from_stream(lazy(frame), schema).read_all()
    assert found.equals(pa.RecordBatchReader.from_stream(frame, schema).read_all())


def test_rows_are_brought_a_chunk_at_a_time(brought: list[int]) -> None:
    reader = pa.RecordBatchReader.from_stream(md.from_pandas(PLAIN[["i", "x"]], 4))
    assert brought == [0, 8]  # the labels, the first chunk
    assert [len(batch) for batch in reader] == [4, 4, 2]
    assert brought == [0, 8, 8, 4]


def test_a_part_of_an_executed_frame_is_streamed_from_its_chunks() -> None:
    frame = md.from_pandas(PLAIN[["i", "x"]], 4).execute()
    reader = pa.RecordBatchReader.from_stream(frame.iloc[3:9])
    assert [len(batch) for batch in reader] == [1, 4, 1]
    check(pa.table(frame.iloc[8:2:-2]).to_pandas(), PLAIN[["i", "x"]].iloc[8:2:-2])


def test_lazy_frames_of_what_speaks_arrow() -> None:
    table = pa.table({"a": [1, 2, 3], "b": ["x", None, "z"]})
    expected = table.to_pandas()
    reader = table.to_reader()
    for found in (md.from_arrow(table), md.from_arrow(reader), md.DataFrame(table), md.DataFrame(pl.from_arrow(table))):
        check(found.execute().fetch(), expected)
    check(md.DataFrame(table, columns=["b"]).execute().fetch(), expected[["b"]])
    check(md.Series(pl.Series("n", [1, 2])).execute().fetch(), pd.Series([1, 2], name="n"))
    check(md.from_arrow(pa.chunked_array([[1, 2], [3]])).execute().fetch(), pd.Series([1, 2, 3]))
    assert md.from_arrow(table, chunk_size=2).execute().fetch().shape == (3, 2)
    with pytest.raises(TypeError, match="Arrow"):
        md.from_arrow({"a": [1]})


# --- Polars -----------------------------------------------------------------------------------------------------


def test_polars_gets_what_it_gets_from_pandas(lazy: Any) -> None:
    assert_frame_equal(lazy(PLAIN).to_polars(), pl.from_pandas(PLAIN))
    assert_frame_equal(lazy(PLAIN.set_index("s")).to_polars(), pl.from_pandas(PLAIN.set_index("s")))
    assert_frame_equal(pl.DataFrame(lazy(PLAIN)), pl.DataFrame(PLAIN))
    assert_series_equal(lazy(PLAIN).x.to_polars(), pl.from_pandas(PLAIN.x))


def test_polars_and_back() -> None:
    frame = pl.DataFrame({"a": [1, 2, 3], "b": ["x", None, "z"]})
    check(md.from_polars(frame).execute().fetch(), frame.to_pandas())
    check(md.from_polars(frame["a"]).execute().fetch(), frame["a"].to_pandas())
    assert_frame_equal(md.from_polars(frame, chunk_size=2).to_polars(), frame)


# --- Dask -------------------------------------------------------------------------------------------------------


def dask_has(frame: pd.DataFrame) -> pd.DataFrame:
    """Give the frame with Dask's own dtype for texts."""
    return frame.astype({"s": pd.StringDtype("pyarrow")})


def test_dask_computes_with_the_chunks(lazy: Any) -> None:
    frame = lazy(PLAIN)
    given = frame.to_dask()
    assert given.npartitions == (4 if frame._node.chunks else 1)
    check(given.compute(), dask_has(PLAIN))
    assert given.i.sum().compute() == 45
    check(frame.x.to_dask().compute(), PLAIN.x)
    with mars_nb.get_session().as_dask_scheduler():
        check((given.x + 1).compute(), PLAIN.x + 1)


def test_dask_in_other_processes_gets_the_partitions_along() -> None:
    import pickle

    import dask

    given = md.from_pandas(PLAIN[["i", "x"]], 4).to_dask()
    packed = pickle.dumps((given.__dask_graph__(), given.__dask_keys__()))
    mars_nb.get_session().close()
    check(pd.concat(dask.get(*pickle.loads(packed))), PLAIN[["i", "x"]])


@pytest.mark.parametrize("partitions", [1, 3])
def test_frames_of_dask_stay_lazy_and_cut(partitions: int) -> None:
    import dask.dataframe as dd

    collection = dd.from_pandas(PLAIN, npartitions=partitions)
    frame = md.from_dask(collection)
    assert not mars_nb.get_session().results
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check((frame.x + 1).execute().fetch(), PLAIN.x + 1)
        check(frame.groupby("c", observed=True).i.sum().execute().fetch(), PLAIN.groupby("c", observed=True).i.sum())
    check(frame.execute().fetch(), dask_has(PLAIN))
    check(md.from_dask(collection.x).execute().fetch(), PLAIN.x)
    check(md.from_dask(collection.index).execute().fetch(), PLAIN.index)
    check(md.DataFrame(collection[["i", "x"]]).execute().fetch(), PLAIN[["i", "x"]])
    with mars_nb.option_context({"on_gather": "allow"}):
        check(md.DataFrame(collection[["i", "x"]], columns=["x"]).execute().fetch(), PLAIN[["x"]])
    check(md.Series(collection.x).execute().fetch(), PLAIN.x)
    with pytest.raises(TypeError, match="from_dask takes a Dask data frame"):
        md.from_dask(collection.x.sum())


def test_what_dask_shares_between_partitions_is_computed_once() -> None:
    import dask.dataframe as dd

    called = []

    def noted(part: pd.DataFrame) -> pd.DataFrame:
        called.append(len(part))
        return part

    collection = dd.from_pandas(PLAIN[["i", "x"]], npartitions=3).map_partitions(noted, meta=PLAIN[["i", "x"]][:0])
    shuffled = collection.shuffle("i", npartitions=3)
    assert md.from_dask(shuffled).i.sum().execute().fetch() == 45
    assert sum(called) == 10


def test_an_executed_collection_is_not_computed_again() -> None:
    import dask.dataframe as dd

    collection = dd.from_pandas(PLAIN, npartitions=3)
    mars_nb.execute(collection)
    tasks = len(mars_nb.get_session().tasks)
    check(md.from_dask(collection).execute().fetch(), dask_has(PLAIN))
    assert len(mars_nb.get_session().tasks) == tasks + 1


# --- the rest ---------------------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore:The Dataframe Interchange Protocol is deprecated")
def test_the_interchange_protocol(lazy: Any) -> None:
    found = pd.api.interchange.from_dataframe(lazy(PLAIN[["i", "x"]]))
    check(found, PLAIN[["i", "x"]])


def test_python_asks_for_values(lazy: Any) -> None:
    frame, one = lazy(PLAIN), lazy(pd.Series([2.5]))
    assert (len(frame), len(frame.x), len(frame.index)) == (10, 10, 10)
    assert list(frame) == list(PLAIN)
    assert list(frame.i) == list(PLAIN.i)
    assert list(frame.index) == list(PLAIN.index)
    assert ("i" in frame, 3 in frame.i, 3 in frame.index) == (True, True, True)
    assert ("z" in frame, 33 in frame.i, 33 in frame.index) == (False, False, False)
    assert float(frame.i.sum()) == 45.0
    assert int(frame.i.max()) == 9
    assert range(20)[frame.i.max()] == 9
    assert bool(frame.i.max() > 3)
    assert f"{frame.x.mean():.2f}" == f"{PLAIN.x.mean():.2f}"
    assert one.item() == 2.5
    for value in (frame, frame.x, frame.index, frame.i == 3):
        with pytest.raises(ValueError, match="ambiguous"):
            bool(value)
    np.testing.assert_array_equal(np.asarray(frame.x), PLAIN.x)
    assert np.asarray(frame.i, dtype="float32").dtype == "float32"
    check(frame.to_pandas(), PLAIN)
    np.testing.assert_array_equal(frame[["i", "x"]].to_numpy(), PLAIN[["i", "x"]].to_numpy())


@pytest.mark.parametrize("kind", ["line", "bar", "barh", "box", "hist", "area", "pie", "kde"])
def test_series_are_plotted(kind: str) -> None:
    plotted = pytest.importorskip("matplotlib.pyplot")
    plotted.switch_backend("Agg")
    if kind == "kde":
        pytest.importorskip("scipy")
    series = md.from_pandas(PLAIN.x, 3)
    axes = series.plot(kind=kind)
    assert axes.has_data()
    plotted.close("all")


def test_frames_are_plotted() -> None:
    plotted = pytest.importorskip("matplotlib.pyplot")
    plotted.switch_backend("Agg")
    frame = md.from_pandas(PLAIN[["i", "x"]], 3)
    (line,) = frame.plot(x="i", y="x").lines
    np.testing.assert_array_equal(line.get_xydata(), PLAIN[["i", "x"]])
    assert frame.plot.scatter("i", "x").has_data()
    assert frame.hist().shape == (1, 2)
    assert frame.boxplot().has_data()
    assert frame.plot.hexbin("i", "x", gridsize=3).has_data()
    _, axes = plotted.subplots()
    axes.plot(frame.i, frame.x)  # matplotlib asks for the values itself
    np.testing.assert_array_equal(axes.lines[0].get_ydata(), PLAIN.x)
    plotted.close("all")


# --- going through rows -----------------------------------------------------------------------------------------


def test_rows_are_gone_through_as_in_pandas(lazy: Any) -> None:
    for name in ("plain", "labels", "two levels", "shuffled", "no rows"):
        frame, plain = lazy(FRAMES[name]), FRAMES[name]
        found, expected = list(frame.iterrows()), list(plain.iterrows())
        assert [label for label, _ in found] == [label for label, _ in expected]
        for (_, row), (_, other) in zip(found, expected, strict=True):
            check(row, other)
        check([*map(tuple, frame.itertuples())], [*map(tuple, plain.itertuples())])
        assert [row._fields for row in frame.itertuples()] == [row._fields for row in plain.itertuples()]
        check(list(frame.itertuples(index=False, name=None)), list(plain.itertuples(index=False, name=None)))
        check(list(frame.x), list(plain.x))
        check(list(frame.x.items()), list(plain.x.items()))
        check(list(frame.index), list(plain.index))


def test_one_chunk_is_brought_at_a_time(brought: list[int]) -> None:
    frame = md.from_pandas(PLAIN[["i", "x"]], 4).execute()
    rows = frame.itertuples()
    for _ in range(5):
        next(rows)
    assert brought == [8, 8]
    del frame
    assert len(list(rows)) == 5
    assert brought == [8, 8, 4]


def test_arrays_of_frames_are_as_numpy_wants_them(lazy: Any) -> None:
    frame, plain = lazy(PLAIN[["i", "x"]]), PLAIN[["i", "x"]]
    for dtype, copy in [(None, None), ("float32", None), (None, True)]:
        check(np.array(frame, dtype=dtype, copy=copy), np.array(plain, dtype=dtype, copy=copy))
    with pytest.raises(ValueError, match="copy"):
        np.array(frame, dtype="float32", copy=False)
