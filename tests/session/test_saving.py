"""Results that outlive their session: saved and restored."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import dask.array as da
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import mars_nb
import mars_nb.dataframe as md
import mars_nb.remote as mr
import mars_nb.tensor as mt
from mars_nb.dataframe.scalar import Scalar
from mars_nb.errors import NoSession, SessionWarning, SnapshotError
from mars_nb.graph.tileable import Object
from mars_nb.session.transfer.restoring import opened
from mars_nb.storage.saved import MANIFEST, _canonical, _hash

ROWS = 100
FRAME = pd.DataFrame(
    {
        "n": np.arange(ROWS),
        "x": np.linspace(0, 1, ROWS),
        "s": [None if i % 7 == 0 else f"s{i % 5}" for i in range(ROWS)],
        "c": pd.Categorical([f"c{i % 3}" for i in range(ROWS)]),
        "t": pd.date_range("2020-10-24", periods=ROWS, freq="h", tz="Europe/Berlin"),
        "o": pd.Series([(i,) if i % 2 else None for i in range(ROWS)], dtype=object),
    },
    index=pd.MultiIndex.from_product([["p", "q"], range(ROWS // 2)], names=["k", 0]),
)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "results"


@pytest.fixture
def again(place):
    """Save objects, close all sessions, and restore."""

    def run(**named):
        mars_nb.save(place, named)
        for session in list(mars_nb.sessions.values()):
            session.close()
        return mars_nb.restore(place)

    return run


@pytest.mark.parametrize("chunk_size", [None, 30], ids=["one chunk", "many"])
def test_frames_series_and_indexes(session, again, chunk_size):
    df = md.DataFrame(FRAME, chunk_size=chunk_size)
    found = again(df=df.execute(), x=df.x.execute(), index=md.from_pandas(FRAME.index, chunk_size).execute())
    pd.testing.assert_frame_equal(found["df"].fetch(), FRAME)
    pd.testing.assert_series_equal(found["x"].fetch(), FRAME.x)
    pd.testing.assert_index_equal(found["index"].fetch(), FRAME.index)
    assert [type(value) for value in found.values()] == [md.DataFrame, md.Series, md.Index]
    pd.testing.assert_series_equal(found["df"].dtypes, FRAME.dtypes)
    assert found["df"].shape == FRAME.shape
    assert repr(found["df"]) == repr(FRAME)


@pytest.mark.parametrize("chunk_size", [None, 7], ids=["one chunk", "many"])
def test_tensors(session, again, chunk_size):
    t = mt.arange(200, chunk_size=chunk_size).reshape(10, 20)
    odd = mt.array(np.array([1 + 2j, 3]))
    found = again(t=t.execute(), total=t.sum().execute(), odd=odd.execute())
    np.testing.assert_array_equal(found["t"].fetch(), np.arange(200).reshape(10, 20))
    assert found["t"].dtype == np.arange(1).dtype
    assert found["total"].fetch() == 19900
    assert type(found["total"].fetch()) is np.int64
    assert found["odd"].fetch().tolist() == [1 + 2j, 3]


def test_scalars_and_python_values(session, again):
    days = md.Series(pd.date_range("2020", periods=3))
    value = {"x": (1, [2.5, None]), 3: "three"}
    found = again(last=days.max().execute(), value=mr.spawn(lambda: value).execute())
    assert type(found["last"]) is Scalar
    assert found["last"].fetch() == pd.Timestamp("2020-01-03")
    assert found["last"].year.execute().fetch() == 2020
    assert type(found["value"]) is Object
    assert found["value"].fetch() == value


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.data())
def test_any_columns_in_any_chunks(tmp_path_factory, data):
    columns = data.draw(st.lists(st.sampled_from(list(FRAME)), min_size=1, unique=True))
    rows = data.draw(st.integers(0, ROWS))
    frame = FRAME[columns][:rows]
    with mars_nb.new_session(default=False) as session:
        df = md.DataFrame(frame, chunk_size=data.draw(st.integers(1, ROWS))).execute(session=session)
        path = tmp_path_factory.mktemp("saved") / "results"
        mars_nb.save(path, {"df": df}, session=session)
    with mars_nb.new_session(default=False) as session:
        found = mars_nb.restore(path, session=session)["df"]
        pd.testing.assert_frame_equal(found.fetch(session=session), frame)


# --- what is restored -----------------------------------------------------------------------------------------------


def test_restored_results_are_read_when_they_are_needed(session, again):
    t = mt.ones((64, 1024), chunk_size=(8, 1024)) * mt.arange(1024)
    found = again(t=t.execute())["t"]
    session = mars_nb.get_default_session()
    assert session.memory == 0
    assert session.nbytes == 64 * 1024 * 8
    assert session.results[0].spilled == session.nbytes
    np.testing.assert_array_equal(found[:3].fetch(), np.broadcast_to(np.arange(1024.0), (3, 1024)))
    assert session.memory == 8 * 1024 * 8
    found.fetch()
    assert session.memory == session.nbytes
    assert session.spilled == 0


def test_restored_results_stay_within_the_memory_limit(session, place):
    t = (mt.ones((64, 8192), chunk_size=(4, 8192)) * 2).execute()
    mars_nb.save(place, {"t": t})
    with mars_nb.new_session(memory_limit="1MiB", default=False) as small:
        found = mars_nb.restore(place, session=small)["t"]
        assert found.sum().execute(session=small).fetch(session=small) == 2 * 64 * 8192
        assert small.memory <= 2**20
        assert small.nbytes >= 2**22


def test_restored_results_are_computed_on_like_what_was_saved(session, again):
    df = md.DataFrame(FRAME, chunk_size=30).execute()
    doubled = (df.n * 2).execute()
    found = again(df=df, doubled=doubled)
    total = (found["df"].n + found["doubled"]).sum()  # rows cut in the same way: no warning that all is gathered
    assert total.execute().fetch() == FRAME.n.sum() * 3
    with pytest.raises(KeyError):
        found["df"]["nothing"]


def test_restored_results_can_be_executed_in_another_session(session, again):
    found = again(df=md.DataFrame(FRAME, chunk_size=30).execute())["df"]
    with mars_nb.new_session(default=False) as other:
        with pytest.warns(SessionWarning, match="computed again"):
            found.execute(session=other)
        mars_nb.get_default_session().close()
        pd.testing.assert_frame_equal(found.fetch(session=other), FRAME)


def test_two_names_of_one_object_stay_one(session, again):
    df = md.DataFrame(FRAME).execute()
    found = again(a=df, b=df, c=df.copy().execute())
    assert found["a"] is found["b"]
    assert found["c"] is not found["a"]


def test_what_was_restored_is_freed_as_anything_else(session, again):
    found = again(t=mt.ones(10).execute())
    session = mars_nb.get_default_session()
    assert len(session.results) == 1
    del found
    assert not session.results


def test_restored_and_saved_again(session, again, place):
    found = again(a=mt.ones(1000).execute(), b=mt.zeros(1000).execute())
    mars_nb.save(place, {"a": found["a"]}, overwrite=True)
    assert found["b"].fetch().sum() == 0  # not in the snapshot any more, but still held
    assert mars_nb.restore(place)["a"].fetch().sum() == 1000


def test_only_some(session, again, place):
    again(a=mt.ones(3).execute(), b=mt.zeros(3).execute())
    found = mars_nb.restore(place, only=["b"])
    assert list(found) == ["b"]
    with pytest.raises(ValueError, match="'c' is not in the snapshot; there are a, b"):
        mars_nb.restore(place, only=["c"])
    assert mars_nb.restore(place, only=[]) == {}


def test_the_session_is_the_default_one_or_named_as_the_saved(place):
    with mars_nb.new_session(name="etl"):
        mars_nb.save(place, {"t": mt.ones(3).execute()})
    mars_nb.restore(place)
    assert mars_nb.get_default_session().name == "etl"
    with mars_nb.new_session(name="other"):
        found = mars_nb.restore(place)["t"]
        assert mars_nb.get_session("other").holds(found)
        assert not mars_nb.get_session("etl").holds(found)


def test_in_a_new_process(session, place):
    mars_nb.save(place, {"df": md.DataFrame(FRAME[["n"]], chunk_size=30).execute()})
    code = "import sys, mars_nb; print(mars_nb.restore(sys.argv[1])['df'].n.sum().execute().fetch())"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code, str(place)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) == FRAME.n.sum()


def test_where_it_was_recorded_is_told(session, place):
    total = md.DataFrame(FRAME).n.sum().execute()
    mars_nb.save(place, {"total": total})
    (result,) = opened(place).results
    place_, line = result.recorded
    assert place_.startswith("test_saving.py, line ")
    assert line == "total = md.DataFrame(FRAME).n.sum().execute()"
    assert (result.names, result.type, result.shape) == (("total",), "Tensor", ())


# --- what is not saved ----------------------------------------------------------------------------------------------


def test_what_has_no_exact_form_is_left_out_by_name(session, place):
    model = mr.spawn(lambda: object()).execute()
    with pytest.warns(SessionWarning, match="model was not saved: a value of type builtins.object has no exact form"):
        report = mars_nb.save(place, {"t": mt.ones(3).execute(), "model": model})
    assert report.names == ("t",)
    assert list(report.refused) == ["model"]
    assert list(mars_nb.restore(place)) == ["t"]


def test_dask_collections_are_left_out(session, place):
    x = da.ones(3)
    session.execute(x)
    with pytest.raises(SnapshotError, match=r"nothing to save .*x: it was computed for a Dask collection"):
        mars_nb.save(place, {"x": x})
    assert not place.exists()


@pytest.mark.parametrize(
    ("name", "make", "error", "message"),
    [
        ("t", lambda: mt.ones(3), ValueError, "t was not executed in session .*; t.execute"),
        ("x", lambda: da.ones(3), ValueError, "x was not executed"),
        ("a b", lambda: mt.ones(3).execute(), ValueError, "names of variables, got 'a b'"),
        ("_x", lambda: mt.ones(3).execute(), ValueError, "names of variables"),
        ("class", lambda: mt.ones(3).execute(), ValueError, "names of variables"),
        ("x", lambda: np.ones(3), TypeError, "expected a lazy object"),
    ],
)
def test_what_cannot_be_saved(session, place, name, make, error, message):
    with pytest.raises(error, match=message):
        mars_nb.save(place, {name: make()})
    assert not place.exists()


def test_nothing_to_save(session, place):
    with pytest.raises(SnapshotError, match="nothing to save"):
        mars_nb.save(place, {})


def test_no_session(place):
    with pytest.raises(NoSession):
        mars_nb.save(place, {})


def test_an_existing_snapshot(session, place):
    t = mt.ones(3).execute()
    mars_nb.save(place, {"t": t})
    with pytest.raises(SnapshotError, match=r"cannot save to .*there is a snapshot of that name") as caught:
        mars_nb.save(place, {"t": t})
    assert "overwrite=True" in caught.value.hints[0]
    with pytest.raises(SnapshotError, match="no snapshot") as caught:
        mars_nb.save(place.parent, {"t": t}, overwrite=True)
    assert not caught.value.hints


def test_a_place_that_cannot_be_written_to(session, place):
    with pytest.raises(SnapshotError, match=r"cannot save to '.*nowhere/results': No such file or directory"):
        mars_nb.save(place.parent / "nowhere" / "results", {"t": mt.ones(3).execute()})


# --- damage ---------------------------------------------------------------------------------------------------------


def edit(place: Path, change) -> None:
    """Change what a snapshot says of its results, and make it look whole again."""
    manifest = json.loads((place / MANIFEST).read_text())
    change(manifest["content"])
    manifest["checksum"] = _hash(_canonical({"files": manifest["files"], "content": manifest["content"]}))
    (place / MANIFEST).write_text(json.dumps(manifest))


def test_damage_in_one_result_restores_none(session, place):
    mars_nb.save(place, {"a": mt.ones(3).execute(), "b": mt.zeros(3).execute()})
    os.truncate(min(place.glob("*.npy")), 5)
    session.close()
    with pytest.raises(SnapshotError, match=r"cannot restore '.*results': .*\.npy has 5 bytes instead of"):
        mars_nb.restore(place)
    assert not mars_nb.sessions


@pytest.mark.parametrize(
    "change",
    [
        lambda content: content.pop("results"),
        lambda content: content.update(session=3),
        lambda content: content.update(session=" "),
        lambda content: content["results"].append(content["results"][0]),
        lambda content: content["results"][0].update(names=["__builtins__"]),
        lambda content: content["results"][0].update(names=["a.b"]),
        lambda content: content["results"][0].update(names=[]),
        lambda content: content["results"][0]["chunks"].pop(),
        lambda content: content["results"][0]["chunks"][0].update(file="../x.npy"),
        lambda content: content["results"][0]["chunks"][0].update(kind="pickle"),
        lambda content: content["results"][0]["chunks"][0].update(nbytes="many"),
        lambda content: content["results"][0].update(meta=None),
        lambda content: content["results"][0]["meta"].update(sample={}),
        lambda content: content["results"][0].update(layout={}),
    ],
)
def test_a_manifest_that_is_not_understood(session, place, change):
    mars_nb.save(place, {"t": mt.ones(4, chunk_size=2).execute()})
    edit(place, change)
    with pytest.raises(SnapshotError, match=MANIFEST):
        mars_nb.restore(place)


def test_a_snapshot_that_vanishes_after_it_was_restored(session, again, place):
    found = again(t=mt.ones(4, chunk_size=2).execute())["t"]
    place.rename(place.with_name("moved"))
    message = r"a chunk of t is no longer in '.*results': No such file or directory"
    with pytest.raises(SnapshotError, match=message):
        found.fetch()
    with pytest.raises(SnapshotError, match=message):
        found.sum().execute()
    assert "cannot be shown: SnapshotError" in repr(found)
    place.with_name("moved").rename(place)
    assert found.sum().execute().fetch() == 4


def test_a_closed_session(session, place):
    t = mt.ones(3).execute()
    session.close()
    with pytest.raises(ValueError, match="not executed in session"):
        mars_nb.save(place, {"t": t}, session=session)
