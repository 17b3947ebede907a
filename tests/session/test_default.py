"""Opening, the default session, and closing."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import mars_nb
import mars_nb.dataframe as md
import mars_nb.tensor as mt
from mars_nb.errors import ClusterUnavailable, NoSession, SessionClosed, SessionWarning, UnknownSession


def test_the_first_execute_creates_the_default_session_and_says_so() -> None:
    assert mars_nb.get_default_session() is None
    with pytest.warns(UserWarning, match="No session found, local session will be created in background") as caught:
        df = md.DataFrame([[1, 2], [3, 4]]).execute()
    assert caught[0].filename == __file__
    assert mars_nb.get_default_session() is not None
    assert df.fetch().equals(df.to_pandas())


def test_new_session_becomes_the_default_unless_told_otherwise() -> None:
    first = mars_nb.new_session()
    assert mars_nb.get_default_session() is first
    second = mars_nb.new_session(default=False)
    assert mars_nb.get_default_session() is first
    third = mars_nb.new_session()
    assert mars_nb.get_default_session() is third
    assert second.as_default() is second
    assert mars_nb.get_default_session() is second
    assert second.is_default
    assert not first.is_default


def test_names_and_ids() -> None:
    named = mars_nb.new_session(name="etl", default=False)
    assert mars_nb.get_session("etl") is named
    assert dict(mars_nb.sessions) == {"etl": named}
    with pytest.warns(SessionWarning, match="attached to the existing session 'etl'"):
        assert mars_nb.new_session(name="etl", default=False) is named
    assert mars_nb.new_session(name="etl", new=False) is named
    with pytest.raises(ValueError, match="open with"):
        mars_nb.new_session(name="etl", n_threads=named.n_threads + 1)
    by_id = mars_nb.new_session(session_id="x", default=False)
    assert (by_id.session_id, by_id.name) == ("x", "x")
    others = [mars_nb.new_session(default=False) for _ in range(3)]
    assert len({session.name for session in others}) == 3
    assert all(len(session.session_id) == 24 for session in others)
    assert named != by_id


def test_unknown_names_suggest_the_nearest() -> None:
    mars_nb.new_session(name="weather")
    with pytest.raises(UnknownSession, match="did you mean 'weather'"):
        mars_nb.get_session("wether")
    with pytest.raises(LookupError, match="no session named 'zzz'"):
        mars_nb.new_session(name="zzz", new=False)
    with pytest.raises(UnknownSession):
        mars_nb.new_session(new=False)


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"address": 123}, TypeError, "an address is a URL"),
        ({"address": "127.0.0.1"}, ValueError, "an address is a URL"),
        ({"address": "foo://x:1"}, ValueError, "Address scheme foo not supported"),
        ({"address": "http://127.0.0.1:7103/?token=secret"}, ClusterUnavailable, "no gateway answers at"),
        ({"address": "127.0.0.1:1"}, ClusterUnavailable, "no gateway answers at"),
        ({"bogus": 1}, TypeError, "unexpected keyword argument 'bogus'"),
        ({"n_threads": 0}, ValueError, "n_threads must be a whole number"),
        ({"n_threads": True}, ValueError, "n_threads must be a whole number"),
        ({"name": ""}, ValueError, "name"),
    ],
)
def test_bad_arguments(arguments: dict[str, object], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words) as caught:
        mars_nb.new_session(**arguments)  # type: ignore[arg-type]  # on purpose
    assert "secret" not in str(caught.value)
    assert not mars_nb.sessions


def test_closing_another_session_leaves_the_default_alone() -> None:
    default = mars_nb.new_session()
    with mars_nb.new_session(default=False) as other:
        assert not other.closed
    assert other.closed
    assert mars_nb.get_default_session() is default
    default.close()
    assert mars_nb.get_default_session() is None


def test_a_closed_session_says_so() -> None:
    session = mars_nb.new_session(name="gone")
    t = mt.ones(3).execute()
    session.close()
    session.close()
    assert repr(session) == "<Session 'gone' (closed)>"
    for use in (lambda: t.fetch(session=session), lambda: t.execute(session=session), session.as_default):
        with pytest.raises(SessionClosed, match="Session closed already"):
            use()
    assert issubclass(SessionClosed, RuntimeError)
    # Shown as unexecuted, no error.
    assert repr(t).startswith("Tensor <op=TensorOnes, shape=(3,), dtype=float64, 1 chunk, ")
    again = mars_nb.new_session(name="gone")
    assert t.execute().fetch().tolist() == [1, 1, 1]
    assert again is not session


def test_nothing_to_fetch_from() -> None:
    t = mt.ones(3)
    with pytest.raises(NoSession, match="must be executed first before fetch"):
        t.fetch()
    with pytest.raises(ValueError, match="No session found"):
        mars_nb.fetch(t)
    with pytest.raises(NoSession):
        mars_nb.get_session()
    assert mars_nb.get_default_session() is None


def test_stop_server_closes_the_default_session_only() -> None:
    other = mars_nb.new_session()
    t = mt.ones(2).execute()
    default = mars_nb.new_session()
    mars_nb.stop_server()
    assert default.closed
    assert t.fetch(session=other).tolist() == [1, 1]
    mars_nb.stop_server()  # none: nothing happens


def test_repr_tells_what_there_is() -> None:
    session = mars_nb.new_session(name="main", n_threads=2)
    mt.ones((1000, 16)).execute()
    t = mt.zeros((1000, 16)).execute()
    assert repr(session) == "<Session 'main' (local, 2 threads, default, 1 result, 125.00 kiB)>"
    (result,) = session.results
    assert (result.label, result.shape, result.nbytes, result.chunks) == ("TensorZeros", (1000, 16), 128_000, 1)
    assert t.shape == (1000, 16)
    assert repr(mars_nb.sessions) == repr(session)


def test_session_arguments_are_checked() -> None:
    t = mt.ones(2)
    with pytest.raises(TypeError, match="session= takes a session, got str"):
        t.execute(session="main")
    with pytest.raises(TypeError, match="expected a lazy object"):
        mars_nb.execute(5)
    with pytest.raises(TypeError):
        mars_nb.execute()  # type: ignore[call-arg]  # on purpose
    mars_nb.new_session()
    with pytest.raises(TypeError, match="unexpected keyword argument"):
        t.execute(bogus=1)
    with pytest.raises(TypeError, match="unexpected keyword argument"):
        t.execute().fetch(bogus=1)


def test_opening_and_closing_many_sessions() -> None:
    for _ in range(50):
        with mars_nb.new_session(default=False) as session:
            assert mt.ones(2).sum().execute(session=session).fetch(session=session) == 2
    assert not mars_nb.sessions


def test_no_warning_when_a_session_is_there() -> None:
    mars_nb.new_session()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.asarray(mt.arange(3)).tolist() == [0, 1, 2]
