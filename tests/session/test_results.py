"""Results live in the session: counted, reused, freed, and never changed from outside."""

from __future__ import annotations

import gc
import os

import numpy as np
import pandas as pd
import psutil
import pytest

import mars_nb
import mars_nb.dataframe as md
import mars_nb.remote as mr
import mars_nb.tensor as mt
from mars_nb import ExecutableTuple, Session


@pytest.fixture
def session() -> Session:
    return mars_nb.new_session()


class Counter:
    """A function that counts its calls."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, *args: object) -> int:
        self.calls += 1
        return self.calls


def test_what_is_executed_is_not_computed_again(session: Session) -> None:
    work = Counter()
    t = mr.spawn(work)
    t.execute()
    t.execute()
    dependant = mr.spawn(lambda value: value * 10, args=(t,))
    assert dependant.execute().fetch() == 10
    assert mars_nb.execute(t, dependant)[1] is dependant
    assert work.calls == 1


def test_parts_of_a_frame_are_read_once(session: Session, tmp_path: object) -> None:
    path = os.path.join(str(tmp_path), "x.csv")
    pd.DataFrame({"a": range(100), "b": range(100)}).to_csv(path, index=False)
    df = md.read_csv(path, chunk_bytes=200).execute()
    assert session.results[0].chunks > 2
    os.remove(path)
    assert int((df.a + df.b)[df.a > 50].sum()) == sum(2 * n for n in range(51, 100))


def test_what_has_no_name_is_found_by_its_key(session: Session) -> None:
    t = mt.arange(4).execute()
    found = session.results[t.key]
    assert found.key == t.key
    assert session.fetch(found).tolist() == [0, 1, 2, 3]


def test_an_unexecuted_dependant_keeps_the_result_it_will_want(session: Session) -> None:
    work = Counter()
    t = mr.spawn(work)
    t.execute()
    dependant = mr.spawn(abs, args=(t,))
    del t
    gc.collect()
    assert len(session.results) == 1
    dependant.execute()
    gc.collect()
    assert work.calls == 1
    assert [result.label for result in session.results] == ["RemoteFunction"]


def test_a_loop_does_not_pile_up(session: Session) -> None:
    t = mt.zeros(1000)
    for _ in range(50):
        t = (t + 1).execute()
    gc.collect()
    assert len(session.results) == 1
    assert session.nbytes == 8000
    assert t.fetch()[0] == 50


def test_deleted_objects_free_their_chunks(session: Session) -> None:
    def round_() -> None:
        t = mt.ones((512, 512), chunk_size=256).execute()
        df = md.DataFrame({"a": np.arange(10_000)}, chunk_size=3000).execute()
        assert session.nbytes >= 2 * 2**20
        del t, df

    for _ in range(50):
        round_()
    gc.collect()
    before = psutil.Process().memory_info().rss
    for _ in range(1000):
        round_()
    gc.collect()
    assert session.results == []
    assert session.nbytes == 0
    assert psutil.Process().memory_info().rss - before < 20 * 2**20  # 1,000 rounds made 2 GB


def test_what_is_fetched_can_be_written_to(session: Session) -> None:
    t = mt.ones(3).execute()
    t.fetch()[:] = 7
    assert t.fetch().tolist() == [1, 1, 1]
    df = md.DataFrame({"a": [1, 2]}).execute()
    fetched = df.fetch()
    fetched.loc[0, "a"] = 9
    fetched.iloc[1] = 9
    assert df.fetch().a.tolist() == [1, 2]


def test_what_was_given_can_be_written_to_afterwards(session: Session) -> None:
    array, frame = np.zeros(3), pd.DataFrame({"a": [1, 2]})
    t, df = mt.tensor(array), md.DataFrame(frame)
    array[:] = 5
    frame.loc[0, "a"] = 5
    assert t.execute().fetch().tolist() == [0, 0, 0]
    assert df.execute().fetch().a.tolist() == [1, 2]


def test_user_functions_cannot_change_results(session: Session) -> None:
    t = mt.zeros(3).execute()

    def change(array: np.ndarray) -> None:
        array[0] = 1

    with pytest.raises(ValueError, match="read-only"):
        mr.spawn(change, args=(t,)).execute()
    df = md.DataFrame({"a": [1, 2]}).execute()

    def change_frame(frame: pd.DataFrame) -> pd.DataFrame:
        frame["a"] = 0
        return frame

    assert mr.spawn(change_frame, args=(df,)).execute().fetch().a.tolist() == [0, 0]
    assert df.fetch().a.tolist() == [1, 2]


def test_several_at_once(session: Session) -> None:
    t, df = mt.ones(2), md.DataFrame({"a": [1]})
    both = mars_nb.execute(t, df)
    assert isinstance(both, list)
    assert both[0] is t
    assert both[1] is df
    assert mars_nb.execute((t,)) is t
    assert t.execute() is t
    values = mars_nb.fetch([t, df])
    assert isinstance(values, list)
    assert values[1].equals(pd.DataFrame({"a": [1]}))
    assert mars_nb.fetch((t,)).tolist() == [1, 1]
    assert session.execute(t, df)[0] is t
    assert ExecutableTuple([]).execute() == ()
    assert ExecutableTuple([]).fetch() == ()
    one = ExecutableTuple([t]).execute().fetch()
    assert isinstance(one, tuple)
    assert isinstance(ExecutableTuple([t, df]).execute().fetch(), list)


def test_slices_are_fetched_without_executing(session: Session) -> None:
    array = np.arange(60).reshape(12, 5)
    t = mt.tensor(array, chunk_size=(5, 2)).execute()
    for key in [np.s_[10:12, :3], np.s_[-1], np.s_[::2], np.s_[..., 1], np.s_[::-1, ::-2], 3, np.s_[4:4]]:
        np.testing.assert_array_equal(t[key].fetch(), array[key])
    np.testing.assert_array_equal(t[:2][:, :2].fetch(), array[:2][:, :2])
    frame = pd.DataFrame({"a": range(20), "b": list("abcdefghijklmnopqrst")})
    df = md.DataFrame(frame, chunk_size=6).execute()
    pd.testing.assert_frame_equal(df.head(8).fetch(), frame.head(8))
    pd.testing.assert_frame_equal(df.tail(3).fetch(), frame.tail(3))
    pd.testing.assert_frame_equal(df.iloc[5:13].fetch(), frame.iloc[5:13])
    pd.testing.assert_frame_equal(df.iloc[::-3].fetch(), frame.iloc[::-3])
    pd.testing.assert_series_equal(df.iloc[7].fetch(), frame.iloc[7])
    pd.testing.assert_frame_equal(df.loc[5:6].fetch(), frame.loc[5:6])
    pd.testing.assert_series_equal(df["a"].fetch(), frame["a"])
    pd.testing.assert_series_equal(df["a"].iloc[:2].fetch(), frame["a"].iloc[:2])
    pd.testing.assert_frame_equal(df[["b"]].tail(7).iloc[1:3].fetch(), frame[["b"]].tail(7).iloc[1:3])
    assert len(session.tasks) == 2  # the two executes, nothing else
    for thing in (t[[0, 1]], t[t > 3], t.T, (t + 1)[0], df[df.a > 3]):
        with pytest.raises(ValueError, match="Cannot fetch unexecuted tileable"):
            thing.fetch()


def test_duplicated_execution_can_warn(session: Session) -> None:
    t = mt.ones(2).execute()
    with pytest.warns(RuntimeWarning, match="has been submitted before"):
        t.execute(warn_duplicated_execution=True)
    with mars_nb.option_context({"warn_duplicated_execution": True}), pytest.warns(RuntimeWarning):
        mars_nb.execute(t)


def test_a_handle_is_no_data(session: Session) -> None:
    with pytest.raises(TypeError, match="no data yet"):
        md.DataFrame({"a": [1]}).groupby("a").execute()
