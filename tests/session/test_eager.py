"""Eager mode and options."""

from __future__ import annotations

import threading

import pytest

import mars_nb
import mars_nb.dataframe as md
import mars_nb.remote as mr
import mars_nb.tensor as mt
from mars_nb import option_context, options


def test_eager_mode_executes_at_once() -> None:
    session = mars_nb.new_session()
    with option_context({"eager_mode": True}):
        df = md.DataFrame({"a": [1, 2, 3]})
        assert repr(df[df.a > 1]) == repr(df.fetch()[lambda d: d.a > 1])
        assert df[df.a > 1].shape == (2, 1)
        assert float(df.a.sum()) == 6
        assert repr(df.groupby("a").a.count()).startswith("a\n1    1")
        df["b"] = df.a * 2
        assert df.fetch().b.tolist() == [2, 4, 6]
        assert mr.spawn(abs, args=(-1,)).fetch() == 1
        with pytest.raises(ZeroDivisionError):
            mr.spawn(lambda: 1 // 0)
    executed = len(session.tasks)
    assert repr(mt.ones(2)).startswith("Tensor <op=TensorOnes")
    assert len(session.tasks) == executed


def test_contexts_restore() -> None:
    with option_context() as changed:
        changed.eager_mode = True
        assert options.eager_mode
        with option_context({"chunk_size": 7}):
            assert (options.eager_mode, options.chunk_size) == (True, 7)
        assert options.chunk_size is None
    assert not options.eager_mode


def test_contexts_are_of_one_thread_and_assignments_of_all() -> None:
    seen = []

    def look() -> None:
        seen.append((options.chunk_size, options.progress_after))

    options.progress_after = 2.0
    try:
        with option_context({"chunk_size": 5}):
            thread = threading.Thread(target=look)
            thread.start()
            thread.join()
    finally:
        options.progress_after = 0.5
    assert seen == [(None, 2.0)]


@pytest.mark.parametrize(
    ("name", "value"), [("eager_mode", "x"), ("chunk_size", 0), ("chunk_size", (3, "a")), ("n_threads", 0)]
)
def test_bad_values_are_refused(name: str, value: object) -> None:
    with pytest.raises(ValueError, match="Cannot set value"):
        setattr(options, name, value)
    with pytest.raises(ValueError, match="Cannot set value"):
        option_context({name: value})


def test_unknown_options_suggest_the_nearest() -> None:
    with pytest.raises(AttributeError, match="did you mean 'eager_mode'"):
        options.eager_mod = True
    with pytest.raises(AttributeError, match="unknown option 'bogus'"):
        option_context({"bogus": 1})
    assert set(options.to_dict()) == set(dir(options)) - {"to_dict"}
    assert "eager_mode = False" in repr(options)
