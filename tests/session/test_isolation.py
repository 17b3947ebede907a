"""A result is visible in the session that executed it, and nowhere else."""

from __future__ import annotations

import gc

import pytest

import mars_nb
import mars_nb.dataframe as md
import mars_nb.remote as mr
import mars_nb.tensor as mt
from mars_nb.errors import IsolationError, SessionWarning


def test_fetching_from_another_session_fails_with_mars_words() -> None:
    mars_nb.new_session(name="main")
    df = md.DataFrame([[1, 2], [3, 4]]).execute()
    other = mars_nb.new_session(name="other", default=False)
    with pytest.raises(ValueError, match="Cannot fetch unexecuted tileable: DataFrame") as caught:
        df.fetch(session=other)
    error = caught.value
    assert isinstance(error, IsolationError)
    assert str(error).startswith("Cannot fetch unexecuted tileable: DataFrame(op=DataFrameDataSource)")
    assert (error.tileable, error.session) == ("DataFrame(op=DataFrameDataSource)", "other")
    assert error.holders == ("main",)
    assert error.hints[0] == "df.fetch(session=mars_nb.get_session('main'))"
    assert any(note.strip().startswith("try: df.execute(session=") for note in error.__notes__)
    assert df.fetch().shape == (2, 2)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: md.DataFrame([[1]]), "DataFrame(op=DataFrameDataSource)"),
        (lambda: md.Series([1]), "Series(op=SeriesDataSource)"),
        (lambda: md.DataFrame({"a": [1]})["a"], "Series(op=DataFrameIndex)"),
        (lambda: mt.ones((3, 3)) + 1, "Tensor(op=TensorAdd, shape=(3, 3))"),
        (lambda: mr.spawn(abs, args=(1,)), "Object(op=RemoteFunction)"),
    ],
)
def test_never_executed(make: object, words: str) -> None:
    mars_nb.new_session()
    thing = make()  # type: ignore[operator]  # a function
    with pytest.raises(IsolationError) as caught:
        thing.fetch()
    assert str(caught.value) == f"Cannot fetch unexecuted tileable: {words}"


def test_only_what_was_asked_for_is_kept() -> None:
    mars_nb.new_session()
    t = mt.ones(3)
    u = (t + 1).execute()
    with pytest.raises(IsolationError):
        t.fetch()
    assert u.fetch().tolist() == [2, 2, 2]


def test_inputs_from_another_session_are_computed_again_with_a_word() -> None:
    a, b = mars_nb.new_session(name="a"), mars_nb.new_session(name="b")
    t = mt.random.rand(5).execute(session=a)
    u = t + 1
    with pytest.warns(SessionWarning, match="TensorRand was executed in session 'a'.*computed again in session 'b'"):
        u.execute(session=b)
    with pytest.raises(IsolationError):
        t.fetch(session=b)
    assert (u.fetch(session=b) == t.fetch(session=a) + 1).all()  # the same random numbers


def test_the_default_session_is_used_not_the_last_one() -> None:
    other, main = mars_nb.new_session(name="other"), mars_nb.new_session(name="main")
    t = mt.ones(2).execute(session=other)
    assert repr(t) == "array([1., 1.])"  # shown from wherever it is
    with pytest.raises(IsolationError) as caught:
        t.fetch()
    assert caught.value.session == main.name


def test_results_of_the_same_object_in_two_sessions_are_two() -> None:
    a, b = mars_nb.new_session(), mars_nb.new_session()
    t = mt.arange(4)
    with pytest.warns(SessionWarning):
        mars_nb.execute(t, session=a), mars_nb.execute(t, session=b)
    a.close()
    assert t.fetch(session=b).tolist() == [0, 1, 2, 3]
    del t
    gc.collect()
    assert b.results == []
