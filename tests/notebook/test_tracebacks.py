from __future__ import annotations

import re
import subprocess
import sys
import types

import pytest

import mars_nb
import mars_nb.dataframe as md
import mars_nb.tensor as mt
from mars_nb import errors
from mars_nb.notebook import tracebacks


def raised(call):
    with pytest.raises(errors.MarsError) as caught:
        call()
    return caught.value


@pytest.fixture
def isolation_error():
    with mars_nb.new_session(name="holder", default=False) as holder, mars_nb.new_session(name="asked") as asked:
        tensor = mt.ones(3).execute(session=holder)
        yield raised(lambda: tensor.fetch(session=asked))


def test_isolation_error_says_all(isolation_error):
    text = "\n".join(tracebacks.render(isolation_error))
    assert text.startswith("IsolationError (ValueError): Cannot fetch unexecuted tileable: Tensor(op=TensorOnes")
    assert "test_tracebacks.py, line" in text
    assert "yield raised(lambda: tensor.fetch(session=asked))" in text
    assert "tensor = Tensor(op=TensorOnes" in text
    assert "asked    session 'asked'" in text
    assert re.search(r"^held by  session 'holder' since \d\d:\d\d:\d\d$", text, re.MULTILINE)
    assert "tensor.fetch(session=mars_nb.get_session('holder'))" in text
    assert "tensor.execute()  # compute it in session 'asked'" in text


def test_never_more_than_twenty_lines(isolation_error):
    assert len(tracebacks.render(isolation_error)) <= 20

    def deep(n):
        return raised(lambda: deep_call(n))

    def deep_call(n):
        if n:
            return deep_call(n - 1)
        raise errors.SessionClosed("line\n" * 30, hints=["x"] * 30)

    lines = tracebacks.render(deep(50))
    assert len(lines) == 20
    assert lines[-1] == "..."


def test_is_what_ipython_asks_for(shell, isolation_error):
    try:
        raise isolation_error
    except errors.IsolationError:
        drawn, short = isolation_error._render_traceback_(), tracebacks.render(isolation_error)
    assert drawn == short
    full = "\n".join(isolation_error._render_traceback_())  # as at a later %tb
    assert "Traceback (most recent call last)" in full
    assert "session.py" in full


def test_a_broken_renderer_hides_nothing(isolation_error, monkeypatch):
    monkeypatch.setattr(errors, "render", lambda error: 1 / 0)
    assert "Cannot fetch unexecuted tileable" in "\n".join(isolation_error._render_traceback_())


@pytest.mark.parametrize(
    ("kind", "title"),
    [
        (errors.SessionClosed, "SessionClosed (RuntimeError)"),
        (errors.UnknownSession, "UnknownSession (KeyError)"),
        (errors.NoSession, "NoSession (ValueError)"),
        (errors.TaskCancelled, "TaskCancelled"),
        (errors.MarsError, "MarsError"),
        (LookupError, "LookupError"),
    ],
)
def test_titles(kind, title):
    assert tracebacks.render(kind("what happened"))[0] == f"{title}: what happened"


def test_notes_and_causes():
    def fail():
        try:
            raise SystemExit(3)
        except SystemExit as cause:
            error = errors.UserExit("it exited", hints=["do not"])
            error.add_note("while computing x")
            raise error from cause

    lines = tracebacks.render(raised(fail))
    assert lines[:2] == ["UserExit (RuntimeError): it exited", "while computing x"]
    assert "caused by SystemExit: 3" in lines
    assert any("--->" in line and "raise SystemExit(3)" in line for line in lines)
    assert sum("do not" in line for line in lines) == 1 + sum("hints=" in line for line in lines)


def test_handled_errors_are_named_unless_suppressed():
    def fail(suppress):
        try:
            {}["x"]
        except KeyError:
            if suppress:
                raise errors.SessionError("boom") from None
            raise errors.SessionError("boom")  # noqa: B904

    assert "while handling KeyError: 'x'" in tracebacks.render(raised(lambda: fail(False)))
    assert not [line for line in tracebacks.render(raised(lambda: fail(True))) if line.startswith("while")]


def test_colours_follow_the_shell(shell, isolation_error):
    assert "\x1b" not in "".join(tracebacks.render(isolation_error))
    shell.colors = "neutral"
    try:
        assert tracebacks.render(isolation_error)[0].startswith("\x1b[31;1mIsolationError (ValueError)\x1b[0m: Cannot")
    finally:
        shell.colors = "nocolor"


HINTS = ("df.fetch(session=mars_nb.get_session('etl'))", "mars_nb.sessions  # the open ones")


class TestHintsForTheUsersNames:
    def test_alias(self):
        assert tracebacks.adapt(HINTS, {"mars": mars_nb})[0] == "df.fetch(session=mars.get_session('etl'))"

    def test_own_name_first(self):
        assert tracebacks.adapt(HINTS, {"mars": mars_nb, "mars_nb": mars_nb}) == list(HINTS)

    def test_missing_import_is_a_line(self):
        assert tracebacks.adapt(HINTS, {"np": types}) == ["import mars_nb", *HINTS]
        assert tracebacks.adapt(("df.execute()",), {}) == ["df.execute()"]

    def test_variables_of_sessions(self):
        with mars_nb.new_session(name="etl") as session:
            scope = {"s": session, "mars": mars_nb, "_": session}
            assert tracebacks.adapt(HINTS, scope) == ["df.fetch(session=s)", "mars.sessions  # the open ones"]
        assert tracebacks.adapt(HINTS, scope)[0] == "df.fetch(session=mars.get_session('etl'))"


def test_plain_python_shows_notes():
    code = (
        "import mars_nb, mars_nb.tensor as mt; t = mt.ones(2)\n"
        "with mars_nb.new_session(name='a', default=False) as a, mars_nb.new_session(name='b', default=False) as b:\n"
        "    t.execute(session=a); t.fetch(session=b)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "IsolationError: Cannot fetch unexecuted tileable: Tensor" in done.stderr
    assert "  try: t.fetch(session=mars_nb.get_session('a'))" in done.stderr
    assert re.search(r"  executed in session 'a' at \d\d:\d\d:\d\d\n", done.stderr)


class Owner:
    """Holds an object that no variable names."""

    def __init__(self):
        self.table = md.DataFrame({"a": [1]})


class TestWhatToTypeForObjectsWithoutAName:
    @pytest.fixture(autouse=True)
    def session(self):
        with mars_nb.new_session(name="etl") as session:
            yield session

    def test_expressions_as_they_stand(self, session):
        owner = Owner()
        assert raised(lambda: owner.table.fetch()).hints[0] == "owner.table.execute()  # compute it in session 'etl'"
        assert raised(lambda: mt.ones((3, 4)).fetch()).hints[0].startswith("mt.ones((3, 4)).execute()")
        assert raised(lambda: (mt.ones(2) + 1).fetch()).hints[0].startswith("(mt.ones(2) + 1).execute()")
        assert raised(lambda: mars_nb.fetch(owner.table)).hints[0].startswith("owner.table.execute()")
        assert raised(lambda: session.fetch([owner.table][0])).hints[0].startswith("[owner.table][0].execute()")

    def test_what_cannot_be_found_in_the_line(self):
        owner = Owner()
        (hint,) = raised(lambda: mars_nb.fetch(owner.table, owner.table.a)).hints
        assert hint.startswith(
            "x.execute()  # compute it in session 'etl'; x is the object of test_tracebacks.py, line "
        )
        fetch = owner.table.fetch
        assert raised(lambda: fetch()).hints[0].startswith("x.execute()")
        scope = {"owner": owner}
        (hint,) = raised(lambda: exec("owner.table.fetch()", scope)).hints
        assert hint.startswith("x.execute()")

    def test_what_a_cell_showed(self):
        thing = mt.ones(3)
        scope = {"Out": {7: thing}, "fetch": thing.fetch}
        (hint,) = raised(lambda: exec("fetch()", scope)).hints
        assert hint.startswith("Out[7].execute()")


@pytest.mark.parametrize("call", [lambda: mars_nb.new_session(n_threads=0), lambda: mars_nb.new_session("http:/x")])
def test_wrong_arguments_of_new_session_show_the_users_line_alone(call):
    try:
        call()
    except ValueError as error:  # while it is handled, as when IPython shows a cell's error
        text = "\n".join(error._render_traceback_())
    assert "test_tracebacks.py, line" in text
    assert "api.py" not in text
